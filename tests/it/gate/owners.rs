//! Where code owners must approve: every planned path by one of its own (rules C and M).

use std::time::Duration;

use assentry::demo::github::Role;

use super::Waiting;
use crate::world::{REPO, World};

const POLICY: &str = "[approval]\nseparation = \"owners\"\n";

/// A plan for `bin/slug` and, in its second version, `CHANGELOG.md`, with such owners.
async fn owned_by(world: World, owners: &str) -> Waiting {
    world.file_on_main(".github/CODEOWNERS", owners);
    Waiting::under(world, POLICY).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d39_a_path_whose_owner_has_not_approved_is_named_until_the_owner_does() {
    let waiting = owned_by(World::start().await, "* @bob\n/bin/ @cara @bob # both may\n/CHANGELOG.md @cara\n").await;
    waiting.world.person("ann").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    let told = waiting.said_to("bob");
    assert!(told[0].contains("`CHANGELOG.md` needs an approval by one of its owners: `@cara`"), "{told:#?}");
    assert!(!told[0].contains("bin/slug") && waiting.status().contains("`CHANGELOG.md`"), "{told:#?}");

    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn q19_m_a_path_without_owners_needs_another_person_and_no_owner() {
    let waiting = owned_by(World::start().await, "* @cara\n/bin/\n").await;
    waiting.world.person("ann").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("ann")[0].contains("another person"), "{:#?}", waiting.said_to("ann"));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d40_owners_who_cannot_approve_hold_the_plan_and_are_named() {
    for owners in ["* docs@example.com\n", "* @eve @nobody-of-that-name\n", "* @acme/empty\n", "* @acme/readers\n"] {
        let world = World::start().await;
        world.team("empty", &[], &["cara"]);
        world.team("readers", &["bob"], &[]);
        world.github.grants_team("acme/empty", REPO, Role::Write).unwrap();
        world.github.grants_team("acme/readers", REPO, Role::Read).unwrap();
        let waiting = owned_by(world, owners).await;
        waiting.world.person("bob").approves(waiting.pull).unwrap();
        waiting.still_waits().await;
        let named = owners.split_whitespace().nth(1).unwrap();
        assert!(waiting.status().contains("The owners' file names only"), "{owners}: {}", waiting.status());
        assert!(waiting.status().contains(&format!("`{named}`")), "{owners}: {}", waiting.status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m_a_member_of_a_team_that_owns_the_path_approves() {
    let world = World::start().await;
    world.team("keepers", &["cara"], &["bob"]);
    world.github.grants_team("acme/keepers", REPO, Role::Write).unwrap();
    let waiting = owned_by(world, "bin/ @Acme/Keepers\n").await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains("`@acme/keepers`"), "{:#?}", waiting.said_to("bob"));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d41_owners_that_changed_since_must_be_met_both_as_they_were_and_as_they_are() {
    let waiting = owned_by(World::start().await, "* @bob\n").await;
    waiting.world.file_on_main(".github/CODEOWNERS", "* @cara\n");
    waiting.world.settle().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains("`@cara`"), "{:#?}", waiting.said_to("bob"));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m_the_first_of_the_three_places_counts_and_a_file_elsewhere_does_not() {
    let world = World::start().await;
    world.file_on_main("CODEOWNERS", "* @cara\n");
    world.file_on_main("docs/CODEOWNERS", "* @cara\n");
    let waiting = owned_by(world, "* @bob\n").await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m_a_file_that_github_would_not_heed_holds() {
    let waiting = owned_by(World::start().await, &format!("* @bob\n{}", "# filler\n".repeat(340_000))).await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("The owners' file is too large"), "{}", waiting.status());
}
