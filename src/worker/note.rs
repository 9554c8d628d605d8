//! Takes comments on lines of the plan: each is a note for the next version.

use super::Trouble;
use super::delivery::{Arrival, once_an_hour};
use crate::ids::{AccountKind, Person, Timestamp};
use crate::webhook::{PullFacts, ReviewCommentFacts};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::run::{Lines, Note, Run, Thread};

impl Arrival<'_> {
    /// A comment was written on a line of the plan, or below one.
    pub(super) async fn line_comment(&self, pull: &PullFacts, comment: &ReviewCommentFacts) -> Result<(), Trouble> {
        let Some(by) = comment.author.as_ref().filter(|by| by.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let Some(run) = self.run_of_plan_pull(pull.number).await? else {
            return self.done("no plan's pull request").await;
        };
        if self.may(by).await? < Level::Write {
            return self.not_heard(&run, by, comment.created_at).await;
        }
        let last = comment.line.unwrap_or(0);
        let note = Note {
            id: format!("line-{}", comment.id),
            by: by.clone(),
            at: comment.created_at,
            text: comment.body.clone(),
            on: Some(Lines { first: comment.start_line.unwrap_or(last), last, quoted: quoted(comment) }),
            review: comment.review_id.map(|review| review.0),
            thread: Thread::Line(comment.in_reply_to.unwrap_or(comment.id)),
        };
        self.happens(run.id, &Event::Noted { note }).await
    }

    /// Tells someone without write access, once an hour, that their notes are not taken up.
    pub(super) async fn not_heard(&self, run: &Run, by: &Person, at: Timestamp) -> Result<(), Trouble> {
        let words = Words::NotAllowed { who: by.clone(), wanted: "revise".to_owned() };
        let key = once_an_hour("refused", &by.login, at);
        self.happens(run.id, &Event::Answered { words, place: Place::PlanPull, key }).await
    }
}

/// The lines a comment hangs on: the end of the part of the difference that GitHub shows with it.
fn quoted(comment: &ReviewCommentFacts) -> String {
    let lines = comment.line.zip(comment.start_line).map_or(1, |(last, first)| last.saturating_sub(first) + 1);
    let shown: Vec<&str> = comment.diff_hunk.lines().filter(|line| !line.starts_with("@@")).collect();
    let skip = shown.len().saturating_sub(usize::try_from(lines).unwrap_or(1));
    let text: Vec<&str> = shown[skip..].iter().map(|line| line.get(1..).unwrap_or("")).collect();
    text.join("\n").chars().take(2_000).collect()
}
