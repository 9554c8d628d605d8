//! What was built, held against what was approved: the check beside the merge button, the pull request, the command line.

use std::process::Output;

use assentry::demo::github::CheckView;
use assentry::demo::model::{Call, Reply, Script, Seen, Turns};
use assentry::demo::story;
use serde_json::{Value, json};

use crate::world::{REPO, World};

/// The story's plan, executed by what `work` answers turn by turn.
async fn built(work: Vec<Reply>) -> (World, i64) {
    let works = Turns(work);
    let script = move |seen: &Seen| {
        if seen.offers("tick") { works.answer(seen) } else { story::script().answer(seen) }
    };
    let world = World::with_model(script).await;
    let issue = approved(&world).await;
    (world, issue)
}

async fn approved(world: &World) -> i64 {
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    issue
}

/// The check on the head of the pull request with the work; there is exactly one.
fn check(world: &World) -> CheckView {
    let pull = &world.work_pulls()[0];
    let checks = world.github.checks(REPO, &pull.head_sha);
    let mut ours: Vec<CheckView> = checks.into_iter().filter(|check| check.name == "assentry/conformance").collect();
    assert_eq!(ours.len(), 1, "{ours:#?}");
    ours.remove(0)
}

async fn assentry(world: &World, arguments: &[&str]) -> Output {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(arguments).arg("--config").arg(world.data.path().join("assentry.toml"));
    program.output().await.unwrap()
}

async fn told(world: &World, arguments: &[&str]) -> String {
    let output = assentry(world, arguments).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn call(name: &str, arguments: Value) -> Call {
    Call::new(name, &arguments)
}

fn mend() -> Call {
    let mended = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'";
    call("edit", json!({"path": "bin/slug", "old": r"sed -e 's/[^a-z0-9]\{1,\}/-/g'", "new": mended}))
}

fn tick() -> Call {
    call("tick", json!({"step": "s1"}))
}

fn finish() -> Call {
    call("finish", json!({"summary": "Trimmed."}))
}

#[tokio::test(flavor = "multi_thread")]
async fn work_as_planned_is_a_green_check_a_table_and_json() {
    let world = World::start().await;
    let issue = approved(&world).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));

    let check = check(&world);
    assert_eq!(
        (check.conclusion.as_deref(), check.title.as_str()),
        (Some("success"), "As planned: 1 step, 1 file, 1 check")
    );
    assert!(check.summary.contains("| `sh tests/run.sh` | failed | ✅ passed |"), "{}", check.summary);
    let body = &world.work_pulls()[0].body;
    assert!(body.contains("### Conformance\n\n**As planned.**"), "{body}");
    assert!(body.contains("| `s1` · Trim dashes at both ends | ✅ done |  |"), "{body}");

    let shown = told(&world, &["run", "show", "1"]).await;
    for line in [
        "in_review in #3",
        "bob approved: counted for v1",
        "Conformance of v1: as planned",
        "  s1 Trim dashes at both ends: done\n",
    ] {
        assert!(shown.contains(line), "{line:?}: {shown}");
    }
    let json: Value = serde_json::from_str(&told(&world, &["run", "show", "1", "--json"]).await).unwrap();
    assert_eq!(json["execution"]["conformance"]["verdict"], "as_planned");
    assert_eq!(json["versions"][0]["digest"], json!(world.state(issue).await.shown().unwrap().subject.digest));
    assert_eq!(json["links"]["pull"], json!(world.work_pulls()[0].url));
    assert_eq!(json["acts"][0]["verdict"], json!({"counted": {"version": 1}}));
    assert_eq!(json["execution"]["checks"][0]["exit_code"], 0);
    assert!(json["costs"].as_array().is_some_and(|costs| costs.len() == 2), "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_newest_first_and_filtered() {
    let world = World::start().await;
    approved(&world).await;
    world.planned().await;

    let all = told(&world, &["runs"]).await;
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].starts_with("RUN  ISSUE"), "{all}");
    assert!(lines[1].starts_with("2    acme/slug#4  awaiting_approval  v1"), "{all}");
    assert!(lines[2].starts_with("1    acme/slug#1  in_review in #3"), "{all}");

    let numbers = async |arguments: &[&str]| -> Vec<i64> {
        let found: Vec<Value> = serde_json::from_str(&told(&world, arguments).await).unwrap();
        found.iter().map(|run| run["run"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers(&["runs", "--json"]).await, [2, 1]);
    assert_eq!(numbers(&["runs", "--json", "--state", "awaiting_approval"]).await, [2]);
    assert_eq!(numbers(&["runs", "--json", "--state", "in_review", "--repo", "ACME/slug"]).await, [1]);
    assert_eq!(numbers(&["runs", "--json", "--repo", "acme/other"]).await, Vec::<i64>::new());
    assert_eq!(numbers(&["runs", "--json", "--limit", "1"]).await, [2]);
    let none = assentry(&world, &["run", "show", "9"]).await;
    assert!(
        String::from_utf8_lossy(&none.stderr).contains("there is no run 9; `assentry runs` lists them"),
        "{none:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t66_what_an_agent_tried_and_was_not_let_is_told() {
    let tried = Reply::calls(
        "",
        vec![
            call("create", json!({"path": ".github/workflows/x.yml", "text": "on: push"})),
            call("edit", json!({"path": "tests/run.sh", "old": "x", "new": "y"})),
            call("run", json!({"command": "echo x > notes.txt"})),
            call("tick", json!({"step": "s9"})),
            call("push", json!({"to": "main"})),
            finish(),
        ],
    );
    let (world, issue) = built(vec![tried, Reply::calls("", vec![mend(), tick(), finish()])]).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));

    let check = check(&world);
    assert_eq!(check.conclusion.as_deref(), Some("success"), "nothing of it came through");
    for line in [
        "- `create` `.github/workflows/x.yml`: .github/workflows/x.yml is a CI or git file",
        "- `edit` `tests/run.sh`: tests/run.sh is outside the plan's scope",
        "- `tick` `s9`: that is not the next step; s1 is next",
        "- `push`: there is no tool",
        "- `finish`: s1 is not ticked",
        "- `run` `notes.txt`: notes.txt is outside the plan's scope",
    ] {
        assert!(check.summary.contains(line), "{line}\n{}", check.summary);
        assert!(world.work_pulls()[0].body.contains(line), "{line}\n{}", world.work_pulls()[0].body);
    }
    let json: Value = serde_json::from_str(&told(&world, &["run", "show", "1", "--json"]).await).unwrap();
    assert_eq!(json["execution"]["conformance"]["refusals"]["all"], 6, "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_neutral_and_told_with_its_reason() {
    let why = json!({"step": "s1", "kind": "minor", "what": "One `sed` call | more", "why": "closes #7, says @eve"});
    let (world, _) = built(vec![Reply::calls("", vec![mend(), call("deviate", why), tick(), finish()])]).await;
    let check = check(&world);
    assert_eq!(check.conclusion.as_deref(), Some("neutral"), "{}", check.summary);
    assert!(check.summary.contains("| 🔶 done differently | with a reason |"), "{}", check.summary);
    let body = &world.work_pulls()[0].body;
    assert!(body.contains("**Differs from the plan.**") && body.contains("In `s1`, in a detail:"), "{body}");
    assert!(!body.contains("closes #7") && !body.contains(" @eve"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_file_that_was_left_alone_without_a_word_is_red() {
    let plan = json!({
        "title": "Trim dashes", "goal": "No dash at an end.", "findings": [], "approach": "By sed.", "alternatives": [],
        "steps": [{
            "id": "s1", "title": "Trim and tell", "what": "Both.", "verify": "Look.",
            "files": [{"path": "bin/slug", "change": "change"}, {"path": "README.md", "change": "change"}],
        }],
        "checks": [{"command": story::CHECK}],
        "scope": {"paths": ["bin/slug", "README.md"], "max_files": 2, "max_bytes": 2000},
        "out_of_scope": [], "risks": [], "estimate": {"tokens": 1000, "minutes": 1},
    });
    let works = Turns(vec![Reply::calls("", vec![mend(), tick(), finish()])]);
    let script = move |seen: &Seen| {
        if seen.offers("tick") { works.answer(seen) } else { Reply::call("submit_plan", &json!({ "plan": plan })) }
    };
    let world = World::with_model(script).await;
    let issue = approved(&world).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));

    let check = check(&world);
    assert_eq!(check.conclusion.as_deref(), Some("failure"), "{}", check.summary);
    assert!(check.summary.contains("| 🔶 done differently | unchanged: `README.md` |"), "{}", check.summary);
    assert!(check.summary.contains("| `README.md` | change | – (untouched) |"), "{}", check.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_check_whose_answer_was_lost_is_made_once() {
    use assentry::demo::github::{Fault, Wrong};

    let world = World::start().await;
    let lost = Wrong::RefusedAfter(502);
    world.github.goes_wrong(Fault { method: "POST", path: "/check-runs".to_owned(), times: 1, wrong: lost });
    let issue = approved(&world).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    assert_eq!(check(&world).conclusion.as_deref(), Some("success"));
}
