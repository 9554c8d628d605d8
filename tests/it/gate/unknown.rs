//! What GitHub does not say, or no longer: people who are gone, permissions that are missing, an App that was away.

use std::time::Duration;

use assentry::demo::github::{Fault, Wrong};
use assentry::demo::story;

use super::Waiting;
use crate::world::{REPO, World};

const MINUTE: Duration = Duration::from_secs(60);

fn refuses(world: &World, path: &str, status: u16, times: u32) {
    let wrong = Wrong::RefusedBefore(status);
    world.github.goes_wrong(Fault { method: "GET", path: path.to_owned(), times, wrong });
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_f60_a_person_whom_github_does_not_know_a_minute_later_may_nothing() {
    let waiting = Waiting::begin().await;
    refuses(&waiting.world, "/collaborators/bob/", 404, 100_000);
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    for _ in 0..8 {
        waiting.world.settle_now().await;
        waiting.world.github.advances(Duration::from_secs(1));
    }
    assert!(waiting.status().contains("GitHub does not say at the moment what `bob` may do"), "{}", waiting.status());

    waiting.world.passes(2 * MINUTE).await;
    waiting.still_waits().await;
    assert!(waiting.status().contains("`bob` has no write access"), "{}", waiting.status());
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f60_a_whole_repository_that_is_not_there_is_no_answer_about_a_person() {
    let waiting = Waiting::begin().await;
    refuses(&waiting.world, "/repo", 404, 100_000);
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.settle().await;
    waiting.world.passes(5 * MINUTE).await;
    waiting.world.github.heals();
    waiting.world.passes(15 * MINUTE).await;
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f42_a_label_that_came_while_a_permission_was_missing_is_heard_when_it_is_back() {
    for status in [401, 403] {
        let world = World::start().await;
        refuses(&world, "/collaborators/ann/", status, 100_000);
        let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        world.person("ann").labels(issue, "assentry").unwrap();
        world.settle().await;
        for _ in 0..6 {
            world.passes(10 * MINUTE).await;
        }
        assert_eq!(world.phase(issue).await, "none");

        world.github.heals();
        world.passes(15 * MINUTE).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_removed_and_came_back_is_not_blocked_by_its_old_run() {
    let waiting = Waiting::begin().await;
    let world = &waiting.world;
    let old = world.row(waiting.issue).await.unwrap().id;
    world.github.uninstalls(REPO).unwrap();
    world.github.adds_to_installation(REPO).unwrap();
    world.settle().await;
    world.person("ann").comments(waiting.issue, "/plan").unwrap();
    world.settle().await;

    assert_ne!(world.row(waiting.issue).await.unwrap().id, old);
    assert_eq!(world.phase(waiting.issue).await, "awaiting_approval");
    assert!(!world.core.store.run(old).await.unwrap().unwrap().open);
    world.passes(MINUTE).await;
    world.person("bob").approves(world.plan_pull(waiting.issue).await).unwrap();
    waiting.is_built().await;
}
