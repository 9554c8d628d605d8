//! Has the executor carry out the approved version, and nothing else.

use std::convert::Infallible;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Trouble;
use super::effect::{Deed, Done};
use super::second::Part;
use super::workplace::Notebook;
use crate::agent::executor::{Executed, Work, go_on};
use crate::agent::{Desk, Ending, Ground, Leash};
use crate::words::deviation::for_the_planner;
use crate::workflow::event::Event;
use crate::workflow::run::{Executing, Outcome, ReviewStage, Shown, State, Stop, Trouble as Why};
use crate::workflow::spending::{self, Full};

/// Under which name the store keeps what an execution has done.
pub(super) fn work_name(version: u32) -> String {
    format!("work-{version}")
}

/// Under which name the store keeps what an execution had done at its last tick, and when it was stopped.
pub(super) fn unfinished_name(version: u32) -> String {
    format!("unfinished-{version}")
}

impl Deed<'_> {
    /// Executes the approved bytes in a clean checkout at the plan's base.
    pub(super) async fn execute(&self, version: u32) -> Result<Done, Trouble> {
        let State::Executing(executing) = &self.run.state else { return Ok(Done::quietly()) };
        let subject = &executing.approved.shown.subject;
        if executing.stop.is_some() {
            return Ok(Done::with(Event::Rested));
        }
        self.goes_on().await?;
        let terms = self.terms(version).await?;
        let raised = executing.approved.shown.raised;
        let budget = spending::raised(&terms.budget, raised);
        if subject.version != version || terms.digest() != subject.digest {
            return Err(Trouble::Corrupt(format!("version {version} is not the one that was approved")));
        }
        let Some((model, choice)) = self.core.executor_named(&terms.models.execute) else {
            // The model is part of what was approved; it is not swapped silently (F52).
            let text = format!("{} was approved and is no longer configured", terms.models.execute);
            let outcome = Outcome::NeedsNewPlan { why: Why::Model { text } };
            return Ok(Done::with(Event::Stopped { outcome }));
        };
        let sandbox = match Box::pin(self.sandbox_of(&terms, choice)).await? {
            Ok(sandbox) => sandbox,
            Err(done) => return Ok(done),
        };
        self.fetch(std::slice::from_ref(&terms.base_branch)).await?;
        let stop = self.cancel.child_token();
        let task = format!("execute-{version}");
        let checkout = tokio::select! {
            prepared = Box::pin(self.prepared((&sandbox, &task), &terms, &stop)) => match prepared? {
                Ok(checkout) => checkout,
                Err(done) => return Ok(done),
            },
            never = self.until_stopped(&stop) => match never {},
        };
        let by = ("execute", &self.run.origin.requester);
        let guidance = self.guidance(&task, &executing.approved.shown.guidance).await?;
        let begun = self.begun(executing, &terms).await?;
        let journal = Notebook::new(self, task, by, budget).guided(guidance);
        let leash = Leash { budget, until: journal.deadline().await?, cancel: stop.clone() };
        let desk = Desk {
            model,
            fallback: choice.fallback.as_deref(),
            guest: choice.guest.as_deref(),
            journal: &journal,
            sandbox: &sandbox,
            checkout: &checkout,
            limits: self.limits(),
            leash: &leash,
        };
        let ground = Ground::of(&terms);
        let executed = tokio::select! {
            executed = Box::pin(go_on(&desk, &terms.plan, &ground, &begun)) => executed,
            never = self.until_stopped(&stop) => match never {},
        };
        self.tidy(checkout);
        journal.close().await?;
        self.executed(executing, executed, &stop).await
    }

    /// What came of it, kept for whatever comes next.
    async fn executed(
        &self,
        executing: &Executing,
        executed: Executed,
        stop: &CancellationToken,
    ) -> Result<Done, Trouble> {
        let Shown { subject, raised, .. } = &executing.approved.shown;
        let (version, raised) = (subject.version, *raised);
        let (ending, work) = match executed {
            Executed::Finished(work) if changes_nothing(&work) => {
                // Whoever tries again begins with the first step.
                let nothing = Work { refusals: work.refusals, ..Work::default() };
                self.keep(&unfinished_name(version), serde_json::to_vec(&nothing)?).await?;
                let why = Why::NoChange { text: work.summary };
                return Ok(Done::with(Event::Stopped { outcome: Outcome::Failed { why } }));
            }
            Executed::Finished(work) => {
                self.keep(&work_name(version), serde_json::to_vec(&work)?).await?;
                let terms = self.terms(version).await?;
                let changes = work.steps.last().map_or(&[][..], |step| &step.changes);
                self.read_by_second(Part::Execution(version), &terms.plan, (&terms.base, changes), &work).await?;
                return Ok(Done::with(Event::Executed));
            }
            Executed::Stopped { ending, work } => (ending, work),
        };
        let done = match ending {
            // Whatever ran has been ended and waited for by now; the conversation stands in the store.
            Ending::Cancelled if stop.is_cancelled() && !self.cancel.is_cancelled() => Done::with(Event::Rested),
            Ending::OverBudget(limit) => Done::with(Event::OutOfBudget { full: Full::Budget { limit }, raised }),
            Ending::OverDay(reached) => Done::with(Event::OutOfBudget { full: Full::Day { reached }, raised }),
            Ending::Deviates { deviation, response } => {
                let steps: Vec<String> = work.steps.iter().map(|step| step.id.clone()).collect();
                let note = Box::new(self.learnt(version, for_the_planner(version, &deviation, &steps)).await?);
                Done::with(Event::Deviated { deviation, response, note })
            }
            ending @ (Ending::Refused { .. }
            | Ending::NoChange { .. }
            | Ending::PlanIsWrong { .. }
            | Ending::ChecksFailed { .. }
            | Ending::Lost { .. }
            | Ending::Model(_)
            | Ending::Sandbox(_)
            | Ending::Forbidden { .. }
            | Ending::Interrupted { .. }
            | Ending::Journal(_)
            | Ending::Cancelled) => self.ended(ending).await?,
        };
        // What breaks while it is told again after a restart takes nothing from what was kept at a tick.
        let before: Option<Work> = self.kept(&unfinished_name(version)).await?;
        if before.is_none_or(|before| before.steps.len() <= work.steps.len()) {
            self.keep(&unfinished_name(version), serde_json::to_vec(&work)?).await?;
        }
        Ok(done)
    }
}

/// How often it is looked whether a person wants the work to stop.
const LOOK: Duration = Duration::from_secs(1);

impl Deed<'_> {
    /// Ends the work by `stop` as soon as a person wants it.
    pub(super) async fn until_stopped(&self, stop: &CancellationToken) -> Infallible {
        loop {
            tokio::time::sleep(LOOK).await;
            // A store that does not answer now may answer the next time.
            if let Ok((run, _)) = self.core.run_since(self.run.id).await
                && is_to_stop(&run.state)
            {
                stop.cancel();
            }
        }
    }
}

fn is_to_stop(state: &State) -> bool {
    match state {
        State::Executing(executing) => {
            let at_once = |stop: &Stop| stop.after.is_none_or(|done| executing.ticked.len() > done);
            executing.stop.as_deref().is_some_and(at_once)
        }
        State::InReview(review) => matches!(review.stage, ReviewStage::Working { stop: Some(_), .. }),
        State::Planning(_)
        | State::AwaitingAnswer(_)
        | State::Publishing(_)
        | State::AwaitingApproval(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::Ended(_) => false,
    }
}

fn changes_nothing(work: &Work) -> bool {
    work.steps.last().is_none_or(|step| step.changes.is_empty())
}
