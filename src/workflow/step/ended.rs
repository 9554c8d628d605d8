//! After the end: a finished run stays finished. What bears on trying its version again is recorded.

use super::acts::{with_act, with_voided};
use super::shared::{answer, nothing_to_approve, split};
use super::{Step, in_review};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Reason;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Ended, Fate, Outcome, State};

pub(super) fn step(ended: &Ended, event: &Event) -> Step {
    let stay =
        |next: Option<Ended>| next.map_or(Step::Ignore, |next| Step::Move { to: State::Ended(next), then: vec![] });
    match event {
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::WorkEnded { fate } => work_ended(ended, fate),
        Event::LeftBehind { branches } => {
            answer(&Words::LeftBehind { branches: branches.clone() }, Place::Issue, "left-behind")
        }
        Event::Acted { act } if act.kind.approves() => nothing_to_approve(act, "ended"),
        Event::Acted { act } => stay(with_act(&ended.acts, act).map(|acts| Ended { acts, ..ended.clone() })),
        Event::ActVoided { id, how } => {
            stay(with_voided(&ended.acts, *id, *how).map(|acts| Ended { acts, ..ended.clone() }))
        }
        Event::PlanBranchMoved { .. } if ended.void.is_none() => {
            stay(Some(Ended { void: Some(Reason::BranchMoved), ..ended.clone() }))
        }
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::Noted { .. }
        | Event::BurstEnded { .. }
        | Event::PlanAsked { .. }
        | Event::Judged { .. }
        | Event::PlanBranchMoved { .. }
        | Event::Cancelled { .. }
        | Event::StepTicked { .. }
        | Event::StopAsked { .. }
        | Event::Rested
        | Event::Deviated { .. }
        | Event::OutOfBudget { .. }
        | Event::RaiseAsked { .. }
        | Event::BudgetRaised { .. }
        | Event::ResumeAsked { .. }
        | Event::Executed
        | Event::Stopped { .. }
        | Event::JudgementAged
        | Event::Pushed { .. }
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::WorkNoted { .. }
        | Event::FixAsked { .. }
        | Event::ChecksRed { .. }
        | Event::FollowedUp { .. }
        | Event::BatchEnded { .. }
        | Event::PlanKept { .. }
        | Event::PlanOffered { .. }
        | Event::PlanRefused { .. }
        | Event::NoteWithdrawn { .. }
        | Event::Changed { .. } => Step::Ignore,
    }
}

/// What became of the work later is part of how the run ended, and nothing else of the run changes by it.
fn work_ended(ended: &Ended, next: &Fate) -> Step {
    let Outcome::Done { pull, head, fate } = &ended.outcome else { return Step::Ignore };
    if !fate.leads_to(next) {
        return Step::Ignore;
    }
    let mut then = vec![Effect::ShowStatus];
    // To open a closed pull request again somebody has put its branch back.
    if let (Fate::Merged { .. }, Some(shown)) = (next, &ended.shown) {
        then.push(in_review::clean_up(shown, head));
    }
    let outcome = Outcome::Done { pull: *pull, head: head.clone(), fate: next.clone() };
    Step::Move { to: State::Ended(Ended { outcome, ..ended.clone() }), then }
}
