//! While the planner's questions are open.

use super::Step;
use super::shared::{answer, cancel, end, nothing_to_approve, with_act, with_person, with_voided};
use crate::ids::Person;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Ask, AwaitingAnswer, Planning, State};

pub(super) fn step(awaiting: &AwaitingAnswer, event: &Event) -> Step {
    let stay = |next: Option<AwaitingAnswer>| {
        next.map_or(Step::Ignore, |next| Step::Move { to: State::AwaitingAnswer(next), then: vec![] })
    };
    match event {
        Event::Noted { note } => go_on(awaiting, Some(&note.text), &awaiting.requesters),
        Event::PlanAsked { by, guidance, .. } => {
            go_on(awaiting, guidance.as_deref(), &with_person(&awaiting.requesters, by))
        }
        Event::Acted { act } if act.kind.approves() => nothing_to_approve(act, "awaiting_answer"),
        Event::Acted { act } => {
            stay(with_act(&awaiting.acts, act).map(|acts| AwaitingAnswer { acts, ..awaiting.clone() }))
        }
        Event::ActVoided { id, how } => {
            stay(with_voided(&awaiting.acts, *id, *how).map(|acts| AwaitingAnswer { acts, ..awaiting.clone() }))
        }
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, awaiting.shown.as_ref()),
        Event::Stopped { outcome } => end(outcome.clone(), awaiting.shown.as_ref(), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::Judged { .. }
        | Event::PlanBranchMoved { .. }
        | Event::StepTicked { .. }
        | Event::Executed
        | Event::JudgementAged
        | Event::Pushed { .. }
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::LeftBehind { .. } => Step::Ignore,
    }
}

/// Has the plan written with the answer at hand; without one the planner goes on with stated assumptions.
fn go_on(awaiting: &AwaitingAnswer, text: Option<&str>, requesters: &[Person]) -> Step {
    let asked: Vec<String> = awaiting.questions.iter().enumerate().map(|(i, q)| format!("{}. {q}", i + 1)).collect();
    let asked = asked.join("\n");
    let answered = text.unwrap_or("Nobody answered. Go on, and state your assumptions in the plan.");
    let planning = Planning {
        version: awaiting.version,
        ask: Ask::Fresh { guidance: Some(format!("You asked:\n{asked}\n\nThe answer:\n{answered}")) },
        shown: awaiting.shown.clone(),
        notes: vec![],
        acts: awaiting.acts.clone(),
        requesters: requesters.to_vec(),
    };
    let then = vec![Effect::WritePlan { version: awaiting.version }, Effect::ShowStatus];
    Step::Move { to: State::Planning(planning), then }
}
