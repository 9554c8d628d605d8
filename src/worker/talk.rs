//! Says things on GitHub, each once: reactions, answers, the status comment.

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::effect::{Deed, Done, Look};
use crate::github::{Comment, GithubError, Reaction, Step, Target, Thread, Trace};
use crate::ids::{CommentId, Digest, IssueNumber};
use crate::words::reply::Setting;
use crate::words::{self, Words};
use crate::workflow::act::Place;
use crate::workflow::effect::ReactTo;
use crate::workflow::terms::Canon;

/// The status comment as we left it.
#[derive(Serialize, Deserialize)]
struct Posted {
    comment: CommentId,
    text: Digest,
}

/// Under which name the store keeps where the status comment is.
const STATUS: &str = "status";

/// What is reacted to, and the step that may.
pub(super) fn target(to: ReactTo, issue: IssueNumber) -> (Target, Step) {
    match to {
        ReactTo::Issue => (Target::Thread(Thread::Issue(issue)), Step::Read),
        ReactTo::Comment(id) => (Target::Comment(id), Step::Read),
        ReactTo::ReviewComment(id) => (Target::ReviewComment(id), Step::Write),
    }
}

impl Deed<'_> {
    /// Shows that something was seen.
    pub(super) async fn react(&self, to: ReactTo) -> Result<Done, Trouble> {
        let (target, step) = target(to, self.run.origin.number);
        self.repo(step).react(target, Reaction::Eyes).await?;
        Ok(Done::quietly())
    }

    /// Says something, once for each key.
    pub(super) async fn say(&self, words: &Words, place: Place, key: &str) -> Result<Done, Trouble> {
        let name = format!("say:{key}");
        if self.kept::<CommentId>(&name).await?.is_some() {
            return Ok(Done::quietly());
        }
        let posted: Option<Posted> = self.kept(STATUS).await?;
        let home = self.home();
        let spelling = self.core.spelling(self.moment.now()).await;
        let setting = Setting {
            home: &home,
            issue: self.run.origin.number,
            status: posted.map(|posted| posted.comment),
            plan_pull: self.run.state.plan_pull(),
            spelling: &spelling,
        };
        let text = words::reply::say(words, &setting);
        let comment = self.comment_once(self.thread(place), &text, &name).await?;
        self.keep(&name, serde_json::to_vec(&comment.id)?).await?;
        Ok(Done::quietly())
    }

    /// The thread that a place is.
    pub(super) fn thread(&self, place: Place) -> Thread {
        let pull = match place {
            Place::PlanPull => self.run.state.plan_pull(),
            Place::WorkPull => self.run.state.work_pull(),
            Place::Issue => None,
        };
        pull.map_or(Thread::Issue(self.run.origin.number), Thread::Pull)
    }

    /// Posts a comment that must appear once. What cannot be said on a locked issue is said on the plan pull request,
    /// as soon as there is one (F40).
    pub(super) async fn comment_once(&self, on: Thread, text: &str, name: &str) -> Result<Comment, Trouble> {
        match (self.comment_on(on, text, name).await, on, self.run.state.plan_pull()) {
            (Err(Trouble::Github(GithubError::Locked { .. })), Thread::Issue(_), Some(pull)) => {
                self.comment_on(Thread::Pull(pull), text, name).await
            }
            (posted, _, _) => posted,
        }
    }

    /// After an earlier try the comment is looked for by author and mark (T63).
    async fn comment_on(&self, on: Thread, text: &str, name: &str) -> Result<Comment, Trouble> {
        let step = match on {
            Thread::Issue(_) => Step::Read,
            Thread::Pull(_) => Step::Write,
        };
        let repo = self.repo(step);
        let marker = self.core.app.marker(self.run.id, name);
        let trace = Trace { marker: &marker, since: self.run.origin.asked_at };
        let look = self.look();
        if look == Look::Only {
            return repo.find_comment(on, trace).await?.ok_or(Trouble::Absent("a comment"));
        }
        Ok(repo.ensure_comment(on, text, trace, look.into()).await?)
    }

    /// Brings the status comment up to date; what it says already is not written again.
    pub(super) async fn show_status(&self) -> Result<Done, Trouble> {
        let text = self.status_text().await?;
        let mut canon = Canon::new("assentry-status-v1");
        canon.text(&text);
        let digest = canon.finish();
        let posted: Option<Posted> = self.kept(STATUS).await?;
        let comment = match posted {
            Some(posted) if posted.text == digest => return Ok(Done::quietly()),
            Some(posted) => {
                let marker = self.core.app.marker(self.run.id, STATUS);
                match self.repo(Step::Read).edit_comment(posted.comment, &text, &marker).await {
                    // Somebody deleted it; that is their right, and it is not put back.
                    Err(GithubError::Gone { .. }) => posted.comment,
                    edited => edited?.id,
                }
            }
            None => self.comment_once(Thread::Issue(self.run.origin.number), &text, STATUS).await?.id,
        };
        let bytes = serde_json::to_vec(&Posted { comment, text: digest })?;
        self.keep(STATUS, bytes).await?;
        Ok(Done::quietly())
    }
}
