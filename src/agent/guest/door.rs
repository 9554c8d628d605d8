//! The core's end of the bridge: reads a guest's requests, looks at its token, and hands on what is asked.
//!
//! It runs beside the work and knows nothing of it: a model's answer and a tool's come from whoever takes the [`Knock`]s.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::mcp::{self, Wanted};
use crate::model::{Dialect, Piece, ToolSpec, Wish, betas, shown_keys};

/// The largest question to a model; a million tokens are a quarter of that.
const LARGEST_QUESTION: usize = 16 << 20;
/// The largest message to the tools.
const LARGEST_MESSAGE: usize = 4 << 20;
/// Pieces of an answer that wait to be taken.
const WAITING: usize = 16;
/// Bodies that are read at a time, so that many of the largest do not fill the core's memory; the others wait.
const READERS: usize = 4;

/// What a guest wants.
#[derive(Debug)]
pub(super) enum Knock {
    /// Its model's answer.
    Model { dialect: Dialect, body: Bytes, betas: Option<String>, out: mpsc::Sender<Piece> },
    /// A tool of the house.
    Call { name: String, arguments: Value, out: oneshot::Sender<(String, bool)> },
}

/// The open door, shut when this is dropped.
#[derive(Debug)]
pub(super) struct Door(JoinHandle<()>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Keeper {
    token: SecretString,
    tools: Vec<ToolSpec>,
    knocks: mpsc::Sender<Knock>,
    readers: Semaphore,
}

/// Opens the door to whoever has the token.
pub(super) fn open(listener: UnixListener, token: SecretString, tools: Vec<ToolSpec>) -> (Door, mpsc::Receiver<Knock>) {
    let (knocks, taken) = mpsc::channel(1);
    let keeper = Keeper { token, tools, knocks, readers: Semaphore::new(READERS) };
    let app = Router::new().fallback(answer).with_state(Arc::new(keeper));
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::warn!(%error, "the gateway of an agent stopped listening");
        }
    });
    (Door(task), taken)
}

async fn answer(State(keeper): State<Arc<Keeper>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    // Some ask whether anybody is there before they have read their settings.
    if head.method == Method::HEAD {
        return plain(StatusCode::OK, Bytes::new());
    }
    if !keeper.knows(&head.headers) {
        return refusal(StatusCode::UNAUTHORIZED, Dialect::Messages, "authentication_error", "this is not the token");
    }
    let posted = head.method == Method::POST;
    let dialect = match (head.uri.path(), Wish::at(head.uri.path())) {
        ("/mcp", _) if posted => return keeper.mcp(body).await,
        ("/mcp", _) => return plain(StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        (_, Some(Wish::Answer(dialect))) if posted => dialect,
        (_, Some(Wish::Count)) if posted => return keeper.count(body).await,
        _ => {
            let words = "there is nothing at this path";
            return refusal(StatusCode::NOT_FOUND, Dialect::Messages, "not_found_error", words);
        }
    };
    let reader = keeper.readers.acquire().await;
    let Ok(body) = to_bytes(body, LARGEST_QUESTION).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, dialect, "request_too_large", "the question is too large");
    };
    let betas = betas(&head.headers).map(str::to_owned);
    let (out, pieces) = mpsc::channel(WAITING);
    if keeper.knocks.send(Knock::Model { dialect, body, betas, out }).await.is_err() {
        return closed(dialect);
    }
    drop(reader);
    passed_on(dialect, pieces).await
}

impl Keeper {
    /// Whether the token is shown, in the header of either vendor. Compared by digest, so that time tells nothing of it.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let digest = |text: &str| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let own = digest(self.token.expose_secret());
        shown_keys(headers).any(|token| digest(token).as_ref() == own.as_ref())
    }

    /// Tokens are counted by bytes here: the vendor's count would be another call.
    async fn count(&self, body: Body) -> Response {
        let _reader = self.readers.acquire().await;
        let bytes = to_bytes(body, LARGEST_QUESTION).await.map_or(0, |body| body.len());
        plain(StatusCode::OK, json!({"input_tokens": bytes.div_ceil(3)}).to_string().into())
    }

    async fn mcp(&self, body: Body) -> Response {
        let message = {
            let _reader = self.readers.acquire().await;
            to_bytes(body, LARGEST_MESSAGE).await.ok()
        };
        let Some(message) = message.and_then(|body| serde_json::from_slice(&body).ok()) else {
            return plain(StatusCode::BAD_REQUEST, Bytes::new());
        };
        match mcp::read(message, &self.tools) {
            Wanted::Nothing => plain(StatusCode::ACCEPTED, Bytes::new()),
            Wanted::Answer(answer) => plain(StatusCode::OK, answer.to_string().into()),
            Wanted::Call { id, name, arguments } => {
                let (out, told) = oneshot::channel();
                let knock = Knock::Call { name, arguments, out };
                if self.knocks.send(knock).await.is_err() {
                    return closed(Dialect::Messages);
                }
                let (text, failed) = told.await.unwrap_or_else(|_| ("the work is over".to_owned(), true));
                plain(StatusCode::OK, mcp::called(&id, &text, failed).to_string().into())
            }
        }
    }
}

async fn passed_on(dialect: Dialect, mut pieces: mpsc::Receiver<Piece>) -> Response {
    let Some(Piece::Head { status, kind, retry_after }) = pieces.recv().await else { return closed(dialect) };
    let body = stream::unfold(Some(pieces), |pieces| async {
        let mut pieces = pieces?;
        match pieces.recv().await? {
            Piece::Bytes(bytes) => Some((Ok(bytes), Some(pieces))),
            // The connection ends without the end of its body, so that nobody takes the part for the whole.
            Piece::Head { .. } | Piece::Broken => Some((Err(io::Error::other("the answer broke off")), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn closed(dialect: Dialect) -> Response {
    refusal(StatusCode::FORBIDDEN, dialect, "permission_error", "the work is over")
}

/// A refusal in the shape of the dialect.
fn refusal(status: StatusCode, dialect: Dialect, kind: &str, message: &str) -> Response {
    plain(status, dialect.refusal(kind, message).into())
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
