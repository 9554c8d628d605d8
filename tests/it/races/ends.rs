//! Runs that end while GitHub is doing something for them: what was made is closed or named, and never deleted.

use std::time::Duration;

use assentry::demo::github::Halt;
use assentry::demo::story;

use crate::world::{REPO, World};

const OVERTAKEN: Duration = Duration::from_secs(120);

/// An issue whose run goes on until GitHub has made something without saying so.
async fn interrupted(write: &str, nth: usize) -> (World, i64) {
    let world = World::start().await;
    let write = format!("POST /repos/{REPO}/{write}");
    world.github.breaks_off_at(&write, nth, Halt::After);
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    let done = |world: &World| world.github.writes().iter().filter(|done| **done == write).count() == nth;
    let mut approved = false;
    while !done(&world) {
        world.one_thing_happens().await;
        if !approved && world.phase(issue).await == "awaiting_approval" {
            world.passes(Duration::from_secs(60)).await;
            world.person("bob").approves(world.plan_pull(issue).await).unwrap();
            approved = true;
        }
    }
    (world, issue)
}

fn left_behind(world: &World, issue: i64) -> Vec<String> {
    world.said(issue).into_iter().filter(|text| text.starts_with("The run ended while")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f56_a_run_cancelled_while_its_plan_pull_request_is_opened_leaves_none_open() {
    let (world, issue) = interrupted("pulls", 1).await;
    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended");
    assert_eq!(world.github.pulls(REPO).iter().map(|pull| pull.open).collect::<Vec<_>>(), [true]);

    world.passes(OVERTAKEN).await;
    assert_eq!(world.github.pulls(REPO).iter().map(|pull| pull.open).collect::<Vec<_>>(), [false]);
    assert_eq!(left_behind(&world, issue), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f56_a_run_cancelled_while_its_plan_branch_is_made_names_the_branch() {
    let (world, issue) = interrupted("git/refs", 1).await;
    world.person("ann").closes(issue).unwrap();
    world.settle().await;
    world.passes(OVERTAKEN).await;

    let branch = world.github.branches(REPO).into_iter().find(|(name, _)| name.starts_with("assentry/")).unwrap().0;
    let said = left_behind(&world, issue);
    assert!(matches!(&said[..], [one] if one.contains(&format!("`{branch}`"))), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f56_a_run_cancelled_while_its_work_is_pushed_names_the_branch_and_keeps_it() {
    let (world, issue) = interrupted("git/refs", 2).await;
    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended");
    assert_eq!(left_behind(&world, issue), [""; 0]);

    world.passes(OVERTAKEN).await;
    let is_work = |name: &str| name.starts_with("assentry/") && !name.contains("-plan-");
    let branch = world.github.branches(REPO).into_iter().find(|(name, _)| is_work(name)).unwrap().0;
    let said = left_behind(&world, issue);
    assert!(matches!(&said[..], [one] if one.contains(&format!("`{branch}`"))), "{said:?}");
    assert_eq!(world.work_pulls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_cancelled_before_anything_was_made_says_nothing_about_it() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.until(issue, "publishing").await;
    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;
    world.passes(OVERTAKEN).await;

    assert_eq!(left_behind(&world, issue), [""; 0]);
    assert_eq!(world.github.pulls(REPO), []);
}
