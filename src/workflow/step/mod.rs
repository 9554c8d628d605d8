//! What follows from an event: one function a state, every event named in each.
//!
//! A new event is a question that each state must answer before the code compiles. What a state answers with is written
//! to the store as one commit: the next state, the effects, the event.

#[cfg(test)]
mod histories;

mod acts;
mod awaiting_answer;
mod awaiting_approval;
mod delivering;
mod ended;
mod executing;
mod planning;
mod publishing;
mod shared;
mod starting;

use super::act::Act;
use super::effect::{Effect, ReactTo};
use super::event::Event;
use super::run::{Ask, Offer, Planning, Run, Shown, State, Waiting};
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
    match &run.state {
        State::Planning(planning) => planning::step(planning, event),
        State::AwaitingAnswer(awaiting) => awaiting_answer::step(awaiting, event),
        State::Publishing(publishing) => publishing::step(publishing, event),
        State::AwaitingApproval(waiting) => awaiting_approval::step(run.origin.rounds, waiting, event),
        State::Starting(approved) => starting::step(approved, event),
        State::Executing(executing) => executing::step(executing, event),
        State::Delivering(delivering) => delivering::step(delivering, event),
        State::Ended(_) => ended::step(event),
    }
}

/// How a run begins: someone who may asked for a plan.
#[must_use]
pub fn begin(by: &Person, guidance: Option<String>, seen: ReactTo) -> (State, Vec<Effect>) {
    begin_with(by, Ask::Fresh { guidance }, seen)
}

/// How a run begins with the plan that a person wrote.
#[must_use]
pub fn begin_adopting(offer: Offer, seen: ReactTo) -> (State, Vec<Effect>) {
    let by = offer.by.clone();
    begin_with(&by, Ask::Adopt(Box::new(offer)), seen)
}

fn begin_with(by: &Person, ask: Ask, seen: ReactTo) -> (State, Vec<Effect>) {
    let planning = Planning {
        version: 1,
        ask,
        shown: None,
        notes: vec![],
        acts: vec![],
        requesters: vec![by.clone()],
        rounds: 0,
        branch_moved: false,
    };
    let then = vec![Effect::React { to: seen }, Effect::ShowStatus, Effect::WritePlan { version: 1 }];
    (State::Planning(planning), then)
}

/// How a run begins that tries an approved version again (`/retry`): the act is judged like any approval.
#[must_use]
pub fn begin_again(shown: Shown, act: Act, seen: ReactTo) -> (State, Vec<Effect>) {
    let judge = Effect::Judge { gate: super::approval::Gate::Act, because: Some(act.id) };
    let waiting = Waiting { shown, acts: vec![act], notes: vec![], missing: vec![], hold: None };
    (State::AwaitingApproval(waiting), vec![Effect::React { to: seen }, judge])
}
