//! Finds versions of plans. They are written by [`Store::commit`] and never changed.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::Store;
use super::errors::StoreError;
use super::transcript::text;
use crate::ids::{Digest, RunId, Timestamp};

const BY_VERSION: &str =
    "SELECT run_id, version, digest, terms, markdown, made_at FROM plans WHERE run_id = $1 AND version = $2";
const BY_DIGEST: &str = "SELECT run_id, version, digest, terms, markdown, made_at FROM plans \
    WHERE run_id = $1 AND substr(digest, 1, CAST($2 AS INTEGER)) = $3 ORDER BY version LIMIT 2";
const ALL: &str =
    "SELECT run_id, version, digest, terms, markdown, made_at FROM plans WHERE run_id = $1 ORDER BY version";

/// A version of a plan as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// The run it belongs to.
    pub run: RunId,
    /// Counted from 1.
    pub version: u32,
    /// Over `terms`.
    pub digest: Digest,
    /// Everything an approver agrees to, in the canonical encoding.
    pub terms: String,
    /// The plan as people see it.
    pub markdown: String,
    /// When it was written.
    pub made_at: Timestamp,
}

impl Store {
    /// A version of a run's plan.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan(&self, run: RunId, version: u32) -> Result<Option<PlanRow>, StoreError> {
        let row = sqlx::query(BY_VERSION).bind(run.0).bind(i64::from(version)).fetch_optional(&self.db.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The one version of a run's plan whose digest begins with `prefix`; nothing if there are two.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan_by_digest(&self, run: RunId, prefix: &str) -> Result<Option<PlanRow>, StoreError> {
        if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let length = i64::try_from(prefix.len()).unwrap_or(i64::MAX);
        let query = sqlx::query(BY_DIGEST).bind(run.0).bind(length.min(64)).bind(prefix.to_ascii_lowercase());
        let rows = query.fetch_all(&self.db.pool).await?;
        match rows.as_slice() {
            [row] => read(row).map(Some),
            _ => Ok(None),
        }
    }

    /// All versions of a run's plan, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plans(&self, run: RunId) -> Result<Vec<PlanRow>, StoreError> {
        let rows = sqlx::query(ALL).bind(run.0).fetch_all(&self.db.pool).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<PlanRow, StoreError> {
    Ok(PlanRow {
        run: RunId(row.try_get(0)?),
        version: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default(),
        digest: row.try_get::<String, _>(2)?.parse()?,
        terms: row.try_get(3)?,
        markdown: text(row.try_get(4)?),
        made_at: Timestamp(row.try_get(5)?),
    })
}
