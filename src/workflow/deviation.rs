//! What an execution says of itself where it left the plan, and what it tried and was not let.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that was done otherwise than planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// A detail.
    Minor,
    /// A file inside the scope that the step does not list.
    ExtraFile,
    /// The step turned out to be needless.
    NotNeeded,
    /// The step cannot be done.
    NotPossible,
    /// The plan rests on something that is not so.
    PlanIsWrong,
}

/// What follows from a deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// It is written down, and the work goes on.
    Record,
    /// The work rests until a person says how it goes on.
    Ask,
    /// The work stops, and the next version is written from what was learnt.
    Stop,
}

/// What a repository's policy has follow from each kind of deviation; part of what was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// To a detail.
    pub minor: Response,
    /// To a file inside the scope that the step does not list.
    pub extra_file: Response,
    /// To a step that is needless.
    pub not_needed: Response,
    /// To a step that cannot be done.
    pub not_possible: Response,
    /// To a plan that rests on something that is not so; never [`Response::Record`].
    pub plan_is_wrong: Response,
}

impl Default for Responses {
    fn default() -> Responses {
        let (record, stop) = (Response::Record, Response::Stop);
        Responses { minor: record, extra_file: record, not_needed: record, not_possible: stop, plan_is_wrong: stop }
    }
}

impl Responses {
    /// What follows from a deviation of this kind.
    #[must_use]
    pub fn to(&self, kind: DeviationKind) -> Response {
        match kind {
            DeviationKind::Minor => self.minor,
            DeviationKind::ExtraFile => self.extra_file,
            DeviationKind::NotNeeded => self.not_needed,
            DeviationKind::NotPossible => self.not_possible,
            DeviationKind::PlanIsWrong => self.plan_is_wrong,
        }
    }

    /// Whether this is what holds where a policy says nothing.
    #[must_use]
    pub fn are_usual(&self) -> bool {
        *self == Responses::default()
    }

    /// All of them, in the order of their kinds.
    #[must_use]
    pub fn all(&self) -> [Response; 5] {
        [self.minor, self.extra_file, self.not_needed, self.not_possible, self.plan_is_wrong]
    }
}

/// Something that the agent tried and was not let do. Nothing of it left the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The tool it tried it by, such as `edit`, `run` or `tick`; the model's word, cut.
    pub by: String,
    /// What it tried: a path, a command, a step; cut.
    pub what: String,
    /// The rule that was in the way, as the agent was told it.
    pub rule: String,
    /// How often the same was tried.
    pub times: u32,
}

/// Refusals that are told apart at most; further ones are counted.
pub const MAX_REFUSALS: usize = 50;

/// What was refused, bounded however much was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusals {
    /// The first ones, in order; the same one stands once.
    pub first: Vec<Refusal>,
    /// How many there were in all.
    pub all: u32,
}

impl Refusals {
    /// Adds one, or counts it.
    pub fn add(&mut self, by: &str, what: &str, rule: &str) {
        self.all = self.all.saturating_add(1);
        let (by, what, rule) = (line(by, 40), line(what, 200), line(rule, 300));
        let same = |known: &&mut Refusal| known.by == by && known.what == what && known.rule == rule;
        if let Some(known) = self.first.iter_mut().find(same) {
            known.times = known.times.saturating_add(1);
        } else if self.first.len() < MAX_REFUSALS {
            self.first.push(Refusal { by, what, rule, times: 1 });
        }
    }

    /// Adds all that another piece of work was refused.
    pub fn join(&mut self, other: &Refusals) {
        self.all = self.all.saturating_add(other.all);
        for more in &other.first {
            let same =
                |known: &&mut Refusal| (&known.by, &known.what, &known.rule) == (&more.by, &more.what, &more.rule);
            if let Some(known) = self.first.iter_mut().find(same) {
                known.times = known.times.saturating_add(more.times);
            } else if self.first.len() < MAX_REFUSALS {
                self.first.push(more.clone());
            }
        }
    }

    /// How many stand in no entry.
    #[must_use]
    pub fn uncounted(&self) -> u32 {
        self.first.iter().fold(self.all, |left, refusal| left.saturating_sub(refusal.times))
    }
}

/// The first line with something in it, cut.
fn line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= most {
        return line.to_owned();
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_stands_once_and_a_flood_is_counted() {
        let mut refusals = Refusals::default();
        for n in 0..1_000_u32 {
            refusals.add("edit", &format!("file-{}", n % 100), "outside");
        }
        assert_eq!((refusals.first.len(), refusals.all, refusals.uncounted()), (MAX_REFUSALS, 1_000, 500));
        assert_eq!((refusals.first[0].times, refusals.first[0].what.as_str()), (10, "file-0"));
    }

    #[test]
    fn what_was_tried_is_one_short_line() {
        let mut refusals = Refusals::default();
        refusals.add("run", &format!("\n  echo {}\nmore", "x".repeat(500)), "r");
        let what = &refusals.first[0].what;
        assert!(what.starts_with("echo x") && what.ends_with('…') && what.chars().count() == 200, "{what}");
    }
}
