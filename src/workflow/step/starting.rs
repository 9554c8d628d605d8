//! Between the approval and the start: the second gate.

use super::acts::{is_known, with_act, with_voided};
use super::shared::{adopt, and_then, answer, cancel, end, holds, mark, refusal, split, too_late, too_late_for};
use super::{Step, changed, widened};
use crate::ids::CommitSha;
use crate::workflow::act::ActId;
use crate::workflow::approval::{Facts, Gate, Reason, Verdict, judge};
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, Executing, State, Waiting};

pub(super) fn step(approved: &Approved, event: &Event) -> Step {
    // What people do now goes back to the first gate, which also answers them.
    let again = |acts, because| {
        let shown = approved.shown.clone();
        let waiting = Waiting { shown, acts, notes: vec![], missing: vec![], hold: approved.hold };
        let then = vec![Effect::Judge { gate: Gate::Act, because: Some(because) }];
        Step::Move { to: State::AwaitingApproval(waiting), then }
    };
    match event {
        Event::Judged { gate: Gate::Start, facts, because } => judged(approved, facts, *because),
        Event::Acted { act } => match with_act(&approved.acts, act) {
            Some(acts) if is_known(&acts, act.id) => again(acts, act.id),
            Some(acts) => Step::Move { to: State::Starting(Approved { acts, ..approved.clone() }), then: vec![] },
            None => Step::Ignore,
        },
        Event::ActVoided { id, how } => {
            with_voided(&approved.acts, *id, *how).map_or(Step::Ignore, |acts| again(acts, *id))
        }
        Event::PlanBranchMoved { head } => changed::void(Some(&approved.shown), moved(head.as_ref())),
        Event::PlanOffered { offer } if offer.is_push() => adopt(&approved.shown, offer, &approved.acts, &[]),
        Event::PlanOffered { offer } => too_late_for(&offer.by, offer.place()),
        Event::PlanRefused { by, head, faults } => {
            and_then(changed::void(Some(&approved.shown), Reason::BranchMoved), mark(head, by, faults))
        }
        Event::Noted { note } => too_late(note),
        Event::PlanAsked { by, place, .. } => too_late_for(by, *place),
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, Some(&approved.shown)),
        Event::Stopped { outcome } => end(outcome.clone(), Some(&approved.shown), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::before_the_start(approved, change),
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::Judged { gate: Gate::Act | Gate::Push, .. }
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
        | Event::PlanKept { .. }
        | Event::NoteWithdrawn { .. } => Step::Ignore,
    }
}

/// What the second gate says of an approved version.
pub(super) fn judged(approved: &Approved, facts: &Facts, because: Option<ActId>) -> Step {
    let subject = &approved.shown.subject;
    match judge(approved.shown.case(&approved.acts), facts, Gate::Start) {
        Verdict::Approved { by, by_requester } => {
            let version = subject.version;
            let approved = Approved { by, by_requester, hold: None, ..approved.clone() };
            if let Some(review) = approved.shown.around.review.clone() {
                return widened::approved(approved, &review);
            }
            Step::Move {
                to: State::Executing(Executing { approved, ticked: vec![], parked: false, stop: None }),
                then: vec![Effect::Execute { version }, Effect::ShowStatusSoon],
            }
        }
        Verdict::Waiting(missing) => {
            let (shown, acts) = (approved.shown.clone(), approved.acts.clone());
            let reply = refusal(subject, &approved.acts, because, &missing);
            let then = reply.into_iter().chain([Effect::ShowStatus]).collect();
            let waiting = Waiting { shown, acts, notes: vec![], missing, hold: None };
            Step::Move { to: State::AwaitingApproval(waiting), then }
        }
        Verdict::Hold(missing) => {
            let (hold, then) = holds(approved.hold, Gate::Start, subject, facts, &missing);
            Step::Move { to: State::Starting(Approved { hold: Some(hold), ..approved.clone() }), then }
        }
        Verdict::Void(reason) => changed::void(Some(&approved.shown), reason),
    }
}

/// What a foreign push did to the version.
fn moved(head: Option<&CommitSha>) -> Reason {
    if head.is_some() { Reason::BranchMoved } else { Reason::BranchGone }
}
