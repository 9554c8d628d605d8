//! Whoever waits is woken.

use std::time::Duration;

use assentry::ids::Timestamp;
use assentry::store::{NewDelivery, Store};
use assentry::workflow::effect::Lane;
use tokio::sync::watch::Receiver;

use super::on_both;
use super::place::Place;

on_both!(whoever_waits_is_woken_by_a_delivery_and_by_an_effect);

async fn whoever_waits_is_woken_by_a_delivery_and_by_an_effect(place: &Place) {
    let mut news = place.store.news();
    news.borrow_and_update();
    receive(&place.store, "d1").await;
    assert!(rings(&mut news).await);
    news.borrow_and_update();
    place.opens_run(1, &[(Lane::Talk, "say")]).await;
    assert!(rings(&mut news).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_write_of_one_replica_wakes_the_others() {
    let place = Place::postgres().await;
    let other = place.another().await;
    let mut news = other.news();
    // What is told before the other replica has begun to listen is not heard.
    for n in 0..60 {
        receive(&place.store, &format!("d{n}")).await;
        if rings(&mut news).await {
            return;
        }
    }
    panic!("never heard anything");
}

/// Whether the bell rings, in the time that one would wait.
async fn rings(news: &mut Receiver<u64>) -> bool {
    tokio::time::timeout(Duration::from_secs(1), news.changed()).await.is_ok_and(|changed| changed.is_ok())
}

async fn receive(store: &Store, id: &str) {
    let delivery = NewDelivery {
        id: id.parse().unwrap(),
        event: "issues".parse().unwrap(),
        body: b"{}".as_slice().into(),
        repo: None,
        received_at: Timestamp(1),
    };
    store.receive(delivery).await.unwrap();
}
