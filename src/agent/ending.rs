//! Why an agent stopped without what it was asked for. Every end has its own name; none is silent.

use crate::model::ModelError;
use crate::sandbox::SandboxError;
use crate::workflow::deviation::{Deviation, Response};
use crate::workflow::spending::{DayReached, Full, Limit};

/// An end that is not a result, sorted by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum Ending {
    /// The model would not do it. Tell people.
    #[error("the model refused: {text}")]
    Refused {
        /// Its words.
        text: String,
    },
    /// There is nothing to change. Tell people.
    #[error("nothing to change: {text}")]
    NoChange {
        /// The agent's words.
        text: String,
    },
    /// The agent says that the plan is wrong or a step impossible. A new version is needed.
    #[error("the plan cannot be executed: {text}")]
    PlanIsWrong {
        /// The agent's words.
        text: String,
    },
    /// The work has left the plan in a way that is for people to decide. What is done is kept.
    #[error("{}: {} ({})", deviation.step, deviation.what, deviation.why)]
    Deviates {
        /// How.
        deviation: Box<Deviation>,
        /// What the policy has follow: [`Response::Ask`] or [`Response::Stop`].
        response: Response,
    },
    /// Checks stayed red. The work so far is kept.
    #[error("checks stayed red: {}", commands.join(", "))]
    ChecksFailed {
        /// The commands that failed.
        commands: Vec<String>,
    },
    /// A limit of the budget was reached. The work so far is kept.
    #[error("the budget of {0} is used up")]
    OverBudget(Limit),
    /// So much was used up within a day. The work so far is kept.
    #[error("within a day too much of {} was used up", .0.limit)]
    OverDay(DayReached),
    /// Calls were rejected too often, or none were made, or the same one again and again (F49, F51).
    #[error("the agent went astray: {text}")]
    Lost {
        /// How.
        text: String,
    },
    /// The model's endpoint did not do its part; the error says whether to try again.
    #[error("{0}")]
    Model(ModelError),
    /// The sandbox did not do its part; the error says whether to try again.
    #[error("{0}")]
    Sandbox(SandboxError),
    /// What the sandbox holds breaks a rule that no further turn can mend.
    #[error("not taken out of the sandbox: {text}")]
    Forbidden {
        /// Which rule, and where.
        text: String,
    },
    /// The stored beginning does not fit this task, or could not be done again. Begin a new transcript, or stop (F15).
    #[error("the work cannot be taken up again: {text}")]
    Interrupted {
        /// What does not fit.
        text: String,
    },
    /// Nothing could be stored. Try again later, or leave it to whoever holds the lease.
    #[error(transparent)]
    Journal(JournalError),
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<Full> for Ending {
    fn from(full: Full) -> Ending {
        match full {
            Full::Budget { limit } => Ending::OverBudget(limit),
            Full::Day { reached } => Ending::OverDay(reached),
        }
    }
}

/// Why something could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The work belongs to another worker now: stop at once and say nothing.
    #[error("the lease is lost")]
    LostLease,
    /// The store did not answer: try again later.
    #[error("the store did not answer: {0}")]
    Store(String),
    /// What is stored cannot be read by this version: trying again does not help.
    #[error("what is stored cannot be read: {0}")]
    Unreadable(String),
}
