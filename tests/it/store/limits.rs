//! Limits: so many runs within a day, whoever counts, and one notice of it.

use assentry::ids::{RepoId, Timestamp, UserId};
use assentry::store::{Claim, NewDelivery, OpenRun, OpenRunOutcome, Store, Worker};
use assentry::workflow::limit::{LimitOf, LimitReached, Request, RunLimits};

use super::on_both;
use super::place::{Place, at, lease, opening};

on_both!(
    r12_a_run_beyond_the_limit_is_not_opened_until_the_oldest_that_counts_is_a_day_old,
    r12_of_two_limits_the_one_that_lasts_longer_is_told,
    r12_an_open_run_is_told_before_a_limit,
    r12_at_several_replicas_at_once_no_run_is_one_too_many,
    r12_what_was_said_once_is_forgotten_when_its_time_is_long_over,
    r12_one_delivery_tells_of_a_limit_and_the_same_when_it_is_tried_again,
);

const DAY: i64 = 24 * 60 * 60;

async fn r12_a_run_beyond_the_limit_is_not_opened_until_the_oldest_that_counts_is_a_day_old(place: &Place) {
    assert_eq!(asks(place, 1, (7, 1), 0).await, None);
    assert_eq!(asks(place, 2, (7, 2), 10).await, None);
    let full = Some((LimitOf::Repository, 2, at(DAY)));
    assert_eq!(asks(place, 3, (7, 3), 20).await, full);
    assert_eq!(asks(place, 3, (7, 3), DAY - 1).await, full);
    assert_eq!(asks(place, 1, (8, 3), 20).await, None, "another repository has its own");

    assert_eq!(asks(place, 3, (7, 3), DAY).await, None);
    assert_eq!(asks(place, 4, (7, 4), DAY + 1).await, Some((LimitOf::Repository, 2, at(DAY + 10))));
}

async fn r12_of_two_limits_the_one_that_lasts_longer_is_told(place: &Place) {
    for (issue, by, second) in [(1, 5, 0), (2, 6, 10)] {
        assert_eq!(asks(place, issue, (7, by), second).await, None);
    }
    for (issue, second) in [(1, 20), (2, 30), (3, 40)] {
        assert_eq!(asks(place, issue, (10 + issue, 6), second).await.is_some(), issue == 3);
    }
    assert_eq!(asks(place, 3, (7, 6), 50).await, Some((LimitOf::Person, 3, at(DAY + 10))));
    assert_eq!(asks(place, 3, (7, 5), 50).await, Some((LimitOf::Repository, 2, at(DAY))));
}

async fn r12_an_open_run_is_told_before_a_limit(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    place.opens_run(2, &[]).await;
    let again = place.store.open_run(request(1, (7, 1), 1)).await.unwrap();
    assert_eq!(again, OpenRunOutcome::AlreadyOpen(run));
}

async fn r12_at_several_replicas_at_once_no_run_is_one_too_many(place: &Place) {
    let stores = [place.store.clone(), place.another().await, place.another().await];
    let tries = (0..12_usize).map(|n| {
        let (store, issue): (&Store, i64) = (&stores[n % 3], n.try_into().unwrap());
        store.open_run(request(issue, (7, issue), 1))
    });
    let outcomes = futures::future::join_all(tries).await;
    let opened = outcomes.iter().filter(|outcome| matches!(outcome, Ok(OpenRunOutcome::Opened(_)))).count();
    let full = outcomes.iter().filter(|outcome| matches!(outcome, Ok(OpenRunOutcome::LimitReached(_)))).count();
    assert_eq!((opened, full), (2, 10), "{outcomes:#?}");
}

async fn r12_one_delivery_tells_of_a_limit_and_the_same_when_it_is_tried_again(place: &Place) {
    let (first, second) = (claimed(place, "first").await, claimed(place, "second").await);
    let tells = async |claim: &Claim, name: &str, now: i64| {
        place.store.is_to_tell(claim, name, at(now), at(now.max(50) + 50)).await.unwrap()
    };
    assert!(tells(&first, "limit:7", 1).await);
    assert!(tells(&first, "limit:7", 2).await, "it may have stopped half-way");
    assert!(!tells(&second, "limit:7", 99).await);
    assert!(tells(&second, "limit:8", 99).await);
    assert!(tells(&second, "limit:7", 100).await);
    assert!(!tells(&first, "limit:7", 101).await);
}

async fn r12_what_was_said_once_is_forgotten_when_its_time_is_long_over(place: &Place) {
    let claim = claimed(place, "first").await;
    for (name, until) in [("limit:1", 50), ("limit:2", 60)] {
        assert!(place.store.is_to_tell(&claim, name, at(1), at(until)).await.unwrap());
    }
    assert_eq!(place.store.forget_notices(at(60)).await.unwrap(), 1);
    assert_eq!(place.store.forget_notices(at(61)).await.unwrap(), 1);
    assert_eq!(place.store.forget_notices(at(99)).await.unwrap(), 0);
}

fn request(issue: i64, (repo, by): (i64, i64), second: i64) -> OpenRun {
    let limits = RunLimits { in_repository: 2, by_person: 3 };
    let request = Request { by: UserId(by), at: at(second), limits };
    // When it is written down is by another clock, and nothing is counted by it.
    OpenRun { request, repo: RepoId(repo), now: at(1_000_000), ..opening(issue, &[]) }
}

/// The limit that kept a run from being opened.
async fn asks(place: &Place, issue: i64, whose: (i64, i64), second: i64) -> Option<(LimitOf, u32, Timestamp)> {
    match place.store.open_run(request(issue, whose, second)).await.unwrap() {
        OpenRunOutcome::Opened(_) => None,
        OpenRunOutcome::LimitReached(LimitReached { of, most, until }) => Some((of, most, until)),
        outcome @ (OpenRunOutcome::AlreadyOpen(_) | OpenRunOutcome::LostLease | OpenRunOutcome::AlreadyMeant) => {
            panic!("{outcome:?}")
        }
    }
}

async fn claimed(place: &Place, id: &str) -> Claim {
    let body = b"{}".as_slice().into();
    let delivery =
        NewDelivery { id: id.parse().unwrap(), event: "issues".parse().unwrap(), body, repo: None, received_at: at(0) };
    place.store.receive(delivery).await.unwrap();
    place.store.claim_delivery(&Worker::new("w"), lease(1)).await.unwrap().unwrap().claim
}
