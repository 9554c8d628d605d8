//! What an operator does to what is stored, each with a row in the event log.

use serde_json::json;

use super::Store;
use super::errors::StoreError;
use super::heads::Heads;
use super::inbox::LINE_UP_ALL;
use super::log::NewEvent;
use super::transact::Ending;
use crate::ids::{DeliveryId, RunId, Timestamp};

const AGAIN: &str = "UPDATE deliveries SET state = 'due', run_at = 0, attempts = 0, silent = 0, fence = fence + 1, \
    worker = NULL, leased_until = 0, why = NULL, finished_at = NULL WHERE id = $1 AND state <> 'due'";
const NOW: &str = "UPDATE deliveries SET run_at = 0 WHERE id = $1 AND state = 'due' AND worker IS NULL";
/// What waits for the same reason, of all runs and deliveries.
const MENDED: [&str; 2] = [
    "UPDATE deliveries SET run_at = 0 WHERE state = 'due' AND worker IS NULL AND why = $1",
    "UPDATE effects SET run_at = 0 WHERE state = 'due' AND worker IS NULL AND why = $1",
];
const IS_THERE: &str = "SELECT COUNT(*) FROM deliveries WHERE id = $1";

/// What became of a delivery that was to be taken again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// It will be.
    Again,
    /// It waits to be taken anyway, from now on without a pause.
    Waits,
    /// It is not stored.
    Unknown,
}

impl Store {
    /// Has a stored delivery taken once more. What it meant counts once all the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replay(&self, id: &DeliveryId, operator: &str, now: Timestamp) -> Result<Replayed, StoreError> {
        let told = json!({ "event": "operator", "by": operator, "did": "replay", "delivery": id.as_str() });
        let event = NewEvent { kind: "operator".to_owned(), json: told.to_string() };
        let id = id.clone();
        let replayed = self
            .db
            .transact(move |conn| {
                let (id, event) = (id.as_str().to_owned(), event.clone());
                Box::pin(async move {
                    let mut heads = Heads::take(conn).await?;
                    let replayed = sqlx::query(AGAIN).bind(id.clone()).execute(&mut *conn).await?.rows_affected() == 1;
                    if !replayed {
                        let there: i64 = sqlx::query_scalar(IS_THERE).bind(id.clone()).fetch_one(&mut *conn).await?;
                        if there == 0 {
                            return Ok(Ending::Undo(Replayed::Unknown));
                        }
                        sqlx::query(NOW).bind(id).execute(&mut *conn).await?;
                        sqlx::query(LINE_UP_ALL).execute(&mut *conn).await?;
                        return Ok(Ending::Commit(Replayed::Waits));
                    }
                    sqlx::query(LINE_UP_ALL).execute(&mut *conn).await?;
                    heads.log(conn, None, &[event], now).await?;
                    heads.put(conn).await?;
                    Ok(Ending::Commit(Replayed::Again))
                })
            })
            .await?;
        self.ring();
        Ok(replayed)
    }

    /// Has all that was put off because of `why` looked at again now: what it waited for may have been mended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_again(&self, why: &'static str) -> Result<(), StoreError> {
        self.db
            .transact(move |conn| {
                Box::pin(async move {
                    for sql in MENDED {
                        sqlx::query(sql).bind(why).execute(&mut *conn).await?;
                    }
                    Ok(Ending::Commit(()))
                })
            })
            .await?;
        self.ring();
        Ok(())
    }

    /// Writes down that an operator did something to a run.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_operator(
        &self,
        run: RunId,
        did: &'static str,
        operator: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let told = json!({ "event": "operator", "by": operator, "did": did });
        let event = NewEvent { kind: "operator".to_owned(), json: told.to_string() };
        self.db
            .transact(move |conn| {
                let event = event.clone();
                Box::pin(async move {
                    let mut heads = Heads::take(conn).await?;
                    heads.log(conn, Some(run), &[event], now).await?;
                    heads.put(conn).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await
    }
}
