//! Chores: done by one replica for all.

use std::time::Duration;

use super::on_both;
use super::place::{Place, at};

on_both!(f06_of_several_replicas_one_takes_a_chore_until_its_time_is_over);

async fn f06_of_several_replicas_one_takes_a_chore_until_its_time_is_over(place: &Place) {
    let minute = Duration::from_secs(60);
    let replicas = [place.store.clone(), place.another().await, place.another().await];
    let tries = replicas.iter().map(|store| store.take_chore("look", at(1), minute));
    let taken = futures::future::join_all(tries).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);

    assert!(!place.store.take_chore("look", at(60), minute).await.unwrap());
    assert!(place.store.take_chore("other", at(60), minute).await.unwrap());
    assert!(place.store.take_chore("look", at(61), minute).await.unwrap());
    assert!(place.store.take_chore("look", at(-1_000_000), minute).await.unwrap(), "the clock was set back");
}
