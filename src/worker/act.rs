//! Takes reviews of the plan pull request: approvals, objections, and what they say.

use super::Trouble;
use super::delivery::Arrival;
use crate::ids::{AccountKind, Person};
use crate::webhook::{PullFacts, ReviewFacts, ReviewState};
use crate::words::Words;
use crate::workflow::act::{Act, ActId, ActKind, Place};
use crate::workflow::approval::Level;
use crate::workflow::command::Command;
use crate::workflow::event::Event;
use crate::workflow::run::Run;

impl Arrival<'_> {
    /// A review was submitted. `commit_id` is believed from this delivery alone (T19).
    pub(super) async fn review(&self, pull: &PullFacts, review: &ReviewFacts) -> Result<(), Trouble> {
        let Some(by) = review.author.as_ref().filter(|by| by.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let Some(run) = self.run_of_plan_pull(pull.number).await? else {
            return self.review_of_work(by, (pull, review)).await;
        };
        let rejects = matches!(self.command(&review.body).await?, Some(Command::Reject { .. }));
        let kind = match review.state {
            // A review that approves and begins with /reject objects (D9).
            ReviewState::Approved if !rejects => ActKind::ApproveByReview { commit: review.commit_id.clone() },
            ReviewState::Approved | ReviewState::ChangesRequested => ActKind::Veto { why: review.body.clone() },
            ReviewState::Commented => return self.remark(&run, by, (pull, review)).await,
            ReviewState::Dismissed | ReviewState::Other(_) => return self.done("a review without a verdict").await,
        };
        let act = Act {
            id: ActId::Review(review.id.0),
            kind,
            by: by.clone(),
            at: review.submitted_at,
            place: Place::PlanPull,
            via_app: review.via_app,
            voided: None,
        };
        let wants_changes = review.state == ReviewState::ChangesRequested && !review.via_app;
        if wants_changes && self.may(by).await? >= Level::Write && self.batch(&run, by, (pull, review)).await? {
            self.happens_first(run.id, &Event::BatchEnded { review: review.id.0 }).await?;
        }
        self.happens(run.id, &Event::Acted { act }).await
    }

    /// A review that neither approves nor objects: what it says is a note; a command in it is none (D8).
    async fn remark(&self, run: &Run, by: &Person, about: (&PullFacts, &ReviewFacts)) -> Result<(), Trouble> {
        let (_, review) = about;
        if self.command(&review.body).await?.is_some() {
            let words = Words::ReviewIsNoCommand { who: by.clone() };
            let key = format!("review-{}", review.id);
            return self.happens(run.id, &Event::Answered { words, place: Place::PlanPull, key }).await;
        }
        if review.via_app {
            return self.done("by an App in a person's name").await;
        }
        if self.may(by).await? < Level::Write {
            // Remarks on lines are answered when they are told of by themselves.
            if review.body.trim().is_empty() {
                return self.done("its remarks arrive by themselves").await;
            }
            return self.not_heard(run, by, review.submitted_at).await;
        }
        if !self.batch(run, by, about).await? {
            return self.done("its remarks arrive by themselves").await;
        }
        self.happens(run.id, &Event::BatchEnded { review: review.id.0 }).await
    }
}
