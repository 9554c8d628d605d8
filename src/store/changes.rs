//! What can be asked to be written about a run, and how that can end.

use serde::Serialize;

use super::lease::Finish;
use super::log::NewEvent;
use crate::ids::{Digest, InstallationId, IssueId, IssueNumber, PullNumber, RepoId, RepoName, RunId, Timestamp};
use crate::workflow::effect::Lane;
use crate::workflow::limit::{LimitReached, Request};
use crate::workflow::run::Activity;

/// A state as the store keeps it: the columns it is searched by, and the whole as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateText {
    /// The state's name.
    pub phase: String,
    /// Whether the run goes on, and by whom; at most one run of an issue does.
    pub activity: Activity,
    /// The state, as JSON.
    pub json: String,
}

impl StateText {
    /// Writes a state as JSON.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn of(phase: &str, activity: Activity, state: &impl Serialize) -> Result<StateText, serde_json::Error> {
        Ok(StateText { phase: phase.to_owned(), activity, json: serde_json::to_string(state)? })
    }
}

impl StateText {
    /// The columns `open` and `waits`.
    pub(super) fn columns(&self) -> (i64, i64) {
        match self.activity {
            Activity::Works => (1, 0),
            Activity::Waits => (1, 1),
            Activity::Over => (0, 0),
        }
    }
}

/// An effect to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEffect {
    /// Which effects it waits for.
    pub lane: Lane,
    /// Not before this time.
    pub run_at: Timestamp,
    /// What is to be done, as JSON.
    pub json: String,
}

impl NewEffect {
    /// Writes an effect as JSON.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn of(lane: Lane, run_at: Timestamp, effect: &impl Serialize) -> Result<NewEffect, serde_json::Error> {
        Ok(NewEffect { lane, run_at, json: serde_json::to_string(effect)? })
    }
}

/// A version of the plan; never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlan {
    /// Counted from 1.
    pub version: u32,
    /// Over `terms`.
    pub digest: Digest,
    /// Everything an approver agrees to, in the canonical encoding.
    pub terms: String,
    /// The plan as people see it.
    pub markdown: String,
}

/// What moves a run from the version that was read to the next.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The run.
    pub run: RunId,
    /// The version of the run that led to this.
    pub read_version: i64,
    /// The new state.
    pub state: StateText,
    /// The lanes whose unfinished effects are no longer wanted; who performs one has lost its lease.
    pub voids: Vec<Lane>,
    /// What is to be done next, in this order.
    pub effects: Vec<NewEffect>,
    /// What has happened.
    pub events: Vec<NewEvent>,
    /// A new version of the plan.
    pub plan: Option<NewPlan>,
    /// Pull requests that belong to this run from now on.
    pub pulls: Vec<PullNumber>,
    /// What the delivery behind this means; a meaning counts once, for ever.
    pub meaning: Option<String>,
    /// The delivery or effect whose outcome this is.
    pub finishes: Option<Finish>,
    /// When this is written.
    pub now: Timestamp,
}

/// How a [`Commit`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only a committed move has happened"]
pub enum CommitOutcome {
    /// All is written; the run has this version now.
    Committed {
        /// One more than was read.
        version: i64,
    },
    /// Somebody else moved the run first: nothing was written; read it again and think again.
    Stale,
    /// The delivery or effect belongs to another worker now: nothing was written; stop.
    LostLease,
    /// This was said before: nothing was written but that the delivery is dealt with.
    AlreadyMeant,
}

/// What opens a run.
#[derive(Debug, Clone)]
pub struct OpenRun {
    /// Whose repository it is.
    pub installation: InstallationId,
    /// Where the issue is.
    pub repo: RepoId,
    /// The repository's name at this time.
    pub repo_name: RepoName,
    /// The issue, in all of GitHub.
    pub issue: IssueId,
    /// The issue, in its repository.
    pub issue_number: IssueNumber,
    /// Who asked for it, and how many runs there may be.
    pub request: Request,
    /// What is so from the beginning and stays so, as JSON.
    pub origin: String,
    /// The first state.
    pub state: StateText,
    /// A version of the plan that the run begins with.
    pub plan: Option<NewPlan>,
    /// Pull requests that belong to this run from now on, and to no earlier one.
    pub pulls: Vec<PullNumber>,
    /// What is to be done first, in this order.
    pub effects: Vec<NewEffect>,
    /// What has happened.
    pub events: Vec<NewEvent>,
    /// What the delivery behind this means; a meaning counts once, for ever.
    pub meaning: Option<String>,
    /// The delivery whose outcome this is.
    pub finishes: Option<Finish>,
    /// When this is written.
    pub now: Timestamp,
}

/// How an [`OpenRun`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only an opened run exists"]
pub enum OpenRunOutcome {
    /// The run exists, at version 1.
    Opened(RunId),
    /// The issue has an open run: nothing was written.
    AlreadyOpen(RunId),
    /// The delivery belongs to another worker now: nothing was written; stop.
    LostLease,
    /// This was said before: nothing was written but that the delivery is dealt with.
    AlreadyMeant,
    /// A limit is reached: nothing was written. Where several are, the one that lasts longest.
    LimitReached(LimitReached),
}
