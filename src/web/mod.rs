//! What is spoken over HTTP: the door for GitHub's deliveries, whether the server is well, and the dashboard where it is on.
//!
//! Nothing here tells a stranger more than a status and one line, or how to sign in.

pub mod dashboard;
mod health;
pub mod metrics;
mod serve;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::ids::Timestamp;
use crate::store::Store;
use crate::webhook::{self, WebhookSecrets};

pub use serve::serve;

/// What the routes need.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Where deliveries go.
    pub store: Store,
    /// What deliveries are signed with.
    pub secrets: WebhookSecrets,
    /// Stamps deliveries; nothing is decided by it.
    pub clock: fn() -> Timestamp,
    /// Set when the server is to stop: from then on it is not ready.
    pub stop: CancellationToken,
}

/// The routes that every server has: `POST /webhook`, `GET /healthz`, `GET /readyz`.
pub fn router(state: AppState) -> Router {
    let health = health::router(state.store.clone(), state.stop);
    webhook::router(state.store, state.secrets, state.clock).merge(health).layer(CatchPanicLayer::new())
}
