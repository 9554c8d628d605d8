//! Runs and repositories as one person may see them.

use sqlx::Row as _;

use super::errors::StoreError;
use super::runs::{self, RunRow};
use super::sights::Onlooker;
use super::{Store, sights};
use crate::ids::{InstallationId, RepoId, RunId, Timestamp};

/// What of the runs a person has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// All of them.
    All,
    /// Those that wait for people.
    Waiting,
    /// Those that go on by themselves.
    Working,
    /// Those that have ended.
    Ended,
}

// $1 person, $2 now, $3 before this run, $4 how many, $5 the repository or 0.
macro_rules! seen {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.installation_id, r.repo_id, r.repo_name, r.issue_id, r.issue_number, r.origin, r.phase, \
             r.state, r.version, r.open, r.opened_at, r.updated_at, r.phase_since FROM runs r \
             JOIN sights s ON s.user_id = $1 AND s.until > $2 AND s.level > 0 \
                AND s.installation_id = r.installation_id AND s.repo_id = r.repo_id ",
            $rest
        )
    };
}

macro_rules! seen_page {
    ($which:literal) => {
        concat!(seen!("WHERE r.id < $3 AND ($5 = 0 OR r.repo_id = $5) "), $which, " ORDER BY r.id DESC LIMIT $4")
    };
}

const ALL: &str = seen_page!("");
const WAITING: &str = seen_page!("AND r.waits = 1");
const WORKING: &str = seen_page!("AND r.open = 1 AND r.waits = 0");
const ENDED: &str = seen_page!("AND r.open = 0");
const ONE: &str = seen!("WHERE r.id = $3");

const COUNTS: &str = "SELECT r.open, r.waits, COUNT(*) FROM runs r \
    JOIN sights s ON s.user_id = $1 AND s.until > $2 AND s.level > 0 \
        AND s.installation_id = r.installation_id AND s.repo_id = r.repo_id \
    WHERE ($3 = 0 OR r.repo_id = $3) GROUP BY r.open, r.waits";

// PostgreSQL's sum of BIGINT is NUMERIC, which the driver for both cannot read.
const SPENT: &str = "SELECT COUNT(DISTINCT r.id), CAST(COALESCE(SUM(c.cost_micro_dollars), 0) AS BIGINT) FROM runs r \
    JOIN sights s ON s.user_id = $1 AND s.until > $2 AND s.level > 0 \
        AND s.installation_id = r.installation_id AND s.repo_id = r.repo_id \
    LEFT JOIN calls c ON c.run_id = r.id AND c.state <> 'reserved' \
    WHERE r.open = 1 AND ($3 = 0 OR r.repo_id = $3)";

const REPOSITORIES: &str = "SELECT g.installation_id, g.repo_id, n.repo_name, g.runs, g.open_runs, g.waiting, \
    g.updated_at, s.level, COALESCE(f.delivered, 0), COALESCE(f.cost, 0) + COALESCE(o.cost, 0) \
    FROM (SELECT installation_id, repo_id, MAX(id) AS newest, COUNT(*) AS runs, CAST(SUM(open) AS BIGINT) AS open_runs, \
        CAST(SUM(waits) AS BIGINT) AS waiting, MAX(updated_at) AS updated_at \
        FROM runs GROUP BY installation_id, repo_id) g \
    JOIN runs n ON n.id = g.newest \
    JOIN sights s ON s.user_id = $1 AND s.until > $2 AND s.level > 0 \
        AND s.installation_id = g.installation_id AND s.repo_id = g.repo_id \
    LEFT JOIN (SELECT installation_id, repo_id, CAST(SUM(delivered) AS BIGINT) AS delivered, \
        CAST(SUM(cost_micro_dollars) AS BIGINT) AS cost FROM figures GROUP BY installation_id, repo_id) f \
        ON f.installation_id = g.installation_id AND f.repo_id = g.repo_id \
    LEFT JOIN (SELECT r.installation_id, r.repo_id, CAST(SUM(c.cost_micro_dollars) AS BIGINT) AS cost FROM runs r \
        JOIN calls c ON c.run_id = r.id AND c.state <> 'reserved' WHERE r.open = 1 GROUP BY r.installation_id, r.repo_id) o \
        ON o.installation_id = g.installation_id AND o.repo_id = g.repo_id \
    ORDER BY g.updated_at DESC LIMIT $3";

/// How many runs there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Those that wait for people.
    pub waiting: i64,
    /// Those that go on by themselves.
    pub working: i64,
    /// Those that have ended.
    pub ended: i64,
}

/// A repository and what goes on in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRow {
    /// Which.
    pub at: sights::Reached,
    /// How many runs there were.
    pub runs: i64,
    /// How many of them go on.
    pub open: i64,
    /// How many of those wait for people.
    pub waiting: i64,
    /// When something last happened.
    pub updated_at: Timestamp,
    /// What the person may do there, as it was kept.
    pub level: u8,
    /// How many pull requests were delivered by runs that have ended.
    pub delivered: i64,
    /// What those runs cost, and what the others have cost so far, in millionths of a dollar.
    pub cost_micro_dollars: i64,
}

impl Store {
    /// Runs before `before` that a person may see, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seen_runs(
        &self,
        by: Onlooker,
        (group, repo): (Group, Option<RepoId>),
        (before, limit): (Option<RunId>, u32),
    ) -> Result<Vec<RunRow>, StoreError> {
        let sql = match group {
            Group::All => ALL,
            Group::Waiting => WAITING,
            Group::Working => WORKING,
            Group::Ended => ENDED,
        };
        let query = sqlx::query(sql).bind(by.user.0).bind(by.now.0).bind(before.map_or(i64::MAX, |run| run.0));
        let query = query.bind(i64::from(limit)).bind(repo.map_or(0, |repo| repo.0));
        query.fetch_all(&self.db.pool).await?.iter().map(runs::read).collect()
    }

    /// A run, if the person may see it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seen_run(&self, by: Onlooker, run: RunId) -> Result<Option<RunRow>, StoreError> {
        let query = sqlx::query(ONE).bind(by.user.0).bind(by.now.0).bind(run.0);
        query.fetch_optional(&self.db.pool).await?.as_ref().map(runs::read).transpose()
    }

    /// How many runs that a person may see wait for people, go on by themselves, and have ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seen_counts(&self, by: Onlooker, repo: Option<RepoId>) -> Result<RunCounts, StoreError> {
        let query = sqlx::query_as(COUNTS).bind(by.user.0).bind(by.now.0).bind(repo.map_or(0, |repo| repo.0));
        let rows: Vec<(i64, i64, i64)> = query.fetch_all(&self.db.pool).await?;
        let sum = |which: &dyn Fn(bool, bool) -> bool| {
            rows.iter().filter(|(open, waits, _)| which(*open == 1, *waits == 1)).map(|(_, _, runs)| runs).sum()
        };
        Ok(RunCounts {
            waiting: sum(&|_, waits| waits),
            working: sum(&|open, waits| open && !waits),
            ended: sum(&|open, _| !open),
        })
    }

    /// How many runs that a person may see go on, and what their calls have cost so far, in millionths of a dollar: the same
    /// sum as [`Store::costs`] of each. Calls under way are not in it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn spent_so_far(&self, by: Onlooker, repo: Option<RepoId>) -> Result<(i64, i64), StoreError> {
        let query = sqlx::query_as(SPENT).bind(by.user.0).bind(by.now.0).bind(repo.map_or(0, |repo| repo.0));
        Ok(query.fetch_one(&self.db.pool).await?)
    }

    /// Repositories that a person may see, the one where something last happened first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seen_repositories(&self, by: Onlooker, limit: u32) -> Result<Vec<RepositoryRow>, StoreError> {
        let query = sqlx::query(REPOSITORIES).bind(by.user.0).bind(by.now.0).bind(i64::from(limit));
        let read = |row: &sqlx::any::AnyRow| {
            let at = sights::Reached {
                installation: InstallationId(row.try_get(0)?),
                repo: RepoId(row.try_get(1)?),
                name: row.try_get::<String, _>(2)?.parse()?,
            };
            Ok(RepositoryRow {
                at,
                runs: row.try_get(3)?,
                open: row.try_get(4)?,
                waiting: row.try_get(5)?,
                updated_at: Timestamp(row.try_get(6)?),
                level: u8::try_from(row.try_get::<i64, _>(7)?).unwrap_or(0),
                delivered: row.try_get(8)?,
                cost_micro_dollars: row.try_get(9)?,
            })
        };
        query.fetch_all(&self.db.pool).await?.iter().map(read).collect()
    }
}
