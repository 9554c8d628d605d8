//! Databases of other versions: an older one is brought up to date and keeps what it has, a newer one is refused.

use std::path::{Path, PathBuf};

use assentry::ids::{InstallationId, Timestamp};
use assentry::store::{Lease, Store, StoreError, Worker};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[tokio::test]
async fn a_database_of_each_earlier_version_is_brought_up_to_date_and_keeps_what_it_has() {
    for version in 1..files().len() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("assentry.db");
        let pool = of_version(&file, version).await;
        for statement in ROWS {
            sqlx::raw_sql(statement).execute(&pool).await.unwrap();
        }
        pool.close().await;

        let store = Store::open(&file.display().to_string()).await.unwrap();
        let runs = store.runs(None, 10).await.unwrap();
        let lease = Lease { now: Timestamp(9_000), length: std::time::Duration::from_secs(30) };
        let delivery = store.claim_delivery(&Worker::new("w"), lease).await.unwrap().unwrap();

        let run = &runs[0];
        assert_eq!((runs.len(), run.installation, run.phase.as_str()), (1, InstallationId(7), "planning"), "{version}");
        // The third version counts this from the last change.
        assert!(version > 2 || run.phase_since == run.updated_at, "{version}: {run:?}");
        assert_eq!(delivery.delivery.id, "d1".parse().unwrap(), "{version}");
        assert_eq!(delivery.delivery.body, b"{}", "{version}");
    }
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("assentry.db");
    let last = files().pop().unwrap();
    let known: i64 = last.file_name().unwrap().to_str().unwrap()[..4].parse().unwrap();
    let pool = of_version(&file, files().len()).await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9001, 'from the future', TRUE, x'00', 0)";
    sqlx::raw_sql(later).execute(&pool).await.unwrap();
    pool.close().await;

    let error = Store::open(&file.display().to_string()).await.unwrap_err();

    assert!(matches!(error, StoreError::Newer { found: 9001, known: k } if k == known), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("newer") && said.contains("9001"), "{said}");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let applied: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    assert_eq!(applied, i64::try_from(files().len() + 1).unwrap());
}

/// One run and one delivery, as the first version wrote them.
const ROWS: [&str; 2] = [
    "INSERT INTO runs (id, installation_id, repo_id, repo_name, issue_id, issue_number, origin, phase, state, version, \
     open, opened_at, updated_at) VALUES (1, 7, 3, 'acme/widget', 5, 42, '{}', 'planning', '{}', 2, 1, 1000, 2000)",
    "INSERT INTO deliveries (id, event, body, received_at, state, run_at, attempts, silent, fence, leased_until) \
     VALUES ('d1', 'issues', x'7b7d', 1000, 'due', 1000, 0, 0, 0, 0)",
];

/// The migrations, oldest first.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Makes a database as the version made it that had so many migrations.
async fn of_version(file: &Path, migrations: usize) -> SqlitePool {
    let folder = tempfile::tempdir().unwrap();
    for migration in &files()[..migrations] {
        std::fs::copy(migration, folder.path().join(migration.file_name().unwrap())).unwrap();
    }
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    Migrator::new(folder.path()).await.unwrap().run(&pool).await.unwrap();
    pool
}
