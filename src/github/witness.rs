//! Takes down which writes went out to GitHub in the course of a piece of work, and what came back: the audit trail has them.
//!
//! Promises: every request that may change something is noted with its answer's number, whoever asks it within
//! [`witnessed`]; bodies and tokens are not kept, only the body's hash. Minting a token is no write.

use std::cell::RefCell;

use aws_lc_rs::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Answer, Ask, Kind};

tokio::task_local! {
    static SEEN: RefCell<Vec<Write>>;
}

/// A request that may have changed something on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Write {
    /// Such as `POST`.
    pub method: String,
    /// The path below the API's address.
    pub path: String,
    /// SHA-256 over the body as it was sent.
    pub body_sha256: String,
    /// The status of the answer; `None` if none came.
    pub status: Option<u16>,
    /// What the answer calls the thing: its number, id, commit or reference; `None` if it says nothing of the kind.
    pub id: Option<String>,
    /// Whether it leaves one more thing each time; the log does not tell.
    #[serde(skip)]
    pub creates: bool,
}

/// Does some work, and gives the writes that went out in its course with what came of it.
pub async fn witnessed<T>(work: impl Future<Output = T>) -> (T, Vec<Write>) {
    let both = async {
        let done = work.await;
        (done, SEEN.with(RefCell::take))
    };
    SEEN.scope(RefCell::default(), both).await
}

/// Takes down a request and its answer, if it may have changed something and somebody wants to know.
pub(super) fn note(ask: &Ask, answer: Option<&Answer>) {
    if ask.kind == Kind::Read || ask.path.ends_with("/access_tokens") {
        return;
    }
    let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
    let write = Write {
        method: ask.method.to_string(),
        path: ask.path.clone(),
        body_sha256: hex::encode(digest(&SHA256, body.as_bytes())),
        status: answer.map(|answer| answer.status.as_u16()),
        id: answer.and_then(|answer| named(&answer.body)),
        creates: ask.kind == Kind::Create,
    };
    // Nobody is there to be told in what is not a piece of work, such as a look at the App itself.
    let _ = SEEN.try_with(|seen| seen.borrow_mut().push(write));
}

fn named(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let names = [&body["number"], &body["id"], &body["sha"], &body["object"]["sha"], &body["commit"]["sha"]];
    names.into_iter().find_map(|name| match name {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, StatusCode};
    use reqwest::Method;
    use serde_json::json;

    use super::*;

    fn answered(body: &Value) -> Answer {
        Answer { status: StatusCode::CREATED, headers: HeaderMap::new(), body: body.to_string().into() }
    }

    #[tokio::test]
    async fn a_write_is_noted_with_the_name_of_what_it_made_and_a_read_is_not() {
        let post = |path: &str| Ask::create(Method::POST, path.to_owned(), json!({"body": "secret"}), String::new());
        let ((), writes) = witnessed(async {
            note(&Ask::get("/issues/1".to_owned(), String::new()), Some(&answered(&json!({"number": 1}))));
            note(&post("/app/installations/5/access_tokens"), Some(&answered(&json!({"id": 1}))));
            note(&post("/issues/1/comments"), Some(&answered(&json!({"id": 99}))));
            note(&post("/git/refs"), None);
        })
        .await;

        let seen: Vec<_> =
            writes.iter().map(|write| (write.path.as_str(), write.status, write.id.as_deref())).collect();
        assert_eq!(seen, [("/issues/1/comments", Some(201), Some("99")), ("/git/refs", None, None)]);
        assert!(!serde_json::to_string(&writes).unwrap_or_default().contains("secret"));
        note(&post("/issues/1/comments"), None);
    }
}
