//! Takes what people type: a new comment whose first line is a command.

use super::delivery::{Arrival, HOUR, once_an_hour};
use super::trigger::{Asked, Wanted};
use super::{Core, Trouble};
use crate::github::{Reaction, Step, Target, Top};
use crate::ids::{AccountKind, Person, Timestamp};
use crate::webhook::{CommentFacts, IssueFacts};
use crate::words::Words;
use crate::words::plan::Hints;
use crate::workflow::act::{Act, ActId, ActKind, Place};
use crate::workflow::approval::Level;
use crate::workflow::command::{Command, Spelling};
use crate::workflow::effect::ReactTo;
use crate::workflow::event::Event;
use crate::workflow::run::{CancelledBy, Note, Run, State, Thread};

/// A command, where it was typed, and the run it is about.
pub(super) struct Typed<'a> {
    pub(super) issue: &'a IssueFacts,
    pub(super) comment: &'a CommentFacts,
    pub(super) by: &'a Person,
    pub(super) run: Option<Run>,
    pub(super) place: Place,
}

impl Typed<'_> {
    /// What was said, as a note for the next version.
    pub(super) fn note(&self, id: String, text: String) -> Note {
        Note {
            id,
            by: self.by.clone(),
            at: self.comment.created_at,
            text,
            on: None,
            review: None,
            thread: Thread::Summary(self.place),
        }
    }
}

impl Core {
    /// How commands are spelt. The App's own name is left out for as long as GitHub does not tell it.
    pub(super) async fn spelling(&self, now: Timestamp) -> Spelling {
        let slug = self.app.identity(now).await.map(|us| us.slug.clone());
        Spelling { prefix: self.settings.prefix.clone(), slug: slug.ok() }
    }
}

impl Arrival<'_> {
    /// Reads a text as a command. A mention is not read before it is known what we are called.
    pub(super) async fn command(&self, text: &str) -> Result<Option<Command>, Trouble> {
        let prefix = self.core.settings.prefix.clone();
        let slug = match text.starts_with('@') {
            true => Some(self.core.app.identity(self.moment.now()).await?.slug.clone()),
            false => None,
        };
        Ok(Spelling { prefix, slug }.parse(text))
    }

    /// A comment was written. Ordinary text changes nothing; bots are not heard.
    pub(super) async fn comment(&self, issue: &IssueFacts, comment: &CommentFacts) -> Result<(), Trouble> {
        let Some(by) = comment.author.as_ref().filter(|by| by.kind == AccountKind::User) else {
            return self.done("not by a person").await;
        };
        let command = self.command(&comment.body).await?;
        let (run, place) = self.run_and_place(issue).await?;
        if issue.is_pull && run.is_none() {
            return self.done("no pull request of ours").await;
        }
        // An App in a person's name asks for nothing (R7); an approval of that kind is recorded and refused (D34).
        let starts = matches!(
            command,
            Some(
                Command::Plan { .. }
                    | Command::PlanAnyway { .. }
                    | Command::Adopt { .. }
                    | Command::Revise { .. }
                    | Command::Retry { .. }
                    | Command::Resume
                    | Command::Continue { .. }
                    | Command::Budget { .. }
                    | Command::Fix { .. }
                    | Command::Update
                    | Command::Split
            )
        );
        if comment.via_app && starts {
            return self.done("an App in a person's name").await;
        }
        let overtaken = |run: &Run| {
            let id = ActId::Comment(comment.id.0);
            run.state.acts().iter().any(|act| act.id == id && act.kind.is_overtaken())
        };
        if run.as_ref().is_some_and(overtaken) && !command.as_ref().is_some_and(Command::is_act) {
            return self.done("taken back before it was told of").await;
        }
        let typed = Typed { issue, comment, by, run, place };
        let Some(command) = command else { return self.perhaps_answer(&typed).await };
        // Only a courtesy, so that an unclear answer is no.
        if !comment.via_app && self.may(by).await.is_ok_and(|level| level >= Level::Triage) {
            self.seen(&typed, Reaction::Eyes).await;
        }
        match command {
            Command::Plan { guidance } => self.plan(&typed, guidance, false).await,
            Command::Adopt { path, text } => self.adopt(&typed, path, &text).await,
            Command::Diff { from, to } => self.diff(&typed, (from, to)).await,
            Command::Revise { text } => self.revise(&typed, text).await,
            Command::Approve { digest } => self.act(&typed, approval(digest), "approve").await,
            Command::Unapprove => self.act(&typed, ActKind::Withdraw, "unapprove").await,
            Command::Reject { why } => self.act(&typed, ActKind::Veto { why }, "reject").await,
            Command::Cancel => self.cancel_by_command(&typed).await,
            Command::Stop => self.stop(&typed).await,
            Command::Pause => self.pause(&typed).await,
            Command::Resume => self.resume(&typed, "resume", None).await,
            Command::Continue { text } => self.resume(&typed, "continue", text).await,
            Command::Budget { more } => self.budget(&typed, more).await,
            Command::Fix { text } => self.fix(&typed, text).await,
            Command::Update => self.update(&typed).await,
            Command::Retry { digest, from } => self.retry(&typed, digest, from).await,
            Command::Split => self.split(&typed).await,
            Command::Status => self.status(&typed).await,
            Command::Help => self.answer(&typed, Words::Help, "help").await,
            Command::Unknown { typed: given, nearest } => {
                let words = Words::UnknownCommand { typed: given, nearest };
                self.answer(&typed, words, "unknown").await
            }
            Command::PlanTemplate => self.template(&typed).await,
            Command::PlanAnyway { guidance } => self.plan(&typed, anyway(&typed, guidance), true).await,
            Command::History => self.history(&typed).await,
            Command::Lift { login } => self.lift(&typed, login).await,
        }
    }

    pub(super) async fn plan(&self, typed: &Typed<'_>, guidance: Option<String>, unasked: bool) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "plan").await;
        }
        match &typed.run {
            Some(run) if run.state.is_open() => {
                let event = Event::PlanAsked { by: typed.by.clone(), guidance, unasked, place: typed.place };
                self.happens(run.id, &event).await
            }
            Some(_) if typed.place != Place::Issue => self.no_run(typed, "plan").await,
            Some(_) | None if !typed.issue.open || self.hint.repo.archived => self.no_run(typed, "plan").await,
            Some(_) | None => {
                let Some(in_force) = self.may_ask_by_command(typed.issue, typed.by).await? else { return Ok(()) };
                let seen = ReactTo::Comment(typed.comment.id);
                let what = Wanted::Plan { guidance, unasked };
                let asked = Asked { by: typed.by, at: typed.comment.created_at, what, label: None, seen };
                self.begin(typed.issue, asked, &in_force).await
            }
        }
    }

    async fn revise(&self, typed: &Typed<'_>, text: String) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "revise").await;
        }
        let Some(run) = typed.run.as_ref().filter(|run| run.state.is_open()) else {
            return self.no_run(typed, "revise").await;
        };
        if text.is_empty() {
            return self.answer(typed, Words::NeedsText { wanted: "revise".to_owned() }, "text").await;
        }
        let note = typed.note(format!("comment-{}", typed.comment.id), text);
        self.happens(run.id, &Event::Noted { note }).await
    }

    /// An act that bears on approval. Whether the person may is the gate's question, not this one's.
    async fn act(&self, typed: &Typed<'_>, kind: ActKind, wanted: &str) -> Result<(), Trouble> {
        let Some(run) = &typed.run else { return self.no_run(typed, wanted).await };
        // Where nothing waits for an approval, the answer to one is not the gate's, and no more frequent than others.
        let waits = matches!(run.state, State::AwaitingApproval(_) | State::Starting(_));
        if kind.approves() && !waits && self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, wanted).await;
        }
        self.happens(run.id, &Event::Acted { act: self.act_of(typed, kind) }).await
    }

    /// `/lift @login`: an administrator who did not ask for the plan sets an objection aside (rule D), or its author does;
    /// the gate judges it again. One of an objection that is not known yet is recorded as well, for the two may arrive in
    /// any order.
    async fn lift(&self, typed: &Typed<'_>, login: String) -> Result<(), Trouble> {
        if typed.comment.via_app {
            return self.done("by an App in a person's name").await;
        }
        let Some(run) = typed.run.as_ref().filter(|run| run.state.is_open()) else {
            return self.no_run(typed, "lift").await;
        };
        let shown = run.state.shown();
        let asked = shown.is_some_and(|shown| shown.subject.requesters.contains(&typed.by.id));
        let own = typed.by.login.as_str().eq_ignore_ascii_case(&login);
        let asked = asked || run.origin.requester.id == typed.by.id;
        if !own && (asked || self.may(typed.by).await? < Level::Admin) {
            return self.refuse(typed, "lift").await;
        }
        let objects = |act: &Act| {
            let veto = matches!(act.kind, ActKind::Veto { .. }) && act.voided.is_none();
            veto && act.by.login.as_str().eq_ignore_ascii_case(&login)
        };
        if !run.state.acts().iter().any(objects) {
            let words = Words::NothingToLift { who: typed.by.clone(), login: login.clone() };
            let key = once_an_hour("lift", typed.by, typed.comment.created_at);
            self.happens_first(run.id, &Event::Answered { words, place: typed.place, key }).await?;
        }
        self.act(typed, ActKind::Lift { login }, "lift").await
    }

    pub(super) fn act_of(&self, typed: &Typed<'_>, kind: ActKind) -> Act {
        Act {
            id: ActId::Comment(typed.comment.id.0),
            kind,
            by: typed.by.clone(),
            at: typed.comment.created_at,
            place: typed.place,
            via_app: typed.comment.via_app,
            voided: None,
        }
    }

    /// `/cancel`: triage and above, whoever asked for the run, and the issue's author, who could close the issue anyway.
    async fn cancel_by_command(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let Some(run) = typed.run.as_ref().filter(|run| run.state.is_open()) else {
            return self.no_run(typed, "cancel").await;
        };
        if !self.may_end(typed, run).await? {
            return self.refuse(typed, "cancel").await;
        }
        let event = Event::Cancelled { by: Some(typed.by.clone()), why: CancelledBy::Command };
        self.happens(run.id, &event).await
    }

    pub(super) async fn may_end(&self, typed: &Typed<'_>, run: &Run) -> Result<bool, Trouble> {
        let author = run.origin.author.as_ref().is_some_and(|author| author.id == typed.by.id);
        let own = !typed.comment.via_app && (author || run.origin.requester.id == typed.by.id);
        Ok(own || self.may(typed.by).await? >= Level::Triage)
    }

    pub(super) async fn nothing_to(&self, typed: &Typed<'_>, run: &Run, wanted: &str) -> Result<(), Trouble> {
        let (who, phase) = (typed.by.clone(), run.state.phase().to_owned());
        let words = Words::NothingToApprove { who, wanted: wanted.to_owned(), phase };
        self.answer(typed, words, wanted).await
    }

    async fn status(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let Some(run) = &typed.run else { return self.no_run(typed, "status").await };
        let words = Words::Status { phase: run.state.phase().to_owned() };
        let what = format!("status-{}", run.state.phase());
        self.answer(typed, words, &what).await
    }

    async fn history(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let Some(run) = &typed.run else { return self.no_run(typed, "history").await };
        let past = super::history::past(&self.core.store, run).await?;
        // As long as nothing has happened since, the answer above says it all.
        let what = format!("history-{}-{}-{}", run.state.phase(), past.versions.len(), past.acts.len());
        self.answer(typed, Words::History { past }, &what).await
    }

    async fn template(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "plan template").await;
        }
        let Top { folders, files } = self.repo(Step::Read).top().await?;
        let hints = Hints::of(folders, &files);
        self.answer(typed, Words::Template { hints }, "template").await
    }

    pub(super) async fn refuse(&self, typed: &Typed<'_>, wanted: &str) -> Result<(), Trouble> {
        self.doubted(typed).await?;
        let words = Words::NotAllowed { who: typed.by.clone(), wanted: wanted.to_owned() };
        self.answer(typed, words, "refused").await
    }

    pub(super) async fn no_run(&self, typed: &Typed<'_>, wanted: &str) -> Result<(), Trouble> {
        self.doubted(typed).await?;
        let words = Words::NoRun { who: typed.by.clone(), wanted: wanted.to_owned() };
        self.answer(typed, words, "no-run").await
    }

    /// Answers, at most once an hour for each person and for what they asked. Who may do nothing here gets one answer an
    /// hour in all: otherwise anybody could have us fill an issue.
    pub(super) async fn answer(&self, typed: &Typed<'_>, words: Words, what: &str) -> Result<(), Trouble> {
        let at = typed.comment.created_at;
        let key = match self.may(typed.by).await? >= Level::Triage {
            true => once_an_hour(what, typed.by, at),
            false => self.refusal_of(typed.by, at),
        };
        match &typed.run {
            Some(run) => {
                let event = Event::Answered { words, place: typed.place, key };
                self.happens(run.id, &event).await
            }
            None => self.answer_without_run(typed.issue, &words, &key).await,
        }
    }

    /// Shows that nothing comes of a command. To who may do nothing here that is shown once an hour and issue, as it is
    /// answered: each reaction is a write, and the writes of an installation are counted.
    async fn doubted(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let at = typed.comment.created_at;
        if self.may(typed.by).await? < Level::Triage {
            let name = format!("doubted-{}-{}", typed.issue.id, self.refusal_of(typed.by, at));
            if !self.core.store.is_to_tell(&self.claim, &name, at, at.plus(HOUR)).await? {
                return Ok(());
            }
        }
        self.seen(typed, Reaction::Confused).await;
        Ok(())
    }

    /// Shows what became of a command. Only a courtesy: what follows from the command is what counts.
    pub(super) async fn seen(&self, typed: &Typed<'_>, how: Reaction) {
        let step = if typed.place != Place::Issue { Step::Write } else { Step::Read };
        if let Err(error) = self.repo(step).react(Target::Comment(typed.comment.id), how).await {
            tracing::debug!(%error, "a reaction was not made");
        }
    }
}

/// What `/plan anyway` tells the planner, where it is about to ask or has asked.
fn anyway(typed: &Typed<'_>, guidance: Option<String>) -> Option<String> {
    const GO_ON: &str = "Go on without asking, and state your assumptions in the plan, each as a question.";
    let asks = typed.run.as_ref().is_none_or(|run| matches!(run.state, State::AwaitingAnswer(_) | State::Ended(_)));
    match guidance {
        Some(guidance) if asks => Some(format!("{guidance}\n\n{GO_ON}")),
        None if asks => Some(GO_ON.to_owned()),
        guidance => guidance,
    }
}

pub(super) fn approval(digest: Option<String>) -> ActKind {
    match digest {
        Some(prefix) => ActKind::ApproveByDigest { prefix },
        None => ActKind::ApproveBare,
    }
}
