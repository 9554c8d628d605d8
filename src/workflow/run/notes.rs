//! What people say about a plan, and what they write in its place.

use serde::{Deserialize, Serialize};

use crate::ids::{CommentId, CommitSha, Person, RepoPath, ReviewCommentId, Timestamp};
use crate::workflow::act::Place;
use crate::workflow::plan::Plan;

/// What one person said about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its name within the run, such as `review-comment-17`.
    pub id: String,
    /// Who said it.
    pub by: Person,
    /// When, by GitHub's clock.
    pub at: Timestamp,
    /// What was said.
    pub text: String,
    /// The lines it hangs on.
    pub on: Option<Lines>,
    /// The review it came with.
    pub review: Option<i64>,
    /// Where it is answered.
    pub thread: Thread,
}

/// Lines of the plan file, or of a file of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// The file of the work; `None` for the plan file.
    #[serde(default)]
    pub path: Option<RepoPath>,
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
    /// What stands there, as GitHub showed it.
    pub quoted: String,
    /// The commit whose lines these are, where GitHub said so.
    pub commit: Option<CommitSha>,
}

/// Where a note is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thread {
    /// Below the comment on a line.
    Line(ReviewCommentId),
    /// With the summary of the next version.
    Summary(Place),
}

/// What became of a note that led to no new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The note.
    pub note: Note,
    /// The answer.
    pub text: String,
    /// Whether the plan does what the note asks.
    pub done: bool,
}

/// A plan that a person wrote, or edited; it is sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Who; they may.
    pub by: Person,
    /// Where it was found.
    pub from: Source,
    /// The plan.
    pub plan: Plan,
}

/// Where a plan by a person was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "in")]
pub enum Source {
    /// A push to the plan branch.
    Push {
        /// Its head.
        head: CommitSha,
    },
    /// A comment that begins with `/plan adopt`.
    Comment {
        /// The comment.
        comment: CommentId,
        /// Where it stands.
        place: Place,
    },
    /// A file on the base branch, named behind `/plan adopt`.
    File {
        /// The comment that names it.
        comment: CommentId,
        /// Where that stands.
        place: Place,
        /// The file.
        path: RepoPath,
        /// The commit it was read at.
        commit: CommitSha,
    },
}

impl Offer {
    /// Whether it was pushed over the version that people see, which is void by that (Q13).
    #[must_use]
    pub fn is_push(&self) -> bool {
        matches!(self.from, Source::Push { .. })
    }

    /// Where its author is answered.
    #[must_use]
    pub fn place(&self) -> Place {
        match &self.from {
            Source::Push { .. } => Place::PlanPull,
            Source::Comment { place, .. } | Source::File { place, .. } => *place,
        }
    }
}
