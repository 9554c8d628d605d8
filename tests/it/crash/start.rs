//! A server that cannot start says why, and with which code.

use std::process::ExitStatus;

use assentry::store::Store;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::net::TcpListener;

use super::server::Server;
use super::town::{Town, in_time};

/// Starts a server that ends by itself; what it said.
async fn refused(town: &Town, more: &[&str]) -> (ExitStatus, String) {
    let server = Server::begin(&town.config, more);
    let log = server.log();
    let status = server.ends().await;
    (status, log.whole().await)
}

#[tokio::test]
async fn a_configuration_with_mistakes_is_refused_with_all_of_them_and_code_2() {
    let town = Town::new().await;
    let text = std::fs::read_to_string(&town.config).unwrap();
    let text = text.replace("app_id = 4711", "app_id = 0").replace("look_ups = []", "look_ups = ['soon']");
    std::fs::write(&town.config, text + "\n[limits]\nconcurent_runs = 2\n").unwrap();
    std::fs::write(town.dir.path().join("key.pem"), "not a key").unwrap();

    let (status, text) = refused(&town, &[]).await;

    assert_eq!(status.code(), Some(2), "{text}");
    for mistake in ["app_id", "look_ups", "concurent_runs", "private_key_file"] {
        assert!(text.contains(mistake), "{mistake} is missing in {text}");
    }
    assert!(!text.contains("not a key"), "a secret in {text}");
}

#[tokio::test]
async fn an_app_without_a_permission_is_refused_by_the_permissions_name() {
    let town = Town::new().await;
    town.github.permits("pull_requests", None);
    let (status, text) = refused(&town, &[]).await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("pull_requests"), "{text}");
}

#[tokio::test]
async fn a_key_of_another_app_is_refused_with_what_to_check() {
    let town = Town::new().await;
    let text = std::fs::read_to_string(&town.config).unwrap().replace("app_id = 4711", "app_id = 4712");
    std::fs::write(&town.config, text).unwrap();
    let (status, text) = refused(&town, &[]).await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("app_id") && text.contains("private_key_file"), "{text}");
}

#[tokio::test]
async fn a_taken_address_is_refused_by_its_name() {
    let town = Town::new().await;
    let _taken = TcpListener::bind(&town.door).await.unwrap();
    let (status, text) = refused(&town, &[]).await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("cannot listen on {}", town.door)), "{text}");
}

#[tokio::test]
async fn f26_a_database_of_a_newer_version_is_refused_and_left_alone() {
    let town = Town::new().await;
    Store::open(&town.database).await.unwrap().close().await;
    let mut conn = AnyConnection::connect(&format!("sqlite://{}", town.database)).await.unwrap();
    conn.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of tomorrow', TRUE, x'00', 0)",
    )
    .await
    .unwrap();
    conn.close().await.unwrap();
    let (status, text) = refused(&town, &[]).await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("newer version") && text.contains("9999"), "{text}");
}

#[tokio::test]
async fn f23_a_second_server_on_one_sqlite_file_is_refused() {
    let town = Town::new().await;
    let server = Server::start(&town.config).await;
    let (status, text) = refused(&town, &["--roles", "worker"]).await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("PostgreSQL"), "{text}");
    assert!(server.stops().await.success());
}

#[tokio::test]
async fn an_unknown_role_is_refused_with_those_there_are() {
    let town = Town::new().await;
    let (status, text) = refused(&town, &["--roles", "web,cook"]).await;
    assert_eq!(status.code(), Some(2), "{text}");
    for role in ["cook", "web", "worker", "runner"] {
        assert!(text.contains(role), "{text}");
    }
}

#[tokio::test]
async fn a_server_without_the_role_does_not_listen() {
    in_time(async {
        let town = Town::new().await;
        let _taken = TcpListener::bind(&town.door).await.unwrap();
        let server = Server::begin(&town.config, &["--roles", "worker,runner"]);
        assert!(server.log().shows("we are assentry[bot]").await);
        let log = server.log();
        assert!(server.stops().await.success());
        assert!(!log.whole().await.contains("listening"));
    })
    .await;
}
