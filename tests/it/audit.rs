//! The record of what was built: what a pull request says of it proves later that nobody rewrote it.

use std::process::Output;

use assentry::demo::story;

use crate::world::{REPO, World};

/// The story, built; its pull request names the place in the log.
async fn built(title: &str) -> (World, String) {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue(title, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let body = world.github.pull(REPO, world.work_pulls()[0].number).unwrap().body;
    let (_, rest) = body.split_once("`assentry audit verify --at ").unwrap_or_else(|| panic!("{body}"));
    let (place, _) = rest.split_once('`').unwrap();
    (world, place.to_owned())
}

async fn verify(world: &World, place: &str) -> Output {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(["audit", "verify", "--at", place, "--config"]).arg(world.data.path().join("assentry.toml"));
    program.output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_as_a_whole_is_found_out_by_what_the_pull_request_says() {
    let (world, place) = Box::pin(built(story::TITLE)).await;
    let whole = verify(&world, &place).await;
    let said = String::from_utf8_lossy(&whole.stdout);
    assert!(whole.status.success() && said.starts_with("whole: "), "{whole:?}");

    // A log with another story in it, whole in itself.
    let (other, _) = Box::pin(built("Slugs end in a dash, and nobody knows why")).await;
    let rewritten = verify(&other, &place).await;
    let said = String::from_utf8_lossy(&rewritten.stderr);
    assert!(!rewritten.status.success() && said.contains("the event log was rewritten: event"), "{rewritten:?}");

    let cut = format!("1000000{}", &place[place.find(':').unwrap()..]);
    let said = String::from_utf8_lossy(&verify(&world, &cut).await.stderr).into_owned();
    assert!(said.contains("there is no event 1000000"), "{said}");
    let said = String::from_utf8_lossy(&verify(&world, "7e7e").await.stderr).into_owned();
    assert!(said.contains("64 hex digits"), "{said}");
}
