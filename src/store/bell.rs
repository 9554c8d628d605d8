//! Wakes those who wait for something to do.
//!
//! Within a process a bell that remembers; between the replicas on PostgreSQL `LISTEN` and `NOTIFY`. Both only save
//! waiting: a ring may get lost, so whoever waits looks from time to time anyway.

use std::sync::Arc;
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

const TELL: &str = "SELECT pg_notify('assentry', '')";

/// After a failure the next try waits so long; until then there is polling.
const PAUSE: Duration = Duration::from_secs(5);

/// Rings in this process and, on PostgreSQL, in all others.
#[derive(Clone)]
pub(super) struct Bell {
    heard: watch::Sender<u64>,
    told: Arc<Notify>,
    _tasks: Arc<[AbortOnDropHandle<()>]>,
}

impl Bell {
    /// A bell for this process alone.
    pub(super) fn alone() -> Bell {
        Bell { heard: watch::Sender::new(0), told: Arc::default(), _tasks: Arc::new([]) }
    }

    /// A bell for all processes on one PostgreSQL.
    pub(super) fn shared(url: String, pool: AnyPool) -> Bell {
        let (heard, told) = (watch::Sender::new(0), Arc::new(Notify::new()));
        let hearing = tokio::spawn(hear(url, heard.clone()));
        let telling = tokio::spawn(tell(pool, Arc::clone(&told)));
        let tasks = [hearing, telling].map(AbortOnDropHandle::new);
        Bell { heard, told, _tasks: Arc::new(tasks) }
    }

    pub(super) fn ring(&self) {
        strike(&self.heard);
        // Many rings while one is being told become one.
        self.told.notify_one();
    }

    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.heard.subscribe()
    }
}

fn strike(heard: &watch::Sender<u64>) {
    heard.send_modify(|n| *n = n.wrapping_add(1));
}

async fn tell(pool: AnyPool, told: Arc<Notify>) {
    loop {
        told.notified().await;
        if let Err(error) = sqlx::query(TELL).fetch_all(&pool).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the other replicas were not woken");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn hear(url: String, heard: watch::Sender<u64>) {
    loop {
        if let Err(error) = hear_on_one_connection(&url, &heard).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "not woken by other replicas");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear_on_one_connection(url: &str, heard: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen("assentry").await?;
    loop {
        // What was told before this moment is not heard; it is there to be found.
        strike(heard);
        // None when the connection was lost: it is made anew, and something may have been missed.
        listener.try_recv().await?;
    }
}
