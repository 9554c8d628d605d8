//! Does the work: claims what is due, does it, and turns the outcome into an event.
//!
//! [`Core::turn`] is the whole loop: take one delivery or one effect that is due, deal with it, write what came of it.
//! `assentry serve` calls it until it is told to stop; a test calls it until there is nothing left.
//!
//! Promises: an effect is a row before it is a deed and may happen twice; whoever lost the lease writes nothing; what
//! GitHub left unclear is looked up before it is repeated; an effect that cannot be done ends in a state people see.
//! Refuses: to decide. What follows from an event is [`crate::workflow::step`]'s to say.

mod account;
mod act;
mod adopt;
mod announce;
mod answers;
mod apply;
mod around;
mod begun;
mod changed;
mod ci;
mod command;
mod conformance;
mod deliver;
mod delivery;
mod edited;
mod effect;
mod execute;
mod facts;
mod feedback;
mod follow_up;
mod halt;
mod history;
mod inputs;
mod leftovers;
mod limit;
mod moment;
mod note;
mod operator;
mod plan;
mod policy;
mod policy_check;
mod publish;
mod reconcile;
mod record;
mod restored;
mod retention;
mod review;
mod second;
mod set_up;
mod settings;
mod shown;
mod spending;
mod split;
mod status;
mod sweep;
mod taken;
mod talk;
mod trigger;
mod trouble;
mod update;
mod workplace;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::counts::Counts;
use crate::github::App;
use crate::ids::Timestamp;
use crate::model::Model;
use crate::sandbox::Sandbox;
use crate::store::{Lease, Store, Worker};
use crate::workflow::effect::Lane;

pub use account::{Account, Cost, Execution, Overview, account, overview};
pub use announce::Announcement;
pub use conformance::{Built, built};
pub use history::past;
pub use operator::Stopped;
pub use policy::{ground, house};
pub use record::{Record, Unbound, verify_records};
pub use second::to_be_read;
pub use settings::{ModelChoice, Settings};
pub use trouble::Trouble;

use moment::Moment;

/// How long a claimed row stays ours without a heartbeat.
const LEASE: Duration = Duration::from_secs(30);
/// How often a long effect says that it is alive, and learns whether it is still wanted.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How often is looked whether an archived repository or a suspended installation is back.
const REST: Duration = Duration::from_secs(600);

/// After so many deliveries an effect is done first, if one is due.
const DELIVERIES_IN_A_ROW: usize = 4;

/// GitHub may answer 404 for so long about what it has just told of; an older 404 is a fact (F11).
const YOUNG: Duration = Duration::from_secs(60);

/// Everything the work needs. Clones share it.
#[derive(Clone)]
pub struct Core {
    /// What is remembered.
    pub store: Store,
    /// The App on GitHub.
    pub app: Arc<App>,
    /// Where strangers' processes run.
    pub sandbox: Sandbox,
    /// The model that plans.
    pub planner: Arc<Model>,
    /// The model that revises.
    pub reviser: Arc<Model>,
    /// The model that executes.
    pub executor: Arc<Model>,
    /// The model that reads work a second time, where there is one.
    pub reviewer: Option<Arc<Model>>,
    /// Further models, in the order of [`Settings::models`].
    pub others: Vec<Arc<Model>>,
    /// What the operator chose.
    pub settings: Arc<Settings>,
    /// What this process counts.
    pub counts: Counts,
    /// This start of the process, among all replicas.
    pub worker: Worker,
    /// How many deliveries this process has taken in a row, without a look at what else is due.
    pub in_a_row: Arc<AtomicUsize>,
    /// Ends long effects when the process stops; they are handed back, not lost.
    pub stop: CancellationToken,
}

/// Which part of the work a loop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Deliveries, calls to GitHub and timers.
    Worker,
    /// Model and sandbox.
    Runner,
}

impl Core {
    /// Does one due thing. Returns whether there was one.
    ///
    /// # Errors
    /// When the store does not answer: nothing was lost, try again later.
    pub async fn turn(&self, role: Role, now: Timestamp) -> Result<bool, Trouble> {
        let moment = Moment::begin(now);
        let talk = [Lane::Talk, Lane::Timer, Lane::Aside];
        match role {
            Role::Runner => self.does_effect(&[Lane::Work], moment).await,
            // What people do counts first, but a flood of it does not hold up what follows from the rest of it (F10).
            Role::Worker if self.in_a_row.load(Ordering::Relaxed) >= DELIVERIES_IN_A_ROW => {
                self.in_a_row.store(0, Ordering::Relaxed);
                Ok(self.does_effect(&talk, moment).await? || self.takes_delivery(moment).await?)
            }
            Role::Worker => Ok(self.takes_delivery(moment).await? || self.does_effect(&talk, moment).await?),
        }
    }

    async fn takes_delivery(&self, moment: Moment) -> Result<bool, Trouble> {
        let lease = Lease { now: moment.start(), length: LEASE };
        let Some(claimed) = self.store.claim_delivery(&self.worker, lease).await? else {
            self.in_a_row.store(0, Ordering::Relaxed);
            return Ok(false);
        };
        self.in_a_row.fetch_add(1, Ordering::Relaxed);
        // What is logged meanwhile says which delivery, or which run and effect, it is about.
        let span = tracing::info_span!("delivery", delivery.id = %claimed.delivery.id);
        let taken = Box::pin(self.take_delivery(claimed, moment).instrument(span)).await;
        self.counts.took_delivery(taken.is_ok());
        taken.map(|()| true)
    }

    async fn does_effect(&self, lanes: &[Lane], moment: Moment) -> Result<bool, Trouble> {
        let lease = Lease { now: moment.start(), length: LEASE };
        let Some(claimed) = self.store.claim_effect(&self.worker, lanes, lease).await? else { return Ok(false) };
        let span = tracing::info_span!("effect", run.id = %claimed.run, effect.id = %claimed.id);
        Box::pin(self.perform(claimed, moment).instrument(span)).await?;
        Ok(true)
    }
}
