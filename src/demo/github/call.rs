//! One request as the endpoints see it, and the two ways it can end: an answer or a refusal.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::auth::Actor;
use super::state::{Repo, State};

pub(super) type Outcome<T> = Result<T, Refusal>;
pub(super) type Handler = fn(&mut Call<'_>) -> Outcome<Answer>;

/// A request after it was let in: who asks, for what, with what.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    pub(super) actor: Actor,
    /// The repository named by the path; 0 where the path names none.
    pub(super) repo: i64,
    pub(super) params: BTreeMap<String, String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// What GitHub answers when it does as it was asked.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Json(u16, Value),
    /// A list that is answered in pages.
    List(Vec<Value>),
    /// A list inside an object, with its `total_count`.
    Wrapped(&'static str, Vec<Value>),
    Empty(u16),
}

/// Why GitHub does not do as it was asked: the status and body of the answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What GitHub writes in `message`.
    pub message: String,
    /// What GitHub writes in `errors`.
    pub errors: Vec<Value>,
    /// Seconds to wait, for the header `retry-after`.
    pub retry_after: Option<u64>,
    /// Where the thing is now, for the header `location`.
    pub location: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into(), errors: Vec::new(), retry_after: None, location: None }
    }

    pub(super) fn not_found() -> Refusal {
        Refusal::new(404, "Not Found")
    }

    /// "REST: Troubleshooting, 403 Resource not accessible by integration": the token lacks the permission.
    pub(super) fn not_accessible() -> Refusal {
        Refusal::new(403, "Resource not accessible by integration")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(422, message)
    }

    /// "REST: Troubleshooting, Validation Failed": `errors` names resource, field and code.
    pub(super) fn failed(resource: &str, field: &str, code: &str) -> Refusal {
        let error = json!({ "resource": resource, "field": field, "code": code });
        Refusal { errors: vec![error], ..Refusal::invalid("Validation Failed") }
    }

    /// The same with a text of its own, `code: custom`.
    pub(super) fn custom(resource: &str, text: &str) -> Refusal {
        let error = json!({ "resource": resource, "code": "custom", "message": text });
        Refusal { errors: vec![error], ..Refusal::invalid("Validation Failed") }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        body
    }
}

impl From<std::io::Error> for Refusal {
    fn from(failed: std::io::Error) -> Refusal {
        Refusal::new(500, format!("the simulated GitHub could not write: {failed}"))
    }
}

impl Call<'_> {
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Outcome<i64> {
        self.param(name).parse().map_err(|_| Refusal::not_found())
    }

    pub(super) fn repo(&self) -> Outcome<&Repo> {
        self.state.repo(self.repo)
    }

    pub(super) fn repo_mut(&mut self) -> Outcome<&mut Repo> {
        self.state.repo_mut(self.repo)
    }

    /// The account that acts; for an installation the App's bot.
    pub(super) fn who(&self) -> i64 {
        self.actor.account(self.state)
    }

    /// A text of the body that must be there.
    pub(super) fn text(&self, resource: &str, field: &str) -> Outcome<String> {
        match &self.body[field] {
            Value::String(text) => Ok(text.clone()),
            Value::Null => Err(Refusal::failed(resource, field, "missing_field")),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(self.wrong_type(field, "a string"))
            }
        }
    }

    /// A text of the body that may be absent or null.
    pub(super) fn maybe_text(&self, field: &str) -> Outcome<Option<String>> {
        match &self.body[field] {
            Value::String(text) => Ok(Some(text.clone())),
            Value::Null => Ok(None),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(self.wrong_type(field, "a string or null"))
            }
        }
    }

    /// "REST: 422 body is too long (maximum is 65536 characters)".
    pub(super) fn maybe_body(&self, resource: &str) -> Outcome<Option<String>> {
        let text = self.maybe_text("body")?;
        match &text {
            Some(body) if body.chars().count() > 65_536 => Err(Refusal {
                errors: vec![json!({
                    "resource": resource, "field": "body", "code": "custom",
                    "message": "body is too long (maximum is 65536 characters)",
                })],
                ..Refusal::invalid("Validation Failed")
            }),
            _ => Ok(text),
        }
    }

    /// The body text of something that has nothing else to say.
    pub(super) fn some_body(&self, resource: &str) -> Outcome<String> {
        let body = self.maybe_body(resource)?.unwrap_or_default();
        if body.trim().is_empty() {
            return Err(Refusal::failed(resource, "body", "missing_field"));
        }
        Ok(body)
    }

    /// A list of names: strings, or objects with a `name` or `login`.
    pub(super) fn names(&self, field: &str) -> Outcome<Option<Vec<String>>> {
        let list = match &self.body[field] {
            Value::Null => return Ok(None),
            Value::Array(list) => list,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(self.wrong_type(field, "an array"));
            }
        };
        list.iter()
            .map(|item| item.as_str().or_else(|| item["name"].as_str()).map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or_else(|| self.wrong_type(field, "an array of strings"))
    }

    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(super) fn wrong_type(&self, field: &str, wanted: &str) -> Refusal {
        Refusal::invalid(format!("Invalid request.\n\nFor 'properties/{field}', {} is not {wanted}.", self.body[field]))
    }
}
