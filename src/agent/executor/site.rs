//! The building site: which steps are done, and what has been taken out of the checkout for each.

use std::collections::BTreeMap;

use super::begun::Begun;
use super::checks::unavailable;
use super::follow_up::{FixAnswer, Merge};
use super::work::{Deviation, DeviationKind, StepDone, StepEnd, Work, amount};
use crate::agent::desk::Desk;
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::house::Ground;
use crate::agent::planner::one_text;
use crate::agent::text;
use crate::agent::transcript::Journal;
use crate::ids::RepoPath;
use crate::model::{Arguments, ToolCall};
use crate::sandbox::checkout::Duplicate;
use crate::sandbox::{Base, Change, ChangeKind, Refused};
use crate::workflow::deviation::{Response, Responses};
use crate::workflow::plan::{FileChange, Plan, PlanStep};
use crate::workflow::run::Note;
use crate::workflow::scope::Wall;

/// Deviations that are recorded at most.
const MAX_DEVIATIONS: usize = 30;

/// Paths outside the scope that are remembered at most.
const MAX_LEFT: usize = 200;

/// Paths that are named at most when something is said about many.
const MAX_NAMED: usize = 10;

/// A plan being executed.
pub(super) struct Site<'a, J> {
    pub(super) desk: &'a Desk<'a, J>,
    pub(super) plan: &'a Plan,
    pub(super) wall: Wall,
    /// What follows where the work leaves the plan.
    responses: Responses,
    /// What is there already when the work begins.
    pub(super) begun: Begun,
    pub(super) work: Work,
    /// The checkout before the first change; no process ever works in it.
    pub(super) untouched: Option<Duplicate>,
    /// How many outputs of commands were shown.
    pub(super) outputs: u32,
    pub(super) kept_bytes: usize,
    /// The exit codes of the checks before the first change.
    pub(super) before: Vec<Option<i32>>,
    /// Everything that differed from the base at the last tick.
    ticked: Vec<Change>,
    /// How often the agent wanted to finish with red checks.
    pub(super) red: u32,
    pub(super) finished: bool,
    /// What was changed before this work, by the work that it follows; it counts towards the plan's limits.
    pub(super) before_it: &'a [Change],
    /// The notes that a follow-up answers; `None` where the plan itself is executed.
    pub(super) notes: Option<&'a [Note]>,
    /// The merge that a follow-up begins with.
    pub(super) merge: Option<&'a Merge>,
    /// The answers, once the agent has given them.
    pub(super) answers: Vec<FixAnswer>,
}

impl<'a, J: Journal> Site<'a, J> {
    pub(super) fn new(desk: &'a Desk<'a, J>, plan: &'a Plan, ground: &Ground) -> Result<Self, Ending> {
        let wall = Wall::new(&plan.scope).and_then(|wall| wall.guarding(&ground.protected));
        let wall = wall.map_err(|bad| Ending::PlanIsWrong { text: bad.to_string() })?;
        Ok(Site {
            desk,
            plan,
            wall,
            responses: ground.responses,
            begun: Begun::default(),
            work: Work::default(),
            untouched: None,
            outputs: 0,
            kept_bytes: 0,
            before: Vec::new(),
            ticked: Vec::new(),
            red: 0,
            finished: false,
            before_it: &[],
            notes: None,
            merge: None,
            answers: Vec::new(),
        })
    }

    /// Makes the site ready for work, once: what there was before is kept, checked and taken over.
    pub(super) async fn prepare(&mut self) -> Result<(), Ending> {
        if self.untouched.is_some() {
            return Ok(());
        }
        self.keep_base().await?;
        self.check_before().await?;
        self.take_over().await
    }

    /// The first step that is not done.
    pub(super) fn next_step(&self) -> Option<&'a PlanStep> {
        self.plan.steps.get(self.work.steps.len())
    }

    /// Takes what has changed since the last tick as the work of `step`.
    pub(super) async fn tick(&mut self, step: &str) -> Result<Said, Ending> {
        if let Err(said) = self.is_next(step) {
            return Ok(said);
        }
        let changes = match self.take().await? {
            Ok(changes) => changes,
            Err(said) => return Ok(said),
        };
        let own = difference(self.base(), self.taken(), &changes);
        let end = if own.is_empty() { StepEnd::Claimed } else { StepEnd::Done };
        let what = if own.is_empty() { "no change".to_owned() } else { named(own.keys()) };
        self.work.files = difference(self.base(), &[], &changes);
        self.ticked.clone_from(&changes);
        let verify = self.next_step().map_or("", |next| next.verify.as_str());
        let (proofs, red) = self.prove(verify, &changes).await?;
        self.work.steps.push(StepDone { id: step.to_owned(), end, own, changes, proofs });
        self.desk.journal.ticked(step, &self.work).await.map_err(Ending::Journal)?;
        Ok(Said::Done(format!("{step} is done: {what}{}; {}{red}", self.left_behind(), self.whats_next())))
    }

    /// Takes note of what is done otherwise than planned. What is not only to be written down ends the work, unless people
    /// have said meanwhile that it may go on.
    pub(super) async fn deviate(&mut self, deviation: Deviation, allowed: bool) -> Result<Said, Ending> {
        let Deviation { step, kind, what, why } = deviation;
        let deviation = Deviation { step, kind, what: one_text(&what, 1_000), why: one_text(&why, 1_000) };
        if !self.plan.steps.iter().any(|step| step.id == deviation.step) {
            return Ok(Said::Rejected("the plan has no such step".to_owned()));
        }
        if deviation.what.is_empty() || deviation.why.is_empty() || self.work.deviations.len() >= MAX_DEVIATIONS {
            return Ok(Said::Rejected("what or why is empty, or there are too many deviations".to_owned()));
        }
        let left_out = match kind {
            DeviationKind::NotNeeded => Some(StepEnd::NotNeeded),
            DeviationKind::NotPossible => Some(StepEnd::NotPossible),
            DeviationKind::Minor | DeviationKind::ExtraFile | DeviationKind::PlanIsWrong => None,
        };
        if left_out.is_some()
            && let Err(said) = self.is_next(&deviation.step)
        {
            return Ok(said);
        }
        match self.responses.to(kind) {
            Response::Record => {}
            Response::Ask if allowed => {}
            response @ (Response::Ask | Response::Stop) => {
                self.work.stopped_by = Some(deviation.clone());
                return Err(Ending::Deviates { deviation: Box::new(deviation), response });
            }
        }
        // Where people were asked, their word says what becomes of a step that is not possible.
        let left_out = left_out.filter(|end| *end == StepEnd::NotNeeded || !allowed);
        let id = deviation.step.clone();
        self.work.deviations.push(deviation);
        if let Some(end) = left_out {
            let (own, changes, proofs) = (BTreeMap::new(), self.taken().to_vec(), Vec::new());
            self.work.steps.push(StepDone { id: id.clone(), end, own, changes, proofs });
            self.desk.journal.ticked(&id, &self.work).await.map_err(Ending::Journal)?;
        }
        Ok(Said::Done(format!("recorded; {}", self.whats_next())))
    }

    /// Takes over what the work before has left, into a checkout in which nothing has run yet.
    pub(super) async fn take_over(&mut self) -> Result<(), Ending> {
        let Begun { steps, changes, deviations } = self.begun.clone();
        if changes.is_empty() && steps.is_empty() {
            return Ok(());
        }
        let checkout = self.desk.checkout.clone();
        let restored = tokio::task::spawn_blocking(move || checkout.restore(&changes)).await;
        restored.map_err(std::io::Error::other).flatten().map_err(|error| unavailable(&error))?;
        self.ticked = steps.last().map_or_else(Vec::new, |step| step.changes.clone());
        self.work.files = difference(self.base(), &[], &self.ticked);
        (self.work.steps, self.work.deviations) = (steps, deviations);
        for step in &self.work.steps {
            self.desk.journal.ticked(&step.id, &self.work).await.map_err(Ending::Journal)?;
        }
        Ok(())
    }

    /// Keeps what is in the checkout and in the scope when the work ends before it is finished.
    pub(super) async fn keep_begun(&mut self, ending: &Ending) {
        // Where the sandbox broke, or the work is another worker's, nothing is looked at any more.
        if matches!(ending, Ending::Sandbox(_) | Ending::Journal(_) | Ending::Forbidden { .. }) {
            return;
        }
        if let Ok(Ok(changes)) = self.take().await {
            self.work.begun = changes;
        }
    }

    /// Takes out of the checkout what may leave it, or says what has to be mended first.
    pub(super) async fn take(&mut self) -> Result<Result<Vec<Change>, Said>, Ending> {
        let checkout = self.desk.checkout.clone();
        let read = tokio::task::spawn_blocking(move || checkout.changes()).await;
        let changes = match read {
            Ok(Ok(changes)) => changes,
            Ok(Err(hostile @ Refused::Hostile { .. })) => {
                return Ok(Err(Said::Refused(format!("not taken: {hostile}; mend that first"))));
            }
            Ok(Err(unreadable @ Refused::Unreadable(_))) => {
                return Err(Ending::Forbidden { text: unreadable.to_string() });
            }
            Err(broken) => return Err(Ending::Forbidden { text: broken.to_string() }),
        };
        let (mut inside, mut left) = (Vec::new(), Vec::new());
        let given = |change: &Change| self.merge.is_some_and(|merge| merge.given.contains(change));
        for change in changes.into_iter().filter(|change| !given(change)) {
            match self.wall.may_change(&change.path) {
                Ok(()) => inside.push(change),
                Err(forbidden) => {
                    if !self.work.left.contains(&change.path) {
                        self.work.refusals.add("run", change.path.as_str(), &forbidden.to_string());
                    }
                    left.push(change.path);
                }
            }
        }
        left.truncate(MAX_LEFT);
        self.work.left = left;
        let (files, bytes) = amount(self.before_it, &inside);
        match self.wall.may_amount_to(files, bytes) {
            Ok(()) => Ok(Ok(inside)),
            Err(forbidden) => Ok(Err(Said::Refused(format!("not taken: {forbidden}")))),
        }
    }

    /// Puts what was changed after the last tick into the commit of the last step that was done.
    pub(super) fn settle(&mut self, changes: Vec<Change>) {
        let Some(last) = self.work.steps.iter().rposition(|step| step.end.is_ticked()) else { return };
        self.work.repairs = difference(self.base(), &self.ticked, &changes);
        self.work.files = difference(self.base(), &[], &changes);
        for step in &mut self.work.steps[last..] {
            step.changes.clone_from(&changes);
        }
    }

    /// Takes note of what was tried and refused.
    pub(super) fn note(&mut self, call: &ToolCall, said: &Said) {
        let (Said::Refused(rule) | Said::Rejected(rule)) = said else { return };
        let argument = match &call.arguments {
            Arguments::Json(value) => ["path", "command", "step"].iter().find_map(|name| value[name].as_str()),
            Arguments::Broken { .. } => None,
        };
        self.refused(&call.name, argument.unwrap_or_default(), rule);
    }

    pub(super) fn refused(&mut self, by: &str, what: &str, rule: &str) {
        let [by, what, rule] = [by, what, rule].map(|text| text::visible(text).text);
        self.work.refusals.add(&by, &what, &rule);
    }

    fn base(&self) -> &'a Base {
        self.desk.checkout.base()
    }

    /// Everything that was taken so far.
    pub(super) fn taken(&self) -> &[Change] {
        self.work.steps.last().map_or(&[], |step| &step.changes)
    }

    fn is_next(&self, step: &str) -> Result<(), Said> {
        match self.next_step() {
            Some(next) if next.id == step => Ok(()),
            _ if self.work.steps.iter().any(|done| done.id == step) => {
                Err(Said::Refused(format!("{step} is done already; {}", self.whats_next())))
            }
            _ => Err(Said::Refused(format!("that is not the next step; {}", self.whats_next()))),
        }
    }

    pub(super) fn whats_next(&self) -> String {
        self.next_step().map_or_else(|| "finish is next".to_owned(), |step| format!("{} is next", step.id))
    }

    fn left_behind(&self) -> String {
        if self.work.left.is_empty() {
            return String::new();
        }
        format!(" (outside the scope and not taken: {})", named(self.work.left.iter()))
    }
}

/// The files in which two states of the same base differ, and what happened to each from the one to the other.
fn difference(base: &Base, before: &[Change], after: &[Change]) -> BTreeMap<RepoPath, FileChange> {
    let by_path = |changes: &'_ [Change]| -> BTreeMap<RepoPath, ChangeKind> {
        changes.iter().map(|change| (change.path.clone(), change.change.clone())).collect()
    };
    let (before, after) = (by_path(before), by_path(after));
    let is_there = |state: &BTreeMap<RepoPath, ChangeKind>, path: &RepoPath| match state.get(path) {
        Some(ChangeKind::Put { .. }) => true,
        Some(ChangeKind::Delete) => false,
        None => base.files.contains_key(path),
    };
    let paths = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    let change = |path: &RepoPath| match (is_there(&before, path), is_there(&after, path)) {
        (false, true) => FileChange::Create,
        (true, true) => FileChange::Change,
        (_, false) => FileChange::Delete,
    };
    paths.map(|path| (path.clone(), change(path))).collect()
}

fn named<'a>(paths: impl ExactSizeIterator<Item = &'a RepoPath>) -> String {
    let more = paths.len() > MAX_NAMED;
    let mut names: Vec<&str> = paths.take(MAX_NAMED).map(RepoPath::as_str).collect();
    names.extend(more.then_some("…"));
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::FileMode;

    #[test]
    fn a_change_that_was_undone_counts_as_touched() {
        let put = |path: &str, text: &str| {
            let change = ChangeKind::Put { mode: FileMode::Regular, bytes: text.into() };
            path.parse().map(|path| Change { path, change })
        };
        let states: Result<Vec<Change>, _> =
            [put("a", "1"), put("b", "1"), put("b", "2"), put("c", "1")].into_iter().collect();
        let states = states.unwrap_or_default();

        let touched = difference(&Base::default(), &states[..2], &states[2..]);

        let touched: Vec<(&str, FileChange)> = touched.iter().map(|(path, change)| (path.as_str(), *change)).collect();
        assert_eq!(touched, [("a", FileChange::Delete), ("b", FileChange::Change), ("c", FileChange::Create)]);
    }
}
