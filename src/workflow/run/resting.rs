//! Work that rests, why it does, and what people say about it.

use serde::{Deserialize, Serialize};

use super::Approved;
use crate::ids::{CommentId, Person, Timestamp};
use crate::workflow::act::Place;
use crate::workflow::deviation::Deviation;
use crate::workflow::spending::Full;

/// The work has stopped; what is done is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// What was being executed.
    pub approved: Approved,
    /// Ids of the steps that are done, in order.
    pub ticked: Vec<String>,
    /// Why it stopped.
    pub why: Rest,
}

/// Why work rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Rest {
    /// A person stopped it.
    Stopped {
        /// Who, and where.
        stop: Box<Stop>,
    },
    /// A limit left no room for more.
    OutOfBudget {
        /// Which.
        full: Full,
    },
    /// It would leave the plan, and people are to say whether it may.
    Asks {
        /// How.
        deviation: Box<Deviation>,
    },
}

/// What a person said to stopped work when they let it go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidance {
    /// Who.
    pub by: Person,
    /// What it is to mind; empty if it goes on as it proposed.
    pub text: String,
}

/// A person's word that the work is to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who.
    pub by: Person,
    /// Where they said so.
    pub place: Place,
    /// The comment.
    pub comment: CommentId,
    /// For a pause: how many steps were done when it was asked for. The work stops when it has done one more.
    #[serde(default)]
    pub after: Option<usize>,
}

/// A person's word that the work may use up more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// Who.
    pub by: Person,
    /// How much more, in millionths of a dollar.
    pub micro_dollars: u64,
    /// Where they said so.
    pub place: Place,
    /// The comment.
    pub comment: CommentId,
    /// When, by GitHub's clock.
    pub at: Timestamp,
}
