//! Counts runs that have ended, once each, so that charts need not read them again.

use super::Dashboard;
use crate::store::{EventRow, Figures, RunRow, Store, StoreError};
use crate::workflow::run::{Ended, Fate, Outcome, State};

impl Dashboard {
    /// Forgets what GitHub said so long ago that it does not count any more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget_old_sights(&self) -> Result<u64, StoreError> {
        self.store().prune_sights(self.now()).await
    }

    /// Counts ended runs that were not counted yet, the newest first and at most so many. Returns whether there may be more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn count_ended_runs(&self, most: u32) -> Result<bool, StoreError> {
        let runs = self.store().uncounted_runs(most).await?;
        for run in &runs {
            let figures = figures(self.store(), run).await?;
            self.store().keep_figures(run, &figures).await?;
        }
        Ok(runs.len() >= most as usize)
    }
}

async fn figures(store: &Store, run: &RunRow) -> Result<Figures, StoreError> {
    let costs = store.costs(run.id).await?;
    let events = store.events(run.id).await?;
    let state: Option<State> = serde_json::from_str(&run.state).ok();
    let fate = match &state {
        Some(State::Ended(Ended { outcome: Outcome::Done { fate, .. }, .. })) => Some(fate),
        Some(_) | None => None,
    };
    let first = |kind: &str| events.iter().find(|event| event.kind == kind);
    let approved = events.iter().any(starts);
    let versions = if approved { Some(store.plans(run.id).await?.len()) } else { None };
    let deviations = match state.as_ref().and_then(State::shown) {
        Some(shown) => deviations(store.kept(run.id, &format!("work-{}", shown.subject.version)).await?),
        None => None,
    };
    Ok(Figures {
        delivered: fate.is_some(),
        merged: matches!(fate, Some(Fate::Merged { .. })),
        cost_micro_dollars: costs.iter().map(|costs| costs.micro_dollars).sum(),
        tokens: costs.iter().map(|costs| costs.usage.input + costs.usage.output).sum(),
        plan_ms: first("plan_posted").map(|event| event.at.0.saturating_sub(run.opened_at.0).max(0)),
        versions: versions.and_then(|versions| i64::try_from(versions).ok()),
        deviations,
    })
}

/// Whether an event is the judgement that let the work begin.
fn starts(event: &EventRow) -> bool {
    let to = || serde_json::from_str::<serde_json::Value>(&event.json).ok().map(|body| body["led"]["to"].clone());
    event.kind == "judged" && to().is_some_and(|to| to == "starting" || to == "executing")
}

fn deviations(work: Option<Vec<u8>>) -> Option<i64> {
    let work: crate::agent::executor::Work = serde_json::from_slice(&work?).ok()?;
    i64::try_from(work.deviations.len()).ok()
}
