//! What people do at the moment it hurts: between the last judgement and the push, and around objections.

mod ends;

use std::time::Duration;

use assentry::demo::github::Role;
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::Storyteller;
use assentry::workflow::run::{DeliverStage, Delivering, State};

use crate::world::{REPO, World};

/// A world with an approved version whose push is the next thing to be done.
async fn about_to_push() -> (World, i64, i64) {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    world.person("bob").approves(pull).unwrap();
    while !is_pushing(&world.state(issue).await) {
        world.one_thing_happens().await;
    }
    (world, issue, pull)
}

fn is_pushing(state: &State) -> bool {
    matches!(state, State::Delivering(Delivering { stage: DeliverStage::Pushing, .. }))
}

fn brings_nothing(world: &World) {
    assert_eq!(world.work_pulls().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_an_objection_after_the_last_judgement_and_before_the_push_stops_the_push() {
    let (world, issue, pull) = about_to_push().await;
    world.person("cara").comments(pull, "/reject not like this").unwrap();
    world.settle().await;

    brings_nothing(&world);
    assert_eq!(world.phase(issue).await, "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_an_approval_taken_back_right_before_the_push_stops_the_push() {
    let (world, issue, pull) = about_to_push().await;
    world.person("bob").comments(pull, "/unapprove").unwrap();
    world.settle().await;

    brings_nothing(&world);
    assert_eq!(world.phase(issue).await, "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn f56_a_cancelled_run_is_not_pushed() {
    let (world, issue, _) = about_to_push().await;
    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;

    brings_nothing(&world);
    assert_eq!(world.phase(issue).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_waited_for_hours_is_judged_anew() {
    let (world, issue, _) = about_to_push().await;
    world.github.grants("bob", REPO, Role::Read).unwrap();
    world.passes(Duration::from_secs(3 * 3600)).await;

    brings_nothing(&world);
    assert_eq!(world.phase(issue).await, "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_an_objection_is_not_lifted_by_removing_its_comment() {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    let objection = world.person("cara").comments(pull, "/reject not like this").unwrap();
    world.settle().await;
    world.person("bob").deletes_comment(objection).unwrap();
    world.person("bob").approves(pull).unwrap();
    world.settle().await;

    assert_eq!(world.phase(issue).await, "awaiting_approval");
    brings_nothing(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn d47_a_stranger_begins_no_run_by_retry() {
    let refuses = |seen: &Seen| {
        if seen.offers("tick") { Reply::Refuse("No.".to_owned()) } else { Storyteller.answer(seen) }
    };
    let world = World::with_model(refuses).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let failed = world.row(issue).await.unwrap();
    assert_eq!(failed.phase, "ended");
    world.person("stranger").comments(issue, "/retry").unwrap();
    world.settle().await;
    assert_eq!(world.row(issue).await.unwrap().id, failed.id);
    world.person("bob").closes(issue).unwrap();
    world.person("bob").comments(issue, &format!("/retry {}", world.digest(issue).await)).unwrap();
    world.settle().await;

    assert_eq!(world.row(issue).await.unwrap().id, failed.id, "a closed issue has no run");
}

#[tokio::test(flavor = "multi_thread")]
async fn f58_what_an_ended_run_left_on_the_disk_is_cleared_and_nothing_else() {
    let world = World::start().await;
    let issue = world.planned().await;
    let run = world.row(issue).await.unwrap().id;
    let left = world.core.settings.data_dir.join("work");
    let dir = left.join(format!("run-{run}"));
    let other = left.join("notes");
    std::fs::create_dir_all(dir.join("execute-1/deep")).unwrap();
    std::fs::create_dir_all(&other).unwrap();
    assert_eq!(world.core.clear_leftovers().await.unwrap(), 0, "the run is open");
    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;

    assert_eq!(world.core.clear_leftovers().await.unwrap(), 1);
    assert_eq!((dir.exists(), other.exists()), (false, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn q21_the_log_alone_tells_who_approved_which_version_that_was_pushed() {
    let (world, issue, _) = about_to_push().await;
    let digest = world.state(issue).await.shown().unwrap().subject.digest.to_string();
    let run = world.row(issue).await.unwrap().id;
    let log = world.core.store.events(run).await.unwrap();
    let last = log.iter().rfind(|event| event.kind == "judged").unwrap();
    let last: serde_json::Value = serde_json::from_str(&last.json).unwrap();

    assert_eq!(last["gate"], "push");
    assert_eq!(last["led"]["digest"], digest.as_str());
    assert_eq!(last["led"]["approved_by"][0]["login"], "bob");
    let rules = world.state(issue).await.shown().unwrap().rules.digest();
    assert_eq!(last["led"]["rules"], rules.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_a_review_that_an_app_submits_in_a_persons_name_approves_nothing() {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    world.person("bob").through_an_app().approves(pull).unwrap();
    world.person("bob").through_an_app().comments(issue, "/plan do it all otherwise").unwrap();
    world.settle().await;

    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.state(issue).await.shown().unwrap().subject.version, 1);
    world.person("bob").approves(pull).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1);
}
