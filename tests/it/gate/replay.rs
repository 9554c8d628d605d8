//! What is told twice happens once, and what we do ourselves starts nothing.

use super::Waiting;
use super::hands::{captured, uuid_like};
use crate::world::{REPO, World};

const EVENTS: [&str; 8] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "ping",
    "installation",
];

#[tokio::test(flavor = "multi_thread")]
async fn t02_a_signed_body_replayed_a_thousand_times_under_any_header_means_one_thing() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    let hands = captured(&world, || world.person("ann").labels(issue, "assentry").unwrap()).await;
    let body = hands.of("issues").to_string();
    for n in 0..1_000 {
        let id = uuid_like(&format!("replay {n}"));
        hands.posts_as(&id, EVENTS[n % EVENTS.len()], body.as_bytes()).await;
    }
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.github.pulls(REPO).len(), 1);
    assert_eq!(world.said(issue).len(), 2, "the status and the plan");
    assert_eq!(world.core.store.runs(None, 100).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn t02_an_approval_replayed_after_the_end_starts_nothing() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}", waiting.digest().await);
    let hands = captured(&waiting.world, || {
        waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
    })
    .await;
    hands.posts("issue_comment", hands.of("issue_comment")).await;
    waiting.is_built().await;
    let before = waiting.everything_said();
    for n in 0..20 {
        let body = hands.of("issue_comment").to_string();
        hands.posts_as(&uuid_like(&format!("again {n}")), "issue_comment", body.as_bytes()).await;
    }
    waiting.is_built().await;
    assert_eq!(waiting.everything_said(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn t64_after_the_last_human_act_the_effects_stop() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    waiting.world.github.advances(std::time::Duration::from_secs(60));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
    let (deliveries, requests) = (waiting.world.github.deliveries().len(), waiting.world.github.requests().len());
    for _ in 0..30 {
        waiting.world.passes(std::time::Duration::from_secs(3_600)).await;
    }
    assert_eq!(waiting.world.github.deliveries().len(), deliveries);
    assert_eq!(waiting.world.github.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn t63_a_strangers_copy_of_our_mark_is_not_taken_for_ours() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.until(issue, "awaiting_approval").await;
    let ours = world.said(issue)[0].clone();
    let copy = world.person("eve").comments(issue, &ours).unwrap();
    world.person("eve").comments(issue, &world.said(issue)[1]).unwrap();
    world.settle().await;
    world.person("tim").comments(issue, "/cancel").unwrap();
    world.settle().await;
    let comments = world.github.issue_comments(REPO, issue);
    assert_eq!(comments.iter().find(|comment| comment.id == copy).unwrap().body, ours);
    assert!(world.said(issue)[0].contains("cancelled"), "{}", world.said(issue)[0]);
}
