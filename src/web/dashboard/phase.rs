//! Where a run stands, and who is waited for.

use maud::{Markup, html};

use super::prose;
use crate::words;
use crate::workflow::command::Prefix;
use crate::workflow::run::{DeliverStage, Delivering, Fate, Outcome, State};

/// A phase as a word for people, with a colour that says whether it waits, works or has ended.
pub(super) fn badge(phase: &str, state: Option<&State>) -> Markup {
    let (tone, name) = match state {
        Some(State::Ended(ended)) => match &ended.outcome {
            Outcome::Done { fate, .. } => match fate {
                Fate::Unknown => ("good", "delivered"),
                Fate::Merged { .. } => ("good", "merged"),
                Fate::Closed { .. } => ("past", "closed, not merged"),
                Fate::Reverted { .. } => ("bad", "taken back"),
            },
            Outcome::Cancelled { .. } => ("past", "cancelled"),
            Outcome::NeedsNewPlan { .. } => ("bad", "needs a new plan"),
            Outcome::Failed { .. } => ("bad", "failed"),
        },
        _ => (tone(phase), name(phase)),
    };
    html! { span.badge.(tone) { (name) } }
}

/// What a phase is called.
pub(super) fn name(phase: &str) -> &str {
    match phase {
        "awaiting_answer" => "waiting for answers",
        "awaiting_approval" => "waiting for approval",
        "publishing" => "posting the plan",
        "executing" => "at work",
        "in_review" => "in review",
        other => other,
    }
}

fn tone(phase: &str) -> &'static str {
    match phase {
        "awaiting_answer" | "awaiting_approval" | "resting" | "in_review" => "waits",
        "ended" => "past",
        _ => "works",
    }
}

/// Who or what is waited for, in a few words; nothing when the run has ended.
pub(super) fn awaited(state: &State) -> String {
    match state {
        State::Planning(planning) => format!("the planner, for v{}", planning.version),
        State::AwaitingAnswer(waiting) => match waiting.questions.len() {
            1 => "an answer to 1 question".to_owned(),
            many => format!("answers to {many} questions"),
        },
        State::Publishing(publishing) => format!("GitHub, for v{}", publishing.version),
        State::AwaitingApproval(waiting) if waiting.hold.is_some() => "GitHub's word on the approval".to_owned(),
        State::AwaitingApproval(waiting) => format!("an approval of v{}", waiting.shown.subject.version),
        State::Starting(_) => "the last look before the start".to_owned(),
        State::Executing(executing) if executing.parked => "the repository, which is read-only".to_owned(),
        State::Executing(executing) => match executing.ticked.len() {
            1 => "the executor, 1 step done".to_owned(),
            many => format!("the executor, {many} steps done"),
        },
        State::Resting(_) => "somebody to resume it".to_owned(),
        State::Delivering(_) => "the pull request".to_owned(),
        State::InReview(review) => format!("a review of #{}", review.pull),
        State::Ended(_) => String::new(),
    }
}

/// What there is to say about where a run stands, as sentences.
pub(super) fn said(state: &State, prefix: &Prefix) -> Vec<Markup> {
    match state {
        State::AwaitingApproval(waiting) => missing(&waiting.missing, prefix),
        State::Delivering(Delivering { stage: DeliverStage::Judging { missing: reasons }, .. }) => {
            missing(reasons, prefix)
        }
        State::AwaitingAnswer(waiting) => waiting.questions.iter().map(|question| prose::inline(question)).collect(),
        State::Ended(ended) => {
            let digest = ended.shown.as_ref().map(|shown| shown.subject.digest.short());
            words::ending(&ended.outcome, digest, prefix).iter().map(|text| prose::ours(text)).collect()
        }
        State::Planning(_)
        | State::Publishing(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_) => vec![],
    }
}

fn missing(reasons: &[crate::workflow::approval::Reason], prefix: &Prefix) -> Vec<Markup> {
    reasons.iter().map(|reason| prose::ours(&words::because(reason, prefix))).collect()
}
