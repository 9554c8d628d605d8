//! What went over the wire, kept for whoever wants to hold it against GitHub's own description.

use serde_json::Value;

use super::door::{Answered, Asked};
use super::state::State;
use super::{GitHub, routes};

/// One request of the API and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// `GET`, `POST` ...
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The route that matched, with its placeholders; empty for an unknown request.
    pub route: &'static str,
    /// What stood after the `?`.
    pub query: String,
    /// The body of the request; null for none.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer; null for none.
    pub answer: Value,
}

pub(super) fn keep(state: &mut State, asked: &Asked, answered: &Answered) {
    let Some(kept) = &mut state.kept else { return };
    kept.push(Exchange {
        method: asked.method.clone(),
        path: asked.path.clone(),
        route: routes::find(&asked.method, &asked.path).map_or("", |(route, _)| route.path),
        query: asked.query.clone(),
        body: serde_json::from_slice(&asked.body).unwrap_or_default(),
        status: answered.status,
        answer: serde_json::from_slice(&answered.body).unwrap_or_default(),
    });
}

impl GitHub {
    /// Keeps every request of the API and its answer from now on.
    pub fn keeps_exchanges(&self) {
        self.hub.lock().kept.get_or_insert_default();
    }

    /// The requests and answers that were kept so far, oldest first.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.hub.lock().kept.clone().unwrap_or_default()
    }

    /// The webhooks so far, sent or waiting: the name of the event and the payload.
    #[must_use]
    pub fn payloads(&self) -> Vec<(String, Value)> {
        let state = self.hub.lock();
        let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
        state.hooks.deliveries.iter().map(|d| (d.event.clone(), read(&d.payload))).collect()
    }

    /// Every request of the API that this GitHub knows: method and path, with placeholders.
    #[must_use]
    pub fn routes() -> Vec<(&'static str, &'static str)> {
        routes::all().map(|route| (route.method, route.path)).collect()
    }
}
