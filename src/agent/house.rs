//! What a repository asks of its plans and of the work on them, by its own policy.
//!
//! It comes from the default branch, so it is believed like the standing instructions, and stands beside them and not
//! among strangers' words.

use serde::{Deserialize, Serialize};

use super::planner::Submission;
use crate::workflow::deviation::Responses;
use crate::workflow::plan::{Check, Plan};
use crate::workflow::scope::Wall;
use crate::workflow::terms::Terms;

/// What a repository asks of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HouseRules {
    /// What the planner is told besides its standing instructions.
    pub instructions: Vec<String>,
    /// What the plan's approach must speak of, each in a paragraph that begins with the word.
    pub sections: Vec<String>,
    /// Commands that are among the plan's checks, whatever the planner says.
    pub checks: Vec<String>,
    /// Paths that are protected here besides those that are everywhere.
    pub protected: Vec<String>,
}

/// What a repository asks of an execution; part of what was approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Commands that prepare the checkout.
    pub set_up: Vec<String>,
    /// Paths that are protected here besides those that are everywhere.
    pub protected: Vec<String>,
    /// What follows where it leaves the plan.
    pub responses: Responses,
}

impl Ground {
    /// What a version's approval says of it.
    #[must_use]
    pub fn of(terms: &Terms) -> Ground {
        let Terms { set_up, protected, responses, .. } = terms;
        Ground { set_up: set_up.clone(), protected: protected.clone(), responses: *responses }
    }
}

impl HouseRules {
    /// What the planner is told; nothing where the repository asks for nothing.
    pub(super) fn told(&self) -> Option<String> {
        let mut told: Vec<String> = self.instructions.iter().filter(|text| !text.is_empty()).cloned().collect();
        if !self.sections.is_empty() {
            let sections = self.sections.join(", ");
            told.push(format!(
                "The plan's approach has a paragraph for each of these that begins with it: {sections}."
            ));
        }
        if !self.protected.is_empty() {
            let protected = self.protected.join(", ");
            told.push(format!(
                "Protected here: {protected}. A plan that changes such a file names it exactly in scope.paths and sets \
                 scope.protected."
            ));
        }
        if !self.checks.is_empty() {
            told.push(format!("These checks are added to every plan: {}.", self.checks.join("; ")));
        }
        (!told.is_empty()).then(|| format!("This repository asks:\n{}", told.join("\n")))
    }

    /// Holds what the planner submits to all of this.
    pub(super) fn hold(&self, mut submission: Submission) -> Result<Submission, Vec<String>> {
        self.complete(&mut submission.plan);
        let faults = self.faults(&submission.plan);
        if faults.is_empty() { Ok(submission) } else { Err(faults) }
    }

    /// Adds the checks that every plan has.
    pub fn complete(&self, plan: &mut Plan) {
        for command in &self.checks {
            if plan.checks.iter().all(|check| check.command.trim() != command) {
                plan.checks.push(Check { command: command.clone() });
            }
        }
    }

    /// What the plan lacks.
    fn faults(&self, plan: &Plan) -> Vec<String> {
        let mut faults = vec![];
        let plain = |line: &str| line.trim_start_matches(['#', '*', '_', '-', ' ', '\t']).to_lowercase();
        for section in &self.sections {
            let wanted = section.to_lowercase();
            if !plan.approach.lines().any(|line| plain(line).starts_with(&wanted)) {
                faults.push(format!("approach: no paragraph begins with {section:?}"));
            }
        }
        // A scope that cannot be read is a fault of its own.
        if let Ok(Ok(wall)) = Wall::new(&plan.scope).map(|wall| wall.guarding(&self.protected)) {
            for (i, step) in plan.steps.iter().enumerate() {
                for (j, file) in step.files.iter().enumerate() {
                    if wall.is_guarded(&file.path) && wall.may_change(&file.path).is_err() {
                        faults.push(format!(
                            "steps[{i}].files[{j}].path: {} is protected here: name it exactly in scope.paths and set \
                             scope.protected",
                            file.path
                        ));
                    }
                }
            }
        }
        faults
    }
}
