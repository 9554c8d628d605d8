//! What an execution has built, as far as a verdict turns on it.

use std::collections::BTreeMap;

use super::super::deviation::{Deviation, Refusals};
use super::super::plan::FileChange;
use crate::ids::RepoPath;

/// What an execution has built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// The steps that were ticked or declared, in order.
    pub steps: Vec<BuiltStep>,
    /// What was changed after the last tick, as each file was before and is after it.
    pub repairs: BTreeMap<RepoPath, FileChange>,
    /// All files that differ from the base in the end, and how.
    pub files: BTreeMap<RepoPath, FileChange>,
    /// The checks that were run, as they ended last.
    pub checks: Vec<BuiltCheck>,
    /// What the agent declared.
    pub deviations: Vec<Deviation>,
    /// What it was not let do.
    pub refusals: Refusals,
}

/// One step that was ticked, or declared as not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltStep {
    /// Its id.
    pub id: String,
    /// Whether it was ticked; declared as not needed otherwise.
    pub ticked: bool,
    /// What was changed between the tick before and this one, as each file was before and is after it.
    pub own: BTreeMap<RepoPath, FileChange>,
}

/// One check that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltCheck {
    /// The command.
    pub command: String,
    /// Its exit code before the first change; `None` if a limit or signal ended it.
    pub before: Option<i32>,
    /// Its exit code after the last change; `None` if a limit or signal ended it.
    pub after: Option<i32>,
}
