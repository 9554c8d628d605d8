//! What follows when something changes around a run: the table of events by phase, one file for each of its sides.
//!
//! Before the approval a change makes a new version or ends the run; after it, nothing is decided for people: what was
//! approved is voided, or held until someone says so again.

mod early;
mod late;
mod waiting;

use super::Step;
use super::acts::objections;
use super::shared::end;
use crate::ids::{PullNumber, Timestamp};
use crate::words::Words;
use crate::workflow::act::{Act, Place, Voided};
use crate::workflow::approval::{BaseFact, Edit, Reason};
use crate::workflow::change::{Change, Input, InputEdit};
use crate::workflow::effect::Effect;
use crate::workflow::run::{Note, Outcome, Shown, State, Trouble, Waiting};

pub(super) use early::{while_asking, while_planning, while_publishing};
pub(super) use late::{before_the_start, while_delivering, while_executing, while_in_review, while_resting};
pub(super) use waiting::{shown_anew, while_waiting};

/// How many versions in a row are written without anyone asking for one.
const MOST_AUTOMATIC: u32 = 3;

/// Ends the run because its version can no longer be approved or built; its pull request goes with it.
pub(super) fn void(shown: Option<&Shown>, reason: Reason) -> Step {
    let merged = reason == Reason::PlanMerged;
    let close = shown.filter(|_| !merged).map(|shown| Effect::ClosePlanPull { plan_pull: shown.pull, pull: None });
    let outcome = Outcome::NeedsNewPlan { why: Trouble::Void { reason } };
    end(outcome, shown, close.into_iter().collect())
}

/// The version with a change of its input that approvals so far did not know of (rule E).
fn edited(shown: &Shown, acts: &[Act], edits: &[InputEdit]) -> Shown {
    let newest = edits.iter().max_by_key(|edit| edit.at);
    let Some(newest) = newest else { return shown.clone() };
    // GitHub does not say when a comment was deleted; whoever had approved by now did not know of it.
    let deleted = edits.iter().any(|edit| edit.text.is_none());
    let known = acts.iter().map(|act| act.at).max().filter(|_| deleted);
    let before = shown.edited.as_ref().map(|edit| edit.at);
    let at = [Some(newest.at), known, before].into_iter().flatten().max().unwrap_or(newest.at);
    Shown {
        edited: Some(Edit { by: newest.by.clone(), at }),
        around: shown.around.clone().with_edits(edits),
        ..shown.clone()
    }
}

/// Asks in public what is to become of a version whose input was changed.
fn ask(shown: &Shown, edits: &[InputEdit]) -> Effect {
    let at = edits.iter().map(|edit| edit.at.0).max().unwrap_or_default();
    let words = Words::InputChanged {
        who: edits.last().and_then(|edit| edit.by.clone()),
        inputs: inputs(edits.iter().map(|edit| edit.what)),
        version: shown.subject.version,
        digest: shown.subject.digest.clone(),
    };
    Effect::Say { words, place: Place::Issue, key: format!("input-{}-{at}", shown.subject.version) }
}

/// Takes the approvals so far back, because the plan pull request was merged after them (D50).
fn without_approvals(acts: &[Act]) -> Vec<Act> {
    let mut acts = acts.to_vec();
    for act in acts.iter_mut().filter(|act| act.kind.approves() && act.voided.is_none()) {
        act.voided = Some(Voided::PlanMerged);
    }
    acts
}

/// Has the version approved anew: it may have been built already, and whoever took an approval back since is not known
/// (F21). Objections stay.
fn restored(shown: &Shown, acts: &[Act], notes: &[Note], at: Timestamp) -> Step {
    let mut shown = shown.clone();
    // What people did before counts no more than what they did before the version was posted.
    shown.subject.published_at = shown.subject.published_at.max(at);
    let (version, digest) = (shown.subject.version, shown.subject.digest.clone());
    let words = Words::Restored { version, digest };
    let say = Effect::Say { words, place: Place::Issue, key: format!("restored-{}", at.0) };
    let waiting = Waiting { shown, acts: objections(acts), notes: notes.to_vec(), missing: vec![], hold: None };
    Step::Move { to: State::AwaitingApproval(waiting), then: vec![say, Effect::ShowStatus] }
}

/// Explains what merging a plan did.
fn merged(shown: &Shown, by: Option<&crate::ids::Person>) -> Effect {
    let words = Words::PlanPullMerged {
        who: by.cloned(),
        version: shown.subject.version,
        digest: shown.subject.digest.clone(),
    };
    Effect::Say { words, place: Place::PlanPull, key: format!("merged-{}", shown.subject.version) }
}

/// Tells on the work's pull request what changed after it was opened; decided is it there.
fn notice(pull: PullNumber, change: &Change) -> Step {
    let key = match change {
        Change::Input { edits } => key(edits.iter().map(|edit| edit.what)),
        Change::InputByOutsider { .. }
        | Change::PlanPullRetargeted
        | Change::PlanPullMerged { .. }
        | Change::BaseMoved
        | Change::BaseRenamed { .. }
        | Change::Outdated
        | Change::Parked
        | Change::Unparked
        | Change::Restored { .. }
        | Change::ReminderDue { .. }
        | Change::BaseSeen { base: BaseFact::Contains { .. } | BaseFact::Unknown }
        | Change::TimeUp { .. } => return Step::Ignore,
        Change::BaseSeen { base: BaseFact::Gone } => "base".to_owned(),
        Change::IssueGone => "issue-gone".to_owned(),
        Change::IssueClosed => "issue-closed".to_owned(),
        Change::MadePublic => "public".to_owned(),
    };
    let words = Words::ChangedAfter { change: change.clone() };
    Step::Stay { then: vec![Effect::SayOnPull { words, pull, key: format!("after-{key}") }] }
}

fn key(inputs: impl Iterator<Item = Input>) -> String {
    let name = |input| match input {
        Input::Title => "title".to_owned(),
        Input::Body => "body".to_owned(),
        Input::Comment(id) => format!("comment-{id}"),
    };
    inputs.map(name).collect::<Vec<_>>().join("-")
}

fn inputs(all: impl Iterator<Item = Input>) -> Vec<Input> {
    let mut all: Vec<Input> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}
