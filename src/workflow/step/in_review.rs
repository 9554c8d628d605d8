//! While the work is up for review: people decide on its pull request. What bears on the plan is recorded all the same.

use super::acts::{with_act, with_voided};
use super::shared::{answer, end, nothing_to_approve};
use super::{Step, changed};
use crate::ids::{CommitSha, Person};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Reason;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, CancelledBy, Fate, InReview, Outcome, Shown, State, Thread};

/// The pull request is open and the plan pull request closed.
pub(super) fn begin(review: InReview) -> Step {
    Step::Move { to: State::InReview(review), then: vec![Effect::ShowStatus] }
}

/// The pull request was merged or closed: that is how the run ends. Our branches go, for they are of no more use.
pub(super) fn over(review: &InReview, fate: &Fate, mut then: Vec<Effect>) -> Step {
    let InReview { approved, pull, head } = review;
    then.push(clean_up(&approved.shown, head));
    end(Outcome::Done { pull: *pull, head: head.clone(), fate: fate.clone() }, Some(&approved.shown), then)
}

pub(super) fn clean_up(shown: &Shown, head: &CommitSha) -> Effect {
    Effect::CleanUp { plan: shown.subject.commit.clone(), work: head.clone() }
}

pub(super) fn step(review: &InReview, event: &Event) -> Step {
    let approved = &review.approved;
    let with = |approved| Step::Move { to: State::InReview(InReview { approved, ..review.clone() }), then: vec![] };
    let with_acts = |acts| with(Approved { acts, ..approved.clone() });
    match event {
        Event::WorkEnded { fate: Fate::Unknown | Fate::Reverted { .. } } => Step::Ignore,
        Event::WorkEnded { fate } => over(review, fate, vec![]),
        // Nobody tells us of it any more.
        Event::Cancelled { why: CancelledBy::Uninstalled, .. } => {
            let outcome = Outcome::Done { pull: review.pull, head: review.head.clone(), fate: Fate::Unknown };
            end(outcome, Some(&approved.shown), vec![])
        }
        Event::Acted { act } if act.kind.approves() => nothing_to_approve(act, "in_review"),
        Event::Acted { act } => with_act(&approved.acts, act).map_or(Step::Ignore, with_acts),
        Event::ActVoided { id, how } => with_voided(&approved.acts, *id, *how).map_or(Step::Ignore, with_acts),
        // That its branch is deleted takes nothing back: its pull request is closed.
        Event::PlanBranchMoved { head: Some(_) } if approved.void.is_none() => {
            with(Approved { void: Some(Reason::BranchMoved), ..approved.clone() })
        }
        Event::Noted { note } => match note.thread {
            Thread::Summary(place) => work_is_up(review, &note.by, place),
            Thread::Line(_) => work_is_up(review, &note.by, Place::PlanPull),
        },
        Event::PlanAsked { by, place, .. } => work_is_up(review, by, *place),
        Event::PlanOffered { offer } => work_is_up(review, &offer.by, offer.place()),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::Changed { change } => changed::while_in_review(review, change),
        // The pull request is the place to object, and to close.
        Event::Cancelled { .. }
        | Event::Opened { .. }
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
        | Event::LeftBehind { .. }
        | Event::BatchEnded { .. }
        | Event::PlanKept { .. }
        | Event::PlanRefused { .. }
        | Event::NoteWithdrawn { .. } => Step::Ignore,
    }
}

/// The answer to who wants another plan while the work on this one is up for review.
fn work_is_up(review: &InReview, who: &Person, place: Place) -> Step {
    let words = Words::WorkIsUp { who: who.clone(), pull: review.pull };
    answer(&words, place, &format!("work-is-up-{}", who.id))
}
