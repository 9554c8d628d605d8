//! The inbox: deliveries, stored before they are acknowledged, taken oldest first, and by turns: whatever one repository
//! sends, another waits for one delivery of it at most (F10).
//!
//! One task writes. Whatever waits when it looks goes into one transaction, so that many deliveries share one sync of
//! the disk; each is acknowledged after the commit. A crash before the commit loses nothing that was acknowledged.

use bytes::Bytes;
use sqlx::{AnyConnection, Connection as _, Row as _};
use tokio::sync::{mpsc, oneshot};

use super::Store;
use super::bell::Bell;
use super::connect::Database;
use super::errors::StoreError;
use super::lease::{self, Claim, Lease, MAX_SILENT_TRIES, Row, Worker};
use crate::ids::{DeliveryId, EventName, RepoId, Timestamp};

const INSERT: &str = "INSERT INTO deliveries \
    (id, event, body, received_at, repo_id, state, run_at, attempts, silent, fence, leased_until) \
    VALUES ($1, $2, $3, $4, $5, 'due', 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING";

const LINE_UP: &str = "INSERT INTO served (repo_id, turn) VALUES ($1, 0) ON CONFLICT (repo_id) DO NOTHING";

/// Where idle repositories left the line while a delivery of theirs was being stored or taken again, they stand in none.
pub(super) const LINE_UP_ALL: &str = "INSERT INTO served (repo_id, turn) \
    SELECT DISTINCT repo_id, 0 FROM deliveries WHERE state = 'due' ON CONFLICT (repo_id) DO NOTHING";

// The oldest of each repository. A lease that ends too far ahead was given before the clock was set back.
const CANDIDATES: &str = "SELECT d.id, d.fence, d.silent, d.repo_id FROM served s \
    JOIN deliveries d ON d.id = (SELECT o.id FROM deliveries o WHERE o.repo_id = s.repo_id AND o.state = 'due' \
        AND o.run_at <= $1 AND (o.leased_until <= $1 OR o.leased_until > $2) ORDER BY o.received_at, o.id LIMIT 1) \
    ORDER BY s.turn, d.received_at, d.id LIMIT 16";

const SERVE: &str = "UPDATE served SET turn = (SELECT MAX(turn) + 1 FROM served) WHERE repo_id = $1";

const READ: &str = "SELECT event, body, received_at, attempts FROM deliveries WHERE id = $1";

const SET_ASIDE: &str = "UPDATE deliveries SET state = 'aside', why = 'its tries never reported back', \
    worker = NULL, leased_until = 0, fence = fence + 1 WHERE id = $1 AND fence = $2 AND state = 'due'";

const COUNT_ASIDE: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'aside'";

const PRUNE: &str = "DELETE FROM deliveries WHERE received_at < $1 AND state IN ('done', 'ignored')";

const LEAVE: &str = "DELETE FROM served WHERE repo_id <> 0 AND NOT EXISTS \
    (SELECT 1 FROM deliveries d WHERE d.repo_id = served.repo_id AND d.state = 'due')";

const IS_THERE: &str = "SELECT COUNT(*) FROM deliveries WHERE id = $1";

/// How many deliveries may wait for the writer, and how many go into one transaction.
const QUEUE: usize = 256;
const BATCH: usize = 64;

/// A webhook whose signature has been checked, on its way into the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// GitHub's id, the same for each redelivery.
    pub id: DeliveryId,
    /// The event's name, from a header and so not covered by the signature.
    pub event: EventName,
    /// The body, byte for byte.
    pub body: Bytes,
    /// The repository that it is about, if it is about one.
    pub repo: Option<RepoId>,
    /// When it came.
    pub received_at: Timestamp,
}

/// Whether a delivery was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It is stored now.
    New,
    /// One with this id was stored before; nothing changed.
    Again,
}

/// A delivery as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// GitHub's id.
    pub id: DeliveryId,
    /// The event's name; compare it with the body's shape.
    pub event: EventName,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// A delivery that this worker may translate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// What was delivered.
    pub delivery: Delivery,
    /// How often it was tried, with this one.
    pub attempts: i64,
    /// The right to finish it.
    pub claim: Claim,
}

impl Store {
    /// Stores a delivery, durably when this returns. The insert is the test: of any number of copies, at any number of
    /// replicas, one is new. Whoever stops waiting loses the answer, not the delivery.
    ///
    /// # Errors
    /// When it is not stored: do not acknowledge it.
    pub async fn receive(&self, delivery: NewDelivery) -> Result<Received, StoreError> {
        let closed = || StoreError::Down(sqlx::Error::PoolClosed);
        let (answer, answered) = oneshot::channel();
        self.inbox.queue.send(Waiting { delivery, answer }).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Takes the oldest due delivery of the repository that was served longest ago, if there is one. A delivery whose last tries never reported back is set aside.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_delivery(&self, worker: &Worker, lease: Lease) -> Result<Option<ClaimedDelivery>, StoreError> {
        loop {
            let candidates =
                sqlx::query(CANDIDATES).bind(lease.now.0).bind(lease.never_beyond().0).fetch_all(&self.db.pool).await?;
            if candidates.is_empty() {
                return Ok(None);
            }
            for row in candidates {
                let id: DeliveryId = row.try_get::<String, _>(0)?.parse()?;
                let (fence, silent): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
                if silent >= MAX_SILENT_TRIES {
                    self.set_aside(&id, fence).await?;
                } else if let Some(claim) = lease::take(self, Row::Delivery(id.clone()), fence, worker, lease).await? {
                    // Where this is lost the repository is served once more before the others.
                    self.db.write(sqlx::query(SERVE).bind(row.try_get::<i64, _>(3)?)).await?;
                    return self.read_claimed(id, claim).await.map(Some);
                }
            }
        }
    }

    /// Sees to it that every repository of which a delivery is due stands in line. Returns how many did not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn line_up(&self) -> Result<u64, StoreError> {
        let missing = self.db.write(sqlx::query(LINE_UP_ALL)).await?;
        if missing > 0 {
            self.ring();
        }
        Ok(missing)
    }

    /// Whether a delivery is stored, in whatever state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn was_received(&self, id: &DeliveryId) -> Result<bool, StoreError> {
        let there: i64 = sqlx::query_scalar(IS_THERE).bind(id.as_str().to_owned()).fetch_one(&self.db.pool).await?;
        Ok(there > 0)
    }

    /// How many deliveries were set aside because their tries never reported back.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliveries_set_aside(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(COUNT_ASIDE).fetch_one(&self.db.pool).await?)
    }

    /// Forgets deliveries received before `older_than` that were dealt with. GitHub redelivers for three days; what a
    /// delivery meant stays remembered, so that a copy sent much later still means nothing. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune(&self, older_than: Timestamp) -> Result<u64, StoreError> {
        self.db.write(sqlx::query(LEAVE)).await?;
        self.db.write(sqlx::query(PRUNE).bind(older_than.0)).await
    }

    async fn set_aside(&self, id: &DeliveryId, fence: i64) -> Result<(), StoreError> {
        let query = sqlx::query(SET_ASIDE).bind(id.as_str().to_owned()).bind(fence);
        if self.db.write(query).await? == 1 {
            tracing::error!(delivery.id = %id, "delivery {id} was set aside: {MAX_SILENT_TRIES} tries never reported back");
        }
        Ok(())
    }

    async fn read_claimed(&self, id: DeliveryId, claim: Claim) -> Result<ClaimedDelivery, StoreError> {
        let row = sqlx::query(READ).bind(id.as_str().to_owned()).fetch_one(&self.db.pool).await?;
        let delivery = Delivery {
            id,
            event: row.try_get::<String, _>(0)?.parse()?,
            body: row.try_get(1)?,
            received_at: Timestamp(row.try_get(2)?),
        };
        Ok(ClaimedDelivery { delivery, attempts: row.try_get(3)?, claim })
    }
}

/// The way to the writer.
pub(super) struct Inbox {
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    delivery: NewDelivery,
    answer: oneshot::Sender<Result<Received, StoreError>>,
}

impl Inbox {
    /// Starts the writer; it ends when the last [`Store`] is dropped.
    pub(super) fn start(db: Database, bell: Bell) -> Inbox {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                // Two replicas that insert the same ids in the same order wait for each other, but not in a circle.
                batch.sort_by(|a: &Waiting, b| a.delivery.id.cmp(&b.delivery.id));
                write(&db, &mut batch).await;
                bell.ring();
            }
        });
        Inbox { queue }
    }
}

async fn write(db: &Database, batch: &mut Vec<Waiting>) {
    if let Ok(answers) = write_together(db, batch).await {
        for (waiting, answer) in batch.drain(..).zip(answers) {
            // Nobody waits where the client has hung up; GitHub will deliver again and learn that it is stored.
            let _ = waiting.answer.send(Ok(answer));
        }
        return;
    }
    // One that cannot be written must not take the others with it.
    for waiting in batch.drain(..) {
        let alone = write_together(db, std::slice::from_ref(&waiting)).await;
        let _ = waiting.answer.send(alone.map(|answers| answers.first().copied().unwrap_or(Received::Again)));
    }
}

async fn write_together(db: &Database, batch: &[Waiting]) -> Result<Vec<Received>, StoreError> {
    let _gate = db.gate().await;
    let mut connection = db.pool.acquire().await?;
    let answers = write_on(&mut connection, db.begin(), batch).await;
    if answers.is_err() {
        // It may be of no more use, as after a transaction that was rolled back by itself.
        connection.close_on_drop();
    }
    answers
}

async fn write_on(
    connection: &mut AnyConnection,
    begin: &'static str,
    batch: &[Waiting],
) -> Result<Vec<Received>, StoreError> {
    let mut tx = connection.begin_with(begin).await?;
    let mut answers = Vec::with_capacity(batch.len());
    for waiting in batch {
        answers.push(insert(&mut tx, &waiting.delivery).await?);
    }
    tx.commit().await?;
    Ok(answers)
}

async fn insert(conn: &mut AnyConnection, delivery: &NewDelivery) -> Result<Received, StoreError> {
    let repo = delivery.repo.map_or(0, |repo| repo.0);
    sqlx::query(LINE_UP).bind(repo).execute(&mut *conn).await?;
    let done = sqlx::query(INSERT)
        .bind(delivery.id.as_str())
        .bind(delivery.event.as_str())
        .bind(&delivery.body[..])
        .bind(delivery.received_at.0)
        .bind(repo)
        .execute(conn)
        .await?;
    Ok(if done.rows_affected() == 1 { Received::New } else { Received::Again })
}
