//! What an execution has done, as it is stored, judged and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::budget::Spent;
use crate::ids::RepoPath;
use crate::sandbox::Change;
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
    /// What it used up.
    pub spent: Spent,
}

impl Work {
    /// The work as a verdict looks at it.
    #[must_use]
    pub fn built(&self) -> Built {
        let step = |step: &StepDone| BuiltStep {
            id: step.id.clone(),
            ticked: step.end != StepEnd::NotNeeded,
            own: step.own.clone(),
        };
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
            deviations: self.deviations.clone(),
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
