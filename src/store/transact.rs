//! Runs a write to its end, whatever becomes of the caller.
//!
//! A caller may be dropped (a client hangs up), and it may live on and not be polled (it waits for something else
//! first). Neither may keep the gate shut for everybody: who passes it is always a task of the store's own.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection as _};

use super::connect::Database;
use super::errors::{StoreError, is_contention};

/// How often a transaction is tried that others got in the way of.
const TRIES: u32 = 6;

/// How a transaction ends well.
pub(super) enum Ending<T> {
    /// What was written stays.
    Commit(T),
    /// What was written is taken back; the answer stands.
    Undo(T),
}

pub(super) type Work<'c, T> = BoxFuture<'c, Result<Ending<T>, StoreError>>;

impl Database {
    /// Runs `work` in one transaction, in a task of its own: dropping a transaction half way may leave it open on a
    /// pooled connection (sqlx 0.9.0), and callers are dropped when a client hangs up. Repeats it when others got in
    /// the way.
    pub(super) async fn transact<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut AnyConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let db = self.clone();
        in_its_own_task(async move { db.transact_here(work).await }).await
    }

    /// Writes with one statement, in a task of its own. Returns how many rows it wrote.
    pub(super) async fn write(&self, query: Query<'static, Any, AnyArguments>) -> Result<u64, StoreError> {
        let db = self.clone();
        in_its_own_task(async move {
            let _gate = db.gate().await;
            Ok(query.execute(&db.pool).await?.rows_affected())
        })
        .await
    }

    async fn transact_here<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut AnyConnection) -> Work<'c, T>,
    {
        let mut tries = 1;
        loop {
            match self.attempt(&work).await {
                Err(error) if tries < TRIES && is_contention(&error) => {
                    tokio::time::sleep(Duration::from_millis(5 << tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn attempt<T, F>(&self, work: &F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut AnyConnection) -> Work<'c, T>,
    {
        let _gate = self.gate().await;
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin_with(self.begin()).await?;
        match work(&mut tx).await {
            Ok(Ending::Commit(done)) => match tx.commit().await.map_err(StoreError::from) {
                Ok(()) => Ok(done),
                Err(error) if is_contention(&error) => Err(error),
                Err(error) => {
                    connection.close_on_drop();
                    Err(if let StoreError::Down(error) = error { StoreError::Unknown(error) } else { error })
                }
            },
            Ok(Ending::Undo(done)) => {
                tx.rollback().await?;
                Ok(done)
            }
            Err(error) => {
                // The first error tells more than one of the rollback. On a full disk SQLite has rolled back by itself and
                // refuses to do it again; sqlx then takes the connection for one in a transaction, for ever (0.9.0).
                if tx.rollback().await.is_err() {
                    connection.close_on_drop();
                }
                Err(error)
            }
        }
    }
}

async fn in_its_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Unknown(sqlx::Error::WorkerCrashed)),
    }
}
