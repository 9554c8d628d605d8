//! What people type, in each phase, and what they are answered.

use std::time::Duration;

use assentry::demo::github::Role;
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};

use super::Waiting;
use crate::world::{REPO, World};

/// The story's issue, labelled by ann; the run is in this phase.
async fn in_phase(phase: &str) -> (World, i64) {
    let world = World::start().await;
    let issue = world.person("stranger").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    if phase == "starting" || phase == "executing" {
        world.settle().await;
        world.github.advances(Duration::from_secs(60));
        world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    }
    world.until(issue, phase).await;
    (world, issue)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_by_who_may_ends_the_run_in_every_phase_and_closes_its_plan_pull_request() {
    let cases = [
        ("planning", "ann"),
        ("publishing", "tim"),
        ("awaiting_approval", "stranger"),
        ("starting", "bob"),
        ("executing", "tim"),
    ];
    for (phase, login) in cases {
        let (world, issue) = in_phase(phase).await;
        world.person(login).comments(issue, "/cancel").unwrap();
        world.settle().await;
        assert_eq!(world.phase(issue).await, "ended", "{phase}");
        let cancelled = format!("`{login}` cancelled the run");
        assert!(world.said(issue)[0].contains(&cancelled), "{phase}: {:#?}", world.said(issue));
        assert!(world.github.pulls(REPO).iter().all(|pull| !pull.open), "{phase}");
        assert_eq!(world.work_pulls(), [], "{phase}");
    }
}

/// The story's run, whose work bob has stopped.
async fn stopped() -> (World, i64) {
    let (world, issue) = in_phase("executing").await;
    world.person("bob").comments(issue, "/stop").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "resting");
    (world, issue)
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_work_ends_with_cancel_and_builds_nothing() {
    let (world, issue) = stopped().await;
    world.person("tim").comments(issue, "/cancel").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("ended", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn t13_stopped_work_goes_on_only_if_the_version_is_still_approved() {
    let (world, issue) = stopped().await;
    world.github.grants("bob", REPO, Role::Read).unwrap();
    world.person("ann").comments(issue, "/resume").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("awaiting_approval", 0));

    world.person("cara").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("in_review", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn t18_a_plan_branch_moved_while_the_work_rests_ends_the_run() {
    let (world, issue) = stopped().await;
    let branch = world.github.pull(REPO, world.plan_pull(issue).await).unwrap().head;
    world.person("cara").pushes(&branch, "sneaky.md", "more").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("ended", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_by_who_may_not_or_of_no_work_stops_nothing_and_says_why() {
    let (world, issue) = in_phase("executing").await;
    world.person("eve").comments(issue, "/stop").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("in_review", 1));
    assert!(world.said(issue).iter().any(|text| text.starts_with("@eve") && text.contains("can stop it")));

    let waiting = Waiting::begin().await;
    for command in ["/stop", "/resume"] {
        waiting.world.person("ann").comments(waiting.issue, command).unwrap();
        waiting.still_waits().await;
    }
    assert_eq!(waiting.said_to("ann").len(), 2, "{:#?}", waiting.said_to("ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_by_someone_else_is_refused_with_the_reason() {
    let waiting = Waiting::begin().await;
    waiting.world.person("eve").comments(waiting.issue, "/cancel").unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("eve")[0].contains("triage access"), "{:#?}", waiting.said_to("eve"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_label_off_the_issue_closed_or_the_plan_pull_request_closed_ends_the_run() {
    type Deed = fn(&Waiting);
    let deeds: [(Deed, &str); 3] = [
        (|w| w.world.person("ann").unlabels(w.issue, "assentry").unwrap(), "removed the label"),
        (|w| w.world.person("ann").closes(w.issue).unwrap(), "closed the issue"),
        (|w| w.world.person("ann").closes(w.pull).unwrap(), "closed the plan pull request"),
    ];
    for (deed, told) in deeds {
        let waiting = Waiting::begin().await;
        deed(&waiting);
        waiting.world.settle().await;
        assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
        assert!(waiting.status().contains(told), "{}", waiting.status());
        assert!(!waiting.world.github.pull(REPO, waiting.pull).unwrap().open);

        // D49: an approval after that is answered, and starts nothing.
        let text = format!("/approve {}", waiting.digest().await);
        waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
        waiting.world.settle().await;
        assert_eq!(waiting.said_to("bob").len(), 1);
        waiting.built_nothing();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d49_an_approval_after_a_cancel_starts_nothing_and_the_answer_says_what_does() {
    let waiting = Waiting::begin().await;
    let digest = waiting.digest().await;
    waiting.world.person("ann").comments(waiting.issue, "/cancel").unwrap();
    waiting.world.settle().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.person("cara").comments(waiting.issue, &format!("/approve {digest}")).unwrap();
    waiting.world.settle().await;
    for login in ["bob", "cara"] {
        let told = waiting.said_to(login);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains("the run is over. `/plan` on the issue begins another"), "{}", told[0]);
        assert!(!told[0].contains("/retry"), "{}", told[0]);
    }

    // What was cancelled has not failed, and so is not tried again.
    waiting.world.person("cara").comments(waiting.issue, &format!("/retry {digest}")).unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    assert_eq!(waiting.world.core.store.runs(None, 10).await.unwrap().len(), 1);
    waiting.built_nothing();
    waiting.world.person("ann").comments(waiting.issue, "/plan").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "awaiting_approval");
    assert_eq!(waiting.world.core.store.runs(None, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_help_and_a_slip_are_answered() {
    let waiting = Waiting::begin().await;
    let asks = [
        ("/status", "waiting for approval"),
        ("/help", "| Command |"),
        ("/aprove", "Did you mean `/approve`"),
        ("/revise", "What should change?"),
    ];
    for (command, answer) in asks {
        let before = waiting.world.said(waiting.pull).len();
        waiting.world.person("bob").comments(waiting.pull, command).unwrap();
        waiting.still_waits().await;
        let said = waiting.world.said(waiting.pull);
        assert_eq!(said.len(), before + 1, "{command}: {said:#?}");
        assert!(said.last().unwrap().contains(answer), "{command}: {said:#?}");
    }
    waiting.world.person("bob").comments(waiting.pull, "/lgtm").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.world.said(waiting.pull).len(), asks.len(), "a command of some other bot");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_an_issue_without_a_run_are_answered_and_begin_nothing() {
    let world = World::start().await;
    let issue = world.person("bob").opens_issue("Slugs", "They end in a dash.").unwrap();
    for command in ["/approve", "/cancel", "/status", "/retry"] {
        world.person("bob").comments(issue, command).unwrap();
        world.settle().await;
    }
    assert_eq!(world.phase(issue).await, "none");
    assert_eq!(world.said(issue).len(), 1, "once an hour: {:#?}", world.said(issue));
}

/// Fails its first execution, and does the story's work in the next.
struct Unlucky(std::sync::atomic::AtomicBool);

impl Script for Unlucky {
    fn answer(&self, request: &Seen) -> Reply {
        let first = request.offers("tick") && self.0.load(std::sync::atomic::Ordering::SeqCst);
        let error = serde_json::json!({"type": "error", "error": {"type": "invalid_request_error", "message": "No."}});
        if first { Reply::status(400, &error) } else { Storyteller.answer(request) }
    }
}

/// A version whose execution failed, and that would not fail again.
async fn failed() -> Waiting {
    let script = std::sync::Arc::new(Unlucky(true.into()));
    let world = World::with(script.clone(), story::repository(), "").await;
    let waiting = Waiting::of(world).await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    script.0.store(false, std::sync::atomic::Ordering::SeqCst);
    waiting.world.github.advances(Duration::from_secs(60));
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn d47_k_a_failed_version_runs_again_by_a_retry_that_is_judged_like_an_approval() {
    let waiting = failed().await;
    let digest = waiting.digest().await;
    assert!(waiting.status().contains(&format!("/retry {digest}")), "{}", waiting.status());
    waiting.world.person("eve").comments(waiting.issue, &format!("/retry {digest}")).unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    assert!(waiting.said_to("eve")[0].contains("`/retry` needs write access"), "{:#?}", waiting.said_to("eve"));

    waiting.world.person("bob").comments(waiting.issue, &format!("/retry {digest}")).unwrap();
    waiting.is_built().await;
    assert_eq!(waiting.digest().await, digest, "the same version");
}

#[tokio::test(flavor = "multi_thread")]
async fn d47_a_retry_without_the_digest_or_by_whoever_asked_waits_for_an_approval_and_says_why() {
    for (login, names, why) in [("bob", false, "has to name the digest"), ("ann", true, "another person")] {
        let waiting = failed().await;
        let digest = waiting.digest().await;
        let text = if names { format!("/retry {digest}") } else { "/retry".to_owned() };
        waiting.world.person(login).comments(waiting.issue, &text).unwrap();
        waiting.still_waits().await;
        assert!(waiting.said_to(login).concat().contains(why), "{:#?}", waiting.everything_said());
        assert_eq!(waiting.digest().await, digest, "the same version");

        waiting.world.github.advances(Duration::from_secs(5));
        waiting.world.person("cara").comments(waiting.issue, &format!("/approve {digest}")).unwrap();
        waiting.is_built().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d47_a_retry_is_not_ended_by_a_plan_that_was_closed_before_it() {
    let waiting = failed().await;
    let digest = waiting.digest().await;
    // The run's end has closed it, or bob does.
    let _ = waiting.world.person("bob").closes(waiting.pull);
    waiting.world.passes(Duration::from_secs(60)).await;

    waiting.world.person("bob").comments(waiting.issue, &format!("/retry {digest}")).unwrap();
    waiting.world.until(waiting.issue, "executing").await;
    waiting.world.github.advances(Duration::from_secs(3600));
    assert_eq!(waiting.world.core.reconcile(waiting.world.github.now()).await.unwrap(), 0);
    waiting.is_built().await;
}
