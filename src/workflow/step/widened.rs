//! Where what people say of the work needs more than the approved plan: the next version is proposed while the work stays up
//! for review, and once it is approved the follow-up goes on inside it. Without an approval the work is as it was.

use super::Step;
use super::acts::{objections, with_act, with_voided};
use super::follow_up::{failed, put_back};
use super::in_review::over;
use super::publishing::as_shown;
use super::shared::{MAX_VERSIONS, end, with_note};
use crate::ids::CommitSha;
use crate::words::Words;
use crate::workflow::act::{ActKind, Place};
use crate::workflow::change::Around;
use crate::workflow::deviation::Deviation;
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::event::Event;
use crate::workflow::run::{
    Approved, Ask, CancelledBy, Ended, Fate, FollowUp, InReview, Note, Outcome, Planning, Publishing, ReviewStage,
    Shown, State, Thread, Trouble, Waiting,
};

/// A follow-up found that it needs another plan: that is written, and the work waits for it.
pub(super) fn propose(review: &InReview, deviation: &Deviation, note: &Note) -> Step {
    let ReviewStage::Working { stop: None, .. } = &review.stage else { return Step::Ignore };
    let shown = &review.approved.shown;
    let version = shown.subject.version.max(review.proposed) + 1;
    if version > MAX_VERSIONS {
        let why = Trouble::PlanIsWrong { text: deviation.what.clone() };
        return failed(review, &Outcome::NeedsNewPlan { why });
    }
    let kept = put_back(review);
    let acts = objections(&kept.approved.acts);
    let (requesters, rounds) = (shown.requesters.clone(), shown.rounds + 1);
    let before =
        Around { base_moved: false, automatic: 0, restored: false, kept: None, dropped: None, ..shown.around.clone() };
    let planning = Planning {
        version,
        ask: Ask::Revise { notes: vec![note.clone()] },
        shown: Some(shown.clone()),
        notes: vec![],
        acts,
        requesters,
        rounds,
        branch_moved: false,
        unasked: false,
        around: Around { review: Some(Box::new(kept)), ..before },
    };
    let words = Words::NeedsMore { version, deviation: Box::new(deviation.clone()) };
    let say = Effect::Say { words, place: Place::WorkPull, key: format!("needs-more-{version}") };
    Step::Move { to: State::Planning(planning), then: vec![Effect::WritePlan { version }, say, Effect::ShowStatus] }
}

/// The next version is approved: the follow-up goes on inside it, on the work as it is.
pub(super) fn approved(approved: Approved, review: &InReview) -> Step {
    let number = review.follow_ups + 1;
    let around = Around { review: None, ..approved.shown.around.clone() };
    let plan_pull = approved.shown.pull;
    let next = InReview {
        approved: Approved { shown: Shown { around, ..approved.shown.clone() }, hold: None, ..approved },
        notes: vec![],
        stage: ReviewStage::Working { follow_up: FollowUp { number, notes: review.notes.clone() }, stop: None },
        built: review.built(),
        earlier: review.follow_ups,
        follow_ups: number,
        begun: review.begun + 1,
        stopped: None,
        ..review.clone()
    };
    let close = Effect::ClosePlanPull { plan_pull, pull: Some(next.pull) };
    Step::Move { to: State::InReview(next), then: vec![Effect::FollowUp { number }, close, Effect::ShowStatus] }
}

/// What takes back an approval of the version that the work was built by, while another is being made: the state with that,
/// where there is such a version. What people object to meanwhile is the other one.
pub(super) fn recorded(state: &State, event: &Event) -> Option<State> {
    let review = state.around().and_then(|around| around.review.as_deref())?;
    let acts = if let Event::ActVoided { id, how } = event {
        with_voided(&review.approved.acts, *id, *how)?
    } else if let Event::Acted { act } = event
        && act.kind == ActKind::Withdraw
    {
        with_act(&review.approved.acts, act)?
    } else {
        return None;
    };
    let approved = Approved { acts, ..review.approved.clone() };
    with_review(state, &InReview { approved, ..review.clone() })
}

/// What bears on the work that is up for review while another version is being made; `None` where it is not about that.
pub(super) fn meanwhile(state: &State, event: &Event) -> Option<Step> {
    let review = state.around().and_then(|around| around.review.as_deref())?;
    let noted = |note: &Note| {
        let notes = with_note(&review.notes, note)?;
        let to = with_review(state, &InReview { notes, ..review.clone() })?;
        let seen = match note.thread {
            Thread::Line(comment) => Some(Effect::React { to: ReactTo::ReviewComment(comment) }),
            Thread::Summary(_) => None,
        };
        Some(Step::Move { to, then: seen.into_iter().collect() })
    };
    if let Event::WorkNoted { note } | Event::FixAsked { note: Some(note), .. } = event {
        return noted(note);
    }
    if let Event::WorkEnded { fate: fate @ (Fate::Merged { .. } | Fate::Closed { .. }) } = event {
        let pull = Some(review.pull);
        let close = state.shown().map(|shown| Effect::ClosePlanPull { plan_pull: shown.pull, pull });
        return Some(over(&wrote(review, state), fate, close.into_iter().collect()));
    }
    // Nobody tells us of anything any more.
    if matches!(event, Event::Cancelled { why: CancelledBy::Uninstalled, .. }) {
        let outcome = Outcome::Done { pull: review.pull, head: review.head.clone(), fate: Fate::Unknown };
        return Some(end(outcome, state.shown(), vec![]));
    }
    None
}

/// What would end the run ends the new version only: the work is up for review as it was, and what was said waits.
pub(super) fn called_off(before: &State, step: Step) -> Step {
    let review = before.around().and_then(|around| around.review.as_deref());
    match (step, review) {
        (Step::Move { to: State::Ended(Ended { outcome, .. }), then }, Some(review))
            if !matches!(outcome, Outcome::Done { .. }) =>
        {
            let review = wrote(review, before);
            let plan_pull = before.shown().map(|shown| shown.pull);
            let closing = |effect: &Effect| matches!(effect, Effect::ClosePlanPull { .. } | Effect::TidyUp);
            let mut effects: Vec<Effect> = then.into_iter().filter(|effect| !closing(effect)).collect();
            effects.extend(plan_pull.map(|plan_pull| Effect::ClosePlanPull { plan_pull, pull: Some(review.pull) }));
            let version = review.approved.shown.subject.version;
            let words = Words::NotWidened { version, outcome: Box::new(outcome) };
            let key = format!("not-widened-{}", review.begun);
            effects.push(Effect::Say { words, place: Place::WorkPull, key });
            Step::Move { to: State::InReview(review), then: effects }
        }
        (step, _) => step,
    }
}

/// The work with what we have written to the plan branch meanwhile.
fn wrote(review: &InReview, state: &State) -> InReview {
    let number = |version: u32| version.max(review.proposed);
    let shown = |shown: &Shown| (shown.subject.version, Some(shown.subject.commit.clone()));
    let (proposed, commit) = match state {
        State::Planning(planning) => (planning.version, planning.shown.as_ref().and_then(|now| shown(now).1)),
        State::AwaitingAnswer(awaiting) => (awaiting.version, awaiting.shown.as_ref().and_then(|now| shown(now).1)),
        State::Publishing(publishing) => {
            (publishing.version, as_shown(publishing).as_ref().and_then(|now| shown(now).1))
        }
        State::AwaitingApproval(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_)
        | State::Ended(_) => state.shown().map_or((0, None), shown),
    };
    let own = |commit: &CommitSha| *commit != review.approved.shown.subject.commit;
    let plan_head = commit.filter(own).or_else(|| review.plan_head.clone());
    InReview { proposed: number(proposed), plan_head, ..review.clone() }
}

/// The same state with the work as it is by now.
fn with_review(state: &State, review: &InReview) -> Option<State> {
    let around = |around: &Around| Around { review: Some(Box::new(review.clone())), ..around.clone() };
    let shown = |shown: &Shown| Shown { around: around(&shown.around), ..shown.clone() };
    Some(match state {
        State::Planning(planning) => State::Planning(Planning { around: around(&planning.around), ..planning.clone() }),
        State::AwaitingAnswer(awaiting) => {
            let mut awaiting = awaiting.clone();
            awaiting.around = around(&awaiting.around);
            State::AwaitingAnswer(awaiting)
        }
        State::Publishing(publishing) => {
            State::Publishing(Publishing { around: around(&publishing.around), ..publishing.clone() })
        }
        State::AwaitingApproval(waiting) => {
            State::AwaitingApproval(Waiting { shown: shown(&waiting.shown), ..waiting.clone() })
        }
        State::Starting(approved) => State::Starting(Approved { shown: shown(&approved.shown), ..approved.clone() }),
        State::Executing(_) | State::Resting(_) | State::Delivering(_) | State::InReview(_) | State::Ended(_) => {
            return None;
        }
    })
}
