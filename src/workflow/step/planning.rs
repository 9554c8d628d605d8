//! While the planner writes.

use super::Step;
use super::shared::{answer, cancel, end, guidance_as_note, nothing_to_approve, with_act, with_note, with_voided};
use crate::ids::Digest;
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Ask, AwaitingAnswer, Planning, PublishStage, Publishing, State};
use crate::workflow::terms::Canon;

pub(super) fn step(planning: &Planning, event: &Event) -> Step {
    let stay = |next: Option<Planning>| {
        next.map_or(Step::Ignore, |next| Step::Move { to: State::Planning(next), then: vec![] })
    };
    match event {
        Event::PlanWritten { version, digest, base, rules } if *version == planning.version => {
            let answering = match &planning.ask {
                Ask::Revise { notes } => notes.clone(),
                Ask::Fresh { .. } | Ask::Republish => vec![],
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
            };
            Step::Move { to: State::Publishing(publishing), then: vec![Effect::CommitPlan { version: *version }] }
        }
        Event::QuestionsAsked { questions } => {
            let words = Words::Questions { questions: questions.clone() };
            let key = format!("questions-{}-{}", planning.version, digest(questions).short());
            let awaiting = AwaitingAnswer {
                version: planning.version,
                questions: questions.clone(),
                shown: planning.shown.clone(),
                acts: planning.acts.clone(),
                requesters: planning.requesters.clone(),
            };
            let then = vec![Effect::Say { words, place: Place::Issue, key }, Effect::ShowStatus];
            Step::Move { to: State::AwaitingAnswer(awaiting), then }
        }
        Event::Noted { note } => {
            stay(with_note(&planning.notes, note).map(|notes| Planning { notes, ..planning.clone() }))
        }
        Event::PlanAsked { by, guidance: Some(guidance), place } => {
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
        // A new version is coming anyway; its commit is made on top of whatever stands there.
        Event::PlanBranchMoved { .. }
        | Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::PlanAsked { guidance: None, .. }
        | Event::Judged { .. }
        | Event::StepTicked { .. }
        | Event::Executed
        | Event::JudgementAged
        | Event::Pushed { .. }
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::LeftBehind { .. } => Step::Ignore,
    }
}

/// Other questions are another comment, also when there are as many of them.
fn digest(questions: &[String]) -> Digest {
    let mut canon = Canon::new("assentry-questions-v1");
    canon.list(questions, |canon, question| canon.text(question));
    canon.finish()
}
