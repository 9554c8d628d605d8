//! What goes wrong, by name: each story ends with its cause, and nothing of it gets out.

use std::sync::OnceLock;

use assentry::demo::github::GitHub;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ends_its_turn_having_done_nothing_has_done_nothing() {
    let (world, issue) = executed_by("nothing", "").await;
    ended(&world, issue, "turns in a row ended with nothing done").await;
    let (world, issue) = Box::pin(planned_by("plans-nothing", "")).await;
    ended(&world, issue, "turns ended without a result").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_exits_0_after_a_broken_stream_is_tried_again_later_and_not_believed() {
    let (world, issue) = executed_by("broken-stream", "").await;
    // Its model is to blame, so the work is tried again, as with any other: a few times and then no more.
    world.days_go_by(1).await;
    ended(&world, issue, "broke off").await;
    let cut = world.model.requests().iter().filter(|request| request.body.contains("cut this")).count();
    assert!(cut >= 2, "it was tried {cut} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_crashes_is_told_with_its_last_words() {
    let (world, issue) = executed_by("crashes", "").await;
    ended(&world, issue, "scripted ended in the middle of the work (exit 3)").await;
    assert!(status(&world, issue).contains("panic: out of ideas"), "{}", status(&world, issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_floods_its_pipe_is_stopped() {
    // 4 KiB are kept, so 1 MiB is a flood.
    let little = "[sandbox]\noutput_kib = 4";
    let (world, issue) = executed_by("floods", little).await;
    ended(&world, issue, "too much output").await;
    let (world, issue) = Box::pin(executed_by("one-line", little)).await;
    ended(&world, issue, "too much output").await;
    let (world, issue) = Box::pin(executed_by("noise", "")).await;
    ended(&world, issue, "printed too much that is no message of the protocol").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_does_not_fit_is_told_by_what() {
    for (story, more, cause) in [
        ("version", "", "speaks version 9 of the Agent Client Protocol; 1 is known here"),
        ("no-http", "", "takes no tools over HTTP"),
        ("locked", "", "wants to be signed in"),
        ("locked", "sign_in = 'other'", "cannot be signed in by"),
        ("modeless", "mode = 'yolo'", "it has auto, bypass"),
        ("good", "mode = 'yolo'", "it has none"),
        ("strays", "mode = 'bypass'", "leaves its mode again and again"),
    ] {
        let (world, issue) = Box::pin(executed_by(story, more)).await;
        assert!(status(&world, issue).contains(cause), "{story}: no {cause:?} in {}", status(&world, issue));
        assert_eq!(world.phase(issue).await, "ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_refuses_lies_or_gives_up_is_told_as_such() {
    let (world, issue) = executed_by("refuses", "").await;
    ended(&world, issue, "I would rather not.").await;
    let (world, issue) = Box::pin(executed_by("lies", "")).await;
    ended(&world, issue, "sh tests/run.sh").await;
    let (world, issue) = Box::pin(planned_by("plans-badly", "")).await;
    ended(&world, issue, "plans were rejected").await;
    let (world, issue) = Box::pin(executed_by("gives-up", "")).await;
    assert!(world.work_pulls().is_empty());
    assert_ne!(world.phase(issue).await, "in_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_guest_that_never_stops_asking_stops_at_the_budget() {
    let (world, issue) = executed_by("endless", "[limits.execute]\nturns = 3").await;
    assert_eq!(world.model.requests().iter().filter(|request| request.body.contains("another thing")).count(), 3);
    assert!(world.work_pulls().is_empty());
    assert_eq!(world.phase(issue).await, "resting", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_ends_is_ended_when_a_person_wants_it() {
    let github: Arc<OnceLock<GitHub>> = Arc::default();
    let there = Arc::clone(&github);
    let script = move |seen: &Seen| {
        if seen.mentions("I hang now.") {
            there.get().unwrap().person("tim").comments(1, "/stop").unwrap();
        }
        model().answer(seen)
    };
    let world = World::with(Arc::new(script), story::repository(), &agent("execute", "hangs", "")).await;
    github.set(world.github.clone()).ok().unwrap();
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.until(issue, "executing").await;
    world.works_beside_people().await;
    world.settle().await;
    assert_eq!(world.phase(issue).await, "resting", "{:#?}", world.said(issue));
}
