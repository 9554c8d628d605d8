//! Adds up what calls of models have used. Calls under way are not among them.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::Store;
use super::errors::StoreError;
use super::transcript::TurnUsage;
use crate::ids::{RunId, Timestamp, UserId};

// PostgreSQL's sum of BIGINT is NUMERIC, which the driver for both cannot read.
macro_rules! costs_sql {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT c.phase, c.model, COUNT(*), \
             CAST(SUM(CASE WHEN c.state = 'answered' THEN 0 ELSE 1 END) AS BIGINT), \
             CAST(SUM(c.input_tokens) AS BIGINT), CAST(SUM(c.cached_tokens) AS BIGINT), \
             CAST(SUM(c.cache_write_tokens) AS BIGINT), CAST(SUM(c.output_tokens) AS BIGINT), \
             CAST(COALESCE(SUM(c.cost_micro_dollars), 0) AS BIGINT), \
             CAST(SUM(CASE WHEN c.cost_micro_dollars IS NULL THEN 1 ELSE 0 END) AS BIGINT)",
            $columns,
            " FROM calls c ",
            $rest
        )
    };
}

const OF_RUN: &str =
    costs_sql!("", "WHERE c.run_id = $1 AND c.state <> 'reserved' GROUP BY c.phase, c.model ORDER BY MIN(c.number)");

const SINCE: &str = costs_sql!(
    ", c.run_id, c.person_id, MAX(c.person), MAX(r.repo_name)",
    "JOIN runs r ON r.id = c.run_id WHERE c.at >= $1 AND c.state <> 'reserved' \
     GROUP BY c.run_id, c.person_id, c.phase, c.model ORDER BY c.run_id, MIN(c.number)"
);

/// What calls have used, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Costs {
    /// What for: `plan`, `revise`, `execute`, `review`.
    pub phase: String,
    /// Provider and model.
    pub model: String,
    /// How many calls there were, failed ones too.
    pub calls: i64,
    /// How many of them brought no answer.
    pub failed: i64,
    /// What they used.
    pub usage: TurnUsage,
    /// What those cost whose price is known, in millionths of a dollar.
    pub micro_dollars: i64,
    /// How many of them have no known price.
    pub unpriced: i64,
}

/// What was used for one run, by one person's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCosts {
    /// The run.
    pub run: RunId,
    /// Its repository, by the name it had when the run began.
    pub repo: String,
    /// Whose wish it was.
    pub person: UserId,
    /// Their login at the time; empty where it was not written down.
    pub login: String,
    /// What was used.
    pub costs: Costs,
}

impl Store {
    /// What the calls for a run have used so far, by phase and model, in the order in which they began.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn costs(&self, run: RunId) -> Result<Vec<Costs>, StoreError> {
        sqlx::query(OF_RUN).bind(run.0).fetch_all(&self.db.pool).await?.iter().map(costs).collect()
    }

    /// What all calls since a moment have used, by run, person, phase and model.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn costs_since(&self, since: Timestamp) -> Result<Vec<RunCosts>, StoreError> {
        let read = |row: &AnyRow| {
            Ok(RunCosts {
                run: RunId(row.try_get(10)?),
                repo: row.try_get(13)?,
                person: UserId(row.try_get(11)?),
                login: row.try_get(12)?,
                costs: costs(row)?,
            })
        };
        sqlx::query(SINCE).bind(since.0).fetch_all(&self.db.pool).await?.iter().map(read).collect()
    }
}

fn costs(row: &AnyRow) -> Result<Costs, StoreError> {
    Ok(Costs {
        phase: row.try_get(0)?,
        model: row.try_get(1)?,
        calls: row.try_get(2)?,
        failed: row.try_get(3)?,
        usage: TurnUsage {
            input: row.try_get(4)?,
            cached: row.try_get(5)?,
            cache_write: row.try_get(6)?,
            output: row.try_get(7)?,
        },
        micro_dollars: row.try_get(8)?,
        unpriced: row.try_get(9)?,
    })
}
