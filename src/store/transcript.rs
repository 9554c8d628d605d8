//! The transcript: what the model answered and what the tools answered it, each stored before it is used, so that no
//! paid answer is bought twice.

use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Row as _};

use super::Store;
use super::errors::StoreError;
use super::lease::{Claim, Held};
use super::transact::Ending;
use crate::ids::{RunId, Timestamp};

const INSERT_TURN: &str = "INSERT INTO turns (run_id, task, seq, request_hash, answer, input_tokens, cached_tokens, \
    cache_write_tokens, output_tokens, cost_micro_dollars, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT DO NOTHING";

const INSERT_RESULTS: &str =
    "INSERT INTO results (run_id, task, seq, results, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

const TURNS: &str = "SELECT t.seq, t.request_hash, t.answer, t.input_tokens, t.cached_tokens, t.cache_write_tokens, \
    t.output_tokens, t.cost_micro_dollars, t.at, r.results FROM turns t \
    LEFT JOIN results r ON r.run_id = t.run_id AND r.task = t.task AND r.seq = t.seq \
    WHERE t.run_id = $1 AND t.task = $2 ORDER BY t.seq";

const CONVERSATIONS: &str = "SELECT task FROM turns WHERE run_id = $1 GROUP BY task ORDER BY MIN(at), task";

const SINCE: &str = "SELECT t.task, t.seq, t.answer, t.at, r.results FROM turns t \
    LEFT JOIN results r ON r.run_id = t.run_id AND r.task = t.task AND r.seq = t.seq \
    WHERE t.run_id = $1 AND t.at >= $2 ORDER BY t.at, t.task, t.seq LIMIT $3";

const LATEST: &str = "SELECT at FROM turns WHERE run_id = $1 ORDER BY at DESC LIMIT 1 OFFSET $2";

/// What an answer used, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnUsage {
    /// Read, what came from the cache included.
    pub input: i64,
    /// Read from the vendor's cache.
    pub cached: i64,
    /// Written into the vendor's cache.
    pub cache_write: i64,
    /// Written by the model.
    pub output: i64,
}

/// An answer of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The run it was bought for.
    pub run: RunId,
    /// Which conversation of the run, such as `plan-1` or `execute-1`.
    pub task: String,
    /// Its place in the conversation.
    pub seq: i64,
    /// Over the request it answers.
    pub request_hash: String,
    /// The answer, as the model room writes it.
    pub answer: String,
    /// What it used.
    pub usage: TurnUsage,
    /// What it cost, in millionths of a dollar; `None` where the price is not known.
    pub cost_micro_dollars: Option<i64>,
    /// When it came.
    pub at: Timestamp,
}

/// A turn of a conversation as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its place in the conversation.
    pub seq: i64,
    /// Over the request it answers.
    pub request_hash: String,
    /// The answer.
    pub answer: String,
    /// What it used.
    pub usage: TurnUsage,
    /// What it cost, in millionths of a dollar; `None` where the price is not known.
    pub cost_micro_dollars: Option<i64>,
    /// When it came.
    pub at: Timestamp,
    /// What the tools answered, once they have.
    pub results: Option<String>,
}

/// A turn of whichever conversation, for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedTurn {
    /// Which conversation.
    pub task: String,
    /// Its place in it.
    pub seq: i64,
    /// The answer.
    pub answer: String,
    /// When it came.
    pub at: Timestamp,
    /// What the tools answered, once they have.
    pub results: Option<String>,
}

/// Whether a part of a transcript was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what was not written must not be used"]
pub enum Written {
    /// It is stored.
    Yes,
    /// Its place is taken: nothing was written; read the transcript again.
    Taken,
    /// The work belongs to another worker now: nothing was written; stop.
    LostLease,
}

impl Store {
    /// Stores an answer, before it is used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store_answer(&self, claim: &Claim, turn: NewTurn) -> Result<Written, StoreError> {
        let turn = Arc::new(turn);
        self.write_fenced(claim, move || insert_turn(&turn)).await
    }

    /// Stores what the tools answered to a turn, before the model sees it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store_results(
        &self,
        claim: &Claim,
        (run, task, seq): (RunId, &str, i64),
        results: &str,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let (task, results) = (task.to_owned(), results.as_bytes().to_vec());
        let query = move || {
            let query = sqlx::query(INSERT_RESULTS).bind(run.0).bind(task.clone());
            query.bind(seq).bind(results.clone()).bind(at.0)
        };
        self.write_fenced(claim, query).await
    }

    /// A conversation so far, oldest turn first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn transcript(&self, run: RunId, task: &str) -> Result<Vec<Turn>, StoreError> {
        let rows = sqlx::query(TURNS).bind(run.0).bind(task).fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Turn {
                seq: row.try_get(0)?,
                request_hash: row.try_get(1)?,
                answer: text(row.try_get(2)?),
                usage: TurnUsage {
                    input: row.try_get(3)?,
                    cached: row.try_get(4)?,
                    cache_write: row.try_get(5)?,
                    output: row.try_get(6)?,
                },
                cost_micro_dollars: row.try_get(7)?,
                at: Timestamp(row.try_get(8)?),
                results: row.try_get::<Option<Vec<u8>>, _>(9)?.map(text),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The turns of all conversations of a run since a moment, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn turns_since(&self, run: RunId, since: Timestamp, limit: u32) -> Result<Vec<LoggedTurn>, StoreError> {
        let query = sqlx::query(SINCE).bind(run.0).bind(since.0).bind(i64::from(limit));
        let rows = query.fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(LoggedTurn {
                task: row.try_get(0)?,
                seq: row.try_get(1)?,
                answer: text(row.try_get(2)?),
                at: Timestamp(row.try_get(3)?),
                results: row.try_get::<Option<Vec<u8>>, _>(4)?.map(text),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Since when the newest `turns` turns of a run are; since ever, if there are fewer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_turns(&self, run: RunId, turns: u32) -> Result<Timestamp, StoreError> {
        let query = sqlx::query_scalar(LATEST).bind(run.0).bind(i64::from(turns.saturating_sub(1)));
        let at: Option<i64> = query.fetch_optional(&self.db.pool).await?;
        Ok(Timestamp(at.unwrap_or(0)))
    }

    /// The conversations of a run, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn conversations(&self, run: RunId) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(CONVERSATIONS).bind(run.0).fetch_all(&self.db.pool).await?)
    }

    /// Writes for the owner of a claim, and for nobody else.
    pub(super) async fn write_fenced<Q>(&self, claim: &Claim, query: Q) -> Result<Written, StoreError>
    where
        Q: Fn() -> Query<'static, Any, AnyArguments> + Send + Sync + 'static,
    {
        let (claim, query) = (claim.clone(), Arc::new(query));
        self.db
            .transact(move |conn| {
                let (claim, query) = (claim.clone(), Arc::clone(&query));
                Box::pin(async move {
                    if claim.hold(conn).await? == Held::Lost {
                        return Ok(Ending::Undo(Written::LostLease));
                    }
                    let rows = query().execute(&mut *conn).await?.rows_affected();
                    Ok(if rows == 1 { Ending::Commit(Written::Yes) } else { Ending::Undo(Written::Taken) })
                })
            })
            .await
    }
}

fn insert_turn(turn: &NewTurn) -> Query<'static, Any, AnyArguments> {
    sqlx::query(INSERT_TURN)
        .bind(turn.run.0)
        .bind(turn.task.clone())
        .bind(turn.seq)
        .bind(turn.request_hash.clone())
        .bind(turn.answer.as_bytes().to_vec())
        .bind(turn.usage.input)
        .bind(turn.usage.cached)
        .bind(turn.usage.cache_write)
        .bind(turn.usage.output)
        .bind(turn.cost_micro_dollars)
        .bind(turn.at.0)
}

/// Bytes that were a string when they were written.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}
