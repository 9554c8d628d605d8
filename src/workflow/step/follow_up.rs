//! What people say of the work leads to follow-ups: one for a burst of notes, inside what was approved, a few in a row.
//!
//! The approval is judged before each begins and before it is pushed, as for the first delivery. Nothing here makes a plan:
//! what needs more than the approved one is said, and people decide.

use super::Step;
use super::acts::worth_keeping;
use super::shared::{with_note, without_note};
use crate::ids::{CommitSha, Digest};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::{BaseFact, BranchFact, Facts, Gate, Reason, Verdict, judge};
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::hold::{Hold, Next};
use crate::workflow::run::{
    Approved, FollowUp, InReview, Note, Outcome, Reply, ReviewStage, State, Stop, Thread, Trouble,
};

/// Something was said of the work: the burst has to end before it is taken up. After so many follow-ups in a row it waits
/// until a person asks.
pub(super) fn noted(rounds: u32, review: &InReview, note: &Note) -> Step {
    let Some(notes) = with_note(&review.notes, note) else { return Step::Ignore };
    let mut then = vec![];
    if let Thread::Line(comment) = note.thread {
        then.push(Effect::React { to: ReactTo::ReviewComment(comment) });
    }
    let next = InReview { notes, ..review.clone() };
    if next.rounds >= rounds {
        let words = Words::FollowUpsOver { rounds };
        then.push(say(words, format!("follow-ups-over-{}", next.follow_ups)));
        then.push(Effect::ShowStatus);
    } else if next.stage == ReviewStage::Open {
        then.push(Effect::EndBurst { notes: next.notes.len() });
    }
    Step::Move { to: State::InReview(next), then }
}

/// A person asks by a command: all that was said is taken up at once, and the count begins anew.
pub(super) fn asked(review: &InReview, note: Option<&Note>) -> Step {
    let notes = match note {
        Some(note) => with_note(&review.notes, note),
        None => Some(review.notes.clone()).filter(|notes| !notes.is_empty()),
    };
    let Some(notes) = notes else { return Step::Ignore };
    let next = InReview { notes, rounds: 0, ci_fixes: 0, ..review.clone() };
    match next.stage {
        ReviewStage::Open => begin(next),
        ReviewStage::Starting { .. }
        | ReviewStage::Working { .. }
        | ReviewStage::Judging { .. }
        | ReviewStage::Pushing { .. } => Step::Move { to: State::InReview(next), then: vec![] },
    }
}

/// Checks of others are red on what we wrote last: that is mended a few times in a row, each commit once.
pub(super) fn checks_red(most: u32, review: &InReview, head: &CommitSha, red: &[Note]) -> Step {
    let known = review.head != *head || review.red.as_ref() == Some(head);
    if known || review.stage != ReviewStage::Open || red.is_empty() {
        return Step::Ignore;
    }
    let notes = [review.notes.clone(), red.to_vec()].concat();
    let next = InReview { notes, red: Some(head.clone()), ..review.clone() };
    if review.ci_fixes < most {
        return begin(InReview { ci_fixes: next.ci_fixes + 1, ..next });
    }
    let words = Words::ChecksStayRed { checks: red.len() };
    let then = vec![say(words, format!("red-{}", head.short())), Effect::ShowStatus];
    Step::Move { to: State::InReview(next), then }
}

/// A note was deleted before it was taken up.
pub(super) fn withdrawn(review: &InReview, id: &str) -> Step {
    let Some(notes) = without_note(&review.notes, id) else { return Step::Ignore };
    Step::Move { to: State::InReview(InReview { notes, ..review.clone() }), then: vec![Effect::ShowStatus] }
}

pub(super) fn burst_ended(rounds: u32, review: &InReview, notes: usize) -> Step {
    if review.notes.len() == notes { by_itself(rounds, review) } else { Step::Ignore }
}

/// All that a review says is noted.
pub(super) fn batch_ended(rounds: u32, review: &InReview, id: i64) -> Step {
    let of_it = review.notes.iter().any(|note| note.review == Some(id));
    if of_it { by_itself(rounds, review) } else { Step::Ignore }
}

fn by_itself(rounds: u32, review: &InReview) -> Step {
    if review.stage != ReviewStage::Open || review.notes.is_empty() || review.rounds >= rounds {
        return Step::Ignore;
    }
    begin(InReview { rounds: review.rounds + 1, ..review.clone() })
}

/// Takes all notes up in one follow-up, as soon as the approval is judged. One that was stopped goes on where it was, if
/// nothing was said since; what was paid for it is not paid again.
fn begin(review: InReview) -> Step {
    let same = review.stopped.as_ref().filter(|stopped| stopped.notes == review.notes);
    let number = same.map_or(review.follow_ups + 1, |stopped| stopped.number);
    let follow_up = FollowUp { number, notes: review.notes };
    let next = InReview {
        approved: Approved { hold: None, ..review.approved },
        notes: vec![],
        stage: ReviewStage::Starting { follow_up },
        follow_ups: review.follow_ups.max(number),
        begun: review.begun + 1,
        stopped: None,
        ..review
    };
    let then = vec![Effect::Judge { gate: Gate::Push, because: None }, Effect::ShowStatus];
    Step::Move { to: State::InReview(next), then }
}

pub(super) fn judged(review: &InReview, facts: &Facts) -> Step {
    let approved = &review.approved;
    let Some(follow_up) = review.stage.follow_up().filter(|_| review.stage.is_judged()) else { return Step::Ignore };
    if let Some(reason) = &approved.void {
        return refused(review, vec![reason.clone()], None);
    }
    let acts = worth_keeping(&approved.acts, facts);
    let facts = up_for_review(facts, review);
    let to = |approved, stage| State::InReview(InReview { approved, stage, ..review.clone() });
    match judge(approved.shown.case(&approved.acts), &facts, Gate::Push) {
        Verdict::Approved { by, by_requester } => {
            let approved = Approved { acts, by, by_requester, hold: None, ..approved.clone() };
            let (number, follow_up) = (follow_up.number, follow_up.clone());
            match &review.stage {
                ReviewStage::Judging { replies, .. } => {
                    let stage = ReviewStage::Pushing { follow_up, replies: replies.clone() };
                    Step::Move { to: to(approved, stage), then: vec![Effect::PushMore { number }] }
                }
                ReviewStage::Open
                | ReviewStage::Starting { .. }
                | ReviewStage::Working { .. }
                | ReviewStage::Pushing { .. } => {
                    let stage = ReviewStage::Working { follow_up, stop: None };
                    let then = vec![Effect::FollowUp { number }, Effect::ShowStatus];
                    Step::Move { to: to(approved, stage), then }
                }
            }
        }
        Verdict::Waiting(missing) => {
            let vetoed = missing.iter().any(|reason| matches!(reason, Reason::Vetoed { .. }));
            let digest = (!vetoed).then(|| approved.shown.subject.digest.clone());
            let approved = Approved { acts, ..approved.clone() };
            refused(&InReview { approved, ..review.clone() }, missing, digest)
        }
        Verdict::Hold(missing) => match Hold::next(approved.hold, Gate::Push, facts.now) {
            Next::Ask(hold, ask) => {
                let approved = Approved { hold: Some(hold), ..approved.clone() };
                Step::Move { to: to(approved, review.stage.clone()), then: vec![ask, Effect::ShowStatus] }
            }
            Next::Tell(_) => refused(review, missing, None),
        },
        Verdict::Void(reason) => refused(review, vec![reason], None),
    }
}

/// What a gate asks, for work that is up for review. Its plan pull request is closed, so that the deletion of the plan
/// branch takes nothing back, nor a version that we wrote there since and that came to nothing; and what the base has
/// gained meanwhile is seen and settled on the pull request.
fn up_for_review(facts: &Facts, review: &InReview) -> Facts {
    let mut facts = facts.clone();
    if facts.branch == BranchFact::Gone || facts.branch == BranchFact::At(review.plan_head().clone()) {
        facts.branch = BranchFact::At(review.approved.shown.subject.commit.clone());
    }
    if let BaseFact::Contains { overlap } = &mut facts.base {
        overlap.clear();
    }
    facts
}

/// The approval does not hold: nothing is built or pushed on it, and people are told. What they said waits.
fn refused(review: &InReview, reasons: Vec<Reason>, digest: Option<Digest>) -> Step {
    let words = Words::FollowUpRefused { reasons, digest };
    let then = vec![say(words, format!("follow-up-refused-{}", review.begun)), Effect::ShowStatus];
    Step::Move { to: State::InReview(put_back(review)), then }
}

/// The follow-up came to an end that is not a result.
pub(super) fn failed(review: &InReview, outcome: &Outcome) -> Step {
    let why = match outcome {
        Outcome::Failed { why } | Outcome::NeedsNewPlan { why } => why.clone(),
        Outcome::Done { .. } | Outcome::Cancelled { .. } => Trouble::GaveUp { text: "it was called off".to_owned() },
    };
    if review.stage == ReviewStage::Open {
        return Step::Ignore;
    }
    // What ends by a limit goes on when there is more; anything else would end the same way again.
    let goes_on = matches!(why, Trouble::OverBudget { .. } | Trouble::DayIsFull { .. });
    let stopped = review.stage.follow_up().filter(|_| goes_on).cloned();
    let words = Words::FollowUpFailed { why };
    let then = vec![say(words, format!("follow-up-failed-{}", review.begun)), Effect::ShowStatus];
    Step::Move { to: State::InReview(InReview { stopped, ..put_back(review) }), then }
}

pub(super) fn stop_asked(review: &InReview, by: &Stop) -> Step {
    match &review.stage {
        ReviewStage::Working { follow_up, stop: None } => {
            let stage = ReviewStage::Working { follow_up: follow_up.clone(), stop: Some(Box::new(by.clone())) };
            Step::Move { to: State::InReview(InReview { stage, ..review.clone() }), then: vec![] }
        }
        ReviewStage::Open
        | ReviewStage::Starting { .. }
        | ReviewStage::Working { .. }
        | ReviewStage::Judging { .. }
        | ReviewStage::Pushing { .. } => Step::Ignore,
    }
}

/// The agent has stopped because it was to.
pub(super) fn rested(review: &InReview) -> Step {
    let ReviewStage::Working { stop: Some(stop), follow_up } = &review.stage else { return Step::Ignore };
    let words = Words::FollowUpStopped { who: stop.by.clone() };
    let say = Effect::Say { words, place: stop.place, key: format!("stopped-{}", stop.comment) };
    let next = InReview { stopped: Some(follow_up.clone()), ..put_back(review) };
    Step::Move { to: State::InReview(next), then: vec![say, Effect::ShowStatus] }
}

/// People have the word again, and nothing of what they said is lost.
pub(super) fn put_back(review: &InReview) -> InReview {
    let taken = review.stage.follow_up().map_or(&[][..], |follow_up| &follow_up.notes);
    let notes = taken.iter().chain(&review.notes).cloned().collect();
    let approved = Approved { hold: None, ..review.approved.clone() };
    InReview { approved, notes, stage: ReviewStage::Open, stopped: None, ..review.clone() }
}

pub(super) fn followed_up(rounds: u32, review: &InReview, replies: &[Reply], changed: bool) -> Step {
    let ReviewStage::Working { follow_up, stop } = &review.stage else { return Step::Ignore };
    if stop.is_some() {
        return rested(review);
    }
    if !changed {
        return done(rounds, review, replies, None);
    }
    let stage = ReviewStage::Judging { follow_up: follow_up.clone(), replies: replies.to_vec() };
    let then = vec![Effect::Judge { gate: Gate::Push, because: None }, Effect::ShowStatus];
    Step::Move { to: State::InReview(InReview { stage, ..review.clone() }), then }
}

/// Something bears on the approval: what is judged is judged with it, also when the push was about to be made.
pub(super) fn with_approved(review: InReview) -> Step {
    match &review.stage {
        ReviewStage::Pushing { .. } => judge_again(&review),
        ReviewStage::Starting { .. } | ReviewStage::Judging { .. } => {
            let then = vec![Effect::Judge { gate: Gate::Push, because: None }];
            Step::Move { to: State::InReview(review), then }
        }
        ReviewStage::Open | ReviewStage::Working { .. } => Step::Move { to: State::InReview(review), then: vec![] },
    }
}

/// The judgement that the push was to rest on is too old.
pub(super) fn judge_again(review: &InReview) -> Step {
    let ReviewStage::Pushing { follow_up, replies } = &review.stage else { return Step::Ignore };
    let stage = ReviewStage::Judging { follow_up: follow_up.clone(), replies: replies.clone() };
    let then = vec![Effect::Judge { gate: Gate::Push, because: None }];
    Step::Move { to: State::InReview(InReview { stage, ..review.clone() }), then }
}

pub(super) fn pushed(rounds: u32, review: &InReview, head: &CommitSha) -> Step {
    let ReviewStage::Pushing { replies, .. } = &review.stage else { return Step::Ignore };
    done(rounds, &InReview { head: head.clone(), ..review.clone() }, replies, Some(head))
}

/// Each note is answered where it was made, and what was said meanwhile comes next.
fn done(rounds: u32, review: &InReview, replies: &[Reply], commit: Option<&CommitSha>) -> Step {
    let number = review.follow_ups;
    let answer = |reply: &Reply| Effect::AnswerWork { number, commit: commit.cloned(), reply: Box::new(reply.clone()) };
    let mut then: Vec<Effect> = replies.iter().map(answer).collect();
    if let Some(head) = commit {
        let version = review.approved.shown.subject.version;
        then.insert(0, Effect::TellWork);
        then.insert(1, Effect::ReportConformance { version, head: head.clone() });
    }
    then.push(Effect::ShowStatus);
    if !review.notes.is_empty() && review.rounds < rounds {
        then.push(Effect::EndBurst { notes: review.notes.len() });
    }
    Step::Move { to: State::InReview(InReview { stage: ReviewStage::Open, ..review.clone() }), then }
}

fn say(words: Words, key: String) -> Effect {
    Effect::Say { words, place: Place::WorkPull, key }
}
