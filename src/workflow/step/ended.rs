//! After the end: a finished run stays finished.

use super::Step;
use super::shared::{answer, nothing_to_approve};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::event::Event;

pub(super) fn step(event: &Event) -> Step {
    match event {
        Event::Answered { words, place, key } => answer(words, *place, key),
        Event::LeftBehind { branches } => {
            answer(&Words::LeftBehind { branches: branches.clone() }, Place::Issue, "left-behind")
        }
        Event::Acted { act } if act.kind.approves() => nothing_to_approve(act, "ended"),
        Event::Acted { .. }
        | Event::Opened { .. }
        | Event::PlanWritten { .. }
        | Event::QuestionsAsked { .. }
        | Event::PlanCommitted { .. }
        | Event::PlanPullOpened { .. }
        | Event::PlanPosted { .. }
        | Event::Noted { .. }
        | Event::BurstEnded { .. }
        | Event::PlanAsked { .. }
        | Event::ActVoided { .. }
        | Event::Judged { .. }
        | Event::PlanBranchMoved { .. }
        | Event::Cancelled { .. }
        | Event::StepTicked { .. }
        | Event::Executed
        | Event::Stopped { .. }
        | Event::JudgementAged
        | Event::Pushed { .. }
        | Event::PullOpened { .. }
        | Event::PlanPullClosed
        | Event::BatchEnded { .. }
        | Event::PlanKept { .. }
        | Event::PlanOffered { .. }
        | Event::PlanRefused { .. }
        | Event::NoteWithdrawn { .. } => Step::Ignore,
    }
}
