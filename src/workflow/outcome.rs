//! How a run ends, and why it could not go on.

use serde::{Deserialize, Serialize};

use super::approval::Reason;
use super::spending::DayReached;
use crate::ids::{CommitSha, Person, PullNumber, Timestamp};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Outcome {
    /// The work was up for review.
    Done {
        /// Its pull request.
        pull: PullNumber,
        /// The last commit that we wrote there.
        head: CommitSha,
        /// What became of it.
        #[serde(default)]
        fate: Fate,
    },
    /// A person ended it.
    Cancelled {
        /// Who.
        by: Option<Person>,
        /// By what.
        why: CancelledBy,
    },
    /// The plan cannot be executed as it is; a new version is needed.
    NeedsNewPlan {
        /// Why.
        why: Trouble,
    },
    /// It could not go on.
    Failed {
        /// Why.
        why: Trouble,
    },
}

/// What became of the pull request with the work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "became")]
pub enum Fate {
    /// It was open when it was last looked at; nobody looks any more.
    #[default]
    Unknown,
    /// It was merged.
    Merged {
        /// By whom, if GitHub said so.
        by: Option<Person>,
        /// The commit that brought it, if GitHub said so.
        commit: Option<CommitSha>,
    },
    /// It was closed and not merged.
    Closed {
        /// By whom, if GitHub said so.
        by: Option<Person>,
    },
    /// It was merged, and that was taken back.
    Reverted {
        /// By what.
        by: Revert,
    },
}

/// What took merged work back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revert {
    /// A commit on the base branch that says so.
    Commit(CommitSha),
    /// A merged pull request that says so.
    Pull(PullNumber),
}

impl Fate {
    /// Whether what is told now may follow on what is known: a pull request that was closed can be opened again and merged,
    /// and what was merged can be reverted.
    #[must_use]
    pub fn leads_to(&self, next: &Fate) -> bool {
        match (self, next) {
            (Fate::Unknown | Fate::Closed { .. }, Fate::Merged { .. })
            | (Fate::Unknown, Fate::Closed { .. })
            | (Fate::Merged { .. }, Fate::Reverted { .. }) => true,
            (
                Fate::Unknown | Fate::Merged { .. } | Fate::Closed { .. } | Fate::Reverted { .. },
                Fate::Unknown | Fate::Merged { .. } | Fate::Closed { .. } | Fate::Reverted { .. },
            ) => false,
        }
    }
}

/// By what a person ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    /// `/cancel`.
    Command,
    /// The trigger label was removed.
    Unlabelled,
    /// The issue was closed.
    IssueClosed,
    /// The plan pull request was closed.
    PlanPullClosed,
    /// Nobody approved the plan for so long that it was closed.
    NobodyDecided,
    /// Nobody went on with work that rested for long.
    NobodyWentOn,
    /// The operator of the server ended it.
    Operator,
    /// The App was removed from the repository, whether or not it came back as another installation.
    Uninstalled,
}

/// What was done and paid for when a run could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finished {
    /// Nothing yet.
    Nothing,
    /// A version of the plan.
    Plan,
    /// The work on it.
    Work,
}

/// Why a run could not go on, sorted by what a person can do about it. Texts come from tools and models: data, shown as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Trouble {
    /// The repository has no commit to work on.
    EmptyRepository,
    /// The issue says nothing.
    EmptyIssue,
    /// The model would not do it.
    Refused {
        /// Its words.
        text: String,
    },
    /// There is nothing to change.
    NoChange {
        /// The agent's words.
        text: String,
    },
    /// A limit was reached.
    OverBudget {
        /// Which: turns, tokens, dollars, minutes.
        what: String,
    },
    /// So much was used up within a day that there was no room for more.
    DayIsFull {
        /// By whom, of what, until when.
        reached: DayReached,
    },
    /// The agent went in circles or its calls were rejected too often.
    Lost {
        /// How.
        text: String,
    },
    /// The model's endpoint did not do its part.
    Model {
        /// The class of error.
        text: String,
    },
    /// The sandbox did not start (T54).
    NoSandbox {
        /// Why, and how to mend the host.
        text: String,
    },
    /// The root file system image that the approved version runs in is not to be had.
    NoImage {
        /// Why, with its digest.
        text: String,
    },
    /// A command of the repository's policy that prepares the checkout failed.
    SetUpFailed {
        /// The command.
        command: String,
        /// How it ended, and the end of what it printed.
        output: String,
    },
    /// A check stayed red.
    ChecksFailed {
        /// The commands that failed.
        commands: Vec<String>,
    },
    /// The agent said that the plan is wrong or a step impossible.
    PlanIsWrong {
        /// Its words.
        text: String,
    },
    /// What came out of the sandbox broke a rule.
    Forbidden {
        /// Which, and where.
        text: String,
    },
    /// The approved version no longer holds.
    Void {
        /// Why.
        reason: Reason,
    },
    /// GitHub refused a write.
    Github {
        /// What, and what would help.
        text: String,
    },
    /// GitHub could not be reached, or did not do its part, for as long as what is finished is kept (F31).
    GithubAway {
        /// Since when.
        since: Timestamp,
        /// What could not be brought there.
        finished: Finished,
        /// What it said last.
        text: String,
    },
    /// A write's outcome stayed unknown, or an effect failed again and again.
    GaveUp {
        /// What was tried.
        text: String,
    },
}
