//! GitHub's GraphQL API, for the few questions that REST has no word for or needs several for.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wire::{Ask, GRAPHQL, JSON, Kind};
use super::{GithubError, Repository};
use crate::ids::Timestamp;

/// What GraphQL answered.
pub(super) struct Asked<T> {
    pub(super) data: T,
    /// GitHub's clock when it answered, by the `Date` of the answer; absent when it did not say.
    pub(super) at: Option<Timestamp>,
}

impl Repository<'_> {
    /// GraphQL answers 200 whatever happened; what went wrong stands in `errors`.
    pub(super) async fn graphql<T: DeserializeOwned>(
        &self,
        kind: Kind,
        query: &str,
        variables: Value,
        what: String,
    ) -> Result<Asked<T>, GithubError> {
        let body = Some(json!({ "query": query, "variables": variables }));
        let ask = Ask { kind, method: Method::POST, path: GRAPHQL.to_owned(), body, what, accept: JSON, points: false };
        let answer = self.ask(&ask).await?;
        let at = answer.date();
        let AnswerWire { data, errors } = answer.read(&ask)?;
        let Some(error) = errors.into_iter().next() else {
            let data: Option<T> = data;
            let data = data.ok_or_else(|| ask.unclear("the answer has neither data nor errors".to_owned()))?;
            return Ok(Asked { data, at });
        };
        let what = ask.what.clone();
        let why: String = error.message.chars().take(400).collect();
        Err(match error.kind.as_str() {
            "NOT_FOUND" => GithubError::Gone { what },
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => GithubError::Refused { what, why },
            "UNPROCESSABLE" => GithubError::Invalid { what, why },
            _ => ask.unclear(why),
        })
    }
}

#[derive(Deserialize)]
struct AnswerWire<T> {
    #[serde(default = "none")]
    data: Option<T>,
    #[serde(default)]
    errors: Vec<ErrorWire>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Deserialize)]
struct ErrorWire {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}
