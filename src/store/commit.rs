//! The transaction that moves a run: its state, its effects, its events, its plan and the work that led here, all or
//! nothing.

use std::sync::Arc;

use sqlx::AnyConnection;

use super::Store;
use super::changes::{Commit, CommitOutcome, NewPlan, OpenRun, OpenRunOutcome};
use super::errors::StoreError;
use super::heads::Heads;
use super::lease::{Finish, Held, plain};
use super::limits;
use super::log::NewEvent;
use super::transact::Ending;
use crate::ids::{PullNumber, RunId, Timestamp};

const MEAN: &str = "INSERT INTO meanings (meaning, at) VALUES ($1, $2) ON CONFLICT (meaning) DO NOTHING";

const MOVE_RUN: &str = "UPDATE runs SET phase_since = CASE WHEN phase = $1 THEN phase_since ELSE $4 END, phase = $1, \
    state = $2, open = $3, waits = $7, updated_at = $4, version = version + 1 WHERE id = $5 AND version = $6";

const OPEN_ONE: &str = "SELECT id FROM runs WHERE repo_id = $1 AND issue_number = $2 AND open = 1";

const INSERT_RUN: &str = "INSERT INTO runs (id, installation_id, repo_id, repo_name, issue_id, issue_number, \
    origin, phase, state, open, opened_at, updated_at, phase_since, requester_id, asked_at, waits, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11, $12, $13, $14, 1)";

const VOID: &str = "UPDATE effects SET state = 'void', finished_at = $1, worker = NULL, leased_until = 0 \
    WHERE run_id = $2 AND lane = $3 AND state = 'due'";

const INSERT_PLAN: &str = "INSERT INTO plans (run_id, version, digest, terms, markdown, made_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

const INSERT_PULL: &str = "INSERT INTO pulls (repo_id, number, run_id) \
    SELECT repo_id, $1, id FROM runs WHERE id = $2 \
    ON CONFLICT (repo_id, number) DO UPDATE SET run_id = excluded.run_id";

impl Store {
    /// Moves a run, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the plan's version or digest is taken; [`StoreError::Unknown`] when the connection
    /// broke at the end: read the run again.
    pub async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let commit = Arc::new(commit);
        let outcome = self
            .db
            .transact(move |conn| {
                let commit = Arc::clone(&commit);
                Box::pin(async move { write_commit(conn, &commit).await })
            })
            .await?;
        self.ring();
        Ok(outcome)
    }

    /// Opens a run for an issue that has no open one, if the limits leave room for it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the connection broke at the end: look for the run before repeating.
    pub async fn open_run(&self, open: OpenRun) -> Result<OpenRunOutcome, StoreError> {
        let open = Arc::new(open);
        let outcome = self
            .db
            .transact(move |conn| {
                let open = Arc::clone(&open);
                Box::pin(async move { write_open(conn, &open).await })
            })
            .await?;
        self.ring();
        Ok(outcome)
    }

    /// Appends events that move no run, such as the start of a server.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn append(&self, events: Vec<NewEvent>, now: Timestamp) -> Result<(), StoreError> {
        self.append_to(None, events, now).await
    }

    /// Appends events that happened to a run and do not move it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn append_to(&self, run: Option<RunId>, events: Vec<NewEvent>, now: Timestamp) -> Result<(), StoreError> {
        let events = Arc::new(events);
        self.db
            .transact(move |conn| {
                let events = Arc::clone(&events);
                Box::pin(async move {
                    let mut heads = Heads::take(conn).await?;
                    heads.log(conn, run, &events, now).await?;
                    heads.put(conn).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await
    }
}

async fn write_commit(conn: &mut AnyConnection, commit: &Commit) -> Result<Ending<CommitOutcome>, StoreError> {
    let mut heads = Heads::take(conn).await?;
    if finish(conn, commit.finishes.as_ref(), commit.now).await? == Held::Lost {
        return Ok(Ending::Undo(CommitOutcome::LostLease));
    }
    if !mean(conn, commit.meaning.as_deref(), commit.now).await? {
        return Ok(Ending::Commit(CommitOutcome::AlreadyMeant));
    }
    let (open, waits) = commit.state.columns();
    let moved = sqlx::query(MOVE_RUN)
        .bind(commit.state.phase.as_str())
        .bind(commit.state.json.as_str())
        .bind(open)
        .bind(commit.now.0)
        .bind(commit.run.0)
        .bind(commit.read_version)
        .bind(waits)
        .execute(&mut *conn)
        .await?;
    if moved.rows_affected() != 1 {
        return Ok(Ending::Undo(CommitOutcome::Stale));
    }
    for lane in &commit.voids {
        sqlx::query(VOID).bind(commit.now.0).bind(commit.run.0).bind(lane.as_str()).execute(&mut *conn).await?;
    }
    heads.enqueue(conn, commit.run, &commit.effects, commit.now).await?;
    if let Some(plan) = &commit.plan {
        insert_plan(conn, commit.run, plan, commit.now).await?;
    }
    insert_pulls(conn, commit.run, &commit.pulls).await?;
    heads.log(conn, Some(commit.run), &commit.events, commit.now).await?;
    heads.put(conn).await?;
    Ok(Ending::Commit(CommitOutcome::Committed { version: commit.read_version + 1 }))
}

async fn write_open(conn: &mut AnyConnection, open: &OpenRun) -> Result<Ending<OpenRunOutcome>, StoreError> {
    let mut heads = Heads::take(conn).await?;
    if finish(conn, open.finishes.as_ref(), open.now).await? == Held::Lost {
        return Ok(Ending::Undo(OpenRunOutcome::LostLease));
    }
    if !mean(conn, open.meaning.as_deref(), open.now).await? {
        return Ok(Ending::Commit(OpenRunOutcome::AlreadyMeant));
    }
    // The heads are ours until the end, so nobody opens one between this look and the insert; the unique index
    // stands behind it.
    let there: Option<i64> =
        sqlx::query_scalar(OPEN_ONE).bind(open.repo.0).bind(open.issue_number.0).fetch_optional(&mut *conn).await?;
    if let Some(id) = there {
        return Ok(Ending::Undo(OpenRunOutcome::AlreadyOpen(RunId(id))));
    }
    if let Some(reached) = limits::reached(conn, open.repo, &open.request).await? {
        return Ok(Ending::Undo(OpenRunOutcome::LimitReached(reached)));
    }
    heads.runs += 1;
    let run = RunId(heads.runs);
    let (is_open, waits) = open.state.columns();
    sqlx::query(INSERT_RUN)
        .bind(run.0)
        .bind(open.installation.0)
        .bind(open.repo.0)
        .bind(open.repo_name.as_str())
        .bind(open.issue.0)
        .bind(open.issue_number.0)
        .bind(open.origin.as_str())
        .bind(open.state.phase.as_str())
        .bind(open.state.json.as_str())
        .bind(is_open)
        .bind(open.now.0)
        .bind(open.request.by.0)
        .bind(open.request.at.0)
        .bind(waits)
        .execute(&mut *conn)
        .await?;
    heads.enqueue(conn, run, &open.effects, open.now).await?;
    if let Some(plan) = &open.plan {
        insert_plan(conn, run, plan, open.now).await?;
    }
    insert_pulls(conn, run, &open.pulls).await?;
    heads.log(conn, Some(run), &open.events, open.now).await?;
    heads.put(conn).await?;
    Ok(Ending::Commit(OpenRunOutcome::Opened(run)))
}

async fn finish(conn: &mut AnyConnection, finish: Option<&Finish>, now: Timestamp) -> Result<Held, StoreError> {
    match finish {
        Some(finish) => finish.write(now, conn).await,
        None => Ok(Held::Yes),
    }
}

/// Writes down what was meant; false if it was before.
async fn mean(conn: &mut AnyConnection, meaning: Option<&str>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(meaning) = meaning else { return Ok(true) };
    Ok(sqlx::query(MEAN).bind(plain(meaning)).bind(now.0).execute(conn).await?.rows_affected() == 1)
}

async fn insert_pulls(conn: &mut AnyConnection, run: RunId, pulls: &[PullNumber]) -> Result<(), StoreError> {
    for pull in pulls {
        sqlx::query(INSERT_PULL).bind(pull.0).bind(run.0).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn insert_plan(conn: &mut AnyConnection, run: RunId, plan: &NewPlan, now: Timestamp) -> Result<(), StoreError> {
    let written = sqlx::query(INSERT_PLAN)
        .bind(run.0)
        .bind(i64::from(plan.version))
        .bind(plan.digest.as_str())
        .bind(plan.terms.as_str())
        .bind(plan.markdown.as_bytes())
        .bind(now.0)
        .execute(conn)
        .await?;
    if written.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict { what: "a plan with this version or digest" })
    }
}
