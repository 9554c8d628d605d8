//! What was taken back and told to nobody: the gates of the start and of the push read the approvals again by which they
//! would say yes, once a webhook can no longer be on its way.

use std::time::Duration;

use assentry::demo::github::{Fault, Mishap, Wrong};

use super::Waiting;

/// Until then a webhook may still be on its way.
const LATE: Duration = Duration::from_secs(660);

impl Waiting {
    fn goes_deaf(&self) {
        self.world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_f05_a_dismissal_before_the_start_that_nobody_told_is_seen_at_the_gate() {
    let waiting = Waiting::begin().await;
    let review = waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "starting").await;
    waiting.goes_deaf();
    waiting.world.person("cara").dismisses(waiting.pull, review, "not yet").unwrap();
    waiting.world.github.advances(LATE);
    waiting.still_waits().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d27_f05_one_of_two_approvals_deleted_or_edited_and_told_to_nobody_does_not_count() {
    for edited in [false, true] {
        let waiting = Waiting::with("required = 2").await;
        let text = format!("/approve {}", waiting.digest().await);
        let comment = waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
        waiting.still_waits().await;
        waiting.world.github.advances(LATE);
        waiting.goes_deaf();
        let bob = waiting.world.person("bob");
        if edited {
            bob.edits_comment(comment, "hm").unwrap();
        } else {
            bob.deletes_comment(comment).unwrap();
        }
        waiting.world.settle().await;
        waiting.world.github.heals();
        waiting.world.person("cara").comments(waiting.issue, &text).unwrap();
        waiting.still_waits().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_d28_f05_a_dismissal_during_the_work_that_nobody_told_holds_the_push() {
    let waiting = Waiting::begin().await;
    let review = waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "executing").await;
    waiting.goes_deaf();
    waiting.world.person("cara").dismisses(waiting.pull, review, "not yet").unwrap();
    waiting.world.github.advances(LATE);
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering");
    waiting.built_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn p_f60_an_approval_that_cannot_be_read_again_holds_until_it_can() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "executing").await;
    let path = format!("/pulls/{}/reviews/", waiting.pull);
    waiting.world.github.goes_wrong(Fault { method: "GET", path, times: u32::MAX, wrong: Wrong::RefusedBefore(502) });
    waiting.world.github.advances(LATE);
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering");
    waiting.built_nothing();

    waiting.world.github.heals();
    waiting.world.passes(Duration::from_secs(3600)).await;
    waiting.is_built().await;
}
