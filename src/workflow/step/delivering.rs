//! From the last gate to the open pull request.

use super::acts::{is_known, with_act, with_voided, worth_keeping};
use super::shared::{
    and_then, answer, cancel, end, holds, late, mark, split, start_over, tidying, too_late, too_late_for,
};
use super::{Step, changed, in_review};
use crate::workflow::act::Act;
use crate::workflow::approval::{Facts, Gate, Reason, Verdict, judge};
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, DeliverStage, Delivering, Fate, InReview, State};

pub(super) fn step(delivering: &Delivering, event: &Event) -> Step {
    let approved = &delivering.approved;
    let version = approved.shown.subject.version;
    let to = |stage| State::Delivering(Delivering { stage, ..delivering.clone() });
    match (event, &delivering.stage) {
        (Event::Judged { gate: Gate::Push, facts, .. }, DeliverStage::Judging { .. }) => {
            tidying(judged(delivering, facts))
        }
        (Event::JudgementAged, DeliverStage::Pushing) => Step::Move {
            to: to(DeliverStage::Judging { missing: vec![] }),
            then: vec![Effect::Judge { gate: Gate::Push, because: None }],
        },
        (Event::Pushed { head, commits }, DeliverStage::Pushing) => Step::Move {
            to: to(DeliverStage::Opening { head: head.clone(), commits: commits.clone() }),
            then: vec![Effect::OpenPull { version, head: head.clone() }],
        },
        (Event::PullOpened { pull }, DeliverStage::Opening { head, .. }) => Step::Move {
            to: to(DeliverStage::Closing { pull: *pull, head: head.clone() }),
            then: vec![
                Effect::ReportConformance { version, head: head.clone() },
                Effect::ClosePlanPull { plan_pull: approved.shown.pull, pull: Some(*pull) },
            ],
        },
        (Event::PlanPullClosed, DeliverStage::Closing { pull, head }) => {
            in_review::begin(InReview::new(approved.clone(), *pull, head.clone()))
        }
        (
            Event::WorkEnded { fate: fate @ (Fate::Merged { .. } | Fate::Closed { .. }) },
            DeliverStage::Closing { pull, head },
        ) => {
            let review = InReview::new(approved.clone(), *pull, head.clone());
            let close = Effect::ClosePlanPull { plan_pull: approved.shown.pull, pull: Some(*pull) };
            in_review::over(&review, fate, vec![close])
        }
        (Event::Acted { act }, stage) => match with_act(&approved.acts, act) {
            Some(acts) if is_known(&acts, act.id) => with_acts(delivering, stage, acts),
            Some(acts) => {
                let approved = Approved { acts, ..approved.clone() };
                Step::Move { to: State::Delivering(Delivering { approved, ..delivering.clone() }), then: vec![] }
            }
            None => Step::Ignore,
        },
        (Event::ActVoided { id, how }, stage) => {
            with_voided(&approved.acts, *id, *how).map_or(Step::Ignore, |acts| with_acts(delivering, stage, acts))
        }
        (Event::PlanBranchMoved { .. }, DeliverStage::Judging { .. } | DeliverStage::Pushing) => {
            tidying(void(approved, Reason::BranchMoved))
        }
        (Event::PlanOffered { offer }, DeliverStage::Judging { .. } | DeliverStage::Pushing) if offer.is_push() => {
            and_then(tidying(void(approved, Reason::BranchMoved)), late(offer))
        }
        (Event::PlanRefused { by, head, faults }, DeliverStage::Judging { .. } | DeliverStage::Pushing) => {
            and_then(tidying(void(approved, Reason::BranchMoved)), mark(head, by, faults))
        }
        (Event::PlanOffered { offer }, _) => too_late_for(&offer.by, offer.place()),
        (Event::Cancelled { by, why }, DeliverStage::Judging { .. } | DeliverStage::Pushing) => {
            tidying(cancel(by.as_ref(), *why, Some(&approved.shown)))
        }
        (Event::Stopped { outcome }, _) => tidying(end(outcome.clone(), Some(&approved.shown), vec![])),
        (Event::Noted { note }, _) => too_late(note),
        (Event::PlanAsked { by, guidance, .. }, DeliverStage::Judging { .. }) if approved.shown.edited.is_some() => {
            start_over(approved, by, guidance.as_deref())
        }
        (Event::PlanAsked { by, place, .. }, _) => too_late_for(by, *place),
        (Event::Answered { words, place, key }, _) => answer(words, *place, key),
        (Event::SplitAsked { .. }, _) => split(event),
        (Event::Changed { change }, _) => changed::while_delivering(delivering, change),
        // Once it is pushed the work is public: the pull request is the place to object, or to close.
        (
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
            | Event::PlanRefused { .. }
            | Event::NoteWithdrawn { .. },
            _,
        ) => Step::Ignore,
    }
}

fn judged(delivering: &Delivering, facts: &Facts) -> Step {
    let approved = &delivering.approved;
    if let Some(reason) = &approved.void {
        return void(approved, reason.clone());
    }
    let judging = |missing, hold| {
        let approved = Approved { hold, acts: worth_keeping(&approved.acts, facts), ..approved.clone() };
        State::Delivering(Delivering { approved, stage: DeliverStage::Judging { missing } })
    };
    let subject = &approved.shown.subject;
    match judge(approved.shown.case(&approved.acts), facts, Gate::Push) {
        Verdict::Approved { by, by_requester } => Step::Move {
            to: State::Delivering(Delivering {
                approved: Approved { by, by_requester, hold: None, ..approved.clone() },
                stage: DeliverStage::Pushing,
            }),
            then: vec![Effect::Push { version: subject.version }],
        },
        Verdict::Waiting(missing) => Step::Move { to: judging(missing, None), then: vec![Effect::ShowStatus] },
        Verdict::Hold(missing) => {
            let (hold, then) = holds(approved.hold, Gate::Push, subject, facts, &missing);
            Step::Move { to: judging(missing, Some(hold)), then }
        }
        Verdict::Void(reason) => void(approved, reason),
    }
}

fn void(approved: &Approved, reason: Reason) -> Step {
    changed::void(Some(&approved.shown), reason)
}

/// An act before the push is judged with the rest, also when the push was about to be made; one after it is recorded.
fn with_acts(delivering: &Delivering, stage: &DeliverStage, acts: Vec<Act>) -> Step {
    let (stage, then) = match stage {
        DeliverStage::Judging { .. } => (stage.clone(), vec![Effect::Judge { gate: Gate::Push, because: None }]),
        DeliverStage::Pushing => {
            (DeliverStage::Judging { missing: vec![] }, vec![Effect::Judge { gate: Gate::Push, because: None }])
        }
        DeliverStage::Opening { .. } | DeliverStage::Closing { .. } => (stage.clone(), vec![]),
    };
    let approved = Approved { acts, ..delivering.approved.clone() };
    Step::Move { to: State::Delivering(Delivering { approved, stage }), then }
}
