//! The one row that every commit takes first: numbers without gaps, and the newest hash of the event log.

use sqlx::AnyConnection;

use super::changes::NewEffect;
use super::errors::StoreError;
use super::log::{self, NewEvent};
use crate::ids::{RunId, Timestamp};

const TAKE: &str = "UPDATE heads SET one = 1 WHERE one = 1 RETURNING runs, effects, events, hash";

const PUT: &str = "UPDATE heads SET runs = $1, effects = $2, events = $3, hash = $4 WHERE one = 1";

const INSERT_EFFECT: &str = "INSERT INTO effects \
    (id, run_id, lane, effect, made_at, state, run_at, attempts, silent, fence, leased_until) \
    VALUES ($1, $2, $3, $4, $5, 'due', $6, 0, 0, 0, 0)";

/// The numbers given last and the newest hash; whoever has taken them is the only one who commits.
pub(super) struct Heads {
    pub(super) runs: i64,
    effects: i64,
    events: i64,
    hash: String,
}

impl Heads {
    pub(super) async fn take(conn: &mut AnyConnection) -> Result<Heads, StoreError> {
        let (runs, effects, events, hash) = sqlx::query_as(TAKE).fetch_one(conn).await?;
        Ok(Heads { runs, effects, events, hash })
    }

    pub(super) async fn put(self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        let query = sqlx::query(PUT).bind(self.runs).bind(self.effects).bind(self.events).bind(self.hash);
        query.execute(conn).await?;
        Ok(())
    }

    pub(super) async fn enqueue(
        &mut self,
        conn: &mut AnyConnection,
        run: RunId,
        effects: &[NewEffect],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for effect in effects {
            self.effects += 1;
            sqlx::query(INSERT_EFFECT)
                .bind(self.effects)
                .bind(run.0)
                .bind(effect.lane.as_str())
                .bind(effect.json.as_str())
                .bind(now.0)
                .bind(effect.run_at.0)
                .execute(&mut *conn)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn log(
        &mut self,
        conn: &mut AnyConnection,
        run: Option<RunId>,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for event in events {
            self.events += 1;
            self.hash = log::insert(conn, self.events, run, event, now, &self.hash).await?;
        }
        Ok(())
    }
}
