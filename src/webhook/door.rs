//! The door: `POST /webhook`.
//!
//! A delivery is acknowledged after it is on disk, and only then. Everything else gets a status and one line that says
//! what is wrong, for whoever looks at "Recent deliveries" in the App's settings.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;

use super::intake::{Intake, MAX_BODY, NotTaken, is_shallow_json, repository_of};
use super::signature::{Signature, WebhookSecrets};
use crate::ids::{DeliveryId, EventName, Timestamp};
use crate::store::{NewDelivery, Received, Store};

/// What the door answers.
type Answer = (StatusCode, &'static str);

#[derive(Clone)]
struct Door {
    store: Store,
    secrets: WebhookSecrets,
    intake: Intake,
    clock: fn() -> Timestamp,
}

/// The route of GitHub's deliveries. `clock` stamps them; nothing is decided by it.
pub fn router(store: Store, secrets: WebhookSecrets, clock: fn() -> Timestamp) -> Router {
    let door = Door { store, secrets, intake: Intake::new(), clock };
    Router::new().route("/webhook", post(deliver)).with_state(door)
}

async fn deliver(State(door): State<Door>, request: Request<Body>) -> Answer {
    let (head, body) = request.into_parts();
    match door.take_in(&head.headers, body).await {
        Ok(Received::New) => (StatusCode::ACCEPTED, "stored\n"),
        Ok(Received::Again) => (StatusCode::ACCEPTED, "stored before\n"),
        Err(refusal) => refusal,
    }
}

impl Door {
    async fn take_in(&self, headers: &HeaderMap, body: Body) -> Result<Received, Answer> {
        let length = text(headers, header::CONTENT_LENGTH.as_str()).and_then(|t| t.parse::<usize>().ok());
        if length.is_some_and(|n| n > MAX_BODY) {
            return Err(refusal(NotTaken::TooLarge));
        }
        let signature = text(headers, "x-hub-signature-256").unwrap_or_default();
        let signature = Signature::parse(signature).map_err(|bad| refusal(bad.into()))?;
        if !is_json(headers) {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "set the webhook's content type to application/json\n"));
        }

        let (verified, _share) = self.intake.read(&self.secrets, signature, body).await.map_err(refusal)?;
        let delivery = NewDelivery {
            id: name::<DeliveryId>(headers, "x-github-delivery").ok_or(NO_DELIVERY)?,
            event: name::<EventName>(headers, "x-github-event").ok_or(NO_EVENT)?,
            body: verified.into_bytes(),
            repo: None,
            received_at: (self.clock)(),
        };
        if !is_shallow_json(&delivery.body) {
            return Err((StatusCode::BAD_REQUEST, "the body is not JSON, or nested too deeply\n"));
        }
        let delivery = NewDelivery { repo: repository_of(&delivery.body), ..delivery };

        let id = delivery.id.clone();
        self.store.receive(delivery).await.map_err(|error| {
            tracing::error!(delivery.id = %id, error = &error as &dyn std::error::Error, "delivery {id} was not stored");
            (StatusCode::SERVICE_UNAVAILABLE, "not stored, deliver it again later\n")
        })
    }
}

const NO_DELIVERY: Answer = (StatusCode::BAD_REQUEST, "the header X-GitHub-Delivery is missing or no delivery id\n");
const NO_EVENT: Answer = (StatusCode::BAD_REQUEST, "the header X-GitHub-Event is missing or no event name\n");

fn refusal(why: NotTaken) -> Answer {
    match why {
        NotTaken::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 25 MB\n"),
        NotTaken::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 seconds\n"),
        NotTaken::BrokenOff => (StatusCode::BAD_REQUEST, "the body broke off\n"),
        NotTaken::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many deliveries at once, deliver it again later\n"),
        NotTaken::Forged => {
            tracing::warn!("a delivery was refused: its signature is missing or wrong");
            (StatusCode::UNAUTHORIZED, "the signature is missing or wrong\n")
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    // A coded body would have to be unpacked first; GitHub sends none.
    kind.eq_ignore_ascii_case("application/json") && !headers.contains_key(header::CONTENT_ENCODING)
}

fn name<T: std::str::FromStr>(headers: &HeaderMap, header: &str) -> Option<T> {
    text(headers, header)?.parse().ok()
}

fn text<'h>(headers: &'h HeaderMap, header: &str) -> Option<&'h str> {
    headers.get(header).and_then(|value| value.to_str().ok())
}
