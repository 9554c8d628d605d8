//! After the approval: what was approved is voided or held, never replaced; after the push there are only notices.

use super::{ask, edited, merged, notice, restored, void, without_approvals};
use crate::words::Words;
use crate::workflow::approval::{BaseFact, Gate, Reason};
use crate::workflow::change::Change;
use crate::workflow::effect::Effect;
use crate::workflow::run::{Approved, DeliverStage, Delivering, Executing, InReview, Resting, Shown, State, Waiting};
use crate::workflow::step::Step;
use crate::workflow::step::shared::tidying;

/// What a change after the approval comes to.
#[expect(clippy::large_enum_variant, reason = "one is made and taken apart at once; none is ever kept")]
enum Late {
    /// The version is as it was, with something to show or to ask; the last gate decides.
    Held(Approved, Vec<Effect>),
    /// Only the status tells of it.
    Told(Approved),
    /// The version can no longer be built.
    Void(Reason),
    /// It can no longer be built, and what is being built stops at once.
    VoidNow(Reason),
    /// Nothing more is done before it is approved anew.
    Anew(Step),
    Nothing,
}

pub(in crate::workflow::step) fn before_the_start(approved: &Approved, change: &Change) -> Step {
    match late(approved, change) {
        // Held before the start: people are asked at the first gate.
        Late::Held(Approved { shown, acts, hold, .. }, then) => {
            let judge = Effect::Judge { gate: Gate::Act, because: None };
            let waiting = Waiting { shown, acts, notes: vec![], missing: vec![], hold };
            Step::Move { to: State::AwaitingApproval(waiting), then: then.into_iter().chain([judge]).collect() }
        }
        Late::Told(approved) => Step::Move { to: State::Starting(approved), then: vec![Effect::ShowStatus] },
        Late::Void(reason) | Late::VoidNow(reason) => void(Some(&approved.shown), reason),
        Late::Anew(step) => step,
        // What is loaded stays; what has not begun would begin with another model.
        Late::Nothing if *change == Change::Outdated => void(Some(&approved.shown), Reason::Outdated),
        Late::Nothing => Step::Ignore,
    }
}

pub(in crate::workflow::step) fn while_executing(executing: &Executing, change: &Change) -> Step {
    let to = |executing| State::Executing(executing);
    let approved = &executing.approved;
    let version = approved.shown.subject.version;
    match late(approved, change) {
        Late::Held(approved, mut then) => {
            then.push(Effect::ShowStatus);
            Step::Move { to: to(Executing { approved, ..executing.clone() }), then }
        }
        Late::Told(approved) => {
            Step::Move { to: to(Executing { approved, ..executing.clone() }), then: vec![Effect::ShowStatus] }
        }
        // The work so far is kept, for those who want to look at it.
        Late::Void(reason) => {
            let void = approved.void.clone().or(Some(reason));
            let approved = Approved { void, ..approved.clone() };
            Step::Move { to: to(Executing { approved, ..executing.clone() }), then: vec![] }
        }
        Late::VoidNow(reason) => void(Some(&approved.shown), reason),
        Late::Anew(step) => step,
        Late::Nothing => match change {
            // What is at work stops; taken up again, it looks first whether it may go on.
            Change::Parked if !executing.parked => Step::Move {
                to: to(Executing { parked: true, ..executing.clone() }),
                then: vec![Effect::Execute { version }, Effect::ShowStatus],
            },
            Change::Unparked if executing.parked => {
                Step::Move { to: to(Executing { parked: false, ..executing.clone() }), then: vec![Effect::ShowStatus] }
            }
            Change::Input { .. }
            | Change::InputByOutsider { .. }
            | Change::PlanPullRetargeted
            | Change::PlanPullMerged { .. }
            | Change::BaseMoved
            | Change::BaseSeen { .. }
            | Change::BaseRenamed { .. }
            | Change::IssueGone
            | Change::IssueClosed
            | Change::MadePublic
            | Change::Restored { .. }
            | Change::Outdated
            | Change::Parked
            | Change::Unparked
            | Change::ReminderDue { .. }
            | Change::TimeUp { .. } => Step::Ignore,
        },
    }
}

/// Nothing is under way: what spends the version ends the run, and the rest is judged when the work goes on.
pub(in crate::workflow::step) fn while_resting(resting: &Resting, change: &Change) -> Step {
    let to = |approved| State::Resting(Resting { approved, ..resting.clone() });
    let shown = Some(&resting.approved.shown);
    match late(&resting.approved, change) {
        Late::Held(approved, mut then) => {
            then.push(Effect::ShowStatus);
            Step::Move { to: to(approved), then }
        }
        Late::Told(approved) => Step::Move { to: to(approved), then: vec![Effect::ShowStatus] },
        Late::Void(reason) | Late::VoidNow(reason) => void(shown, reason),
        Late::Anew(step) => step,
        // It would go on with another model, or be told otherwise what to do.
        Late::Nothing if *change == Change::Outdated => void(shown, Reason::Outdated),
        Late::Nothing => Step::Ignore,
    }
}

pub(in crate::workflow::step) fn while_delivering(delivering: &Delivering, change: &Change) -> Step {
    match &delivering.stage {
        DeliverStage::Judging { .. } | DeliverStage::Pushing => {}
        DeliverStage::Opening { .. } => return Step::Ignore,
        DeliverStage::Closing { pull, .. } => return notice(*pull, change),
    }
    match late(&delivering.approved, change) {
        // Also when the push was about to be made: it is judged with what is known now.
        Late::Held(approved, mut then) => {
            then.push(Effect::Judge { gate: Gate::Push, because: None });
            let stage = DeliverStage::Judging { missing: vec![] };
            Step::Move { to: State::Delivering(Delivering { approved, stage }), then }
        }
        Late::Told(approved) => {
            let to = State::Delivering(Delivering { approved, ..delivering.clone() });
            Step::Move { to, then: vec![Effect::ShowStatus] }
        }
        Late::Void(reason) | Late::VoidNow(reason) => tidying(void(Some(&delivering.approved.shown), reason)),
        Late::Anew(step) => step,
        Late::Nothing => Step::Ignore,
    }
}

pub(in crate::workflow::step) fn while_in_review(review: &InReview, change: &Change) -> Step {
    if *change == Change::BaseMoved {
        return Step::Stay { then: vec![Effect::LookAtBase] };
    }
    // Once for each state of the work: `/update` mends it, and whatever else conflicts until then is mended by that, too.
    if let Change::BaseSeen { base: BaseFact::Contains { overlap } } = change
        && !overlap.is_empty()
    {
        let words = Words::ChangedAfter { change: change.clone() };
        let key = format!("after-conflict-{}", review.head);
        return Step::Stay { then: vec![Effect::SayOnPull { words, pull: review.pull, key }] };
    }
    // What was approved since the copy was made is not known, and nothing more is built on it.
    if matches!(change, Change::Restored { .. }) && review.approved.void.is_none() {
        let approved = Approved { void: Some(Reason::Restored), ..review.approved.clone() };
        return Step::Move { to: State::InReview(InReview { approved, ..review.clone() }), then: vec![] };
    }
    notice(review.pull, change)
}

fn late(approved: &Approved, change: &Change) -> Late {
    let with = |shown: Shown| Approved { shown, ..approved.clone() };
    match change {
        Change::Input { edits } => {
            let shown = edited(&approved.shown, &approved.acts, edits);
            let question = ask(&shown, edits);
            Late::Held(with(shown), vec![question])
        }
        Change::InputByOutsider { notices } => {
            let around = approved.shown.around.clone().with_notices(notices);
            Late::Told(with(Shown { around, ..approved.shown.clone() }))
        }
        Change::PlanPullMerged { by } => {
            let acts = without_approvals(&approved.acts);
            Late::Held(Approved { acts, ..approved.clone() }, vec![merged(&approved.shown, by.as_ref())])
        }
        Change::PlanPullRetargeted => Late::Void(Reason::Retargeted),
        Change::BaseRenamed { to } => Late::Void(Reason::BaseRenamed { to: to.clone() }),
        Change::IssueGone => Late::Void(Reason::IssueGone),
        Change::MadePublic => Late::VoidNow(Reason::MadePublic),
        Change::Restored { at, intact: true } => Late::Anew(restored(&approved.shown, &approved.acts, &[], *at)),
        Change::Restored { intact: false, .. } => Late::VoidNow(Reason::Restored),
        // Whether the base still holds the plan is asked at both gates.
        Change::BaseMoved
        | Change::BaseSeen { base: BaseFact::Contains { .. } | BaseFact::Gone | BaseFact::Unknown }
        | Change::IssueClosed
        | Change::Outdated
        | Change::Parked
        | Change::Unparked
        | Change::ReminderDue { .. }
        | Change::TimeUp { .. } => Late::Nothing,
    }
}
