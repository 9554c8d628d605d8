//! The plan: what a person approves, as data.
//!
//! A plan is data first; its Markdown is made from these fields by the core and says nothing else. What a model or a
//! person submits is believed only after [`Plan::faults`] found nothing.

mod faults;
pub mod revision;

pub(crate) use faults::is_hidden;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RepoPath;

/// A plan for one issue. The field docs are what the planning model reads in the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The change in one line, at most 72 characters, as it would stand in a commit's subject.
    pub title: String,
    /// What is true once this is done, in one to three sentences.
    pub goal: String,
    /// What was understood of the repository, each with the place it was seen at.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// How the goal is reached and why this way; no code beyond the lines that decide something.
    pub approach: String,
    /// Ways that were considered and not taken.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    /// What is done, in order; each step becomes one commit.
    pub steps: Vec<PlanStep>,
    /// Commands that prove the result, run in the repository's root without network.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// What may be changed at all.
    pub scope: Scope,
    /// What a reader might expect here and will not get.
    #[serde(default)]
    pub out_of_scope: Vec<String>,
    /// What may go wrong.
    #[serde(default)]
    pub risks: Vec<String>,
    /// What a person should decide; the plan says what is assumed meanwhile.
    #[serde(default)]
    pub questions: Vec<String>,
    /// What the execution will probably need.
    pub estimate: Estimate,
}

/// Something seen in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What was understood, in a sentence.
    pub text: String,
    /// The file it was seen in.
    pub path: RepoPath,
    /// The line it was seen at, counted from 1.
    pub line: u32,
}

/// A way not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// The other way.
    pub option: String,
    /// Why it was rejected.
    pub reason: String,
}

/// One step: one idea, one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// A short name that stays when the plan is revised, such as `s1`.
    pub id: String,
    /// The step in one line, as the subject of its commit.
    pub title: String,
    /// The files this step creates, changes or deletes.
    pub files: Vec<PlannedFile>,
    /// What to do, precise enough that no decision is left.
    pub what: String,
    /// How one sees that the step is done.
    pub verify: String,
}

/// A file that a step touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// The file, relative to the repository's root.
    pub path: RepoPath,
    /// What happens to it.
    pub change: FileChange,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    /// It does not exist yet.
    Create,
    /// It exists and is edited.
    Change,
    /// It is removed.
    Delete,
}

impl FileChange {
    /// What this amounts to where `before` has happened to the same file; `None` where the one undoes the other.
    #[must_use]
    pub fn after(self, before: Option<FileChange>) -> Option<FileChange> {
        match (before, self) {
            (Some(FileChange::Create), FileChange::Delete) => None,
            (Some(FileChange::Create), FileChange::Change) => Some(FileChange::Create),
            (Some(FileChange::Delete), FileChange::Create) => Some(FileChange::Change),
            (_, then) => Some(then),
        }
    }
}

/// A command that proves something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The command line, given to `sh -c` inside the sandbox; exit code 0 means passed.
    pub command: String,
}

/// What a plan may change, and the limits it must keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Globs of the paths that may change, such as `src/cli/**` or `tests/flag.rs`; `*` stays within one part of a path.
    pub paths: Vec<String>,
    /// How many files may change in all.
    pub max_files: u32,
    /// How many bytes the changed files may have in all.
    pub max_bytes: u64,
    /// Whether dependency manifests and lock files inside the paths may change; the lock files of such manifests as well.
    #[serde(default)]
    pub dependencies: bool,
    /// Whether files that steer people, tools or CI may change where the paths name them exactly; workflow files never.
    #[serde(default)]
    pub protected: bool,
}

/// What the execution will probably need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Tokens of the model, in and out together.
    pub tokens: u64,
    /// Minutes.
    pub minutes: u32,
}

/// What approval grants to the execution; reaching any of it stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Turns of the model.
    pub turns: u32,
    /// Tokens of the model, in and out together.
    pub tokens: u64,
    /// Millionths of a dollar; counted only where the model's price is known.
    pub micro_dollars: u64,
    /// Minutes.
    pub minutes: u32,
}

/// What is wrong with a plan, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The place in the plan, such as `steps[1].files[0].path`.
    pub at: String,
    /// What is wrong and what would be right.
    pub what: String,
}
