//! What changes around a run without anyone deciding anything about it: its input, its base, its pull request, time.

use serde::{Deserialize, Serialize};

use super::approval::BaseFact;
use super::run::InReview;
use crate::ids::{BranchName, CommentId, Person, Timestamp};

/// Something that changed around a run; a row of the table of events by phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Change {
    /// Someone who may write, or nobody knows who, changed what the plan is made from (rule E).
    Input {
        /// What they changed.
        edits: Vec<InputEdit>,
    },
    /// Someone who may not write changed it: that is told, and nothing else follows.
    InputByOutsider {
        /// What they changed.
        notices: Vec<Notice>,
    },
    /// The plan pull request goes into another branch now.
    PlanPullRetargeted,
    /// The plan pull request was merged; that is no act (D50).
    PlanPullMerged {
        /// By whom, if GitHub said so.
        by: Option<Person>,
    },
    /// Somebody pushed to the base branch, or renamed it.
    BaseMoved,
    /// What a look at the base branch showed.
    BaseSeen {
        /// What became of the plan's base.
        base: BaseFact,
    },
    /// The base branch has another name now.
    BaseRenamed {
        /// Which.
        to: BranchName,
    },
    /// The issue was deleted, or moved to another repository.
    IssueGone,
    /// The issue was closed after the work's pull request was opened.
    IssueClosed,
    /// Everybody can read the repository now.
    MadePublic,
    /// The models or prompts that the version names are no longer those of this server.
    Outdated,
    /// The repository was archived, or the installation suspended: nothing can be written.
    Parked,
    /// It can be written again.
    Unparked,
    /// The database came back from a copy: what happened since the copy was made is not known (F21).
    Restored {
        /// When that was noticed.
        at: Timestamp,
        /// Whether GitHub shows the version as it is known here, and nothing built of it.
        intact: bool,
    },
    /// Nobody has approved the version for a while.
    ReminderDue {
        /// Which.
        version: u32,
    },
    /// Nobody has approved the version for so long that nobody will.
    TimeUp {
        /// Which.
        version: u32,
    },
}

/// A part of what a plan is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The issue's title.
    Title,
    /// The issue's text.
    Body,
    /// A comment.
    Comment(CommentId),
}

/// A change of the input, with the text that the delivery told, so that no later one takes its place (T17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputEdit {
    /// What was changed.
    pub what: Input,
    /// Who changed it; `None` if GitHub did not say.
    pub by: Option<Person>,
    /// When, by GitHub's clock.
    pub at: Timestamp,
    /// What it says now; `None` if it was deleted.
    pub text: Option<String>,
}

/// A change of the input by someone who may not write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What was changed.
    pub what: Input,
    /// Who changed it.
    pub by: Option<Person>,
    /// When, by GitHub's clock.
    pub at: Timestamp,
}

/// Why a version is out of date and another is written without anyone asking for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Stale {
    /// The input was changed.
    Input {
        /// The changes, each part once.
        edits: Vec<InputEdit>,
    },
    /// The base branch has changed inside the scope.
    Base {
        /// Which paths.
        paths: Vec<String>,
    },
    /// The base branch has another name.
    BaseRenamed {
        /// Which.
        to: BranchName,
    },
    /// The models or prompts are other ones.
    Outdated,
}

/// What happened around a version, as far as it bears on what comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// How many versions in a row nobody has asked for.
    pub automatic: u32,
    /// Whether the plan branch was deleted and put back once.
    pub restored: bool,
    /// Changes of the input that no version has taken up yet, each part once.
    pub edits: Vec<InputEdit>,
    /// Changes of the input that change nothing, each part once.
    pub notices: Vec<Notice>,
    /// Whether the base branch moved while the version was made.
    pub base_moved: bool,
    /// What the base branch is called, if it was renamed since the run began.
    pub base_branch: Option<BranchName>,
    /// The version whose execution stopped because the plan did not fit: what was done of it is gone on from.
    #[serde(default)]
    pub kept: Option<u32>,
    /// The version whose work was let go, because a person wanted another plan while it was kept.
    #[serde(default)]
    pub dropped: Option<u32>,
    /// The work that is up for review meanwhile, where the version is to allow what its review asks for.
    #[serde(default)]
    pub review: Option<Box<InReview>>,
}

impl Around {
    /// The same with changes of the input; the last one of each part counts.
    #[must_use]
    pub fn with_edits(mut self, edits: &[InputEdit]) -> Around {
        for edit in edits {
            self.edits.retain(|known| known.what != edit.what);
            self.edits.push(edit.clone());
        }
        self
    }

    /// The same with changes that change nothing; the last one of each part is shown.
    #[must_use]
    pub fn with_notices(mut self, notices: &[Notice]) -> Around {
        for notice in notices {
            self.notices.retain(|known| known.what != notice.what);
            self.notices.push(notice.clone());
        }
        self
    }
}
