//! What stopped work leaves to the work that goes on: steps that need not be done again, and files.
//!
//! Promises: a step counts as done only if the plan that is executed has it word for word at the same place; what the new
//! scope does not allow is left behind. Nothing here is believed: the checks run on all of it in the end.

use crate::agent::executor::work::{Deviation, StepDone, Work};
use crate::sandbox::Change;
use crate::workflow::plan::Plan;
use crate::workflow::scope::Wall;

/// What is there already when an execution begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Begun {
    /// The plan's first steps, done.
    pub steps: Vec<StepDone>,
    /// Everything that differs from the base.
    pub changes: Vec<Change>,
    /// What was done otherwise in those steps.
    pub deviations: Vec<Deviation>,
}

impl Begun {
    /// What an execution of `plan` can go on from, of `work` on the plan `before` at the same base.
    #[must_use]
    pub fn of(work: &Work, before: &Plan, plan: &Plan) -> Begun {
        let same = plan.steps.iter().zip(&before.steps).zip(&work.steps);
        let same = same.take_while(|((new, old), done)| new == old && new.id == done.id);
        let steps: Vec<StepDone> = same.map(|(_, done)| done.clone()).collect();
        let all_done = work.steps.last().map_or(&[][..], |step| &step.changes);
        let changes = if work.begun.is_empty() { all_done } else { &work.begun };
        let known = |deviation: &&Deviation| steps.iter().any(|step| step.id == deviation.step);
        let deviations = work.deviations.iter().filter(known).cloned().collect();
        Begun { changes: changes.to_vec(), deviations, steps }
    }

    /// The same as it was when its last step was done; without `from` and what came after that step, where one is named.
    #[must_use]
    pub fn at_its_last_step(mut self, from: Option<&str>) -> Begun {
        if let Some(at) = self.steps.iter().position(|step| Some(step.id.as_str()) == from) {
            self.steps.truncate(at);
        }
        let steps = &self.steps;
        self.deviations.retain(|deviation| steps.iter().any(|step| step.id == deviation.step));
        self.changes = self.steps.last().map_or_else(Vec::new, |step| step.changes.clone());
        self
    }

    /// What of it a scope allows.
    pub(super) fn behind(&self, wall: &Wall) -> Begun {
        let allowed = |change: &&Change| wall.may_change(&change.path).is_ok();
        let inside = |step: &&StepDone| step.changes.iter().all(|change| allowed(&change));
        Begun {
            steps: self.steps.iter().take_while(inside).cloned().collect(),
            changes: self.changes.iter().filter(allowed).cloned().collect(),
            deviations: self.deviations.clone(),
        }
    }

    /// What the executor is told of it; nothing where nothing has begun.
    pub(super) fn told(&self, plan: &Plan) -> Option<String> {
        if self.changes.is_empty() && self.steps.is_empty() {
            return None;
        }
        let names = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let done = names(self.steps.iter().map(|step| step.id.as_str()).collect());
        let files = names(self.changes.iter().map(|change| change.path.as_str()).collect());
        let next = plan.steps.get(self.steps.len()).map_or("finish", |step| &step.id);
        Some(format!(
            "Work on this was begun before; the checkout holds it. Steps that are ticked: {done}. Files that differ from \
             the base: {files}. Look at them, then go on; next is {next}."
        ))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::agent::executor::work::{DeviationKind, StepEnd};
    use crate::sandbox::{ChangeKind, FileMode};
    use crate::workflow::plan::Scope;

    fn plan(steps: &[(&str, &str)]) -> Plan {
        let step = |(id, what): &(&str, &str)| json!({"id": id, "title": id, "files": [], "what": what, "verify": ""});
        let steps: Vec<_> = steps.iter().map(step).collect();
        serde_json::from_value(json!({
            "title": "t", "goal": "g", "approach": "a", "findings": [], "alternatives": [], "steps": steps, "checks": [],
            "scope": {"paths": ["a", "b"], "max_files": 9, "max_bytes": 999}, "out_of_scope": [], "risks": [],
            "questions": [], "estimate": {"tokens": 1, "minutes": 1},
        }))
        .unwrap()
    }

    fn put(path: &str) -> Change {
        let change = ChangeKind::Put { mode: FileMode::Regular, bytes: "x".into() };
        Change { path: path.parse().unwrap(), change }
    }

    fn done(id: &str, paths: &[&str]) -> StepDone {
        let changes = paths.iter().map(|path| put(path)).collect();
        StepDone { id: id.to_owned(), end: StepEnd::Done, own: BTreeMap::new(), changes, proofs: vec![] }
    }

    fn work() -> Work {
        let deviation = |step: &str| Deviation {
            step: step.to_owned(),
            kind: DeviationKind::Minor,
            what: "w".to_owned(),
            why: "y".to_owned(),
        };
        Work {
            steps: vec![done("s1", &["a"]), done("s2", &["a", "b"])],
            deviations: vec![deviation("s1"), deviation("s2"), deviation("s3")],
            begun: vec![put("a"), put("b"), put("c")],
            ..Work::default()
        }
    }

    fn ids(begun: &Begun) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
        (
            begun.steps.iter().map(|step| step.id.as_str()).collect(),
            begun.changes.iter().map(|change| change.path.as_str()).collect(),
            begun.deviations.iter().map(|deviation| deviation.step.as_str()).collect(),
        )
    }

    #[test]
    fn only_steps_that_stand_word_for_word_where_they_stood_are_done() {
        let before = plan(&[("s1", "1"), ("s2", "2"), ("s3", "3")]);
        let other_end = plan(&[("s1", "1"), ("s2", "2"), ("s3", "another way"), ("s4", "4")]);
        let whole = Begun::of(&work(), &before, &other_end);
        assert_eq!(ids(&whole), (vec!["s1", "s2"], vec!["a", "b", "c"], vec!["s1", "s2"]));

        let reworded = plan(&[("s1", "1"), ("s2", "two"), ("s3", "3")]);
        assert_eq!(ids(&Begun::of(&work(), &before, &reworded)).0, ["s1"]);
        let before_it = plan(&[("s0", "0"), ("s1", "1"), ("s2", "2")]);
        assert_eq!(ids(&Begun::of(&work(), &before, &before_it)).0, [""; 0]);
    }

    #[test]
    fn what_the_scope_does_not_allow_is_left_behind() {
        let wall = |paths: &[&str]| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            let scope = Scope { paths, max_files: 9, max_bytes: 999, dependencies: false, protected: false };
            Wall::new(&scope).unwrap()
        };
        let plan = plan(&[("s1", "1"), ("s2", "2"), ("s3", "3")]);
        let begun = Begun::of(&work(), &plan, &plan);
        assert_eq!(ids(&begun.behind(&wall(&["a", "b"]))), (vec!["s1", "s2"], vec!["a", "b"], vec!["s1", "s2"]));
        let narrow = begun.behind(&wall(&["a"]));
        assert_eq!((ids(&narrow).0, ids(&narrow).1), (vec!["s1"], vec!["a"]));
        assert!(narrow.told(&plan).is_some_and(|told| told.contains("ticked: s1.") && told.ends_with("next is s2.")));
        assert_eq!(Begun::default().told(&plan), None);
    }

    #[test]
    fn a_retry_goes_on_from_a_finished_step() {
        let plan = plan(&[("s1", "1"), ("s2", "2"), ("s3", "3")]);
        let begun = Begun::of(&work(), &plan, &plan);
        assert_eq!(ids(&begun.clone().at_its_last_step(None)).1, ["a", "b"]);
        assert_eq!(ids(&begun.clone().at_its_last_step(Some("s3"))).1, ["a", "b"]);
        assert_eq!(ids(&begun.clone().at_its_last_step(Some("s2"))), (vec!["s1"], vec!["a"], vec!["s1"]));
        assert_eq!(begun.at_its_last_step(Some("s1")), Begun::default());
    }
}
