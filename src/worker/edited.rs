//! Takes edits of comments: an act in one is void, and a command in one is none, on purpose.

use super::Trouble;
use super::delivery::Arrival;
use crate::ids::AccountKind;
use crate::webhook::{CommentFacts, IssueFacts};
use crate::words::Words;
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::command::Command;
use crate::workflow::event::Event;

impl Arrival<'_> {
    /// A comment was edited. Whoever edited it into a command is told once that it is not read as one; of approvals
    /// nothing is said (D26).
    pub(super) async fn edited(&self, issue: &IssueFacts, comment: &CommentFacts) -> Result<(), Trouble> {
        let run = self.run_at(issue.number, issue.is_pull).await?;
        let answer = self.edit_is_no_command(comment).await?;
        match (answer, &run) {
            (Some((words, key)), Some(run)) => {
                let place = if issue.is_pull { Place::PlanPull } else { Place::Issue };
                self.happens_first(run.id, &Event::Answered { words, place, key }).await?;
            }
            (Some((words, key)), None) if !issue.is_pull => {
                return self.answer_without_run(issue, &words, &key).await;
            }
            (Some(_) | None, _) => {}
        }
        self.comment_changed(issue, comment, Some(&comment.body)).await
    }

    /// What is said to who edited it, and under which name.
    async fn edit_is_no_command(&self, comment: &CommentFacts) -> Result<Option<(Words, String)>, Trouble> {
        let Some(who) = self.hint.sender.as_ref().filter(|who| who.kind == AccountKind::User) else { return Ok(None) };
        let by_a_person = comment.author.as_ref().is_some_and(|author| author.kind == AccountKind::User);
        if !by_a_person || comment.via_app {
            return Ok(None);
        }
        let Some(wanted) = self.command(&comment.body).await?.as_ref().and_then(told) else { return Ok(None) };
        let words = Words::EditIsNoCommand { who: who.clone(), wanted: wanted.to_owned() };
        let key = match self.may(who).await? >= Level::Triage {
            true => format!("edited-{}", comment.id),
            false => self.refusal_of(who, comment.updated_at),
        };
        Ok(Some((words, key)))
    }
}

/// The command's name, if an edit into it is told to be none. One that approves is passed over in silence, and so is what
/// may have been meant for another bot.
fn told(command: &Command) -> Option<&'static str> {
    match command {
        Command::Approve { .. } | Command::Retry { .. } | Command::Unknown { .. } => None,
        Command::Plan { .. } => Some("plan"),
        Command::Adopt { .. } => Some("plan adopt"),
        Command::Diff { .. } => Some("diff"),
        Command::PlanTemplate => Some("plan template"),
        Command::PlanAnyway { .. } => Some("plan anyway"),
        Command::Revise { .. } => Some("revise"),
        Command::Unapprove => Some("unapprove"),
        Command::Reject { .. } => Some("reject"),
        Command::Lift { .. } => Some("lift"),
        Command::Cancel => Some("cancel"),
        Command::Stop => Some("stop"),
        Command::Pause => Some("pause"),
        Command::Resume => Some("resume"),
        Command::Continue { .. } => Some("continue"),
        Command::Budget { .. } => Some("budget +2.50"),
        Command::Fix { .. } => Some("fix"),
        Command::Update => Some("update"),
        Command::Split => Some("split"),
        Command::Status => Some("status"),
        Command::History => Some("history"),
        Command::Help => Some("help"),
    }
}
