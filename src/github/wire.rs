//! One request, sent once, and its answer as it came.
//!
//! octocrab carries it: TLS, proxies, base address, redirects of renamed repositories. Its own retries, token minting
//! and paging are not used: it repeats POSTs, mints once for each waiting caller, and asks for page two without a token.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::response::Parts;
use bytes::Bytes;
use octocrab::Octocrab;
use reqwest::header::{ACCEPT, HeaderMap, LINK, LOCATION, USER_AGENT};
use reqwest::{Client, Method, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};

use super::{GithubError, witness};

/// The path of the GraphQL API; on an Enterprise Server it stands beside `/api/v3` and not below it.
pub(super) const GRAPHQL: &str = "/graphql";

const CONNECT: Duration = Duration::from_secs(10);
pub(super) const WHOLE_CALL: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: usize = 32 << 20;

/// How many requests went out to GitHub since the start; minting a token is a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Calls {
    pub reads: u64,
    pub writes: u64,
}

/// A list that is read page by page, to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    pub items: Vec<T>,
    /// Whether this is all there is, or reading stopped at the limit.
    pub complete: bool,
}

/// What it means to send a request a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes nothing.
    Read,
    /// It sets something to an end state, or makes what nobody sees until it is named: twice is the same as once.
    Set,
    /// It leaves one more thing each time.
    Create,
}

/// A request to GitHub: what is sent, and how it is called in an error.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) method: Method,
    /// Path and query, each part [`encode`]d.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) what: String,
    /// The form of the answer, a media type.
    pub(super) accept: &'static str,
    /// Whether the answer points to another place, which is the caller's to look at or not.
    pub(super) points: bool,
}

/// GitHub's usual form of an answer.
pub(super) const JSON: &str = "application/vnd.github+json";

impl Ask {
    pub(super) fn get(path: String, what: String) -> Ask {
        Ask { kind: Kind::Read, method: Method::GET, path, body: None, what, accept: JSON, points: false }
    }

    /// The same, with the answer in another form.
    pub(super) fn accepting(self, accept: &'static str) -> Ask {
        Ask { accept, ..self }
    }

    /// The same, with an answer that points to another place.
    pub(super) fn pointing(self) -> Ask {
        Ask { points: true, ..self }
    }

    pub(super) fn set(method: Method, path: String, body: Value, what: String) -> Ask {
        Ask { kind: Kind::Set, method, path, body: Some(body), what, accept: JSON, points: false }
    }

    pub(super) fn create(method: Method, path: String, body: Value, what: String) -> Ask {
        Ask { kind: Kind::Create, method, path, body: Some(body), what, accept: JSON, points: false }
    }

    /// Whether a redirect of this status is the answer, and not that a repository was renamed.
    pub(super) fn is_answered_by(&self, status: StatusCode) -> bool {
        self.points && status == StatusCode::FOUND
    }

    /// The error for a request whose answer is missing or cannot be understood.
    pub(super) fn unclear(&self, why: String) -> GithubError {
        let what = self.what.clone();
        match self.kind {
            Kind::Read | Kind::Set => GithubError::Flaky { what, why },
            Kind::Create => GithubError::Unknown { what, why },
        }
    }

    /// The error for a request that got no answer. What never reached GitHub cannot have happened.
    fn unanswered(&self, error: &octocrab::Error) -> GithubError {
        let mut why = Vec::new();
        let mut unsent = false;
        let mut source: Option<&dyn Error> = error.source();
        while let Some(error) = source {
            unsent |= error.downcast_ref::<reqwest::Error>().is_some_and(|e| e.is_connect() || e.is_builder());
            why.push(error.to_string());
            source = error.source();
        }
        why.dedup();
        let why = why.join(": ");
        if unsent { GithubError::Flaky { what: self.what.clone(), why } } else { self.unclear(why) }
    }
}

/// What GitHub answered, whatever it was.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    async fn whole(parts: Parts, body: Body, ask: &Ask) -> Result<Answer, GithubError> {
        let body = axum::body::to_bytes(body, ANSWER_LIMIT).await.map_err(|error| ask.unclear(error.to_string()))?;
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// Path and query of the next page. The host is cut off: octocrab sends the token only to its own base address,
    /// and no answer shall lead us to another.
    pub(super) fn next_page(&self) -> Option<String> {
        let links = self.headers.get(LINK)?.to_str().ok()?;
        let next = links.split(',').find(|link| link.contains(r#"rel="next""#))?;
        let (address, _) = next.trim().strip_prefix('<')?.split_once('>')?;
        path_of(address)
    }

    /// Path and query of the place this has moved to, host cut off as above. octocrab follows for reads only.
    pub(super) fn moved_to(&self) -> Option<String> {
        match self.status.as_u16() {
            301 | 302 | 307 | 308 => path_of(self.headers.get(LOCATION)?.to_str().ok()?),
            _ => None,
        }
    }
}

pub(super) struct Wire {
    pub(super) api_url: Url,
    /// Follows nothing. octocrab would fetch what it is pointed to, from anywhere.
    plain: Client,
    crab: Octocrab,
    graph: Octocrab,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl Wire {
    /// Prepares a client. Must be called within a tokio runtime, because octocrab starts a task.
    pub(super) fn new(api_url: &Url) -> Result<Wire, Box<dyn Error + Send + Sync>> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE_CALL)
            // octocrab follows redirects itself and drops the token when one leads to another host.
            .redirect(redirect::Policy::none());
        // Without TLS nothing needs the system's certificates, which a bare machine may lack.
        let client = if api_url.scheme() == "http" { client.tls_certs_only([]) } else { client };
        // A proxy of the environment stands outside and cannot reach what listens on this machine.
        let client = if is_loopback(api_url) { client.no_proxy() } else { client };
        let client = client.build()?;
        let crab = |base: &Url| -> Result<Octocrab, Box<dyn Error + Send + Sync>> {
            Ok(Octocrab::builder().base_uri(base.as_str())?.build_with_reqwest(client.clone())?)
        };
        let mut beside = api_url.clone();
        if let Some(above) = api_url.path().trim_end_matches('/').strip_suffix("/v3") {
            beside.set_path(above);
        }
        let (crab, graph, reads, writes) = (crab(api_url)?, crab(&beside)?, AtomicU64::new(0), AtomicU64::new(0));
        Ok(Wire { api_url: api_url.clone(), plain: client, crab, graph, reads, writes })
    }

    /// Sends a request once, with or without a token, and takes it down if it is a write.
    pub(super) async fn exchange(&self, token: Option<&SecretString>, ask: &Ask) -> Result<Answer, GithubError> {
        let answer = self.send(token, ask).await;
        witness::note(ask, answer.as_ref().ok());
        answer
    }

    async fn send(&self, token: Option<&SecretString>, ask: &Ask) -> Result<Answer, GithubError> {
        match ask.kind {
            Kind::Read => &self.reads,
            Kind::Set | Kind::Create => &self.writes,
        }
        .fetch_add(1, Ordering::Relaxed);

        if ask.points {
            return self.send_plainly(token, ask).await;
        }
        let unanswered = |error: octocrab::Error| ask.unanswered(&error);
        let crab = if ask.path == GRAPHQL { &self.graph } else { &self.crab };
        let crab = match token {
            Some(token) => crab.user_access_token(token.clone()).map_err(unanswered)?,
            None => crab.clone(),
        };
        let request = Builder::new().method(ask.method.clone()).uri(&ask.path).header(ACCEPT, ask.accept);
        let request = crab.build_request(request, ask.body.as_ref()).map_err(unanswered)?;
        let (parts, body) = crab.execute(request).await.map_err(unanswered)?.into_parts();
        Answer::whole(parts, Body::new(body), ask).await
    }

    async fn send_plainly(&self, token: Option<&SecretString>, ask: &Ask) -> Result<Answer, GithubError> {
        let address = format!("{}{}", self.api_url.as_str().trim_end_matches('/'), ask.path);
        let mut request = self.plain.request(ask.method.clone(), address).header(ACCEPT, ask.accept);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.header(USER_AGENT, "assentry").send().await;
        let answer = answer.map_err(|error| ask.unclear(error.without_url().to_string()))?;
        let (parts, body) = axum::http::Response::<reqwest::Body>::from(answer).into_parts();
        Answer::whole(parts, Body::new(body), ask).await
    }

    pub(super) fn calls(&self) -> Calls {
        Calls { reads: self.reads.load(Ordering::Relaxed), writes: self.writes.load(Ordering::Relaxed) }
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn path_of(address: &str) -> Option<String> {
    let address = Url::parse("http://base.invalid").and_then(|base| base.join(address)).ok()?;
    let query = address.query().map_or(String::new(), |query| format!("?{query}"));
    Some(format!("{}{query}", address.path()))
}

/// Writes a text as part of a path: everything but letters, digits and `-._~/` in percent form.
pub(super) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_path_cannot_become_a_query_or_a_fragment() {
        assert_eq!(encode("assentry/42#x?y=1&z ü+%"), "assentry/42%23x%3Fy%3D1%26z%20%C3%BC%2B%25");
    }
}
