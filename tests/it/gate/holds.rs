//! What a gate does that does not know enough (rule P).

use std::time::Duration;

use assentry::demo::github::{Fault, Wrong};

use super::Waiting;

const HOUR: Duration = Duration::from_secs(3600);

impl Waiting {
    /// GitHub does not say what anybody may.
    fn permissions_are_away(&self) {
        let wrong = Wrong::RefusedBefore(502);
        let path = "/collaborators/".to_owned();
        self.world.github.goes_wrong(Fault { method: "GET", path, times: 100_000, wrong });
    }

    /// How often it was asked what anybody may.
    fn asked(&self) -> usize {
        self.world.github.requests().iter().filter(|request| request.path.contains("/collaborators/")).count()
    }

    fn asked_in_public(&self) -> usize {
        let begins = "For a day I could not find out whether this version is approved";
        self.world.said(self.issue).iter().filter(|text| text.starts_with(begins)).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d37_a_hold_asks_again_in_one_chain_however_often_people_act() {
    let waiting = Waiting::begin().await;
    waiting.permissions_are_away();
    for _ in 0..8 {
        waiting.world.person("bob").approves(waiting.pull).unwrap();
        waiting.world.settle_now().await;
    }
    let before = waiting.asked();

    waiting.world.passes(Duration::from_secs(30)).await;
    for _ in 0..60 {
        waiting.world.passes(Duration::from_secs(60)).await;
    }
    assert!((5..30).contains(&(waiting.asked() - before)), "{}", waiting.asked() - before);

    waiting.world.github.heals();
    waiting.world.passes(HOUR / 4).await;
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_p_after_a_day_people_are_asked_in_public_and_time_never_says_yes() {
    let waiting = Waiting::begin().await;
    waiting.permissions_are_away();
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.settle().await;
    assert!(waiting.status().contains("GitHub does not say at the moment what `bob` may do here; it is asked again."));
    waiting.world.passes(23 * HOUR).await;
    assert_eq!(waiting.asked_in_public(), 0);

    waiting.world.passes(HOUR).await;
    waiting.world.passes(HOUR).await;
    assert_eq!(waiting.asked_in_public(), 1);
    assert!(waiting.status().contains("approving once more makes me ask anew"), "{}", waiting.status());

    let asked = waiting.asked();
    waiting.world.github.heals();
    waiting.world.passes(24 * HOUR).await;
    waiting.still_waits().await;
    assert_eq!((waiting.asked(), waiting.asked_in_public()), (asked, 1));

    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_p_the_last_gate_holds_for_a_day_and_pushes_nothing() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "delivering").await;
    waiting.permissions_are_away();
    waiting.world.settle().await;
    waiting.world.passes(25 * HOUR).await;
    assert_eq!((waiting.world.phase(waiting.issue).await.as_str(), waiting.asked_in_public()), ("delivering", 1));
    waiting.built_nothing();

    waiting.world.github.heals();
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_p_a_plan_pull_request_that_cannot_be_read_holds_the_push_and_is_asked_for_a_day() {
    for status in [404, 502] {
        let waiting = Waiting::begin().await;
        waiting.world.person("bob").approves(waiting.pull).unwrap();
        waiting.world.until(waiting.issue, "delivering").await;
        let (path, wrong) = ("/graphql".to_owned(), Wrong::RefusedBefore(status));
        waiting.world.github.goes_wrong(Fault { method: "POST", path, times: 100_000, wrong });
        waiting.world.settle().await;
        assert!(waiting.status().contains("what became of the repository"), "{status}: {}", waiting.status());
        waiting.world.passes(25 * HOUR).await;
        assert_eq!((waiting.world.phase(waiting.issue).await.as_str(), waiting.asked_in_public()), ("delivering", 1));
        waiting.built_nothing();

        waiting.world.github.heals();
        waiting.world.person("cara").approves(waiting.pull).unwrap();
        waiting.is_built().await;
    }
}
