//! The phase in a word or two, for labels and for the check on the plan pull request.

use crate::workflow::run::{Outcome, State};

/// The phase as a label says it, behind the operator's own beginning.
#[must_use]
pub fn phase(state: &State) -> &'static str {
    match state {
        State::Planning(_) | State::Publishing(_) => "planning",
        State::AwaitingAnswer(_) => "waiting for answers",
        State::AwaitingApproval(_) => "waiting for approval",
        State::Starting(_) => "approved",
        State::Executing(_) | State::Delivering(_) => "at work",
        State::Resting(_) => "resting",
        State::InReview(_) => "in review",
        State::Ended(ended) => match ended.outcome {
            Outcome::Done { .. } => "done",
            Outcome::Cancelled { .. } => "cancelled",
            Outcome::NeedsNewPlan { .. } | Outcome::Failed { .. } => "stopped",
        },
    }
}

/// What the check on the plan pull request says: a title and a summary.
#[must_use]
pub fn plan_check(state: &State) -> (String, String) {
    let summary = match state {
        State::AwaitingApproval(waiting) => {
            format!(
                "Version {} waits for approval. Merging this pull request approves nothing.",
                waiting.shown.subject.version
            )
        }
        State::Ended(_) => "The status comment on the issue says how it ended.".to_owned(),
        State::Planning(_)
        | State::AwaitingAnswer(_)
        | State::Publishing(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_) => "The status comment on the issue says where it stands.".to_owned(),
    };
    let mut title = phase(state).to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    (title, summary)
}
