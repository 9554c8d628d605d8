//! Where a run's files are: the mirror of its repository and a checkout for each piece of work; and what is kept of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::effect::Deed;
use super::{LEASE, Trouble};
use crate::agent::{Journal, JournalError, Turn};
use crate::github::Step;
use crate::ids::{BranchName, CommitSha, Digest};
use crate::model::{Answer, Part, cost};
use crate::sandbox::mirror::{FetchFrom, Mirror, MirrorError};
use crate::sandbox::{Checkout, Limits};
use crate::store::{Held, Lease, NewTurn, TurnUsage, Written};
use crate::workflow::event::Event;
use crate::workflow::plan::Budget;
use crate::workflow::run::State;
use crate::workflow::terms::Terms;

use super::apply::{Applied, With};
use super::settings::ModelChoice;

impl From<MirrorError> for Trouble {
    fn from(error: MirrorError) -> Trouble {
        let text = error.to_string();
        match error {
            MirrorError::Flaky(_) => Trouble::Git(text),
            MirrorError::Refused(_) | MirrorError::Gone(_) | MirrorError::Bad(_) => Trouble::NotByGit(text),
        }
    }
}

impl Deed<'_> {
    /// The mirror of the run's repository.
    pub(super) async fn mirror(&self) -> Result<Mirror, Trouble> {
        Ok(Mirror::open(&self.core.settings.data_dir, self.run.origin.repo).await?)
    }

    /// From where git fetches, with a token that reads this repository and nothing else.
    pub(super) async fn fetch_from(&self) -> Result<FetchFrom, Trouble> {
        let app = &self.core.app;
        let token = app.git_credential(self.at(), Step::Read, self.moment.now()).await?;
        Ok(FetchFrom { url: app.clone_url(&self.run.origin.repo_name), token: Some(token) })
    }

    /// Brings branches up to date in the mirror and says where they are.
    pub(super) async fn fetch(&self, branches: &[BranchName]) -> Result<BTreeMap<BranchName, CommitSha>, Trouble> {
        Ok(self.mirror().await?.fetch(&self.fetch_from().await?, branches).await?)
    }

    /// A clean checkout of a commit; whatever an earlier try left there is gone.
    pub(super) async fn checkout(&self, task: &str, commit: &CommitSha) -> Result<Checkout, Trouble> {
        let parent = self.work_dir();
        let disk = |source| Trouble::Disk { what: "making a folder for the checkout", source };
        std::fs::create_dir_all(&parent).map_err(disk)?;
        let dir = parent.join(task);
        Ok(self.mirror().await?.checkout(&self.fetch_from().await?, commit, &dir).await?)
    }

    fn work_dir(&self) -> PathBuf {
        self.core.settings.data_dir.join("work").join(format!("run-{}", self.run.id))
    }

    /// Removes a checkout. What stays behind costs disk and nothing else, so the work does not fail by it.
    pub(super) fn tidy(&self, checkout: Checkout) {
        if let Err(error) = checkout.remove() {
            tracing::warn!(run.id = %self.run.id, %error, "a checkout was not removed");
        }
        // Another task of the run may have its checkout beside this one; then the folder stays.
        let _ = std::fs::remove_dir(self.work_dir());
    }

    /// What one command of an agent may use.
    pub(super) fn limits(&self) -> Limits {
        let settings = &self.core.settings;
        Limits {
            wall: settings.command,
            memory_bytes: settings.memory_bytes,
            processes: settings.processes,
            disk_bytes: settings.disk_bytes,
            output_bytes: settings.output_bytes,
            ..Limits::default()
        }
    }

    /// What an approval of this version covers, as it was stored.
    pub(super) async fn terms(&self, version: u32) -> Result<Terms, Trouble> {
        self.core.terms(self.run.id, version).await
    }

    /// Keeps something of the run under a name, as long as the lease holds.
    pub(super) async fn keep(&self, name: &str, bytes: Vec<u8>) -> Result<(), Trouble> {
        match self.core.store.keep(&self.claim, self.run.id, name, bytes, self.moment.now()).await? {
            Written::Yes | Written::Taken => Ok(()),
            Written::LostLease => Err(Trouble::Interrupted),
        }
    }

    /// Reads what was kept under a name.
    pub(super) async fn kept<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Trouble> {
        let bytes = self.core.store.kept(self.run.id, name).await?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }
}

/// The conversation of one piece of work, in the store.
pub(super) struct Notebook<'a> {
    pub(super) deed: &'a Deed<'a>,
    pub(super) task: String,
    pub(super) model: &'a ModelChoice,
}

impl Notebook<'_> {
    fn written(outcome: Result<Written, crate::store::StoreError>) -> Result<(), JournalError> {
        match outcome {
            Ok(Written::Yes) => Ok(()),
            Ok(Written::Taken) => Err(JournalError::Store("the turn is taken".to_owned())),
            Ok(Written::LostLease) => Err(JournalError::LostLease),
            Err(error) => Err(JournalError::Store(error.to_string())),
        }
    }
}

impl Journal for Notebook<'_> {
    async fn turns(&self) -> Result<Vec<Turn>, JournalError> {
        let read = |turn: crate::store::Turn| {
            let bad = |what: &str| JournalError::Unreadable(format!("turn {}: {what} cannot be read", turn.seq));
            Ok(Turn {
                request: turn.request_hash.parse().map_err(|_| bad("the request's digest"))?,
                answer: serde_json::from_str(&turn.answer).map_err(|_| bad("the answer"))?,
                results: match &turn.results {
                    Some(results) => Some(serde_json::from_str(results).map_err(|_| bad("what was said back"))?),
                    None => None,
                },
            })
        };
        let turns = self.deed.core.store.transcript(self.deed.run.id, &self.task).await;
        turns.map_err(|error| JournalError::Store(error.to_string()))?.into_iter().map(read).collect()
    }

    async fn answered(&self, seq: u32, request: &Digest, answer: &Answer) -> Result<(), JournalError> {
        let signed = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let usage = answer.usage;
        let price = self.model.price.as_ref();
        let turn = NewTurn {
            run: self.deed.run.id,
            task: self.task.clone(),
            seq: i64::from(seq),
            request_hash: request.to_string(),
            answer: serde_json::to_string(answer).map_err(|error| JournalError::Store(error.to_string()))?,
            usage: TurnUsage {
                input: signed(usage.input_tokens),
                cached: signed(usage.cached_tokens),
                cache_write: signed(usage.cache_write_tokens),
                output: signed(usage.output_tokens),
            },
            cost_micro_dollars: signed(price.map_or(0, |price| cost(&usage, price).0)),
            at: self.deed.moment.now(),
        };
        Notebook::written(self.deed.core.store.store_answer(&self.deed.claim, turn).await)
    }

    async fn replied(&self, seq: u32, results: &[Part]) -> Result<(), JournalError> {
        let results = serde_json::to_string(results).map_err(|error| JournalError::Store(error.to_string()))?;
        let at = (self.deed.run.id, self.task.as_str(), i64::from(seq));
        let now = self.deed.moment.now();
        Notebook::written(self.deed.core.store.store_results(&self.deed.claim, at, &results, now).await)
    }

    async fn ticked(&self, step: &str) -> Result<(), JournalError> {
        // A conversation that is told again after a crash ticks again what is ticked.
        if let State::Executing(executing) = &self.deed.run.state
            && executing.ticked.iter().any(|ticked| ticked == step)
        {
            return Ok(());
        }
        let (core, now) = (self.deed.core, self.deed.moment.now());
        let lease = Lease { now, length: LEASE };
        match core.store.heartbeat(&self.deed.claim, lease).await {
            Ok(Held::Yes) => {}
            Ok(Held::Lost) => return Err(JournalError::LostLease),
            Err(error) => return Err(JournalError::Store(error.to_string())),
        }
        let event = Event::StepTicked { step: step.to_owned() };
        match core.apply(self.deed.run.id, &event, With::default(), now).await {
            Ok(Applied::Yes) => Ok(()),
            Ok(Applied::NotOurs) => Err(JournalError::LostLease),
            Err(error) => Err(JournalError::Store(error.to_string())),
        }
    }
}

/// When the minutes of a budget are over, seen from now.
pub(super) fn deadline(budget: &Budget) -> tokio::time::Instant {
    tokio::time::Instant::now() + std::time::Duration::from_secs(60 * u64::from(budget.minutes))
}
