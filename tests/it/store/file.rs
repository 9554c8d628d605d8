//! The file that SQLite keeps everything in.

use std::os::unix::fs::PermissionsExt as _;

use assentry::store::{Finish, Held, Others, Store, StoreError};
use assentry::workflow::effect::Lane;

use super::place::{Place, at};

#[tokio::test]
async fn t41_nobody_else_can_read_the_database_file() {
    let place = Place::sqlite().await;
    place.opens_run(1, &[]).await;
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{}{suffix}", place.url)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_refused_with_the_reason_and_without_the_password() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below_a_file = file.path().join("x.db").display().to_string();
    for (address, reason) in [
        (below_a_file.as_str(), "cannot make the folder"),
        ("mysql://root@localhost/x", "neither a file"),
        (":memory:", "names no file"),
        ("postgres://u:canary@[nowhere/x", "postgres"),
    ] {
        let error = Store::open(address).await.unwrap_err();
        assert!(matches!(error, StoreError::Address { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(reason) && !text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "these are my notes, not a database".repeat(100);
    std::fs::write(file.path(), &text).unwrap();
    let error = Store::open(&file.path().display().to_string()).await.unwrap_err();
    assert!(matches!(error, StoreError::Address { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
}

#[tokio::test]
async fn f17_what_a_server_that_is_gone_held_is_taken_over_at_once_and_its_writes_are_refused() {
    let place = Place::sqlite().await;
    place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let Others::None(lock, 0) = place.store.take_over().await.unwrap() else { panic!("somebody else is there") };
    let gone = place.takes("gone", 1).await.unwrap();
    let next = place.another().await;
    assert!(matches!(next.take_over().await.unwrap(), Others::AtWork));
    assert_eq!(place.takes("next", 2).await, None);

    drop(lock);
    let taken = next.take_over().await.unwrap();
    assert!(matches!(taken, Others::None(_, 1)), "{taken:?}");
    assert_eq!(place.takes("next", 2).await.map(|effect| effect.attempts), Some(2));
    assert_eq!(place.store.finish(Finish::done(gone.claim), at(3)).await.unwrap(), Held::Lost);
}

#[tokio::test]
async fn f57_a_take_over_forgives_no_try_that_ended_the_process() {
    let place = Place::sqlite().await;
    place.opens_run(1, &[(Lane::Work, "poison")]).await;
    for start in 1..=3 {
        let tried = place.takes(&format!("start {start}"), 1).await.unwrap();
        assert!(!tried.poisoned);
        drop(place.store.take_over().await.unwrap());
    }
    assert!(place.takes("start 4", 1).await.unwrap().poisoned);
}

#[tokio::test]
async fn f23_leases_on_postgresql_are_left_to_their_end() {
    let place = Place::postgres().await;
    place.opens_run(1, &[(Lane::Work, "plan")]).await;
    assert!(place.takes("one", 1).await.is_some());
    assert!(matches!(place.store.take_over().await.unwrap(), Others::Possible));
    assert_eq!(place.takes("other", 2).await, None);
}
