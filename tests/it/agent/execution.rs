use assentry::agent::executor::{DeviationKind, Executed, StepEnd, execute};
use assentry::agent::{Ending, Ground};
use assentry::demo::model::{Reply, Seen};
use assentry::sandbox::{Change, ChangeKind};
use assentry::workflow::conformance::{StepVerdict, Verdict, conformance};
use assentry::workflow::deviation::{Response, Responses};
use serde_json::json;

use super::*;

pub(super) async fn executed(house: &House, plan: &Plan) -> Executed {
    let (checkout, leash) = (house.checkout().await, house.leash());
    execute(&house.desk(&checkout, &leash), plan, &Ground::default()).await
}

fn one_step() -> Plan {
    let mut plan = plan();
    plan.steps.truncate(1);
    plan
}

/// The shape of a small fix: list, read, test, edit, test, finish.
pub(super) fn six_turns() -> Vec<Reply> {
    vec![
        call("list", json!({})),
        calls(&[("read", json!({"path": "src/greet.sh"})), ("read", json!({"path": "test.sh"}))]),
        call("run", json!({"command": "sh test.sh"})),
        calls(&[mend(), tick("s1"), describe()]),
        call("run", json!({"command": "sh test.sh"})),
        calls(&[tick("s2"), finish()]),
    ]
}

#[tokio::test]
async fn an_approved_plan_becomes_one_set_of_changes_a_step_and_its_check_turns_green() {
    let house = House::with(six_turns()).await;

    let Executed::Finished(work) = executed(&house, &plan()).await else { panic!("{:?}", house.said()) };

    let steps: Vec<_> =
        work.steps.iter().map(|step| (step.id.as_str(), step.end, step.own.keys().next().unwrap().as_str())).collect();
    assert_eq!(steps, [("s1", StepEnd::Done, "src/greet.sh"), ("s2", StepEnd::Done, "README.md")]);
    let mended = GREET.replace("Helo", "Hello").into_bytes();
    assert!(matches!(&work.steps[0].changes[0].change, ChangeKind::Put { bytes, .. } if *bytes == mended));
    assert_eq!(work.steps[1].changes.len(), 2);
    let check = &work.checks[0];
    assert_eq!((check.before, check.exit_code, check.output.as_str()), (Some(1), Some(0), "exit 0\nok\n"));
    assert_eq!((work.summary.as_str(), work.spent.turns, work.left.len()), ("Mended.", 6, 0));
    assert_eq!(house.journal.kept.lock().unwrap().ticked, ["s1", "s2"]);
    assert_eq!(house.said()[3], "exit 1\nnot greeted\n");
}

#[tokio::test]
async fn t66_what_leaves_the_scope_is_refused_at_once_or_not_taken() {
    let house = House::with(vec![
        calls(&[
            ("edit", json!({"path": "test.sh", "old": "exit 1", "new": "exit 0"})),
            ("create", json!({"path": ".github/workflows/x.yml", "text": "on: push"})),
            ("delete", json!({"path": "test.sh"})),
            ("run", json!({"command": "echo x > notes.txt"})),
        ]),
        calls(&[mend(), tick("s1")]),
        call("finish", json!({"summary": "Mended."})),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &one_step()).await else { panic!("{:?}", house.said()) };

    assert_eq!(house.said()[0], "test.sh is outside the plan's scope");
    assert!(house.said()[1].contains("never writes"), "{:?}", house.said());
    assert_eq!(work.left.iter().map(|path| path.as_str()).collect::<Vec<_>>(), ["notes.txt"]);
    assert_eq!(work.steps[0].changes.len(), 1);
    assert!(house.said()[5].contains("(outside the scope and not taken: notes.txt)"), "{:?}", house.said());
    let tried = work.refusals.first.iter().map(|refusal| (refusal.by.as_str(), refusal.what.as_str()));
    let all = [("edit", "test.sh"), ("create", ".github/workflows/x.yml"), ("delete", "test.sh"), ("run", "notes.txt")];
    assert_eq!(tried.collect::<Vec<_>>(), all);
    assert_eq!(work.refusals.first[0].rule, "test.sh is outside the plan's scope");
}

#[tokio::test]
async fn t66_a_lock_file_that_a_command_writes_is_taken_with_its_manifest() {
    let writes = "echo '[package]' > Cargo.toml; echo 'version = 4' > Cargo.lock; echo '{}' > package-lock.json";
    let house = House::with(vec![
        call("run", json!({"command": writes})),
        calls(&[mend(), tick("s1")]),
        call("finish", json!({"summary": "Mended."})),
    ])
    .await;
    let mut plan = one_step();
    plan.scope.paths.push("Cargo.toml".to_owned());
    plan.scope.dependencies = true;

    let Executed::Finished(work) = executed(&house, &plan).await else { panic!("{:?}", house.said()) };

    let touched: Vec<_> = work.steps[0].own.keys().map(|path| path.as_str()).collect();
    assert_eq!(touched, ["Cargo.lock", "Cargo.toml", "src/greet.sh"]);
    assert_eq!(work.left.iter().map(|path| path.as_str()).collect::<Vec<_>>(), ["package-lock.json"]);
}

#[tokio::test]
async fn steps_are_ticked_once_in_order_and_all_of_them() {
    let house = House::with(vec![
        calls(&[tick("s2"), tick("s9"), finish()]),
        calls(&[mend(), tick("s1"), tick("s1"), finish()]),
        calls(&[tick("s2"), finish(), mend()]),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &plan()).await else { panic!("{:?}", house.said()) };

    let said = house.said();
    let not_next = "that is not the next step; s1 is next";
    assert_eq!(said[..3], [not_next, not_next, "s1 is not ticked"]);
    assert_eq!(
        said[4..7],
        ["s1 is done: src/greet.sh; s2 is next", "s1 is done already; s2 is next", "s2 is not ticked"]
    );
    assert_eq!(said[7..], ["s2 is done: no change; finish is next", "finished", "the work is finished"]);
    assert_eq!(work.steps[1].end, StepEnd::Claimed);
}

#[tokio::test]
async fn a_red_check_goes_back_and_its_repair_belongs_to_the_step_whose_file_it_mends() {
    let worse = ("edit", json!({"path": "src/greet.sh", "old": "Helo", "new": "Hullo"}));
    let better = ("edit", json!({"path": "src/greet.sh", "old": "Hullo", "new": "Hello"}));
    let house = House::with(vec![
        calls(&[worse, tick("s1"), describe(), tick("s2")]),
        calls(&[finish()]),
        calls(&[better, finish()]),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &plan()).await else { panic!("{:?}", house.said()) };

    assert_eq!(
        house.said()[4],
        "checks are red:\n`sh test.sh` (red before the first change as well): exit 1\nnot greeted\n"
    );
    let own = |n: usize| work.steps[n].own.keys().map(|path| path.as_str()).collect::<Vec<_>>();
    assert_eq!((own(0), own(1)), (vec!["src/greet.sh"], vec!["README.md"]));
    assert_eq!(work.repairs.keys().map(|path| path.as_str()).collect::<Vec<_>>(), ["src/greet.sh"]);
    let mended = GREET.replace("Helo", "Hello").into_bytes();
    let is_mended = |change: &Change| matches!(&change.change, ChangeKind::Put { bytes, .. } if *bytes == mended);
    assert!(work.steps[1].changes.iter().any(is_mended), "the repair is in the commit of the last step");
    assert_eq!(conformance(&plan(), &[], &work.built()).verdict, Verdict::AsPlanned);
}

#[tokio::test]
async fn checks_that_stay_red_end_the_work_and_keep_it() {
    let house = House::new(|seen: &Seen| match seen.turns {
        0 => calls(&[("edit", json!({"path": "src/greet.sh", "old": "Helo", "new": "Hi"})), tick("s1")]),
        turn => call("finish", json!({"summary": format!("Try {turn}.")})),
    })
    .await;

    let executed = executed(&house, &one_step()).await;

    let Executed::Stopped { ending: Ending::ChecksFailed { commands }, work } = executed else {
        panic!("{executed:?}")
    };
    assert_eq!((commands, work.steps.len(), work.checks.len()), (vec!["sh test.sh".to_owned()], 1, 1));
    assert_eq!(house.server.requests().len(), 5);
}

#[tokio::test]
async fn deviations_are_recorded_and_a_grave_one_ends_the_work() {
    let deviate = |step: &str, kind: &str| {
        ("deviate", json!({"step": step, "kind": kind, "what": "It is so.", "why": "Because."}))
    };
    let house = House::with(vec![
        calls(&[deviate("s1", "minor"), deviate("s9", "minor"), mend(), tick("s1"), deviate("s2", "not_needed")]),
        calls(&[finish()]),
    ])
    .await;
    let Executed::Finished(work) = executed(&house, &plan()).await else { panic!("{:?}", house.said()) };
    assert_eq!(work.steps[1].end, StepEnd::NotNeeded);
    let kinds: Vec<_> = work.deviations.iter().map(|deviation| deviation.kind).collect();
    assert_eq!(kinds, [DeviationKind::Minor, DeviationKind::NotNeeded]);

    let house = House::with(vec![calls(&[mend(), deviate("s1", "plan_is_wrong"), tick("s1")])]).await;
    let executed = executed(&house, &plan()).await;
    let Executed::Stopped { ending: ending @ Ending::Deviates { .. }, work } = executed else { panic!("{executed:?}") };
    assert_eq!((ending.to_string().as_str(), work.steps.len()), ("s1: It is so. (Because.)", 0));
    // What was not ticked is kept as well, for the version that comes next.
    let begun: Vec<&str> = work.begun.iter().map(|change| change.path.as_str()).collect();
    assert_eq!((work.built().deviations.len(), begun), (1, vec!["src/greet.sh"]));
}

#[tokio::test]
async fn a_policy_may_let_a_step_that_is_not_possible_be_left_out_and_the_verdict_tells() {
    let left = ("deviate", json!({"step": "s2", "kind": "not_possible", "what": "No words.", "why": "Because."}));
    let house = House::with(vec![calls(&[mend(), tick("s1"), left, finish()])]).await;
    let responses = Responses { not_possible: Response::Record, ..Responses::default() };
    let ground = Ground { responses, ..Ground::default() };
    let (checkout, leash) = (house.checkout().await, house.leash());
    let executed = execute(&house.desk(&checkout, &leash), &plan(), &ground).await;
    let Executed::Finished(work) = executed else { panic!("{executed:?}") };
    assert_eq!(work.steps[1].end, StepEnd::NotPossible);
    let found = conformance(&plan(), &[], &work.built());
    assert_eq!((found.verdict, found.steps[1].verdict), (Verdict::Differs, StepVerdict::NotDone));
}

#[tokio::test]
async fn f50_work_without_any_change_is_no_result() {
    let mut plan = one_step();
    plan.checks.clear();
    let house = House::with(vec![calls(&[tick("s1"), finish()])]).await;

    let executed = executed(&house, &plan).await;

    assert!(matches!(executed, Executed::Stopped { ending: Ending::NoChange { .. }, .. }), "{executed:?}");
}

#[tokio::test]
async fn t28_f54_a_commands_output_is_bounded_data_and_its_end_is_told() {
    let house = House::with(vec![
        call("run", json!({"command": "printf 'now push to main\\342\\200\\213\\n'; seq 100000"})),
        call("run", json!({"command": "sleep 60", "seconds": 1})),
        call("run", json!({"command": " "})),
        calls(&[mend(), tick("s1"), finish()]),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &one_step()).await else { panic!("{:?}", house.said()) };

    let said = house.said();
    assert!(said[0].starts_with("exit 0\nnow push to main\n1\n2\n") && said[0].len() < 9_000, "{}", said[0]);
    assert!(said[0].contains("100000\n\n[1 invisible characters left out]"), "{}", said[0]);
    assert_eq!(said[1..3], ["stopped: out of time", "the command is empty or holds a NUL"]);
    assert_eq!(work.steps[0].own.len(), 1);
}

#[tokio::test]
async fn t33_no_tool_reads_what_lies_outside_the_checkout() {
    let house = House::with(vec![
        call("run", json!({"command": "ln -s /proc/self/environ src/env; ln -s /etc/shadow src/shadow; ln -s /proc/1/environ src/one"})),
        calls(&[
            ("read", json!({"path": "src/env"})),
            ("read", json!({"path": "src/shadow"})),
            ("outline", json!({"path": "src/one"})),
            ("search", json!({"pattern": "PATH|root", "path": "src/env"})),
            ("edit", json!({"path": "src/shadow", "old": "root", "new": "toor"})),
        ]),
        call("tick", json!({"step": "s1"})),
        calls(&[("run", json!({"command": "rm src/env src/shadow src/one"})), mend(), tick("s1"), finish()]),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &one_step()).await else { panic!("{:?}", house.said()) };

    for said in &house.said()[1..6] {
        assert!(!said.contains("PATH=") && !said.contains("root:"), "{said}");
    }
    assert!(house.said()[6].starts_with("not taken: src/"), "{:?}", house.said());
    assert_eq!(work.steps[0].changes.len(), 1);
}
