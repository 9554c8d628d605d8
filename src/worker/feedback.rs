//! Takes what people say of the work while it is up for review: reviews, comments on lines, `/fix`.

use super::Trouble;
use super::apply::With;
use super::command::Typed;
use super::delivery::Arrival;
use super::note::{facts, lines, on_line};
use crate::github::{ReviewComment, Step};
use crate::ids::{Person, PullNumber, RepoPath, Timestamp};
use crate::webhook::{IssueFacts, PullFacts, ReviewCommentFacts, ReviewFacts, ReviewState};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::run::{Lines, Note, Run, Thread};

impl Arrival<'_> {
    /// The run that a comment is about, and where it stands: below the issue, or one of the run's two pull requests.
    pub(super) async fn run_and_place(&self, issue: &IssueFacts) -> Result<(Option<Run>, Place), Trouble> {
        if !issue.is_pull {
            return Ok((self.run_at(issue.number, false).await?, Place::Issue));
        }
        let number = PullNumber(issue.number.0);
        match self.run_of_plan_pull(number).await? {
            Some(run) => Ok((Some(run), Place::PlanPull)),
            None => Ok((self.run_of_work_pull(number).await?, Place::WorkPull)),
        }
    }

    /// A review of the work was submitted. What it says is to be mended is noted; an approval is for those who merge.
    pub(super) async fn review_of_work(&self, by: &Person, about: (&PullFacts, &ReviewFacts)) -> Result<(), Trouble> {
        let (pull, review) = about;
        let Some(run) = self.run_in_review(pull.number).await? else {
            return self.done("no pull request of ours").await;
        };
        match review.state {
            ReviewState::ChangesRequested | ReviewState::Commented if !review.via_app => {}
            ReviewState::ChangesRequested
            | ReviewState::Commented
            | ReviewState::Approved
            | ReviewState::Dismissed
            | ReviewState::Other(_) => return self.done("nothing that is to be mended").await,
        }
        if self.command(&review.body).await?.is_some() {
            let words = Words::ReviewIsNoCommand { who: by.clone() };
            let key = format!("review-{}", review.id);
            return self.happens(run.id, &Event::Answered { words, place: Place::WorkPull, key }).await;
        }
        let bare = review.body.trim().is_empty();
        if self.may(by).await? < Level::Write {
            // Remarks on lines are answered when they are told of by themselves.
            if bare {
                return self.done("its remarks arrive by themselves").await;
            }
            return self.not_heard_on_work(&run, by, review.submitted_at).await;
        }
        let listed = self.repo(Step::Read).review_comments(pull.number, review.id).await?.items;
        if bare && listed.len() <= 1 && review.state == ReviewState::Commented {
            return self.done("its remarks arrive by themselves").await;
        }
        if !bare {
            let note = Note { thread: Thread::Summary(Place::WorkPull), ..super::note::in_review(by, review) };
            self.noted_on_work(&run, note, format!("{} review noted {}", self.hint.repo.id, review.id)).await?;
        }
        let own = |comment: &ReviewComment| comment.author.as_ref().is_some_and(|author| author.id == by.id);
        for comment in listed.into_iter().filter(own).map(facts) {
            self.noted_on_work(&run, on_work(by, &comment), comment.creation(self.hint.repo.id)).await?;
        }
        self.happens(run.id, &Event::BatchEnded { review: review.id.0 }).await
    }

    /// A comment was written on a line of the work, or below one.
    pub(super) async fn line_of_work(
        &self,
        by: &Person,
        pull: &PullFacts,
        comment: &ReviewCommentFacts,
    ) -> Result<(), Trouble> {
        let Some(run) = self.run_in_review(pull.number).await? else {
            return self.done("no pull request of ours").await;
        };
        if self.may(by).await? < Level::Write {
            return self.not_heard_on_work(&run, by, comment.created_at).await;
        }
        self.happens(run.id, &Event::WorkNoted { note: on_work(by, comment) }).await
    }

    /// `/fix`: someone who may write asks for what is to be mended, or for all that was said and waits.
    pub(super) async fn fix(&self, typed: &Typed<'_>, text: Option<String>) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "fix").await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, "fix").await };
        let Some(review) = run.state.reviewed() else { return self.nothing_to(typed, run, "fix").await };
        if text.is_none() && review.notes.is_empty() {
            return self.answer(typed, Words::NeedsText { wanted: "fix".to_owned() }, "text").await;
        }
        let note = text.map(|text| typed.note(format!("comment-{}", typed.comment.id), text));
        self.happens(run.id, &Event::FixAsked { by: typed.by.clone(), note }).await
    }

    async fn run_in_review(&self, pull: PullNumber) -> Result<Option<Run>, Trouble> {
        let run = self.run_of_work_pull(pull).await?;
        Ok(run.filter(|run| run.state.reviewed().is_some()))
    }

    /// Notes something once, whether it is heard of here or by a delivery of its own.
    async fn noted_on_work(&self, run: &Run, note: Note, meaning: String) -> Result<(), Trouble> {
        let with = With { meaning: Some(meaning), ..With::default() };
        self.applied(self.core.apply(run.id, &Event::WorkNoted { note }, with, self.moment.now()).await?)
    }

    /// Tells someone without write access, once an hour, that nothing follows from what they say.
    async fn not_heard_on_work(&self, run: &Run, by: &Person, at: Timestamp) -> Result<(), Trouble> {
        let words = Words::NotAllowed { who: by.clone(), wanted: "fix".to_owned() };
        let key = self.refusal_of(by, at);
        self.happens(run.id, &Event::Answered { words, place: Place::WorkPull, key }).await
    }
}

/// The note that a comment on a line of the work is.
fn on_work(by: &Person, comment: &ReviewCommentFacts) -> Note {
    let path: Option<RepoPath> = comment.path.parse().ok();
    let on = lines(comment).filter(|_| path.is_some()).map(|lines| Lines { path, ..lines });
    on_line(by, comment, on)
}
