//! Forgets what is old and needed no more. The event log, the plans and the figures stay for ever, and the log says what
//! was forgotten: what is missing without such a row is missing against somebody's will.

use serde_json::json;

use super::Store;
use super::errors::StoreError;
use super::heads::Heads;
use super::log::NewEvent;
use super::transact::Ending;
use crate::ids::{RunId, Timestamp};

const SAID: &str = "SELECT DISTINCT run_id FROM turns WHERE LENGTH(answer) > 0 AND run_id IN \
    (SELECT id FROM runs WHERE open = 0 AND updated_at < $1) ORDER BY run_id LIMIT 500";
// The figures stay: what a run has cost is asked for long after.
const FORGET_ANSWERS: &str = "UPDATE turns SET answer = $1 WHERE run_id = $2";
const FORGET_RESULTS: &str = "DELETE FROM results WHERE run_id = $1";

const KEPT: &str = "SELECT DISTINCT run_id FROM kept WHERE run_id IN \
    (SELECT id FROM runs WHERE open = 0 AND updated_at < $1) ORDER BY run_id LIMIT 500";
const FORGET_KEPT: &str = "DELETE FROM kept WHERE run_id = $1";

/// What can be forgotten of a run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgettable {
    /// What the model answered and what tools said back. Tokens and costs stay.
    Transcripts,
    /// What was kept under a name, such as what was built and what commands printed.
    Outputs,
}

impl Store {
    /// Forgets something of the runs that ended before `older_than`, of up to 500 of them. Returns of how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget(&self, what: Forgettable, older_than: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let runs = match what {
            Forgettable::Transcripts => SAID,
            Forgettable::Outputs => KEPT,
        };
        let runs: Vec<i64> = sqlx::query_scalar(runs).bind(older_than.0).fetch_all(&self.db.pool).await?;
        let mut forgotten = 0;
        for run in runs {
            self.forget_of(what, RunId(run), now).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }

    async fn forget_of(&self, what: Forgettable, run: RunId, now: Timestamp) -> Result<(), StoreError> {
        let name = match what {
            Forgettable::Transcripts => "transcripts",
            Forgettable::Outputs => "outputs",
        };
        let event =
            NewEvent { kind: "forgot".to_owned(), json: json!({ "event": "forgot", "what": name }).to_string() };
        self.db
            .transact(move |conn| {
                let event = event.clone();
                Box::pin(async move {
                    let mut heads = Heads::take(conn).await?;
                    match what {
                        Forgettable::Transcripts => {
                            sqlx::query(FORGET_ANSWERS).bind(Vec::<u8>::new()).bind(run.0).execute(&mut *conn).await?;
                            sqlx::query(FORGET_RESULTS).bind(run.0).execute(&mut *conn).await?;
                        }
                        Forgettable::Outputs => {
                            sqlx::query(FORGET_KEPT).bind(run.0).execute(&mut *conn).await?;
                        }
                    }
                    heads.log(conn, Some(run), &[event], now).await?;
                    heads.put(conn).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await
    }
}
