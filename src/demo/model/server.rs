//! The server: takes a request as the vendor would, asks the script, plays its reply.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::cache::Cache;
use super::play::{play, refusal};
use super::script::Script;
use super::{anthropic, openai};

/// Anthropic's documented limit of a request; a larger one is answered 413.
const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// A running scripted model. It stops listening when it is dropped.
#[derive(Debug)]
pub struct ScriptedModel {
    url: Url,
    memory: Arc<Memory>,
    server: JoinHandle<()>,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The path it was posted to.
    pub path: String,
    /// Its body.
    pub body: String,
    /// The vendor's reason if it was refused before the script was asked.
    pub refused: Option<String>,
}

/// Why a request is refused before the script is asked, in the vendor's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Unfit {
    pub(super) fn bad(message: impl Into<String>) -> Unfit {
        Unfit { status: 400, kind: "invalid_request_error", message: message.into() }
    }
}

struct Memory {
    script: Arc<dyn Script>,
    requests: Mutex<Vec<Recorded>>,
    cache: Mutex<Cache>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl ScriptedModel {
    /// Starts to listen; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, script: Arc<dyn Script>) -> io::Result<ScriptedModel> {
        let listener = TcpListener::bind(listen).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(io::Error::other)?;
        let memory = Arc::new(Memory { script, requests: Mutex::default(), cache: Mutex::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&memory));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the scripted model stopped listening");
            }
        });
        Ok(ScriptedModel { url, memory, server })
    }

    /// The base address for either wire format.
    #[must_use]
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// All requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.memory.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops listening. Answers under way and connections kept open end with their clients.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(memory): State<Arc<Memory>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let wire = match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/messages") => Vendor::Anthropic,
        (&Method::POST, "/v1/chat/completions") => Vendor::OpenAi,
        (_, _) => return not_here(&head.method, &head.uri),
    };
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        let message = "Request exceeds the maximum size".to_owned();
        return refuse(wire, &Unfit { status: 413, kind: "request_too_large", message });
    };
    let taken = {
        // The locks are let go before anything is awaited.
        let mut cache = memory.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match wire {
            Vendor::Anthropic => anthropic::take(&head.headers, &body, &mut cache).map(Taken::Anthropic),
            Vendor::OpenAi => openai::take(&head.headers, &body, &mut cache).map(Taken::OpenAi),
        };
        memory.requests.lock().unwrap_or_else(PoisonError::into_inner).push(Recorded {
            path: head.uri.path().to_owned(),
            body: String::from_utf8_lossy(&body).into_owned(),
            refused: taken.as_ref().err().map(|unfit| unfit.message.clone()),
        });
        taken
    };
    match taken {
        Err(unfit) => refuse(wire, &unfit),
        Ok(Taken::Anthropic(taken)) => play(&memory.script.answer(&taken.seen), &taken).await,
        Ok(Taken::OpenAi(taken)) => play(&memory.script.answer(&taken.seen), &taken).await,
    }
}

#[derive(Clone, Copy)]
enum Vendor {
    Anthropic,
    OpenAi,
}

enum Taken {
    Anthropic(anthropic::Taken),
    OpenAi(openai::Taken),
}

fn refuse(vendor: Vendor, unfit: &Unfit) -> Response {
    let Unfit { status, kind, message } = unfit;
    let body = match vendor {
        Vendor::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
        Vendor::OpenAi => json!({"error": {"message": message, "type": kind, "param": null, "code": null}}),
    };
    refusal(*status, &[], body.to_string())
}

fn not_here(method: &Method, uri: &Uri) -> Response {
    let message = format!("Not Found: {method} {}", uri.path());
    refusal(404, &[], json!({"error": {"type": "not_found_error", "message": message}}).to_string())
}
