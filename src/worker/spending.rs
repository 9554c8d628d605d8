//! Lets people grant more to work that has used up its budget, and ends work that rests for too long.

use super::Trouble;
use super::command::Typed;
use super::delivery::Arrival;
use super::effect::{Deed, Done};
use crate::words::{NotRaised, Words};
use crate::workflow::approval::{Level, PolicyFact, Reason, Rules, may_raise};
use crate::workflow::event::Event;
use crate::workflow::run::{CancelledBy, Raise, State};

impl Arrival<'_> {
    /// `/budget +2.50`: whether the person may is asked where GitHub can be asked.
    pub(super) async fn budget(&self, typed: &Typed<'_>, more: u64) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "budget").await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, "budget").await };
        if !matches!(run.state, State::Executing(_) | State::Resting(_) | State::InReview(_)) {
            return self.nothing_to(typed, run, "budget").await;
        }
        let raise = Raise {
            by: typed.by.clone(),
            micro_dollars: more,
            place: typed.place,
            comment: typed.comment.id,
            at: typed.comment.created_at,
        };
        self.happens(run.id, &Event::RaiseAsked { raise: Box::new(raise) }).await
    }
}

impl Deed<'_> {
    /// Grants more if whoever said so could approve the version, by its own rules and by those in force, and the operator
    /// lets people grant that much.
    pub(super) async fn judge_raise(&self, raise: &Raise) -> Result<Done, Trouble> {
        let shown = match &self.run.state {
            State::Executing(executing) => &executing.approved.shown,
            State::Resting(resting) => &resting.approved.shown,
            State::InReview(review) => &review.approved.shown,
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Delivering(_)
            | State::Ended(_) => return Ok(Done::quietly()),
        };
        let refused = |why| Ok(Done::with(not_raised(raise, why)));
        let most = self.core.settings.raise;
        if shown.raised.saturating_add(raise.micro_dollars) > most {
            return refused(NotRaised::TooMuch { most });
        }
        let rules: Vec<Rules> = match self.policy_now(shown).await? {
            PolicyFact::Same => vec![shown.rules.clone()],
            PolicyFact::Changed(now) => vec![shown.rules.clone(), self.settled(*now).await],
            PolicyFact::Broken => return refused(NotRaised::NotEligible { reason: Reason::PolicyBroken }),
            PolicyFact::Unknown => return refused(NotRaised::NotEligible { reason: Reason::PolicyUnknown }),
        };
        let (people, teams) = self.one(&raise.by, raise.at, &rules).await;
        match may_raise(raise, &shown.subject, &rules, people, teams) {
            Ok(()) => Ok(Done::with(Event::BudgetRaised { raise: Box::new(raise.clone()) })),
            Err(reason) => refused(NotRaised::NotEligible { reason }),
        }
    }

    /// Ends the run if its work has rested ever since this was ordered.
    pub(super) async fn end_rest(&self) -> Result<Done, Trouble> {
        let (run, since) = self.core.run_since(self.run.id).await?;
        if matches!(run.state, State::Resting(_)) && since <= self.made_at {
            return Ok(Done::with(Event::Cancelled { by: None, why: CancelledBy::NobodyWentOn }));
        }
        Ok(Done::quietly())
    }
}

/// The answer to who wanted to grant more.
pub(super) fn not_raised(raise: &Raise, why: NotRaised) -> Event {
    let words = Words::NotRaised { who: raise.by.clone(), why: Box::new(why) };
    Event::Answered { words, place: raise.place, key: format!("raise-{}", raise.comment) }
}
