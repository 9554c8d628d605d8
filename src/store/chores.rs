//! What has to be done from time to time, by one replica for all, and where the next one goes on.

use std::time::Duration;

use super::Store;
use super::errors::StoreError;
use crate::ids::Timestamp;

const TAKE: &str = "INSERT INTO chores (name, until) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE chores.until <= $3 OR chores.until > $4";

const MEANT: &str = "SELECT COUNT(*) FROM meanings WHERE meaning = $1";

const CURSOR: &str = "SELECT place FROM cursors WHERE name = $1";
const SET_CURSOR: &str = "INSERT INTO cursors (name, place) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET place = excluded.place";
const DROP_CURSOR: &str = "DELETE FROM cursors WHERE name = $1";

/// No chore is taken for longer; one that seems to be was taken before the clock was set back.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Store {
    /// Takes a chore for so long. Of any number of replicas that ask meanwhile, the answer is yes for one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_chore(&self, name: &'static str, now: Timestamp, length: Duration) -> Result<bool, StoreError> {
        let until = now.plus(length.min(LONGEST));
        let query = sqlx::query(TAKE).bind(name).bind(until.0).bind(now.0).bind(now.plus(LONGEST).0);
        Ok(self.db.write(query).await? == 1)
    }

    /// Where a long list is to be read on, if it was not read to its end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cursor(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(CURSOR).bind(name).fetch_optional(&self.db.pool).await?)
    }

    /// Keeps where a long list is to be read on, or that it was read to its end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_cursor(&self, name: &'static str, place: Option<&str>) -> Result<(), StoreError> {
        let query = match place {
            Some(place) => sqlx::query(SET_CURSOR).bind(name).bind(place.to_owned()),
            None => sqlx::query(DROP_CURSOR).bind(name),
        };
        self.db.write(query).await?;
        Ok(())
    }

    /// Whether something with this meaning has been dealt with.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn was_meant(&self, meaning: &str) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query_scalar(MEANT).bind(meaning).fetch_one(&self.db.pool).await?;
        Ok(count > 0)
    }
}
