//! What a version is made from: read once, frozen with who wrote what and when, and carried from version to version.

use std::collections::BTreeMap;

use super::effect::Deed;
use super::{Core, Trouble};
use crate::agent::{Author, Comment, Issue, Writes};
use crate::config::policy::Outsiders;
use crate::github::{self, Marker, Step};
use crate::ids::{AccountKind, Person, RunId, Timestamp, UserId};
use crate::workflow::change::{Input, InputEdit, Stale};
use crate::workflow::run::{Ask, Origin, Planning, Run, State};

/// How many authors' permissions are asked for; whoever comes after counts as unknown.
const MOST_AUTHORS: usize = 50;
/// How many tries of a run (`/retry`) are followed back to the one that read the issue.
const MOST_TRIES: usize = 20;

/// Under which name the store keeps what a version is made from.
fn name(version: u32) -> String {
    format!("inputs-{version}")
}

impl Core {
    /// What a version, or the newest before it, is made from; `None` before anything was read.
    pub(super) async fn inputs(&self, run: &Run, version: u32) -> Result<Option<Issue>, Trouble> {
        let (mut id, mut earlier): (RunId, Option<RunId>) = (run.id, run.origin.retry_of);
        for _ in 0..MOST_TRIES {
            for version in (1..=version).rev() {
                if let Some(bytes) = self.store.kept(id, &name(version)).await? {
                    return Ok(Some(serde_json::from_slice(&bytes)?));
                }
            }
            let Some(before) = earlier else { return Ok(None) };
            id = before;
            earlier = self.run(before).await?.0.origin.retry_of;
        }
        Ok(None)
    }

    /// What a part of the input says, as far as the run knows: frozen, or changed since and to be taken up. `None` if it
    /// is no part of it.
    pub(super) async fn known(&self, run: &Run, what: &[Input]) -> Result<Vec<Option<String>>, Trouble> {
        let version = version(&run.state);
        let frozen = self.inputs(run, version).await?;
        let origin = &run.origin;
        let of = |what: &Input| {
            if let Some(edit) = pending(run).filter(|edit| edit.what == *what).last() {
                return edit.text.clone();
            }
            match (&frozen, what) {
                (Some(frozen), what) => frozen.part(*what).map(str::to_owned),
                (None, Input::Title) => Some(origin.title.clone()),
                (None, Input::Body) => Some(origin.body.clone()),
                (None, Input::Comment(_)) => None,
            }
        };
        Ok(what.iter().map(of).collect())
    }
}

/// The version that is being made, or else shown.
fn version(state: &State) -> u32 {
    match state {
        State::Planning(planning) => planning.version,
        State::AwaitingAnswer(awaiting) => awaiting.version,
        State::Publishing(publishing) => publishing.version,
        State::AwaitingApproval(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_)
        | State::Ended(_) => state.shown().map_or(0, |shown| shown.subject.version),
    }
}

/// Changes that a version to come takes up.
fn pending(run: &Run) -> impl Iterator<Item = &InputEdit> {
    let asked = match &run.state {
        State::Planning(Planning { ask: Ask::Anew { why: Stale::Input { edits } }, .. }) => &edits[..],
        State::Planning(_)
        | State::AwaitingAnswer(_)
        | State::Publishing(_)
        | State::AwaitingApproval(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_)
        | State::Ended(_) => &[],
    };
    asked.iter().chain(run.state.around().map_or(&[][..], |around| &around.edits[..]))
}

impl Deed<'_> {
    /// What the version being written is made from. The first one, and one that a person asked for anew, reads the
    /// issue; any other keeps what was read, but for the changes it is written for (rule E).
    pub(super) async fn inputs(&self, planning: &Planning, outsiders: Outsiders) -> Result<Issue, Trouble> {
        let name = name(planning.version);
        let kept: Option<Issue> = self.kept(&name).await?;
        let again = planning.shown.is_some() && matches!(planning.ask, Ask::Fresh { .. });
        let issue = match (kept, &planning.ask) {
            (Some(kept), Ask::Anew { why: Stale::Input { edits } }) => kept.with_edits(edits),
            (Some(kept), _) => return Ok(kept),
            (None, _) if again => self.read_again(outsiders).await?,
            (None, ask) => {
                let before = match self.core.inputs(&self.run, planning.version).await? {
                    Some(before) => before,
                    None => self.read(outsiders).await?,
                };
                match ask {
                    Ask::Anew { why: Stale::Input { edits } } => before.with_edits(edits),
                    Ask::Anew { .. } | Ask::Fresh { .. } | Ask::Revise { .. } | Ask::Republish | Ask::Adopt(_) => {
                        before
                    }
                }
            }
        };
        self.keep(&name, serde_json::to_vec(&issue)?).await?;
        Ok(issue)
    }

    /// Title and body as the trigger's delivery had them, and the comments that were there then and have not been edited
    /// since (T17).
    async fn read(&self, outsiders: Outsiders) -> Result<Issue, Trouble> {
        let origin = &self.run.origin;
        let listed = match origin.comments {
            0 => vec![],
            _ => self.repo(Step::Read).issue_comments(origin.number, None).await?.items,
        };
        let then =
            |comment: &github::Comment| comment.created_at <= origin.asked_at && comment.updated_at <= origin.asked_at;
        let comments = listed.into_iter().filter(then).collect();
        let text = (&*origin.title, &*origin.body);
        self.frozen(text, origin.author.as_ref(), origin.asked_at, (comments, outsiders)).await
    }

    /// The issue as it is now: a person asked for that.
    async fn read_again(&self, outsiders: Outsiders) -> Result<Issue, Trouble> {
        let number = self.run.origin.number;
        let repo = self.repo(Step::Read);
        let issue = repo.issue(number).await?;
        let comments = repo.issue_comments(number, None).await?.items;
        let text = (&*issue.title, &*issue.body);
        self.frozen(text, issue.author.as_ref(), issue.updated_at, (comments, outsiders)).await
    }

    async fn frozen(
        &self,
        text: (&str, &str),
        by: Option<&Person>,
        at: Timestamp,
        said: (Vec<github::Comment>, Outsiders),
    ) -> Result<Issue, Trouble> {
        let us = self.core.app.identity(self.moment.now()).await?.bot_id;
        let mut known = self.asked_just_now(at);
        let author = self.author(by, &mut known).await;
        let (mut read, mut left_out) = (Vec::new(), 0);
        let (comments, outsiders) = said;
        let spelling = self.core.spelling(self.moment.now()).await;
        for comment in comments {
            // What we said is no input, and what is said to us is heard as a command.
            if comment.author.as_ref().is_some_and(|author| author.id == us) || spelling.parse(&comment.body).is_some()
            {
                continue;
            }
            let author = self.author(comment.author.as_ref(), &mut known).await;
            if author.writes != Writes::Yes && outsiders == Outsiders::LeaveOut {
                left_out += 1;
                continue;
            }
            read.push(Comment { id: comment.id, author, at: comment.updated_at, text: comment.body });
        }
        let ours = by.is_some_and(|by| by.id == us);
        Ok(Issue {
            title: text.0.to_owned(),
            author,
            at,
            body: text.1.to_owned(),
            comments: read,
            left_out,
            trigger: self.run.origin.label.clone(),
            mark: Marker::at_the_end_of(text.1).filter(|_| ours).map(str::to_owned),
        })
    }

    /// What is known of the requester, if the input is that of the moment they asked: only who may write is heard.
    fn asked_just_now(&self, at: Timestamp) -> BTreeMap<UserId, Writes> {
        let Origin { requester, asked_at, .. } = &self.run.origin;
        let person = *asked_at == at && requester.kind == AccountKind::User;
        person.then_some((requester.id, Writes::Yes)).into_iter().collect()
    }

    async fn author(&self, person: Option<&Person>, known: &mut BTreeMap<UserId, Writes>) -> Author {
        let Some(person) = person else { return Author { login: "ghost".to_owned(), id: None, writes: Writes::No } };
        let writes = match known.get(&person.id) {
            Some(writes) => *writes,
            None if person.kind != AccountKind::User => Writes::No,
            None if known.len() >= MOST_AUTHORS => Writes::Unknown,
            None => self.writes(person).await,
        };
        known.insert(person.id, writes);
        Author { login: person.login.to_string(), id: Some(person.id), writes }
    }

    async fn writes(&self, person: &Person) -> Writes {
        match self.repo(Step::Read).permission(&person.login).await {
            Ok(answer) if answer.user == person.id && answer.level >= github::Level::Write => Writes::Yes,
            Ok(_) => Writes::No,
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown whether {} may write", person.login);
                Writes::Unknown
            }
        }
    }
}
