//! What an execution has done, as it is stored, judged and shown.

use serde::{Deserialize, Serialize};

use crate::agent::budget::Spent;
use crate::ids::RepoPath;
use crate::sandbox::Change;

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
    /// What it used up.
    pub spent: Spent,
}

/// One step of the plan, done: one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDone {
    /// The step's id in the plan.
    pub id: String,
    /// How it ended.
    pub end: StepEnd,
    /// The paths it touched.
    pub touched: Vec<RepoPath>,
    /// Everything that differs from the base after this step: the commit's tree is the base with this.
    ///
    /// Not what differs from the step before: undoing a change would need the base's bytes then. What is changed after
    /// the last tick, mostly repairs of red checks, belongs to the last step that was done.
    pub changes: Vec<Change>,
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

/// Something that was done otherwise than planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The step's id in the plan.
    pub step: String,
    /// How grave it is.
    pub kind: DeviationKind,
    /// What was done, or not done.
    pub what: String,
    /// Why.
    pub why: String,
}

/// How grave a deviation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// A detail.
    Minor,
    /// A file inside the scope that the step does not list.
    ExtraFile,
    /// The step turned out to be needless.
    NotNeeded,
    /// The step cannot be done; ends the work.
    NotPossible,
    /// The plan rests on something that is not so; ends the work.
    PlanIsWrong,
}
