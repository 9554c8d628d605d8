//! What follows from an event: one function a state, every event named in each.
//!
//! A new event is a question that each state must answer before the code compiles. What a state answers with is written
//! to the store as one commit: the next state, the effects, the event.

#[cfg(test)]
mod histories;

mod acts;
mod awaiting_answer;
mod awaiting_approval;
mod changed;
mod delivering;
pub mod deviated;
mod ended;
mod executing;
mod follow_up;
mod in_review;
mod planning;
mod publishing;
mod resting;
mod shared;
mod starting;
mod widened;

use super::act::{Act, Voided};
use super::approval::{Gate, Retry};
use super::change::Around;
use super::effect::{Effect, ReactTo};
use super::event::Event;
use super::run::{Ask, Ended, Offer, Planning, Run, Shown, State, Waiting};
use crate::ids::Person;

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a step is made once and taken apart at once; none is ever kept")]
pub enum Step {
    /// The state becomes another, or the same with other contents.
    Move {
        /// The next state.
        to: State,
        /// What is to be done.
        then: Vec<Effect>,
    },
    /// The state stays as it is.
    Stay {
        /// What is to be done.
        then: Vec<Effect>,
    },
    /// Nothing; the event is recorded all the same.
    Ignore,
}

/// Answers what follows from `event` in `run`. Total, and pure.
#[must_use]
pub fn step(run: &Run, event: &Event) -> Step {
    if let Some(next) = widened::meanwhile(&run.state, event) {
        return next;
    }
    if let Some(state) = widened::recorded(&run.state, event) {
        return match in_state(&Run { state: state.clone(), ..run.clone() }, event) {
            next @ Step::Move { .. } => next,
            Step::Stay { then } => Step::Move { to: state, then },
            Step::Ignore => Step::Move { to: state, then: vec![] },
        };
    }
    in_state(run, event)
}

fn in_state(run: &Run, event: &Event) -> Step {
    let next = match &run.state {
        State::Planning(planning) => planning::step(planning, event),
        State::AwaitingAnswer(awaiting) => awaiting_answer::step(awaiting, event),
        State::Publishing(publishing) => publishing::step(publishing, event),
        State::AwaitingApproval(waiting) => awaiting_approval::step(run.origin.rounds, waiting, event),
        State::Starting(approved) => starting::step(approved, event),
        State::Executing(executing) => executing::step(executing, event),
        State::Resting(resting) => resting::step(resting, event),
        State::Delivering(delivering) => delivering::step(delivering, event),
        State::InReview(review) => in_review::step(run.origin.review, review, event),
        State::Ended(ended) => ended::step(ended, event),
    };
    match widened::called_off(&run.state, next) {
        // An objection outlives the run, and so does what spent its version: `/retry` meets both.
        Step::Move { to: State::Ended(ended), then } if run.state.is_open() => {
            let (acts, void) = (run.state.acts().to_vec(), run.state.void().cloned());
            Step::Move { to: State::Ended(Ended { acts, void, ..ended }), then }
        }
        Step::Move { to: State::Planning(planning), then } if asked_without_asking(event) => {
            Step::Move { to: State::Planning(Planning { unasked: true, ..planning }), then }
        }
        next @ (Step::Move { .. } | Step::Stay { .. } | Step::Ignore) => next,
    }
}

fn asked_without_asking(event: &Event) -> bool {
    matches!(event, Event::PlanAsked { unasked: true, .. })
}

/// How a run begins: someone who may asked for a plan, perhaps for one without being asked themselves.
#[must_use]
pub fn begin(by: &Person, guidance: Option<String>, unasked: bool, seen: ReactTo) -> (State, Vec<Effect>) {
    begin_with(by, Ask::Fresh { guidance }, unasked, seen)
}

/// How a run begins with the plan that a person wrote.
#[must_use]
pub fn begin_adopting(offer: Offer, seen: ReactTo) -> (State, Vec<Effect>) {
    let by = offer.by.clone();
    begin_with(&by, Ask::Adopt(Box::new(offer)), false, seen)
}

fn begin_with(by: &Person, ask: Ask, unasked: bool, seen: ReactTo) -> (State, Vec<Effect>) {
    let planning = Planning {
        version: 1,
        ask,
        shown: None,
        notes: vec![],
        acts: vec![],
        requesters: vec![by.clone()],
        rounds: 0,
        branch_moved: false,
        unasked,
        around: Around::default(),
    };
    let then = vec![Effect::React { to: seen }, Effect::ShowStatus, Effect::WritePlan { version: 1 }];
    (State::Planning(planning), then)
}

pub use publishing::begin_publishing;

/// How a run begins that tries the version of an `ended` one again (`/retry`): the act is judged like any approval, with
/// the objections that stand; approvals are used up (rule K). A version that was spent is published once more instead.
#[must_use]
pub fn begin_again(ended: &Ended, shown: &Shown, act: Act, seen: ReactTo) -> (State, Vec<Effect>) {
    let used = |act: &Act| match act.voided {
        None if act.kind.approves() => Act { voided: Some(Voided::Used), ..act.clone() },
        None | Some(_) => act.clone(),
    };
    let other = |known: &&Act| known.id != act.id || known.kind.is_overtaken();
    let mut acts: Vec<Act> = ended.acts.iter().filter(other).map(used).collect();
    if ended.void.is_some()
        && let Step::Move { to, then } = shared::republish(shown, &acts, &[])
    {
        return (to, [vec![Effect::React { to: seen }], then].concat());
    }
    let judge = Effect::Judge { gate: Gate::Act, because: Some(act.id) };
    acts = acts::with_act(&acts, &act).unwrap_or(acts);
    let version = shown.subject.version;
    // The new approval grants the budget anew, and nothing beyond it.
    let retry = Some(Retry { act: act.id, at: act.at });
    let shown = Shown { raised: 0, guidance: vec![], retry, ..shown.clone() };
    let waiting = Waiting { shown, acts, notes: vec![], missing: vec![], hold: None };
    (
        State::AwaitingApproval(waiting),
        vec![Effect::React { to: seen }, judge, Effect::Remind { version }, Effect::TimeOut { version }],
    )
}
