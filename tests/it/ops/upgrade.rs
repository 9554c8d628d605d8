//! Databases of other versions: an older one is copied as it is and brought up to date, a newer one is refused.

use std::path::Path;

use sqlx::{Connection as _, migrate::Migrator};

use super::{by_hand, does, refuses};
use crate::crash::server::Server;
use crate::crash::town::{Town, in_time};

const NEWEST: &str = "SELECT MAX(version) FROM _sqlx_migrations";

/// A database as the version with only the first migrations made it.
async fn of_the_first_versions(file: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let first = tempfile::tempdir().unwrap();
    for name in ["0001_house.sql", "0002_chores.sql", "0003_phase_since.sql", "0004_requests.sql"] {
        std::fs::copy(here.join(name), first.path().join(name)).unwrap();
    }
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, "").unwrap();
    let mut conn = by_hand(file).await;
    Migrator::new(first.path()).await.unwrap().run_direct(None, &mut conn, false).await.unwrap();
    conn.close().await.unwrap();
}

async fn newest(file: &Path) -> i64 {
    let mut conn = by_hand(file).await;
    let newest = sqlx::query_scalar(NEWEST).fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    newest
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_an_older_database_is_copied_as_it_is_and_works_on_when_it_was_brought_up_to_date() {
    in_time(async {
        let town = Town::new().await;
        let database = Path::new(&town.database);
        of_the_first_versions(database).await;
        let copy = town.dir.path().join("before-the-upgrade");
        does(&town, &["backup", copy.to_str().unwrap()]).await;
        assert_eq!((newest(database).await, newest(&copy).await), (4, 4));

        let server = Server::start(&town.config).await;
        town.people_act().await;
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());
        assert!(newest(database).await > 4);
        assert_eq!(town.outcome().await, Town::undisturbed().await);

        does(&town, &["restore", copy.to_str().unwrap()]).await;
        let server = Server::start(&town.config).await;
        assert!(server.log().shows("0 open runs were held against GitHub").await);
        assert!(server.stops().await.success());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_database_of_the_next_version_is_refused_and_left_alone() {
    in_time(async {
        let town = Town::new().await;
        let database = Path::new(&town.database);
        let server = Server::start(&town.config).await;
        assert!(server.stops().await.success());
        let mut conn = by_hand(database).await;
        let next = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                    VALUES (9999, 'the next', TRUE, x'00', 0)";
        sqlx::query(next).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();

        let server = Server::begin(&town.config, &[]);
        let log = server.log();
        assert_eq!(server.ends().await.code(), Some(1));
        let text = log.whole().await;
        assert!(text.contains("written by a newer version of assentry (it has migration 9999"), "{text}");
        let said = refuses(&town, &["backup", town.dir.path().join("copy").to_str().unwrap()]).await;
        assert!(said.contains("newer version"), "{said}");
        assert!(!town.dir.path().join("copy").exists());
    })
    .await;
}
