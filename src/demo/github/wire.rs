//! The wire: one axum service on loopback for REST, GraphQL and git.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;

use super::Hub;
use super::clock::http_date;
use super::door::{self, Answered, Asked};
use super::halts::{Halt, Stop};
use super::jobs;
use super::oauth;
use super::pages;
use super::smart_http::{self, GitHeaders};

/// No request may be larger; GitHub takes pushes of up to 2 GiB, which nobody needs here.
const LARGEST: usize = 256 * 1024 * 1024;

pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new().fallback(handle).layer(DefaultBodyLimit::max(LARGEST)).with_state(hub)
}

async fn handle(Shared(hub): Shared<Arc<Hub>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: text(header::AUTHORIZATION.as_str()),
        if_none_match: text(header::IF_NONE_MATCH.as_str()),
        body: body.to_vec(),
    };
    let (before, after) = match hub.halts.arrives(&asked.method, &asked.path) {
        Some(stop) if stop.halt == Halt::Before => (Some(stop), None),
        stop => (None, stop),
    };
    if let Some(stop) = before {
        return stopped(&hub, stop).await;
    }
    let answered = match smart_http::git_path(&asked.path) {
        Some(path) => {
            let headers = GitHeaders {
                content_type: text("content-type").unwrap_or_default(),
                content_encoding: text("content-encoding").unwrap_or_default(),
                protocol: text("git-protocol").unwrap_or_default(),
            };
            smart_http::serve(&hub, path, asked, headers).await
        }
        None => {
            let page = pages::answer(&hub, &asked);
            let mut state = hub.lock();
            let page = page.or_else(|| oauth::answer(&mut state, &asked));
            let page = page.or_else(|| jobs::stored(&mut state, &asked));
            let answered = page.unwrap_or_else(|| door::answer(&mut state, &asked));
            drop(state);
            hub.woken.notify_one();
            answered
        }
    };
    match after {
        Some(stop) => stopped(&hub, stop).await,
        None => {
            hub.asked.send_modify(|count| *count += 1);
            respond(&hub, answered)
        }
    }
}

/// Never answers, or without saying what has been done.
async fn stopped(hub: &Hub, stop: Stop) -> Response {
    let held_up = stop.tell.is_some();
    if let Some(tell) = stop.tell {
        // Whoever ordered it may have gone.
        let _ = tell.send(());
    }
    // Only now: who waits for what the write has done must not come before who waits for the halt.
    hub.asked.send_modify(|count| *count += 1);
    match held_up {
        true => std::future::pending().await,
        false => respond(hub, Answered { status: 502, ..Answered::default() }),
    }
}

/// Every answer is dated by the simulated clock: clients take GitHub's time from it.
fn respond(hub: &Hub, answered: Answered) -> Response {
    let mut response = Response::new(Body::from(answered.body));
    if let Ok(date) = http_date(hub.lock().now()).parse() {
        response.headers_mut().insert(header::DATE, date);
    }
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answered.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}
