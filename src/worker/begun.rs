//! What work that goes on finds: what was done before it stopped, and what people said to it since.

use super::Trouble;
use super::effect::Deed;
use super::execute::{unfinished_name, work_name};
use crate::agent::executor::{Begun, Work, amount};
use crate::ids::{AccountKind, Person, RunId};
use crate::words::plan::{Anew, Dropped};
use crate::workflow::act::Place;
use crate::workflow::run::{Ended, Executing, Finished, Guidance, Note, Outcome, State, Thread, Trouble as Why};
use crate::workflow::step::deviated::note_id;
use crate::workflow::terms::Terms;

/// How many runs are looked back for what a run that is tried again has left.
const FURTHEST: usize = 10;

impl Deed<'_> {
    /// What is there already when a version is executed: of the version before, which did not fit, or of the run that this
    /// one tries again. Looked for once; what is gone on from stays the same over every restart.
    pub(super) async fn begun(&self, executing: &Executing, terms: &Terms) -> Result<Begun, Trouble> {
        let name = format!("begun-{}", terms.version);
        if let Some(bytes) = self.core.store.kept(self.run.id, &name).await? {
            let begun: Option<Work> = serde_json::from_slice(&bytes)?;
            return Ok(begun.map(|work| Begun::of(&work, &terms.plan, &terms.plan)).unwrap_or_default());
        }
        let kept = executing.approved.shown.around.kept.filter(|before| *before < terms.version);
        let begun = match (kept, self.run.origin.retry_of) {
            (Some(before), _) => self.left_by(self.run.id, (before, &unfinished_name(before)), terms).await?,
            (None, Some(earlier)) => self.left_by_retried(earlier, terms).await?,
            (None, None) => None,
        };
        let work = begun.map(|Begun { steps, changes, deviations }| Work {
            steps,
            begun: changes,
            deviations,
            ..Work::default()
        });
        self.keep(&name, serde_json::to_vec(&work)?).await?;
        Ok(work.map(|work| Begun::of(&work, &terms.plan, &terms.plan)).unwrap_or_default())
    }

    /// Why the version does not go on from work that was kept, if there is some: a person wanted another plan, or its base
    /// is another one.
    pub(super) async fn begins_anew(&self, terms: &Terms) -> Result<Option<Anew>, Trouble> {
        let State::Publishing(publishing) = &self.run.state else { return Ok(None) };
        if let Some(dropped) = self.dropped(&self.run.state).await? {
            return Ok(Some(Anew::Asked(dropped)));
        }
        let Some(before) = publishing.around.kept.filter(|before| *before < terms.version) else { return Ok(None) };
        let work: Option<Work> = self.kept(&unfinished_name(before)).await?;
        let moved = self.terms(before).await?.base != terms.base;
        Ok(work
            .filter(|work| moved && !(work.steps.is_empty() && work.begun.is_empty()))
            .map(|_| Anew::Moved { before }))
    }

    /// What the stopped execution of a version has left for another one at the same base.
    async fn left_by(&self, run: RunId, (version, name): (u32, &str), terms: &Terms) -> Result<Option<Begun>, Trouble> {
        let Some(row) = self.core.store.plan(run, version).await? else { return Ok(None) };
        let before: Terms = serde_json::from_str(&row.terms)?;
        let Some(bytes) = self.core.store.kept(run, name).await? else { return Ok(None) };
        if before.base != terms.base {
            tracing::info!(run.id = %self.run.id, version, "what was done is not gone on from: the base is another one");
            return Ok(None);
        }
        let work: Work = serde_json::from_slice(&bytes)?;
        Ok(Some(Begun::of(&work, &before.plan, &terms.plan)))
    }

    /// What the run that this one tries again has left of the same version, as it was at its last finished step.
    async fn left_by_retried(&self, earlier: RunId, terms: &Terms) -> Result<Option<Begun>, Trouble> {
        let mut earlier = Some(earlier);
        for _ in 0..FURTHEST {
            let Some(id) = earlier else { return Ok(None) };
            let same = match self.core.store.plan(id, terms.version).await? {
                Some(row) => row.digest == terms.digest(),
                None => false,
            };
            let before = self.core.run(id).await?.0;
            let (finished, unfinished) = (work_name(terms.version), unfinished_name(terms.version));
            // Work that is finished and stands nowhere because GitHub was away is as good as on the day it was done. Where
            // it was not taken for another reason, its steps are done anew.
            let arrived = !never_arrived(&before.state);
            let refused = arrived && self.core.store.kept(id, &finished).await?.is_some();
            let name = if arrived { unfinished } else { finished };
            if same
                && !refused
                && let Some(begun) = self.left_by(id, (terms.version, &name), terms).await?
            {
                return Ok(Some(begun.at_its_last_step(self.run.origin.retry_from.as_deref())));
            }
            earlier = before.origin.retry_of;
        }
        Ok(None)
    }

    /// The work that a person's call for another plan has let go.
    pub(super) async fn dropped(&self, state: &State) -> Result<Option<Dropped>, Trouble> {
        let Some(version) = state.around().and_then(|around| around.dropped) else { return Ok(None) };
        let work: Option<Work> = match self.kept(&work_name(version)).await? {
            Some(work) => Some(work),
            None => self.kept(&unfinished_name(version)).await?,
        };
        // An execution that was called off before its first tick leaves nothing to be counted.
        let Some(work) = work else { return Ok(Some(Dropped { version, ..Dropped::default() })) };
        let last = work.steps.last().map_or(&[][..], |step| &step.changes);
        let (files, bytes) = amount(&[], if work.begun.is_empty() { last } else { &work.begun });
        let steps: Vec<String> = work.steps.into_iter().map(|step| step.id).collect();
        let something = files > 0 || !steps.is_empty();
        Ok(something.then_some(Dropped { version, steps, files, bytes }))
    }

    /// What people said to stopped work, each behind as many turns as there were when it was first gone on with.
    pub(super) async fn guidance(&self, task: &str, said: &[Guidance]) -> Result<Vec<(u32, String)>, Trouble> {
        let name = format!("guidance-{task}");
        let mut behind: Vec<u32> = self.kept(&name).await?.unwrap_or_default();
        if behind.len() < said.len() {
            let turns = self.core.store.transcript(self.run.id, task).await?.len();
            behind.resize(said.len(), u32::try_from(turns).unwrap_or(u32::MAX));
            self.keep(&name, serde_json::to_vec(&behind)?).await?;
        }
        Ok(behind.into_iter().zip(said.iter().map(|guidance| guidance.text.clone())).collect())
    }

    /// What the planner is told of a deviation from a version, in our own name.
    pub(super) async fn learnt(&self, version: u32, text: String) -> Result<Note, Trouble> {
        let us = self.core.app.identity(self.moment.now()).await?;
        let login = format!("{}[bot]", us.slug)
            .parse()
            .map_err(|bad: crate::ids::BadName| Trouble::Corrupt(bad.to_string()))?;
        Ok(Note {
            id: note_id(version),
            by: Person { id: us.bot_id, login, kind: AccountKind::Bot },
            at: self.moment.now(),
            text,
            on: None,
            review: None,
            thread: Thread::Summary(Place::Issue),
        })
    }
}

/// Whether a run has ended with its work finished, and only GitHub was not there to take it.
fn never_arrived(state: &State) -> bool {
    let State::Ended(Ended { outcome: Outcome::Failed { why }, .. }) = state else { return false };
    matches!(why, Why::GithubAway { finished: Finished::Work, .. })
}
