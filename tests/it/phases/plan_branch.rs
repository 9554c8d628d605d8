//! Rows 4 and 5: somebody pushes to the plan branch, or deletes it.

use super::Case;
use crate::world::REPO;

const MOVED: &str = "Someone else pushed to the plan branch";
const GONE: &str = "The plan branch was deleted.";

fn pushes(case: &Case) {
    case.world.person("cara").pushes(&case.plan_branch(), "sneaky.md", "more").unwrap();
}

fn deletes(case: &Case) {
    case.world.person("cara").deletes_branch(&case.plan_branch()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_foreign_push_while_waiting_publishes_anew() {
    let case = Case::waiting().await;
    pushes(&case);
    case.waits_with(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_foreign_push_before_the_start_voids() {
    let case = Case::starting().await;
    pushes(&case);
    case.ended_because(MOVED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_foreign_push_while_running_voids_at_the_last_gate() {
    let case = Case::at_work().await;
    pushes(&case);
    case.ended_because(MOVED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_branch_deleted_while_waiting_publishes_anew_once() {
    let case = Case::waiting().await;
    deletes(&case);
    case.waits_with(2).await;
    let pull = case.world.github.pull(REPO, case.pull).unwrap();
    assert!(pull.open, "{pull:?}");

    deletes(&case);
    case.ended_because(GONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_branch_deleted_before_the_start_voids() {
    let case = Case::starting().await;
    deletes(&case);
    case.ended_because(GONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_phase_plan_branch_deleted_while_running_voids_at_the_last_gate() {
    let case = Case::at_work().await;
    deletes(&case);
    case.ended_because(GONE).await;
}
