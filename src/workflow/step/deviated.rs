//! Where the execution has left the plan: the next version is written from what was learnt, and what is done is kept for it.
//!
//! Nobody's approval is stretched: the next version is approved like any other, and only then the work goes on.

use super::acts::objections;
use super::changed;
use super::shared::{and_then, next_version};
use super::{Step, resting};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::change::Around;
use crate::workflow::deviation::{Deviation, Response};
use crate::workflow::effect::Effect;
use crate::workflow::run::{Ask, Executing, Note, Shown};

/// What marks the note of a deviation; people's notes are named after their comments.
const MARK: &str = "deviation-";

/// The name of the note that tells the planner of a deviation from a version.
#[must_use]
pub fn note_id(version: u32) -> String {
    format!("{MARK}{version}")
}

/// The note of a deviation that a version is to answer, if there is one.
pub(super) fn answered(ask: &Ask) -> Option<&Note> {
    match ask {
        Ask::Revise { notes } => notes.iter().find(|note| note.id.starts_with(MARK)),
        Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => None,
    }
}

/// The executor has stopped because the policy wants people to decide, or another version.
pub(super) fn step(executing: &Executing, deviation: &Deviation, response: Response, note: &Note) -> Step {
    let approved = &executing.approved;
    if let Some(reason) = &approved.void {
        return changed::void(Some(&approved.shown), reason.clone());
    }
    if response == Response::Ask {
        return resting::asks(executing, deviation);
    }
    let version = approved.shown.subject.version;
    let around = Around { kept: Some(version), ..approved.shown.around.clone() };
    let shown = Shown { around, ..approved.shown.clone() };
    let ask = Ask::Revise { notes: vec![note.clone()] };
    let next = next_version(&shown, ask, &objections(&approved.acts), &[], shown.requesters.clone());
    let words = Words::Deviates { version, deviation: Box::new(deviation.clone()), steps: executing.ticked.clone() };
    and_then(next, Effect::Say { words, place: Place::Issue, key: format!("deviates-{version}") })
}
