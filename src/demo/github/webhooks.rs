//! Webhooks: what happened is told to the App, signed, once, in order, and remembered in a delivery log.
//!
//! "Webhooks: Handling failed deliveries": GitHub does not redeliver by itself; the log can be read and a redelivery asked
//! for. A delivery fails after ten seconds ("Webhooks: Best practices"). The App is told of its own deeds too.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::Hub;
use super::addresses;
use super::call::Outcome;
use super::faults::Mishap;
use super::shapes;
use super::state::{AccountKind, State};
use crate::ids::Timestamp;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Hooks {
    pub(super) target: Option<Webhook>,
    pub(super) deliveries: Vec<Delivery>,
    /// Places in `deliveries` still to be sent.
    pub(super) waiting: VecDeque<usize>,
    pub(super) held: bool,
    pub(super) sending: bool,
}

/// Where the App wants its webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// What the signature is made with.
    pub secret: String,
}

#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) id: i64,
    pub(super) guid: String,
    pub(super) event: String,
    pub(super) action: Option<String>,
    pub(super) repo: i64,
    pub(super) installation: i64,
    pub(super) payload: Arc<str>,
    pub(super) at: Timestamp,
    pub(super) redelivery: bool,
    /// The status that came back; 0 for none.
    pub(super) answered: Option<u16>,
}

impl Delivery {
    /// `event.action`, or the event alone.
    pub(super) fn name(&self) -> String {
        self.action.as_ref().map_or_else(|| self.event.clone(), |action| format!("{}.{action}", self.event))
    }
}

impl State {
    /// Tells the App of something that happened in a repository it is installed on.
    pub(super) fn tell(&mut self, repo: i64, sender: i64, event: &str, more: Value) -> Outcome<()> {
        let Some(installation) = self.installation_of(repo).filter(|i| i.suspended.is_none()).map(|i| i.id) else {
            return Ok(());
        };
        let mut payload = more;
        let found = self.repo(repo)?;
        payload["repository"] = shapes::repo(self, found);
        if event == "push" {
            // Only here GitHub writes these times as numbers of seconds.
            payload["repository"]["pushed_at"] = json!(found.pushed.0.div_euclid(1000));
            payload["repository"]["created_at"] = json!(found.created.0.div_euclid(1000));
        }
        if self.accounts.get(&found.owner).is_some_and(|owner| owner.kind == AccountKind::Organization) {
            let (id, login) = (found.owner, self.login(found.owner));
            let mut organization = json!({
                "login": login, "id": id, "node_id": format!("O_{id}"), "description": null,
                "avatar_url": format!("{}/avatars/{id}", self.url),
            });
            addresses::join(&mut organization, addresses::of_organization(&self.url, login));
            payload["organization"] = organization;
        }
        payload["sender"] = shapes::account(self, sender);
        payload["installation"] = json!({ "id": installation, "node_id": format!("MDI_{installation}") });
        self.queue(event, (repo, installation), &payload);
        Ok(())
    }

    pub(super) fn queue(&mut self, event: &str, place: (i64, i64), payload: &Value) {
        if self.hooks.target.is_none() || !(event == "ping" || self.app.events.iter().any(|name| name == event)) {
            return;
        }
        let id = self.next_id();
        let action = payload["action"].as_str().map(str::to_owned);
        let delivery = Delivery {
            id,
            guid: format!("00000000-0000-4000-8000-{id:012}"),
            event: event.to_owned(),
            action,
            repo: place.0,
            installation: place.1,
            payload: payload.to_string().into(),
            at: self.now(),
            redelivery: false,
            answered: None,
        };
        let mishap = self.faults.mishap(event);
        self.enqueue(delivery, mishap);
    }

    /// "REST: Redeliver a delivery for an app webhook": the same guid under a new id.
    pub(super) fn redeliver(&mut self, place: usize) {
        if let Some(old) = self.hooks.deliveries.get(place).cloned() {
            let id = self.next_id();
            let delivery = Delivery { id, at: self.now(), redelivery: true, answered: None, ..old };
            self.enqueue(delivery, None);
        }
    }

    fn enqueue(&mut self, delivery: Delivery, mishap: Option<Mishap>) {
        let place = self.hooks.deliveries.len();
        match mishap {
            None => self.hooks.waiting.push_back(place),
            Some(Mishap::Doubled) => self.hooks.waiting.extend([place, place]),
            Some(Mishap::Lost) => {}
        }
        let answered = mishap.filter(|m| *m == Mishap::Lost).map(|_| 502);
        self.hooks.deliveries.push(Delivery { answered, ..delivery });
    }
}

/// Sends what waits, one after the other, for ever.
pub(super) async fn send_all(hub: Arc<Hub>) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap_or_default();
    loop {
        let woken = hub.woken.notified();
        let Some((place, delivery, target, app)) = next(&hub) else {
            hub.quiet.notify_waiters();
            woken.await;
            continue;
        };
        let sent = request(&client, &delivery, &target, app).send().await;
        let status = sent.map_or(0, |response| response.status().as_u16());
        let mut state = hub.lock();
        state.hooks.sending = false;
        if let Some(delivery) = state.hooks.deliveries.get_mut(place) {
            delivery.answered = Some(status);
        }
    }
}

fn next(hub: &Hub) -> Option<(usize, Delivery, Webhook, i64)> {
    let mut state = hub.lock();
    let target = state.hooks.target.clone()?;
    if state.hooks.held {
        return None;
    }
    let place = state.hooks.waiting.pop_front()?;
    let delivery = state.hooks.deliveries.get(place)?.clone();
    state.hooks.sending = true;
    Some((place, delivery, target, state.app.id))
}

/// "Webhooks: Delivery headers".
fn request(client: &reqwest::Client, delivery: &Delivery, target: &Webhook, app: i64) -> reqwest::RequestBuilder {
    let sign = |algorithm, name: &str| {
        let key = hmac::Key::new(algorithm, target.secret.as_bytes());
        format!("{name}={}", hex::encode(hmac::sign(&key, delivery.payload.as_bytes()).as_ref()))
    };
    client
        .post(&target.url)
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/5177eb1")
        .header("accept", "*/*")
        .header("x-github-delivery", &delivery.guid)
        .header("x-github-event", &delivery.event)
        .header("x-github-hook-id", app.to_string())
        .header("x-github-hook-installation-target-id", app.to_string())
        .header("x-github-hook-installation-target-type", "integration")
        .header("x-hub-signature", sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1"))
        .header("x-hub-signature-256", sign(hmac::HMAC_SHA256, "sha256"))
        .body(delivery.payload.to_string())
}
