//! While a version waits for its approval.

use super::acts::{is_known, with_act, with_voided, worth_keeping};
use super::shared::{
    adopt, and_then, answer, cancel, end, guidance_as_note, holds, is_guidance, mark, next_version, overtaken, refusal,
    republish, split, with_note, with_person, without_note,
};
use super::{Step, changed, starting};
use crate::ids::Person;
use crate::words::Words;
use crate::workflow::act::{ActId, Place};
use crate::workflow::approval::{Facts, Gate, Reason, Verdict, judge};
use crate::workflow::change::Around;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, Ask, Note, Shown, State, Waiting};

pub(super) fn step(rounds: u32, waiting: &Waiting, event: &Event) -> Step {
    match event {
        Event::Noted { note } => with_note(&waiting.notes, note).map_or(Step::Ignore, |notes| Step::Move {
            then: vec![Effect::EndBurst { notes: notes.len() }],
            to: State::AwaitingApproval(Waiting { notes, ..waiting.clone() }),
        }),
        Event::BurstEnded { notes } if *notes == waiting.notes.len() => revise(waiting, rounds),
        Event::BatchEnded { .. } => revise(waiting, rounds),
        Event::PlanAsked { by, guidance, place, .. } if !waiting.notes.is_empty() && waiting.shown.rounds >= rounds => {
            let guidance = guidance.as_deref().unwrap_or("Go on with what was said.");
            go_on(waiting, guidance_as_note(by, guidance, *place, waiting.notes.len()))
        }
        Event::PlanAsked { by, guidance, .. } => {
            let requesters = with_person(&waiting.shown.requesters, by);
            let ask = Ask::Fresh { guidance: guidance.clone() };
            next_version(&waiting.shown, ask, &waiting.acts, &waiting.notes, requesters)
        }
        Event::PlanOffered { offer } => adopt(&waiting.shown, offer, &waiting.acts, &waiting.notes),
        Event::PlanRefused { by, head, faults } => {
            and_then(republish(&waiting.shown, &waiting.acts, &waiting.notes), mark(head, by, faults))
        }
        Event::NoteWithdrawn { id } => without_note(&waiting.notes, id).map_or(Step::Ignore, |notes| Step::Move {
            then: vec![Effect::EndBurst { notes: notes.len() }],
            to: State::AwaitingApproval(Waiting { notes, ..waiting.clone() }),
        }),
        Event::Acted { act } => with_act(&waiting.acts, act).map_or(Step::Ignore, |acts| Step::Move {
            then: is_known(&acts, act.id)
                .then_some(Effect::Judge { gate: Gate::Act, because: Some(act.id) })
                .into_iter()
                .collect(),
            to: State::AwaitingApproval(Waiting { acts, ..waiting.clone() }),
        }),
        Event::ActVoided { id, how } => with_voided(&waiting.acts, *id, *how).map_or(Step::Ignore, |acts| Step::Move {
            to: State::AwaitingApproval(Waiting { acts, ..waiting.clone() }),
            then: vec![Effect::Judge { gate: Gate::Act, because: Some(*id) }],
        }),
        Event::Judged { gate: gate @ (Gate::Act | Gate::Start), facts, because } => {
            judged(waiting, *gate, facts, *because)
        }
        Event::PlanBranchMoved { head } => match head {
            Some(_) => republish(&waiting.shown, &waiting.acts, &waiting.notes),
            None => restore(waiting),
        },
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, Some(&waiting.shown)),
        Event::Stopped { outcome } => end(outcome.clone(), Some(&waiting.shown), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::while_waiting(waiting, change),
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::Judged { gate: Gate::Push, .. }
        | Event::StepTicked { .. }
        | Event::StopAsked { .. }
        | Event::Rested
        | Event::Deviated { .. }
        | Event::OutOfBudget { .. }
        | Event::RaiseAsked { .. }
        | Event::BudgetRaised { .. }
        | Event::ResumeAsked { .. }
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
        | Event::PlanKept { .. } => Step::Ignore,
    }
}

/// The plan branch was deleted: the version is published once more, once.
fn restore(waiting: &Waiting) -> Step {
    let shown = &waiting.shown;
    if shown.around.restored {
        return changed::void(Some(shown), Reason::BranchGone);
    }
    let around = Around { restored: true, ..shown.around.clone() };
    republish(&Shown { around, ..shown.clone() }, &waiting.acts, &waiting.notes)
}

/// What the first gate says; and, where both were asked at once, what the second one says of what the first approves.
fn judged(waiting: &Waiting, gate: Gate, facts: &Facts, because: Option<ActId>) -> Step {
    let acts = worth_keeping(&waiting.acts, facts);
    let subject = &waiting.shown.subject;
    match judge(waiting.shown.case(&waiting.acts), facts, Gate::Act) {
        Verdict::Approved { by, by_requester } => {
            let shown = waiting.shown.clone();
            let approved = Approved { shown, acts, by, by_requester, void: None, hold: None };
            let next = match gate {
                Gate::Start => starting::judged(&approved, facts, because),
                Gate::Act | Gate::Push => Step::Move {
                    to: State::Starting(approved),
                    then: vec![Effect::Judge { gate: Gate::Start, because: None }],
                },
            };
            overtakes(waiting, next)
        }
        Verdict::Waiting(missing) => {
            let reply = refusal(subject, &waiting.acts, because, &missing);
            let then = reply.into_iter().chain([Effect::ShowStatus]).collect();
            let waiting = Waiting { acts, missing, hold: None, ..waiting.clone() };
            Step::Move { to: State::AwaitingApproval(waiting), then }
        }
        Verdict::Hold(missing) => {
            let (hold, then) = holds(waiting.hold, Gate::Act, subject, facts, &missing);
            let waiting = Waiting { acts, missing, hold: Some(hold), ..waiting.clone() };
            Step::Move { to: State::AwaitingApproval(waiting), then }
        }
        Verdict::Void(Reason::BranchMoved) => republish(&waiting.shown, &acts, &waiting.notes),
        Verdict::Void(Reason::BranchGone) => restore(waiting),
        Verdict::Void(reason) => changed::void(Some(&waiting.shown), reason),
    }
}

/// What was said and no revision has taken up yet comes too late once the version is approved, and its authors are told so;
/// where it still waits, so does what was said.
fn overtakes(waiting: &Waiting, next: Step) -> Step {
    match next {
        Step::Move { to: State::AwaitingApproval(still), then } => {
            let notes = waiting.notes.clone();
            Step::Move { to: State::AwaitingApproval(Waiting { notes, ..still }), then }
        }
        next @ (Step::Move { .. } | Step::Stay { .. } | Step::Ignore) => {
            let notes = asking(waiting);
            let first = |(at, note): &(usize, &Note)| !notes[..*at].iter().any(|other| other.by.id == note.by.id);
            notes.iter().enumerate().filter(first).fold(next, |next, (_, note)| and_then(next, overtaken(note)))
        }
    }
}

/// Takes all notes up in one revision, but for those of a review that approves: they ask for nothing. After so many
/// revisions in a row the notes wait until a person asks.
fn revise(waiting: &Waiting, rounds: u32) -> Step {
    let notes = asking(waiting);
    if notes.is_empty() {
        return Step::Ignore;
    }
    if waiting.shown.rounds >= rounds {
        let key = format!("rounds-{}", waiting.shown.subject.version);
        return and_then(answer(&Words::RoundsOver { rounds }, Place::PlanPull, &key), Effect::ShowStatus);
    }
    next_version(&waiting.shown, Ask::Revise { notes: notes.clone() }, &waiting.acts, &[], askers(waiting, &notes))
}

/// Takes all notes up because a person asked for it, and counts anew.
fn go_on(waiting: &Waiting, guidance: Note) -> Step {
    let notes: Vec<Note> = asking(waiting).into_iter().chain([guidance]).collect();
    let shown = Shown { rounds: 0, ..waiting.shown.clone() };
    next_version(&shown, Ask::Revise { notes: notes.clone() }, &waiting.acts, &[], askers(waiting, &notes))
}

fn asking(waiting: &Waiting) -> Vec<Note> {
    let approving = |note: &&Note| {
        let review = note.review.map(ActId::Review);
        waiting.acts.iter().any(|act| Some(act.id) == review && act.kind.approves())
    };
    waiting.notes.iter().filter(|note| !approving(note)).cloned().collect()
}

fn askers(waiting: &Waiting, notes: &[Note]) -> Vec<Person> {
    let asked = notes.iter().filter(|note| is_guidance(note));
    asked.fold(waiting.shown.requesters.clone(), |people, note| with_person(&people, &note.by))
}
