//! The pull requests that belong to a state.

use super::{DeliverStage, Delivering, Ended, InReview, Outcome, PublishStage, Publishing, State};
use crate::ids::PullNumber;

impl State {
    /// The plan pull request, if it is open or was.
    #[must_use]
    pub fn plan_pull(&self) -> Option<PullNumber> {
        if let State::Publishing(Publishing { stage: PublishStage::Posting { pull, .. }, .. }) = self {
            return Some(*pull);
        }
        self.shown().map(|shown| shown.pull)
    }

    /// The pull request with the work, if it is open or was.
    #[must_use]
    pub fn work_pull(&self) -> Option<PullNumber> {
        match self {
            State::Delivering(Delivering { stage: DeliverStage::Closing { pull, .. }, .. }) => Some(*pull),
            State::InReview(review) => Some(review.pull),
            State::Ended(Ended { outcome: Outcome::Done { pull, .. }, .. }) => Some(*pull),
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::Ended(_) => self.reviewed().map(|review| review.pull),
        }
    }

    /// The work that is up for review, also while another version is being made for it.
    #[must_use]
    pub fn reviewed(&self) -> Option<&InReview> {
        match self {
            State::InReview(review) => Some(review),
            State::Ended(_) => None,
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_) => self.around().and_then(|around| around.review.as_deref()),
        }
    }
}
