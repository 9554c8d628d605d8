//! Takes what people say of work that is under way, rests or has failed: `/stop`, `/pause`, `/resume`, `/continue`, `/retry`.

use super::Trouble;
use super::command::{Typed, approval};
use super::delivery::Arrival;
use super::trigger::Again;
use crate::words::Words;
use crate::workflow::approval::Level;
use crate::workflow::effect::ReactTo;
use crate::workflow::event::Event;
use crate::workflow::run::{Ended, Outcome, State, Stop};
use crate::workflow::terms::Terms;

impl Arrival<'_> {
    /// `/stop`: whoever may end the run may stop its work. It is answered when the work has stopped.
    pub(super) async fn stop(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let Some(run) = &typed.run else { return self.no_run(typed, "stop").await };
        if !self.may_end(typed, run).await? {
            return self.refuse(typed, "stop").await;
        }
        let following_up = matches!(&run.state, State::InReview(review) if review.is_working());
        if !following_up && !matches!(run.state, State::Executing(_)) {
            return self.nothing_to(typed, run, "stop").await;
        }
        self.happens(run.id, &stop_asked(typed, None)).await
    }

    /// `/pause`: the same at the end of the step that is under way.
    pub(super) async fn pause(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let Some(run) = &typed.run else { return self.no_run(typed, "pause").await };
        if !self.may_end(typed, run).await? {
            return self.refuse(typed, "pause").await;
        }
        let State::Executing(executing) = &run.state else { return self.nothing_to(typed, run, "pause").await };
        self.happens(run.id, &stop_asked(typed, Some(executing.ticked.len()))).await
    }

    /// `/resume` and `/continue`: goes on with stopped work, if the version is still approved; what is said with it is
    /// minded inside what was approved.
    pub(super) async fn resume(&self, typed: &Typed<'_>, name: &str, text: Option<String>) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, name).await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, name).await };
        if !matches!(run.state, State::Resting(_)) {
            return self.nothing_to(typed, run, name).await;
        }
        self.happens(run.id, &Event::ResumeAsked { by: typed.by.clone(), guidance: text }).await
    }

    /// `/retry`: after a failure the approved version runs again, by an act that is judged like any approval; what was
    /// done is gone on from, or from the step that is named. Without a version it is `/plan`. A version that GitHub was not
    /// there to take is published instead, and nothing is approved by that. Who may not approve begins no run by it (D47),
    /// and a closed issue has none (R10).
    pub(super) async fn retry(
        &self,
        typed: &Typed<'_>,
        digest: Option<String>,
        from: Option<String>,
    ) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "retry").await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, "retry").await };
        if !typed.issue.open || self.hint.repo.archived {
            return self.no_run(typed, "retry").await;
        }
        match &run.state {
            State::Ended(ended @ Ended { unpublished: Some(unpublished), .. })
                if digest.as_ref().is_none_or(|named| unpublished.digest.as_str().starts_with(named.as_str())) =>
            {
                if self.may_ask_by_command(typed.issue, typed.by).await?.is_none() {
                    return Ok(());
                }
                let (asked, seen) = ((typed.by, typed.comment.created_at), ReactTo::Comment(typed.comment.id));
                self.publish_again((run, ended, unpublished), asked, seen).await
            }
            State::Ended(ended @ Ended { outcome: Outcome::Failed { .. }, shown: Some(shown), .. }) => {
                let terms: Terms = self.core.terms(run.id, shown.subject.version).await?;
                let steps = terms.plan.steps.iter().map(|step| step.id.clone());
                if let Some(step) = from.as_ref().filter(|from| !steps.clone().any(|id| id == **from)) {
                    let (who, step, steps) = (typed.by.clone(), step.clone(), steps.collect());
                    return self.answer(typed, Words::NoSuchStep { who, step, steps }, "step").await;
                }
                let act = self.act_of(typed, approval(digest));
                self.begin_again(Again { run, ended, shown, from }, act, ReactTo::Comment(typed.comment.id)).await
            }
            State::Ended(Ended { outcome: Outcome::Failed { .. }, shown: None, .. }) => {
                self.plan(typed, None, false).await
            }
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_)
            | State::InReview(_)
            | State::Ended(_) => self.nothing_to(typed, run, "retry").await,
        }
    }
}

fn stop_asked(typed: &Typed<'_>, after: Option<usize>) -> Event {
    let (by, place, comment) = (typed.by.clone(), typed.place, typed.comment.id);
    Event::StopAsked { stop: Box::new(Stop { by, place, comment, after }) }
}
