//! Rows 6 to 10: the plan pull request is closed, retargeted, merged or marked ready; the label is removed.

use assentry::demo::github::Mishap;

use super::{Case, all};
use crate::world::REPO;

const RETARGETED: &str = "The plan pull request was pointed at another branch.";
const MERGED: &str = "`cara` merged the plan pull request. Merging approves nothing";

fn retargets(case: &Case) {
    let main = case.world.github.branches(REPO).into_iter().find(|(name, _)| name == "main").unwrap().1;
    let cara = case.world.person("cara");
    cara.makes_branch("other", &main).unwrap();
    cara.retargets(case.pull, "other").unwrap();
}

fn merges(case: &Case) {
    case.world.person("cara").marks_ready(case.pull).unwrap();
    case.world.person("cara").merges(case.pull).unwrap();
}

/// What is held is held for the reconciler, too.
async fn an_hour_later_somebody_looks(case: &Case) {
    case.world.passes(std::time::Duration::from_secs(3600)).await;
    case.world.core.reconcile(case.world.github.now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_closed_in_any_phase_cancels() {
    for case in all().await {
        case.world.person("cara").closes(case.pull).unwrap();
        case.ended_because("`cara` closed the plan pull request").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_retargeted_while_waiting_voids() {
    let case = Case::waiting().await;
    retargets(&case);
    case.ended_because(RETARGETED).await;
    assert!(!case.world.github.pull(REPO, case.pull).unwrap().open);
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_retargeted_before_the_start_voids() {
    let case = Case::starting().await;
    retargets(&case);
    case.ended_because(RETARGETED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_retargeted_while_running_voids_at_the_last_gate() {
    let case = Case::at_work().await;
    retargets(&case);
    case.ended_because(RETARGETED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_retargeted_unheard_is_seen_at_the_gate() {
    let case = Case::waiting().await;
    case.world.github.deliveries_go_wrong("pull_request", u32::MAX, Mishap::Lost);
    retargets(&case);
    case.world.person("bob").approves(case.pull).unwrap();
    case.ended_because(RETARGETED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d50_f37_phase_plan_pull_merged_while_waiting_voids() {
    let case = Case::waiting().await;
    merges(&case);
    case.ended_because("merging approves nothing").await;
    assert!(case.has_said(MERGED), "{:#?}", case.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn d50_f37_phase_plan_pull_merged_before_the_start_holds_until_someone_approves_again() {
    let case = Case::starting().await;
    merges(&case);
    case.waits_with(1).await;
    an_hour_later_somebody_looks(&case).await;
    case.waits_with(1).await;
    assert!(case.has_said(MERGED), "{:#?}", case.said());
    case.approves_again().await;
    case.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d50_f37_phase_plan_pull_merged_while_running_holds_the_push_until_someone_approves_again() {
    let case = Case::at_work().await;
    merges(&case);
    case.is_held().await;
    an_hour_later_somebody_looks(&case).await;
    case.is_held().await;
    assert!(case.has_said(MERGED), "{:#?}", case.said());
    case.approves_again().await;
    case.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_pull_marked_ready_in_any_phase_changes_nothing() {
    let case = Case::waiting().await;
    case.world.person("cara").marks_ready(case.pull).unwrap();
    case.waits_with(1).await;
    for case in [case.approved().await, Case::at_work().await] {
        if case.world.github.pull(REPO, case.pull).unwrap().draft {
            case.world.person("cara").marks_ready(case.pull).unwrap();
        }
        case.is_built().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_phase_label_removed_in_any_phase_cancels() {
    for case in all().await {
        case.world.person("tim").unlabels(case.issue, "assentry").unwrap();
        case.ended_because("`tim` removed the label").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_label_removed_and_plan_pull_reopened_closed_and_retargeted_after_the_work_change_nothing() {
    let case = Case::delivered().await;
    let (before, said) = (case.status(), case.said().len());
    let (ann, tim) = (case.world.person("ann"), case.world.person("tim"));
    ann.pushes("release", "RELEASE.md", "one").unwrap();
    tim.unlabels(case.issue, "assentry").unwrap();
    case.world.settle().await;
    // GitHub does not open a pull request again whose branch is gone.
    let _ = ann.reopens(case.pull);
    let _ = ann.retargets(case.pull, "release");
    let _ = ann.closes(case.pull);
    case.is_built().await;
    assert_eq!((case.status(), case.said().len()), (before, said));
}
