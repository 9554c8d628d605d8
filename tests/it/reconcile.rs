//! What no webhook has told is found by looking (F06), and means what the lost delivery would have.

use std::time::Duration;

use assentry::demo::github::Mishap;
use assentry::workflow::run::State;

use crate::world::{REPO, World};

const HOUR: Duration = Duration::from_secs(3600);

/// A plan that waits; from now on no webhook arrives.
async fn deaf() -> (World, i64, i64) {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
    (world, issue, pull)
}

/// An hour later somebody looks.
async fn looked(world: &World) -> u32 {
    world.passes(HOUR).await;
    let found = world.core.reconcile(world.github.now()).await.unwrap();
    world.settle().await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_label_taken_off_an_issue_closed_and_a_plan_closed_end_the_run_though_nobody_told() {
    for what in ["label", "issue", "plan", "merged"] {
        let (world, issue, pull) = deaf().await;
        match what {
            "label" => world.person("ann").unlabels(issue, "assentry").unwrap(),
            "issue" => world.person("ann").closes(issue).unwrap(),
            "plan" => world.person("bob").closes(pull).unwrap(),
            _ => {
                world.person("bob").marks_ready(pull).unwrap();
                world.person("bob").merges(pull).unwrap();
            }
        }
        world.settle().await;
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{what}");

        assert_eq!(looked(&world).await, 1, "{what}");
        assert_eq!(world.phase(issue).await, "ended", "{what}");
        assert!(!world.github.pull(REPO, pull).unwrap().open, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_q13_a_foreign_push_that_nobody_told_voids_the_version_once() {
    let (world, issue, pull) = deaf().await;
    let branch = world.github.pull(REPO, pull).unwrap().head;
    world.person("eve").becomes(assentry::demo::github::Role::Write).unwrap();
    world.person("eve").pushes(&branch, "evil.txt", "evil").unwrap();

    assert_eq!(looked(&world).await, 1);
    let version = |state: State| state.shown().map(|shown| shown.subject.version);
    assert_eq!(version(world.state(issue).await), Some(2));
    assert_eq!(looked(&world).await, 0);
    assert_eq!(version(world.state(issue).await), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn d29_a_comment_found_late_counts_if_nobody_edited_it() {
    let (world, issue, _) = deaf().await;
    let text = format!("/approve {}", world.digest(issue).await);
    let comment = world.person("bob").comments(issue, "hm").unwrap();
    world.github.advances(Duration::from_secs(5));
    world.person("bob").edits_comment(comment, &text).unwrap();

    assert_eq!(looked(&world).await, 1);
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    let asked =
        |world: &World| world.said(issue).iter().filter(|text| text.starts_with("@bob, GitHub did not")).count();
    assert_eq!(asked(&world), 1);
    assert_eq!((looked(&world).await, asked(&world)), (0, 1));

    world.person("bob").comments(issue, &text).unwrap();
    assert_eq!(looked(&world).await, 1);
    assert_eq!(world.phase(issue).await, "in_review");
    assert_eq!(world.work_pulls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn q14_an_approving_review_found_late_is_asked_for_again_and_an_objection_counts() {
    let (world, issue, pull) = deaf().await;
    world.person("bob").approves(pull).unwrap();
    assert_eq!(looked(&world).await, 1);
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.said(pull).iter().filter(|text| text.starts_with("@bob, GitHub did not")).count(), 1);

    world.person("cara").requests_changes(pull, "not like this").unwrap();
    assert_eq!(looked(&world).await, 1);
    world.github.heals();
    world.person("bob").approves(pull).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.work_pulls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_what_arrived_is_not_found_again() {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    let text = format!("/reject not like this, {issue}");
    world.person("cara").comments(issue, &text).unwrap();
    world.person("tim").comments(issue, "/approve").unwrap();
    world.person("bob").approves(pull).unwrap();
    world.settle().await;

    assert_eq!(looked(&world).await, 0);
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}
