//! What an execution has done, as it is stored, judged and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::budget::Spent;
use crate::ids::RepoPath;
use crate::sandbox::{Change, ChangeKind};
use crate::workflow::conformance::{Built, BuiltCheck, BuiltStep};
pub use crate::workflow::deviation::{Deviation, DeviationKind, Refusals};
use crate::workflow::plan::FileChange;

/// What was done so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The steps that were ticked or declared, in the plan's order.
    pub steps: Vec<StepDone>,
    /// The plan's checks as they ran last.
    pub checks: Vec<CheckRun>,
    /// What was done otherwise than planned.
    pub deviations: Vec<Deviation>,
    /// The agent's words about it all; empty if it did not finish.
    pub summary: String,
    /// Paths outside the scope that commands changed, the first 200; none of it is taken.
    pub left: Vec<RepoPath>,
    /// All files that differ from the base in the end, and how.
    #[serde(default)]
    pub files: BTreeMap<RepoPath, FileChange>,
    /// What was changed after the last tick, mostly to mend red checks: each file as it was before and is after it.
    #[serde(default)]
    pub repairs: BTreeMap<RepoPath, FileChange>,
    /// What the agent tried and was not let do.
    #[serde(default)]
    pub refusals: Refusals,
    /// The deviation that it stopped by, if one did: what comes next is not done by it.
    #[serde(default)]
    pub stopped_by: Option<Deviation>,
    /// Where it did not finish: everything in the scope that differed from the base when it stopped.
    #[serde(default)]
    pub begun: Vec<Change>,
    /// What it used up.
    pub spent: Spent,
}

impl Work {
    /// Adds what a later piece of work changed on top of this one. To a verdict that is a repair: it is held against the
    /// same plan, and what the checks said before all of it is still what they said before the work.
    pub fn join(&mut self, later: &Work) {
        for (path, change) in &later.files {
            for files in [&mut self.files, &mut self.repairs] {
                match change.after(files.get(path).copied()) {
                    Some(change) => drop(files.insert(path.clone(), change)),
                    None => drop(files.remove(path)),
                }
            }
        }
        // Of a version that was approved since.
        let newer: Vec<StepDone> = later.steps.iter().filter(|step| step.changes.is_empty()).cloned().collect();
        self.steps.retain(|step| !newer.iter().any(|newer| newer.id == step.id));
        self.steps.extend(newer);
        if !later.checks.is_empty() {
            let before: BTreeMap<String, Option<i32>> =
                self.checks.drain(..).map(|check| (check.command, check.before)).collect();
            let since = |check: &CheckRun| {
                let before = before.get(&check.command).copied().unwrap_or(check.before);
                CheckRun { before, ..check.clone() }
            };
            self.checks = later.checks.iter().map(since).collect();
        }
        self.deviations.extend(later.deviations.iter().cloned());
        self.refusals.join(&later.refusals);
    }

    /// Puts a later piece of work in the place of this one: it has this one's changes in it, on a newer base.
    pub fn rebase(&mut self, later: &Work) {
        let (files, repairs) = (later.files.clone(), self.repairs.clone());
        self.join(later);
        (self.files, self.repairs) = (files, repairs);
    }

    /// The work as a verdict looks at it.
    #[must_use]
    pub fn built(&self) -> Built {
        let step =
            |step: &StepDone| BuiltStep { id: step.id.clone(), ticked: step.end.is_ticked(), own: step.own.clone() };
        let check = |check: &CheckRun| BuiltCheck {
            command: check.command.clone(),
            before: check.before,
            after: check.exit_code,
        };
        Built {
            steps: self.steps.iter().map(step).collect(),
            repairs: self.repairs.clone(),
            files: self.files.clone(),
            checks: self.checks.iter().map(check).collect(),
            deviations: self.deviations.iter().chain(&self.stopped_by).cloned().collect(),
            refusals: self.refusals.clone(),
        }
    }
}

/// One step of the plan, done: one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDone {
    /// The step's id in the plan.
    pub id: String,
    /// How it ended.
    pub end: StepEnd,
    /// The files it changed up to its tick: each as it was after the step before, and as it is after this one.
    #[serde(default)]
    pub own: BTreeMap<RepoPath, FileChange>,
    /// Everything that differs from the base after this step: the commit's tree is the base with this.
    ///
    /// Not what differs from the step before: undoing a change would need the base's bytes then. What is changed after
    /// the last tick, mostly repairs of red checks, is in the commit of the last step that was done.
    pub changes: Vec<Change>,
    /// The checks that the step's own proof names, run on exactly these changes when it was ticked.
    #[serde(default)]
    pub proofs: Vec<Proof>,
}

/// A check of the plan as a step's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The command.
    pub command: String,
    /// Its exit code; `None` if a limit or signal ended it.
    pub exit_code: Option<i32>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// Ticked, with changes.
    Done,
    /// Ticked without any change: the agent says that it is done.
    Claimed,
    /// Declared as not needed.
    NotNeeded,
    /// Declared as not possible.
    NotPossible,
}

impl StepEnd {
    /// Whether the agent says that the step is done.
    #[must_use]
    pub fn is_ticked(self) -> bool {
        match self {
            StepEnd::Done | StepEnd::Claimed => true,
            StepEnd::NotNeeded | StepEnd::NotPossible => false,
        }
    }
}

/// How many files and bytes differ from the base when `changes` are made on top of `before`.
#[must_use]
pub fn amount(before: &[Change], changes: &[Change]) -> (u64, u64) {
    let all: BTreeMap<&RepoPath, &ChangeKind> =
        before.iter().chain(changes).map(|change| (&change.path, &change.change)).collect();
    let bytes = all.values().map(|change| match change {
        ChangeKind::Put { bytes, .. } => bytes.len() as u64,
        ChangeKind::Delete => 0,
    });
    (all.len() as u64, bytes.sum())
}

/// One check of the plan, before and after the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// The command.
    pub command: String,
    /// Its exit code before the first change; `None` if a limit or signal ended it.
    pub before: Option<i32>,
    /// Its exit code after the last change; `None` if a limit or signal ended it.
    pub exit_code: Option<i32>,
    /// How it ended and what it printed, bounded, without characters that show nothing.
    pub output: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

impl CheckRun {
    /// Whether it is green.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;

    fn work(files: &[(&str, FileChange)], checks: &[(Option<i32>, Option<i32>)]) -> Work {
        let check = |(before, exit_code): &(Option<i32>, Option<i32>)| CheckRun {
            command: "make test".to_owned(),
            before: *before,
            exit_code: *exit_code,
            output: String::new(),
            elapsed_ms: 1,
        };
        let files = files.iter().map(|(path, change)| (path.parse().unwrap(), *change)).collect();
        Work { files, checks: checks.iter().map(check).collect(), ..Work::default() }
    }

    #[test]
    fn what_a_follow_up_undoes_is_not_there_and_checks_are_told_from_before_the_work() {
        use FileChange::{Change, Create, Delete};
        let mut all = work(&[("a", Create), ("b", Create), ("c", Change)], &[(Some(1), Some(0))]);
        all.join(&work(&[("a", Delete), ("b", Change), ("c", Delete), ("d", Create)], &[(Some(0), Some(0))]));

        let expected = work(&[("b", Create), ("c", Delete), ("d", Create)], &[(Some(1), Some(0))]);
        assert_eq!((&all.files, &all.checks), (&expected.files, &expected.checks));
        let repairs = work(&[("a", Delete), ("b", Change), ("c", Delete), ("d", Create)], &[]);
        assert_eq!(all.repairs, repairs.files);
        all.join(&Work::default());
        assert_eq!(all.checks, expected.checks);
    }
}
