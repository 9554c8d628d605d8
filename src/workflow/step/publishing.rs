//! While a version is being posted.

use super::acts::{objections, with_act, with_voided};
use super::shared::{
    adopt, and_then, answer, cancel, end, guidance_as_note, mark, nothing_to_approve, republish, split, tidying,
    with_note, without_note,
};
use super::{Step, changed};
use crate::ids::{CommitSha, PullNumber, Timestamp};
use crate::workflow::approval::{Gate, Subject};
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::event::Event;
use crate::workflow::run::{
    Ended, Finished, Outcome, PublishStage, Publishing, Shown, State, Thread, Trouble, Waiting,
};

pub(super) fn step(publishing: &Publishing, event: &Event) -> Step {
    let stay = |next: Option<Publishing>| {
        next.map_or(Step::Ignore, |next| Step::Move { to: State::Publishing(next), then: vec![] })
    };
    match (event, &publishing.stage) {
        (Event::PlanCommitted { version, commit }, PublishStage::Committing) if *version == publishing.version => {
            committed(publishing, commit)
        }
        (Event::PlanPullOpened { pull, at }, PublishStage::Opening { commit }) => {
            posting(publishing, commit, *pull, *at)
        }
        (Event::PlanPosted { version, at }, PublishStage::Posting { commit, pull, at: opened })
            if *version == publishing.version =>
        {
            posted(publishing, commit, *pull, (*at).max(*opened))
        }
        (Event::PlanBranchMoved { .. }, PublishStage::Opening { .. } | PublishStage::Posting { .. }) => {
            stay(Some(Publishing { branch_moved: true, ..publishing.clone() }))
        }
        (Event::Noted { note }, _) => {
            stay(with_note(&publishing.notes, note).map(|notes| Publishing { notes, ..publishing.clone() }))
        }
        (Event::PlanAsked { by, guidance: Some(guidance), place, .. }, _) => {
            let note = guidance_as_note(by, guidance, *place, publishing.notes.len());
            stay(with_note(&publishing.notes, &note).map(|notes| Publishing { notes, ..publishing.clone() }))
        }
        // While the comment is being posted, people may see it before we know that it stands there: judged once we do.
        (Event::Acted { act }, PublishStage::Committing | PublishStage::Opening { .. }) if act.kind.approves() => {
            nothing_to_approve(act, "publishing")
        }
        (Event::Acted { act }, _) => {
            stay(with_act(&publishing.acts, act).map(|acts| Publishing { acts, ..publishing.clone() }))
        }
        (Event::ActVoided { id, how }, _) => {
            stay(with_voided(&publishing.acts, *id, *how).map(|acts| Publishing { acts, ..publishing.clone() }))
        }
        (Event::PlanOffered { offer }, _) => {
            stay(Some(Publishing { offered: Some(offer.clone()), ..publishing.clone() }))
        }
        (Event::PlanRefused { by, head, faults }, PublishStage::Committing) => {
            and_then(Step::Ignore, mark(head, by, faults))
        }
        (Event::PlanRefused { by, head, faults }, PublishStage::Opening { .. } | PublishStage::Posting { .. }) => {
            and_then(stay(Some(Publishing { branch_moved: true, ..publishing.clone() })), mark(head, by, faults))
        }
        (Event::NoteWithdrawn { id }, _) => {
            stay(without_note(&publishing.notes, id).map(|notes| Publishing { notes, ..publishing.clone() }))
        }
        (Event::Cancelled { by, why }, _) => {
            let shown = as_shown(publishing);
            unless_public(shown.as_ref(), cancel(by.as_ref(), *why, shown.as_ref()))
        }
        (Event::Stopped { outcome }, _) => {
            let shown = as_shown(publishing);
            unless_public(shown.as_ref(), unpublished(publishing, end(outcome.clone(), shown.as_ref(), vec![])))
        }
        (Event::Answered { words, place, key }, _) => answer(words, *place, key),
        (Event::SplitAsked { .. }, _) => split(event),
        (Event::Changed { change }, _) => changed::while_publishing(publishing, change),
        (
            Event::Opened { .. }
            | Event::PlanWritten { .. }
            | Event::QuestionsAsked { .. }
            | Event::PlanCommitted { .. }
            | Event::PlanPullOpened { .. }
            | Event::PlanPosted { .. }
            | Event::BurstEnded { .. }
            | Event::PlanAsked { guidance: None, .. }
            | Event::Judged { .. }
            | Event::PlanBranchMoved { .. }
            | Event::StepTicked { .. }
            | Event::StopAsked { .. }
            | Event::Rested
            | Event::Deviated { .. }
            | Event::OutOfBudget { .. }
            | Event::RaiseAsked { .. }
            | Event::BudgetRaised { .. }
            | Event::ResumeAsked { .. }
            | Event::Executed
            | Event::JudgementAged
            | Event::Pushed { .. }
            | Event::PullOpened { .. }
            | Event::PlanPullClosed
            | Event::WorkNoted { .. }
            | Event::FixAsked { .. }
            | Event::ChecksRed { .. }
            | Event::FollowedUp { .. }
            | Event::WorkEnded { .. }
            | Event::LeftBehind { .. }
            | Event::BatchEnded { .. }
            | Event::PlanKept { .. },
            _,
        ) => Step::Ignore,
    }
}

fn committed(publishing: &Publishing, commit: &CommitSha) -> Step {
    match &publishing.shown {
        Some(shown) => posting(publishing, commit, shown.pull, Timestamp(0)),
        None => Step::Move {
            to: State::Publishing(Publishing {
                stage: PublishStage::Opening { commit: commit.clone() },
                ..publishing.clone()
            }),
            then: vec![Effect::OpenPlanPull { version: publishing.version }],
        },
    }
}

fn posting(publishing: &Publishing, commit: &CommitSha, pull: PullNumber, at: Timestamp) -> Step {
    let stage = PublishStage::Posting { commit: commit.clone(), pull, at };
    Step::Move {
        to: State::Publishing(Publishing { stage, ..publishing.clone() }),
        then: vec![Effect::PostPlan { version: publishing.version }],
    }
}

fn posted(publishing: &Publishing, commit: &CommitSha, pull: PullNumber, at: Timestamp) -> Step {
    let shown = shown(publishing, commit, pull, at);
    // Notes that do not hang on a line are answered by the version's summary.
    let on_lines = publishing.answering.iter().filter(|note| matches!(note.thread, Thread::Line(_)));
    let answers = on_lines.map(|note| Effect::AnswerNote { version: publishing.version, note: Box::new(note.clone()) });
    let acts = publishing.acts.clone();
    let again = match &publishing.offered {
        Some(offer) => Some(adopt(&shown, offer, &objections(&acts), &publishing.notes)),
        None => publishing.branch_moved.then(|| republish(&shown, &acts, &publishing.notes)),
    };
    if let Some(again) = again {
        return match again {
            Step::Move { to, then } => Step::Move { to, then: answers.chain(then).collect() },
            other @ (Step::Stay { .. } | Step::Ignore) => other,
        };
    }
    let mut then: Vec<Effect> = std::iter::once(Effect::ShowStatus).chain(answers).collect();
    let approving = publishing.acts.iter().filter(|act| act.kind.approves());
    then.extend(approving.map(|act| Effect::Judge { gate: Gate::Act, because: Some(act.id) }));
    if !publishing.notes.is_empty() {
        then.push(Effect::EndBurst { notes: publishing.notes.len() });
    }
    let waiting = Waiting { shown, acts, notes: publishing.notes.clone(), missing: vec![], hold: None };
    changed::shown_anew(waiting, then)
}

fn shown(publishing: &Publishing, commit: &CommitSha, pull: PullNumber, at: Timestamp) -> Shown {
    let earlier = publishing.shown.as_ref().map_or_else(Vec::new, |before| {
        before.subject.earlier.iter().chain([&before.subject.digest]).cloned().collect()
    });
    Shown {
        subject: Subject {
            version: publishing.version,
            digest: publishing.digest.clone(),
            commit: commit.clone(),
            published_at: at,
            earlier,
            requesters: publishing.requesters.iter().map(|person| person.id).collect(),
        },
        base: publishing.base.clone(),
        rules: publishing.rules.clone(),
        edited: None,
        retry: None,
        pull,
        requesters: publishing.requesters.clone(),
        rounds: publishing.rounds,
        raised: 0,
        guidance: vec![],
        around: publishing.around.clone(),
    }
}

/// A version that only GitHub was not there to take is kept for a retry.
fn unpublished(publishing: &Publishing, step: Step) -> Step {
    match step {
        Step::Move { to: State::Ended(ended), then } if is_away(&ended.outcome) => {
            let unpublished = Some(Box::new(publishing.clone()));
            Step::Move { to: State::Ended(Ended { unpublished, ..ended }), then }
        }
        other @ (Step::Move { .. } | Step::Stay { .. } | Step::Ignore) => other,
    }
}

fn is_away(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { why: Trouble::GithubAway { finished: Finished::Plan, .. } })
}

/// How a run begins that brings people the version which an `ended` one could not (`/retry`): it goes on where that one
/// stopped, or from the beginning where nobody knows what of the first version came to stand on GitHub.
#[must_use]
pub fn begin_publishing(ended: &Ended, unpublished: &Publishing, seen: ReactTo) -> (State, Vec<Effect>) {
    let version = unpublished.version;
    let (stage, effect) = match &unpublished.stage {
        posting @ PublishStage::Posting { .. } => (posting.clone(), Effect::PostPlan { version }),
        PublishStage::Committing | PublishStage::Opening { .. } => {
            (PublishStage::Committing, Effect::CommitPlan { version })
        }
    };
    // What was shown before may have been moved meanwhile; the first version is begun anew, on another branch.
    let begins = unpublished.shown.is_none() && stage == PublishStage::Committing;
    let branch_moved = !begins && (unpublished.branch_moved || ended.void.is_some());
    let publishing = Publishing { stage, acts: objections(&ended.acts), branch_moved, ..unpublished.clone() };
    (State::Publishing(publishing), vec![Effect::React { to: seen }, Effect::ShowStatus, effect])
}

/// Branch and pull request of the first version may just be being made.
fn unless_public(shown: Option<&Shown>, step: Step) -> Step {
    if shown.is_some() { step } else { tidying(step) }
}

/// What is there to be cleaned up when the run ends half-way: the pull request of this version or of the one before.
pub(super) fn as_shown(publishing: &Publishing) -> Option<Shown> {
    match &publishing.stage {
        PublishStage::Posting { commit, pull, at } => Some(shown(publishing, commit, *pull, *at)),
        PublishStage::Committing | PublishStage::Opening { .. } => publishing.shown.clone(),
    }
}
