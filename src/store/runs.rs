//! Finds runs.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::Store;
use super::errors::StoreError;
use crate::ids::{InstallationId, IssueId, IssueNumber, PullNumber, RepoId, RepoName, RunId, Timestamp};

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, installation_id, repo_id, repo_name, issue_id, issue_number, origin, phase, state, version, \
             open, opened_at, updated_at, phase_since FROM runs ",
            $rest
        )
    };
}

const BY_ID: &str = select_runs!("WHERE id = $1");
const LATEST: &str = select_runs!("WHERE repo_id = $1 AND issue_number = $2 ORDER BY id DESC LIMIT 1");
const OF_PULL: &str = select_runs!("WHERE id = (SELECT run_id FROM pulls WHERE repo_id = $1 AND number = $2)");
const OPEN: &str = select_runs!("WHERE open = 1 AND id > $1 ORDER BY id LIMIT $2");
const IN_REPO: &str = select_runs!("WHERE repo_id = $1 AND (open = 1 OR id > $2) ORDER BY id");
const LATEST_IN_REPO: &str = "SELECT id FROM runs WHERE repo_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
const OF_INSTALLATION: &str = select_runs!("WHERE installation_id = $1 AND open = 1 ORDER BY id");
const PAGE: &str = select_runs!("WHERE id < $1 ORDER BY id DESC LIMIT $2");

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The run.
    pub id: RunId,
    /// Whose repository it is.
    pub installation: InstallationId,
    /// Where the issue is.
    pub repo: RepoId,
    /// The repository's name when the run was opened.
    pub repo_name: RepoName,
    /// The issue, in all of GitHub.
    pub issue: IssueId,
    /// The issue, in its repository.
    pub issue_number: IssueNumber,
    /// What was so when it was opened, as JSON.
    pub origin: String,
    /// The state's name.
    pub phase: String,
    /// The state, as JSON.
    pub state: String,
    /// Rises with each commit; part of the next one.
    pub version: i64,
    /// Whether the run goes on.
    pub open: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was moved last.
    pub updated_at: Timestamp,
    /// Since when it is in its phase.
    pub phase_since: Timestamp,
}

impl Store {
    /// A run.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        let row = sqlx::query(BY_ID).bind(run.0).fetch_optional(&self.db.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The run of an issue that was opened last, open or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn latest_run(&self, repo: RepoId, issue: IssueNumber) -> Result<Option<RunRow>, StoreError> {
        let row = sqlx::query(LATEST).bind(repo.0).bind(issue.0).fetch_optional(&self.db.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The run that a pull request belongs to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_of_pull(&self, repo: RepoId, pull: PullNumber) -> Result<Option<RunRow>, StoreError> {
        let row = sqlx::query(OF_PULL).bind(repo.0).bind(pull.0).fetch_optional(&self.db.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Open runs after `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_runs(&self, after: RunId, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let rows = sqlx::query(OPEN).bind(after.0).bind(i64::from(limit)).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }

    /// All open runs of a repository, and the ended ones among its newest `ended`, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn runs_in(&self, repo: RepoId, ended: u32) -> Result<Vec<RunRow>, StoreError> {
        let older = sqlx::query_scalar(LATEST_IN_REPO).bind(repo.0).bind(i64::from(ended));
        let older: Option<i64> = older.fetch_optional(&self.db.pool).await?;
        let rows = sqlx::query(IN_REPO).bind(repo.0).bind(older.unwrap_or(0)).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }

    /// All open runs of an installation, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_runs_of(&self, installation: InstallationId) -> Result<Vec<RunRow>, StoreError> {
        let rows = sqlx::query(OF_INSTALLATION).bind(installation.0).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }

    /// Runs before `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let before = before.map_or(i64::MAX, |run| run.0);
        let rows = sqlx::query(PAGE).bind(before).bind(i64::from(limit)).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }
}

pub(super) fn read(row: &AnyRow) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: RunId(row.try_get(0)?),
        installation: InstallationId(row.try_get(1)?),
        repo: RepoId(row.try_get(2)?),
        repo_name: row.try_get::<String, _>(3)?.parse()?,
        issue: IssueId(row.try_get(4)?),
        issue_number: IssueNumber(row.try_get(5)?),
        origin: row.try_get(6)?,
        phase: row.try_get(7)?,
        state: row.try_get(8)?,
        version: row.try_get(9)?,
        open: row.try_get::<i64, _>(10)? == 1,
        opened_at: Timestamp(row.try_get(11)?),
        updated_at: Timestamp(row.try_get(12)?),
        phase_since: Timestamp(row.try_get(13)?),
    })
}
