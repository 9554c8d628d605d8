//! Opens the database: which one, how it syncs, and whether this version may use it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::statfs;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::{Mutex, MutexGuard};

use super::errors::StoreError;
use crate::ids::Timestamp;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

// A commit is on disk before it is acknowledged (synchronous=FULL). The cache is kept small: an idle server is small.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; \
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024; PRAGMA journal_size_limit = 16777216";

// The first ends a transaction that its task left behind, the second a statement that waits for a dead replica's lock.
const POSTGRES_SETTINGS: &str = "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '20s'";

const POSTGRES_CLOCK: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// The pool, and what differs between the two databases.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) pool: AnyPool,
    kind: Arc<Kind>,
}

enum Kind {
    /// One writer at a time, first come first served: SQLite's own waiting for its lock is neither fair nor fast.
    Sqlite {
        file: PathBuf,
        gate: Mutex<()>,
        opened: Instant,
        opened_at: Timestamp,
    },
    Postgres,
}

impl Database {
    /// The right to write, where there is one writer at a time. To be held by a task of the store's own only: a caller
    /// that holds it, or is next in line, and is not polled would hold up everybody for ever.
    pub(super) async fn gate(&self) -> Option<MutexGuard<'_, ()>> {
        match &*self.kind {
            Kind::Sqlite { gate, .. } => Some(gate.lock().await),
            Kind::Postgres => None,
        }
    }

    /// Whether other processes may write at the same time, on other machines perhaps.
    pub(super) fn is_shared(&self) -> bool {
        match &*self.kind {
            Kind::Sqlite { .. } => false,
            Kind::Postgres => true,
        }
    }

    /// Where the database is, if it is a file of this machine.
    pub(super) fn file(&self) -> Option<&Path> {
        match &*self.kind {
            Kind::Sqlite { file, .. } => Some(file),
            Kind::Postgres => None,
        }
    }

    /// How a transaction that will write begins. SQLite must take its lock at once: a read lock cannot always grow.
    pub(super) fn begin(&self) -> &'static str {
        match &*self.kind {
            Kind::Sqlite { .. } => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        }
    }

    pub(super) async fn clock(&self) -> Result<Timestamp, StoreError> {
        match &*self.kind {
            Kind::Sqlite { opened, opened_at, .. } => Ok(opened_at.plus(opened.elapsed())),
            Kind::Postgres => Ok(Timestamp(sqlx::query_scalar(POSTGRES_CLOCK).fetch_one(&self.pool).await?)),
        }
    }
}

pub(super) async fn open(address: &str) -> Result<Database, StoreError> {
    connect(address, Tables::UpToDate).await
}

/// Opens a database whose tables stay as they are.
pub(super) async fn open_as_it_is(address: &str) -> Result<Database, StoreError> {
    connect(address, Tables::AsTheyAre).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tables {
    UpToDate,
    AsTheyAre,
}

async fn connect(address: &str, tables: Tables) -> Result<Database, StoreError> {
    sqlx::any::install_default_drivers();
    let shown = without_password(address);
    let bad = |why: String| StoreError::Address { address: shown.clone(), why };

    let (url, settings, connections, kind) = if is_postgres(address) {
        (address.to_owned(), POSTGRES_SETTINGS, 16, Kind::Postgres)
    } else {
        let path = sqlite_path(address).map_err(&bad)?;
        prepare_file(&path).map_err(&bad)?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let opened_at = Timestamp(0).plus(since_epoch);
        let url = sqlite_url(&path);
        let kind = Kind::Sqlite { file: path, gate: Mutex::new(()), opened: Instant::now(), opened_at };
        (url, SQLITE_SETTINGS, 4, kind)
    };

    let options = AnyConnectOptions::from_url(&url.parse().map_err(|e: url::ParseError| bad(e.to_string()))?)
        .map_err(|e| bad(e.to_string()))?
        .disable_statement_logging();
    // The pool tries again and again whatever is wrong, so what is wrong is found on a connection of its own.
    let mut first = AnyConnection::connect_with(&options).await.map_err(|e| bad(e.to_string()))?;
    set_up(&mut first, settings).await.map_err(|e| bad(e.to_string()))?;
    if tables == Tables::UpToDate {
        MIGRATIONS.run_direct(None, &mut first, false).await.map_err(|e| {
            if let MigrateError::VersionMissing(found) = e {
                return StoreError::Newer { found, known: newest_migration() };
            }
            bad(e.to_string())
        })?;
    }
    first.close().await?;

    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |conn, _| Box::pin(async move { set_up(conn, settings).await }))
        .connect_lazy_with(options);
    Ok(Database { pool, kind: Arc::new(kind) })
}

async fn set_up(conn: &mut AnyConnection, settings: &'static str) -> Result<(), sqlx::Error> {
    conn.execute(settings).await?;
    Ok(())
}

pub(super) fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or_default()
}

pub(super) fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

/// The file that an address names; `None` where it names a PostgreSQL database.
pub(super) fn sqlite_file(address: &str) -> Result<Option<PathBuf>, StoreError> {
    if is_postgres(address) {
        return Ok(None);
    }
    let bad = |why| StoreError::Address { address: without_password(address), why };
    sqlite_path(address).map(Some).map_err(bad)
}

/// The file behind a path, `sqlite:path` or `sqlite://path`; what follows a `?` in a URL is ours to decide.
pub(super) fn sqlite_path(address: &str) -> Result<PathBuf, String> {
    let path = match address.strip_prefix("sqlite:") {
        Some(rest) => {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            rest.split_once('?').map_or(rest, |(path, _)| path)
        }
        None if address.contains("://") => {
            return Err("neither a file, nor an address that begins with sqlite: or postgres://".to_owned());
        }
        None => address,
    };
    if path.is_empty() || path == ":memory:" {
        return Err("names no file: what is not on disk is lost at the first restart".to_owned());
    }
    std::path::absolute(path).map_err(|e| e.to_string())
}

/// Makes the file before SQLite does, so that nobody else can read it.
fn prepare_file(path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot make the folder {}: {e}", folder.display()))?;
        if is_network(folder) {
            return Err("lies on a network file system, where SQLite cannot keep its promises: use a local disk, or \
                        PostgreSQL"
                .to_owned());
        }
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop).map_err(|e| format!("cannot be opened for writing: {e}"))
}

fn is_network(folder: &Path) -> bool {
    // The numbers of statfs(2); libc does not name all of them.
    const SMB: u32 = 0x517B;
    const SMB2: u32 = 0xFE53_4D42;
    const CIFS: u32 = 0xFF53_4D42;
    const NFS: u32 = 0x6969;
    statfs::statfs(folder).is_ok_and(|found| {
        let kind = u32::try_from(found.filesystem_type().0 & 0xffff_ffff).unwrap_or_default();
        [SMB, SMB2, CIFS, NFS].contains(&kind)
    })
}

/// The driver decodes `%` and splits at `?`, so these and what a URL may not hold are encoded.
pub(super) fn sqlite_url(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut url = "sqlite://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            url.push(char::from(byte));
        } else if write!(url, "%{byte:02X}").is_err() {
            return url;
        }
    }
    url
}

/// A database's address as it may be shown.
#[must_use]
pub fn without_password(address: &str) -> String {
    let Some((scheme, _)) = address.split_once("://") else { return address.to_owned() };
    // What cannot be read may hold a password anywhere.
    let Ok(mut url) = address.parse::<url::Url>() else { return format!("{scheme}://…") };
    if url.password().is_some() && url.set_password(None).is_err() {
        return format!("{scheme}://…");
    }
    // libpq's `?password=` is the other place for it.
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown = without_password("postgres://ann:s3cret@db/assentry?password=s3cret");
        assert_eq!(shown, "postgres://ann@db/assentry");
        assert_eq!(without_password("postgres://ann:s3cret@[db/assentry"), "postgres://…");
    }

    #[test]
    fn an_address_is_a_file_or_postgres() {
        assert_eq!(sqlite_path("sqlite:///var/lib/a.db?mode=rwc"), Ok(PathBuf::from("/var/lib/a.db")));
        assert_eq!(sqlite_path("/var/lib/a b.db"), Ok(PathBuf::from("/var/lib/a b.db")));
        assert!(sqlite_path("mysql://host/db").is_err());
        assert!(sqlite_path("sqlite::memory:").is_err());
        assert_eq!(sqlite_url(Path::new("/a b?c%.db")), "sqlite:///a%20b%3Fc%25.db");
    }
}
