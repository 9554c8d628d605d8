//! Puts a version before people: the plan file, the plan pull request, the plan comment, answers to notes.

use super::Trouble;
use super::apply::With;
use super::effect::{Deed, Done};
use super::plan::{Answered, answered_name};
use crate::agent::planner::NoteAnswer;
use crate::github::{Attempt, GithubError, NewFile, NewPull, Step, TEXT_LIMIT, Thread as On, Trace};
use crate::ids::{CommitSha, Digest, PullNumber};
use crate::words::commit::{Provenance, plan_commit};
use crate::words::plan::{PlanFacts, Posting, plan_comment, plan_file};
use crate::words::pull::plan_pull;
use crate::words::revision::{self, Answer, answer_note, version_summary};
use crate::workflow::event::Event;
use crate::workflow::naming::plan_path;
use crate::workflow::run::{Note, PublishStage, Publishing, State, Thread};

/// Under which name the store keeps the blob of the plan file as we left it.
const BLOB: &str = "plan-blob";

impl Deed<'_> {
    fn publishing(&self, version: u32) -> Option<&Publishing> {
        match &self.run.state {
            State::Publishing(publishing) if publishing.version == version => Some(publishing),
            State::Publishing(_)
            | State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Delivering(_)
            | State::Ended(_) => None,
        }
    }

    /// Commits the plan file to the plan branch, on top of whatever stands there.
    pub(super) async fn commit_plan(&self, version: u32) -> Result<Done, Trouble> {
        let Some(publishing) = self.publishing(version) else { return Ok(Done::quietly()) };
        let terms = self.terms(version).await?;
        let origin = &self.run.origin;
        let home = self.home();
        let facts = PlanFacts { terms: &terms, digest: &publishing.digest, issue: origin.number, home: &home };
        let text = plan_file(&facts);
        let path = plan_path(origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let provenance = Provenance { home: &home, run: self.run.id, digest: &publishing.digest, approvers: &[] };
        let message = plan_commit(origin.number, version, &provenance);
        let repo = self.repo(Step::Write);
        if publishing.shown.is_none() {
            repo.ensure_branch(&origin.plan_branch, &publishing.base, self.look().into()).await?;
        } else if repo.branch_head(&origin.plan_branch).await?.is_none() {
            repo.ensure_branch(&origin.plan_branch, &publishing.base, Attempt::Again).await?;
        }
        let previous: Option<CommitSha> = self.kept(BLOB).await?;
        let file = NewFile {
            branch: &origin.plan_branch,
            path: &path,
            bytes: text.as_bytes(),
            message: &message,
            previous: previous.as_ref(),
        };
        let written = match repo.ensure_file(&file, self.look().into()).await {
            // Somebody else changed the file; this version goes on top, and theirs stays in the history.
            Err(GithubError::Conflict { .. } | GithubError::Invalid { .. }) => {
                let head = repo.branch_head(&origin.plan_branch).await?;
                let there = match &head {
                    Some(head) => repo.file_at(head, &path).await?,
                    None => None,
                };
                repo.put_file(&NewFile { previous: there.as_ref().map(|file| &file.blob), ..file }).await?
            }
            written => written?,
        };
        self.keep(BLOB, serde_json::to_vec(&written.blob)?).await?;
        Ok(Done::with(Event::PlanCommitted { version, commit: written.commit }))
    }

    /// Opens the plan pull request, as a draft.
    pub(super) async fn open_plan_pull(&self, version: u32) -> Result<Done, Trouble> {
        let Some(_) = self.publishing(version) else { return Ok(Done::quietly()) };
        let origin = &self.run.origin;
        let path = plan_path(origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let text = plan_pull(origin.number, &origin.title, &path);
        let new = NewPull {
            title: &text.title,
            head: &origin.plan_branch,
            base: &origin.base_branch,
            body: &text.body,
            draft: true,
        };
        let pull = self.open_once(&new).await?;
        let event = Event::PlanPullOpened { pull: pull.number, at: pull.created_at };
        Ok(Done::and(event, With { pull: Some(pull.number), ..With::default() }))
    }

    /// Posts the plan comment on the issue; with it the version is public.
    pub(super) async fn post_plan(&self, version: u32) -> Result<Done, Trouble> {
        let Some(publishing) = self.publishing(version) else { return Ok(Done::quietly()) };
        let PublishStage::Posting { commit, pull, .. } = &publishing.stage else { return Ok(Done::quietly()) };
        let text = self.plan_text(version, &publishing.digest, commit, *pull).await?;
        let comment = self.comment_once(On::Issue(self.run.origin.number), &text, &format!("plan:{version}")).await?;
        Ok(Done::with(Event::PlanPosted { version, at: comment.created_at }))
    }

    async fn plan_text(
        &self,
        version: u32,
        digest: &Digest,
        commit: &CommitSha,
        pull: PullNumber,
    ) -> Result<String, Trouble> {
        let State::Publishing(Publishing { rules, .. }) = &self.run.state else { return Err(Trouble::Interrupted) };
        let terms = self.terms(version).await?;
        let origin = &self.run.origin;
        let home = self.home();
        let path = plan_path(origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let hidden = self.hidden().await?;
        let facts = PlanFacts { terms: &terms, digest, issue: origin.number, home: &home };
        let posting = Posting { pull, path: &path, commit, rules, hidden: &hidden };
        let plan = plan_comment(&facts, &posting);
        let Some(shown) = self.run.state.shown() else { return Ok(plan) };
        let before = self.terms(shown.subject.version).await?;
        let answers = self.answers(version).await?;
        let summary =
            version_summary((before.version, &before.text), (version, &terms.text), digest, &answers_of(&answers));
        let both = format!("{summary}\n{plan}");
        Ok(if both.chars().count() <= TEXT_LIMIT { both } else { plan })
    }

    /// The notes that a version answers, each with its answer.
    async fn answers(&self, version: u32) -> Result<Vec<(Note, NoteAnswer)>, Trouble> {
        let answered: Answered = self.kept(&answered_name(version)).await?.unwrap_or_default();
        let notes = self.publishing(version).map_or(&[][..], |publishing| &publishing.answering);
        let of = |note: &Note| answered.answers.iter().find(|answer| answer.note == note.id).cloned();
        Ok(notes.iter().filter_map(|note| Some((note.clone(), of(note)?))).collect())
    }

    /// Answers a note where it was made: what was done about it, and in which version.
    pub(super) async fn answer_note(&self, version: u32, note: &Note) -> Result<Done, Trouble> {
        let answered: Answered = self.kept(&answered_name(version)).await?.unwrap_or_default();
        let answer = answered.answers.iter().find(|answer| answer.note == note.id);
        let Some(answer) = answer else { return Ok(Done::quietly()) };
        let digest = self.terms(version).await?.digest();
        let text = answer_note(version, &digest, verdict(answer), &answer.answer);
        let name = format!("answer:{version}:{}", note.id);
        if let (Thread::Line(comment), Some(pull)) = (note.thread, self.run.state.plan_pull()) {
            let marker = self.core.app.marker(self.run.id, &name);
            let trace = Trace { marker: &marker, since: self.run.origin.asked_at };
            self.repo(Step::Write).ensure_reply(pull, comment, &text, trace, self.look().into()).await?;
        }
        Ok(Done::quietly())
    }
}

fn verdict(answer: &NoteAnswer) -> Answer {
    if answer.done { Answer::Done } else { Answer::Declined }
}

fn answers_of(answers: &[(Note, NoteAnswer)]) -> Vec<revision::Answered<'_>> {
    let mut all = Vec::with_capacity(answers.len());
    for (note, answer) in answers {
        let (by, text) = (note.by.login.as_str(), answer.answer.as_str());
        all.push(revision::Answered { by, note: &note.text, answer: verdict(answer), text });
    }
    all
}
