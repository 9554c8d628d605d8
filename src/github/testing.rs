//! A GitHub on the wire that says what a test tells it to say, and remembers what it was asked.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{App, GithubConfig, RepoRef};
use crate::ids::{CommitSha, InstallationId, RepoId, Timestamp};

pub(super) type TestError = Box<dyn std::error::Error>;

/// Noon of some day, by which all these tests go.
pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A request that came in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Method, path and query.
    pub(super) line: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Value,
}

/// What goes back.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(super) fn new(status: u16, body: &Value) -> Reply {
        Reply { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Reply {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Script = Box<dyn FnMut(&Seen) -> Option<Reply> + Send>;

struct Inner {
    script: Script,
    seen: Vec<Seen>,
    minted: usize,
}

/// A server for one test. Who we are and minting are answered by itself unless the script does; what the script does
/// not answer is answered 599 and fails the test by its error.
pub(super) struct Fake {
    inner: Arc<Mutex<Inner>>,
    pub(super) address: String,
    pub(super) at: RepoRef,
}

impl Fake {
    pub(super) async fn start(script: impl FnMut(&Seen) -> Option<Reply> + Send + 'static) -> Result<Fake, TestError> {
        let inner = Arc::new(Mutex::new(Inner { script: Box::new(script), seen: Vec::new(), minted: 0 }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let at = RepoRef { installation: InstallationId(5), id: RepoId(77), name: "acme/tool".parse()? };
        Ok(Fake { inner, address, at })
    }

    pub(super) fn app(&self) -> Result<App, TestError> {
        let web_url = "https://github.test".parse()?;
        Ok(App::new(&GithubConfig { api_url: self.address.parse()?, web_url, app_id: 7, key_pem: key_pem()? })?)
    }

    /// The requests so far but for those about tokens and ourselves.
    pub(super) fn lines(&self) -> Vec<String> {
        let about_us = |line: &str| line.contains(" /app") || line.contains(" /users/");
        self.seen().into_iter().map(|seen| seen.line).filter(|line| !about_us(line)).collect()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    pub(super) fn mints(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.line.contains("/access_tokens")).collect()
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response<Body> {
    let line = format!("{} {}", request.method(), request.uri());
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = to_bytes(request.into_body(), 1 << 24).await.unwrap_or_default();
    let seen = Seen { line, authorization, body: serde_json::from_slice(&body).unwrap_or(Value::Null) };

    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    inner.seen.push(seen.clone());
    let scripted = (inner.script)(&seen);
    let reply = scripted.or_else(|| by_itself(&mut inner, &seen.line));
    drop(inner);
    let reply = reply.unwrap_or_else(|| Reply::new(599, &json!({ "message": format!("unexpected {}", seen.line) })));

    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn by_itself(inner: &mut Inner, line: &str) -> Option<Reply> {
    match line {
        "GET /app" => Some(Reply::new(200, &json!({ "id": 7, "slug": "assentry", "permissions": {}, "events": [] }))),
        "GET /users/assentry%5Bbot%5D" => {
            Some(Reply::new(200, &json!({ "id": 9, "login": "assentry[bot]", "type": "Bot" })))
        }
        "POST /app/installations/5/access_tokens" => {
            inner.minted += 1;
            Some(Reply::new(201, &json!({ "token": format!("ghs_canary{}", inner.minted) })))
        }
        _ => None,
    }
}

/// A commit id of forty times the same digit.
pub(super) fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap_or_else(|bad| unreachable!("{bad}"))
}

/// An RSA key made for this run of the tests, as PEM.
pub(super) fn key_pem() -> Result<SecretString, TestError> {
    static PEM: OnceLock<Option<String>> = OnceLock::new();
    let make = || {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
        Some(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref())))
    };
    let pem = PEM.get_or_init(make).clone().ok_or("no key could be made")?;
    Ok(SecretString::from(pem))
}
