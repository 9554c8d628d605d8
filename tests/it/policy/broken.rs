//! A policy with mistakes holds everything, says so once, and lets go by itself when it is mended.

use std::time::Duration;

use super::{PATH, labelled, mended, repository, times, world};
use crate::world::World;
use assentry::demo::story;

const BROKEN: &str = "[approvals]\nrequired = 2\n";
const HAS_MISTAKES: &str = "has mistakes, and nothing goes on";

#[tokio::test(flavor = "multi_thread")]
async fn at_the_trigger_nothing_begins_until_the_policy_is_mended() {
    let world = world(BROKEN, "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    world.passes(Duration::from_secs(120)).await;
    assert_eq!(world.phase(issue).await, "none");
    let said = world.said(issue);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].contains("- line 1: ``approvals: there is no such key: did you mean `approval`?``"), "{said:#?}");

    mended(&world, "[approval]\nrequired = 2\n").await;
    world.passes(Duration::from_secs(900)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    assert_eq!(world.state(issue).await.shown().unwrap().rules.required, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_hears_nothing_of_a_broken_policy() {
    let world = world(BROKEN, "").await;
    let issue = labelled(&world, "tim", "assentry").await;
    let other = labelled(&world, "ann", "bug").await;
    assert_eq!((world.said(issue).len(), world.said(other).len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_asks_for_less_than_the_server_is_broken() {
    let world = world("[approval]\nseparation = 'open'\n", "[approval]\nseparation = 'two-person'\n").await;
    let issue = labelled(&world, "ann", "assentry").await;
    assert_eq!(world.phase(issue).await, "none");
    assert!(world.said(issue)[0].contains("approval.separation: must be two-person or stricter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_plan_waits_a_policy_that_breaks_holds_the_gate() {
    let world = World::start().await;
    let issue = world.planned().await;
    mended(&world, BROKEN).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    // The gate asks again for a day; a few rounds are enough here.
    for _ in 0..5 {
        world.settle_now().await;
        world.github.advances(Duration::from_secs(20));
    }
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("awaiting_approval", 0));
    assert_eq!(times(&world.said(issue), HAS_MISTAKES), 1, "{:#?}", world.said(issue));

    mended(&world, "").await;
    world.passes(Duration::from_secs(900)).await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_plan_is_written_a_policy_that_broke_holds_it() {
    let world = World::with(story::script(), repository(""), "").await;
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.until(issue, "planning").await;
    world.person("ann").pushes("main", PATH, BROKEN).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "planning");
    assert_eq!(times(&world.said(issue), HAS_MISTAKES), 1, "{:#?}", world.said(issue));
    mended(&world, "").await;
    world.passes(Duration::from_secs(900)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_push_that_mends_a_policy_lets_what_was_held_go_on_at_once() {
    let world = world(BROKEN, "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    // Tried some times by now, and put off for longer than a minute.
    world.passes(Duration::from_secs(1800)).await;
    assert_eq!(world.phase(issue).await, "none");
    mended(&world, "").await;
    world.settle_now().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}
