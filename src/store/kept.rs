//! Keeps small files of a run: exported trees, the output of checks.

use super::Store;
use super::errors::StoreError;
use super::lease::Claim;
use super::transcript::Written;
use crate::ids::{RunId, Timestamp};

const PUT: &str = "INSERT INTO kept (run_id, name, bytes, at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (run_id, name) DO UPDATE SET bytes = excluded.bytes, at = excluded.at";
const GET: &str = "SELECT bytes FROM kept WHERE run_id = $1 AND name = $2";

impl Store {
    /// Keeps bytes under a name, in the place of what was there; never answers [`Written::Taken`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep(
        &self,
        claim: &Claim,
        run: RunId,
        name: &str,
        bytes: Vec<u8>,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let name = name.to_owned();
        let query = move || sqlx::query(PUT).bind(run.0).bind(name.clone()).bind(bytes.clone()).bind(at.0);
        self.write_fenced(claim, query).await
    }

    /// The bytes kept under a name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn kept(&self, run: RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar(GET).bind(run.0).bind(name).fetch_optional(&self.db.pool).await?)
    }
}
