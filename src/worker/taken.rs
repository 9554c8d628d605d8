//! Takes the ends of acts: comments edited or deleted, reviews dismissed.
//!
//! Deliveries come in any order. An end that comes before its act is remembered by the object's id, so that the act means
//! the same when it is told of as if it had come first (F04).

use super::Trouble;
use super::delivery::{Arrival, failed};
use crate::ids::{AccountKind, Person, Timestamp};
use crate::webhook::{CommentFacts, IssueFacts, ReviewFacts};
use crate::words::Words;
use crate::workflow::act::{Act, ActId, ActKind, Place, Voided};
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::run::Run;

/// The end of something that may be an act.
pub(super) struct Taken {
    id: ActId,
    how: Voided,
    /// Whose it was; nobody's when the account is gone.
    author: Option<Person>,
    at: Timestamp,
    place: Place,
    via_app: bool,
}

impl Taken {
    /// A review was dismissed.
    pub(super) fn review(review: &ReviewFacts) -> Taken {
        Taken {
            id: ActId::Review(review.id.0),
            how: Voided::Dismissed,
            author: review.author.clone(),
            at: review.submitted_at,
            place: Place::PlanPull,
            via_app: review.via_app,
        }
    }

    /// A comment was edited or deleted.
    pub(super) fn comment(issue: &IssueFacts, comment: &CommentFacts, how: Voided) -> Taken {
        Taken {
            id: ActId::Comment(comment.id.0),
            how,
            author: comment.author.clone(),
            at: comment.created_at,
            place: if issue.is_pull { Place::PlanPull } else { Place::Issue },
            via_app: comment.via_app,
        }
    }
}

impl Arrival<'_> {
    /// An act was taken back, or something that may yet turn out to be one. Anyone's approval ends by it; an objection only
    /// if its author deleted it, or an administrator who did not ask for the version dismissed it (rule D, D16).
    pub(super) async fn taken_back(&self, run: Option<Run>, taken: Taken) -> Result<(), Trouble> {
        let Some(run) = run.filter(|run| run.state.is_open() || failed(&run.state)) else {
            return self.done("no open run").await;
        };
        let Taken { id, how, author, at, place, via_app } = taken;
        if let Some(act) = run.state.acts().iter().find(|act| act.id == id && !act.kind.is_overtaken()) {
            if !act.kind.ends_by(how) {
                return self.done("an edit ends only what approves").await;
            }
            if !act.kind.approves() && !self.may_lift(&run, &act.by).await? {
                return self.may_not_lift(&run, act, how).await;
            }
            return self.happens(run.id, &Event::ActVoided { id, how }).await;
        }
        let Some(by) = author.filter(|author| author.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let kind = ActKind::Overtaken { lifts: how != Voided::Edited && self.may_lift(&run, &by).await? };
        let act = Act { id, kind, by, at, place, via_app, voided: Some(how) };
        self.happens(run.id, &Event::Acted { act }).await
    }

    /// Tells who dismissed a review that objects, and may not, that it objects as before (D16). Bots get no answer, and of
    /// a review that blocks nothing there is nothing to be said.
    async fn may_not_lift(&self, run: &Run, act: &Act, how: Voided) -> Result<(), Trouble> {
        let person = self.hint.sender.as_ref().filter(|sender| sender.kind == AccountKind::User);
        let objects = how == Voided::Dismissed && matches!(act.kind, ActKind::Veto { .. }) && act.voided.is_none();
        match (person.filter(|_| objects), act.id) {
            (Some(who), ActId::Review(review)) if self.may(&act.by).await? >= Level::Write => {
                let words = Words::DismissalLiftsNothing { who: who.clone(), author: act.by.clone() };
                let key = format!("dismissed-{review}");
                self.happens(run.id, &Event::Answered { words, place: act.place, key }).await
            }
            _ => self.done("an objection is lifted by its author or an administrator who did not ask").await,
        }
    }

    /// Whether the sender may take back what `author` objected.
    async fn may_lift(&self, run: &Run, author: &Person) -> Result<bool, Trouble> {
        let Some(sender) = &self.hint.sender else { return Ok(false) };
        if sender.id == author.id {
            return Ok(true);
        }
        let asked = run.state.shown().is_some_and(|shown| shown.subject.requesters.contains(&sender.id));
        if asked || sender.id == run.origin.requester.id {
            return Ok(false);
        }
        Ok(self.may(sender).await? == Level::Admin)
    }
}
