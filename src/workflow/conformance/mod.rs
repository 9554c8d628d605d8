//! What was built, held against what was approved: a verdict for each step, file and check, and one over all.
//!
//! Promises: pure and total; each step and check of the plan and each file, planned or changed, has exactly one verdict;
//! the verdict over all is the worst that follows from them, and [`Verdict::AsPlanned`] is given only where nothing at all
//! is different. What the agent says of its work raises no verdict: a tick counts by the change that came with it, and a
//! reason excuses a difference without hiding it.

mod built;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deviation::{Deviation, Refusals};
use super::plan::{FileChange, Plan};
use super::scope::Wall;
use crate::ids::RepoPath;

pub use built::{Built, BuiltCheck, BuiltStep};

/// What was built, held against the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conformance {
    /// The verdict over all.
    pub verdict: Verdict,
    /// The plan's steps in order, then what belongs to none.
    pub steps: Vec<StepReport>,
    /// Every file that was planned or changed, by path.
    pub files: Vec<FileReport>,
    /// The plan's checks, in order.
    pub checks: Vec<CheckReport>,
    /// What the agent declared to be otherwise than planned.
    pub deviations: Vec<Deviation>,
    /// What the agent tried and was not let do.
    pub refusals: Refusals,
    /// What a second model said of it, where one was asked.
    #[serde(default)]
    pub second: Option<SecondReading>,
}

/// What a second model said of finished work. It has lowered the verdict over all at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondReading {
    /// Which model, as provider and id.
    pub by: String,
    /// Its own verdict.
    pub verdict: Verdict,
    /// What it remarks.
    pub remarks: Vec<Remark>,
}

/// A remark of the second model; its words, cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// Where, mostly as a path and a line; empty where it has no place.
    pub place: String,
    /// What.
    pub text: String,
}

/// A verdict over a whole execution, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was planned, nothing else, and every check passed.
    AsPlanned,
    /// All that was planned is there or a reason is given for what is not, and every check passed; a person should look
    /// at the differences.
    Differs,
    /// Something that was planned is missing without a reason, a check has not passed, or a file outside the scope changed.
    FallsShort,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// Its id in the plan; `None` for what was changed after the last step and belongs to none.
    pub id: Option<String>,
    /// Its title in the plan; empty where it has none.
    pub title: String,
    /// The verdict.
    pub verdict: StepVerdict,
    /// Planned files that the work leaves as they were.
    pub missing: Vec<RepoPath>,
    /// Files that it changed and that it does not list.
    pub extra: Vec<RepoPath>,
    /// Planned files that were changed in the course of another step.
    pub elsewhere: Vec<RepoPath>,
    /// Planned files with which something else happened than planned: changed in place of created, for one.
    pub otherwise: Vec<RepoPath>,
    /// Whether the agent gave a reason, as a deviation in this step.
    pub explained: bool,
}

/// A verdict on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// Ticked, and its own change is to the files that were planned.
    Done,
    /// Ticked with a change or a check that proves it, and something about it is not as planned.
    DoneDifferently,
    /// Ticked, and neither a change nor a check proves it.
    Claimed,
    /// Not ticked, or declared as not needed.
    NotDone,
    /// Done, and no step of the plan.
    NotPlanned,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileReport {
    /// The file.
    pub path: RepoPath,
    /// What was planned, over all steps.
    pub planned: Option<FileChange>,
    /// What has happened to it, against the base.
    pub actual: Option<FileChange>,
    /// The verdict.
    pub verdict: FileVerdict,
    /// Whether the approved scope allows it to change.
    pub in_scope: bool,
}

/// A verdict on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileVerdict {
    /// It was to change and did.
    PlannedAndChanged,
    /// It was to change and did not.
    PlannedAndUntouched,
    /// It changed and was not to.
    Unplanned,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// The command.
    pub command: String,
    /// The verdict, after the last change.
    pub verdict: CheckVerdict,
    /// Whether it passed before the first change; `None` if that is not known.
    pub passed_before: Option<bool>,
}

/// A verdict on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It ended with exit code 0.
    Passed,
    /// It ended otherwise, or a limit ended it.
    Failed,
    /// It was not run after the last change.
    NotRun,
}

/// Holds what was built against the plan. `protected` are the paths that the repository's policy guards on top.
#[must_use]
pub fn conformance(plan: &Plan, protected: &[String], built: &Built) -> Conformance {
    let checks = checks(plan, built);
    let files = files(plan, protected, built);
    let steps = step::reports(plan, built, &checks);
    let verdict = verdict(&steps, &files, &checks, built);
    let (deviations, refusals) = (built.deviations.clone(), built.refusals.clone());
    Conformance { verdict, steps, files, checks, deviations, refusals, second: None }
}

impl Conformance {
    /// The same with a verdict that is not better than `at_best`: whoever reads it a second time can only lower it.
    #[must_use]
    pub fn at_best(self, at_best: Verdict) -> Conformance {
        Conformance { verdict: self.verdict.max(at_best), ..self }
    }

    /// The same with what a second reader says of it: their verdict counts where it is the worse one.
    #[must_use]
    pub fn read_again(self, reading: SecondReading) -> Conformance {
        Conformance { second: Some(reading.clone()), ..self.at_best(reading.verdict) }
    }

    /// How many steps have this verdict.
    #[must_use]
    pub fn steps_with(&self, verdict: StepVerdict) -> usize {
        self.steps.iter().filter(|step| step.verdict == verdict).count()
    }
}

fn checks(plan: &Plan, built: &Built) -> Vec<CheckReport> {
    let mut ran: Vec<&BuiltCheck> = built.checks.iter().collect();
    let report = |command: &String| {
        let at = ran.iter().position(|check| check.command == *command);
        let check = at.map(|at| ran.remove(at));
        let verdict = match check {
            Some(check) if check.after == Some(0) => CheckVerdict::Passed,
            Some(_) => CheckVerdict::Failed,
            None => CheckVerdict::NotRun,
        };
        let passed_before = check.map(|check| check.before == Some(0));
        CheckReport { command: command.clone(), verdict, passed_before }
    };
    plan.checks.iter().map(|check| &check.command).map(report).collect()
}

fn files(plan: &Plan, protected: &[String], built: &Built) -> Vec<FileReport> {
    let wall = Wall::new(&plan.scope).and_then(|wall| wall.guarding(protected)).ok();
    let mut planned: BTreeMap<&RepoPath, Option<FileChange>> = BTreeMap::new();
    for file in plan.steps.iter().flat_map(|step| &step.files) {
        let before = planned.get(&file.path).copied().flatten();
        planned.insert(&file.path, file.change.after(before));
    }
    planned.retain(|path, planned| planned.is_some() || built.files.contains_key(*path));
    let paths: BTreeSet<&RepoPath> = planned.keys().copied().chain(built.files.keys()).collect();
    let report = |path: &RepoPath| {
        let (planned, actual) = (planned.get(path).copied().flatten(), built.files.get(path).copied());
        let verdict = match (planned, actual) {
            (None, _) => FileVerdict::Unplanned,
            (Some(_), Some(_)) => FileVerdict::PlannedAndChanged,
            (Some(_), None) => FileVerdict::PlannedAndUntouched,
        };
        let in_scope = wall.as_ref().is_some_and(|wall| wall.may_change(path).is_ok());
        FileReport { path: path.clone(), planned, actual, verdict, in_scope }
    };
    paths.into_iter().map(report).collect()
}

fn verdict(steps: &[StepReport], files: &[FileReport], checks: &[CheckReport], built: &Built) -> Verdict {
    let unproved = |step: &StepReport| match step.verdict {
        StepVerdict::NotDone | StepVerdict::Claimed => true,
        StepVerdict::Done | StepVerdict::DoneDifferently | StepVerdict::NotPlanned => !step.missing.is_empty(),
    };
    let short = steps.iter().any(|step| unproved(step) && !step.explained)
        || checks.iter().any(|check| check.verdict != CheckVerdict::Passed)
        || files.iter().any(|file| file.actual.is_some() && !file.in_scope);
    let as_planned = steps.iter().all(|step| step.verdict == StepVerdict::Done)
        && files.iter().all(|file| file.actual.is_some() && file.planned == file.actual)
        && built.deviations.is_empty();
    match (short, as_planned) {
        (true, _) => Verdict::FallsShort,
        (false, true) => Verdict::AsPlanned,
        (false, false) => Verdict::Differs,
    }
}

#[cfg(test)]
mod tests;
