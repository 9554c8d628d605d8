//! Turns an event into a commit: read the run, ask the core what follows, write state, effects and event together.

use std::time::Duration;

use serde::Serialize;

use super::record::Record;
use super::{Core, Trouble};
use crate::ids::{Digest, Person, PullNumber, RunId, Timestamp};
use crate::store::{Commit, CommitOutcome, Finish, NewEffect, NewEvent, NewPlan, RunRow, StateText};
use crate::workflow::approval::Reason;
use crate::workflow::effect::{Effect, Lane};
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, DeliverStage, Delivering, Origin, Run, State};
use crate::workflow::step::{Step, step};

/// How often somebody else may move a run between our reading and our writing before we come back later.
const TRIES: usize = 20;

/// How long the status comment may lag behind while work goes on: people read it, and each edit is a call.
const STATUS_PAUSE: Duration = Duration::from_secs(5);

/// After so long no call is under way any more that was begun before the run ended, and GitHub shows what it did.
const OVERTAKEN: Duration = Duration::from_secs(120);

/// What is written with an event.
#[derive(Debug, Clone, Default)]
pub(super) struct With {
    /// The delivery or effect whose outcome the event is.
    pub(super) finishes: Option<Finish>,
    /// What the delivery means, so that it means it once.
    pub(super) meaning: Option<String>,
    /// The version that was written.
    pub(super) plan: Option<NewPlan>,
    /// A pull request that belongs to the run from now on.
    pub(super) pull: Option<PullNumber>,
    /// What the event binds besides itself.
    pub(super) record: Option<Record>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an event that was not written has not happened"]
pub(super) enum Applied {
    /// It is written, with all that follows.
    Yes,
    /// Somebody else owns the work by now; nothing was written.
    NotOurs,
}

impl Core {
    /// Reads a run.
    pub(super) async fn run(&self, id: RunId) -> Result<(Run, i64), Trouble> {
        let row = self.store.run(id).await?.ok_or(Trouble::Corrupt(format!("run {id} is not there")))?;
        let version = row.version;
        Ok((read(row)?, version))
    }

    /// Reads a run, and since when it is in its phase.
    pub(super) async fn run_since(&self, id: RunId) -> Result<(Run, Timestamp), Trouble> {
        let row = self.store.run(id).await?.ok_or(Trouble::Corrupt(format!("run {id} is not there")))?;
        let since = row.phase_since;
        Ok((read(row)?, since))
    }

    /// Lets an event happen to a run.
    pub(super) async fn apply(&self, id: RunId, event: &Event, with: With, now: Timestamp) -> Result<Applied, Trouble> {
        for _ in 0..TRIES {
            let (run, read_version) = self.run(id).await?;
            let (state, mut then) = match step(&run, event) {
                Step::Move { to, then } => (to, then),
                Step::Stay { then } => (run.state.clone(), then),
                Step::Ignore => (run.state.clone(), vec![]),
            };
            then.extend(self.announcements(Some(&run.state), &state));
            let commit = Commit {
                run: id,
                read_version,
                state: text(&state)?,
                voids: voids(&run.state, &state),
                effects: self.effects(&then, now)?,
                events: vec![NewEvent::of(name(event), &Logged::new(event, with.record.as_ref(), &run.state, &state))?],
                plan: with.plan.clone(),
                pulls: with.pull.into_iter().collect(),
                meaning: with.meaning.clone(),
                finishes: with.finishes.clone(),
                now,
            };
            let outcome = self.store.commit(commit).await?;
            tracing::debug!(run.id = %id, event = name(event), ?outcome, "run {id}: {}", name(event));
            match outcome {
                CommitOutcome::Committed { .. } => {
                    if run.state.phase() != state.phase() {
                        let (from, to) = (run.state.phase(), state.phase());
                        tracing::info!(run.id = %id, from, to, "run {id} went from {from} to {to}");
                    }
                    return Ok(Applied::Yes);
                }
                CommitOutcome::AlreadyMeant => return Ok(Applied::Yes),
                CommitOutcome::LostLease => return Ok(Applied::NotOurs),
                CommitOutcome::Stale => {}
            }
        }
        Err(Trouble::Busy)
    }

    /// Writes effects as rows, each with the time it may be done from.
    pub(super) fn effects(&self, then: &[Effect], now: Timestamp) -> Result<Vec<NewEffect>, Trouble> {
        let row = |effect: &Effect| Ok(NewEffect::of(effect.lane(), now.plus(self.delay(effect)), effect)?);
        then.iter().map(row).collect()
    }

    fn delay(&self, effect: &Effect) -> Duration {
        match effect {
            Effect::EndBurst { .. } => self.settings.burst,
            Effect::JudgeAgain { pause, .. } => self.settings.ask_again.max(*pause),
            Effect::ShowStatusSoon => STATUS_PAUSE,
            Effect::TidyUp => OVERTAKEN,
            Effect::LookAtBase => self.settings.burst,
            Effect::Remind { .. } => self.settings.remind_after,
            Effect::TimeOut { .. } => self.settings.close_after,
            Effect::EndRest => self.settings.rest_for,
            Effect::React { .. }
            | Effect::Say { .. }
            | Effect::ShowStatus
            | Effect::WritePlan { .. }
            | Effect::CommitPlan { .. }
            | Effect::OpenPlanPull { .. }
            | Effect::PostPlan { .. }
            | Effect::AnswerNote { .. }
            | Effect::Judge { .. }
            | Effect::Execute { .. }
            | Effect::Push { .. }
            | Effect::OpenPull { .. }
            | Effect::ReportConformance { .. }
            | Effect::ClosePlanPull { .. }
            | Effect::FollowUp { .. }
            | Effect::PushMore { .. }
            | Effect::AnswerWork { .. }
            | Effect::TellWork
            | Effect::CleanUp { .. }
            | Effect::AnswerKept { .. }
            | Effect::MarkFaults { .. }
            | Effect::JudgeRaise { .. }
            | Effect::SayOnPull { .. }
            | Effect::OpenSubIssue { .. }
            | Effect::TellSplit { .. }
            | Effect::Announce { .. } => Duration::ZERO,
        }
    }
}

/// An event as the log keeps it: what has happened, and what it led to. So the log alone tells which version was
/// approved by whom, what was missing, and that each push followed a judgement (Q21, Q24).
#[derive(Serialize)]
struct Logged<'a> {
    #[serde(flatten)]
    event: &'a Event,
    led: Led<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a Record>,
}

#[derive(Serialize)]
struct Led<'a> {
    from: &'static str,
    to: &'static str,
    /// The version that people see from now on.
    digest: Option<&'a Digest>,
    /// The rules it was judged by, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Digest>,
    /// Who approved it, where it is approved.
    approved_by: &'a [Person],
    /// Who of them had asked for it (D30).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    self_approved: Vec<&'a Person>,
    /// Why it is not, where that was judged.
    missing: &'a [Reason],
}

impl<'a> Logged<'a> {
    fn new(event: &'a Event, record: Option<&'a Record>, from: &State, to: &'a State) -> Logged<'a> {
        let (approved, missing) = match to {
            State::Starting(approved) => (Some(approved), &[][..]),
            State::Executing(executing) => (Some(&executing.approved), &[][..]),
            State::Resting(resting) => (Some(&resting.approved), &[][..]),
            State::Delivering(Delivering { stage: DeliverStage::Judging { missing }, .. }) => (None, &missing[..]),
            State::Delivering(delivering) => (Some(&delivering.approved), &[][..]),
            State::InReview(review) => (Some(&review.approved), &[][..]),
            State::AwaitingApproval(waiting) => (None, &waiting.missing[..]),
            State::Planning(_) | State::AwaitingAnswer(_) | State::Publishing(_) | State::Ended(_) => (None, &[][..]),
        };
        let approved_by = approved.map_or(&[][..], |approved| &approved.by);
        let self_approved = approved.map(Approved::self_approved).unwrap_or_default();
        let digest = to.shown().map(|shown| &shown.subject.digest);
        let judged = matches!(event, Event::Judged { .. });
        let rules = from.shown().filter(|_| judged).map(|shown| shown.rules.digest());
        let led = Led { from: from.phase(), to: to.phase(), digest, rules, approved_by, self_approved, missing };
        Logged { event, led, record }
    }
}

/// Reads a run from its row.
pub(super) fn read(row: RunRow) -> Result<Run, Trouble> {
    let origin: Origin = serde_json::from_str(&row.origin)?;
    let state: State = serde_json::from_str(&row.state)?;
    Ok(Run { id: row.id, origin, state })
}

/// Writes a state as the store keeps it.
pub(super) fn text(state: &State) -> Result<StateText, Trouble> {
    Ok(StateText::of(state.phase(), state.activity(), state)?)
}

/// The lanes whose waiting effects nobody wants any more: work that a person stopped, and all of the run's own when it ends.
/// What the step itself asks for is enqueued after that.
fn voids(from: &State, to: &State) -> Vec<Lane> {
    let following_up = |state: &State| matches!(state, State::InReview(review) if review.is_working());
    let working = |state: &State| following_up(state) || matches!(state, State::Planning(_) | State::Executing(_));
    if from.is_open() && !to.is_open() {
        return vec![Lane::Talk, Lane::Work, Lane::Timer];
    }
    // A person's own plan comes before the one that is being written.
    let other_ask = match (from, to) {
        (State::Planning(from), State::Planning(to)) => from.ask != to.ask,
        _ => false,
    };
    let rests = |state: &State| matches!(state, State::Executing(executing) if executing.parked);
    let other = from.phase() != to.phase() || other_ask || !rests(from) && rests(to) || !working(to);
    if working(from) && other { vec![Lane::Work] } else { vec![] }
}

/// The event's name, as the log and its readers know it.
pub(super) fn name(event: &Event) -> &'static str {
    match event {
        Event::Opened { .. } => "opened",
        Event::PlanWritten { .. } => "plan_written",
        Event::QuestionsAsked { .. } => "questions_asked",
        Event::PlanCommitted { .. } => "plan_committed",
        Event::PlanPullOpened { .. } => "plan_pull_opened",
        Event::PlanPosted { .. } => "plan_posted",
        Event::Noted { .. } => "noted",
        Event::BurstEnded { .. } => "burst_ended",
        Event::PlanAsked { .. } => "plan_asked",
        Event::Acted { .. } => "acted",
        Event::ActVoided { .. } => "act_voided",
        Event::Judged { .. } => "judged",
        Event::PlanBranchMoved { .. } => "plan_branch_moved",
        Event::Cancelled { .. } => "cancelled",
        Event::StepTicked { .. } => "step_ticked",
        Event::StopAsked { .. } => "stop_asked",
        Event::Rested => "rested",
        Event::Deviated { .. } => "deviated",
        Event::OutOfBudget { .. } => "out_of_budget",
        Event::RaiseAsked { .. } => "raise_asked",
        Event::BudgetRaised { .. } => "budget_raised",
        Event::ResumeAsked { .. } => "resume_asked",
        Event::Executed => "executed",
        Event::Stopped { .. } => "stopped",
        Event::JudgementAged => "judgement_aged",
        Event::Pushed { .. } => "pushed",
        Event::PullOpened { .. } => "pull_opened",
        Event::PlanPullClosed => "plan_pull_closed",
        Event::WorkNoted { .. } => "work_noted",
        Event::FixAsked { .. } => "fix_asked",
        Event::ChecksRed { .. } => "checks_red",
        Event::FollowedUp { .. } => "followed_up",
        Event::WorkEnded { .. } => "work_ended",
        Event::SplitAsked { .. } => "split_asked",
        Event::Answered { .. } => "answered",
        Event::LeftBehind { .. } => "left_behind",
        Event::BatchEnded { .. } => "batch_ended",
        Event::PlanKept { .. } => "plan_kept",
        Event::PlanOffered { .. } => "plan_offered",
        Event::PlanRefused { .. } => "plan_refused",
        Event::NoteWithdrawn { .. } => "note_withdrawn",
        Event::Changed { .. } => "changed",
    }
}
