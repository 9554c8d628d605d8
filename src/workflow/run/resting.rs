//! Work that a person stopped, and their word for it.

use serde::{Deserialize, Serialize};

use super::Approved;
use crate::ids::{CommentId, Person};
use crate::workflow::act::Place;

/// A person has stopped the work; what is done is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// What was being executed.
    pub approved: Approved,
    /// Ids of the steps that are done, in order.
    pub ticked: Vec<String>,
    /// Who stopped it.
    pub stop: Box<Stop>,
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
}
