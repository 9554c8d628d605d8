//! While the executor is at work: what people do is recorded and weighed at the last gate.

use super::acts::{with_act, with_voided};
use super::resting::{granted, raised};
use super::shared::{and_then, answer, cancel, end, late, mark, split, start_over, too_late, too_late_for};
use super::{Step, changed, deviated, resting};
use crate::workflow::approval::{Gate, Reason};
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::run::{Approved, DeliverStage, Delivering, Executing, State};
use crate::workflow::spending::Full;

pub(super) fn step(executing: &Executing, event: &Event) -> Step {
    let approved = &executing.approved;
    let with = |approved: Approved| Step::Move {
        to: State::Executing(Executing { approved, ..executing.clone() }),
        then: vec![],
    };
    match event {
        Event::StepTicked { step } if !executing.ticked.contains(step) => {
            let ticked = executing.ticked.iter().chain([step]).cloned().collect();
            Step::Move {
                to: State::Executing(Executing { ticked, ..executing.clone() }),
                then: vec![Effect::ShowStatusSoon],
            }
        }
        // Whoever wants it to stop at once does not wait for the end of a step.
        Event::StopAsked { stop }
            if executing.stop.as_ref().is_none_or(|known| known.after.is_some() && stop.after.is_none()) =>
        {
            Step::Move {
                to: State::Executing(Executing { stop: Some(stop.clone()), ..executing.clone() }),
                then: vec![],
            }
        }
        Event::Rested | Event::Executed | Event::OutOfBudget { .. } | Event::Deviated { .. }
            if let Some(stop) = &executing.stop =>
        {
            resting::begin(executing, stop)
        }
        Event::Deviated { deviation, response, note } => deviated::step(executing, deviation, *response, note),
        // More was granted while it was at work.
        Event::OutOfBudget { full: Full::Budget { .. }, raised } if approved.shown.raised > *raised => {
            Step::Stay { then: vec![Effect::Execute { version: approved.shown.subject.version }] }
        }
        Event::OutOfBudget { full, .. } => resting::out_of_budget(executing, *full),
        Event::RaiseAsked { raise } => Step::Stay { then: vec![Effect::JudgeRaise { raise: raise.clone() }] },
        Event::BudgetRaised { raise } => {
            let approved = Approved { shown: raised(&approved.shown, raise), ..approved.clone() };
            and_then(and_then(with(approved), granted(raise, true)), Effect::ShowStatusSoon)
        }
        Event::Executed => Step::Move {
            to: State::Delivering(Delivering {
                approved: approved.clone(),
                stage: DeliverStage::Judging { missing: vec![] },
            }),
            then: vec![Effect::Judge { gate: Gate::Push, because: None }],
        },
        Event::Acted { act } => {
            with_act(&approved.acts, act).map_or(Step::Ignore, |acts| with(Approved { acts, ..approved.clone() }))
        }
        Event::ActVoided { id, how } => with_voided(&approved.acts, *id, *how)
            .map_or(Step::Ignore, |acts| with(Approved { acts, ..approved.clone() })),
        Event::PlanBranchMoved { head } => {
            let reason = if head.is_some() { Reason::BranchMoved } else { Reason::BranchGone };
            with(Approved { void: Some(reason), ..approved.clone() })
        }
        Event::PlanOffered { offer } if offer.is_push() => {
            and_then(with(Approved { void: Some(Reason::BranchMoved), ..approved.clone() }), late(offer))
        }
        Event::PlanOffered { offer } => too_late_for(&offer.by, offer.place()),
        Event::PlanRefused { by, head, faults } => {
            and_then(with(Approved { void: Some(Reason::BranchMoved), ..approved.clone() }), mark(head, by, faults))
        }
        Event::Noted { note } => too_late(note),
        // The work waits for a word on the changed issue, and this is it.
        Event::PlanAsked { by, guidance, .. } if approved.shown.edited.is_some() => {
            start_over(approved, by, guidance.as_deref())
        }
        Event::PlanAsked { by, place, .. } => too_late_for(by, *place),
        Event::Cancelled { by, why } => cancel(by.as_ref(), *why, Some(&approved.shown)),
        Event::Stopped { outcome } => end(outcome.clone(), Some(&approved.shown), vec![]),
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::SplitAsked { .. } => split(event),
        Event::Changed { change } => changed::while_executing(executing, change),
        Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::BurstEnded { .. }
        | Event::Judged { .. }
        | Event::StepTicked { .. }
        | Event::StopAsked { .. }
        | Event::Rested
        | Event::ResumeAsked { .. }
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
