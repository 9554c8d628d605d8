//! A run: where it came from, and the states it can be in.
//!
//! A state holds only what is true in it. What happened on the way stands in the event log; what was written (plans,
//! conversations, results) in the store, by run and version.

mod asked;
mod in_review;
mod notes;
mod origin;
mod pulls;
mod resting;

use serde::{Deserialize, Serialize};

pub use super::outcome::{CancelledBy, Fate, Finished, Outcome, Revert, Trouble};

use super::act::Act;
use super::approval::{Case, Edit, Reason, Retry, Rules, Subject};
use super::change::{Around, Stale};
use super::hold::Hold;
use crate::ids::{BranchName, CommitSha, Digest, Person, PullNumber, RunId, Timestamp};

pub use in_review::{FollowUp, InReview, ReviewBounds, ReviewStage};
pub use notes::{Lines, Note, Offer, Reply, Source, Thread};
pub use origin::Origin;
pub use resting::{Guidance, Raise, Rest, Resting, Stop};

/// One issue's way from label to pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number, given by the store.
    pub id: RunId,
    /// What was true when it began; never changes.
    pub origin: Origin,
    /// Where it stands.
    pub state: State,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum State {
    /// The planner writes a version.
    Planning(Planning),
    /// The planner has asked questions.
    AwaitingAnswer(AwaitingAnswer),
    /// A version is being posted.
    Publishing(Publishing),
    /// A version waits for its approval.
    AwaitingApproval(Waiting),
    /// A version was approved and is judged once more before it starts.
    Starting(Approved),
    /// The executor is at work.
    Executing(Executing),
    /// The work was stopped, or has used up what it may; what is done is kept.
    Resting(Resting),
    /// The result is judged, pushed and opened as a pull request.
    Delivering(Delivering),
    /// The pull request with the work is open.
    InReview(InReview),
    /// Nothing more happens.
    Ended(Ended),
}

/// The planner writes a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planning {
    /// The version being written.
    pub version: u32,
    /// What it is to answer.
    pub ask: Ask,
    /// The version people see meanwhile.
    pub shown: Option<Shown>,
    /// What people said since the planner began; for the version after.
    pub notes: Vec<Note>,
    /// Objections that stay (rule F); for a revision all acts, because it may turn out that nothing changes.
    pub acts: Vec<Act>,
    /// Everyone whose request is in this version.
    pub requesters: Vec<Person>,
    /// How many revisions in a row this makes.
    #[serde(default)]
    pub rounds: u32,
    /// Whether someone else moved the plan branch meanwhile: then the version shown cannot stay (Q13).
    #[serde(default)]
    pub branch_moved: bool,
    /// Whether it is to be written without asking people.
    #[serde(default)]
    pub unasked: bool,
    /// What happened around it.
    pub around: Around,
}

/// What a version is to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Plan the issue as it stands.
    Fresh {
        /// What a person asked to mind.
        guidance: Option<String>,
    },
    /// Answer these notes on the version shown, and change nothing else.
    Revise {
        /// The notes, in the order they were made.
        notes: Vec<Note>,
    },
    /// Publish the version shown once more, because someone else moved its branch; no model is asked.
    Republish,
    /// Publish what a person wrote; no model is asked.
    Adopt(Box<Offer>),
    /// Plan anew, because the version shown is out of date and nobody has approved it.
    Anew {
        /// What it missed.
        why: Stale,
    },
}

/// The planner has asked questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingAnswer {
    /// The version that could not be written yet.
    pub version: u32,
    /// What it is to answer.
    pub ask: Ask,
    /// What people said since.
    pub notes: Vec<Note>,
    /// What is asked.
    pub questions: Vec<String>,
    /// The version people see meanwhile.
    pub shown: Option<Shown>,
    /// Objections that stay.
    pub acts: Vec<Act>,
    /// Everyone whose request is in it.
    pub requesters: Vec<Person>,
    /// What happened around it.
    pub around: Around,
}

/// A version is being posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publishing {
    /// The version's number.
    pub version: u32,
    /// Its digest.
    pub digest: Digest,
    /// The base it was written against.
    pub base: CommitSha,
    /// The rules it is published under.
    pub rules: Rules,
    /// How far it is.
    pub stage: PublishStage,
    /// The version people see meanwhile.
    pub shown: Option<Shown>,
    /// What people said meanwhile.
    pub notes: Vec<Note>,
    /// Objections that stay.
    pub acts: Vec<Act>,
    /// Everyone whose request is in it.
    pub requesters: Vec<Person>,
    /// What this version answers, for the answers in the threads.
    pub answering: Vec<Note>,
    /// Whether someone else moved the plan branch meanwhile: then this version is published once more (Q13).
    pub branch_moved: bool,
    /// What a person wrote meanwhile; it is the next version.
    #[serde(default)]
    pub offered: Option<Box<Offer>>,
    /// How many revisions in a row this makes.
    #[serde(default)]
    pub rounds: u32,
    /// What happened around it.
    pub around: Around,
}

/// How far the posting of a version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishStage {
    /// The plan file is being committed.
    Committing,
    /// The plan pull request is being opened.
    Opening {
        /// The commit that holds the file.
        commit: CommitSha,
    },
    /// The plan comment is being posted.
    Posting {
        /// The commit that holds the file.
        commit: CommitSha,
        /// The plan pull request.
        pull: PullNumber,
        /// When the pull request was opened, or this version's commit was made, by GitHub's clock.
        at: Timestamp,
    },
}

/// A version as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What an approval must fit.
    pub subject: Subject,
    /// The base it was written against.
    pub base: CommitSha,
    /// The rules it was published under.
    pub rules: Rules,
    /// The last change of what it was made from, by someone who may write (rule E).
    pub edited: Option<Edit>,
    /// The request to try it once more, if a run of it has ended before.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// The plan pull request.
    pub pull: PullNumber,
    /// Everyone whose request is in it.
    pub requesters: Vec<Person>,
    /// How many revisions in a row were made of remarks up to this one.
    #[serde(default)]
    pub rounds: u32,
    /// What people granted to its execution beyond the budget that was approved, in millionths of a dollar.
    #[serde(default)]
    pub raised: u64,
    /// What people said to its execution when they let it go on, in order.
    #[serde(default)]
    pub guidance: Vec<Guidance>,
    /// What happened around it.
    pub around: Around,
}

/// A version waits for its approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The version.
    pub shown: Shown,
    /// What people did.
    pub acts: Vec<Act>,
    /// What people said and no revision has taken up yet.
    pub notes: Vec<Note>,
    /// What the last judgement missed.
    pub missing: Vec<Reason>,
    /// That something is not known which the gate turns on.
    pub hold: Option<Hold>,
}

/// A version was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The version.
    pub shown: Shown,
    /// What people did.
    pub acts: Vec<Act>,
    /// By whom.
    pub by: Vec<Person>,
    /// Whether someone who asked for it is among them.
    pub by_requester: bool,
    /// What voided the version while it was executed; judged at the last gate, also if it was undone since (Q13).
    pub void: Option<Reason>,
    /// That something is not known which the gate it stands at turns on.
    pub hold: Option<Hold>,
}

/// The executor is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executing {
    /// What it executes.
    pub approved: Approved,
    /// Ids of the steps that are done, in order.
    pub ticked: Vec<String>,
    /// Whether the work rests, because nothing can be written to the repository at the moment.
    pub parked: bool,
    /// Who wants it to stop; the agent may still be at work.
    #[serde(default)]
    pub stop: Option<Box<Stop>>,
}

/// The result is on its way to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivering {
    /// What was executed.
    pub approved: Approved,
    /// How far it is.
    pub stage: DeliverStage,
}

/// How far the delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverStage {
    /// The approval is judged for the last time; what it misses, if it was asked before.
    Judging {
        /// What the last judgement missed.
        missing: Vec<Reason>,
    },
    /// The commits are being made and the branch set.
    Pushing,
    /// The pull request is being opened.
    Opening {
        /// The last commit.
        head: CommitSha,
        /// All commits, a step each.
        commits: Vec<CommitSha>,
    },
    /// The plan pull request is being closed.
    Closing {
        /// The pull request.
        pull: PullNumber,
        /// The last commit.
        head: CommitSha,
    },
}

/// Nothing more happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// The version people saw last.
    pub shown: Option<Shown>,
    /// What people did until then, and their objections since: in force when the version is tried again (rule D).
    pub acts: Vec<Act>,
    /// What spent the version, if something did (Q13).
    pub void: Option<Reason>,
    /// A version that was written, and that GitHub was not there to take for as long as it is kept (F31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<Box<Publishing>>,
}

impl Run {
    /// The branch the work is for: the one it began with, unless that was renamed since.
    #[must_use]
    pub fn base_branch(&self) -> &BranchName {
        self.state.around().and_then(|around| around.base_branch.as_ref()).unwrap_or(&self.origin.base_branch)
    }
}

impl Shown {
    /// The version as the gate looks at it, with what people did.
    #[must_use]
    pub fn case<'a>(&'a self, acts: &'a [Act]) -> Case<'a> {
        Case {
            subject: &self.subject,
            rules: &self.rules,
            edited: self.edited.as_ref(),
            retry: self.retry.as_ref(),
            acts,
        }
    }
}

/// What a run does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It goes on by itself.
    Works,
    /// It waits for people.
    Waits,
    /// It is over.
    Over,
}

impl State {
    /// The phase's name, as tables, logs and people know it.
    #[must_use]
    pub fn phase(&self) -> &'static str {
        match self {
            State::Planning(_) => "planning",
            State::AwaitingAnswer(_) => "awaiting_answer",
            State::Publishing(_) => "publishing",
            State::AwaitingApproval(_) => "awaiting_approval",
            State::Starting(_) => "starting",
            State::Executing(_) => "executing",
            State::Resting(_) => "resting",
            State::Delivering(_) => "delivering",
            State::InReview(_) => "in_review",
            State::Ended(_) => "ended",
        }
    }

    /// Whether the run goes on by itself, waits for people, or is over.
    #[must_use]
    pub fn activity(&self) -> Activity {
        match self {
            State::AwaitingAnswer(_) | State::AwaitingApproval(_) | State::Resting(_) => Activity::Waits,
            State::InReview(review) if review.stage.follow_up().is_none() => Activity::Waits,
            State::Planning(_)
            | State::Publishing(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Delivering(_)
            | State::InReview(_) => Activity::Works,
            State::Ended(_) => Activity::Over,
        }
    }

    /// Whether anything more can happen.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self, State::Ended(_))
    }

    /// The version people see, if there is one.
    #[must_use]
    pub fn shown(&self) -> Option<&Shown> {
        match self {
            State::Planning(planning) => planning.shown.as_ref(),
            State::AwaitingAnswer(awaiting) => awaiting.shown.as_ref(),
            State::Publishing(publishing) => publishing.shown.as_ref(),
            State::AwaitingApproval(waiting) => Some(&waiting.shown),
            State::Starting(approved) => Some(&approved.shown),
            State::Executing(executing) => Some(&executing.approved.shown),
            State::Resting(resting) => Some(&resting.approved.shown),
            State::Delivering(delivering) => Some(&delivering.approved.shown),
            State::InReview(review) => Some(&review.approved.shown),
            State::Ended(ended) => ended.shown.as_ref(),
        }
    }

    /// What happened around the version that is being made, or else is shown.
    #[must_use]
    pub fn around(&self) -> Option<&Around> {
        match self {
            State::Planning(planning) => Some(&planning.around),
            State::AwaitingAnswer(awaiting) => Some(&awaiting.around),
            State::Publishing(publishing) => Some(&publishing.around),
            State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::InReview(_)
            | State::Ended(_) => self.shown().map(|shown| &shown.around),
        }
    }

    /// What people did that bears on approval.
    #[must_use]
    pub fn acts(&self) -> &[Act] {
        match self {
            State::Planning(planning) => &planning.acts,
            State::AwaitingAnswer(awaiting) => &awaiting.acts,
            State::Publishing(publishing) => &publishing.acts,
            State::AwaitingApproval(waiting) => &waiting.acts,
            State::Starting(approved) => &approved.acts,
            State::Executing(executing) => &executing.approved.acts,
            State::Resting(resting) => &resting.approved.acts,
            State::Delivering(delivering) => &delivering.approved.acts,
            State::InReview(review) => &review.approved.acts,
            State::Ended(ended) => &ended.acts,
        }
    }

    /// What spent the version that people see, where that is known before the next judgement.
    #[must_use]
    pub fn void(&self) -> Option<&Reason> {
        match self {
            State::Starting(approved) => approved.void.as_ref(),
            State::Executing(executing) => executing.approved.void.as_ref(),
            State::Resting(resting) => resting.approved.void.as_ref(),
            State::Delivering(delivering) => delivering.approved.void.as_ref(),
            State::InReview(review) => review.approved.void.as_ref(),
            State::Ended(ended) => ended.void.as_ref(),
            State::Planning(_) | State::AwaitingAnswer(_) | State::Publishing(_) | State::AwaitingApproval(_) => None,
        }
    }

    /// That something is not known which the gate turns on, if the run stands at one.
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        match self {
            State::AwaitingApproval(waiting) => waiting.hold,
            State::Starting(approved) => approved.hold,
            State::Delivering(Delivering { approved, stage: DeliverStage::Judging { .. } }) => approved.hold,
            State::InReview(review) if review.stage.is_judged() => review.approved.hold,
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::InReview(_)
            | State::Ended(_) => None,
        }
    }

    /// What people said that no revision has taken up yet.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        match self {
            State::Planning(planning) => &planning.notes,
            State::Publishing(publishing) => &publishing.notes,
            State::AwaitingApproval(waiting) => &waiting.notes,
            State::InReview(review) => &review.notes,
            State::AwaitingAnswer(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::Ended(_) => &[],
        }
    }
}
