//! Whether the approvals that count still stand on GitHub: that one was dismissed, edited or deleted may never have been
//! told (F06).

use std::time::Duration;

use super::super::Trouble;
use super::super::effect::Deed;
use crate::github::{GithubError, ReviewState, Step};
use crate::ids::{CommentId, PullNumber, ReviewId};
use crate::workflow::act::{Act, ActId, Voided};
use crate::workflow::approval::{Facts, Gate, Verdict, judge};
use crate::workflow::event::Event;
use crate::workflow::run::Shown;

/// What was done a shorter time ago is told by webhooks that may be on their way, and reads may lag behind it.
const ON_ITS_WAY: Duration = Duration::from_secs(600);

impl Deed<'_> {
    /// Of the approvals by which the gate would say yes, the first that was taken back, as the event that nobody told.
    ///
    /// # Errors
    /// When GitHub does not say: then nothing counts as approved (rule P).
    pub(super) async fn taken_back(&self, shown: &Shown, facts: &Facts, gate: Gate) -> Result<Option<Event>, Trouble> {
        let acts = self.run.state.acts();
        let Verdict::Approved { by, .. } = judge(shown.case(acts), facts, gate) else { return Ok(None) };
        let now = self.moment.now();
        let counts = |act: &&Act| {
            let stands = act.kind.approves() && act.voided.is_none() && now.since(act.at) >= ON_ITS_WAY;
            stands && by.iter().any(|person| person.id == act.by.id)
        };
        for act in acts.iter().filter(counts) {
            let how = match act.id {
                ActId::Comment(id) => self.comment_taken_back(CommentId(id)).await?,
                ActId::Review(id) => self.review_taken_back(shown.pull, ReviewId(id)).await?,
            };
            if let Some(how) = how {
                tracing::info!(run.id = %self.run.id, ?how, "an approval was taken back, and nobody told");
                return Ok(Some(Event::ActVoided { id: act.id, how }));
            }
        }
        Ok(None)
    }

    async fn comment_taken_back(&self, id: CommentId) -> Result<Option<Voided>, Trouble> {
        match self.repo(Step::Read).comment(id).await {
            Ok(comment) => Ok((comment.updated_at != comment.created_at).then_some(Voided::Edited)),
            Err(GithubError::Gone { .. }) => Ok(Some(Voided::Deleted)),
            Err(error) => Err(error.into()),
        }
    }

    async fn review_taken_back(&self, pull: PullNumber, id: ReviewId) -> Result<Option<Voided>, Trouble> {
        match self.repo(Step::Read).review(pull, id).await {
            Ok(review) => Ok((review.state != ReviewState::Approved).then_some(Voided::Dismissed)),
            Err(GithubError::Gone { .. }) => Ok(Some(Voided::Deleted)),
            Err(error) => Err(error.into()),
        }
    }
}
