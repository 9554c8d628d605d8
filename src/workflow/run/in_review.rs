//! The work while people review it.

use serde::{Deserialize, Serialize};

use super::Approved;
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
}
