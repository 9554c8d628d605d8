//! Who is signed in to the dashboard, and for how long. What the browser holds is not stored, only its hash.

use super::Store;
use super::errors::StoreError;
use crate::ids::{Login, Timestamp, UserId};

const BEGIN: &str = "INSERT INTO sessions (hash, user_id, login, expires_at) VALUES ($1, $2, $3, $4)";
const GET: &str = "SELECT user_id, login FROM sessions WHERE hash = $1 AND expires_at > $2";
const END: &str = "DELETE FROM sessions WHERE hash = $1";
const PRUNE: &str = "DELETE FROM sessions WHERE expires_at <= $1";

impl Store {
    /// Remembers that a browser has signed in; forgets those whose time is over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_session(
        &self,
        hash: &str,
        (user, login): (UserId, &Login),
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        self.db.write(sqlx::query(PRUNE).bind(now.0)).await?;
        let query = sqlx::query(BEGIN).bind(hash.to_owned()).bind(user.0).bind(login.as_str().to_owned());
        self.db.write(query.bind(until.0)).await?;
        Ok(())
    }

    /// Who signed in with what has this hash, if that still holds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, hash: &str, now: Timestamp) -> Result<Option<(UserId, Login)>, StoreError> {
        let query = sqlx::query_as(GET).bind(hash.to_owned()).bind(now.0);
        let found: Option<(i64, String)> = query.fetch_optional(&self.db.pool).await?;
        match found {
            Some((user, login)) => Ok(Some((UserId(user), login.parse()?))),
            None => Ok(None),
        }
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        self.db.write(sqlx::query(END).bind(hash.to_owned())).await?;
        Ok(())
    }
}
