//! The check `assentry/policy` beside a change of the policy.

use super::{PATH, proposes};
use crate::world::{REPO, World};

fn check_of(world: &World, pull: i64) -> Vec<(String, Option<String>, String)> {
    let head = world.github.pull(REPO, pull).unwrap().head_sha;
    let checks = world.github.checks(REPO, &head).into_iter().filter(|check| check.name == "assentry/policy");
    checks.map(|check| (check.title, check.conclusion, check.summary)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_policy_is_told_sound_or_not_and_again_when_it_is_mended() {
    let world = World::start().await;
    let pull = proposes(&world, "policy", "[approvals]\n[plan]\nrounds = 0\n");
    world.settle().await;
    let checks = check_of(&world, pull);
    assert_eq!(checks.len(), 1, "{checks:#?}");
    let (title, conclusion, summary) = &checks[0];
    assert_eq!((title.as_str(), conclusion.as_deref()), ("The policy has 2 mistakes", Some("failure")));
    assert!(summary.contains("- line 3: `plan.rounds: must be a whole number from 1 to 15"), "{summary}");

    world.person("bob").pushes("policy", PATH, "[plan]\nrounds = 3\n").unwrap();
    world.settle().await;
    let checks = check_of(&world, pull);
    assert_eq!(checks.len(), 1, "{checks:#?}");
    assert_eq!((checks[0].0.as_str(), checks[0].1.as_deref()), ("The policy is sound", Some("success")));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pull_requests_get_no_such_check() {
    let world = World::start().await;
    let bob = world.person("bob");
    bob.pushes("other", "README.md", "Hello.\n").unwrap();
    let pull = bob.opens_pull("Say hello", "other", "main").unwrap();
    world.settle().await;
    assert_eq!(check_of(&world, pull), []);
}
