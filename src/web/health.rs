//! Whether the server is alive, and whether it should be sent anything.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// A database that takes longer for one small write is not one to send work to.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer counts so long: whoever asks often does not make us write often.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Health {
    store: Store,
    stop: CancellationToken,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

/// `/healthz`: the process answers. `/readyz`: it takes deliveries, that is, its database takes writes and it is not
/// stopping.
pub(super) fn router(store: Store, stop: CancellationToken) -> Router {
    let health = Health { store, stop, last: Arc::default() };
    Router::new().route("/healthz", get("alive\n")).route("/readyz", get(ready)).with_state(health)
}

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if health.database_answers().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not take writes\n")
    }
}

impl Health {
    async fn database_answers(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < FRESH
        {
            return answer;
        }
        let written = tokio::time::timeout(PATIENCE, self.store.ready()).await;
        if let Ok(Err(error)) = &written {
            tracing::warn!(error = error as &dyn std::error::Error, "not ready: the database does not take writes");
        }
        let answer = matches!(written, Ok(Ok(())));
        *last = Some((Instant::now(), answer));
        answer
    }
}
