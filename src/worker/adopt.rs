//! Takes plans that people wrote themselves: pushed to the plan branch, or named behind `/plan adopt`.
//!
//! A push by someone who may is read at its head. What is sound there becomes a version of its own; whatever it is, the
//! version it was pushed over is void (Q13).

use super::command::Typed;
use super::delivery::Arrival;
use super::trigger::{Asked, Wanted};
use super::{Core, Trouble};
use crate::github::{GithubError, Step};
use crate::ids::{AccountKind, CommitSha, Person, RepoPath, RunId};
use crate::words::Words;
use crate::words::place::Home;
use crate::words::plan::{ParseFault, PlanFacts, fenced_plan, plan_file, read_plan};
use crate::words::revision::difference;
use crate::workflow::act::Place;
use crate::workflow::approval::Level;
use crate::workflow::effect::ReactTo;
use crate::workflow::event::Event;
use crate::workflow::naming::plan_path;
use crate::workflow::plan::Plan;
use crate::workflow::run::{Offer, Run, Source};
use crate::workflow::terms::Terms;

/// How many bytes a file may have that is read as a plan; a sound plan has far fewer.
const MOST_BYTES: usize = 200_000;

impl Core {
    /// What an approval of a version covers, as it was stored; a stored version that does not have its digest is no
    /// version.
    pub(super) async fn terms(&self, run: RunId, version: u32) -> Result<Terms, Trouble> {
        let row = self.store.plan(run, version).await?;
        let row = row.ok_or_else(|| Trouble::Corrupt(format!("version {version} is not there")))?;
        let terms: Terms = serde_json::from_str(&row.terms)?;
        if terms.digest() != row.digest {
            return Err(Trouble::Corrupt(format!("version {version} is not what its digest says")));
        }
        Ok(terms)
    }
}

impl Arrival<'_> {
    /// What a push to the plan branch means: a plan on offer, a plan that is not sound, or only that the branch is not
    /// where we left it.
    pub(super) async fn pushed(&self, run: &Run, head: Option<&CommitSha>) -> Result<Event, Trouble> {
        let moved = Event::PlanBranchMoved { head: head.cloned() };
        let Some((head, by)) = head.zip(self.hint.sender.as_ref()) else { return Ok(moved) };
        let Some(shown) = run.state.shown() else { return Ok(moved) };
        if by.kind != AccountKind::User || self.may(by).await? < Level::Write {
            return Ok(moved);
        }
        let terms = self.core.terms(run.id, shown.subject.version).await?;
        let path = plan_path(run.origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let text = match self.file(head, &path).await? {
            Ok(text) => text,
            Err(fault) => return Ok(refused(by, head, vec![fault])),
        };
        let home = Home { web: self.core.settings.web.clone(), repo: run.origin.repo_name.clone() };
        let made_from = self.core.made_from(run, shown.subject.version).await?;
        let facts = PlanFacts {
            terms: &terms,
            digest: &shown.subject.digest,
            issue: run.origin.number,
            home: &home,
            made_from: &made_from,
        };
        Ok(match read_plan(&text, Some(&plan_file(&facts))) {
            Ok(plan) if plan == terms.plan => moved,
            Ok(plan) => Event::PlanOffered { offer: Box::new(offer(by, Source::Push { head: head.clone() }, plan)) },
            Err(faults) => refused(by, head, faults),
        })
    }

    /// `/plan adopt`: the plan that stands below the command or in the file it names becomes a version, if it is sound.
    pub(super) async fn adopt(&self, typed: &Typed<'_>, path: Option<String>, text: &str) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "plan adopt").await;
        }
        let live = typed.run.as_ref().filter(|run| run.state.is_open());
        let may_begin = typed.issue.open && typed.place == Place::Issue && !self.hint.repo.archived;
        if live.is_none() && !may_begin {
            return self.no_run(typed, "plan adopt").await;
        }
        let key = format!("adopt-{}", typed.comment.id);
        let (comment, place) = (typed.comment.id, typed.place);
        let (text, from) = match path {
            None if text.trim().is_empty() => {
                let words = Words::NeedsText { wanted: "plan adopt".to_owned() };
                return self.answer(typed, words, "adopt").await;
            }
            // The lines are counted as they stand in the comment.
            None => {
                let text = format!("\n{text}");
                (fenced_plan(&text).unwrap_or(text), Source::Comment { comment, place })
            }
            Some(path) => match self.on_base(&path).await? {
                Some((at, commit, text)) => (text, Source::File { comment, place, path: at, commit }),
                None => {
                    let words = Words::NoSuchFile { who: typed.by.clone(), path };
                    return self.answer(typed, words, &key).await;
                }
            },
        };
        let plan = match read_plan(&text, None) {
            Ok(plan) => plan,
            Err(faults) => {
                let words = Words::PlanNotSound { who: typed.by.clone(), faults };
                return self.answer(typed, words, &key).await;
            }
        };
        let offer = Box::new(offer(typed.by, from, plan));
        match live {
            Some(run) => self.happens(run.id, &Event::PlanOffered { offer }).await,
            None => {
                let Some(in_force) = self.may_ask_by_command(typed.issue, typed.by).await? else { return Ok(()) };
                let (at, seen) = (typed.comment.created_at, ReactTo::Comment(typed.comment.id));
                let what = Wanted::Adoption(offer);
                let asked = Asked { by: typed.by, at, what, label: None, seen };
                self.begin(typed.issue, asked, &in_force).await
            }
        }
    }

    /// A file of the default branch, and the commit it was read at.
    async fn on_base(&self, path: &str) -> Result<Option<(RepoPath, CommitSha, String)>, Trouble> {
        let Ok(path) = path.parse::<RepoPath>() else { return Ok(None) };
        let head = self.repo(Step::Read).branch_head(&self.hint.repo.default_branch).await?;
        let Some(head) = head else { return Ok(None) };
        Ok(self.file(&head, &path).await?.ok().map(|text| (path, head, text)))
    }

    /// `/diff`: what is different between two versions; the newest and the one before it if none are named.
    pub(super) async fn diff(&self, typed: &Typed<'_>, pair: (Option<u32>, Option<u32>)) -> Result<(), Trouble> {
        let Some((run, shown)) = typed.run.as_ref().and_then(|run| Some((run, run.state.shown()?))) else {
            return self.no_run(typed, "diff").await;
        };
        let newest = shown.subject.version;
        let (from, to) = match pair {
            (None, _) => (newest.saturating_sub(1), newest),
            (Some(from), None) => (from, newest),
            (Some(from), Some(to)) => (from, to),
        };
        let (old, new) = (self.text_of(run, from).await?, self.text_of(run, to).await?);
        let Some((old, new)) = old.zip(new).filter(|_| from != to && from.max(to) <= newest) else {
            let words = Words::NoSuchVersion { who: typed.by.clone(), newest };
            return self.answer(typed, words, "diff").await;
        };
        // Whoever may not write here could have us show every pair there is.
        let trusted = self.may(typed.by).await? >= Level::Write;
        let named = if trusted { format!("diff-{from}-{to}") } else { "diff".to_owned() };
        let text = difference((from, &old), (to, &new));
        self.answer(typed, Words::Difference { from, to, text }, &named).await
    }

    async fn text_of(&self, run: &Run, version: u32) -> Result<Option<String>, Trouble> {
        if self.core.store.plan(run.id, version).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(self.core.terms(run.id, version).await?.text))
    }

    /// A file's text, or why it cannot be a plan.
    pub(super) async fn file(
        &self,
        commit: &CommitSha,
        path: &RepoPath,
    ) -> Result<Result<String, ParseFault>, Trouble> {
        let not = |what: String| Ok(Err(ParseFault { line: 1, what }));
        match self.repo(Step::Read).file_at(commit, path).await {
            Ok(Some(file)) if file.bytes.len() > MOST_BYTES => not(format!("{path} is too long for a plan")),
            Ok(Some(file)) => match String::from_utf8(file.bytes) {
                Ok(text) => Ok(Ok(text)),
                Err(_) => not(format!("{path} is not UTF-8 text")),
            },
            Ok(None) => not(format!("there is no file {path}")),
            Err(GithubError::Invalid { .. }) => not(format!("{path} is no plain file")),
            Err(error) => Err(error.into()),
        }
    }
}

/// A plan by a person.
pub(super) fn offer(by: &Person, from: Source, plan: Plan) -> Offer {
    Offer { by: by.clone(), from, plan }
}

fn refused(by: &Person, head: &CommitSha, faults: Vec<ParseFault>) -> Event {
    Event::PlanRefused { by: by.clone(), head: head.clone(), faults }
}
