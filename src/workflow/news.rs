//! What others are told when a run goes from one phase to another.

use serde::{Deserialize, Serialize};

use super::run::{Outcome, State};
use crate::ids::{Digest, PullNumber};

/// A run went from one phase to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The phase before; `None` when the run begins.
    pub from: Option<String>,
    /// The phase since.
    pub to: String,
    /// How it ended, where it did: `done`, `cancelled`, `needs_new_plan` or `failed`.
    pub outcome: Option<String>,
    /// The version that people see.
    pub version: Option<u32>,
    /// Its digest.
    pub digest: Option<Digest>,
    /// The plan pull request.
    pub plan_pull: Option<PullNumber>,
    /// The pull request with the work.
    pub pull: Option<PullNumber>,
}

impl News {
    /// What there is to tell of a change; `None` where the phase stays.
    #[must_use]
    pub fn between(from: Option<&State>, to: &State) -> Option<News> {
        let before = from.map(State::phase);
        if before == Some(to.phase()) {
            return None;
        }
        let outcome = match to {
            State::Ended(ended) => Some(&ended.outcome),
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::InReview(_) => None,
        };
        Some(News {
            from: before.map(str::to_owned),
            to: to.phase().to_owned(),
            outcome: outcome.map(|outcome| name(outcome).to_owned()),
            version: to.shown().map(|shown| shown.subject.version),
            digest: to.shown().map(|shown| shown.subject.digest.clone()),
            plan_pull: to.plan_pull(),
            pull: match (to, outcome) {
                (State::InReview(review), _) => Some(review.pull),
                (_, Some(Outcome::Done { pull, .. })) => Some(*pull),
                (_, _) => None,
            },
        })
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::NeedsNewPlan { .. } => "needs_new_plan",
        Outcome::Failed { .. } => "failed",
    }
}
