//! Remembers everything: deliveries, runs, effects, plans, transcripts and the event log.
//!
//! One SQL text serves SQLite (embedded, the default) and PostgreSQL (several replicas). Promises:
//!
//! * What was acknowledged is on disk: [`Store::receive`] returns after the commit, SQLite syncs fully.
//! * A run's new state, its effects and its events are one transaction ([`Store::commit`]), refused when somebody
//!   else moved the run first.
//! * Work has one owner: a lease with a fence that rises with each change of hands; the writes of an owner that lost
//!   its lease are refused.
//! * What a call of a model may use up is reserved before it is made ([`Store::reserve_call`]), against sums that nobody
//!   else changes meanwhile.
//! * The event log is append-only and each row carries the hash of the one before; [`Store::verify`] names the first
//!   row that was changed, removed, inserted or moved.
//!
//! Refuses: a file written by a newer version, a database on a network file system, to interpret the JSON it keeps.
//! Every write runs in a task of its own: a caller that goes away (a closed connection, a timeout) leaves no
//! transaction open, and one that is not polled holds up nobody. No transaction waits for the network, save for the
//! database itself.

mod alone;
mod backup;
mod bell;
mod board;
mod calls;
mod changes;
mod chores;
mod commit;
mod connect;
mod costs;
mod epoch;
mod errors;
mod figures;
mod heads;
mod inbox;
mod kept;
mod lease;
mod limits;
mod log;
mod look;
mod operator;
mod outbox;
mod parcels;
mod plans;
mod retention;
mod runs;
mod sessions;
mod sights;
mod transact;
mod transcript;

use std::sync::Arc;

use tokio::sync::watch;

use crate::ids::Timestamp;

pub use alone::{Alone, Others};
pub use backup::{Copied, CopyError};
pub use board::{Group, RepositoryRow, RunCounts};
pub use calls::{CallNumber, NewCall, Reserved, UsedByTask, UsedCall};
pub use changes::{Commit, CommitOutcome, NewEffect, NewPlan, OpenRun, OpenRunOutcome, StateText};
pub use connect::without_password;
pub use costs::{Costs, RunCosts};
pub use epoch::Past;
pub use errors::StoreError;
pub use figures::{Figures, Week};
pub use inbox::{ClaimedDelivery, Delivery, NewDelivery, Received};
pub use lease::{Claim, Finish, Held, Lease, MAX_SILENT_TRIES, Worker};
pub use log::{Broken, EventRow, NewEvent, Verdict, Verified};
pub use look::Look;
pub use operator::Replayed;
pub use outbox::ClaimedEffect;
pub use parcels::{GivenUp, Parcel, Queue};
pub use plans::PlanRow;
pub use retention::Forgettable;
pub use runs::RunRow;
pub use sights::{Onlooker, Reached};
pub use transcript::{LoggedTurn, NewTurn, Turn, TurnUsage, Written};

use bell::Bell;
use connect::Database;

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Store {
    db: Database,
    inbox: Arc<inbox::Inbox>,
    bell: Bell,
}

impl Store {
    /// Opens the database behind `address` and brings its tables up to date: a path or `sqlite:` URL for SQLite (the
    /// file is made when missing, readable for its owner only), or a `postgres://` URL.
    ///
    /// # Errors
    /// [`StoreError::Address`] and [`StoreError::Newer`] need the operator; the others say that it does not answer.
    pub async fn open(address: &str) -> Result<Store, StoreError> {
        Ok(Store::on(connect::open(address).await?, address))
    }

    /// Opens the database without bringing its tables up to date.
    async fn open_as_it_is(address: &str) -> Result<Store, StoreError> {
        Ok(Store::on(connect::open_as_it_is(address).await?, address))
    }

    fn on(db: Database, address: &str) -> Store {
        let bell = if db.is_shared() { Bell::shared(address.to_owned(), db.pool.clone()) } else { Bell::alone() };
        let inbox = Arc::new(inbox::Inbox::start(db.clone(), bell.clone()));
        Store { db, inbox, bell }
    }

    /// Closes the connections, after the writes under way.
    pub async fn close(&self) {
        self.db.pool.close().await;
    }

    /// The time leases are counted by: the database's clock on PostgreSQL, so that replicas agree; on SQLite this
    /// machine's clock as it was at the start plus what a clock that never jumps has measured since.
    ///
    /// # Errors
    /// When PostgreSQL does not answer.
    pub async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.db.clock().await
    }

    /// Makes sure that the database takes writes at this moment.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.db.write(sqlx::query("UPDATE heads SET one = 1 WHERE one = 1")).await?;
        Ok(())
    }

    /// A bell that rings after each write that may have made something due, of this process and, on PostgreSQL, of the
    /// others. Take it before looking, then wait for `changed()`; a ring may get lost, so look from time to time anyway.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.bell.listen()
    }

    fn ring(&self) {
        self.bell.ring();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.write_str("Store")
    }
}
