//! The verbs of the world do what they say.

use serde_json::json;

use super::{REPO, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_world_has_teams_files_and_an_organization_of_its_own() {
    let world = World::start().await;
    world.team("core", &["bob"], &["eve"]);
    world.file_on_main(".github/CODEOWNERS", "* @acme/core\n");
    world.organization_file("assentry.toml", "# ours\n").await;

    let org = REPO.split_once('/').unwrap().0;
    assert!(world.github.team_id(&format!("{org}/core")).is_ok());
    assert_eq!(world.github.file(REPO, "main", ".github/CODEOWNERS").as_deref(), Some("* @acme/core\n"));
    let there = world.person("ann").at(&format!("{org}/.github")).asks("GET", "contents/assentry.toml", &json!({}));
    assert_eq!(there.map_err(|refusal| refusal.status).unwrap_err(), 404, "private, and ann was granted nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn q15_days_go_by_while_a_plan_waits_and_a_wrong_clock_of_ours_changes_nothing() {
    let world = World::start().await;
    world.our_clock_is_ahead_by(-7 * 60 * 1_000);
    let issue = world.planned().await;
    let before = world.github.now();
    world.days_go_by(3).await;

    assert!(world.github.now().since(before).as_secs() >= 3 * 24 * 60 * 60);
    assert_eq!(world.our_now().0 - world.github.now().0, -420_000);
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}
