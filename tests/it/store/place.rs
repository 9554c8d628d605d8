//! A database for one test, and short words for what the tests do with it.

use std::time::Duration;

use assentry::ids::{InstallationId, IssueId, IssueNumber, RepoId, RunId, Timestamp, UserId};
use assentry::store::{
    Claim, ClaimedEffect, Commit, Finish, Lease, NewEffect, NewEvent, OpenRun, OpenRunOutcome, StateText, Store, Worker,
};
use assentry::workflow::effect::Lane;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use assentry::workflow::limit::{Request, RunLimits};
use assentry::workflow::run::Activity;

use crate::postgres::new_database;

pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) store: Store,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) async fn sqlite() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("new folder/assentry.db").display().to_string();
        Place { store: Store::open(&url).await.unwrap(), url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Place {
        let url = new_database().await;
        Place { store: Store::open(&url).await.unwrap(), url, _folder: None }
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// What somebody with access to the database can do behind our back.
    pub(crate) async fn tamper(&self, sql: &str) {
        let url = if self.url.starts_with('/') {
            format!("sqlite://{}", self.url.replace(' ', "%20"))
        } else {
            self.url.clone()
        };
        let mut conn = AnyConnection::connect(&url).await.unwrap();
        conn.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        conn.close().await.unwrap();
    }

    pub(crate) async fn opens_run(&self, issue: i64, effects: &[(Lane, &str)]) -> RunId {
        let outcome = self.store.open_run(opening(issue, effects)).await.unwrap();
        let OpenRunOutcome::Opened(run) = outcome else { panic!("{outcome:?}") };
        run
    }

    /// Takes the next effect of any lane, at second `at`.
    pub(crate) async fn takes(&self, worker: &str, at: i64) -> Option<ClaimedEffect> {
        self.store.claim_effect(&Worker::new(worker), &Lane::ALL, lease(at)).await.unwrap()
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp(second * 1000)
}

pub(crate) fn lease(second: i64) -> Lease {
    Lease { now: at(second), length: LEASE }
}

pub(crate) fn state(phase: &str) -> StateText {
    let activity = match phase {
        "done" => Activity::Over,
        "awaiting_approval" => Activity::Waits,
        _ => Activity::Works,
    };
    StateText { phase: phase.to_owned(), activity, json: format!("{{\"phase\":\"{phase}\"}}") }
}

pub(crate) fn opening(issue: i64, effects: &[(Lane, &str)]) -> OpenRun {
    OpenRun {
        installation: InstallationId(1),
        repo: RepoId(7),
        repo_name: "ann/tool".parse().unwrap(),
        issue: IssueId(1000 + issue),
        issue_number: IssueNumber(issue),
        request: Request { by: UserId(1), at: at(0), limits: RunLimits { in_repository: 100_000, by_person: 100_000 } },
        origin: "{}".to_owned(),
        state: state("planning"),
        plan: None,
        pulls: vec![],
        effects: effects.iter().map(|(lane, name)| effect(*lane, name)).collect(),
        events: vec![event("run_opened")],
        meaning: None,
        finishes: None,
        now: at(0),
    }
}

/// A commit that moves `run` to the phase `phase` and does nothing else.
pub(crate) fn moving(run: RunId, read_version: i64, phase: &str) -> Commit {
    Commit {
        run,
        read_version,
        state: state(phase),
        voids: vec![],
        effects: vec![],
        events: vec![event("moved")],
        plan: None,
        pulls: vec![],
        meaning: None,
        finishes: None,
        now: at(1),
    }
}

pub(crate) fn effect(lane: Lane, name: &str) -> NewEffect {
    NewEffect::of(lane, at(0), &name).unwrap()
}

pub(crate) fn event(kind: &str) -> NewEvent {
    NewEvent::of(kind, &serde_json::json!({"by": "ann"})).unwrap()
}

pub(crate) fn done(claim: &Claim) -> Option<Finish> {
    Some(Finish::done(claim.clone()))
}
