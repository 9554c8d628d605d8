//! While the planner's questions are open.

use super::acts::{objections, with_act, with_voided};
use super::shared::{
    answer, cancel, end, guidance_as_note, mark, nothing_to_approve, split, with_note, with_person, without_note,
};
use super::{Step, changed};
use crate::ids::Person;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Ask, AwaitingAnswer, Note, Offer, Planning, State};

pub(super) fn step(awaiting: &AwaitingAnswer, event: &Event) -> Step {
    let stay = |next: Option<AwaitingAnswer>| {
        next.map_or(Step::Ignore, |next| Step::Move { to: State::AwaitingAnswer(next), then: vec![] })
    };
    match event {
        Event::Noted { note } => with_note(&awaiting.notes, note).map_or(Step::Ignore, |notes| Step::Move {
            then: vec![Effect::EndBurst { notes: notes.len() }],
            to: State::AwaitingAnswer(AwaitingAnswer { notes, ..awaiting.clone() }),
        }),
        Event::NoteWithdrawn { id } => {
            stay(without_note(&awaiting.notes, id).map(|notes| AwaitingAnswer { notes, ..awaiting.clone() }))
        }
        Event::BurstEnded { notes } if *notes == awaiting.notes.len() => go_on(awaiting, &awaiting.notes, None),
        Event::BatchEnded { .. } if !awaiting.notes.is_empty() => go_on(awaiting, &awaiting.notes, None),
        Event::PlanAsked { by, guidance, place, .. } => {
            let text = guidance.as_deref().unwrap_or("Nobody answered. Go on, and state your assumptions in the plan.");
            let answer = guidance_as_note(by, text, *place, awaiting.notes.len());
            let notes: Vec<Note> = awaiting.notes.iter().cloned().chain([answer]).collect();
            go_on(awaiting, &notes, Some(by))
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
        Event::SplitAsked { .. } => split(event),
        Event::PlanOffered { offer } => adopt(awaiting, offer),
        Event::PlanRefused { by, head, faults } => Step::Stay { then: vec![mark(head, by, faults)] },
        Event::Changed { change } => changed::while_asking(awaiting, change),
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
        | Event::BatchEnded { .. }
        | Event::PlanKept { .. } => Step::Ignore,
    }
}

/// Has the version written with the answers at hand.
fn go_on(awaiting: &AwaitingAnswer, answers: &[Note], asker: Option<&Person>) -> Step {
    let asked: Vec<String> = awaiting.questions.iter().enumerate().map(|(i, q)| format!("{}. {q}", i + 1)).collect();
    let asked = format!("You asked:\n{}\n\nThe answer:\n", asked.join("\n"));
    let ask = match &awaiting.ask {
        Ask::Revise { notes } => {
            let mut answers = answers.to_vec();
            if let Some(first) = answers.first_mut() {
                first.text = format!("{asked}{}", first.text);
            }
            Ask::Revise { notes: notes.iter().cloned().chain(answers).collect() }
        }
        Ask::Fresh { guidance } => {
            let answers: Vec<&str> = answers.iter().map(|note| note.text.as_str()).collect();
            let before = guidance.as_ref().map_or_else(String::new, |guidance| format!("{guidance}\n\n"));
            Ask::Fresh { guidance: Some(format!("{before}{asked}{}", answers.join("\n\n"))) }
        }
        // What changed stands in what the planner reads of the issue by now.
        Ask::Anew { .. } => {
            let answers: Vec<&str> = answers.iter().map(|note| note.text.as_str()).collect();
            Ask::Fresh { guidance: Some(format!("{asked}{}", answers.join("\n\n"))) }
        }
        Ask::Republish | Ask::Adopt(_) => awaiting.ask.clone(),
    };
    let planning = Planning {
        version: awaiting.version,
        ask,
        shown: awaiting.shown.clone(),
        notes: vec![],
        acts: objections(&awaiting.acts),
        requesters: asker.map_or_else(|| awaiting.requesters.clone(), |by| with_person(&awaiting.requesters, by)),
        rounds: awaiting.shown.as_ref().map_or(0, |shown| shown.rounds + 1),
        // It may have moved while nobody looked, so the version that is shown does not stay.
        branch_moved: true,
        unasked: false,
        around: awaiting.around.clone(),
    };
    let then = vec![Effect::WritePlan { version: awaiting.version }, Effect::ShowStatus];
    Step::Move { to: State::Planning(planning), then }
}

/// A plan by a person answers everything that was asked.
fn adopt(awaiting: &AwaitingAnswer, offer: &Offer) -> Step {
    let planning = Planning {
        version: awaiting.version,
        ask: Ask::Adopt(Box::new(offer.clone())),
        shown: awaiting.shown.clone(),
        notes: vec![],
        acts: objections(&awaiting.acts),
        requesters: with_person(&awaiting.requesters, &offer.by),
        rounds: 0,
        branch_moved: true,
        unasked: false,
        around: awaiting.around.clone(),
    };
    let then = vec![Effect::WritePlan { version: awaiting.version }, Effect::ShowStatus];
    Step::Move { to: State::Planning(planning), then }
}
