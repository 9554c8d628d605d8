//! The inbox and the outbox as an operator looks at them: what came, what became of it, what waits.

use sqlx::Row as _;

use super::Store;
use super::errors::StoreError;
use crate::ids::{DeliveryId, EventName, Timestamp};

const PAGE: &str = "SELECT id, event, substr(body, 1, 120), received_at, state, attempts, why, finished_at \
    FROM deliveries WHERE (received_at < $1 OR (received_at = $1 AND id < $2)) AND ($3 = '' OR state = $3) \
    ORDER BY received_at DESC, id DESC LIMIT $4";

const QUEUES: &str = "SELECT 'deliveries', COUNT(*), MIN(received_at) FROM deliveries WHERE state = 'due' \
    UNION ALL SELECT lane, COUNT(*), MIN(run_at) FROM effects WHERE state = 'due' AND run_at <= $1 GROUP BY lane";

const PHASES: &str = "SELECT phase, COUNT(*) FROM runs GROUP BY phase";

const GIVEN_UP: &str = "SELECT id, run_id, effect, why, finished_at FROM effects WHERE state = 'gave_up' \
    ORDER BY id DESC LIMIT $1";

/// A delivery, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// GitHub's id.
    pub id: DeliveryId,
    /// The event's name.
    pub event: EventName,
    /// The action, where the body says it first, as GitHub's bodies do.
    pub action: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// `due`, `done`, `ignored`, `gave_up` or `aside`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it is in this state, where there is more to say.
    pub why: Option<String>,
    /// When it was dealt with.
    pub finished_at: Option<Timestamp>,
}

/// What is due in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// `deliveries`, or the lane of effects.
    pub name: String,
    /// How many are due.
    pub due: i64,
    /// Since when the oldest is.
    pub oldest: Option<Timestamp>,
}

/// An effect that will not be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its number.
    pub id: i64,
    /// Its run's number.
    pub run: i64,
    /// The effect, as JSON.
    pub effect: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Option<Timestamp>,
}

impl Store {
    /// Deliveries before a place in the list, newest first, at most `limit`; of one state if one is named.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn parcels(
        &self,
        before: Option<(Timestamp, &DeliveryId)>,
        state: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Parcel>, StoreError> {
        let (at, id) = before.map_or((i64::MAX, String::new()), |(at, id)| (at.0, id.to_string()));
        let query = sqlx::query(PAGE).bind(at).bind(id).bind(state.unwrap_or_default().to_owned());
        query.bind(i64::from(limit)).fetch_all(&self.db.pool).await?.iter().map(read).collect()
    }

    /// What is due, and since when: deliveries, then effects by lane.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queues(&self, now: Timestamp) -> Result<Vec<Queue>, StoreError> {
        let rows = sqlx::query(QUEUES).bind(now.0).fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let oldest = row.try_get::<Option<i64>, _>(2)?.map(Timestamp);
            Ok(Queue { name: row.try_get(0)?, due: row.try_get(1)?, oldest })
        };
        rows.iter().map(read).collect()
    }

    /// How many runs are in each phase.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn phases(&self) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(sqlx::query_as(PHASES).fetch_all(&self.db.pool).await?)
    }

    /// The effects that were given up last, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn given_up(&self, limit: u32) -> Result<Vec<GivenUp>, StoreError> {
        let rows = sqlx::query(GIVEN_UP).bind(i64::from(limit)).fetch_all(&self.db.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(GivenUp {
                id: row.try_get(0)?,
                run: row.try_get(1)?,
                effect: row.try_get(2)?,
                why: row.try_get::<Option<String>, _>(3)?.unwrap_or_default(),
                at: row.try_get::<Option<i64>, _>(4)?.map(Timestamp),
            })
        };
        rows.iter().map(read).collect()
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Parcel, StoreError> {
    let begins: Vec<u8> = row.try_get(2)?;
    Ok(Parcel {
        id: row.try_get::<String, _>(0)?.parse()?,
        event: row.try_get::<String, _>(1)?.parse()?,
        action: action(&begins),
        received_at: Timestamp(row.try_get(3)?),
        state: row.try_get(4)?,
        attempts: row.try_get(5)?,
        why: row.try_get(6)?,
        finished_at: row.try_get::<Option<i64>, _>(7)?.map(Timestamp),
    })
}

/// The action in a body that begins with it: letters and `_` only.
fn action(begins: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(begins);
    let (_, rest) = text.split_once("\"action\":")?;
    let word = rest.trim_start().strip_prefix('"')?.split('"').next()?;
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    plain.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::action;

    #[test]
    fn an_action_is_a_word_at_the_beginning() {
        assert_eq!(action(b"{\"action\":\"created\",\"issue\":{"), Some("created".to_owned()));
        assert_eq!(action(b"{\"action\": \"<script>\","), None);
        assert_eq!(action(b"{\"ref\":\"refs/heads/main\""), None);
    }
}
