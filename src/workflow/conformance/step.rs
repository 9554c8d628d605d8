//! The verdict on each step: by what changed between two ticks, not by the tick.

use std::collections::BTreeMap;

use super::built::{Built, BuiltStep};
use super::{CheckReport, CheckVerdict, StepReport, StepVerdict};
use crate::ids::RepoPath;
use crate::workflow::plan::{FileChange, Plan, PlanStep};

/// The plan's steps in order, then what belongs to none of them.
pub(super) fn reports(plan: &Plan, built: &Built, checks: &[CheckReport]) -> Vec<StepReport> {
    let mut reports: Vec<StepReport> = plan.steps.iter().map(|step| report(step, plan, built, checks)).collect();
    let known = |id: &str| plan.steps.iter().any(|step| step.id == id);
    for stranger in built.steps.iter().filter(|step| !known(&step.id)) {
        reports.push(not_planned(Some(&stranger.id), stranger.own.keys()));
    }
    let listed = |path: &RepoPath| plan.steps.iter().any(|step| lists(step, path));
    let mut free = built.repairs.keys().filter(|path| !listed(path)).peekable();
    if free.peek().is_some() {
        reports.push(not_planned(None, free));
    }
    reports
}

fn not_planned<'a>(id: Option<&str>, extra: impl Iterator<Item = &'a RepoPath>) -> StepReport {
    StepReport {
        id: id.map(str::to_owned),
        title: String::new(),
        verdict: StepVerdict::NotPlanned,
        missing: vec![],
        extra: extra.cloned().collect(),
        elsewhere: vec![],
        otherwise: vec![],
        explained: false,
    }
}

fn report(step: &PlanStep, plan: &Plan, built: &Built, checks: &[CheckReport]) -> StepReport {
    let done = built.steps.iter().find(|done| done.id == step.id);
    let own = done.map(|done| with_repairs(step, done, built)).unwrap_or_default();
    let is_there = |path: &RepoPath| built.files.contains_key(path);
    let by_others = |path: &RepoPath| {
        let other = |done: &&BuiltStep| done.id != step.id && done.own.contains_key(path);
        let planned_there = |id: &str| plan.steps.iter().any(|other| other.id == id && lists(other, path));
        built.steps.iter().filter(other).any(|done| !planned_there(&done.id))
    };
    let gone = |change: FileChange, path: &RepoPath| {
        let mut after = built.steps.iter().skip_while(|done| done.id != step.id).skip(1);
        change == FileChange::Delete && !after.any(|done| done.own.contains_key(path))
    };
    let (mut missing, mut elsewhere, mut otherwise) = (vec![], vec![], vec![]);
    for file in &step.files {
        match own.get(&file.path) {
            // What a later step planned to undo is not missing here, nor is what is gone because it was to go.
            Some(change) if !is_there(&file.path) && !later(step, plan, &file.path) && !gone(*change, &file.path) => {
                missing.push(file.path.clone());
            }
            Some(change) if *change != file.change => otherwise.push(file.path.clone()),
            Some(_) => {}
            None if done.is_some() && is_there(&file.path) && by_others(&file.path) => {
                elsewhere.push(file.path.clone());
            }
            None => missing.push(file.path.clone()),
        }
    }
    let extra: Vec<RepoPath> = own.keys().filter(|path| !lists(step, path)).cloned().collect();
    let declared = built.deviations.iter().any(|deviation| deviation.step == step.id);
    let same = missing.is_empty() && elsewhere.is_empty() && otherwise.is_empty() && extra.is_empty();
    let proved = !own.is_empty() || missing.is_empty() || turned_green(step, checks);
    let verdict = match done {
        None => StepVerdict::NotDone,
        Some(done) if !done.ticked => StepVerdict::NotDone,
        Some(_) if !proved => StepVerdict::Claimed,
        Some(_) if same && !declared && !own.is_empty() => StepVerdict::Done,
        Some(_) => StepVerdict::DoneDifferently,
    };
    let (id, title) = (Some(step.id.clone()), step.title.clone());
    StepReport { id, title, verdict, missing, extra, elsewhere, otherwise, explained: declared }
}

/// What a step changed, with what was mended in its files after the last tick.
fn with_repairs(step: &PlanStep, done: &BuiltStep, built: &Built) -> BTreeMap<RepoPath, FileChange> {
    let mut own = done.own.clone();
    if done.ticked {
        let mended = built.repairs.iter().filter(|(path, _)| lists(step, path));
        for (path, change) in mended {
            own.entry(path.clone()).or_insert(*change);
        }
    }
    own
}

fn lists(step: &PlanStep, path: &RepoPath) -> bool {
    step.files.iter().any(|file| file.path == *path)
}

/// Whether a later step has plans for a file: then that step answers for how it is in the end.
fn later(step: &PlanStep, plan: &Plan, path: &RepoPath) -> bool {
    plan.steps.iter().skip_while(|other| other.id != step.id).skip(1).any(|other| lists(other, path))
}

/// Whether a check that the step names as its proof was red before the work and is green after it.
fn turned_green(step: &PlanStep, checks: &[CheckReport]) -> bool {
    let names = |check: &CheckReport| step.verify.contains(&format!("`{}`", check.command));
    let green = |check: &CheckReport| check.verdict == CheckVerdict::Passed && check.passed_before == Some(false);
    checks.iter().any(|check| green(check) && names(check))
}
