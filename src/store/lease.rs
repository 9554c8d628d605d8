//! Who may work on a row: a lease that ends by itself, and a fence that rises with each change of hands.
//!
//! Deliveries and effects are owned in the same way, so their statements differ by the table's name only. A lease
//! that has ended still belongs to its owner until another worker takes the row; from then on every write of the old
//! owner is refused, because the fence has risen.

use std::fmt;
use std::time::Duration;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};

use super::Store;
use super::errors::StoreError;
use super::transact::Ending;
use crate::ids::{DeliveryId, EffectId, Timestamp};

/// After this many tries in a row that never reported back, the row is not tried again: it may have ended the process.
pub const MAX_SILENT_TRIES: i64 = 3;

/// No lease is longer; one that seems to be was given before the clock was set back, and counts as ended.
const LONGEST_LEASE: Duration = Duration::from_secs(3600);

/// One start of a process that works; two starts never share a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Worker(String);

impl Worker {
    /// Names a worker; the caller sees to it that no other start has the same name.
    #[must_use]
    pub fn new(unique: &str) -> Worker {
        Worker(unique.to_owned())
    }
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// From when and for how long a row is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The time by [`Store::clock`].
    pub now: Timestamp,
    /// How long the row stays taken without a heartbeat.
    pub length: Duration,
}

impl Lease {
    pub(super) fn until(self) -> Timestamp {
        self.now.plus(self.length.min(LONGEST_LEASE))
    }

    pub(super) fn never_beyond(self) -> Timestamp {
        self.now.plus(LONGEST_LEASE)
    }
}

/// The proof that a row was taken; only the store makes one. It says nothing about now: each write checks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub(super) of: Row,
    pub(super) worker: Worker,
    pub(super) fence: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    Delivery(DeliveryId),
    Effect(EffectId),
}

/// How the work on a claimed row ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    pub(super) claim: Claim,
    pub(super) state: &'static str,
    pub(super) why: Option<String>,
}

impl Finish {
    /// It is done.
    #[must_use]
    pub fn done(claim: Claim) -> Finish {
        Finish { claim, state: "done", why: None }
    }

    /// It is none of our business, for the reason given.
    #[must_use]
    pub fn ignored(claim: Claim, why: &str) -> Finish {
        Finish { claim, state: "ignored", why: Some(plain(why)) }
    }

    /// It will not be tried again, for the reason given.
    #[must_use]
    pub fn gave_up(claim: Claim, why: &str) -> Finish {
        Finish { claim, state: "gave_up", why: Some(plain(why)) }
    }
}

/// Whether the claim still held when it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "who has lost its lease must stop"]
pub enum Held {
    /// It did, and what was asked is done.
    Yes,
    /// Another worker has the row, or it is no longer wanted; nothing was written.
    Lost,
}

impl Store {
    /// Extends a claim.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn heartbeat(&self, claim: &Claim, lease: Lease) -> Result<Held, StoreError> {
        let query = sqlx::query(claim.sql().beat).bind(lease.until().0);
        self.write_held(claim.bind(query)).await
    }

    /// Gives a row back to be tried again at `run_at`, because of `why`. The try counts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry(&self, claim: &Claim, run_at: Timestamp, why: &str) -> Result<Held, StoreError> {
        let query = sqlx::query(claim.sql().retry).bind(run_at.0).bind(plain(why));
        let held = self.write_held(claim.bind(query)).await?;
        self.ring();
        Ok(held)
    }

    /// Ends the work on a row that moves no run; [`Store::commit`] does the same within its transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish(&self, finish: Finish, now: Timestamp) -> Result<Held, StoreError> {
        let query = finish.query(now);
        let held = self.write_held(query).await?;
        self.ring();
        Ok(held)
    }

    /// Gives back all rows of a worker that stops in good order, so that another goes on at once. These tries do not
    /// count as silent. Returns how many rows there were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hand_back(&self, worker: &Worker) -> Result<u64, StoreError> {
        let worker = worker.clone();
        let rows = self
            .db
            .transact(move |conn| {
                let worker = worker.clone();
                Box::pin(async move {
                    let mut rows = 0;
                    for sql in [DELIVERIES.hand_back, EFFECTS.hand_back] {
                        rows += sqlx::query(sql).bind(worker.0.clone()).execute(&mut *conn).await?.rows_affected();
                    }
                    Ok(Ending::Commit(rows))
                })
            })
            .await?;
        self.ring();
        Ok(rows)
    }

    async fn write_held(&self, query: Query<'static, Any, AnyArguments>) -> Result<Held, StoreError> {
        Ok(if self.db.write(query).await? == 1 { Held::Yes } else { Held::Lost })
    }
}

impl Claim {
    /// Checks the claim within a transaction and keeps the row from changing hands until its end.
    pub(super) async fn hold(&self, conn: &mut AnyConnection) -> Result<Held, StoreError> {
        let rows = self.bind(sqlx::query(self.sql().hold)).execute(conn).await?.rows_affected();
        Ok(if rows == 1 { Held::Yes } else { Held::Lost })
    }

    fn sql(&self) -> &'static LeaseSql {
        match self.of {
            Row::Delivery(_) => &DELIVERIES,
            Row::Effect(_) => &EFFECTS,
        }
    }

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        let query = match &self.of {
            Row::Delivery(id) => query.bind(id.as_str().to_owned()),
            Row::Effect(id) => query.bind(id.0),
        };
        query.bind(self.fence).bind(self.worker.0.clone())
    }
}

impl Finish {
    /// Ends the work within a transaction.
    pub(super) async fn write(&self, now: Timestamp, conn: &mut AnyConnection) -> Result<Held, StoreError> {
        let rows = self.query(now).execute(conn).await?.rows_affected();
        Ok(if rows == 1 { Held::Yes } else { Held::Lost })
    }

    fn query(&self, now: Timestamp) -> Query<'static, Any, AnyArguments> {
        let query = sqlx::query(self.claim.sql().finish).bind(self.state).bind(self.why.clone()).bind(now.0);
        self.claim.bind(query)
    }
}

/// Takes a candidate row by compare-and-set: nobody else changed it since it was read, or the answer is no.
pub(super) async fn take(
    store: &Store,
    of: Row,
    fence: i64,
    worker: &Worker,
    lease: Lease,
) -> Result<Option<Claim>, StoreError> {
    let seen = Claim { of, worker: worker.clone(), fence };
    let query = sqlx::query(seen.sql().take).bind(worker.0.clone()).bind(lease.until().0);
    let query = match &seen.of {
        Row::Delivery(id) => query.bind(id.as_str().to_owned()),
        Row::Effect(id) => query.bind(id.0),
    };
    let held = store.write_held(query.bind(fence)).await?;
    Ok(match held {
        Held::Yes => Some(Claim { fence: fence + 1, ..seen }),
        Held::Lost => None,
    })
}

/// PostgreSQL's TEXT refuses the character 0.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

struct LeaseSql {
    take: &'static str,
    hold: &'static str,
    beat: &'static str,
    retry: &'static str,
    finish: &'static str,
    hand_back: &'static str,
    abandon: &'static str,
}

macro_rules! lease_sql {
    ($table:literal) => {
        LeaseSql {
            // Attempts are counted before the try, so that a try that ends the process is counted too.
            take: concat!(
                "UPDATE ",
                $table,
                " SET worker = $1, leased_until = $2, fence = fence + 1, attempts = attempts + 1, silent = silent + 1 \
                 WHERE id = $3 AND fence = $4 AND state = 'due'"
            ),
            hold: concat!(
                "UPDATE ",
                $table,
                " SET fence = fence WHERE id = $1 AND fence = $2 AND worker = $3 AND state = 'due'"
            ),
            beat: concat!(
                "UPDATE ",
                $table,
                " SET leased_until = $1 WHERE id = $2 AND fence = $3 AND worker = $4 AND state = 'due'"
            ),
            retry: concat!(
                "UPDATE ",
                $table,
                " SET run_at = $1, why = $2, worker = NULL, leased_until = 0, fence = fence + 1, silent = 0 \
                 WHERE id = $3 AND fence = $4 AND worker = $5 AND state = 'due'"
            ),
            finish: concat!(
                "UPDATE ",
                $table,
                " SET state = $1, why = $2, finished_at = $3, worker = NULL, leased_until = 0 \
                 WHERE id = $4 AND fence = $5 AND worker = $6 AND state = 'due'"
            ),
            hand_back: concat!(
                "UPDATE ",
                $table,
                " SET worker = NULL, leased_until = 0, fence = fence + 1, silent = silent - 1 \
                 WHERE worker = $1 AND state = 'due'"
            ),
            // The silent tries stay counted: one of them may have ended its process.
            abandon: concat!(
                "UPDATE ",
                $table,
                " SET worker = NULL, leased_until = 0, fence = fence + 1 WHERE worker IS NOT NULL AND state = 'due'"
            ),
        }
    };
}

const DELIVERIES: LeaseSql = lease_sql!("deliveries");
const EFFECTS: LeaseSql = lease_sql!("effects");

/// Takes all rows from whoever holds them.
pub(super) const ABANDON: [&str; 2] = [DELIVERIES.abandon, EFFECTS.abandon];
