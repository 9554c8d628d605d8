//! Plays a reply onto the wire: at once, byte by byte, cut, or not at all.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures::stream::{self, StreamExt};

use super::script::{Reply, Said};

/// What a vendor's wire looks like for a reply.
pub(super) trait Wire {
    /// The whole stream of an answer that ends for this reason, in the vendor's word.
    fn stream(&self, said: &Said, end: End<'_>) -> String;

    /// The stream of an answer that is broken off by an error of the vendor's.
    fn failing(&self, kind: &str, message: &str) -> String;

    /// The first event, and one that says nothing.
    fn alive(&self) -> (String, String);

    /// A further event with words.
    fn more_words(&self) -> String;
}

/// How an answer ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    Honest,
    Length,
    Refused,
    Other(&'a str),
}

/// Makes the response to a reply.
pub(super) async fn play(reply: &Reply, wire: &impl Wire) -> Response {
    match reply {
        Reply::Say(said) => sse(wire.stream(said, End::Honest)),
        Reply::Refuse(words) => sse(wire.stream(&Said::words(words), End::Refused)),
        Reply::TooLong(said) => sse(wire.stream(said, End::Length)),
        Reply::Stop { said, reason } => sse(wire.stream(said, End::Other(reason))),
        Reply::HttpError { status, headers, body } => refusal(*status, headers, body.clone()),
        Reply::ErrorEvent { kind, message } => sse(wire.failing(kind, message)),
        Reply::CutAfter { bytes, said } => {
            let part = part_of(wire.stream(said, End::Honest), *bytes);
            let broken = stream::once(async {
                // Lets the part go out first; an error at once would take it back.
                tokio::task::yield_now().await;
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the script"))
            });
            streaming(Body::from_stream(stream::once(async { Ok(part) }).chain(broken)))
        }
        Reply::Hang => std::future::pending().await,
        Reply::HangAfter { bytes, said } => {
            let part = part_of(wire.stream(said, End::Honest), *bytes);
            let silence = stream::once(async { Ok::<_, Infallible>(part) }).chain(stream::pending());
            streaming(Body::from_stream(silence))
        }
        Reply::Trickle { pause, said } => {
            let bytes = wire.stream(said, End::Honest).into_bytes();
            slowly(stream::iter(bytes.into_iter().map(|byte| Bytes::from(vec![byte]))), *pause)
        }
        Reply::Pings { pause } => {
            let (first, ping) = wire.alive();
            slowly(stream::once(async { Bytes::from(first) }).chain(stream::repeat(Bytes::from(ping))), *pause)
        }
        Reply::Endless => {
            let (first, _) = wire.alive();
            let words = stream::repeat(Bytes::from(wire.more_words())).map(Ok::<_, Infallible>);
            streaming(Body::from_stream(stream::once(async { Ok(Bytes::from(first)) }).chain(words)))
        }
        Reply::Raw(text) => sse(text.clone()),
    }
}

/// A response with a status, headers and a JSON body.
pub(super) fn refusal(status: u16, headers: &[(String, String)], body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Cuts a text into pieces of some characters, as answers are streamed.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(48).map(|piece| piece.iter().collect()).collect()
}

fn sse(text: String) -> Response {
    streaming(Body::from(text))
}

fn streaming(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    response
}

fn slowly(bytes: impl stream::Stream<Item = Bytes> + Send + 'static, pause: Duration) -> Response {
    let paced = bytes.then(move |bytes| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(bytes)
    });
    streaming(Body::from_stream(paced))
}

fn part_of(text: String, bytes: usize) -> Bytes {
    let whole = Bytes::from(text);
    whole.slice(..bytes.min(whole.len()))
}
