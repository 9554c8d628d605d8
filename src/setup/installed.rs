//! What the running server says to who comes back from installing the App: what to do next.
//!
//! The same for everybody, so it tells nothing about this server.

use askama::Template as _;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use super::pages::{CONTENT_POLICY, Installed, STYLE};

/// `GET /setup/installed`, and its style.
pub fn router() -> Router {
    Router::new().route("/setup/installed", get(installed)).route("/setup/style.css", get(style))
}

async fn installed() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY)], Html(Installed.render().unwrap_or_default()))
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}
