//! Deliveries in a tester's hands: caught on their way, changed, signed and brought to the door.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use assentry::demo::github::Webhook;
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::world::{SECRET, World};

/// What was caught, and the way to the door.
pub(super) struct Hands {
    caught: Vec<(String, Value)>,
    door: SocketAddr,
    client: reqwest::Client,
}

/// Catches what GitHub tells of an act; the door does not hear of it.
pub(super) async fn captured(world: &World, act: impl FnOnce()) -> Hands {
    let caught: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let kept = Arc::clone(&caught);
    let keep = move |headers: HeaderMap, body: Bytes| {
        let event = headers["x-github-event"].to_str().unwrap().to_owned();
        kept.lock().unwrap().push((event, serde_json::from_slice(&body).unwrap()));
        async {}
    };
    let server = tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(keep))).await });
    world.github.delivered().await;
    world.github.sends_webhooks_to(Webhook { url, secret: SECRET.to_owned() });
    act();
    world.github.delivered().await;
    let url = format!("http://{}/webhook", world.door);
    world.github.sends_webhooks_to(Webhook { url, secret: SECRET.to_owned() });
    server.abort();
    let caught = std::mem::take(&mut *caught.lock().unwrap());
    Hands { caught, door: world.door, client: reqwest::Client::new() }
}

impl Hands {
    /// The first payload of an event.
    pub(super) fn of(&self, event: &str) -> &Value {
        &self.caught.iter().find(|(name, _)| name == event).expect("such an event").1
    }

    /// Everything that was caught.
    pub(super) fn all(&self) -> &[(String, Value)] {
        &self.caught
    }

    /// Signs a payload as GitHub does and posts it under an id of its own.
    pub(super) async fn posts(&self, event: &str, payload: &Value) {
        let id = uuid_like(&format!("{event} {payload}"));
        self.posts_as(&id, event, payload.to_string().as_bytes()).await;
    }

    /// The same under a given id; any answer is right.
    pub(super) async fn posts_as(&self, id: &str, event: &str, body: &[u8]) -> u16 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let request = self
            .client
            .post(format!("http://{}/webhook", self.door))
            .header("content-type", "application/json")
            .header("x-github-delivery", id)
            .header("x-github-event", event)
            .header("x-hub-signature-256", format!("sha256={}", hex::encode(hmac::sign(&key, body).as_ref())))
            .body(body.to_vec());
        request.send().await.unwrap().status().as_u16()
    }
}

/// An id that looks like GitHub's and follows from a text.
pub(super) fn uuid_like(text: &str) -> String {
    let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref());
    format!("{}-{}-{}-{}-{}", &hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32])
}
