//! Reactions: the quickest way to say "seen".

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GithubError, Repository, Thread};
use crate::ids::{CommentId, ReviewCommentId};

/// A reaction, by GitHub's name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reaction {
    #[serde(rename = "+1")]
    ThumbsUp,
    #[serde(rename = "-1")]
    ThumbsDown,
    Confused,
    Eyes,
    Hooray,
    Rocket,
}

/// What a reaction stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An issue or a pull request itself.
    Thread(Thread),
    /// A comment below one.
    Comment(CommentId),
    /// A comment on a line of a pull request.
    ReviewComment(ReviewCommentId),
}

impl Repository<'_> {
    /// Reacts: `POST /repos/{owner}/{repo}/…/reactions`. GitHub keeps one of each kind per account, so that doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// As for any write.
    pub async fn react(&self, target: Target, reaction: Reaction) -> Result<(), GithubError> {
        let (path, name) = match target {
            Target::Thread(thread) => (format!("/issues/{}/reactions", thread.number()), thread.to_string()),
            Target::Comment(id) => (format!("/issues/comments/{id}/reactions"), format!("comment {id}")),
            Target::ReviewComment(id) => (format!("/pulls/comments/{id}/reactions"), format!("review comment {id}")),
        };
        let what = self.what(format!("react to {name}"));
        let _: Value = self.set(Method::POST, &path, json!({ "content": reaction }), what).await?;
        Ok(())
    }
}
