//! Before a version is up for approval: what changed is taken up when it is posted, or ends the run.

use super::void;
use crate::workflow::approval::{BaseFact, Reason};
use crate::workflow::change::{Around, Change, Stale};
use crate::workflow::effect::Effect;
use crate::workflow::run::{Ask, AwaitingAnswer, Planning, Publishing, Shown, State};
use crate::workflow::step::Step;
use crate::workflow::step::shared::{tidying, with_person};

/// What a change before the approval comes to.
enum Early {
    /// It is remembered.
    Around(Around),
    /// The run ends by it.
    Ends(Reason),
    Nothing,
}

pub(in crate::workflow::step) fn while_planning(planning: &Planning, change: &Change) -> Step {
    match early(&planning.around, change) {
        Early::Around(around) => {
            Step::Move { to: State::Planning(Planning { around, ..planning.clone() }), then: vec![] }
        }
        Early::Ends(reason) => void(planning.shown.as_ref(), reason),
        Early::Nothing => Step::Ignore,
    }
}

pub(in crate::workflow::step) fn while_publishing(publishing: &Publishing, change: &Change) -> Step {
    match early(&publishing.around, change) {
        Early::Around(around) => {
            Step::Move { to: State::Publishing(Publishing { around, ..publishing.clone() }), then: vec![] }
        }
        Early::Ends(reason) => {
            let shown: Option<Shown> = super::super::publishing::as_shown(publishing);
            let step = void(shown.as_ref(), reason);
            if shown.is_some() { step } else { tidying(step) }
        }
        Early::Nothing => Step::Ignore,
    }
}

/// While questions are open, a change of the issue by someone who may is an answer.
pub(in crate::workflow::step) fn while_asking(awaiting: &AwaitingAnswer, change: &Change) -> Step {
    if let Change::Input { edits } = change {
        let asked = edits.iter().filter_map(|edit| edit.by.as_ref());
        let planning = Planning {
            version: awaiting.version,
            ask: Ask::Anew { why: Stale::Input { edits: edits.clone() } },
            shown: awaiting.shown.clone(),
            notes: vec![],
            acts: awaiting.acts.clone(),
            requesters: asked.fold(awaiting.requesters.clone(), |people, person| with_person(&people, person)),
            around: awaiting.around.clone(),
            rounds: 0,
            branch_moved: true,
            unasked: false,
        };
        let then = vec![Effect::WritePlan { version: awaiting.version }, Effect::ShowStatus];
        return Step::Move { to: State::Planning(planning), then };
    }
    match early(&awaiting.around, change) {
        Early::Around(around) => {
            Step::Move { to: State::AwaitingAnswer(AwaitingAnswer { around, ..awaiting.clone() }), then: vec![] }
        }
        Early::Ends(reason) => void(awaiting.shown.as_ref(), reason),
        Early::Nothing => Step::Ignore,
    }
}

fn early(around: &Around, change: &Change) -> Early {
    match change {
        Change::Input { edits } => Early::Around(around.clone().with_edits(edits)),
        Change::InputByOutsider { notices } => Early::Around(around.clone().with_notices(notices)),
        Change::BaseMoved => Early::Around(Around { base_moved: true, ..around.clone() }),
        Change::PlanPullRetargeted => Early::Ends(Reason::Retargeted),
        Change::PlanPullMerged { .. } => Early::Ends(Reason::PlanMerged),
        Change::BaseRenamed { to } => Early::Ends(Reason::BaseRenamed { to: to.clone() }),
        Change::IssueGone => Early::Ends(Reason::IssueGone),
        Change::MadePublic => Early::Ends(Reason::MadePublic),
        // Later versions may have been published, and nothing that was approved is lost by ending here.
        Change::Restored { .. } => Early::Ends(Reason::Restored),
        Change::BaseSeen { base: BaseFact::Contains { .. } | BaseFact::Gone | BaseFact::Unknown }
        | Change::IssueClosed
        | Change::Outdated
        | Change::Parked
        | Change::Unparked
        | Change::ReminderDue { .. }
        | Change::TimeUp { .. } => Early::Nothing,
    }
}
