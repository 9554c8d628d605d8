//! What deliveries mean, by the object they are about: the same for each way in which GitHub, or a look at it, tells.

use crate::ids::{CommentId, CommitSha, RepoId, ReviewId};

/// A comment was written.
#[must_use]
pub fn comment_created(repo: RepoId, comment: CommentId) -> String {
    format!("{repo} {}", created(comment))
}

pub(super) fn created(comment: CommentId) -> String {
    format!("comment created {comment}")
}

/// A review was submitted.
#[must_use]
pub fn review_submitted(repo: RepoId, review: ReviewId) -> String {
    format!("{repo} {}", submitted(review))
}

pub(super) fn submitted(review: ReviewId) -> String {
    format!("review submitted {review}")
}

/// A branch was moved away from a commit; a push and a synchronized pull request both tell it.
#[must_use]
pub fn branch_moved(repo: RepoId, branch: &str, before: &CommitSha, head: Option<&CommitSha>) -> String {
    let to = head.map_or("gone", |head| head.as_str());
    format!("{repo} moved {branch} {before} {to}")
}
