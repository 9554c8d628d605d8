//! Takes what is said on lines of the plan, and reviews as the one batch that they are: notes for the next version.

use super::Trouble;
use super::apply::With;
use super::delivery::{Arrival, once_an_hour};
use crate::github::{ReviewComment, Step};
use crate::ids::{AccountKind, Person, Timestamp};
use crate::webhook::{PullFacts, ReviewCommentFacts, ReviewFacts, ReviewState, Side};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::naming::plan_path;
use crate::workflow::run::{Lines, Note, Run, Thread};

/// How much of the lines that a comment hangs on is kept, in characters.
const MAX_QUOTED: usize = 2_000;

impl Arrival<'_> {
    /// A comment was written on a line of the plan, or below one.
    pub(super) async fn line_comment(&self, pull: &PullFacts, comment: &ReviewCommentFacts) -> Result<(), Trouble> {
        let Some(by) = comment.author.as_ref().filter(|by| by.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let Some(run) = self.run_of_plan_pull(pull.number).await? else {
            return self.line_of_work(by, pull, comment).await;
        };
        if self.may(by).await? < Level::Write {
            return self.not_heard(&run, by, comment.created_at).await;
        }
        self.happens(run.id, &Event::Noted { note: on_plan(&run, by, comment) }).await
    }

    /// A comment on a line was edited. Its author is told, once an hour, that it counts as it was (D26 for notes).
    pub(super) async fn line_edited(&self, pull: &PullFacts, comment: &ReviewCommentFacts) -> Result<(), Trouble> {
        let Some(by) = comment.author.as_ref().filter(|by| by.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let own = self.hint.sender.as_ref().is_some_and(|sender| sender.id == by.id);
        let of_plan = self.run_of_plan_pull(pull.number).await?;
        let (run, place) = match of_plan {
            Some(run) => (Some(run), Place::PlanPull),
            None => (self.run_of_work_pull(pull.number).await?, Place::WorkPull),
        };
        let Some(run) = run.filter(|run| own && run.state.is_open()) else {
            return self.done("what it says now is not read").await;
        };
        if self.may(by).await? < Level::Write {
            return self.done("it was not heard in the first place").await;
        }
        let words = Words::EditIsNotRead { who: by.clone() };
        let key = once_an_hour("edited", by, comment.updated_at);
        self.happens(run.id, &Event::Answered { words, place, key }).await
    }

    /// A comment on a line was deleted: a note that nobody has taken up is forgotten, one that is yet to be told of never
    /// counts (F04).
    pub(super) async fn line_deleted(&self, pull: &PullFacts, comment: &ReviewCommentFacts) -> Result<(), Trouble> {
        let run = match self.run_of_plan_pull(pull.number).await? {
            Some(run) => Some(run),
            None => self.run_of_work_pull(pull.number).await?,
        };
        let Some(run) = run else { return self.done("no pull request of ours").await };
        let id = line_id(comment);
        let event = Event::NoteWithdrawn { id: id.clone() };
        if run.state.notes().iter().any(|note| note.id == id) {
            return self.happens(run.id, &event).await;
        }
        let with = With { meaning: Some(comment.creation(self.hint.repo.id)), ..self.last() };
        self.applied(self.core.apply(run.id, &event, with, self.moment.now()).await?)
    }

    /// Notes all that a review by someone who may says, its text and its comments on lines, and has them taken up at once.
    /// A comment that was written by itself is a review to GitHub, too; it waits for what else comes.
    pub(super) async fn batch(
        &self,
        run: &Run,
        by: &Person,
        about: (&PullFacts, &ReviewFacts),
    ) -> Result<bool, Trouble> {
        let (pull, review) = about;
        let listed = self.repo(Step::Read).review_comments(pull.number, review.id).await?.items;
        let bare = review.body.trim().is_empty();
        if bare && listed.len() <= 1 && review.state == ReviewState::Commented {
            return Ok(false);
        }
        let own = |comment: &ReviewComment| comment.author.as_ref().is_some_and(|author| author.id == by.id);
        let comments: Vec<ReviewCommentFacts> = listed.into_iter().filter(own).map(facts).collect();
        if !bare {
            let meaning = format!("{} review noted {}", self.hint.repo.id, review.id);
            self.noted(run, in_review(by, review), meaning).await?;
        }
        for comment in &comments {
            self.noted(run, on_plan(run, by, comment), comment.creation(self.hint.repo.id)).await?;
        }
        Ok(true)
    }

    /// Notes something once, whether it is heard of here or by a delivery of its own.
    async fn noted(&self, run: &Run, note: Note, meaning: String) -> Result<(), Trouble> {
        let with = With { meaning: Some(meaning), ..With::default() };
        self.applied(self.core.apply(run.id, &Event::Noted { note }, with, self.moment.now()).await?)
    }

    /// Tells someone without write access, once an hour, that their notes are not taken up.
    pub(super) async fn not_heard(&self, run: &Run, by: &Person, at: Timestamp) -> Result<(), Trouble> {
        let words = Words::NotAllowed { who: by.clone(), wanted: "revise".to_owned() };
        let key = self.refusal_of(by, at);
        self.happens(run.id, &Event::Answered { words, place: Place::PlanPull, key }).await
    }
}

/// The note that the text of a review is.
pub(super) fn in_review(by: &Person, review: &ReviewFacts) -> Note {
    Note {
        id: format!("review-{}", review.id),
        by: by.clone(),
        at: review.submitted_at,
        text: review.body.clone(),
        on: None,
        review: Some(review.id.0),
        thread: Thread::Summary(Place::PlanPull),
    }
}

/// The note that a comment on a line of the plan's pull request is.
fn on_plan(run: &Run, by: &Person, comment: &ReviewCommentFacts) -> Note {
    let in_plan = plan_path(run.origin.number).is_ok_and(|path| path.as_str() == comment.path);
    on_line(by, comment, lines(comment).filter(|_| in_plan))
}

/// The lines that a comment hangs on, of whatever file; none if it is about what is gone.
pub(super) fn lines(comment: &ReviewCommentFacts) -> Option<Lines> {
    let last = comment.line.filter(|_| comment.side == Side::Right)?;
    let first = comment.start_line.unwrap_or(last);
    Some(Lines { path: None, first, last, quoted: quoted(comment), commit: comment.commit.clone() })
}

/// The note that a comment on a line is.
pub(super) fn on_line(by: &Person, comment: &ReviewCommentFacts, on: Option<Lines>) -> Note {
    Note {
        id: line_id(comment),
        by: by.clone(),
        at: comment.created_at,
        text: comment.body.clone(),
        on,
        review: comment.review_id.map(|review| review.0),
        thread: Thread::Line(comment.in_reply_to.unwrap_or(comment.id)),
    }
}

fn line_id(comment: &ReviewCommentFacts) -> String {
    format!("line-{}", comment.id)
}

/// A comment as the API lists it, in the shape in which deliveries tell it.
pub(super) fn facts(comment: ReviewComment) -> ReviewCommentFacts {
    let short = |line: Option<u64>| line.and_then(|line| u32::try_from(line).ok());
    let (line, start_line) = match comment.original_line {
        Some(line) => (Some(line), comment.original_start_line),
        None => (comment.line, comment.start_line),
    };
    ReviewCommentFacts {
        id: comment.id,
        review_id: comment.review,
        path: comment.path.map(|path| path.to_string()).unwrap_or_default(),
        line: short(line),
        start_line: short(start_line),
        commit: comment.commit,
        side: if comment.side == "LEFT" { Side::Left } else { Side::Right },
        diff_hunk: comment.diff_hunk,
        body: comment.body,
        author: comment.author,
        created_at: comment.created_at,
        updated_at: comment.updated_at,
        in_reply_to: comment.in_reply_to,
    }
}

/// The lines a comment hangs on: the end of the part of the difference that GitHub shows with it.
fn quoted(comment: &ReviewCommentFacts) -> String {
    let lines = comment.line.zip(comment.start_line).map_or(1, |(last, first)| last.saturating_sub(first) + 1);
    let shown: Vec<&str> = comment.diff_hunk.lines().filter(|line| !line.starts_with("@@")).collect();
    let skip = shown.len().saturating_sub(usize::try_from(lines).unwrap_or(1));
    let text: Vec<&str> = shown[skip..].iter().map(|line| line.get(1..).unwrap_or("")).collect();
    text.join("\n").chars().take(MAX_QUOTED).collect()
}
