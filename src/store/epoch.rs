//! Whether the database went back in time while GitHub did not (F21).
//!
//! A copy that [`Store::copy`](super::Store::copy) makes says that it is one. Other copies are found out by a file beside
//! the database, which holds the database's epoch and how long its event log was: a log that is shorter than that, or of
//! another epoch, is not the one that was there. PostgreSQL has no such file: who puts one back marks it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

use super::Store;
use super::errors::StoreError;
use super::heads::Heads;
use super::log::NewEvent;
use super::transact::Ending;
use crate::ids::Timestamp;

const READ: &str = "SELECT e.epoch, e.copied_at, h.events FROM epochs e, heads h WHERE e.one = 1 AND h.one = 1";
const BEGIN: &str = "UPDATE epochs SET epoch = $1, copied_at = 0 WHERE one = 1";
const MARK: &str = "UPDATE epochs SET copied_at = $1 WHERE one = 1";

// What was waiting in the copy was dealt with since, or may have been.
const DROP_DELIVERIES: &str = "UPDATE deliveries SET state = 'ignored', why = 'waited in a copy of the database', \
    worker = NULL, leased_until = 0, fence = fence + 1, finished_at = $1 WHERE state = 'due' AND received_at <= $2";
const DOUBT_EFFECTS: &str = "UPDATE effects SET attempts = CASE WHEN attempts < 1 THEN 1 ELSE attempts END, \
    settled = 0, worker = NULL, leased_until = 0, fence = fence + 1 WHERE state = 'due' AND made_at <= $1";
// What GitHub holds of runs that are lost is named after their numbers.
const SKIP_RUNS: &str = "UPDATE heads SET runs = runs + 10000 WHERE one = 1";

/// What the database knows of its own past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a database that came back from a copy must not be worked on before people were asked"]
pub enum Past {
    /// All of it.
    Whole,
    /// It came back from a copy; what happened since is lost.
    Copy {
        /// When the copy was made, if it says so.
        at: Option<Timestamp>,
    },
}

impl Store {
    /// Looks whether the database is the one that was here last. A new one begins its epoch.
    ///
    /// # Errors
    /// When the database or the file beside it cannot be read or written.
    pub async fn past(&self) -> Result<Past, StoreError> {
        let (epoch, copied_at, events) = self.epoch().await?;
        if copied_at != 0 {
            return Ok(Past::Copy { at: Some(Timestamp(copied_at)) });
        }
        let noted = match self.db.file() {
            Some(file) => read_note(file)?,
            None => None,
        };
        match noted {
            Some(noted) if noted.epoch != epoch || noted.events > events => Ok(Past::Copy { at: None }),
            None if epoch.is_empty() => {
                self.db.write(sqlx::query(BEGIN).bind(new_epoch()?)).await?;
                self.note_epoch().await?;
                Ok(Past::Whole)
            }
            Some(_) | None => Ok(Past::Whole),
        }
    }

    /// Notes beside the database how long the event log is by now. Nothing on PostgreSQL.
    ///
    /// # Errors
    /// When the database cannot be read or the file not be written.
    pub async fn note_epoch(&self) -> Result<(), StoreError> {
        let Some(file) = self.db.file() else { return Ok(()) };
        let (epoch, _, events) = self.epoch().await?;
        let note = Note { epoch, events };
        if read_note(file)?.as_ref() == Some(&note) {
            return Ok(());
        }
        write_note(file, &note)
    }

    /// Marks the database as one that came back from a copy.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_as_copy(&self, at: Timestamp) -> Result<(), StoreError> {
        self.db.write(sqlx::query(MARK).bind(at.0)).await?;
        Ok(())
    }

    /// Makes sure that nothing which waited in a copy is done blindly: deliveries from before `cut` are dropped, effects
    /// are looked for on GitHub before they are done, and new runs have numbers that no lost one had. May happen twice.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn doubt_everything(&self, cut: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.db
            .transact(move |conn| {
                Box::pin(async move {
                    sqlx::query(DROP_DELIVERIES).bind(now.0).bind(cut.0).execute(&mut *conn).await?;
                    sqlx::query(DOUBT_EFFECTS).bind(cut.0).execute(&mut *conn).await?;
                    sqlx::query(SKIP_RUNS).execute(&mut *conn).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await
    }

    /// Begins a new epoch, when everything that came back was looked at; the log tells of it.
    ///
    /// # Errors
    /// When the database does not answer or the file beside it cannot be written.
    pub async fn begin_epoch(&self, copied_at: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        let epoch = new_epoch()?;
        let told = json!({ "event": "restored", "epoch": epoch, "copied_at_ms": copied_at.map(|at| at.0) });
        let event = NewEvent { kind: "restored".to_owned(), json: told.to_string() };
        self.db
            .transact(move |conn| {
                let (epoch, event) = (epoch.clone(), event.clone());
                Box::pin(async move {
                    let mut heads = Heads::take(conn).await?;
                    sqlx::query(BEGIN).bind(epoch).execute(&mut *conn).await?;
                    heads.log(conn, None, &[event], now).await?;
                    heads.put(conn).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await?;
        self.note_epoch().await
    }

    async fn epoch(&self) -> Result<(String, i64, i64), StoreError> {
        Ok(sqlx::query_as(READ).fetch_one(&self.db.pool).await?)
    }
}

/// What stands in the file beside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note {
    epoch: String,
    events: i64,
}

fn place(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".epoch");
    path.into()
}

fn read_note(database: &Path) -> Result<Option<Note>, StoreError> {
    let path = place(database);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(&path, &error)),
    };
    // What cannot be read is no proof that the database is the one that was here.
    let (epoch, events) = text.trim_end().split_once(' ').unwrap_or_default();
    Ok(Some(Note { epoch: epoch.to_owned(), events: events.parse().unwrap_or(i64::MAX) }))
}

fn write_note(database: &Path, note: &Note) -> Result<(), StoreError> {
    let path = place(database);
    let part = path.with_extension("epoch.part");
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        writeln!(file, "{} {}", note.epoch, note.events)?;
        file.sync_all()?;
        std::fs::rename(&part, &path)
    };
    write().map_err(|error| bad(&path, &error))
}

fn bad(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Address { address: path.display().to_string(), why: error.to_string() }
}

fn new_epoch() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(hex::encode(bytes)),
        Err(_) => Err(StoreError::Down(sqlx::Error::Protocol("the system has no random numbers".to_owned()))),
    }
}
