//! Deliveries: stored once, kept, taken by one.

use std::pin::pin;
use std::time::Duration;

use assentry::ids::{DeliveryId, RepoId};
use assentry::store::{Finish, Held, NewDelivery, Received, Replayed, StoreError, Worker};
use futures::poll;
use tokio::time::timeout;

use super::on_both;
use super::place::{Place, at, lease};

on_both!(
    a_delivery_is_given_as_it_came_oldest_first,
    f01_a_second_copy_changes_nothing,
    f02_of_copies_at_the_same_moment_at_several_replicas_one_is_new,
    f08_what_was_acknowledged_is_there_after_a_crash,
    f09_what_cannot_be_stored_is_not_acknowledged,
    f10_a_flood_from_one_repository_does_not_hold_up_another,
    f01_a_delivery_of_an_idle_repository_that_is_replayed_is_taken,
    f10_who_left_the_line_while_a_delivery_came_in_stands_in_it_again,
    f16_a_stopping_worker_hands_its_delivery_back_at_once,
    f17_a_dead_workers_delivery_is_taken_when_its_lease_ends,
    f25_a_lease_from_before_the_clock_was_set_back_has_ended,
    f57_a_delivery_that_ends_the_process_is_set_aside_and_others_go_on,
    a_writer_whom_nobody_polls_holds_up_nobody,
    old_deliveries_are_forgotten_when_they_were_dealt_with,
);

async fn a_delivery_is_given_as_it_came_oldest_first(place: &Place) {
    place.store.receive(delivery("late", 9)).await.unwrap();
    let early = NewDelivery { body: vec![0, 255, 10, b'{'].into(), ..delivery("early", 3) };
    place.store.receive(early).await.unwrap();

    let first = place.store.claim_delivery(&Worker::new("w"), lease(10)).await.unwrap().unwrap();
    assert_eq!((first.delivery.id.as_str(), first.delivery.event.as_str()), ("early", "issues"));
    assert_eq!((first.delivery.body, first.delivery.received_at, first.attempts), (vec![0, 255, 10, b'{'], at(3), 1));

    assert_eq!(place.store.finish(Finish::done(first.claim), at(11)).await.unwrap(), Held::Yes);
    assert_eq!(claims(place, "w", 11).await.as_deref(), Some("late"));
    assert_eq!(claims(place, "w", 11).await, None);
}

async fn f10_a_flood_from_one_repository_does_not_hold_up_another(place: &Place) {
    let send = |id: String, repo: i64, second: i64| async move {
        let delivery = NewDelivery { repo: Some(RepoId(repo)), ..delivery(&id, second) };
        place.store.receive(delivery).await.unwrap();
    };
    let takes = |second: i64| async move {
        let taken = place.store.claim_delivery(&Worker::new("w"), lease(second)).await.unwrap()?;
        assert_eq!(place.store.finish(Finish::done(taken.claim), at(second)).await.unwrap(), Held::Yes);
        Some(taken.delivery.id.as_str().to_owned())
    };
    for n in 0..300 {
        send(format!("flood-{n:03}"), 7, n).await;
    }
    assert_eq!(takes(400).await.as_deref(), Some("flood-000"));
    send("cancel".to_owned(), 8, 400).await;
    send("later".to_owned(), 8, 401).await;
    send("other".to_owned(), 9, 402).await;
    let mut order = vec![];
    for _ in 0..6 {
        order.push(takes(500).await.unwrap());
    }
    assert_eq!(order, ["cancel", "other", "flood-001", "later", "flood-002", "flood-003"]);

    // Who was forgotten while idle lines up again.
    place.store.prune(at(0)).await.unwrap();
    send("again".to_owned(), 9, 600).await;
    assert_eq!(takes(700).await.as_deref(), Some("again"));
    assert_eq!(takes(700).await.as_deref(), Some("flood-004"));
}

async fn f01_a_delivery_of_an_idle_repository_that_is_replayed_is_taken(place: &Place) {
    for repo in [8, 9] {
        let delivery = NewDelivery { repo: Some(RepoId(repo)), ..delivery(&format!("of-{repo}"), repo) };
        place.store.receive(delivery).await.unwrap();
        let taken = place.store.claim_delivery(&Worker::new("w"), lease(10)).await.unwrap().unwrap();
        assert_eq!(place.store.finish(Finish::done(taken.claim), at(10)).await.unwrap(), Held::Yes);
    }
    place.store.prune(at(0)).await.unwrap();

    let id: DeliveryId = "of-9".parse().unwrap();
    assert_eq!(place.store.replay(&id, "ann", at(20)).await.unwrap(), Replayed::Again);
    assert_eq!(claims(place, "w", 20).await.as_deref(), Some("of-9"));
    assert_eq!(claims(place, "w", 20).await, None);
}

async fn f10_who_left_the_line_while_a_delivery_came_in_stands_in_it_again(place: &Place) {
    for (id, repo) in [("a", 8), ("b", 9)] {
        place.store.receive(NewDelivery { repo: Some(RepoId(repo)), ..delivery(id, repo) }).await.unwrap();
    }
    // As where idle repositories leave the line between its look and the commit of the delivery.
    place.tamper("DELETE FROM served WHERE repo_id <> 0").await;
    assert_eq!(claims(place, "w", 20).await, None);
    assert_eq!(place.store.replay(&"b".parse().unwrap(), "ann", at(20)).await.unwrap(), Replayed::Waits);
    assert_eq!(claims(place, "w", 20).await.as_deref(), Some("a"));

    place.tamper("DELETE FROM served WHERE repo_id <> 0").await;
    assert_eq!((place.store.line_up().await.unwrap(), place.store.line_up().await.unwrap()), (2, 0));
    assert_eq!(claims(place, "w", 20).await.as_deref(), Some("b"));
}

async fn f01_a_second_copy_changes_nothing(place: &Place) {
    assert_eq!(place.store.receive(delivery("a", 1)).await.unwrap(), Received::New);
    let changed = NewDelivery { body: b"other".as_slice().into(), ..delivery("a", 2) };
    assert_eq!(place.store.receive(changed).await.unwrap(), Received::Again);

    let claimed = place.store.claim_delivery(&Worker::new("w"), lease(3)).await.unwrap().unwrap();
    assert_eq!((claimed.delivery.body, claimed.delivery.received_at), (b"{}".to_vec(), at(1)));
    assert_eq!(claims(place, "w", 3).await, None);
}

async fn f02_of_copies_at_the_same_moment_at_several_replicas_one_is_new(place: &Place) {
    let replicas = [place.store.clone(), place.another().await, place.another().await];
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = replicas[n % 3].clone();
            tokio::spawn(async move { store.receive(delivery("same", 1)).await.unwrap() })
        })
        .collect();

    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap() == Received::New);
    }
    assert_eq!(new, 1);
}

async fn f08_what_was_acknowledged_is_there_after_a_crash(place: &Place) {
    let doomed = place.another().await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let store = doomed.clone();
            tokio::spawn(async move { store.receive(delivery(&format!("d{n}"), n)).await.map(|_| n) })
        })
        .collect();
    let mut acknowledged = vec![];
    for (n, task) in tasks.into_iter().enumerate() {
        // Some callers hang up before the answer.
        if n % 3 == 0 {
            task.abort();
        } else {
            acknowledged.push(format!("d{}", task.await.unwrap().unwrap()));
        }
    }
    drop(doomed);

    let mut stored = vec![];
    while let Some(id) = claims(place, "w", 200).await {
        stored.push(id);
    }
    assert!(acknowledged.iter().all(|id| stored.contains(id)), "{acknowledged:?} {stored:?}");
}

async fn f09_what_cannot_be_stored_is_not_acknowledged(place: &Place) {
    place.store.close().await;
    let error = place.store.receive(delivery("a", 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Down(_)) && error.is_passing(), "{error:?}");
    assert!(place.store.ready().await.is_err());
}

async fn f16_a_stopping_worker_hands_its_delivery_back_at_once(place: &Place) {
    place.store.receive(delivery("a", 1)).await.unwrap();
    for _ in 0..9 {
        assert_eq!(claims(place, "stops", 2).await.as_deref(), Some("a"));
        assert_eq!(claims(place, "other", 2).await, None);
        assert_eq!(place.store.hand_back(&Worker::new("stops")).await.unwrap(), 1);
    }
    assert_eq!(claims(place, "other", 2).await.as_deref(), Some("a"));
}

async fn f17_a_dead_workers_delivery_is_taken_when_its_lease_ends(place: &Place) {
    place.store.receive(delivery("a", 1)).await.unwrap();
    let dead = place.store.claim_delivery(&Worker::new("dead"), lease(2)).await.unwrap().unwrap();
    assert_eq!(place.store.heartbeat(&dead.claim, lease(10)).await.unwrap(), Held::Yes);

    assert_eq!(claims(place, "next", 39).await, None);
    assert_eq!(claims(place, "next", 40).await.as_deref(), Some("a"));
    assert_eq!(place.store.finish(Finish::done(dead.claim), at(41)).await.unwrap(), Held::Lost);
}

async fn f25_a_lease_from_before_the_clock_was_set_back_has_ended(place: &Place) {
    place.store.receive(delivery("a", 1)).await.unwrap();
    assert_eq!(claims(place, "before", 90_000).await.as_deref(), Some("a"));
    assert_eq!(claims(place, "after", 2).await.as_deref(), Some("a"));
}

async fn f57_a_delivery_that_ends_the_process_is_set_aside_and_others_go_on(place: &Place) {
    place.store.receive(delivery("poison", 1)).await.unwrap();
    for start in 1..=3 {
        assert_eq!(claims(place, &format!("start {start}"), start * 100).await.as_deref(), Some("poison"));
    }
    place.store.receive(delivery("other", 350)).await.unwrap();

    assert_eq!(claims(place, "start 4", 400).await.as_deref(), Some("other"));
    assert_eq!(claims(place, "start 4", 400).await, None);
    assert_eq!(place.store.deliveries_set_aside().await.unwrap(), 1);
}

/// A lost wake-up that was seen: work that had begun a write waited for its own heartbeat, and the heartbeat for it.
async fn a_writer_whom_nobody_polls_holds_up_nobody(place: &Place) {
    place.store.receive(delivery("a", 1)).await.unwrap();
    let claim = place.store.claim_delivery(&Worker::new("w"), lease(2)).await.unwrap().unwrap().claim;

    let mut begun = pin!(place.store.finish(Finish::done(claim.clone()), at(3)));
    assert!(poll!(begun.as_mut()).is_pending());
    let beat = timeout(Duration::from_secs(30), place.store.heartbeat(&claim, lease(3))).await;
    let door = timeout(Duration::from_secs(30), place.store.receive(delivery("b", 4))).await;

    assert!(beat.is_ok() && door.is_ok(), "everybody waits for a write that nobody goes on with");
    assert_eq!(begun.await.unwrap(), Held::Yes);
}

async fn old_deliveries_are_forgotten_when_they_were_dealt_with(place: &Place) {
    for (id, second) in [("done", 1), ("waiting", 2), ("young", 9)] {
        place.store.receive(delivery(id, second)).await.unwrap();
    }
    let first = place.store.claim_delivery(&Worker::new("w"), lease(10)).await.unwrap().unwrap();
    assert_eq!(place.store.finish(Finish::ignored(first.claim, "not ours"), at(11)).await.unwrap(), Held::Yes);

    assert_eq!(place.store.prune(at(5)).await.unwrap(), 1);
    assert_eq!(claims(place, "w", 12).await.as_deref(), Some("waiting"));
    assert_eq!(claims(place, "w", 12).await.as_deref(), Some("young"));
}

async fn claims(place: &Place, worker: &str, second: i64) -> Option<String> {
    let claimed = place.store.claim_delivery(&Worker::new(worker), lease(second)).await.unwrap();
    claimed.map(|claimed| claimed.delivery.id.to_string())
}

fn delivery(id: &str, second: i64) -> NewDelivery {
    NewDelivery {
        id: id.parse::<DeliveryId>().unwrap(),
        event: "issues".parse().unwrap(),
        body: b"{}".as_slice().into(),
        repo: None,
        received_at: at(second),
    }
}
