//! What people may see: GitHub's word on each person and repository, kept for some minutes.
//!
//! Every reading for the dashboard joins these rows, by installation and repository, so that a query cannot forget them
//! (T70). A row whose time is over counts as none.

use sqlx::Row as _;

use super::Store;
use super::errors::StoreError;
use crate::ids::{InstallationId, RepoId, RepoName, Timestamp, UserId};

/// The newest name of each repository with runs of which nothing is known for this person.
const UNKNOWN: &str = "SELECT r.installation_id, r.repo_id, r.repo_name FROM runs r \
    JOIN (SELECT MAX(id) AS id FROM runs GROUP BY installation_id, repo_id) newest ON newest.id = r.id \
    LEFT JOIN sights s ON s.user_id = $1 AND s.installation_id = r.installation_id AND s.repo_id = r.repo_id \
        AND s.until > $2 \
    WHERE s.user_id IS NULL ORDER BY r.id DESC LIMIT $3";

const KNOWN: &str = "SELECT COUNT(*) FROM sights \
    WHERE user_id = $1 AND installation_id = $2 AND repo_id = $3 AND until > $4";

const PUT: &str = "INSERT INTO sights (user_id, installation_id, repo_id, level, until) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (user_id, installation_id, repo_id) DO UPDATE SET level = excluded.level, until = excluded.until";

const PRUNE: &str = "DELETE FROM sights WHERE until <= $1";

/// Who looks, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Onlooker {
    /// The person.
    pub user: UserId,
    /// The time by which GitHub's word is fresh or old.
    pub now: Timestamp,
}

/// A repository as the App reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Through which installation.
    pub installation: InstallationId,
    /// Which repository.
    pub repo: RepoId,
    /// What it was called when its newest run was opened.
    pub name: RepoName,
}

impl Store {
    /// Repositories with runs of which it is not known what a person may see, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unknown_sights(&self, by: Onlooker, limit: u32) -> Result<Vec<Reached>, StoreError> {
        let query = sqlx::query(UNKNOWN).bind(by.user.0).bind(by.now.0).bind(i64::from(limit));
        let rows = query.fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Reached {
                installation: InstallationId(row.try_get(0)?),
                repo: RepoId(row.try_get(1)?),
                name: row.try_get::<String, _>(2)?.parse()?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Whether it is not known what a person may see in a repository.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sight_is_unknown(&self, by: Onlooker, at: &Reached) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(KNOWN).bind(by.user.0).bind(at.installation.0).bind(at.repo.0).bind(by.now.0);
        let known: i64 = query.fetch_one(&self.db.pool).await?;
        Ok(known == 0)
    }

    /// Keeps GitHub's word until a moment: 0 for nothing, 1 for reading, more for more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_sight(&self, user: UserId, at: &Reached, level: u8, until: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query(PUT).bind(user.0).bind(at.installation.0).bind(at.repo.0);
        self.db.write(query.bind(i64::from(level)).bind(until.0)).await?;
        Ok(())
    }

    /// Forgets what is too old to count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_sights(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.db.write(sqlx::query(PRUNE).bind(now.0)).await
    }
}
