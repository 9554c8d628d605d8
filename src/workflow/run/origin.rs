//! Where a run came from.

use serde::{Deserialize, Serialize};

use super::ReviewBounds;
use crate::ids::{BranchName, InstallationId, IssueId, IssueNumber, Person, RepoId, RepoName, RunId, Timestamp};

/// What was true when a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The App's installation.
    pub installation: InstallationId,
    /// The repository.
    pub repo: RepoId,
    /// What the repository was called.
    pub repo_name: RepoName,
    /// The issue.
    pub issue: IssueId,
    /// The issue's number.
    pub number: IssueNumber,
    /// The issue's title as it was then.
    pub title: String,
    /// The issue's body as it was then.
    pub body: String,
    /// Who wrote the issue; `None` for a deleted account.
    pub author: Option<Person>,
    /// How many comments the issue had.
    pub comments: u64,
    /// Who asked for the run.
    pub requester: Person,
    /// The label that began it; `None` for `/plan`.
    pub label: Option<String>,
    /// When it was asked for, by GitHub's clock.
    pub asked_at: Timestamp,
    /// The branch the work is for.
    pub base_branch: BranchName,
    /// The branch that carries the plan.
    pub plan_branch: BranchName,
    /// The branch that will carry the work.
    pub work_branch: BranchName,
    /// Whether only people with access see the repository.
    pub private: bool,
    /// The run that this one tries again, with its approved version (`/retry`).
    pub retry_of: Option<RunId>,
    /// The step that it begins with again; `None` to go on behind the last one that was done.
    #[serde(default)]
    pub retry_from: Option<String>,
    /// How many revisions in a row are made of what people remark, before a person must ask for the next.
    #[serde(default = "default_rounds")]
    pub rounds: u32,
    /// How much is done by itself while the work is up for review.
    #[serde(default)]
    pub review: ReviewBounds,
}

fn default_rounds() -> u32 {
    10
}
