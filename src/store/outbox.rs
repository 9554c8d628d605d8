//! The outbox: effects, written before they are deeds.
//!
//! Effects of one run and lane are done in the order they were written: one that is not finished holds back those
//! behind it. Timers hold nobody back. Of several runs that wait, the one whose repository has the least under way comes first;
//! among those, work is taken repository by repository, the one whose work was taken longest ago first (F10).

use sqlx::Row as _;

use super::Store;
use super::errors::StoreError;
use super::lease::{self, Claim, Lease, MAX_SILENT_TRIES, Row, Worker};
use crate::ids::{EffectId, RunId, Timestamp};
use crate::workflow::effect::Lane;

const CANDIDATES: &str = "SELECT id, fence FROM effects e \
    WHERE state = 'due' AND run_at <= $1 AND (leased_until <= $1 OR leased_until > $2) AND lane IN ($3, $4, $5, $6) \
    AND (lane = 'timer' OR NOT EXISTS (SELECT 1 FROM effects b \
        WHERE b.run_id = e.run_id AND b.lane = e.lane AND b.state = 'due' AND b.id < e.id)) \
    ORDER BY (SELECT COUNT(*) FROM effects u JOIN runs o ON o.id = u.run_id \
        WHERE u.state = 'due' AND u.leased_until > 0 AND u.leased_until > $1 AND u.leased_until <= $2 \
        AND u.lane IN ($3, $4, $5, $6) AND o.repo_id = (SELECT r.repo_id FROM runs r WHERE r.id = e.run_id)), \
    CASE WHEN lane = 'work' THEN COALESCE((SELECT w.turn FROM worked w JOIN runs r ON r.repo_id = w.repo_id \
        WHERE r.id = e.run_id), 0) ELSE 0 END, \
    run_at, id LIMIT 16";

const WORK: &str = "INSERT INTO worked (repo_id, turn) \
    SELECT repo_id, (SELECT COALESCE(MAX(turn), 0) + 1 FROM worked) FROM runs WHERE id = $1 \
    ON CONFLICT (repo_id) DO UPDATE SET turn = excluded.turn";

const READ: &str = "SELECT run_id, lane, effect, attempts, silent, made_at, looks, settled FROM effects WHERE id = $1";

const LOOKED: &str = "UPDATE effects SET settled = $1, looks = $2 WHERE id = $3 AND settled < $1";

const FAILS: &str =
    "UPDATE effects SET failing_since = COALESCE(failing_since, $1) WHERE id = $2 RETURNING failing_since";

const FAILS_NO_MORE: &str = "UPDATE effects SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";

const NEXT_DUE: &str = "SELECT MIN(run_at) FROM effects WHERE state = 'due' AND run_at > $1";

const OPEN_OF_RUN: &str = "SELECT COUNT(*) FROM effects WHERE state = 'due' AND run_id = $1 AND lane <> 'timer'";

fn lane(text: &str) -> Lane {
    Lane::ALL.into_iter().find(|lane| lane.as_str() == text).unwrap_or(Lane::Talk)
}

/// An effect that this worker may perform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEffect {
    /// Its number, the same at each try; names the deed on GitHub.
    pub id: EffectId,
    /// The run it belongs to.
    pub run: RunId,
    /// The lane it waited in.
    pub lane: Lane,
    /// What is to be done, as JSON.
    pub effect: String,
    /// When it was written.
    pub made_at: Timestamp,
    /// How often it was tried, with this one.
    pub attempts: i64,
    /// How often it was looked for what an earlier try may have written, since the last one that may have; `None` where
    /// none did.
    pub looks: Option<u32>,
    /// The last tries never reported back: do not perform it, tell the run that it was given up.
    pub poisoned: bool,
    /// The right to report the outcome.
    pub claim: Claim,
}

impl Store {
    /// Takes the effect that has been due for longest in one of the lanes, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_effect(
        &self,
        worker: &Worker,
        lanes: &[Lane],
        lease: Lease,
    ) -> Result<Option<ClaimedEffect>, StoreError> {
        let wanted = |n: usize| lanes.get(n).or(lanes.first()).map_or("", |lane| lane.as_str());
        loop {
            let candidates = sqlx::query(CANDIDATES)
                .bind(lease.now.0)
                .bind(lease.never_beyond().0)
                .bind(wanted(0))
                .bind(wanted(1))
                .bind(wanted(2))
                .bind(wanted(3))
                .fetch_all(&self.db.pool)
                .await?;
            if candidates.is_empty() {
                return Ok(None);
            }
            for row in candidates {
                let (id, fence) = (EffectId(row.try_get(0)?), row.try_get(1)?);
                if let Some(claim) = lease::take(self, Row::Effect(id), fence, worker, lease).await? {
                    let taken = self.read_effect(id, claim).await?;
                    if taken.lane == Lane::Work {
                        self.db.write(sqlx::query(WORK).bind(taken.run.0)).await?;
                    }
                    return Ok(Some(taken));
                }
            }
        }
    }

    /// When the next effect that is not due yet will be.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = sqlx::query_scalar(NEXT_DUE).bind(now.0).fetch_one(&self.db.pool).await?;
        Ok(next.map(Timestamp))
    }

    /// How many effects of a run, timers aside, are not finished.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unfinished_effects(&self, run: RunId) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(OPEN_OF_RUN).bind(run.0).fetch_one(&self.db.pool).await?)
    }

    /// Notes that a try of an effect failed for a reason that passes by itself. Says since when it has failed so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fails(&self, effect: EffectId, now: Timestamp) -> Result<Timestamp, StoreError> {
        let since: Option<i64> =
            sqlx::query_scalar(FAILS).bind(now.0).bind(effect.0).fetch_optional(&self.db.pool).await?;
        Ok(since.map_or(now, Timestamp))
    }

    /// Notes that an effect has failed for another reason than that: whatever was away is there again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fails_no_more(&self, effect: EffectId) -> Result<(), StoreError> {
        sqlx::query(FAILS_NO_MORE).bind(effect.0).execute(&self.db.pool).await?;
        Ok(())
    }

    /// Notes, at the end of try `attempts`, how often it was looked for what this or an earlier one may have written.
    ///
    /// # Errors
    /// When the database does not answer; then this try counts as one that may have written.
    pub async fn looked(&self, effect: EffectId, attempts: i64, looks: Option<u32>) -> Result<(), StoreError> {
        let query = sqlx::query(LOOKED).bind(attempts).bind(looks.map_or(-1, i64::from)).bind(effect.0);
        self.db.write(query).await?;
        Ok(())
    }

    async fn read_effect(&self, id: EffectId, claim: Claim) -> Result<ClaimedEffect, StoreError> {
        let row = sqlx::query(READ).bind(id.0).fetch_one(&self.db.pool).await?;
        let (attempts, looks, settled): (i64, i64, i64) = (row.try_get(3)?, row.try_get(6)?, row.try_get(7)?);
        let looks = if settled < attempts - 1 { Some(0) } else { u32::try_from(looks).ok() };
        Ok(ClaimedEffect {
            id,
            run: RunId(row.try_get(0)?),
            lane: lane(row.try_get(1)?),
            effect: row.try_get(2)?,
            made_at: Timestamp(row.try_get(5)?),
            attempts,
            looks,
            poisoned: row.try_get::<i64, _>(4)? > MAX_SILENT_TRIES,
            claim,
        })
    }
}
