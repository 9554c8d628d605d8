//! The work while people review it, and what is done about what they say.

use serde::{Deserialize, Serialize};

use super::{Approved, Note, Reply, Stop};
use crate::ids::{CommitSha, PullNumber};

/// The pull request with the work is open, and the plan pull request closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InReview {
    /// What was built.
    pub approved: Approved,
    /// The pull request.
    pub pull: PullNumber,
    /// The last commit that we wrote there.
    pub head: CommitSha,
    /// The version whose execution it holds, where a later one was approved since; else 0.
    #[serde(default)]
    pub built: u32,
    /// The highest number of a version that was proposed for it and came to nothing; else 0.
    #[serde(default)]
    pub proposed: u32,
    /// The last commit that we wrote to the plan branch, where it holds such a version.
    #[serde(default)]
    pub plan_head: Option<CommitSha>,
    /// How many follow-ups there were when the approved version was; their cost was granted with another.
    #[serde(default)]
    pub earlier: u32,
    /// What people said of the work that no follow-up has taken up yet.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// What is being done about what they said.
    #[serde(default)]
    pub stage: ReviewStage,
    /// How many follow-ups there were, the one under way included.
    #[serde(default)]
    pub follow_ups: u32,
    /// How often one was begun; a stopped one is begun again.
    #[serde(default)]
    pub begun: u32,
    /// A follow-up that was stopped half-way: it is gone on with where nothing was said since.
    #[serde(default)]
    pub stopped: Option<FollowUp>,
    /// How many of them in a row nobody asked for by a command.
    #[serde(default)]
    pub rounds: u32,
    /// How many of them in a row were made because of red checks, and nobody asked for.
    #[serde(default)]
    pub ci_fixes: u32,
    /// The last commit whose red checks were taken up, or told of.
    #[serde(default)]
    pub red: Option<CommitSha>,
}

/// How much is done by itself while the work is up for review, before a person must ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewBounds {
    /// How many follow-ups in a row are made of what people say.
    pub rounds: u32,
    /// How many are made because checks of others are red.
    pub ci_fixes: u32,
}

impl Default for ReviewBounds {
    fn default() -> ReviewBounds {
        ReviewBounds { rounds: 3, ci_fixes: 1 }
    }
}

/// What is being done about what people said of the work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ReviewStage {
    /// Nothing: people have the word.
    #[default]
    Open,
    /// The approval is judged before a follow-up begins.
    Starting {
        /// Which.
        follow_up: FollowUp,
    },
    /// The executor is at it.
    Working {
        /// At which.
        follow_up: FollowUp,
        /// Who wants it to stop; the agent may still be at work.
        stop: Option<Box<Stop>>,
    },
    /// It is done, and the approval is judged once more before the push.
    Judging {
        /// Which.
        follow_up: FollowUp,
        /// What became of each note.
        replies: Vec<Reply>,
    },
    /// Its commit is being made and the branch moved.
    Pushing {
        /// Which.
        follow_up: FollowUp,
        /// What became of each note.
        replies: Vec<Reply>,
    },
}

/// One round of work on what people said, inside the approved scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Its number within the run, from 1.
    pub number: u32,
    /// What it answers.
    pub notes: Vec<Note>,
}

impl InReview {
    /// The work as it was delivered.
    #[must_use]
    pub fn new(approved: Approved, pull: PullNumber, head: CommitSha) -> InReview {
        InReview {
            approved,
            pull,
            head,
            built: 0,
            proposed: 0,
            plan_head: None,
            earlier: 0,
            notes: vec![],
            stage: ReviewStage::Open,
            follow_ups: 0,
            begun: 0,
            stopped: None,
            rounds: 0,
            ci_fixes: 0,
            red: None,
        }
    }

    /// The version whose execution it holds.
    #[must_use]
    pub fn built(&self) -> u32 {
        if self.built == 0 { self.approved.shown.subject.version } else { self.built }
    }

    /// The last commit that we wrote to the plan branch.
    #[must_use]
    pub fn plan_head(&self) -> &CommitSha {
        self.plan_head.as_ref().unwrap_or(&self.approved.shown.subject.commit)
    }

    /// Whether an agent is at work.
    #[must_use]
    pub fn is_working(&self) -> bool {
        matches!(self.stage, ReviewStage::Working { .. })
    }
}

impl ReviewStage {
    /// The follow-up that is under way.
    #[must_use]
    pub fn follow_up(&self) -> Option<&FollowUp> {
        match self {
            ReviewStage::Open => None,
            ReviewStage::Starting { follow_up }
            | ReviewStage::Working { follow_up, .. }
            | ReviewStage::Judging { follow_up, .. }
            | ReviewStage::Pushing { follow_up, .. } => Some(follow_up),
        }
    }

    /// Whether a gate is asked at this point.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        matches!(self, ReviewStage::Starting { .. } | ReviewStage::Judging { .. })
    }
}
