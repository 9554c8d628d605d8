//! Puts a version before people: the plan file, the plan pull request, the plan comment, answers to notes.

use super::Trouble;
use super::apply::With;
use super::effect::{Deed, Done};
use super::plan::{Answered, answered_name};
use crate::agent::planner::NoteAnswer;
use crate::github::{
    Attempt, GithubError, LineRemark, NewFile, NewPull, OpenState, Step, TEXT_LIMIT, Thread as On, Trace,
};
use crate::ids::{CommitSha, Digest, Person, PullNumber};
use crate::words::commit::{Provenance, plan_commit};
use crate::words::plan::{ParseFault, PlanFacts, Posting, plan_comment, plan_file};
use crate::words::pull::plan_pull;
use crate::words::revision::{
    self, Answer, Told, answer_in_public, answer_kept, answer_note, on_lines, push_refused, push_refused_whole,
    version_summary,
};
use crate::workflow::act::Place;
use crate::workflow::event::Event;
use crate::workflow::naming::plan_path;
use crate::workflow::run::{Note, PublishStage, Publishing, Reply, State, Thread};
use crate::workflow::terms::Terms;

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
            | State::Resting(_)
            | State::Delivering(_)
            | State::InReview(_)
            | State::Ended(_) => None,
        }
    }

    /// Commits the plan file to the plan branch, on top of whatever stands there.
    pub(super) async fn commit_plan(&self, version: u32) -> Result<Done, Trouble> {
        let Some(publishing) = self.publishing(version) else { return Ok(Done::quietly()) };
        let terms = self.terms(version).await?;
        let origin = &self.run.origin;
        let home = self.home();
        let made_from = self.core.made_from(&self.run, version).await?;
        let facts = PlanFacts {
            terms: &terms,
            digest: &publishing.digest,
            issue: origin.number,
            home: &home,
            made_from: &made_from,
        };
        let text = plan_file(&facts);
        let path = plan_path(origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let provenance = Provenance { home: &home, run: self.run.id, digest: &publishing.digest, approvers: &[] };
        let message = plan_commit(origin.number, version, &provenance);
        let repo = self.repo(Step::Write);
        if publishing.shown.is_none() {
            repo.ensure_branch(&origin.plan_branch, &publishing.base, self.look().into()).await?;
        } else if let Some(shown) = &publishing.shown
            && repo.branch_head(&origin.plan_branch).await?.is_none()
        {
            // GitHub closed the pull request with its branch, and opens it again only where the branch stood.
            repo.ensure_branch(&origin.plan_branch, &shown.subject.commit, Attempt::Again).await?;
            repo.edit_pull(shown.pull, None, Some(OpenState::Open)).await?;
        }
        if let (Some(_), Some(shown)) = (&publishing.around.review, &publishing.shown) {
            // It was closed when the work was opened; what is proposed now is reviewed there as well.
            let text = plan_pull(origin.number, &origin.title, &path, &self.core.settings.prefix);
            repo.edit_pull(shown.pull, Some(&text.body), Some(OpenState::Open)).await?;
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
        let text = plan_pull(origin.number, &origin.title, &path, &self.core.settings.prefix);
        let new = NewPull {
            title: &text.title,
            head: &origin.plan_branch,
            base: self.run.base_branch(),
            body: &text.body,
            draft: true,
        };
        let pull = self.open_once(&new).await?;
        self.carry_projects(pull.number).await?;
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
        let made_from = self.core.made_from(&self.run, version).await?;
        let facts = PlanFacts { terms: &terms, digest, issue: origin.number, home: &home, made_from: &made_from };
        let prefix = &self.core.settings.prefix;
        let costs = self.costs().await?;
        let executor = self.core.executor_named(&terms.models.execute);
        let estimate = executor.and_then(|(_, choice)| choice.at_most(&terms.plan));
        let (hidden, costs, begins_anew) = (&hidden[..], &costs[..], self.begins_anew(&terms).await?);
        let begins_anew = begins_anew.as_ref();
        let posting = Posting { pull, path: &path, commit, rules, hidden, prefix, costs, estimate, begins_anew };
        let plan = plan_comment(&facts, &posting);
        let Some(shown) = self.run.state.shown() else { return Ok(plan) };
        let before = self.terms_before(shown.subject.version).await?;
        let answered = self.answered(version).await?;
        let notes = self.publishing(version).map_or(&[][..], |publishing| &publishing.answering);
        let of = |note: &Note| answered.answers.iter().find(|answer| answer.note == note.id);
        let answers: Vec<(&Note, &NoteAnswer)> = notes.iter().filter_map(|note| Some((note, of(note)?))).collect();
        let all: Vec<revision::Answered<'_>> = answers
            .iter()
            .map(|(note, answer)| revision::Answered {
                by: note.by.login.as_str(),
                link: self.link(note),
                note: &note.text,
                answer: verdict(answer),
                text: &answer.answer,
                changed: &answer.changed,
            })
            .collect();
        let by = answered.by.as_ref().map(|by| by.login.as_str());
        let told = Told { by, changes: &answered.changes, answers: &all };
        let summary = version_summary((before.version, &before.text), (version, &terms.text), digest, &told);
        let both = format!("{summary}\n{plan}");
        Ok(if both.chars().count() <= TEXT_LIMIT { both } else { plan })
    }

    /// The version that people saw before: of this run, or of the one whose next version it publishes.
    async fn terms_before(&self, version: u32) -> Result<Terms, Trouble> {
        let own = self.core.store.plan(self.run.id, version).await?.is_some();
        let run = self.run.origin.retry_of.filter(|_| !own).unwrap_or(self.run.id);
        self.core.terms(run, version).await
    }

    /// What became of the notes that a version answers, also where an earlier run wrote it and could not publish it.
    async fn answered(&self, version: u32) -> Result<Answered, Trouble> {
        let name = answered_name(version);
        if let Some(answered) = self.kept(&name).await? {
            return Ok(answered);
        }
        let Some(earlier) = self.run.origin.retry_of else { return Ok(Answered::default()) };
        let bytes = self.core.store.kept(earlier, &name).await?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?.unwrap_or_default())
    }

    /// Answers a note where it was made: what was done about it, and in which version. A thread in which all is done is
    /// resolved; one with a disagreement stays open.
    pub(super) async fn answer_note(&self, version: u32, note: &Note) -> Result<Done, Trouble> {
        let answered = self.answered(version).await?;
        let answer = answered.answers.iter().find(|answer| answer.note == note.id);
        let Some(answer) = answer else { return Ok(Done::quietly()) };
        let digest = self.terms(version).await?.digest();
        let text = answer_note(version, &digest, verdict(answer), &answer.answer);
        self.reply(version, note, &text).await?;
        if answer.done {
            self.resolve(note).await?;
        }
        Ok(Done::quietly())
    }

    /// Answers a note that led to no new version.
    pub(super) async fn answer_kept(&self, version: u32, reply: &Reply) -> Result<Done, Trouble> {
        let digest = self.terms(version).await?.digest();
        let text = answer_kept(version, &digest, &reply.text);
        match reply.note.thread {
            Thread::Line(_) => self.reply(version, &reply.note, &text).await?,
            Thread::Summary(place) => {
                let name = format!("answer:{version}:{}", reply.note.id);
                let said = answer_in_public(&reply.note.by, &self.link(&reply.note), &text);
                self.comment_once(self.thread(place), &said, &name).await?;
            }
        }
        if reply.done {
            self.resolve(&reply.note).await?;
        }
        Ok(Done::quietly())
    }

    async fn reply(&self, version: u32, note: &Note, text: &str) -> Result<(), Trouble> {
        let name = format!("answer:{version}:{}", note.id);
        self.reply_on(self.run.state.plan_pull(), note, (&name, text)).await
    }

    /// Answers a note in its thread on a pull request, once.
    pub(super) async fn reply_on(
        &self,
        pull: Option<PullNumber>,
        note: &Note,
        (name, text): (&str, &str),
    ) -> Result<(), Trouble> {
        if let (Thread::Line(comment), Some(pull)) = (note.thread, pull) {
            let marker = self.core.app.marker(self.run.id, name);
            let trace = Trace { marker: &marker, since: self.run.origin.asked_at };
            match self.repo(Step::Write).ensure_reply(pull, comment, text, trace, self.look().into()).await {
                // The comment was deleted; nobody waits for its answer.
                Err(GithubError::Gone { .. }) => {}
                replied => drop(replied?),
            }
        }
        Ok(())
    }

    /// Resolves a note's thread. That it stays open is a blemish and no reason to say anything twice.
    async fn resolve(&self, note: &Note) -> Result<(), Trouble> {
        self.resolve_on(self.run.state.plan_pull(), note).await
    }

    /// Resolves a note's thread on a pull request.
    pub(super) async fn resolve_on(&self, pull: Option<PullNumber>, note: &Note) -> Result<(), Trouble> {
        let (Thread::Line(comment), Some(pull)) = (note.thread, pull) else { return Ok(()) };
        match self.repo(Step::Write).resolve_thread(pull, comment).await {
            Err(error @ (GithubError::Gone { .. } | GithubError::Refused { .. } | GithubError::Invalid { .. })) => {
                tracing::warn!(run.id = %self.run.id, %error, "a thread was not resolved");
                Ok(())
            }
            resolved => Ok(resolved?),
        }
    }

    /// Shows what is wrong with a pushed plan on the lines where it is; what has no line in the difference is said below.
    pub(super) async fn mark_faults(
        &self,
        head: &CommitSha,
        by: &Person,
        faults: &[ParseFault],
    ) -> Result<Done, Trouble> {
        let Some(pull) = self.run.state.plan_pull() else { return Ok(Done::quietly()) };
        let path = plan_path(self.run.origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let name = format!("faults:{head}");
        let marker = self.core.app.marker(self.run.id, &name);
        let trace = Trace { marker: &marker, since: self.run.origin.asked_at };
        let remarks: Vec<LineRemark> =
            on_lines(faults).into_iter().map(|(line, text)| LineRemark { line, text }).collect();
        let said = push_refused(by, head, faults.len());
        let (repo, look) = (self.repo(Step::Write), self.look());
        match repo.ensure_remarks(pull, (head, &path), (&said, &remarks), trace, look.into()).await {
            Err(GithubError::Invalid { .. } | GithubError::Gone { .. }) => {
                let text = push_refused_whole(by, head, faults);
                self.comment_once(On::Pull(pull), &text, &name).await?;
            }
            remarked => remarked?,
        }
        Ok(Done::quietly())
    }

    /// The address of a note; empty where there is none.
    pub(super) fn link(&self, note: &Note) -> String {
        let place = match note.thread {
            Thread::Line(_) | Thread::Summary(Place::PlanPull) => self.run.state.plan_pull(),
            Thread::Summary(Place::WorkPull) => self.run.state.work_pull(),
            Thread::Summary(Place::Issue) => None,
        };
        self.home().note(&note.id, self.run.origin.number, place).unwrap_or_default()
    }
}

fn verdict(answer: &NoteAnswer) -> Answer {
    if answer.done { Answer::Done } else { Answer::Declined }
}
