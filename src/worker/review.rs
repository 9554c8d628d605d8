//! While the work is up for review: how its pull request ended, whether what was merged was taken back, and putting away
//! what the run needs no more.

use super::Trouble;
use super::delivery::Arrival;
use super::effect::{Deed, Done};
use crate::github::{GithubError, Pull, PullState, Step};
use crate::ids::{BranchName, CommitSha, Person, PullNumber};
use crate::webhook::{PullFacts, Reverts};
use crate::workflow::event::Event;
use crate::workflow::run::{Ended, Fate, Outcome, Revert, Run, State};

/// How many of a repository's newest runs are asked whether their work was taken back.
const MOST_MERGED: u32 = 50;

/// What became of a pull request, by what GitHub shows of it; `None` while it is open. `by` caused the delivery, if there
/// was one: who closed a pull request is told there only.
pub(super) fn fate(pull: &Pull, by: Option<&Person>) -> Option<Fate> {
    match pull.state {
        PullState::Open => None,
        PullState::Closed => Some(Fate::Closed { by: by.cloned() }),
        PullState::Merged => {
            let by = pull.merged_by.as_ref().or(by).cloned();
            Some(Fate::Merged { by, commit: pull.merge_commit.clone() })
        }
    }
}

impl Arrival<'_> {
    /// A pull request was closed or merged: that of a plan, that of a run's work, or one that takes such work back.
    pub(super) async fn pull_closed(&self, pull: &PullFacts) -> Result<(), Trouble> {
        if let Some(run) = self.run_of_work_pull(pull.number).await? {
            let found = self.repo(Step::Read).pull(pull.number).await?;
            return match fate(&found, self.hint.sender.as_ref()) {
                Some(fate) => self.happens(run.id, &Event::WorkEnded { fate }).await,
                None => self.done("it is open again").await,
            };
        }
        if let Some(reverted) = pull.reverts.filter(|_| pull.merged)
            && let Some(run) = self.run_of_work_pull(reverted).await?
            && pull.base_ref == *run.base_branch()
        {
            let fate = Fate::Reverted { by: Revert::Pull(pull.number) };
            return self.happens(run.id, &Event::WorkEnded { fate }).await;
        }
        self.plan_pull_closed(pull).await
    }

    /// The run whose work a pull request holds.
    pub(super) async fn run_of_work_pull(&self, number: PullNumber) -> Result<Option<Run>, Trouble> {
        let run = self.read(self.core.store.run_of_pull(self.at.id, number).await?)?;
        Ok(run.filter(|run| run.state.work_pull() == Some(number)))
    }

    /// Commits were pushed that say what they take back: merged work among it is recorded as such.
    pub(super) async fn reverted(&self, branch: &BranchName, reverts: &[Reverts]) -> Result<(), Trouble> {
        if reverts.is_empty() {
            return Ok(());
        }
        for row in self.core.store.runs_in(self.at.id, MOST_MERGED).await? {
            let Some(run) = self.read(Some(row))?.filter(|run| run.base_branch() == branch) else { continue };
            let State::Ended(Ended { outcome: Outcome::Done { head, fate: Fate::Merged { commit, .. }, .. }, .. }) =
                &run.state
            else {
                continue;
            };
            let about_it = |reverts: &&Reverts| reverts.what == *head || Some(&reverts.what) == commit.as_ref();
            if let Some(reverts) = reverts.iter().find(about_it) {
                let fate = Fate::Reverted { by: Revert::Commit(reverts.commit.clone()) };
                self.happens_first(run.id, &Event::WorkEnded { fate }).await?;
            }
        }
        Ok(())
    }
}

impl Deed<'_> {
    /// Deletes the run's branches where they are as we left them, and whatever it has on this machine's disk. A branch that
    /// somebody pushed to stays, and so does one that GitHub does not let us delete: it is only in the way.
    pub(super) async fn clean_up(&self, plan: &CommitSha, work: &CommitSha) -> Result<Done, Trouble> {
        let repo = self.repo(Step::Write);
        for (branch, at) in [(&self.run.origin.plan_branch, plan), (&self.run.origin.work_branch, work)] {
            match repo.delete_branch(branch, at).await {
                Ok(()) => {}
                Err(error @ (GithubError::Refused { .. } | GithubError::Invalid { .. })) => {
                    tracing::warn!(run.id = %self.run.id, %error, "branch {branch} stays");
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.clear_away();
        Ok(Done::quietly())
    }
}
