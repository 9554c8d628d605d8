//! The last row: a plan that nobody decides about is called to mind once and then closed; approvals expire.

use std::time::Duration;

use super::Case;
use crate::world::REPO;

const DAY: Duration = Duration::from_secs(24 * 3600);
const REMINDER: &str = "still waits for approval";

fn reminders(case: &Case) -> usize {
    case.said().iter().filter(|text| text.contains(REMINDER)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_time_passes_while_waiting_reminds_once_after_five_days_and_closes_after_fourteen() {
    let case = Case::waiting().await;
    case.world.passes(4 * DAY).await;
    assert_eq!(reminders(&case), 0);
    case.world.passes(DAY).await;
    assert_eq!(reminders(&case), 1);
    case.world.passes(8 * DAY).await;
    case.waits_with(1).await;
    assert_eq!(reminders(&case), 1);
    case.world.passes(DAY).await;
    case.ended_because("Nobody approved the plan for a long time").await;
    assert!(!case.world.github.pull(REPO, case.pull).unwrap().open);
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_time_passes_after_a_new_version_is_counted_anew() {
    let case = Case::waiting().await;
    case.world.passes(4 * DAY).await;
    case.world.person("cara").comments(case.issue, "/plan").unwrap();
    case.waits_with(2).await;
    case.world.passes(2 * DAY).await;
    assert_eq!(reminders(&case), 0);
    case.world.passes(3 * DAY).await;
    assert_eq!(reminders(&case), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_time_passes_before_the_start_expires_the_approval() {
    let case = Case::starting().await;
    case.world.github.advances(8 * DAY);
    case.waits_with(1).await;
    assert!(case.status().contains("is too old to start work on"), "{}", case.status());
}
