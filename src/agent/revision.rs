//! A further version as the model submits it: the parts that change, and what became of each note.
//!
//! Promises: a part that no answer names stays as it was, byte for byte, and a submission that changes it is not taken;
//! each note has one answer; an option that an answer rules out stands among the plan's alternatives from then on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::planner::{Submission, one_text};
use crate::workflow::plan::revision::{Part, Patch, changed, reject};
use crate::workflow::plan::{Alternative, Plan};
use crate::workflow::run::Note;

/// What a model submits when it revises.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revision {
    /// The parts that change.
    #[serde(default)]
    parts: Patch,
    /// What became of each note.
    answers: Vec<NoteAnswer>,
    /// What is different, in one line.
    #[serde(default)]
    changes: String,
}

/// What became of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteAnswer {
    /// The note's id.
    pub note: String,
    /// What was done about it, or why nothing was.
    pub answer: String,
    /// Whether the plan now does what the note asks.
    pub done: bool,
    /// The parts of the plan that this note changed.
    #[serde(default)]
    pub changed: Vec<String>,
    /// An option that the note rules out.
    #[serde(default)]
    pub rejects: Option<Alternative>,
}

impl Revision {
    /// Makes the version that this revision of `plan` leads to.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place and what would be right.
    pub(super) fn judge(self, plan: &Plan, notes: &[Note]) -> Result<Submission, Vec<String>> {
        let Revision { parts, mut answers, changes } = self;
        let mut faults = about_answers(&mut answers, notes);
        let new = match parts.apply(plan) {
            Ok(new) => with_rejected(new, &answers),
            Err(wrong) => {
                faults.extend(wrong.into_iter().map(|fault| format!("parts.{}: {}", fault.at, fault.what)));
                return Err(faults);
            }
        };
        let changed = changed(plan, &new);
        faults.extend(about_names(&mut answers, &changed));
        faults.extend(new.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)));
        let changes = one_text(&changes, 500).replace('\n', " ");
        if !changed.is_empty() && changes.is_empty() {
            faults.push("changes: is empty".to_owned());
        }
        if faults.is_empty() { Ok(Submission { plan: new, answers, changes }) } else { Err(faults) }
    }
}

/// Each note has one answer in words.
fn about_answers(answers: &mut [NoteAnswer], notes: &[Note]) -> Vec<String> {
    let mut faults = Vec::new();
    for note in notes {
        match answers.iter().filter(|answer| answer.note == note.id).count() {
            0 => faults.push(format!("answers: the note {} has no answer", note.id)),
            1 => {}
            _ => faults.push(format!("answers: the note {} has several answers", note.id)),
        }
    }
    for (n, answer) in answers.iter_mut().enumerate() {
        if !notes.iter().any(|note| note.id == answer.note) {
            faults.push(format!("answers[{n}].note: there is no such note"));
        }
        answer.answer = one_text(&answer.answer, 4_000);
        if answer.answer.is_empty() {
            faults.push(format!("answers[{n}].answer: is empty"));
        }
    }
    faults
}

/// What the notes rule out is remembered in the plan, whatever the model made of its alternatives.
fn with_rejected(mut plan: Plan, answers: &[NoteAnswer]) -> Plan {
    for other in answers.iter().filter_map(|answer| answer.rejects.clone()) {
        reject(&mut plan.alternatives, other);
    }
    plan
}

/// Each change has a note that led to it. What an answer names and did not change is dropped from it.
fn about_names(answers: &mut [NoteAnswer], changed: &BTreeSet<Part>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut named = BTreeSet::new();
    for (n, answer) in answers.iter_mut().enumerate() {
        let claims = !answer.changed.is_empty();
        let mut parts = BTreeSet::new();
        for name in &answer.changed {
            match Part::named(name) {
                Some(part) => drop(parts.insert(part)),
                None => faults.push(format!("answers[{n}].changed: {name:?} is no part of a plan; parts are named as their fields, steps as steps/s1")),
            }
        }
        if answer.rejects.is_some() {
            parts.insert(Part::Alternatives);
        }
        parts.retain(|part| changed.contains(part));
        if answer.done && claims && parts.is_empty() {
            faults.push(format!("answers[{n}]: it is said to be done, but none of the parts it names has changed"));
        }
        answer.changed = parts.iter().map(ToString::to_string).collect();
        named.extend(parts);
    }
    for part in changed.difference(&named) {
        faults.push(format!(
            "parts: {part} is changed, but no answer names it in `changed`; leave it as it is, or name it in the answer to the note that asks for it"
        ));
    }
    faults
}
