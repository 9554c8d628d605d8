//! `/split`: makes an issue of each step of the plan, below the run's issue. The run goes on as it is, and none of them
//! starts anything: they carry no label.

use serde::{Deserialize, Serialize};

use super::command::Typed;
use super::delivery::{Arrival, once_an_hour};
use super::effect::{Deed, Done, Look};
use super::{Core, Trouble};
use crate::github::{GithubError, MOST_SUB_ISSUES, Step, Trace};
use crate::ids::{Digest, IssueId, IssueNumber, RunId};
use crate::words::Words;
use crate::words::split::{PartIssue, SplitPart, StepOf, sub_issue};
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::conformance::{Conformance, StepVerdict};
use crate::workflow::event::Event;
use crate::workflow::plan::PlanStep;
use crate::workflow::run::Run;
use crate::workflow::terms::{Canon, Terms};

/// The issue of a step, as we made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Made {
    id: IssueId,
    number: IssueNumber,
    /// The version that it was made of, and over what the step said in it.
    version: u32,
    step: Digest,
    /// Whether it is below the run's issue; `None` while that is not known.
    below: Option<bool>,
}

/// Under which name the store keeps the issue of a step.
fn name(step: &str) -> String {
    format!("sub-issue-{step}")
}

impl Core {
    /// The issue of a step: a later version has it from an earlier one, and a run that tries again from the one before.
    async fn made(&self, run: &Run, step: &str) -> Result<Option<Made>, Trouble> {
        let mut of: Option<(RunId, Option<RunId>)> = Some((run.id, run.origin.retry_of));
        while let Some((id, before)) = of {
            if let Some(bytes) = self.store.kept(id, &name(step)).await? {
                return Ok(Some(serde_json::from_slice(&bytes)?));
            }
            of = match before {
                Some(before) => Some((before, self.run(before).await?.0.origin.retry_of)),
                None => None,
            };
        }
        Ok(None)
    }
}

impl Arrival<'_> {
    /// `/split`: someone who may write wants an issue of each step of the version that people see.
    pub(super) async fn split(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "split").await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, "split").await };
        let Some(shown) = run.state.shown() else { return self.nothing_to(typed, run, "split").await };
        let version = shown.subject.version;
        let mut steps = Vec::new();
        for step in self.core.terms(run.id, version).await?.plan.steps {
            if self.core.made(run, &step.id).await?.is_none_or(|made| made.below.is_none()) {
                steps.push(step.id);
            }
        }
        if !steps.is_empty() {
            let there = match self.repo(Step::Read).sub_issues(run.origin.number).await {
                // The server knows no sub-issues; the issues are made all the same.
                Err(GithubError::Gone { .. }) => 0,
                listed => listed?.len(),
            };
            let room = MOST_SUB_ISSUES.saturating_sub(there);
            if steps.len() > room {
                let words = Words::NoRoomToSplit { who: typed.by.clone(), steps: steps.len(), room };
                return self.answer(typed, words, "split-room").await;
            }
        }
        let key = once_an_hour(&format!("split-{version}-{}", steps.len()), typed.by, typed.comment.created_at);
        let event = Event::SplitAsked { by: typed.by.clone(), version, steps, place: typed.place, key };
        self.happens(run.id, &event).await
    }
}

impl Deed<'_> {
    /// Opens the issue of a step, and puts it below the run's.
    pub(super) async fn open_sub_issue(&self, version: u32, id: &str) -> Result<Done, Trouble> {
        let terms = self.terms(version).await?;
        let Some(step) = terms.plan.steps.iter().find(|step| step.id == id) else { return Ok(Done::quietly()) };
        let made = match self.core.made(&self.run, id).await? {
            Some(Made { below: Some(_), .. }) => return Ok(Done::quietly()),
            Some(made) => made,
            None => {
                let made = self.opened(&terms, step).await?;
                self.keep(&name(id), serde_json::to_vec(&made)?).await?;
                made
            }
        };
        let put = self.repo(Step::Read).ensure_sub_issue(self.run.origin.number, made.id).await;
        let below = Some(self.at_best(put)?);
        self.keep(&name(id), serde_json::to_vec(&Made { below, ..made })?).await?;
        Ok(Done::quietly())
    }

    /// After an earlier try the issue is looked for by author and mark (F13, F27).
    async fn opened(&self, terms: &Terms, step: &PlanStep) -> Result<Made, Trouble> {
        let Some(plan_pull) = self.run.state.plan_pull() else {
            return Err(Trouble::Corrupt("a version that people see has no pull request".to_owned()));
        };
        let (version, digest, issue) = (terms.version, &terms.digest(), self.run.origin.number);
        let text = sub_issue(step, &StepOf { issue, version, digest, plan_pull });
        let marker = self.core.app.marker(self.run.id, &name(&step.id));
        let trace = Trace { marker: &marker, since: self.made_at };
        let (repo, look) = (self.repo(Step::Read), self.look());
        let issue = match look {
            Look::Only => repo.find_issue(trace).await?.ok_or(Trouble::Absent("an issue"))?,
            Look::First | Look::ThenDo => repo.ensure_issue((&text.title, &text.body), trace, look.into()).await?,
        };
        Ok(Made { id: issue.id, number: issue.number, version, step: digest_of(step)?, below: None })
    }

    /// Lists the steps of a version with their issues; work that is up for review closes those of its steps.
    pub(super) async fn tell_split(&self, version: u32, place: Place, key: &str) -> Result<Done, Trouble> {
        let mut parts = Vec::new();
        for step in self.terms(version).await?.plan.steps {
            let issue = match self.core.made(&self.run, &step.id).await? {
                Some(made) => {
                    let outdated = (made.step != digest_of(&step)?).then_some(made.version);
                    Some(PartIssue { number: made.number, outdated, below: made.below == Some(true) })
                }
                None => None,
            };
            parts.push(SplitPart { step: step.id, title: step.title, issue });
        }
        self.say(&Words::Split { version, parts }, place, key).await?;
        self.tell_work().await
    }

    /// The issues of the steps that were done, for the pull request with the work to close.
    pub(super) async fn issues_done(&self, terms: &Terms, found: &Conformance) -> Result<Vec<IssueNumber>, Trouble> {
        let mut done = Vec::new();
        for step in &terms.plan.steps {
            let is_done = found.steps.iter().any(|report| {
                let done = matches!(report.verdict, StepVerdict::Done | StepVerdict::DoneDifferently);
                done && report.id.as_ref() == Some(&step.id)
            });
            if is_done && let Some(made) = self.core.made(&self.run, &step.id).await? {
                done.push(made.number);
            }
        }
        Ok(done)
    }
}

/// Over all that a step says.
fn digest_of(step: &PlanStep) -> Result<Digest, Trouble> {
    let mut canon = Canon::new("assentry-step-v1");
    canon.text(&serde_json::to_string(step)?);
    Ok(canon.finish())
}
