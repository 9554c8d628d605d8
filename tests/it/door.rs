//! The door: what comes in is GitHub's, whole and on disk before it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use assentry::ids::Timestamp;
use assentry::store::{Lease, Store, Worker};
use assentry::webhook::{WebhookSecrets, router};
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use tower::ServiceExt as _;

const SECRET: &str = "a secret of the tests";

#[tokio::test]
async fn t01_what_github_signed_is_stored_and_then_accepted() {
    let door = Door::open().await;
    assert_eq!(door.post(delivery("d1", "{\"a\": 1}")).await, (StatusCode::ACCEPTED, "stored\n".to_owned()));
    assert_eq!(door.stored().await, ["d1 issues {\"a\": 1}"]);
}

#[tokio::test]
async fn t01_what_github_did_not_sign_is_refused_and_leaves_no_row() {
    let door = Door::open().await;
    let right = sign(b"{}");
    for header in [None, Some(""), Some("sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"), Some(&right[..60])] {
        let request = Request::post("/webhook").header("x-github-delivery", "d1").header("x-github-event", "issues");
        let request = request.header("content-type", "application/json");
        let request = header.into_iter().fold(request, |r, h| r.header("x-hub-signature-256", h));
        assert_eq!(door.post(request.body(Body::from("{}")).unwrap()).await.0, StatusCode::UNAUTHORIZED, "{header:?}");
    }
    let changed = signed("d1", "issues", &right).body(Body::from("[]")).unwrap();
    assert_eq!(door.post(changed).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(door.stored().await, [""; 0]);
}

#[tokio::test]
async fn t03_a_body_larger_than_github_sends_is_refused_without_being_read_to_its_end() {
    let door = Door::open().await;
    let announced = signed("d1", "issues", &sign(b"")).header("content-length", 26 * 1024 * 1024);
    assert_eq!(door.post(announced.body(Body::empty()).unwrap()).await.0, StatusCode::PAYLOAD_TOO_LARGE);

    let held = Arc::new(Held::default());
    let endless = signed("d2", "issues", &sign(b"")).body(endless(&held)).unwrap();
    assert_eq!(door.post(endless).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(held.most.load(Ordering::SeqCst) < 26 * 1024 * 1024);
    assert_eq!(door.stored().await, [""; 0]);
}

#[tokio::test]
async fn t03_a_body_that_does_not_come_is_given_up() {
    let door = Door::open().await;
    tokio::time::pause();
    let never = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = door.post(signed("d1", "issues", &sign(b"{}")).body(never).unwrap()).await;
    assert_eq!(answer.0, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn t03_fifty_attackers_hold_less_than_64_mb() {
    let door = Door::open().await;
    tokio::time::pause();
    let held = Arc::new(Held::default());
    let attackers: Vec<_> = (0..50)
        .map(|_| {
            let request = signed("d1", "issues", &sign(b"")).body(endless(&held)).unwrap();
            tokio::spawn(door.router.clone().oneshot(request))
        })
        .collect();
    for attacker in attackers {
        assert!(!attacker.await.unwrap().unwrap().status().is_success());
    }
    assert!(held.most.load(Ordering::SeqCst) < 64_000_000);
}

#[tokio::test]
async fn t03_json_nested_10_000_deep_is_refused() {
    let door = Door::open().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(door.post(delivery("d1", &deep)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(door.post(delivery("d1", "payload=%7B%7D")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(door.stored().await, [""; 0]);
}

#[tokio::test]
async fn a_request_that_is_no_delivery_is_told_why() {
    let door = Door::open().await;
    let send = |request: axum::http::request::Builder| door.post(request.body(Body::from("{}")).unwrap());
    let bare = || Request::post("/webhook").header("x-hub-signature-256", sign(b"{}"));
    let json = || bare().header("content-type", "application/json; charset=utf-8");

    assert_eq!(send(bare()).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let form = bare().header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(send(json().header("content-encoding", "gzip")).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, line) = send(json()).await;
    assert_eq!((status, line.contains("X-GitHub-Delivery")), (StatusCode::BAD_REQUEST, true));
    let (status, line) = send(json().header("x-github-delivery", "d'; --").header("x-github-event", "issues")).await;
    assert_eq!((status, line.contains("X-GitHub-Delivery")), (StatusCode::BAD_REQUEST, true));
    let (status, line) = send(json().header("x-github-delivery", "d1")).await;
    assert_eq!((status, line.contains("X-GitHub-Event")), (StatusCode::BAD_REQUEST, true));
    let get = Request::get("/webhook").body(Body::empty()).unwrap();
    assert_eq!(door.post(get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(door.stored().await, [""; 0]);
}

#[tokio::test]
async fn f02_copies_at_the_same_moment_are_all_accepted_and_stored_once() {
    let door = Door::open().await;
    let copies: Vec<_> = (0..64).map(|_| tokio::spawn(door.router.clone().oneshot(delivery("d1", "{}")))).collect();
    for copy in copies {
        assert_eq!(copy.await.unwrap().unwrap().status(), StatusCode::ACCEPTED);
    }
    assert_eq!(door.stored().await, ["d1 issues {}"]);
}

#[tokio::test]
async fn f09_without_a_database_nothing_is_acknowledged() {
    let door = Door::open().await;
    door.store.close().await;
    assert_eq!(door.post(delivery("d1", "{}")).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

struct Door {
    router: Router,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Door {
    async fn open() -> Door {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("assentry.db").display().to_string()).await.unwrap();
        let secrets = WebhookSecrets::new(&[SECRET.into()]).unwrap();
        Door { router: router(store.clone(), secrets, || Timestamp(1000)), store, _folder: folder }
    }

    async fn post(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn stored(&self) -> Vec<String> {
        let lease = Lease { now: Timestamp(2000), length: Duration::from_secs(30) };
        let mut stored = vec![];
        while let Some(claimed) = self.store.claim_delivery(&Worker::new("w"), lease).await.unwrap() {
            let d = claimed.delivery;
            stored.push(format!("{} {} {}", d.id, d.event, String::from_utf8(d.body).unwrap()));
        }
        stored
    }
}

fn delivery(id: &str, body: &str) -> Request<Body> {
    signed(id, "issues", &sign(body.as_bytes())).body(Body::from(body.to_owned())).unwrap()
}

fn signed(id: &str, event: &str, signature: &str) -> axum::http::request::Builder {
    Request::post("/webhook")
        .header("content-type", "application/json")
        .header("x-github-delivery", id)
        .header("x-github-event", event)
        .header("x-hub-signature-256", signature)
}

fn sign(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

/// How much of the endless bodies has been read by requests that are not over, now and at most.
#[derive(Default)]
struct Held {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One request's share, let go at its end.
struct Share(Arc<Held>, usize);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.now.fetch_sub(self.1, Ordering::SeqCst);
    }
}

fn endless(held: &Arc<Held>) -> Body {
    let share = Share(Arc::clone(held), 0);
    Body::from_stream(futures::stream::unfold(share, |mut share| async move {
        let piece = Bytes::from(vec![b' '; 32 * 1024]);
        share.1 += piece.len();
        let now = share.0.now.fetch_add(piece.len(), Ordering::SeqCst) + piece.len();
        share.0.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Some((Ok::<_, std::io::Error>(piece), share))
    }))
}
