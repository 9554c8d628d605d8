//! Takes what changes around runs: edits of the issue, and what happens to pull requests, branches, the repository and
//! the installation.

use super::apply::{With, read};
use super::delivery::Arrival;
use super::taken::Taken;
use super::{Core, Trouble};
use crate::github::{PullState, Step};
use crate::ids::{AccountKind, BranchName, Timestamp};
use crate::store::{Claim, Finish, RunRow};
use crate::webhook::{CommentFacts, InstallationAbout, InstallationHint, IssueFacts, PullFacts};
use crate::workflow::act::Voided;
use crate::workflow::approval::Level;
use crate::workflow::change::{Change, Input, InputEdit, Notice};
use crate::workflow::event::Event;
use crate::workflow::run::{CancelledBy, Run, State};

/// How many of a repository's newest runs are told of what befalls it after they ended.
const MOST_ENDED: u32 = 50;

impl Arrival<'_> {
    /// Title or text of an issue were edited.
    pub(super) async fn issue_edited(&self, issue: &IssueFacts, parts: &[Input]) -> Result<(), Trouble> {
        let Some(run) = self.run_at(issue.number, false).await? else { return self.done("no run").await };
        let text = |what: &Input| match what {
            Input::Title => Some(issue.title.clone()),
            Input::Body => Some(issue.body.clone()),
            Input::Comment(_) => None,
        };
        // What the sender did not change is not the sender's, whatever somebody else has made of it since.
        let now: Vec<_> = parts.iter().map(|what| (*what, text(what))).collect();
        self.input(&run, &now, issue.updated_at).await
    }

    /// A comment was edited, or deleted if `text` is `None`: a part of the input, or perhaps an act.
    pub(super) async fn comment_changed(
        &self,
        issue: &IssueFacts,
        comment: &CommentFacts,
        text: Option<&str>,
    ) -> Result<(), Trouble> {
        let run = self.run_at(issue.number, issue.is_pull).await?;
        let what = Input::Comment(comment.id);
        if let Some(run) = run.as_ref().filter(|_| !issue.is_pull)
            && self.core.known(run, &[what]).await?.first().is_some_and(Option::is_some)
        {
            // A deletion has no time of its own.
            let at = if text.is_some() { comment.updated_at } else { comment.updated_at.max(issue.updated_at) };
            return self.input(run, &[(what, text.map(str::to_owned))], at).await;
        }
        let how = if text.is_some() { Voided::Edited } else { Voided::Deleted };
        self.taken_back(run, Taken::comment(issue, comment, how)).await
    }

    /// Parts of the input say something now (rule E). What says the same as before has not changed.
    async fn input(&self, run: &Run, now: &[(Input, Option<String>)], at: Timestamp) -> Result<(), Trouble> {
        if !run.state.is_open() || self.is_ours().await? {
            return self.done("nothing to do").await;
        }
        let parts: Vec<Input> = now.iter().map(|(what, _)| *what).collect();
        let known = self.core.known(run, &parts).await?;
        let other = now.iter().zip(known).filter(|((_, now), known)| now != known).map(|(now, _)| now);
        let by = self.hint.sender.clone();
        let edits: Vec<InputEdit> =
            other.map(|(what, text)| InputEdit { what: *what, by: by.clone(), at, text: text.clone() }).collect();
        if edits.is_empty() {
            return self.done("nothing has changed").await;
        }
        let change = if self.may_edit().await {
            Change::Input { edits }
        } else {
            let notice = |edit: InputEdit| Notice { what: edit.what, by: edit.by, at: edit.at };
            Change::InputByOutsider { notices: edits.into_iter().map(notice).collect() }
        };
        self.happens(run.id, &Event::Changed { change }).await
    }

    /// Whether the sender may write; someone of whom that is not known is taken for someone who may (rule E).
    async fn may_edit(&self) -> bool {
        let Some(sender) = &self.hint.sender else { return true };
        match self.may(sender).await {
            Ok(may) => sender.kind == AccountKind::User && may >= Level::Write,
            Err(trouble) => {
                tracing::warn!(%trouble, "it is unknown whether {} may write", sender.login);
                true
            }
        }
    }

    /// The issue was deleted or transferred.
    pub(super) async fn issue_gone(&self, issue: &IssueFacts) -> Result<(), Trouble> {
        match self.run_at(issue.number, false).await? {
            Some(run) if run.origin.issue == issue.id => {
                self.happens(run.id, &Event::Changed { change: Change::IssueGone }).await
            }
            Some(_) | None => self.done("no run").await,
        }
    }

    /// The issue was closed: an open run ends, and the reviewers of open work are told.
    pub(super) async fn issue_closed(&self, issue: &IssueFacts) -> Result<(), Trouble> {
        let run = self.run_at(issue.number, false).await?;
        if let Some(run) = &run
            && let State::InReview(review) = &run.state
        {
            // Merging the work closes the issue, and that is no news.
            return match self.repo(Step::Read).pull(review.pull).await?.state {
                PullState::Open => self.happens(run.id, &Event::Changed { change: Change::IssueClosed }).await,
                PullState::Closed | PullState::Merged => self.done("closed with the work").await,
            };
        }
        self.cancel(issue.number, CancelledBy::IssueClosed).await
    }

    /// The plan pull request was closed: by us, with its branch, by a merge, or by a person who thereby ends the run.
    pub(super) async fn plan_pull_closed(&self, pull: &PullFacts) -> Result<(), Trouble> {
        let run = self.run_of_plan_pull(pull.number).await?;
        let Some(run) = run.filter(|run| run.state.is_open()) else { return self.done("no open run").await };
        if self.is_ours().await? {
            return self.done("closed by us").await;
        }
        let by = self.hint.sender.clone();
        if pull.merged {
            return self.happens(run.id, &Event::Changed { change: Change::PlanPullMerged { by } }).await;
        }
        let restoring = run.state.around().is_some_and(|around| around.restored)
            && matches!(run.state, State::Planning(_) | State::Publishing(_));
        if restoring {
            return self.done("it is being put back").await;
        }
        // GitHub closes a pull request whose branch is deleted.
        if self.repo(Step::Read).branch_head(&run.origin.plan_branch).await?.is_none() {
            return self.branch_moved(Some(run), pull.head_ref.as_str(), &pull.head_sha, None).await;
        }
        self.happens(run.id, &Event::Cancelled { by, why: CancelledBy::PlanPullClosed }).await
    }

    /// The plan pull request goes into another branch now.
    pub(super) async fn retargeted(&self, pull: &PullFacts) -> Result<(), Trouble> {
        let run = self.run_of_plan_pull(pull.number).await?;
        let Some(run) = run.filter(|run| run.state.is_open()) else { return self.done("no open run").await };
        if pull.base_ref == *run.base_branch() || self.is_ours().await? {
            return self.done("it goes where it should").await;
        }
        // With a renamed branch its pull requests are moved; a look at the base tells.
        let renamed = pull.base_ref == self.hint.repo.default_branch;
        let change = if renamed { Change::BaseMoved } else { Change::PlanPullRetargeted };
        self.happens(run.id, &Event::Changed { change }).await
    }

    /// A branch that work is for was pushed, moved or renamed: a look at it tells what that comes to.
    pub(super) async fn base_moved(&self, branch: &BranchName) -> Result<(), Trouble> {
        self.everywhere(&Change::BaseMoved, |run| run.base_branch() == branch && run.state.is_open()).await
    }

    /// Something befell the repository: each of its runs is told.
    pub(super) async fn everywhere(&self, change: &Change, of: impl Fn(&Run) -> bool) -> Result<(), Trouble> {
        for row in self.core.store.runs_in(self.at.id, MOST_ENDED).await? {
            let Some(run) = self.read(Some(row))?.filter(|run| of(run)) else { continue };
            self.happens_first(run.id, &Event::Changed { change: change.clone() }).await?;
        }
        self.done("told to the runs").await
    }
}

impl Core {
    /// Takes what happened to an installation.
    pub(super) async fn take_installation(
        &self,
        hint: &InstallationHint,
        claim: Claim,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let cancelled = || Event::Cancelled { by: hint.sender.clone(), why: CancelledBy::Uninstalled };
        let parked = || Event::Changed { change: Change::Parked };
        let event = match &hint.about {
            InstallationAbout::Suspended => parked(),
            InstallationAbout::Deleted | InstallationAbout::Removed { .. } => cancelled(),
        };
        let of = |row: &RunRow| match &hint.about {
            InstallationAbout::Suspended | InstallationAbout::Deleted => true,
            InstallationAbout::Removed { repos } => repos.contains(&row.repo),
        };
        for row in self.store.open_runs_of(hint.installation).await?.into_iter().filter(of) {
            let run = read(row)?;
            let _ = self.apply(run.id, &event, With::default(), now).await?;
        }
        let _ = self.store.finish(Finish::ignored(claim, "told to the runs"), now).await?;
        Ok(())
    }
}
