//! Whether nobody else works on this database: a lock of the operating system says so, and ends with the process.
//!
//! SQLite's file is worked on by one server at a time. The next one holds the lock only when the one before is gone,
//! however it went, and so need not wait for the leases that it left behind. PostgreSQL is shared: there the lease is
//! the only word.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::Store;
use super::errors::StoreError;
use super::lease;
use super::transact::Ending;

/// The proof that no other server works on the database, for as long as it is kept.
#[derive(Debug)]
pub struct Alone {
    lock: File,
}

impl Drop for Alone {
    /// A child that is being started holds the open file too, for a moment: closing ours is not enough.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lock of the database is let go only at the end of the process"
            );
        }
    }
}

/// What is known about other servers on the same database.
#[derive(Debug)]
#[must_use = "the lock is let go when this is dropped"]
pub enum Others {
    /// There are none; so many rows were taken over from one that is gone.
    None(Alone, u64),
    /// There may be some; their leases end by themselves.
    Possible,
    /// There is one now.
    AtWork,
}

impl Store {
    /// Makes sure that no other server works on the database, and takes over what one that is gone held. Its last tries
    /// stay counted as silent: they may be what ended it.
    ///
    /// # Errors
    /// When the lock file cannot be opened, or the database does not answer.
    pub async fn take_over(&self) -> Result<Others, StoreError> {
        let Some(file) = self.db.file() else { return Ok(Others::Possible) };
        let Some(lock) = lock(file)? else { return Ok(Others::AtWork) };
        let rows = self
            .db
            .transact(|conn| {
                Box::pin(async move {
                    let mut rows = 0;
                    for sql in lease::ABANDON {
                        rows += sqlx::query(sql).execute(&mut *conn).await?.rows_affected();
                    }
                    Ok(Ending::Commit(rows))
                })
            })
            .await?;
        self.ring();
        Ok(Others::None(Alone { lock }, rows))
    }
}

/// The lock is on a file beside the database's: SQLite's own locks end when any handle of its file is closed.
pub(super) fn lock(database: &Path) -> Result<Option<File>, StoreError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = Path::new(&path);
    let bad =
        |error: std::io::Error| StoreError::Address { address: path.display().to_string(), why: error.to_string() };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(bad)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(bad(error)),
    }
}
