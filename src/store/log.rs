//! The event log: append-only, each row bound to the one before by its hash.
//!
//! [`Store::verify`] finds a row that was changed, removed, inserted or moved. Whoever can write the whole database
//! can also write a new chain from some row on, or cut off its end: to find that, keep the head that an earlier
//! verification printed and compare.

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::Store;
use super::errors::StoreError;
use crate::ids::{RunId, Timestamp};

const INSERT: &str =
    "INSERT INTO events (seq, run_id, at, kind, body, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)";

const PAGE: &str =
    "SELECT seq, run_id, at, kind, body, prev_hash, hash FROM events WHERE seq > $1 ORDER BY seq LIMIT 500";

const OF_RUN: &str = "SELECT seq, run_id, at, kind, body, prev_hash, hash FROM events WHERE run_id = $1 ORDER BY seq";

const HEAD: &str = "SELECT events, hash FROM heads WHERE one = 1";

const ONE: &str = "SELECT seq, run_id, at, kind, body, prev_hash, hash FROM events WHERE seq = $1";

/// Rows that were never appended: the first one has number 1, and each has a number.
const BEFORE_THE_FIRST: &str = "SELECT seq FROM events WHERE seq < 1 OR seq IS NULL ORDER BY seq LIMIT 1";

/// What the first row follows.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event's name.
    pub kind: String,
    /// The event, as JSON.
    pub json: String,
}

impl NewEvent {
    /// Writes an event as JSON.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn of(kind: &str, event: &impl Serialize) -> Result<NewEvent, serde_json::Error> {
        Ok(NewEvent { kind: kind.to_owned(), json: serde_json::to_string(event)? })
    }
}

/// A row of the event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// Counted from 1, without gaps.
    pub seq: i64,
    /// The run it happened to, if it happened to one.
    pub run: Option<RunId>,
    /// When it was written.
    pub at: Timestamp,
    /// The event's name.
    pub kind: String,
    /// The event, as JSON.
    pub json: String,
    /// The hash of the row before.
    pub prev_hash: String,
    /// SHA-256 over the hash of the row before and all fields, each with its length in front.
    pub hash: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a broken log is not an error but an answer"]
pub enum Verdict {
    /// Every row is as it was written.
    Whole(Verified),
    /// This row is not.
    Broken(Broken),
}

/// A log without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows there are.
    pub rows: i64,
    /// The hash of the last one. Kept elsewhere, it proves later that nothing before was changed.
    pub head: String,
}

/// The first fault in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The row.
    pub seq: i64,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Store {
    /// Computes every hash of the event log anew, in pages, while others go on writing.
    ///
    /// # Errors
    /// When the database does not answer; a fault in the log is no error but the [`Verdict`].
    pub async fn verify(&self) -> Result<Verdict, StoreError> {
        let inserted: Option<Option<i64>> = sqlx::query_scalar(BEFORE_THE_FIRST).fetch_optional(&self.db.pool).await?;
        if let Some(seq) = inserted {
            return Ok(Verdict::Broken(Broken { seq: seq.unwrap_or(0), what: "was never appended" }));
        }
        let mut last = Verified { rows: 0, head: GENESIS.to_owned() };
        loop {
            // The head is read first: rows written since are behind it and found by the next round.
            let (rows, hash): (i64, String) = sqlx::query_as(HEAD).fetch_one(&self.db.pool).await?;
            let (page, unreadable) = self.readable_after(last.rows).await?;
            if page.is_empty() && unreadable.is_none() {
                return Ok(end_of_log(last, rows, &hash));
            }
            for row in page {
                if let Some(broken) = fault(&last, &row) {
                    return Ok(Verdict::Broken(broken));
                }
                last = Verified { rows: row.seq, head: row.hash };
            }
            if let Some(broken) = unreadable {
                return Ok(Verdict::Broken(broken));
            }
        }
    }

    /// The events after number `seq` as far as they can be read, at most 500, and the one that cannot.
    async fn readable_after(&self, seq: i64) -> Result<(Vec<EventRow>, Option<Broken>), StoreError> {
        match self.events_after(seq).await {
            Ok(page) => return Ok((page, None)),
            Err(error) if error.is_unreadable() => {}
            Err(error) => return Err(error),
        }
        let mut page = Vec::new();
        for seq in seq + 1.. {
            let row = sqlx::query(ONE).bind(seq).fetch_optional(&self.db.pool).await.map_err(StoreError::from);
            match row.and_then(|row| row.as_ref().map(read).transpose()) {
                Ok(Some(row)) => page.push(row),
                // A row that has no number of this kind stands behind all that have.
                Ok(None) => return Ok((page, Some(Broken { seq, what: "cannot be read" }))),
                Err(error) if error.is_unreadable() => {
                    return Ok((page, Some(Broken { seq, what: "cannot be read" })));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((page, None))
    }

    /// The newest event's number and hash. Kept outside the database, they prove later that nothing up to it was rewritten.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn head(&self) -> Result<Verified, StoreError> {
        let (rows, head) = sqlx::query_as(HEAD).fetch_one(&self.db.pool).await?;
        Ok(Verified { rows, head })
    }

    /// The events after number `seq`, at most 500.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events_after(&self, seq: i64) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(PAGE).bind(seq).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }

    /// The events of a run, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self, run: RunId) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(OF_RUN).bind(run.0).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }
}

/// Appends an event and returns its hash.
pub(super) async fn insert(
    conn: &mut AnyConnection,
    seq: i64,
    run: Option<RunId>,
    event: &NewEvent,
    at: Timestamp,
    prev_hash: &str,
) -> Result<String, StoreError> {
    let hash = chain(prev_hash, seq, run, at, &event.kind, &event.json);
    sqlx::query(INSERT)
        .bind(seq)
        .bind(run.map(|run| run.0))
        .bind(at.0)
        .bind(event.kind.as_str())
        .bind(event.json.as_str())
        .bind(prev_hash)
        .bind(hash.as_str())
        .execute(conn)
        .await?;
    Ok(hash)
}

fn end_of_log(last: Verified, rows: i64, hash: &str) -> Verdict {
    let broken = |seq, what| Verdict::Broken(Broken { seq, what });
    if rows > last.rows {
        broken(last.rows + 1, "is missing")
    } else if rows < last.rows {
        broken(rows + 1, "was never appended")
    } else if hash != last.head {
        broken(last.rows, "is not the row that was appended")
    } else {
        Verdict::Whole(last)
    }
}

fn fault(before: &Verified, row: &EventRow) -> Option<Broken> {
    let expected = before.rows + 1;
    let broken = |seq, what| Some(Broken { seq, what });
    if row.seq != expected {
        return broken(expected, "is missing");
    }
    if row.prev_hash != before.head {
        return broken(row.seq, "does not follow the row before");
    }
    if row.hash != chain(&row.prev_hash, row.seq, row.run, row.at, &row.kind, &row.json) {
        return broken(row.seq, "was changed");
    }
    None
}

fn chain(prev_hash: &str, seq: i64, run: Option<RunId>, at: Timestamp, kind: &str, json: &str) -> String {
    let run = run.map(|run| run.to_string()).unwrap_or_default();
    let mut hash = Context::new(&SHA256);
    for field in [prev_hash, &seq.to_string(), &run, &at.0.to_string(), kind, json] {
        // With the length in front, no two rows spell the same bytes.
        hash.update(&(field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex::encode(hash.finish())
}

fn read(row: &AnyRow) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        seq: row.try_get(0)?,
        run: row.try_get::<Option<i64>, _>(1)?.map(RunId),
        at: Timestamp(row.try_get(2)?),
        kind: row.try_get(3)?,
        json: row.try_get(4)?,
        prev_hash: row.try_get(5)?,
        hash: row.try_get(6)?,
    })
}
