//! The policy at the gate: both must say yes, the one of the version and the one of now (rule H).

use super::{labelled, mended, world};
use crate::world::{REPO, World};

async fn approves(world: &World, login: &str, issue: i64) {
    let command = format!("/approve {}", world.digest(issue).await);
    world.person(login).comments(issue, &command).unwrap();
    world.settle().await;
}

/// Bob and whoever looks at the status comment are told that one approval is not enough.
fn too_few(world: &World, issue: i64) {
    let said = world.said(issue);
    for begins in ["**Assentry: waiting for approval**", "@bob, this is not approved yet."] {
        let found = said.iter().find(|text| text.starts_with(begins)).expect(begins);
        assert!(
            found.contains("1 of 2 approvals are there; another person with write access can give one."),
            "{found}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d43_a_policy_that_was_tightened_since_must_be_met_too() {
    let world = World::start().await;
    let issue = world.planned().await;
    mended(&world, "[approval]\nrequired = 2\n").await;
    approves(&world, "bob", issue).await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("awaiting_approval", 0));
    too_few(&world, issue);
    approves(&world, "cara", issue).await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn d44_a_policy_that_was_loosened_since_changes_nothing_for_the_version() {
    let world = world("[approval]\nrequired = 2\n", "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    world.passes(std::time::Duration::from_secs(60)).await;
    mended(&world, "[approval]\nrequired = 1\n").await;
    approves(&world, "bob", issue).await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("awaiting_approval", 0));
    too_few(&world, issue);
    approves(&world, "cara", issue).await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_a_policy_on_another_branch_counts_for_nothing() {
    let world = world("[approval]\nrequired = 2\n", "").await;
    world.person("bob").pushes("loosen", super::PATH, "[approval]\nrequired = 1\n").unwrap();
    let issue = labelled(&world, "ann", "assentry").await;
    assert_eq!(world.state(issue).await.shown().unwrap().rules.required, 2);
    // Not even on the plan's own branch.
    let pull = world.plan_pull(issue).await;
    let branch = world.github.pull(REPO, pull).unwrap().head;
    world.person("bob").pushes(&branch, super::PATH, "[approval]\nrequired = 1\n").unwrap();
    world.settle().await;
    world.passes(std::time::Duration::from_secs(60)).await;
    assert_eq!(world.state(issue).await.shown().unwrap().rules.required, 2);
    approves(&world, "bob", issue).await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("awaiting_approval", 0));
}
