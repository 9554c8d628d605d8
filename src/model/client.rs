//! Asks one question: sends it, reads the stream within its limits, hands over the whole answer.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, redirect};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use url::Url;

use super::call::{Call, Cut};
use super::conversation::{Answer, Conversation, Usage};
use super::detail::showable;
use super::draft::{Draft, Progress};
use super::error::{Limit, ModelError};
use super::profile::{BadProfile, Profile, Provider};
use super::request::body;
use super::sse::Reader;
use super::trace;

/// The most bytes read of one answer, and of one refusal.
pub(super) const MAX_ANSWER: usize = 8 * 1024 * 1024;
const MAX_REFUSAL: usize = 64 * 1024;
/// Pauses before a request that never reached the vendor is sent again.
const RESENDS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// One model at one address.
#[derive(Debug, Clone)]
pub struct Model {
    profile: Profile,
    endpoint: Url,
    headers: HeaderMap,
    http: Client,
}

impl Model {
    /// Gets ready to ask the model of a profile. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address or the key cannot be used; the operator has to mend it.
    pub fn new(profile: Profile) -> Result<Model, BadProfile> {
        let endpoint = profile.endpoint()?;
        let headers = headers(&profile)?;
        let mut http = Client::builder()
            // A redirect would carry the key to an address that the operator did not name.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(profile.timeouts.connect)
            .user_agent(concat!("assentry/", env!("CARGO_PKG_VERSION")))
            // A compressed stream is held back until a block is full.
            .gzip(false);
        if endpoint.scheme() == "http" {
            // A machine without certificates can still talk to a model of its own.
            http = http.tls_certs_only([]);
        }
        if profile.is_loopback() {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| BadProfile::Client { why: error.without_url().to_string() })?;
        Ok(Model { profile, endpoint, headers, http })
    }

    /// Which model this is.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Foresees what the next call may take, on the cautious side, so that it can be reserved in a budget before it is made:
    /// a token for every three bytes, all of them new to the cache, and the longest answer.
    #[must_use]
    pub fn foresee(&self, conversation: &Conversation) -> Usage {
        foreseen(body(conversation, &self.profile).len(), self.profile.max_output_tokens.into())
    }

    /// Asks for the next answer. Cancelling, and every limit, closes the connection, which ends the vendor's work.
    ///
    /// # Errors
    /// When there is no whole answer; see [`ModelError`] for what to do then.
    pub async fn ask(&self, conversation: &Conversation, stop: &CancellationToken) -> Result<Answer, ModelError> {
        let span = trace::span(&self.profile);
        let outcome = self.ask_within(conversation, stop).instrument(span.clone()).await;
        trace::record(&span, &outcome);
        outcome
    }

    async fn ask_within(&self, conversation: &Conversation, stop: &CancellationToken) -> Result<Answer, ModelError> {
        let body = body(conversation, &self.profile);
        let worst = foreseen(body.len(), self.profile.max_output_tokens.into());
        let mut call = Call::new(Draft::new(self.profile.provider, body.len()), body.len(), worst);
        let begun = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Cut::Cancelled),
            outcome = timeout_at(begun + self.profile.timeouts.total, self.exchange(body, begun, &mut call)) => {
                outcome.unwrap_or(Err(Cut::Silent(Limit::Total)))
            }
        };
        let show = |words: &str| showable(words, conversation, &self.profile.api_key);
        call.end(outcome, &self.profile.model, show)
    }

    /// Fills the draft until the final event, or until the stream ends without one.
    async fn exchange(&self, body: String, begun: Instant, call: &mut Call) -> Result<(), Cut> {
        let timeouts = &self.profile.timeouts;
        let mut due = (begun + timeouts.first_byte, Limit::FirstByte);
        let post = || self.post(None).body(body.clone());
        let mut response =
            timeout_at(due.0, self.send_again(post, &mut call.sent)).await.map_err(|_| Cut::Silent(due.1))??;
        if !response.status().is_success() {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = timeout_at(due.0, read_refusal(response)).await.unwrap_or_default();
            return Err(Cut::Refused { status, headers: Box::new(headers), body });
        }
        if !is_event_stream(&response) {
            return Err(Cut::NoStream);
        }
        let (mut reader, mut total) = (Reader::default(), 0_usize);
        loop {
            let chunk = timeout_at(due.0, response.chunk()).await.map_err(|_| Cut::Silent(due.1))?;
            let chunk = chunk.map_err(|_| Cut::Stream("the connection broke".into()))?;
            let Some(chunk) = chunk else { return Ok(()) };
            total = total.saturating_add(chunk.len());
            if total > MAX_ANSWER {
                return Err(Cut::Stream(format!("it is longer than {MAX_ANSWER} bytes")));
            }
            for event in reader.push(&chunk).map_err(|bad| Cut::Stream(bad.to_string()))? {
                due = (Instant::now() + timeouts.idle, Limit::Idle);
                if call.draft.take(&event).map_err(Cut::Fault)? == Progress::Whole {
                    return Ok(());
                }
            }
        }
    }

    /// A request to the profile's own address, or to another path beside it.
    pub(super) fn post(&self, beside: Option<&str>) -> RequestBuilder {
        let mut endpoint = self.endpoint.clone();
        if let (Some(beside), Some(base)) = (beside, self.endpoint.path().strip_suffix("chat/completions")) {
            endpoint.set_path(&format!("{base}{beside}"));
        }
        self.http.post(endpoint).headers(self.headers.clone())
    }

    /// Sends the request, and again after a moment if nothing of an answer came back: twice if there was no connection, and
    /// once if it broke, since a request that reached the vendor may have to be paid (F14). Counts those in `sent`.
    pub(super) async fn send_again(&self, post: impl Fn() -> RequestBuilder, sent: &mut u32) -> Result<Response, Cut> {
        let mut pauses = RESENDS.iter();
        loop {
            // Counted while it is under way: who breaks it off does not learn how far it came.
            *sent += 1;
            let error = match post().send().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.is_connect() {
                *sent -= 1;
            }
            if error.is_timeout() && error.is_connect() {
                return Err(Cut::Silent(Limit::Connect));
            }
            match pauses.next() {
                Some(pause) if error.is_connect() || *sent < 2 => sleep(*pause).await,
                Some(_) | None => return Err(Cut::NoConnection(root_of(&error))),
            }
        }
    }
}

/// What a request of so many bytes takes at worst.
pub(super) fn foreseen(bytes: usize, output_tokens: u64) -> Usage {
    let input_tokens = u64::try_from(bytes.div_ceil(3)).unwrap_or(u64::MAX);
    Usage { input_tokens, cached_tokens: 0, cache_write_tokens: input_tokens, output_tokens }
}

fn headers(profile: &Profile) -> Result<HeaderMap, BadProfile> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    let key = profile.api_key.expose_secret();
    let secret = |text: &str| -> Result<HeaderValue, BadProfile> {
        let mut value = HeaderValue::from_str(text).map_err(|_| BadProfile::Key)?;
        value.set_sensitive(true);
        Ok(value)
    };
    match profile.provider {
        Provider::Anthropic => {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
            headers.insert(HeaderName::from_static("x-api-key"), secret(key)?);
        }
        Provider::OpenAi if key.is_empty() => {}
        Provider::OpenAi => {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
        }
    }
    Ok(headers)
}

pub(super) fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

/// Reads what there is of a refusal's body, up to a limit; its status alone is worth something.
pub(super) async fn read_refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_REFUSAL.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= MAX_REFUSAL {
            break;
        }
    }
    body
}

/// The innermost reason, such as "connection refused": the outer ones repeat the address.
fn root_of(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    format!("no connection: {reason}")
}
