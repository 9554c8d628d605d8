//! Copies SQLite's file while servers work on it, and puts a copy back.
//!
//! Promises: a copy is the database of one moment, whole, readable for its owner only, and complete on disk under its
//! name or not there at all; it says of itself that it is a copy. What stood where a copy is put stays, under another
//! name. Refuses: a place that is taken, a copy whose event log is broken or that a newer version wrote, a database that
//! a server works on.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::errors::StoreError;
use super::log::Verdict;
use super::{Store, alone, connect};
use crate::ids::Timestamp;

const COPY: &str = "VACUUM INTO $1";
const CHECK: &str = "PRAGMA integrity_check(1)";
const COUNT_RUNS: &str = "SELECT COUNT(*) FROM runs";
const MIGRATION: &str = "SELECT MAX(version) FROM _sqlx_migrations";
/// The table is younger than the first versions, whose databases are copied before an upgrade as well.
const HAS_EPOCHS: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'epochs'";

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// How many runs.
    pub runs: i64,
    /// How many events.
    pub events: i64,
    /// The hash of the last one.
    pub head: String,
}

/// Why there is no copy, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// PostgreSQL has programs for it.
    #[error("the database is PostgreSQL")]
    Postgres,
    /// Something stands there already, or nothing does.
    #[error("{place}: {why}")]
    Place {
        /// Where.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A server works on the database.
    #[error("a server works on {0}: stop it first")]
    InUse(String),
    /// The copy is not one that can be worked with.
    #[error("{place} is damaged: {why}")]
    Damaged {
        /// Where.
        place: String,
        /// What was found.
        why: String,
    },
    /// The database did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Copies the database behind `address` into the file `to`, whatever else works on it. Its tables stay as they are,
    /// so that a newer version can copy what an older one wrote.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn copy(address: &str, to: &Path, now: Timestamp) -> Result<Copied, CopyError> {
        let Some(file) = connect::sqlite_file(address)? else { return Err(CopyError::Postgres) };
        if !file.is_file() {
            return Err(at(&file, "there is no database"));
        }
        if to.exists() {
            return Err(at(to, "stands there already; a backup replaces nothing"));
        }
        let part = with(to, ".part");
        // SQLite would make it readable for everybody.
        new_file(&part)?;
        let copied = copy_into(address, &part, now).await;
        match copied {
            Ok(copied) => {
                settle(&part, to)?;
                Ok(copied)
            }
            Err(error) => {
                // What is half done must not be taken for a copy.
                let _ = std::fs::remove_file(&part);
                Err(error)
            }
        }
    }

    /// Puts the copy `from` in the place of the database behind `address`, which stays beside it under the name that is
    /// returned, if there was one. The next server asks before it goes on (see [`Store::past`]).
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn put_back(from: &Path, address: &str, now: Timestamp) -> Result<(Copied, Option<PathBuf>), CopyError> {
        let Some(file) = connect::sqlite_file(address)? else { return Err(CopyError::Postgres) };
        if !from.is_file() {
            return Err(at(from, "there is no such file"));
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| at(folder, &error.to_string()))?;
        }
        let Some(_alone) = alone::lock(&file)? else { return Err(CopyError::InUse(file.display().to_string())) };
        let part = with(&file, ".restoring");
        // Of an earlier try that was ended: nobody else restores, we are alone.
        let _ = std::fs::remove_file(&part);
        let mut copy = new_file(&part)?;
        let put = async {
            let mut source = File::open(from).map_err(|error| at(from, &error.to_string()))?;
            std::io::copy(&mut source, &mut copy).map_err(|error| at(&part, &error.to_string()))?;
            looked_at(&part, now).await
        };
        let copied = match put.await {
            Ok(copied) => copied,
            Err(error) => {
                let _ = std::fs::remove_file(&part);
                return Err(error);
            }
        };
        let before = match file.exists() {
            true => Some(set_aside(&file, now)?),
            false => None,
        };
        settle(&part, &file)?;
        Ok((copied, before))
    }
}

async fn copy_into(address: &str, part: &Path, now: Timestamp) -> Result<Copied, CopyError> {
    let Some(name) = part.to_str() else { return Err(at(part, "is no name in UTF-8")) };
    let store = Store::open_as_it_is(address).await?;
    let done = sqlx::query(COPY).bind(name.to_owned()).execute(&store.db.pool).await;
    store.close().await;
    done.map_err(StoreError::from)?;
    looked_at(part, now).await
}

/// Makes sure that a copy is sound, and has it say that it is one.
async fn looked_at(copy: &Path, now: Timestamp) -> Result<Copied, CopyError> {
    let place = copy.display().to_string();
    let damaged = |why: String| CopyError::Damaged { place: place.clone(), why };
    let store = match Store::open_as_it_is(&place).await {
        Ok(store) => store,
        Err(StoreError::Address { why, .. }) => return Err(damaged(why)),
        Err(error) => return Err(error.into()),
    };
    let looked = look(&store, now).await;
    store.close().await;
    match looked {
        Ok(Ok(copied)) => Ok(copied),
        Ok(Err(why)) => Err(damaged(why)),
        Err(StoreError::Broken(error)) => Err(damaged(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn look(store: &Store, now: Timestamp) -> Result<Result<Copied, String>, StoreError> {
    let pool = &store.db.pool;
    let check: String = sqlx::query_scalar(CHECK).fetch_one(pool).await?;
    if check != "ok" {
        return Ok(Err(check));
    }
    let found: i64 = sqlx::query_scalar(MIGRATION).fetch_one(pool).await?;
    if found > connect::newest_migration() {
        return Err(StoreError::Newer { found, known: connect::newest_migration() });
    }
    let verified = match store.verify().await? {
        Verdict::Whole(verified) => verified,
        Verdict::Broken(broken) => {
            return Ok(Err(format!("its event log is broken at event {}: {}", broken.seq, broken.what)));
        }
    };
    let runs = sqlx::query_scalar(COUNT_RUNS).fetch_one(pool).await?;
    let has_epochs: i64 = sqlx::query_scalar(HAS_EPOCHS).fetch_one(pool).await?;
    if has_epochs == 1 {
        store.mark_as_copy(now).await?;
    }
    Ok(Ok(Copied { runs, events: verified.rows, head: verified.head }))
}

/// Gives the database, and what SQLite keeps beside it, another name.
fn set_aside(file: &Path, now: Timestamp) -> Result<PathBuf, CopyError> {
    let aside = with(file, &format!(".before-restore-{}", now.0));
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (with(file, suffix), with(&aside, suffix));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|error| at(&from, &error.to_string()))?;
        }
    }
    Ok(aside)
}

/// Gives a file its name when all of it is on disk.
fn settle(part: &Path, to: &Path) -> Result<(), CopyError> {
    let failed = |error: std::io::Error| at(to, &error.to_string());
    File::open(part).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(part, to).map_err(failed)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn new_file(path: &Path) -> Result<File, CopyError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| at(path, &error.to_string()))
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn at(place: &Path, why: &str) -> CopyError {
    CopyError::Place { place: place.display().to_string(), why: why.to_owned() }
}
