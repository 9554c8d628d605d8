//! What goes well: the same gate, scope, budget, report and record as for the house's own agent.

use std::time::Duration;

use assentry::demo::model::ScriptedModel;
use assentry::ids::RunId;
use assentry::workflow::run::State;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_executes_the_approved_plan_and_what_it_did_is_judged_as_anybodys() {
    let (world, issue) = executed_by("good", "").await;

    in_review(&world, issue, &["bin/slug"]).await;
    let body = &world.work_pulls()[0].body;
    assert!(body.contains("### Conformance\n\n**As planned.**"), "{body}");
    let plan = world.said(issue).concat();
    assert!(plan.contains("| Executed by | `anthropic/claude-sonnet-5-5 with scripted` |"), "{plan}");
    // Its call is a turn like any other: stored, priced, and bound into the record of the run.
    let turns = world.core.store.transcript(RunId(1), "execute-1").await.unwrap();
    assert_eq!(turns.len(), 1);
    assert!(turns[0].cost_micro_dollars.is_some_and(|cost| cost > 0), "{turns:?}");
    let costs = world.core.store.costs(RunId(1)).await.unwrap();
    assert!(costs.iter().any(|cost| cost.phase == "execute" && cost.calls == 1 && cost.failed == 0), "{costs:?}");
    let verified = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"))
        .args(["audit", "verify", "--config"])
        .arg(world.data.path().join("assentry.toml"))
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_plans_in_a_checkout_that_cannot_be_changed_and_its_plan_is_judged() {
    let (world, issue) = planned_by("plans", "").await;

    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    let requests = world.model.requests();
    assert_eq!(requests.len(), 1, "the house's own planner was asked");
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    in_review(&world, issue, &["bin/slug"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_answers_what_people_say_to_its_plan() {
    let (world, issue) = planned_by("plans", "").await;
    world.person("bob").comments(issue, "/revise Say that links in old letters break.").unwrap();
    world.settle().await;
    let State::AwaitingApproval(waiting) = world.state(issue).await else { panic!("{:#?}", world.said(issue)) };
    assert_eq!(waiting.shown.subject.version, 2);
    assert!(world.said(issue).iter().any(|said| said.contains("Links in old letters break.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_follows_up_on_what_people_say_of_its_work() {
    let (world, issue) = executed_by("good", "").await;
    world.github.advances(Duration::from_secs(60));
    let pull = world.work_pulls()[0].number;
    world.person("cara").comments(pull, "/fix say what it is for").unwrap();
    world.settle().await;
    in_review(&world, issue, &["bin/slug"]).await;
    assert_eq!(world.github.pull_commits(REPO, pull).len(), 2, "{:#?}", world.said(pull));
    assert!(world.said(pull).iter().any(|said| said.contains("It trims one at each end.")), "{:#?}", world.said(pull));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_chooses_an_agent_by_the_name_of_an_allowed_model() {
    let agent = agent("allowed.theirs", "good", "").replace("agent = ", "model = 'claude-test-big'\nagent = ");
    let policy = "[[profile]]\nlabel = 'assentry'\nmodel = { execute = 'theirs' }\n";
    let world = World::with(Arc::new(model()), story::repository(), &agent).await;
    world.file_on_main(".github/assentry.toml", policy);
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    in_review(&world, issue, &["bin/slug"]).await;
    let plan = world.said(issue).concat();
    assert!(plan.contains("| Executed by | `anthropic/claude-test-big with scripted` |"), "{plan}");
    assert!(world.model.requests().last().unwrap().body.contains("\"claude-test-big\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_works_without_github_too() {
    let model = ScriptedModel::start(([127, 0, 0, 1], 0).into(), Arc::new(model())).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let base = format!("[model]\nbase_url = '{}'\napi_key_file = 'key'\n", model.url());
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    write("key", "any");
    write("ISSUE.md", &format!("# {}\n\n{}\n", story::TITLE, story::BODY));
    std::fs::create_dir_all(home.path().join("repo/bin")).unwrap();
    std::fs::create_dir_all(home.path().join("repo/tests")).unwrap();
    for (path, bytes, _) in story::repository().files {
        std::fs::write(home.path().join("repo").join(path), bytes).unwrap();
    }
    let run = async |program: &str, args: &[&str], at: &str| {
        let done = tokio::process::Command::new(program).args(args).current_dir(home.path().join(at)).output();
        let done = done.await.unwrap();
        assert!(done.status.success(), "{args:?}: {done:?}");
    };
    let executable = ["update-index", "--chmod=+x", "bin/slug", "tests/run.sh"];
    let commit = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "-qm", "As it was"];
    for args in [&["init", "-q", "-b", "main"][..], &["add", "."], &executable, &commit] {
        run("git", args, "repo").await;
    }
    let assentry = env!("CARGO_BIN_EXE_assentry");
    write("assentry.toml", &format!("{base}{}", agent("plan", "plans", "")));
    run(assentry, &["plan", "--repo", "repo", "--issue", "ISSUE.md", "--out", "PLAN.md"], "").await;
    write("assentry.toml", &format!("{base}{}", agent("execute", "good", "")));
    run(assentry, &["execute", "--repo", "repo", "--plan", "PLAN.md"], "").await;
    run("git", &["diff", "--quiet", "main", "assentry/work", "--", "README.md"], "repo").await;
    assert_eq!(model.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_may_ask_people_before_it_plans() {
    let (world, issue) = planned_by("asks-people", "").await;
    assert_eq!(world.phase(issue).await, "awaiting_answer", "{:#?}", world.said(issue));
    assert!(world.said(issue).iter().any(|said| said.contains("Should old links redirect?")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ends_its_turn_early_is_told_what_is_missing() {
    let (world, issue) = executed_by("reminded", "").await;
    in_review(&world, issue, &["bin/slug"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_ticks_is_judged_by_what_differs() {
    let (world, issue) = executed_by("never-ticks", "").await;
    in_review(&world, issue, &["bin/slug"]).await;
    assert!(world.work_pulls()[0].body.contains("`sh tests/run.sh` ✅ passed, failed before"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_changes_outside_the_scope_is_not_taken() {
    let (world, issue) = executed_by("out-of-scope", "").await;
    in_review(&world, issue, &["bin/slug"]).await;
    assert!(world.work_pulls()[0].body.contains("README.md"), "the report is silent about what was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_greets_asks_and_signs_in_works_all_the_same() {
    for (story, more) in
        [("noise-and-good", ""), ("permission", ""), ("signs-in", "sign_in = 'key'"), ("options", "mode = 'bypass'")]
    {
        let (world, issue) = Box::pin(executed_by(story, more)).await;
        assert_eq!(world.phase(issue).await, "in_review", "{story}: {:#?}", world.said(issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_the_operators_from_the_first_prompt_on_and_whenever_it_is_left() {
    let (world, issue) = executed_by("modes", "mode = 'bypass'").await;
    in_review(&world, issue, &["bin/slug"]).await;
    assert_eq!(report(&world)["mode"], "bypass");
    let asked = |text: &str| world.model.requests().iter().any(|request| request.body.contains(text));
    assert!(!asked("classifier"), "the agent has asked its own classifier");
}
