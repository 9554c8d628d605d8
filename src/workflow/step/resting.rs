//! While the work rests: what people do is recorded, and judged when it goes on.

use super::acts::{with_act, with_voided};
use super::shared::{and_then, answer, cancel, end, late, mark, split, start_over, too_late, too_late_for};
use super::{Step, changed};
use crate::ids::Person;
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::{Gate, Reason};
use crate::workflow::deviation::Deviation;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, Executing, Guidance, Raise, Rest, Resting, Shown, State, Stop};
use crate::workflow::spending::Full;

/// Rests, and tells who stopped the work: by now nothing of it runs. A version that was voided meanwhile ends here.
pub(super) fn begin(executing: &Executing, stop: &Stop) -> Step {
    let words = Words::Rests { who: stop.by.clone() };
    let say = Effect::Say { words, place: stop.place, key: format!("stopped-{}", stop.comment) };
    rest(executing, Rest::Stopped { stop: Box::new(stop.clone()) }, say)
}

/// Rests because a limit leaves no room, and says what helps; once for each limit and what was granted until then.
pub(super) fn out_of_budget(executing: &Executing, full: Full) -> Step {
    let shown = &executing.approved.shown;
    let key = match full {
        Full::Budget { .. } => format!("budget-{}-{}", shown.subject.version, shown.raised),
        Full::Day { reached } => format!("day-{}", reached.until.map_or(0, |until| until.0)),
    };
    let say = Effect::Say { words: Words::OutOfBudget { full }, place: Place::Issue, key };
    rest(executing, Rest::OutOfBudget { full }, say)
}

/// Rests because the work would leave the plan, and asks people whether it may.
pub(super) fn asks(executing: &Executing, deviation: &Deviation) -> Step {
    let shown = &executing.approved.shown;
    let words = Words::AsksToDeviate { deviation: Box::new(deviation.clone()) };
    let key = format!("asks-{}-{}", shown.subject.version, shown.guidance.len());
    let say = Effect::Say { words, place: Place::Issue, key };
    rest(executing, Rest::Asks { deviation: Box::new(deviation.clone()) }, say)
}

fn rest(executing: &Executing, why: Rest, say: Effect) -> Step {
    let Executing { approved, ticked, .. } = executing.clone();
    if let Some(reason) = &approved.void {
        return changed::void(Some(&approved.shown), reason.clone());
    }
    let to = State::Resting(Resting { approved, ticked, why });
    Step::Move { to, then: vec![say, Effect::ShowStatus, Effect::EndRest] }
}

/// The version with more granted to it.
pub(super) fn raised(shown: &Shown, raise: &Raise) -> Shown {
    Shown { raised: shown.raised.saturating_add(raise.micro_dollars), ..shown.clone() }
}

/// The answer to whoever granted more.
pub(super) fn granted(raise: &Raise, goes_on: bool) -> Effect {
    let words = Words::Raised { who: raise.by.clone(), micro_dollars: raise.micro_dollars, goes_on };
    Effect::Say { words, place: raise.place, key: format!("raise-{}", raise.comment) }
}

/// Goes on behind the second gate: what was approved is judged as if it had not begun.
fn go_on(approved: &Approved) -> Step {
    Step::Move {
        to: State::Starting(Approved { hold: None, ..approved.clone() }),
        then: vec![Effect::Judge { gate: Gate::Start, because: None }, Effect::ShowStatus],
    }
}

/// What was approved, with what a person says to the work; where it has asked, going on is an answer by itself.
fn guided(resting: &Resting, by: &Person, text: Option<&str>) -> Approved {
    let mut approved = resting.approved.clone();
    if text.is_some() || matches!(resting.why, Rest::Asks { .. }) {
        let text = text.unwrap_or_default().to_owned();
        approved.shown.guidance.push(Guidance { by: by.clone(), text });
    }
    approved
}

/// Another plan would drop what is done; that takes a word of its own.
fn plan_asked(resting: &Resting, by: &Person, place: Place) -> Step {
    let version = resting.approved.shown.subject.version;
    let words = Words::WorkIsKept { who: by.clone(), version, steps: resting.ticked.clone() };
    answer(&words, place, &format!("kept-{version}-{}-{}", resting.ticked.len(), by.id))
}

pub(super) fn step(resting: &Resting, event: &Event) -> Step {
    let approved = &resting.approved;
    let with = |acts| {
        let approved = Approved { acts, ..approved.clone() };
        Step::Move { to: State::Resting(Resting { approved, ..resting.clone() }), then: vec![] }
    };
    let moved = || changed::void(Some(&approved.shown), Reason::BranchMoved);
    match event {
        Event::ResumeAsked { by, guidance } => go_on(&guided(resting, by, guidance.as_deref())),
        Event::RaiseAsked { raise } => Step::Stay { then: vec![Effect::JudgeRaise { raise: raise.clone() }] },
        Event::BudgetRaised { raise } => {
            let approved = Approved { shown: raised(&approved.shown, raise), ..approved.clone() };
            match &resting.why {
                Rest::OutOfBudget { full: Full::Budget { .. } } => and_then(go_on(&approved), granted(raise, true)),
                // Whoever stopped it, or the day that is over, lets it go on.
                Rest::Stopped { .. } | Rest::OutOfBudget { full: Full::Day { .. } } | Rest::Asks { .. } => Step::Move {
                    to: State::Resting(Resting { approved, ..resting.clone() }),
                    then: vec![granted(raise, false)],
                },
            }
        }
        Event::Acted { act } => with_act(&approved.acts, act).map_or(Step::Ignore, with),
        Event::ActVoided { id, how } => with_voided(&approved.acts, *id, *how).map_or(Step::Ignore, with),
        Event::PlanBranchMoved { head: Some(_) } => moved(),
        Event::PlanBranchMoved { head: None } => changed::void(Some(&approved.shown), Reason::BranchGone),
        Event::PlanOffered { offer } if offer.is_push() => and_then(moved(), late(offer)),
        Event::PlanOffered { offer } => too_late_for(&offer.by, offer.place()),
        Event::PlanRefused { by, head, faults } => and_then(moved(), mark(head, by, faults)),
        Event::Noted { note } => too_late(note),
        Event::PlanAsked { by, guidance, .. } if approved.shown.edited.is_some() => {
            start_over(approved, by, guidance.as_deref())
        }
        Event::PlanAsked { by, place, .. } => plan_asked(resting, by, *place),
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, Some(&approved.shown)),
        Event::Stopped { outcome } => end(outcome.clone(), Some(&approved.shown), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::while_resting(resting, change),
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::Judged { .. }
        | Event::StepTicked { .. }
        | Event::StopAsked { .. }
        | Event::Rested
        | Event::Deviated { .. }
        | Event::OutOfBudget { .. }
        | Event::Executed
        | Event::JudgementAged
        | Event::Pushed { .. }
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::WorkNoted { .. }
        | Event::FixAsked { .. }
        | Event::ChecksRed { .. }
        | Event::FollowedUp { .. }
        | Event::WorkEnded { .. }
        | Event::LeftBehind { .. }
        | Event::BatchEnded { .. }
        | Event::PlanKept { .. }
        | Event::NoteWithdrawn { .. } => Step::Ignore,
    }
}
