//! Brings the result to GitHub: trees and commits, the branch, the pull request, the end of the plan's pull request.

use std::time::Duration;

use super::Trouble;
use super::effect::{Deed, Done};
use super::execute::work_name;
use crate::agent::executor::{CheckRun, StepDone, Work, amount};
use crate::github::{Attempt, Entry, FileMode, GithubError, NewPull, OpenState, PullState, Step};
use crate::ids::{CommitSha, PullNumber};
use crate::sandbox::{Change, ChangeKind};
use crate::words::commit::{Provenance, step_commit};
use crate::words::pull::{CheckResult, PullFacts, PullText, plan_pull_closed, work_pull};
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, DeliverStage, Delivering, State};
use crate::workflow::scope::Wall;
use crate::workflow::terms::Terms;

/// How long a judgement may lie about before the push that rests on it begins.
pub(super) const FRESH: Duration = Duration::from_secs(60);

/// Under which name the store keeps the commits that were made, before a branch leads to them.
fn commits_name(version: u32) -> String {
    format!("commits-{version}")
}

impl Deed<'_> {
    fn delivering(&self) -> Option<&Delivering> {
        match &self.run.state {
            State::Delivering(delivering) => Some(delivering),
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::InReview(_)
            | State::Ended(_) => None,
        }
    }

    pub(super) async fn work(&self, version: u32) -> Result<Work, Trouble> {
        let work = self.kept(&work_name(version)).await?;
        work.ok_or_else(|| Trouble::Corrupt(format!("the result of version {version} is not there")))
    }

    /// Makes a commit for each step and sets the branch. A judgement that an earlier try rested on is too old.
    pub(super) async fn push(&self, version: u32) -> Result<Done, Trouble> {
        let Some(Delivering { approved, stage: DeliverStage::Pushing }) = self.delivering() else {
            return Ok(Done::quietly());
        };
        if self.attempts > 1 || self.moment.start().since(self.made_at) > FRESH {
            return Ok(Done::with(Event::JudgementAged));
        }
        let commits = match self.kept(&commits_name(version)).await? {
            Some(commits) => commits,
            None => self.commit_steps(version, approved).await?,
        };
        let Some(head) = commits.last().cloned() else {
            return Err(Trouble::Corrupt("there is nothing to push".to_owned()));
        };
        // Making the commits takes a while; what people did meanwhile comes first.
        if !self.is_still_wanted().await? {
            return Ok(Done::quietly());
        }
        self.repo(Step::Write).ensure_branch(&self.run.origin.work_branch, &head, Attempt::First).await?;
        Ok(Done::with(Event::Pushed { head, commits }))
    }

    /// Whether the run still stands where it stood when this effect was taken up.
    async fn is_still_wanted(&self) -> Result<bool, Trouble> {
        let (run, _) = self.core.run(self.run.id).await?;
        Ok(run.state == self.run.state)
    }

    /// Makes the commits. Nobody sees them before the branch leads to them, so a try that is repeated does no harm; they
    /// are kept once they are all there, so that the branch is set to these and no others.
    async fn commit_steps(&self, version: u32, approved: &Approved) -> Result<Vec<CommitSha>, Trouble> {
        let (terms, work) = (self.terms(version).await?, self.work(version).await?);
        within_scope(&terms, &[], &work)?;
        let repo = self.repo(Step::Write);
        let base_tree = self.mirror().await?.tree(&terms.base).await?;
        let (mut parent, mut before) = (terms.base.clone(), Vec::new());
        let mut commits = Vec::new();
        for step in &work.steps {
            if step.changes == before {
                continue;
            }
            let tree = repo.create_tree(&base_tree, &entries(&step.changes)).await?;
            let message = self.message(&terms, approved, step);
            let commit = repo.create_commit(&message, &tree, std::slice::from_ref(&parent)).await?;
            before.clone_from(&step.changes);
            parent = commit.clone();
            commits.push(commit);
        }
        self.keep(&commits_name(version), serde_json::to_vec(&commits)?).await?;
        Ok(commits)
    }

    fn message(&self, terms: &Terms, approved: &Approved, step: &StepDone) -> String {
        let planned = terms.plan.steps.iter().find(|planned| planned.id == step.id);
        let (title, what) = planned.map_or((step.id.as_str(), ""), |planned| (&planned.title, &planned.what));
        let digest = &approved.shown.subject.digest;
        step_commit(title, what, &Provenance { home: &self.home(), run: self.run.id, digest, approvers: &approved.by })
    }

    /// Opens the pull request with the work.
    pub(super) async fn open_pull(&self, version: u32, head: &CommitSha) -> Result<Done, Trouble> {
        let Some(Delivering { approved, stage: DeliverStage::Opening { .. } }) = self.delivering() else {
            return Ok(Done::quietly());
        };
        let (terms, work) = (self.terms(version).await?, self.work(version).await?);
        tracing::info!(run.id = %self.run.id, %head, "opening the pull request");
        let text = self.pull_text(&terms, &work, approved).await?;
        let origin = &self.run.origin;
        let new = NewPull {
            title: &text.title,
            head: &origin.work_branch,
            base: self.run.base_branch(),
            body: &text.body,
            draft: false,
        };
        let pull = self.open_once(&new).await?;
        self.dress(pull.number, &approved.by).await?;
        let event = Event::PullOpened { pull: pull.number };
        Ok(Done::and(event, super::apply::With { pull: Some(pull.number), ..Default::default() }))
    }

    pub(super) async fn pull_text(&self, terms: &Terms, work: &Work, approved: &Approved) -> Result<PullText, Trouble> {
        let check = |check: &CheckRun| CheckResult {
            command: check.command.clone(),
            before: check.before,
            after: check.exit_code,
            output: check.output.clone(),
        };
        let head = self.core.store.head().await?;
        let (follow_ups, trial) = (self.followed_up().await?, self.trial().await?);
        let found = self.found(terms, work).await?;
        Ok(work_pull(&PullFacts {
            run: self.run.id,
            issue: self.run.origin.number,
            plan: &terms.plan,
            version: terms.version,
            digest: &approved.shown.subject.digest,
            plan_pull: approved.shown.pull,
            approvers: &approved.by,
            requesters: &approved.shown.subject.requesters,
            conformance: &found,
            checks: &work.checks.iter().map(check).collect::<Vec<_>>(),
            costs: &self.costs().await?,
            sub_issues: &self.issues_done(terms, &found).await?,
            follow_ups: &follow_ups,
            trial: trial.as_ref(),
            record: (head.rows, &head.head),
            prefix: &self.core.settings.prefix,
        }))
    }

    /// Opens a pull request that must appear once; it is known by its branch.
    pub(super) async fn open_once(&self, new: &NewPull<'_>) -> Result<crate::github::Pull, Trouble> {
        let repo = self.repo(Step::Write);
        if self.look() == super::effect::Look::Only {
            return repo.our_pull(new.head).await?.ok_or(Trouble::Absent("a pull request"));
        }
        Ok(repo.ensure_pull(new, self.look().into()).await?)
    }

    /// Closes the plan's pull request, with the way to what came of it.
    pub(super) async fn close_plan_pull(
        &self,
        plan_pull: PullNumber,
        pull: Option<PullNumber>,
    ) -> Result<Done, Trouble> {
        let body = plan_pull_closed(pull);
        self.repo(Step::Write).edit_pull(plan_pull, Some(&body), Some(OpenState::Closed)).await?;
        Ok(Done::with(Event::PlanPullClosed))
    }

    /// Closes the plan's pull request if it was opened without the run being told, and names the branches that were
    /// made and lead nowhere. They stay: between a look and a deletion somebody may push.
    pub(super) async fn tidy_up(&self) -> Result<Done, Trouble> {
        if self.run.state.is_open() {
            return Ok(Done::quietly());
        }
        let (repo, origin) = (self.repo(Step::Write), &self.run.origin);
        let mut branches = Vec::new();
        for branch in [&origin.plan_branch, &origin.work_branch] {
            let public = *branch == origin.plan_branch && self.run.state.plan_pull().is_some();
            if public || repo.branch_head(branch).await?.is_none() {
                continue;
            }
            match repo.our_pull(branch).await {
                Ok(None) => branches.push(branch.clone()),
                Ok(Some(pull)) if pull.state == PullState::Open && *branch == origin.plan_branch => {
                    repo.edit_pull(pull.number, Some(&plan_pull_closed(None)), Some(OpenState::Closed)).await?;
                }
                // Of the work there is a pull request, or somebody else has made one of the branch: people see it there.
                Ok(Some(_)) | Err(GithubError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if branches.is_empty() { Done::quietly() } else { Done::with(Event::LeftBehind { branches }) })
    }
}

/// Holds what is about to be pushed on top of what was changed `before` against the approved scope once more, where it
/// leaves the core (T57, T58, T66).
pub(super) fn within_scope(terms: &Terms, before: &[Change], work: &Work) -> Result<(), Trouble> {
    let wall = Wall::new(&terms.plan.scope).and_then(|wall| wall.guarding(&terms.protected));
    let wall = wall.map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
    let forbidden = |rule: crate::workflow::scope::Forbidden| Trouble::Forbidden(rule.to_string());
    for step in &work.steps {
        for change in &step.changes {
            wall.may_change(&change.path).map_err(forbidden)?;
        }
        let (files, bytes) = amount(before, &step.changes);
        wall.may_amount_to(files, bytes).map_err(forbidden)?;
    }
    Ok(())
}

pub(super) fn entries(changes: &[Change]) -> Vec<Entry> {
    changes.iter().map(entry).collect()
}

fn entry(change: &Change) -> Entry {
    let path = change.path.clone();
    match &change.change {
        ChangeKind::Delete => Entry::Delete { path },
        ChangeKind::Put { mode, bytes } => {
            let mode = match mode {
                crate::sandbox::FileMode::Regular => FileMode::Plain,
                crate::sandbox::FileMode::Executable => FileMode::Executable,
            };
            Entry::Write { path, mode, bytes: bytes.clone() }
        }
    }
}
