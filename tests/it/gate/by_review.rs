//! Approvals by review: they bind to the commit that the delivery names.

use assentry::demo::github::{Mishap, Verdict};
use serde_json::Value;

use super::Waiting;
use super::hands::captured;
use crate::world::{REPO, World};

#[tokio::test(flavor = "multi_thread")]
async fn d1_an_approving_review_of_the_published_commit_is_built() {
    let waiting = Waiting::begin().await;
    let digest = waiting.digest().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();

    waiting.is_built().await;
    let body = &waiting.world.work_pulls()[0].body;
    assert!(body.contains(digest.get(..12).unwrap()) && body.contains("bob"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_an_approval_of_a_head_that_somebody_else_pushed_voids_the_version() {
    let waiting = Waiting::begin().await;
    let before = waiting.digest().await;
    // Neither the push nor the synchronized pull request is told; the gate looks for itself.
    waiting.world.github.deliveries_go_wrong("push", 1, Mishap::Lost);
    waiting.world.github.deliveries_go_wrong("pull_request", 1, Mishap::Lost);
    waiting.world.person("bob").pushes(&waiting.plan_branch(), "sneaky.md", "more").unwrap();
    waiting.world.person("cara").approves(waiting.pull).unwrap();

    waiting.still_waits().await;
    assert_ne!(waiting.digest().await, before);
    assert_eq!(waiting.version().await, 2);
    assert!(waiting.world.said(waiting.issue).iter().any(|text| text.contains("v2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_t18_a_foreign_push_publishes_the_plan_anew_and_an_approval_of_that_counts() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").pushes(&waiting.plan_branch(), "sneaky.md", "more").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);

    waiting.world.passes(std::time::Duration::from_secs(60)).await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
    let pull = &waiting.world.work_pulls()[0];
    assert_eq!(waiting.world.github.changed_files(REPO, pull.number), ["bin/slug"], "the pushed file is not in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_an_approval_of_an_older_commit_is_answered_with_the_current_digest() {
    let waiting = Waiting::begin().await;
    let old = waiting.world.github.pull(REPO, waiting.pull).unwrap().head_sha;
    waiting.world.person("bob").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    waiting.world.github.advances(std::time::Duration::from_secs(60));
    waiting.world.person("cara").approves_commit(waiting.pull, &old).unwrap();

    waiting.still_waits().await;
    let told = waiting.said_to("cara");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(&format!("/approve {}", waiting.digest().await)), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_review_without_a_commit_is_answered_with_the_way_to_name_the_digest() {
    let waiting = Waiting::begin().await;
    let hands = captured(&waiting.world, || {
        waiting.world.person("cara").approves(waiting.pull).unwrap();
    })
    .await;
    let mut review = hands.of("pull_request_review").clone();
    review["review"]["commit_id"] = Value::Null;
    hands.posts("pull_request_review", &review).await;

    waiting.still_waits().await;
    let told = waiting.said_to("cara");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("GitHub did not say which commit that review is for"), "{}", told[0]);
    assert!(told[0].contains(&format!("/approve {}", waiting.digest().await)), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_review_of_a_commit_that_is_no_version_counts_for_nothing() {
    let waiting = Waiting::begin().await;
    let base = waiting.world.github.commits(REPO, "main")[0].sha.clone();
    waiting.world.person("cara").approves_commit(waiting.pull, &base).unwrap();

    waiting.still_waits().await;
    let told = waiting.said_to("cara");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("Please read the current one, and approve that."), "{}", told[0]);
    assert!(told[0].contains(&format!("/approve {}", waiting.digest().await)), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_review_submitted_before_the_publication_counts_for_nothing() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.until(issue, "publishing").await;
    for _ in 0..100 {
        if !world.github.pulls(REPO).is_empty() {
            break;
        }
        world.github.advances(std::time::Duration::from_millis(100));
        world.core.turn(assentry::worker::Role::Worker, world.github.now()).await.unwrap();
    }
    let pull = world.github.pulls(REPO)[0].number;
    world.person("bob").approves(pull).unwrap();
    let waiting = Waiting { world, issue, pull };

    waiting.still_waits().await;
    waiting.world.passes(std::time::Duration::from_secs(600)).await;
    waiting.still_waits().await;
    let told = waiting.said_to("bob");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("made before this version was there to be read"), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_q13_a_branch_that_was_moved_away_and_back_is_no_longer_what_was_approved() {
    let waiting = Waiting::begin().await;
    let (branch, before) = (waiting.plan_branch(), waiting.digest().await);
    let head = waiting.world.github.pull(REPO, waiting.pull).unwrap().head_sha;
    let bob = waiting.world.person("bob");
    let foreign = bob.pushes("elsewhere", "sneaky.md", "more").unwrap();
    bob.force_pushes(&branch, &foreign).unwrap();
    bob.force_pushes(&branch, &head).unwrap();
    waiting.world.person("cara").approves_commit(waiting.pull, &head).unwrap();

    waiting.still_waits().await;
    assert_ne!(waiting.digest().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_q13_a_move_away_and_back_that_no_webhook_told_is_read_from_the_timeline() {
    let waiting = Waiting::begin().await;
    let (branch, before) = (waiting.plan_branch(), waiting.digest().await);
    let head = waiting.world.github.pull(REPO, waiting.pull).unwrap().head_sha;
    let bob = waiting.world.person("bob");
    let foreign = bob.pushes("elsewhere", "sneaky.md", "more").unwrap();
    waiting.world.settle().await;
    for event in ["push", "pull_request"] {
        waiting.world.github.deliveries_go_wrong(event, 2, Mishap::Lost);
    }
    bob.force_pushes(&branch, &foreign).unwrap();
    bob.force_pushes(&branch, &head).unwrap();
    waiting.world.person("cara").approves_commit(waiting.pull, &head).unwrap();

    waiting.still_waits().await;
    assert_ne!(waiting.digest().await, before);
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(std::time::Duration::from_secs(60));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn q14_t19_a_review_that_github_points_at_the_new_head_later_approves_nothing() {
    let waiting = Waiting::begin().await;
    let review = waiting.world.person("eve").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.person("ann").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    let head = waiting.world.github.pull(REPO, waiting.pull).unwrap().head_sha;
    waiting.world.github.repoints_review(REPO, waiting.pull, review, &head).unwrap();
    waiting.world.github.grants("eve", REPO, assentry::demo::github::Role::Write).unwrap();
    waiting.world.passes(std::time::Duration::from_secs(600)).await;

    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_t13_t08_an_approval_without_write_access_is_advice_and_is_answered_once() {
    let waiting = Waiting::begin().await;
    for login in ["eve", "tim", "stranger"] {
        waiting.world.person(login).approves(waiting.pull).unwrap();
        waiting.still_waits().await;
        waiting.world.person(login).approves(waiting.pull).unwrap();
        waiting.still_waits().await;
        let told = waiting.said_to(login);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains("write access") && !told[0].contains("/approve"), "{}", told[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_command_in_a_review_that_only_comments_is_answered_with_the_right_way() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}", waiting.digest().await);
    waiting.world.person("bob").reviews(waiting.pull, Verdict::Comment, &text, &[]).unwrap();

    waiting.still_waits().await;
    let told = waiting.said_to("bob");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("commands are not read in reviews"), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_an_approval_that_was_dismissed_no_longer_counts() {
    let waiting = Waiting::with("required = 2").await;
    let review = waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.person("ann").dismisses(waiting.pull, review, "wait").unwrap();
    waiting.still_waits().await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_on_any_other_pull_request_is_none_of_our_business() {
    let waiting = Waiting::begin().await;
    let bob = waiting.world.person("bob");
    bob.pushes("topic", "x.md", "x").unwrap();
    let other = bob.opens_pull("Topic", "topic", "main").unwrap();
    waiting.world.person("cara").approves(other).unwrap();
    waiting.world.person("cara").comments(other, &format!("/approve {}", waiting.digest().await)).unwrap();

    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "awaiting_approval");
    assert_eq!(waiting.world.said(other), Vec::<String>::new());
}
