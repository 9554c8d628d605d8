//! Counts what was begun within a day, and remembers who was told that the limit is reached.

use sqlx::AnyConnection;

use super::Store;
use super::errors::StoreError;
use super::lease::{Claim, Row};
use crate::ids::{RepoId, Timestamp};
use crate::workflow::limit::{LimitOf, LimitReached, Request, WINDOW};

// The last run that still fits into the window, counted from the newest: if there is one, the limit is reached for as long
// as that run is in the window.
const IN_REPO: &str =
    "SELECT asked_at FROM runs WHERE repo_id = $1 AND asked_at > $2 ORDER BY asked_at DESC LIMIT 1 OFFSET $3";
const BY_PERSON: &str =
    "SELECT asked_at FROM runs WHERE requester_id = $1 AND asked_at > $2 ORDER BY asked_at DESC LIMIT 1 OFFSET $3";

const TELL: &str = "INSERT INTO notices (name, delivery, until) VALUES ($1, $2, $3) ON CONFLICT (name) \
    DO UPDATE SET delivery = excluded.delivery, until = excluded.until \
    WHERE notices.until <= $4 OR notices.delivery = excluded.delivery";

/// The limit that leaves no room for a run, if one does; of two, the one that lasts longer. Whoever asks has taken the
/// heads, so that nobody opens a run between the count and the insert.
pub(super) async fn reached(
    conn: &mut AnyConnection,
    repo: RepoId,
    request: &Request,
) -> Result<Option<LimitReached>, StoreError> {
    let after = request.at.0.saturating_sub(i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX));
    let limits = [
        (LimitOf::Repository, IN_REPO, repo.0, request.limits.in_repository),
        (LimitOf::Person, BY_PERSON, request.by.0, request.limits.by_person),
    ];
    let mut longest: Option<LimitReached> = None;
    for (of, query, whose, most) in limits {
        let before = i64::from(most).saturating_sub(1).max(0);
        let query = sqlx::query_scalar(query).bind(whose).bind(after).bind(before);
        let asked_at: Option<i64> = query.fetch_optional(&mut *conn).await?;
        let Some(until) = asked_at.map(|at| Timestamp(at).plus(WINDOW)) else { continue };
        if longest.is_none_or(|longest| until > longest.until) {
            longest = Some(LimitReached { of, most, until });
        }
    }
    Ok(longest)
}

const FORGET: &str = "DELETE FROM notices WHERE until < $1";

impl Store {
    /// Forgets what was to be said once, where that ended before `ended`, by GitHub's clock. Returns how much that was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_notices(&self, ended: Timestamp) -> Result<u64, StoreError> {
        self.db.write(sqlx::query(FORGET).bind(ended.0)).await
    }

    /// Whether the delivery behind `claim` is the one to say something that is said once until a moment. It stays the one
    /// when it is tried again. Both times are by GitHub's clock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_to_tell(
        &self,
        claim: &Claim,
        name: &str,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let Row::Delivery(delivery) = &claim.of else { return Ok(false) };
        let query = sqlx::query(TELL).bind(name.to_owned()).bind(delivery.as_str().to_owned());
        Ok(self.db.write(query.bind(until.0).bind(at.0)).await? == 1)
    }
}
