//! Shows where a run stands beside the status comment, as far as the operator wants it: a label, a check, reviewers, a
//! milestone, projects. None of it is ever read back: what people do to it changes nothing.

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::effect::Deed;
use crate::github::{Attempt, CheckReport, Conclusion, GithubError, Step};
use crate::ids::{AccountKind, CommitSha, Login, Person, PullNumber};
use crate::words::shown;
use crate::workflow::run::{Outcome, State};

/// The check's name, for branch rules to require.
const PLAN_CHECK: &str = "assentry/plan";
/// Under which names the store keeps what is shown.
const LABEL: &str = "phase-label";
const CHECK: &str = "plan-check";

/// The check as we left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Checked {
    head: CommitSha,
    phase: String,
}

impl Deed<'_> {
    /// Brings label and check up to date with where the run stands now.
    pub(super) async fn show_beside(&self) -> Result<(), Trouble> {
        let show = &self.core.settings.show;
        if show.labels.is_none() && !show.plan_check {
            return Ok(());
        }
        let (run, _) = self.core.run(self.run.id).await?;
        if let Some(beginning) = &show.labels {
            self.show_label(&format!("{beginning}{}", shown::phase(&run.state))).await?;
        }
        if show.plan_check {
            self.show_check(&run.state).await?;
        }
        Ok(())
    }

    async fn show_label(&self, label: &str) -> Result<(), Trouble> {
        let (repo, issue) = (self.repo(Step::Read), self.run.origin.number);
        let before: Option<String> = self.kept(LABEL).await?;
        if before.as_deref() == Some(label) {
            return Ok(());
        }
        // The new one first: whoever filters by these labels never loses the issue.
        self.at_best(repo.add_label(issue, label).await)?;
        if let Some(before) = before {
            self.at_best(repo.remove_label(issue, &before).await)?;
        }
        self.keep(LABEL, serde_json::to_vec(label)?).await
    }

    async fn show_check(&self, state: &State) -> Result<(), Trouble> {
        let Some(version) = state.shown() else { return Ok(()) };
        let (head, phase) = (version.subject.commit.clone(), shown::phase(state).to_owned());
        let now = Checked { head, phase };
        if self.kept::<Checked>(CHECK).await?.as_ref() == Some(&now) {
            return Ok(());
        }
        let (title, summary) = shown::plan_check(state);
        let external_id = format!("run-{}-v{}", self.run.id, version.subject.version);
        let report = CheckReport {
            name: PLAN_CHECK,
            head_sha: &now.head,
            external_id: &external_id,
            conclusion: conclusion(state),
            title: &title,
            summary: &summary,
            annotations: &[],
        };
        self.at_best(self.repo(Step::Write).ensure_check_run(&report, Attempt::Again).await.map(drop))?;
        self.keep(CHECK, serde_json::to_vec(&now)?).await
    }

    /// Asks for reviews of the pull request with the work, and puts the issue's milestone on it. That it cannot be had does
    /// not keep the work back.
    pub(super) async fn dress(&self, pull: PullNumber, approvers: &[Person]) -> Result<(), Trouble> {
        let (show, repo) = (&self.core.settings.show, self.repo(Step::Write));
        let people: Vec<Login> = approvers
            .iter()
            .filter(|person| show.reviewers && person.kind == AccountKind::User)
            .map(|person| person.login.clone())
            .collect();
        if !people.is_empty() {
            self.at_best(repo.ask_to_review(pull, &people).await)?;
        }
        if show.milestone
            && let Some(milestone) = repo.issue(self.run.origin.number).await?.milestone()
        {
            self.at_best(repo.set_milestone(pull, milestone).await)?;
        }
        self.carry_projects(pull).await
    }

    /// Puts a pull request into the projects that the issue is in. Nothing of the run turns on it: what GitHub does not
    /// do at the third try is left, with a word in the log.
    pub(super) async fn carry_projects(&self, pull: PullNumber) -> Result<(), Trouble> {
        if !self.core.settings.show.project {
            return Ok(());
        }
        match self.repo(Step::Projects).carry_projects(self.run.origin.number, pull).await {
            Err(error @ (GithubError::Flaky { .. } | GithubError::Unknown { .. } | GithubError::Conflict { .. }))
                if self.attempts >= 3 =>
            {
                tracing::warn!(run.id = %self.run.id, %error, "run {} goes on without it", self.run.id);
                Ok(())
            }
            Err(error @ GithubError::Refused { .. }) => {
                tracing::warn!(
                    run.id = %self.run.id, %error,
                    "#{pull} is in no project: [show] project needs the permission organization_projects: write"
                );
                Ok(())
            }
            carried => self.at_best(carried.map(drop)).map(drop),
        }
    }

    /// What can never be had is logged; what may be had later is tried again. Says whether it was had.
    pub(super) fn at_best(&self, done: Result<(), GithubError>) -> Result<bool, Trouble> {
        match done {
            Err(
                error @ (GithubError::Invalid { .. }
                | GithubError::Refused { .. }
                | GithubError::Gone { .. }
                | GithubError::Locked { .. }),
            ) => {
                tracing::info!(run.id = %self.run.id, %error, "run {} goes on without it", self.run.id);
                Ok(false)
            }
            done => Ok(done.map(|()| true)?),
        }
    }
}

fn conclusion(state: &State) -> Option<Conclusion> {
    match state {
        State::Planning(_) | State::AwaitingAnswer(_) | State::Publishing(_) => None,
        State::AwaitingApproval(_) => Some(Conclusion::ActionRequired),
        State::Starting(_) | State::Executing(_) | State::Resting(_) | State::Delivering(_) | State::InReview(_) => {
            Some(Conclusion::Success)
        }
        State::Ended(ended) => Some(match ended.outcome {
            Outcome::Done { .. } => Conclusion::Success,
            Outcome::Cancelled { .. } => Conclusion::Cancelled,
            Outcome::NeedsNewPlan { .. } | Outcome::Failed { .. } => Conclusion::Neutral,
        }),
    }
}
