//! Where a run's files are: the mirror of its repository and a checkout for each piece of work; and what is kept of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::apply::{Applied, With};
use super::effect::Deed;
use super::execute::unfinished_name;
use super::{LEASE, Trouble};
use crate::agent::executor::Work;
use crate::agent::{Journal, JournalError, Reservation, Try, Turn, priced};
use crate::counts::Taken;
use crate::github::Step;
use crate::ids::{BranchName, CommitSha, Digest, Person};
use crate::model::{Answer, Part, Profile, Usage};
use crate::sandbox::mirror::{FetchFrom, Mirror, MirrorError};
use crate::sandbox::{Checkout, Limits};
use crate::store::{CallNumber, Held, Lease, NewCall, NewTurn, Reserved, StoreError, TurnUsage, UsedCall, Written};
use crate::workflow::event::Event;
use crate::workflow::plan::Budget;
use crate::workflow::run::State;
use crate::workflow::spending::{CallEnd, Full};
use crate::workflow::terms::Terms;

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
        let dir = self.place(task)?;
        Ok(self.mirror().await?.checkout(&self.fetch_from().await?, commit, &dir).await?)
    }

    /// Where the checkout for a piece of work belongs.
    pub(super) fn place(&self, task: &str) -> Result<PathBuf, Trouble> {
        let parent = self.work_dir();
        let disk = |source| Trouble::Disk { what: "making a folder for the checkout", source };
        std::fs::create_dir_all(&parent).map_err(disk)?;
        Ok(parent.join(task))
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

    /// Removes all checkouts of the run. What stays behind is removed with the leftovers, sooner or later.
    pub(super) fn clear_away(&self) {
        if let Err(error) = crate::sandbox::checkout::remove_all(&self.work_dir())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(run.id = %self.run.id, %error, "the run's folder was not removed");
        }
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
    deed: &'a Deed<'a>,
    task: String,
    /// What it is for: `plan`, `revise`, `execute`.
    phase: &'static str,
    /// Who asked for it.
    by: &'a Person,
    budget: Budget,
    /// What people said to it, each behind so many turns.
    guidance: Vec<(u32, String)>,
    /// Since when the work has not been written down.
    since: Mutex<Instant>,
}

impl<'a> Notebook<'a> {
    pub(super) fn new(
        deed: &'a Deed<'a>,
        task: String,
        (phase, by): (&'static str, &'a Person),
        budget: Budget,
    ) -> Notebook<'a> {
        Notebook { deed, task, phase, by, budget, guidance: vec![], since: Mutex::new(Instant::now()) }
    }

    /// The same with what people said to the work, each behind so many turns.
    pub(super) fn guided(self, guidance: Vec<(u32, String)>) -> Notebook<'a> {
        Notebook { guidance, ..self }
    }

    /// When the minutes of the budget are over: what earlier starts have worked counts.
    pub(super) async fn deadline(&self) -> Result<Instant, Trouble> {
        let worked = self.deed.core.store.worked(self.deed.run.id, &self.task).await?;
        let worked = Duration::from_millis(u64::try_from(worked).unwrap_or(0));
        let whole = Duration::from_secs(60 * u64::from(self.budget.minutes));
        Ok(Instant::now() + whole.saturating_sub(worked))
    }

    /// Writes down how long was worked at the end; what a killed worker did since its last call is not counted.
    pub(super) async fn close(&self) -> Result<(), Trouble> {
        Ok(self.deed.core.store.add_work(self.deed.run.id, &self.task, self.worked_ms()).await?)
    }

    /// How long was worked since this was asked last, in milliseconds.
    fn worked_ms(&self) -> i64 {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        i64::try_from(now.saturating_duration_since(std::mem::replace(&mut *since, now)).as_millis())
            .unwrap_or(i64::MAX)
    }

    fn written(outcome: Result<Written, StoreError>) -> Result<(), JournalError> {
        match outcome {
            Ok(Written::Yes) => Ok(()),
            Ok(Written::Taken) => Err(JournalError::Store("the turn is taken".to_owned())),
            Ok(Written::LostLease) => Err(JournalError::LostLease),
            Err(error) => Err(unstored(&error)),
        }
    }
}

fn unstored(error: &StoreError) -> JournalError {
    JournalError::Store(error.to_string())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn tokens(usage: &Usage) -> TurnUsage {
    TurnUsage {
        input: signed(usage.input_tokens),
        cached: signed(usage.cached_tokens),
        cache_write: signed(usage.cache_write_tokens),
        output: signed(usage.output_tokens),
    }
}

fn price(usage: &Usage, profile: &Profile) -> Option<i64> {
    priced(usage, profile.price.as_ref()).map(signed)
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

    async fn reserve(&self, call: Try<'_>) -> Result<Result<Reservation, Full>, JournalError> {
        let Try { seq, attempt, profile, worst } = call;
        let (core, deed) = (self.deed.core, self.deed);
        let call = NewCall {
            run: deed.run.id,
            person: self.by.clone(),
            phase: self.phase.to_owned(),
            model: profile.name(),
            task: self.task.clone(),
            seq: i64::from(seq),
            attempt: i64::from(attempt),
            worst: tokens(&worst),
            worst_micro_dollars: price(&worst, profile),
            budget: self.budget,
            day: core.settings.day,
            worked_ms: self.worked_ms(),
            at: deed.moment.now(),
        };
        match core.store.reserve_call(&deed.claim, call).await {
            Ok(Reserved::Yes(CallNumber(number))) => Ok(Ok(Reservation(number))),
            Ok(Reserved::Full(full)) => Ok(Err(full)),
            Ok(Reserved::LostLease) => Err(JournalError::LostLease),
            Err(error) => Err(unstored(&error)),
        }
    }

    async fn settle(
        &self,
        Reservation(number): Reservation,
        profile: &Profile,
        (usage, end): (Usage, CallEnd),
    ) -> Result<(), JournalError> {
        let micro_dollars = price(&usage, profile);
        let used = UsedCall { usage: tokens(&usage), micro_dollars, end, worked_ms: self.worked_ms() };
        let (input, cached, output) = (usage.input_tokens, usage.cached_tokens, usage.output_tokens);
        let cost = micro_dollars.and_then(|micro| u64::try_from(micro).ok()).unwrap_or(0);
        self.deed.core.counts.model_answered(&profile.name(), Taken { input, cached, output, micro_dollars: cost });
        let call = (self.deed.run.id, self.task.as_str(), CallNumber(number));
        self.deed.core.store.settle_call(call, used, self.deed.moment.now()).await.map_err(|error| unstored(&error))
    }

    async fn answered(
        &self,
        seq: u32,
        (request, profile): (&Digest, &Profile),
        answer: &Answer,
    ) -> Result<(), JournalError> {
        let turn = NewTurn {
            run: self.deed.run.id,
            task: self.task.clone(),
            seq: i64::from(seq),
            request_hash: request.to_string(),
            answer: serde_json::to_string(answer).map_err(|error| JournalError::Store(error.to_string()))?,
            usage: tokens(&answer.usage),
            cost_micro_dollars: price(&answer.usage, profile),
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

    async fn keeps(&self, name: &str, text: &str) -> Result<(), JournalError> {
        let (deed, now) = (self.deed, self.deed.moment.now());
        let (name, bytes) = (format!("{}/{name}", self.task), text.as_bytes().to_vec());
        Notebook::written(deed.core.store.keep(&deed.claim, deed.run.id, &name, bytes, now).await)
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, JournalError> {
        let kept = self.deed.core.store.kept(self.deed.run.id, &format!("{}/{name}", self.task)).await;
        let bytes = kept.map_err(|error| JournalError::Store(error.to_string()))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    async fn guidance(&self) -> Result<Vec<(u32, String)>, JournalError> {
        Ok(self.guidance.clone())
    }

    async fn ticked(&self, step: &str, work: &Work) -> Result<(), JournalError> {
        let (core, now) = (self.deed.core, self.deed.moment.now());
        if let State::Executing(executing) = &self.deed.run.state {
            // A conversation that is told again after a crash ticks again what is ticked.
            if executing.ticked.iter().any(|ticked| ticked == step) {
                return Ok(());
            }
            // Kept now and not at the end: a sandbox that breaks, or a process that dies, leaves nobody to keep it.
            let name = unfinished_name(executing.approved.shown.subject.version);
            let work = serde_json::to_vec(work).map_err(|error| JournalError::Store(error.to_string()))?;
            Notebook::written(core.store.keep(&self.deed.claim, self.deed.run.id, &name, work, now).await)?;
        }
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
