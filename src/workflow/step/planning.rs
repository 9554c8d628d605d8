//! While the planner writes.

use super::acts::{objections, with_act, with_voided};
use super::shared::{
    and_then, answer, cancel, end, guidance_as_note, mark, nothing_to_approve, republish, split, with_note,
    with_person, without_note,
};
use super::{Step, changed, deviated};
use crate::ids::Digest;
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Gate;
use crate::workflow::change::Stale;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{
    Ask, AwaitingAnswer, Offer, Outcome, Planning, PublishStage, Publishing, Reply, Shown, State, Trouble, Waiting,
};
use crate::workflow::terms::Canon;

pub(super) fn step(planning: &Planning, event: &Event) -> Step {
    let stay = |next: Option<Planning>| {
        next.map_or(Step::Ignore, |next| Step::Move { to: State::Planning(next), then: vec![] })
    };
    match event {
        Event::PlanWritten { version, digest, base, rules } if *version == planning.version => {
            let answering = match &planning.ask {
                Ask::Revise { notes } => notes.clone(),
                Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => vec![],
            };
            let publishing = Publishing {
                version: *version,
                digest: digest.clone(),
                base: base.clone(),
                rules: rules.clone(),
                stage: PublishStage::Committing,
                shown: planning.shown.clone(),
                notes: planning.notes.clone(),
                acts: planning.acts.clone(),
                requesters: planning.requesters.clone(),
                answering,
                branch_moved: false,
                offered: None,
                rounds: planning.rounds,
                around: planning.around.clone(),
            };
            Step::Move { to: State::Publishing(publishing), then: vec![Effect::CommitPlan { version: *version }] }
        }
        Event::QuestionsAsked { questions } => {
            let words = Words::Questions { questions: questions.clone() };
            let key = format!("questions-{}-{}", planning.version, digest(questions).short());
            let awaiting = AwaitingAnswer {
                version: planning.version,
                ask: planning.ask.clone(),
                notes: planning.notes.clone(),
                questions: questions.clone(),
                shown: planning.shown.clone(),
                acts: planning.acts.clone(),
                requesters: planning.requesters.clone(),
                around: planning.around.clone(),
            };
            let mut then = vec![Effect::Say { words, place: Place::Issue, key }, Effect::ShowStatus];
            if !planning.notes.is_empty() {
                then.push(Effect::EndBurst { notes: planning.notes.len() });
            }
            Step::Move { to: State::AwaitingAnswer(awaiting), then }
        }
        Event::Noted { note } => {
            stay(with_note(&planning.notes, note).map(|notes| Planning { notes, ..planning.clone() }))
        }
        Event::PlanAsked { by, guidance: Some(guidance), place, .. } => {
            let note = guidance_as_note(by, guidance, *place, planning.notes.len());
            stay(with_note(&planning.notes, &note).map(|notes| Planning { notes, ..planning.clone() }))
        }
        Event::Acted { act } if act.kind.approves() => nothing_to_approve(act, "planning"),
        Event::Acted { act } => stay(with_act(&planning.acts, act).map(|acts| Planning { acts, ..planning.clone() })),
        Event::ActVoided { id, how } => {
            stay(with_voided(&planning.acts, *id, *how).map(|acts| Planning { acts, ..planning.clone() }))
        }
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, planning.shown.as_ref()),
        Event::Stopped { outcome } => end(outcome.clone(), planning.shown.as_ref(), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::while_planning(planning, change),
        Event::PlanKept { version, replies } if *version == planning.version => kept(planning, replies),
        // A new version is coming anyway, and its commit is made on top of whatever stands there; or none comes, and then
        // the one that is shown cannot stay.
        Event::PlanBranchMoved { .. } => stay(Some(Planning { branch_moved: true, ..planning.clone() })),
        Event::PlanRefused { by, head, faults } => {
            and_then(stay(Some(Planning { branch_moved: true, ..planning.clone() })), mark(head, by, faults))
        }
        Event::PlanOffered { offer } => adopt_instead(planning, offer),
        Event::NoteWithdrawn { id } => {
            stay(without_note(&planning.notes, id).map(|notes| Planning { notes, ..planning.clone() }))
        }
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::PlanAsked { guidance: None, .. }
        | Event::Judged { .. }
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

/// The notes are answered and the version shown stays, with the approvals it has.
fn kept(planning: &Planning, replies: &[Reply]) -> Step {
    let Some(shown) = &planning.shown else { return Step::Ignore };
    // Its execution has found that it does not fit; it would do so again.
    if let Some(note) = deviated::answered(&planning.ask) {
        let why = Trouble::PlanIsWrong { text: note.text.clone() };
        return end(Outcome::NeedsNewPlan { why }, Some(shown), vec![]);
    }
    let version = shown.subject.version;
    let answers = replies.iter().map(|reply| Effect::AnswerKept { version, reply: Box::new(reply.clone()) });
    if planning.branch_moved {
        return answers.rev().fold(republish(shown, &planning.acts, &planning.notes), and_then);
    }
    let mut then: Vec<Effect> = answers.chain([Effect::ShowStatus]).collect();
    if !planning.notes.is_empty() {
        then.push(Effect::EndBurst { notes: planning.notes.len() });
    }
    if planning.acts.iter().any(|act| act.kind.approves()) {
        then.push(Effect::Judge { gate: Gate::Act, because: None });
    }
    let shown = Shown { around: planning.around.clone(), ..shown.clone() };
    let (acts, notes) = (planning.acts.clone(), planning.notes.clone());
    changed::shown_anew(Waiting { shown, acts, notes, missing: vec![], hold: None }, then)
}

/// What a person wrote comes before what the planner is about to write; the notes it was to answer wait for the version
/// after.
fn adopt_instead(planning: &Planning, offer: &Offer) -> Step {
    let asked = match &planning.ask {
        Ask::Revise { notes } => notes.clone(),
        Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => vec![],
    };
    // Changes that were about to be taken up still are.
    let around = match &planning.ask {
        Ask::Anew { why: Stale::Input { edits } } => planning.around.clone().with_edits(edits),
        Ask::Anew { .. } | Ask::Fresh { .. } | Ask::Revise { .. } | Ask::Republish | Ask::Adopt(_) => {
            planning.around.clone()
        }
    };
    let next = Planning {
        ask: Ask::Adopt(Box::new(offer.clone())),
        notes: asked.into_iter().chain(planning.notes.clone()).collect(),
        acts: objections(&planning.acts),
        requesters: with_person(&planning.requesters, &offer.by),
        rounds: 0,
        around,
        ..planning.clone()
    };
    Step::Move {
        to: State::Planning(next),
        then: vec![Effect::WritePlan { version: planning.version }, Effect::ShowStatus],
    }
}

/// Other questions are another comment, also when there are as many of them.
fn digest(questions: &[String]) -> Digest {
    let mut canon = Canon::new("assentry-questions-v1");
    canon.list(questions, |canon, question| canon.text(question));
    canon.finish()
}
