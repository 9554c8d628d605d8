//! What charts are drawn from: a few numbers of each run that has ended, and their sums by week.

use sqlx::Row as _;

use super::Store;
use super::errors::StoreError;
use super::runs::{self, RunRow};
use super::sights::Onlooker;
use crate::ids::{RepoId, Timestamp};

/// Runs that have ended, or moved since they were counted.
const UNCOUNTED: &str = "SELECT r.id, r.installation_id, r.repo_id, r.repo_name, r.issue_id, r.issue_number, r.origin, \
    r.phase, r.state, r.version, r.open, r.opened_at, r.updated_at, r.phase_since FROM runs r \
    WHERE r.open = 0 AND NOT EXISTS (SELECT 1 FROM figures f WHERE f.run_id = r.id AND f.ended_at = r.updated_at) \
    ORDER BY r.id DESC LIMIT $1";

const PUT: &str = "INSERT INTO figures (run_id, installation_id, repo_id, ended_at, delivered, cost_micro_dollars, \
    tokens, plan_ms, versions, deviations, merged) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (run_id) DO UPDATE SET ended_at = excluded.ended_at, delivered = excluded.delivered, \
    cost_micro_dollars = excluded.cost_micro_dollars, tokens = excluded.tokens, plan_ms = excluded.plan_ms, \
    versions = excluded.versions, deviations = excluded.deviations, merged = excluded.merged";

// 1970 began on a Thursday; weeks begin on Mondays.
const WEEKS: &str = "SELECT (f.ended_at + 259200000) / 604800000 AS week, COUNT(*), CAST(SUM(f.delivered) AS BIGINT), \
    CAST(SUM(f.cost_micro_dollars) AS BIGINT), COUNT(f.plan_ms), CAST(COALESCE(SUM(f.plan_ms), 0) AS BIGINT), \
    COUNT(f.versions), CAST(COALESCE(SUM(f.versions), 0) AS BIGINT), COUNT(f.deviations), \
    CAST(SUM(CASE WHEN f.deviations > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(f.merged) AS BIGINT) \
    FROM figures f JOIN sights s ON s.user_id = $1 AND s.until > $2 AND s.level > 0 \
        AND s.installation_id = f.installation_id AND s.repo_id = f.repo_id \
    WHERE f.ended_at >= $3 AND ($4 = 0 OR f.repo_id = $4) GROUP BY week ORDER BY week";

/// The numbers of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Whether its work is in a pull request.
    pub delivered: bool,
    /// Whether that pull request was merged.
    pub merged: bool,
    /// What it cost, in millionths of a dollar.
    pub cost_micro_dollars: i64,
    /// Tokens in and out.
    pub tokens: i64,
    /// From its beginning to the first version, in milliseconds; absent without a version.
    pub plan_ms: Option<i64>,
    /// How many versions it took until one was approved; absent if none was.
    pub versions: Option<i64>,
    /// How many deviations there were; absent if nothing was executed.
    pub deviations: Option<i64>,
}

/// The numbers of the runs that ended in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// The Monday it began on, at midnight UTC.
    pub begins: Timestamp,
    /// How many runs ended.
    pub runs: i64,
    /// How many with a pull request.
    pub delivered: i64,
    /// How many whose pull request was merged.
    pub merged: i64,
    /// What all of them cost, in millionths of a dollar.
    pub cost_micro_dollars: i64,
    /// How many had a version, and how long that took in sum, in milliseconds.
    pub planned: (i64, i64),
    /// How many had an approved version, and how many versions that took in sum.
    pub approved: (i64, i64),
    /// How many were executed, and how many of them with a deviation.
    pub executed: (i64, i64),
}

impl Store {
    /// Ended runs whose numbers are not known, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn uncounted_runs(&self, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let rows = sqlx::query(UNCOUNTED).bind(i64::from(limit)).fetch_all(&self.db.pool).await?;
        rows.iter().map(runs::read).collect()
    }

    /// Writes down the numbers of an ended run, in the place of earlier ones.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_figures(&self, run: &RunRow, figures: &Figures) -> Result<(), StoreError> {
        let query = sqlx::query(PUT).bind(run.id.0).bind(run.installation.0).bind(run.repo.0).bind(run.updated_at.0);
        let query = query.bind(i64::from(figures.delivered)).bind(figures.cost_micro_dollars).bind(figures.tokens);
        self.db
            .write(
                query
                    .bind(figures.plan_ms)
                    .bind(figures.versions)
                    .bind(figures.deviations)
                    .bind(i64::from(figures.merged)),
            )
            .await?;
        Ok(())
    }

    /// The numbers by week since a moment, of the runs that a person may see, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn weeks(&self, by: Onlooker, since: Timestamp, repo: Option<RepoId>) -> Result<Vec<Week>, StoreError> {
        let query = sqlx::query(WEEKS).bind(by.user.0).bind(by.now.0).bind(since.0);
        let rows = query.bind(repo.map_or(0, |repo| repo.0)).fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Week {
                begins: Timestamp(row.try_get::<i64, _>(0)? * 604_800_000 - 259_200_000),
                runs: row.try_get(1)?,
                delivered: row.try_get(2)?,
                cost_micro_dollars: row.try_get(3)?,
                planned: (row.try_get(4)?, row.try_get(5)?),
                approved: (row.try_get(6)?, row.try_get(7)?),
                executed: (row.try_get(8)?, row.try_get(9)?),
                merged: row.try_get(10)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
