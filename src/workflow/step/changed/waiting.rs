//! While a version waits: it is out of date, and another is written; a few times by itself, then a person must ask.

use super::{MOST_AUTOMATIC, ask, edited, merged, restored, void};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::{BaseFact, Reason};
use crate::workflow::change::{Change, InputEdit, Stale};
use crate::workflow::effect::Effect;
use crate::workflow::run::{Ask, CancelledBy, Outcome, Shown, State, Waiting};
use crate::workflow::step::Step;
use crate::workflow::step::shared::{end, next_version, with_person};

pub(in crate::workflow::step) fn while_waiting(waiting: &Waiting, change: &Change) -> Step {
    let shown = &waiting.shown;
    match change {
        Change::Input { edits } => input(waiting, edits),
        Change::InputByOutsider { notices } => {
            let around = shown.around.clone().with_notices(notices);
            let shown = Shown { around, ..shown.clone() };
            stay(Waiting { shown, ..waiting.clone() }, vec![])
        }
        Change::PlanPullRetargeted => void(Some(shown), Reason::Retargeted),
        Change::PlanPullMerged { by } => with(void(Some(shown), Reason::PlanMerged), merged(shown, by.as_ref())),
        Change::BaseMoved => Step::Stay { then: vec![Effect::LookAtBase] },
        Change::BaseSeen { base: BaseFact::Contains { overlap } } if !overlap.is_empty() => {
            stale(waiting, Stale::Base { paths: overlap.clone() }, Reason::BaseMoved { paths: overlap.clone() })
        }
        Change::BaseSeen { base: BaseFact::Gone } => void(Some(shown), Reason::BaseGone),
        Change::BaseRenamed { to } => {
            stale(waiting, Stale::BaseRenamed { to: to.clone() }, Reason::BaseRenamed { to: to.clone() })
        }
        Change::IssueGone => void(Some(shown), Reason::IssueGone),
        Change::MadePublic => void(Some(shown), Reason::MadePublic),
        Change::Restored { at, intact: true } => restored(shown, &waiting.acts, &waiting.notes, *at),
        Change::Restored { intact: false, .. } => void(Some(shown), Reason::Restored),
        Change::Outdated => stale(waiting, Stale::Outdated, Reason::Outdated),
        Change::ReminderDue { version } if *version == shown.subject.version => remind(shown),
        Change::TimeUp { version } if *version == shown.subject.version => {
            let close = Effect::ClosePlanPull { plan_pull: shown.pull, pull: None };
            end(Outcome::Cancelled { by: None, why: CancelledBy::NobodyDecided }, Some(shown), vec![close])
        }
        Change::BaseSeen { base: BaseFact::Contains { .. } | BaseFact::Unknown }
        | Change::IssueClosed
        | Change::Parked
        | Change::Unparked
        | Change::ReminderDue { .. }
        | Change::TimeUp { .. } => Step::Ignore,
    }
}

/// What follows when a version has just been posted: the clock runs, and what changed while it was made is taken up.
pub(in crate::workflow::step) fn shown_anew(waiting: Waiting, mut then: Vec<Effect>) -> Step {
    let version = waiting.shown.subject.version;
    then.extend([Effect::Remind { version }, Effect::TimeOut { version }]);
    let around = &waiting.shown.around;
    if !around.edits.is_empty() {
        let edits = around.edits.clone();
        return match input(&waiting, &edits) {
            Step::Move { to, then: more } => Step::Move { to, then: then.into_iter().chain(more).collect() },
            other @ (Step::Stay { .. } | Step::Ignore) => other,
        };
    }
    if around.base_moved {
        then.push(Effect::LookAtBase);
    }
    Step::Move { to: State::AwaitingApproval(waiting), then }
}

/// The input was changed by someone who may: another version, or, where people have had their say on this one or enough
/// were written, the question what is to become of it.
fn input(waiting: &Waiting, edits: &[InputEdit]) -> Step {
    let shown = edited(&waiting.shown, &waiting.acts, edits);
    let held = waiting.shown.edited.is_some();
    if held || shown.around.automatic >= MOST_AUTOMATIC {
        let question = ask(&shown, edits);
        return stay(Waiting { shown, ..waiting.clone() }, vec![question]);
    }
    // Who changes what a version is made from has asked for it: another person approves (rule C).
    let requesters = edits
        .iter()
        .filter_map(|edit| edit.by.as_ref())
        .fold(waiting.shown.requesters.clone(), |people, person| with_person(&people, person));
    let why = Stale::Input { edits: shown.around.edits.clone() };
    next_version(&shown, Ask::Anew { why }, &waiting.acts, &waiting.notes, requesters)
}

/// The version is out of date: another, or the reason why this one cannot be built.
fn stale(waiting: &Waiting, why: Stale, reason: Reason) -> Step {
    let shown = &waiting.shown;
    if shown.around.automatic < MOST_AUTOMATIC {
        return next_version(shown, Ask::Anew { why }, &waiting.acts, &waiting.notes, shown.requesters.clone());
    }
    let version = shown.subject.version;
    let words = Words::StaysStale { version, reason: reason.clone() };
    let say = Effect::Say { words, place: Place::Issue, key: format!("stale-{version}") };
    stay(Waiting { missing: vec![reason], ..waiting.clone() }, vec![say])
}

fn remind(shown: &Shown) -> Step {
    let version = shown.subject.version;
    let words = Words::Reminder { version, digest: shown.subject.digest.clone() };
    Step::Stay { then: vec![Effect::Say { words, place: Place::Issue, key: format!("reminder-{version}") }] }
}

fn stay(waiting: Waiting, mut then: Vec<Effect>) -> Step {
    then.push(Effect::ShowStatus);
    Step::Move { to: State::AwaitingApproval(waiting), then }
}

fn with(step: Step, effect: Effect) -> Step {
    match step {
        Step::Move { to, mut then } => {
            then.insert(0, effect);
            Step::Move { to, then }
        }
        other @ (Step::Stay { .. } | Step::Ignore) => other,
    }
}
