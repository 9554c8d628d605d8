//! What people type, and what they read: each kind of person, each spelling, and how often.

mod answers;
pub(crate) mod questions;
mod spelling;
mod split;
mod tampered;

use assentry::demo::story;

use crate::world::{REPO, World};

/// The story's world with more in its configuration.
async fn world_with(more: &str) -> World {
    World::with(story::script(), story::repository(), more).await
}

impl World {
    /// What the bot reacted to a comment with, in order.
    fn reactions(&self, number: i64, comment: i64) -> Vec<String> {
        let bot = self.github.bot_login();
        let comments = self.github.issue_comments(REPO, number);
        let comment = comments.into_iter().find(|one| one.id == comment).unwrap();
        comment.reactions.into_iter().filter(|(by, _)| *by == bot).map(|(_, content)| content).collect()
    }

    /// Types a command and lets follow what follows.
    async fn types(&self, login: &str, number: i64, text: &str) -> i64 {
        let comment = self.person(login).comments(number, text).unwrap();
        self.settle().await;
        comment
    }

    /// What the bot has said last in a thread.
    fn last_said(&self, number: i64) -> String {
        self.said(number).pop().unwrap_or_default()
    }
}
