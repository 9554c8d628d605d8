//! Lends the model to a program that speaks a vendor's wire itself: an agent that is not the house's own.
//!
//! What is asked is taken apart first (`asked`): model, limits and the key are the profile's, whatever the program says,
//! and nothing goes out that would make the vendor fetch an address or run a tool of its own. What is answered goes back
//! as it comes, byte for byte, while it is read here as well, so that its tokens are counted as those of any other answer.
//!
//! Promises: the program learns neither the key nor where the model is; no call costs more than was foreseen for it; an
//! answer that breaks off here is seen to break off there. Refuses the other vendor's wire: nothing is translated.

mod asked;
pub(super) mod responses;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::call::{Call, Cut};
use super::client::{MAX_ANSWER, Model, is_event_stream, read_refusal};
use super::conversation::Answer;
use super::detail::showable_beside;
use super::draft::{Draft, Progress};
use super::error::{Limit, ModelError};
use super::sse::Reader;
use super::trace;
pub use asked::{Asked, Dialect, NotTaken};

/// A part of what the program gets back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The beginning: a status, and what its body is. Comes first, and once.
    Head {
        /// The status.
        status: u16,
        /// The body's media type.
        kind: &'static str,
        /// How many seconds the vendor asks to wait, if it does.
        retry_after: Option<u64>,
    },
    /// Bytes of the body.
    Bytes(Bytes),
    /// The body breaks off here; without it, it ends as it should.
    Broken,
}

const STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

impl Model {
    /// Passes a question on and the answer back. Ends early when nobody takes the pieces any more.
    ///
    /// # Errors
    /// When there is no whole answer, as for [`Model::ask`]; the program has been told so by then.
    pub async fn lend(
        &self,
        asked: &Asked,
        stop: &CancellationToken,
        out: &mpsc::Sender<Piece>,
    ) -> Result<Answer, ModelError> {
        let span = trace::span(self.profile());
        let mut passed = Passed { out, begun: false };
        let outcome = self.lend_within(asked, stop, &mut passed).instrument(span.clone()).await;
        trace::record(&span, &outcome);
        if let Err(error) = &outcome {
            passed.fail(asked, error).await;
        }
        outcome
    }

    async fn lend_within(
        &self,
        asked: &Asked,
        stop: &CancellationToken,
        passed: &mut Passed<'_>,
    ) -> Result<Answer, ModelError> {
        let bytes = asked.body.len();
        let mut call = Call::new(Draft::of(asked.dialect, bytes), bytes, asked.worst);
        let begun = Instant::now();
        let work = timeout_at(begun + self.profile().timeouts.total, self.pass(asked, begun, &mut call, passed));
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Cut::Cancelled),
            outcome = work => outcome.unwrap_or(Err(Cut::Silent(Limit::Total))),
        };
        let show = |words: &str| showable_beside(words, &asked.texts(), &self.profile().api_key);
        call.end(outcome, &self.profile().model, show)
    }

    /// Passes on until the final event, or until the stream ends without one.
    async fn pass(&self, asked: &Asked, begun: Instant, call: &mut Call, passed: &mut Passed<'_>) -> Result<(), Cut> {
        let timeouts = &self.profile().timeouts;
        let first = begun + timeouts.first_byte;
        let post = || {
            let request = self.post(asked.dialect.path()).body(asked.body.clone());
            match &asked.betas {
                Some(betas) => request.header(HeaderName::from_static("anthropic-beta"), betas),
                None => request,
            }
        };
        let response = timeout_at(first, self.send_again(post, &mut call.sent))
            .await
            .map_err(|_| Cut::Silent(Limit::FirstByte))??;
        if !response.status().is_success() {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = timeout_at(first, read_refusal(response)).await.unwrap_or_default();
            return Err(Cut::Refused { status, headers: Box::new(headers), body });
        }
        if !asked.streams {
            return whole(response, first, asked, &mut call.draft, passed).await;
        }
        if !is_event_stream(&response) {
            return Err(Cut::NoStream);
        }
        stream(response, (first, timeouts.idle), &mut call.draft, passed).await
    }
}

async fn stream(
    mut response: Response,
    (first, idle): (Instant, std::time::Duration),
    draft: &mut Draft,
    passed: &mut Passed<'_>,
) -> Result<(), Cut> {
    let mut due = (first, Limit::FirstByte);
    let (mut reader, mut total, mut progress) = (Reader::default(), 0_usize, Progress::More);
    loop {
        let chunk = timeout_at(due.0, response.chunk()).await.map_err(|_| Cut::Silent(due.1))?;
        let chunk = chunk.map_err(|_| Cut::Stream("the connection broke".into()))?;
        let Some(chunk) = chunk else { return Ok(()) };
        total = total.saturating_add(chunk.len());
        if total > MAX_ANSWER {
            return Err(Cut::Stream(format!("it is longer than {MAX_ANSWER} bytes")));
        }
        for event in reader.push(&chunk).map_err(|bad| Cut::Stream(bad.to_string()))? {
            due = (Instant::now() + idle, Limit::Idle);
            if progress == Progress::More {
                progress = draft.take(&event).map_err(Cut::Fault)?;
            }
        }
        passed.on((StatusCode::OK, STREAM), chunk).await?;
        if progress == Progress::Whole {
            return Ok(());
        }
    }
}

/// An answer that was asked for in one piece: read as the events that it would have been.
async fn whole(
    mut response: Response,
    first: Instant,
    asked: &Asked,
    draft: &mut Draft,
    passed: &mut Passed<'_>,
) -> Result<(), Cut> {
    let mut body = Vec::new();
    while let Some(chunk) = timeout_at(first, response.chunk())
        .await
        .map_err(|_| Cut::Silent(Limit::FirstByte))?
        .map_err(|_| Cut::Stream("the connection broke".into()))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(Cut::Stream(format!("it is longer than {MAX_ANSWER} bytes")));
        }
    }
    let answer: Value = serde_json::from_slice(&body).map_err(|_| Cut::Stream("it is not JSON".into()))?;
    for event in asked.dialect.as_events(answer) {
        draft.take(&event).map_err(Cut::Fault)?;
    }
    passed.on((StatusCode::OK, JSON), body.into()).await
}

/// What was passed on so far.
struct Passed<'a> {
    out: &'a mpsc::Sender<Piece>,
    begun: bool,
}

impl Passed<'_> {
    async fn on(&mut self, (status, kind): (StatusCode, &'static str), bytes: Bytes) -> Result<(), Cut> {
        if !std::mem::replace(&mut self.begun, true) {
            self.send(Piece::Head { status: status.as_u16(), kind, retry_after: None }).await?;
        }
        self.send(Piece::Bytes(bytes)).await
    }

    /// Whoever asked is gone: the vendor need not go on.
    async fn send(&self, piece: Piece) -> Result<(), Cut> {
        self.out.send(piece).await.map_err(|_gone| Cut::Cancelled)
    }

    /// Tells the program what it would be told by its vendor, in our words.
    async fn fail(&mut self, asked: &Asked, error: &ModelError) {
        if self.begun {
            let _ = self.out.send(Piece::Broken).await;
            return;
        }
        let (status, kind, retry_after) = match error {
            ModelError::Busy { retry_after, .. } => (529, "overloaded_error", retry_after.map(|wait| wait.as_secs())),
            ModelError::CutOff { .. } | ModelError::Silent { .. } | ModelError::Cancelled { .. } => {
                (502, "api_error", None)
            }
            ModelError::TooLong { .. } => (400, "invalid_request_error", None),
            ModelError::BadRequest { .. } => (400, "invalid_request_error", None),
            ModelError::Spent { .. } | ModelError::Refused { .. } => (403, "permission_error", None),
            ModelError::Gone { .. } => (404, "not_found_error", None),
        };
        let body = asked.dialect.refusal(kind, &error.to_string());
        let _ = self.out.send(Piece::Head { status, kind: JSON, retry_after }).await;
        let _ = self.out.send(Piece::Bytes(body.into())).await;
    }
}

/// What a program wants at an address, as the vendors have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// An answer to a question in this dialect.
    Answer(Dialect),
    /// To know how long a question is.
    Count,
}

impl Wish {
    /// What is at a path, if anything.
    #[must_use]
    pub fn at(path: &str) -> Option<Wish> {
        match path {
            "/v1/messages" => Some(Wish::Answer(Dialect::Messages)),
            "/v1/messages/count_tokens" => Some(Wish::Count),
            "/v1/chat/completions" => Some(Wish::Answer(Dialect::ChatCompletions)),
            "/v1/responses" => Some(Wish::Answer(Dialect::Responses)),
            _ => None,
        }
    }
}

/// The keys that a program shows, by the header of either vendor.
pub fn shown_keys(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    [bearer, text("x-api-key")].into_iter().flatten()
}

/// The beta features that a program asks for.
#[must_use]
pub fn betas(headers: &HeaderMap) -> Option<&str> {
    headers.get("anthropic-beta").and_then(|value| value.to_str().ok())
}

impl Dialect {
    /// A refusal in the shape that the vendor's clients read.
    #[must_use]
    pub fn refusal(self, kind: &str, message: &str) -> String {
        match self {
            Dialect::Messages => json!({"type": "error", "error": {"type": kind, "message": message}}),
            Dialect::ChatCompletions | Dialect::Responses => {
                json!({"error": {"type": kind, "message": message, "param": null, "code": kind}})
            }
        }
        .to_string()
    }
}
