//! The versions of plans that the log names by their digests.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Unbound;
use crate::ids::RunId;
use crate::store::{EventRow, PlanRow, Store, StoreError};
use crate::worker::Trouble;
use crate::workflow::terms::Terms;

/// The versions that the events of a log name.
#[derive(Default)]
pub(super) struct Plans(BTreeMap<(RunId, String), Named>);

/// The first event that names a version, and which version it is, where that is said.
struct Named {
    seq: i64,
    version: Option<u32>,
}

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    version: Option<u32>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    led: Option<Led>,
}

#[derive(Deserialize)]
struct Led {
    #[serde(default)]
    digest: Option<String>,
}

impl Plans {
    /// Takes note of what an event names: the version that was written, and the one that people saw from then on.
    pub(super) fn note(&mut self, row: &EventRow) {
        let (Some(run), Ok(names)) = (row.run, serde_json::from_str::<Names>(&row.json)) else { return };
        let written = names.digest.filter(|_| row.kind == "plan_written");
        let written = written.map(|digest| (digest, names.version));
        let shown = names.led.and_then(|led| led.digest).map(|digest| (digest, None));
        for (digest, version) in written.into_iter().chain(shown) {
            self.0.entry((run, digest)).or_insert(Named { seq: row.seq, version });
        }
    }

    /// The first of them that is not stored as it was.
    pub(super) async fn verify(&self, store: &Store) -> Result<Option<Unbound>, Trouble> {
        let mut rows: Option<(RunId, Vec<PlanRow>)> = None;
        for ((run, digest), Named { seq, version }) in &self.0 {
            let wrong = match &rows {
                Some((of, rows)) if of == run => unlike(rows, *run, digest, *version),
                Some(_) | None => match plans(store, *run).await? {
                    Some(found) => unlike(&rows.insert((*run, found)).1, *run, digest, *version),
                    None => Some(format!("the plan of run {run} cannot be read")),
                },
            };
            if let Some(what) = wrong {
                return Ok(Some(Unbound { seq: *seq, what }));
            }
        }
        Ok(None)
    }
}

async fn plans(store: &Store, run: RunId) -> Result<Option<Vec<PlanRow>>, StoreError> {
    match store.plans(run).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.is_passing() => Err(error),
        Err(_) => Ok(None),
    }
}

/// What is wrong with the version of a digest as it is stored.
fn unlike(rows: &[PlanRow], run: RunId, digest: &str, version: Option<u32>) -> Option<String> {
    let row = match version {
        Some(version) => rows.iter().find(|row| row.version == version),
        None => rows.iter().find(|row| row.digest.as_str() == digest),
    };
    let Some(row) = row else {
        let which = version.map_or_else(|| format!("the version {digest}"), |version| format!("version {version}"));
        return Some(format!("{which} of the plan of run {run} is missing"));
    };
    let terms: Option<Terms> = serde_json::from_str(&row.terms).ok();
    let sound = terms.filter(|terms| terms.digest().as_str() == digest && row.digest.as_str() == digest);
    match sound {
        None => Some(format!("version {} of the plan of run {run} is not what was written", row.version)),
        Some(terms) if terms.text != row.markdown => {
            Some(format!("the text of version {} of the plan of run {run} is not what was written", row.version))
        }
        Some(_) => None,
    }
}
