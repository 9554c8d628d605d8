//! Who may pass: people who have signed in. Everybody else gets the page that says so.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cookie::Cookie;
use super::page::Refused;
use super::{Dashboard, frame};
use crate::ids::{Login, UserId};

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    pub(super) user: UserId,
    pub(super) login: Login,
    /// Whether they see deliveries and health.
    pub(super) administers: bool,
    /// What a form of theirs carries, so that no other site can send it.
    pub(super) token: String,
    /// The hash of what their browser holds.
    pub(super) session: String,
}

/// Nothing of ours is framed, and nothing but our own files is loaded or run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds what every answer carries.
pub(super) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Not `no-referrer`: with that, browsers send our own forms without saying that they come from here.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What one person may see is not for the next one at the same machine.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets those pass who have signed in; shows the others how (401).
pub(super) async fn signed_in(State(dashboard): State<Dashboard>, mut request: Request, next: Next) -> Response {
    let viewer = match dashboard.viewer(request.headers()).await {
        Ok(viewer) => viewer,
        Err(refused) => return refused.into_response(),
    };
    let Some(viewer) = viewer else {
        let to = match request.method() {
            &Method::GET => request.uri().path_and_query().map_or("/", |path| path.as_str()),
            _ => "/",
        };
        return (StatusCode::UNAUTHORIZED, frame::door(to)).into_response();
    };
    if request.method() != Method::GET && !dashboard.is_from_here(&request) {
        return Refused::Forbidden.into_response();
    }
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

/// The hash of what a browser holds; this is what is stored.
pub(super) fn hash_of(secret: &str) -> String {
    hex::encode(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// Compares two secrets without telling by the time how much of them is the same.
pub(super) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

impl Dashboard {
    async fn viewer(&self, headers: &HeaderMap) -> Result<Option<Viewer>, Refused> {
        let Some(secret) = Cookie::session(self.is_secure()).of(headers) else { return Ok(None) };
        let session = hash_of(secret);
        let Some((user, login)) = self.store().session(&session, self.now()).await? else { return Ok(None) };
        let token = hash_of(&format!("form {secret}"));
        let administers = self.0.administrators.contains(&user);
        Ok(Some(Viewer { user, login, administers, token, session }))
    }

    /// Whether the browser says that a page of ours sent this, where it says anything.
    fn is_from_here(&self, request: &Request) -> bool {
        let ours = self.0.public_url.origin().ascii_serialization();
        request.headers().get(header::ORIGIN).is_none_or(|origin| origin.as_bytes() == ours.as_bytes())
    }
}

impl Viewer {
    /// Lets pass what a form of this person's own page sent.
    ///
    /// # Errors
    /// [`Refused::Forbidden`] otherwise.
    pub(super) fn sent(&self, token: &str) -> Result<(), Refused> {
        if same(&self.token, token) { Ok(()) } else { Err(Refused::Forbidden) }
    }

    /// Lets administrators pass; to the others there is nothing.
    ///
    /// # Errors
    /// [`Refused::NotThere`] for everybody else.
    pub(super) fn administrator(&self) -> Result<(), Refused> {
        if self.administers { Ok(()) } else { Err(Refused::NotThere) }
    }
}
