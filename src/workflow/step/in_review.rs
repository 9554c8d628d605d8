//! While the work is up for review: people decide on its pull request. What bears on the plan is recorded all the same.

use super::acts::{with_act, with_voided};
use super::resting::raised;
use super::shared::{and_then, answer, end, hour, split};
use super::{Step, changed, follow_up, widened};
use crate::ids::{AccountKind, CommitSha, Person};
use crate::words::Words;
use crate::workflow::act::{Act, Place};
use crate::workflow::approval::{Gate, Reason, why_not};
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, CancelledBy, Fate, InReview, Outcome, ReviewBounds, Shown, State, Thread};

/// The pull request is open and the plan pull request closed.
pub(super) fn begin(review: InReview) -> Step {
    Step::Move { to: State::InReview(review), then: vec![Effect::ShowStatus] }
}

/// The pull request was merged or closed: that is how the run ends. Our branches go, for they are of no more use.
pub(super) fn over(review: &InReview, fate: &Fate, mut then: Vec<Effect>) -> Step {
    let InReview { approved, pull, head, .. } = review;
    then.push(Effect::CleanUp { plan: review.plan_head().clone(), work: head.clone() });
    end(Outcome::Done { pull: *pull, head: head.clone(), fate: fate.clone() }, Some(&approved.shown), then)
}

pub(super) fn clean_up(shown: &Shown, head: &CommitSha) -> Effect {
    Effect::CleanUp { plan: shown.subject.commit.clone(), work: head.clone() }
}

pub(super) fn step(bounds: ReviewBounds, review: &InReview, event: &Event) -> Step {
    let rounds = bounds.rounds;
    let approved = &review.approved;
    let with = |approved| follow_up::with_approved(InReview { approved, ..review.clone() });
    let with_acts = |acts| with(Approved { acts, ..approved.clone() });
    match event {
        Event::WorkEnded { fate: Fate::Unknown | Fate::Reverted { .. } } => Step::Ignore,
        Event::WorkEnded { fate } => over(review, fate, vec![]),
        // Nobody tells us of it any more.
        Event::Cancelled { why: CancelledBy::Uninstalled, .. } => {
            let outcome = Outcome::Done { pull: review.pull, head: review.head.clone(), fate: Fate::Unknown };
            end(outcome, Some(&approved.shown), vec![])
        }
        Event::Acted { act } => match with_act(&approved.acts, act) {
            Some(acts) if act.kind.approves() => approves(review, act, &acts, with_acts(acts.clone())),
            acts => acts.map_or(Step::Ignore, with_acts),
        },
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
        Event::WorkNoted { note } => follow_up::noted(rounds, review, note),
        Event::FixAsked { note, .. } => follow_up::asked(review, note.as_ref()),
        Event::ChecksRed { head, notes } => follow_up::checks_red(bounds.ci_fixes, review, head, notes),
        Event::NoteWithdrawn { id } => follow_up::withdrawn(review, id),
        Event::BurstEnded { notes } => follow_up::burst_ended(rounds, review, *notes),
        Event::BatchEnded { review: id } => follow_up::batch_ended(rounds, review, *id),
        Event::Judged { gate: Gate::Push, facts, .. } => follow_up::judged(review, facts),
        Event::FollowedUp { replies, changed } => follow_up::followed_up(rounds, review, replies, *changed),
        Event::JudgementAged => follow_up::judge_again(review),
        Event::Pushed { head, .. } => follow_up::pushed(rounds, review, head),
        Event::Deviated { deviation, note, .. } => widened::propose(review, deviation, note),
        Event::Stopped { outcome } => follow_up::failed(review, outcome),
        Event::StopAsked { stop } => follow_up::stop_asked(review, stop),
        Event::Rested => follow_up::rested(review),
        Event::RaiseAsked { raise } => Step::Stay { then: vec![Effect::JudgeRaise { raise: raise.clone() }] },
        Event::BudgetRaised { raise } => {
            let approved = Approved { shown: raised(&approved.shown, raise), ..approved.clone() };
            let words = Words::RaisedForReview { who: raise.by.clone(), micro_dollars: raise.micro_dollars };
            let key = format!("raise-{}", raise.comment);
            and_then(with(approved), Effect::Say { words, place: raise.place, key })
        }
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::while_in_review(review, change),
        // The pull request is the place to object, and to close.
        Event::Cancelled { .. }
        | Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::Judged { .. }
        | Event::PlanBranchMoved { .. }
        | Event::StepTicked { .. }
        | Event::OutOfBudget { .. }
        | Event::ResumeAsked { .. }
        | Event::Executed
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::LeftBehind { .. }
        | Event::PlanKept { .. }
        | Event::PlanRefused { .. } => Step::Ignore,
    }
}

/// An approval while the work is up for review starts nothing; it is recorded, for what is done about the review rests on it
/// from then on. Its author is told so, or why it is not one of this version, once an hour; Apps are not (D34).
fn approves(review: &InReview, act: &Act, acts: &[Act], recorded: Step) -> Step {
    if act.via_app || act.by.kind != AccountKind::User {
        return recorded;
    }
    let shown = &review.approved.shown;
    let known = acts.iter().find(|known| known.id == act.id).unwrap_or(act);
    let words = match why_not(shown.case(acts), known) {
        Some(reason) => Words::NotApproved {
            who: act.by.clone(),
            reasons: vec![reason],
            version: shown.subject.version,
            digest: shown.subject.digest.clone(),
        },
        None => Words::ApprovedForReview { who: act.by.clone(), pull: review.pull },
    };
    let what = if matches!(words, Words::NotApproved { .. }) { "not-approved" } else { "approved" };
    let key = format!("{what}-in-review-{}-{}", act.by.id, hour(act));
    and_then(recorded, Effect::Say { words, place: act.place, key })
}

/// The answer to who wants another plan while the work on this one is up for review.
fn work_is_up(review: &InReview, who: &Person, place: Place) -> Step {
    let words = Words::WorkIsUp { who: who.clone(), pull: review.pull };
    answer(&words, place, &format!("work-is-up-{}", who.id))
}
