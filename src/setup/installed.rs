//! What the running server says to who comes back from installing the App: what to do next.
//!
//! The same for everybody, so it tells nothing about this server.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::pages::{self, CONTENT_POLICY};

/// Whether there is a dashboard to go on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dashboard {
    /// There is.
    On,
    /// There is none.
    Off,
}

/// `GET /setup/installed`.
pub fn router(dashboard: Dashboard) -> Router {
    Router::new().route("/setup/installed", get(move || async move { installed(dashboard) }))
}

fn installed(dashboard: Dashboard) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY.as_str())], pages::installed(dashboard))
}
