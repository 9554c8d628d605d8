//! How many runs may be begun within a day, so that nobody spends the operator's money in one night (R12).

use serde::{Deserialize, Serialize};

use crate::ids::{Timestamp, UserId};

/// The window in which runs are counted: any 24 hours, and not the days of a calendar.
pub const WINDOW: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// How many runs may be begun within any 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// In one repository, by anyone.
    pub in_repository: u32,
    /// By one person, in all repositories.
    pub by_person: u32,
}

/// Who wants to begin a run, when, and what limits that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub by: UserId,
    /// When, by GitHub's clock.
    pub at: Timestamp,
    /// How many there may be, this one included.
    pub limits: RunLimits,
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOf {
    /// The runs of a repository.
    Repository,
    /// The runs of a person.
    Person,
}

/// A limit that leaves no room for another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReached {
    /// Which.
    pub of: LimitOf,
    /// How many runs it allows.
    pub most: u32,
    /// From when on there is room for one more, by GitHub's clock.
    pub until: Timestamp,
}
