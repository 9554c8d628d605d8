//! A revision: what of a plan becomes different, part by part. What it does not name stays as it is, byte for byte.
//!
//! Promises: [`Patch::apply`] changes the parts that it gives and nothing else; an alternative that was rejected before
//! stays rejected in the plan unless the revision says that the plan now takes it; [`changed`] finds every difference.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Alternative, Check, Estimate, Fault, Finding, Plan, PlanStep, Scope};

/// A part of a plan that can change by itself. Its name is the field's, `steps/` and the id for a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `title`
    Title,
    /// `goal`
    Goal,
    /// `findings`
    Findings,
    /// `approach`
    Approach,
    /// `alternatives`
    Alternatives,
    /// `steps/s1`
    Step(String),
    /// `order`: in which order the steps are done.
    Order,
    /// `checks`
    Checks,
    /// `scope`
    Scope,
    /// `out_of_scope`
    OutOfScope,
    /// `risks`
    Risks,
    /// `questions`
    Questions,
    /// `estimate`
    Estimate,
}

/// What of a plan is different: only the parts that change, each whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub goal: Option<String>,
    /// All findings.
    #[serde(default)]
    pub findings: Option<Vec<Finding>>,
    #[serde(default)]
    pub approach: Option<String>,
    /// Alternatives to add or to reword; all others stay.
    #[serde(default)]
    pub alternatives: Option<Vec<Alternative>>,
    /// Options of alternatives that the plan takes from now on.
    #[serde(default)]
    pub taken: Option<Vec<String>>,
    /// Only new and changed steps, each whole; a known id replaces that step.
    #[serde(default)]
    pub steps: Option<Vec<PlanStep>>,
    /// Ids of all steps in order, to place new steps or to remove some.
    #[serde(default)]
    pub order: Option<Vec<String>>,
    /// All checks.
    #[serde(default)]
    pub checks: Option<Vec<Check>>,
    #[serde(default)]
    pub scope: Option<Scope>,
    /// All of it.
    #[serde(default)]
    pub out_of_scope: Option<Vec<String>>,
    /// All risks.
    #[serde(default)]
    pub risks: Option<Vec<String>>,
    /// All questions.
    #[serde(default)]
    pub questions: Option<Vec<String>>,
    #[serde(default)]
    pub estimate: Option<Estimate>,
}

impl Patch {
    /// The plan with these parts in the place of its own.
    ///
    /// # Errors
    /// When it speaks of steps or alternatives that are not there, each with its place.
    pub fn apply(self, plan: &Plan) -> Result<Plan, Vec<Fault>> {
        let mut faults = Vec::new();
        let steps = steps(&plan.steps, self.steps.unwrap_or_default(), self.order, &mut faults);
        let mut alternatives = plan.alternatives.clone();
        for (i, option) in self.taken.into_iter().flatten().enumerate() {
            match alternatives.iter().position(|known| known.option.trim() == option.trim()) {
                Some(at) => drop(alternatives.remove(at)),
                None => faults.push(fault(format!("taken[{i}]"), "is not the option of an alternative")),
            }
        }
        for new in self.alternatives.into_iter().flatten() {
            reject(&mut alternatives, new);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let old = plan.clone();
        Ok(Plan {
            title: self.title.unwrap_or(old.title),
            goal: self.goal.unwrap_or(old.goal),
            findings: self.findings.unwrap_or(old.findings),
            approach: self.approach.unwrap_or(old.approach),
            alternatives,
            steps,
            checks: self.checks.unwrap_or(old.checks),
            scope: self.scope.unwrap_or(old.scope),
            out_of_scope: self.out_of_scope.unwrap_or(old.out_of_scope),
            risks: self.risks.unwrap_or(old.risks),
            questions: self.questions.unwrap_or(old.questions),
            estimate: self.estimate.unwrap_or(old.estimate),
        })
    }
}

/// Puts an option among the rejected ones; one that is there already gets the new reason.
pub fn reject(alternatives: &mut Vec<Alternative>, new: Alternative) {
    match alternatives.iter_mut().find(|known| known.option.trim() == new.option.trim()) {
        Some(known) => known.reason = new.reason,
        None => alternatives.push(new),
    }
}

/// Which parts differ between two plans.
#[must_use]
pub fn changed(old: &Plan, new: &Plan) -> BTreeSet<Part> {
    let whole = [
        (Part::Title, old.title != new.title),
        (Part::Goal, old.goal != new.goal),
        (Part::Findings, old.findings != new.findings),
        (Part::Approach, old.approach != new.approach),
        (Part::Alternatives, old.alternatives != new.alternatives),
        (Part::Checks, old.checks != new.checks),
        (Part::Scope, old.scope != new.scope),
        (Part::OutOfScope, old.out_of_scope != new.out_of_scope),
        (Part::Risks, old.risks != new.risks),
        (Part::Questions, old.questions != new.questions),
        (Part::Estimate, old.estimate != new.estimate),
    ];
    let mut parts: BTreeSet<Part> = whole.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect();
    let find = |plan: &Plan, id: &str| plan.steps.iter().find(|step| step.id == id).cloned();
    for step in old.steps.iter().chain(&new.steps) {
        if find(old, &step.id) != find(new, &step.id) {
            parts.insert(Part::Step(step.id.clone()));
        }
    }
    let common = |plan: &Plan, other: &Plan| -> Vec<String> {
        plan.steps.iter().map(|step| step.id.clone()).filter(|id| find(other, id).is_some()).collect()
    };
    if common(old, new) != common(new, old) {
        parts.insert(Part::Order);
    }
    parts
}

fn steps(old: &[PlanStep], given: Vec<PlanStep>, order: Option<Vec<String>>, faults: &mut Vec<Fault>) -> Vec<PlanStep> {
    let mut steps = old.to_vec();
    for (i, step) in given.iter().enumerate() {
        if given[..i].iter().any(|before| before.id == step.id) {
            faults.push(fault(format!("steps[{i}].id"), format!("{:?} is given twice", step.id)));
        }
    }
    for step in given {
        match steps.iter_mut().find(|known| known.id == step.id) {
            Some(known) => *known = step,
            None => steps.push(step),
        }
    }
    let Some(order) = order.filter(|order| !order.is_empty()) else { return steps };
    let mut sorted: Vec<PlanStep> = Vec::new();
    for (i, id) in order.iter().enumerate() {
        match steps.iter().find(|step| step.id == *id) {
            Some(_) if sorted.iter().any(|step| step.id == *id) => {
                faults.push(fault(format!("order[{i}]"), format!("{id:?} stands twice")));
            }
            Some(step) => sorted.push(step.clone()),
            None => faults.push(fault(format!("order[{i}]"), format!("there is no step {id:?}"))),
        }
    }
    sorted
}

fn fault(at: String, what: impl Into<String>) -> Fault {
    Fault { at, what: what.into() }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Title => "title",
            Part::Goal => "goal",
            Part::Findings => "findings",
            Part::Approach => "approach",
            Part::Alternatives => "alternatives",
            Part::Step(id) => return write!(f, "steps/{id}"),
            Part::Order => "order",
            Part::Checks => "checks",
            Part::Scope => "scope",
            Part::OutOfScope => "out_of_scope",
            Part::Risks => "risks",
            Part::Questions => "questions",
            Part::Estimate => "estimate",
        })
    }
}

impl Part {
    /// Reads a part's name. `None` for anything else.
    #[must_use]
    pub fn named(name: &str) -> Option<Part> {
        Some(match name {
            "title" => Part::Title,
            "goal" => Part::Goal,
            "findings" => Part::Findings,
            "approach" => Part::Approach,
            "alternatives" | "taken" => Part::Alternatives,
            "order" => Part::Order,
            "checks" => Part::Checks,
            "scope" => Part::Scope,
            "out_of_scope" => Part::OutOfScope,
            "risks" => Part::Risks,
            "questions" => Part::Questions,
            "estimate" => Part::Estimate,
            step => Part::Step(step.strip_prefix("steps/").filter(|id| !id.is_empty())?.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, what: &str) -> PlanStep {
        PlanStep { id: id.into(), title: "Do".into(), files: vec![], what: what.into(), verify: "Look.".into() }
    }

    fn alternative(option: &str, reason: &str) -> Alternative {
        Alternative { option: option.into(), reason: reason.into() }
    }

    fn plan() -> Plan {
        Plan {
            title: "Mend it".into(),
            goal: "It works.".into(),
            findings: vec![],
            approach: "Carefully.".into(),
            alternatives: vec![alternative("Rewrite it", "Too much."), alternative("Wait", "Too long.")],
            steps: vec![step("s1", "First."), step("s2", "Second.")],
            checks: vec![],
            scope: Scope { paths: vec!["a".into()], max_files: 1, max_bytes: 1, dependencies: false, protected: false },
            out_of_scope: vec![],
            risks: vec!["None.".into()],
            questions: vec![],
            estimate: Estimate { tokens: 1, minutes: 1 },
        }
    }

    #[test]
    fn a_revision_changes_the_parts_it_gives_and_no_other() {
        let patch = Patch {
            goal: Some("It works well.".into()),
            steps: Some(vec![step("s2", "Better."), step("s3", "Third.")]),
            ..Patch::default()
        };
        let new = patch.apply(&plan());
        let expected = Plan {
            goal: "It works well.".into(),
            steps: vec![step("s1", "First."), step("s2", "Better."), step("s3", "Third.")],
            ..plan()
        };
        assert_eq!(new, Ok(expected.clone()));
        let parts = [Part::Goal, Part::Step("s2".into()), Part::Step("s3".into())];
        assert_eq!(changed(&plan(), &expected), BTreeSet::from(parts));
        assert_eq!(changed(&plan(), &plan()), BTreeSet::new());
    }

    #[test]
    fn steps_are_placed_moved_and_removed_by_their_order() {
        let order = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
        let moved = Patch { order: order(&["s2", "s1"]), ..Patch::default() }.apply(&plan());
        let moved = moved.map(|new| changed(&plan(), &new));
        assert_eq!(moved, Ok(BTreeSet::from([Part::Order])));
        let removed = Patch { order: order(&["s2"]), ..Patch::default() }.apply(&plan());
        let removed = removed.map(|new| changed(&plan(), &new));
        assert_eq!(removed, Ok(BTreeSet::from([Part::Step("s1".into())])));
        let bad = Patch { order: order(&["s1", "s9", "s1"]), ..Patch::default() }.apply(&plan());
        let at = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.at).collect::<Vec<_>>();
        assert_eq!(bad.map_err(at), Err(vec!["order[1]".to_owned(), "order[2]".to_owned()]));
    }

    #[test]
    fn what_was_rejected_stays_rejected_unless_the_plan_takes_it() {
        let forgets = Patch { alternatives: Some(vec![alternative("Ask", "Nobody knows.")]), ..Patch::default() };
        let options = |plan: Plan| plan.alternatives.into_iter().map(|other| other.option).collect::<Vec<_>>();
        let kept = ["Rewrite it", "Wait", "Ask"].map(str::to_owned).to_vec();
        assert_eq!(forgets.apply(&plan()).map(options), Ok(kept));
        let takes = Patch { taken: Some(vec!["Wait".into()]), ..Patch::default() };
        assert_eq!(takes.apply(&plan()).map(options), Ok(vec!["Rewrite it".to_owned()]));
        let unknown = Patch { taken: Some(vec!["Fly".into()]), ..Patch::default() }.apply(&plan());
        assert!(unknown.is_err(), "{unknown:?}");
    }

    #[test]
    fn a_part_is_read_back_from_its_name() {
        for part in [Part::Title, Part::Order, Part::OutOfScope, Part::Step("s1".into()), Part::Estimate] {
            assert_eq!(Part::named(&part.to_string()), Some(part));
        }
        assert_eq!((Part::named("steps/"), Part::named("everything")), (None, None));
    }
}
