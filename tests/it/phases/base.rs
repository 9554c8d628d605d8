//! The base branch gains commits, is moved away or renamed; the model changes.

use std::sync::Arc;

use assentry::demo::model::{Reply, Script as _, Seen};
use assentry::demo::story::Storyteller;

use super::{Case, all};
use crate::world::{REPO, World};

const GONE: &str = "The base branch no longer contains the commit";
const TOUCHED: &str = "The base branch has changed in files that this plan rests on: `bin/slug`";

fn pushes(case: &Case, path: &str) -> String {
    case.world.person("cara").pushes("main", path, "Other words.\n").unwrap()
}

/// As after a start of the server with another model.
pub(super) fn other_model(case: &mut Case) {
    Arc::make_mut(&mut case.world.core.settings).execute_model.name = "anthropic/other".to_owned();
}

/// A history that does not hold the plan's base.
pub(super) fn rewrites(case: &Case) {
    let cara = case.world.person("cara");
    let tree = cara
        .asks(
            "POST",
            "git/trees",
            &serde_json::json!({"tree": [
            {"path": "README.md", "mode": "100644", "type": "blob", "content": "anew"}]}),
        )
        .unwrap();
    let commit = serde_json::json!({"message": "Begin anew", "tree": tree["sha"], "parents": []});
    let commit = cara.asks("POST", "git/commits", &commit).unwrap();
    cara.force_pushes("main", commit["sha"].as_str().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_unrelated_commits_on_the_base_in_any_phase_change_nothing() {
    let case = Case::waiting().await;
    pushes(&case, "README.md");
    case.waits_with(1).await;
    let case = case.approved().await;
    pushes(&case, "docs/a.md");
    case.is_built().await;
    let case = Case::at_work().await;
    pushes(&case, "docs/b.md");
    case.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_the_work_is_merged_on_trial_with_a_base_that_has_moved_on() {
    let told = |case: &Case| case.work().body.split_once("### Base").map(|(_, rest)| rest.trim_start().to_owned());
    let case = Case::waiting().await.approved().await;
    let commit = pushes(&case, "docs/a.md");
    case.is_built().await;
    let text = told(&case).unwrap();
    let expected = format!(
        "`main` has moved on since this was begun. On trial it merged without a conflict, at `{}`.",
        &commit[..10]
    );
    assert!(text.starts_with(&expected), "{text}");

    let case = Case::waiting().await.approved().await;
    case.is_built().await;
    assert_eq!(told(&case), None, "the base is where it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_commits_in_scope_while_waiting_make_a_new_version_on_the_new_base() {
    let case = Case::waiting().await;
    let commit = case.world.person("cara").pushes("main", "bin/slug", "#!/bin/sh\n").unwrap();
    case.waits_with(2).await;
    let state = case.world.state(case.issue).await;
    assert_eq!(state.shown().unwrap().base.as_str(), commit);
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_commits_in_scope_while_waiting_make_three_versions_by_themselves_and_then_wait_for_a_person() {
    let case = Case::waiting().await;
    for version in 2..=4 {
        case.world.person("cara").pushes("main", "bin/slug", &format!("#!/bin/sh\n# {version}\n")).unwrap();
        case.waits_with(version).await;
    }
    pushes(&case, "bin/slug");
    case.waits_with(4).await;
    assert!(case.has_said("v4 is out of date."), "{:#?}", case.said());
    assert!(case.status().contains(TOUCHED), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_commits_in_scope_before_the_start_void() {
    let case = Case::starting().await;
    pushes(&case, "bin/slug");
    case.ended_because(TOUCHED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_commits_in_scope_while_running_void_at_the_last_gate_and_the_work_is_kept() {
    let case = Case::at_work().await;
    pushes(&case, "bin/slug");
    case.ended_because(TOUCHED).await;
    let run = case.world.row(case.issue).await.unwrap().id;
    assert!(case.world.core.store.kept(run, "work-1").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_g_commits_in_protected_paths_outside_the_scope_count_like_those_inside() {
    let case = Case::waiting().await;
    pushes(&case, "docs/AGENTS.md");
    case.waits_with(2).await;
    let case = Case::starting().await;
    pushes(&case, "docs/AGENTS.md");
    case.ended_because("files that this plan rests on: `docs/AGENTS.md`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d41_another_owners_file_outside_the_scope_voids_nothing() {
    let case = Case::waiting().await.approved().await;
    pushes(&case, ".github/CODEOWNERS");
    case.is_built().await;
}

/// The story's model, whose plan may change the documentation too, and an owners' file in it.
fn with_docs(seen: &Seen) -> Reply {
    let mut plan = crate::policy::plan();
    plan["scope"]["paths"] = serde_json::json!(["bin/slug", "docs/**"]);
    let submit = || Reply::call("submit_plan", &serde_json::json!({ "plan": plan }));
    if seen.offers("submit_plan") { submit() } else { Storyteller.answer(seen) }
}

#[tokio::test(flavor = "multi_thread")]
async fn d41_rule_g_another_owners_file_inside_the_scope_voids() {
    let case = Case::of(World::with_model(with_docs).await).await.approved().await;
    pushes(&case, "docs/CODEOWNERS");
    case.ended_because("files that this plan rests on: `docs/CODEOWNERS`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_base_forced_away_in_any_phase_voids() {
    for case in all().await {
        rewrites(&case);
        case.ended_because(GONE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_base_forced_away_after_the_work_is_a_notice() {
    let case = Case::delivered().await;
    rewrites(&case);
    case.world.settle().await;
    let said = case.world.said(case.work().number);
    assert!(said.iter().any(|text| text.contains("moved away from the commit")), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_default_branch_renamed_while_waiting_makes_a_new_version_for_the_new_name() {
    let case = Case::waiting().await;
    case.world.person("ann").renames_branch("main", "trunk").unwrap();
    case.waits_with(2).await;
    assert_eq!(case.world.github.pull(REPO, case.pull).unwrap().base, "trunk");
    case.world.github.advances(std::time::Duration::from_secs(5));
    case.world.person("bob").approves(case.pull).unwrap();
    case.is_built().await;
    assert_eq!(case.work().base, "trunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_default_branch_renamed_before_the_start_voids() {
    let case = Case::starting().await;
    case.world.person("ann").renames_branch("main", "trunk").unwrap();
    case.ended_because(GONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_default_branch_renamed_while_running_voids_at_the_last_gate() {
    let case = Case::at_work().await;
    case.world.person("ann").renames_branch("main", "trunk").unwrap();
    case.ended_because(GONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f52_phase_model_changed_while_waiting_makes_a_new_version_before_anyone_builds_with_it() {
    let mut case = Case::waiting().await;
    other_model(&mut case);
    case.world.person("bob").approves(case.pull).unwrap();
    case.waits_with(2).await;
    assert!(case.has_said("anthropic/other"), "{:#?}", case.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn f52_phase_model_changed_before_the_start_voids() {
    let mut case = Case::starting().await;
    other_model(&mut case);
    case.ended_because("models or prompts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f52_phase_model_gone_before_the_executor_has_begun_needs_a_new_plan() {
    let mut case = Case::at_work().await;
    other_model(&mut case);
    case.world.settle().await;
    case.built_nothing();
    assert_eq!(case.phase().await, "ended", "{:#?}", case.said());
    assert!(case.status().contains("no longer configured"), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_phase_default_branch_renamed_after_the_work_changes_nothing() {
    let case = Case::delivered().await;
    case.world.person("ann").renames_branch("main", "trunk").unwrap();
    case.is_built().await;
}
