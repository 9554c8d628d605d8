//! What the App is told, and how.

use std::sync::{Arc, Mutex};

use assentry::demo::github::{GitHub, Mishap, Webhook};
use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{REPO, ask, clone_url, git_ok, good_jwt, mint, token, world};

/// A tiny App that keeps what it is sent.
async fn receiver() -> (String, Arc<Mutex<Vec<(HeaderMap, Bytes)>>>) {
    let got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let kept = Arc::clone(&got);
    let keep = move |headers: HeaderMap, body: Bytes| async move {
        kept.lock().unwrap().push((headers, body));
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/webhook", axum::routing::post(keep));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, got)
}

fn names(got: &Mutex<Vec<(HeaderMap, Bytes)>>) -> Vec<String> {
    let name = |(headers, body): &(HeaderMap, Bytes)| {
        let body: Value = serde_json::from_slice(body).unwrap();
        let event = headers["x-github-event"].to_str().unwrap();
        body["action"].as_str().map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"))
    };
    got.lock().unwrap().iter().map(name).collect()
}

/// What the App has been told so far.
pub(super) struct Told(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>);

impl Told {
    /// Listens from now on.
    pub(super) async fn by(github: &GitHub) -> Told {
        let (url, got) = receiver().await;
        github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
        Told(got)
    }

    /// `event.action` of each.
    pub(super) fn names(&self) -> Vec<String> {
        names(&self.0)
    }

    /// Each with its payload.
    pub(super) fn payloads(&self) -> Vec<(String, Value)> {
        let read = |(_, body): &(HeaderMap, Bytes)| serde_json::from_slice(body).unwrap();
        self.names().into_iter().zip(self.0.lock().unwrap().iter().map(read)).collect()
    }

    /// The first payload of that name.
    pub(super) fn of(&self, name: &str) -> Value {
        self.payloads().into_iter().find(|(has, _)| has == name).unwrap().1
    }

    /// The latest payload.
    pub(super) fn last(&self) -> Value {
        self.0.lock().unwrap().last().map(|(_, body)| serde_json::from_slice(body).unwrap()).unwrap_or_default()
    }
}

#[tokio::test]
async fn webhooks_are_signed_in_order_and_name_repository_sender_and_installation() {
    let github = world().await;
    let (url, got) = receiver().await;
    github.sends_webhooks_to(Webhook { url, secret: "s3cret".to_owned() });
    let ann = github.person("ann");
    let issue = ann.opens_labelled_issue("One", "", &["assentry"]).unwrap();
    ann.comments(issue, "/plan").unwrap();
    github.delivered().await;

    assert_eq!(names(&got), ["issues.opened", "issues.labeled", "issue_comment.created"]);
    let (headers, body) = got.lock().unwrap()[1].clone();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
    let signed = format!("sha256={}", hex::encode(hmac::sign(&key, &body)));
    assert_eq!(headers["x-hub-signature-256"].to_str().unwrap(), signed);
    assert!(headers["user-agent"].to_str().unwrap().starts_with("GitHub-Hookshot/"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["label"]["name"], "assentry");
    assert_eq!(body["sender"]["login"], "ann");
    assert_eq!(body["repository"]["full_name"], REPO);
    assert!(body["installation"]["id"].is_i64());
}

#[tokio::test]
async fn a_push_moves_the_pull_request_and_says_so() {
    let github = world().await;
    let (url, got) = receiver().await;
    let bob = github.person("bob");
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
    let head = bob.pushes("topic", "a", "2").unwrap();
    bob.merges(pull).unwrap();
    github.delivered().await;

    assert_eq!(names(&got), ["push", "pull_request.synchronize", "pull_request.closed", "push"]);
    assert_eq!(github.pull_commits(REPO, pull).len(), 2);
    let view = github.pull(REPO, pull).unwrap();
    assert_eq!((view.head_sha, view.merged, view.open), (head, true, false));
    assert_eq!(github.file(REPO, "main", "a"), Some("2".to_owned()));
}

#[tokio::test]
async fn f05_a_lost_delivery_is_not_repeated_but_can_be_asked_for_again() {
    let github = world().await;
    let (url, got) = receiver().await;
    github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
    github.deliveries_go_wrong("issues", 1, Mishap::Lost);
    github.person("ann").opens_issue("One", "").unwrap();
    github.delivered().await;
    assert_eq!(names(&got), Vec::<String>::new());

    let app = good_jwt(&github);
    let (_, log) = ask(&github, &app, "GET /app/hook/deliveries", &json!({})).await;
    assert_eq!((&log[0]["event"], &log[0]["status_code"]), (&json!("issues"), &json!(502)));
    let path = format!("POST /app/hook/deliveries/{}/attempts", log[0]["id"]);
    assert_eq!(ask(&github, &app, &path, &json!({})).await.0, 202);
    github.delivered().await;

    assert_eq!(names(&got), ["issues.opened"]);
    let (_, log) = ask(&github, &app, "GET /app/hook/deliveries", &json!({})).await;
    assert_eq!((&log[0]["redelivery"], &log[0]["status_code"]), (&json!(true), &json!(200)));
    assert_eq!(log[0]["guid"], log[1]["guid"]);
}

#[tokio::test]
async fn webhooks_that_are_held_back_come_in_the_order_the_test_wants() {
    let github = world().await;
    let (url, got) = receiver().await;
    github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
    github.holds_webhooks();
    let ann = github.person("ann");
    let issue = ann.opens_issue("One", "").unwrap();
    ann.closes(issue).unwrap();
    github.delivered().await;
    assert_eq!(github.waiting_webhooks(), ["issues.opened", "issues.closed"]);

    github.releases_webhooks(&[1, 0, 1]);
    github.delivered().await;

    assert_eq!(names(&got), ["issues.closed", "issues.opened", "issues.closed"]);
}

#[tokio::test]
async fn a_force_push_by_git_is_told_as_one_and_the_old_commit_stays() {
    let github = world().await;
    let (url, got) = receiver().await;
    let bob = github.person("bob");
    let first = bob.pushes("topic", "a", "1").unwrap();
    bob.opens_pull("Fix", "topic", "main").unwrap();
    github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
    let dir = tempfile::tempdir().unwrap();
    git_ok(dir.path(), &["clone", "-q", "-b", "topic", &clone_url(&github, &github.token_of("bob").unwrap()), "w"])
        .await;
    let work = dir.path().join("w");
    git_ok(&work, &["commit", "-q", "--amend", "-m", "Other"]).await;
    git_ok(&work, &["push", "-q", "--force", "origin", "topic"]).await;
    github.delivered().await;

    assert_eq!(names(&got), ["push", "pull_request.synchronize"]);
    let push: Value = serde_json::from_slice(&got.lock().unwrap()[0].1).unwrap();
    assert_eq!((&push["forced"], &push["before"]), (&json!(true), &json!(first)));
    let timeline = bob.asks("GET", "issues/1/timeline", &json!({})).unwrap();
    assert_eq!(timeline[0]["event"], "head_ref_force_pushed");
}

#[tokio::test]
async fn a_suspended_installation_gets_no_token_and_no_webhook() {
    let github = world().await;
    let (url, got) = receiver().await;
    let old = token(&github, &json!({})).await;
    github.sends_webhooks_to(Webhook { url, secret: "s".to_owned() });
    github.pings();
    github.suspends_installation(REPO, true).unwrap();
    github.person("ann").opens_issue("One", "").unwrap();
    github.delivered().await;

    assert_eq!(names(&got), ["ping", "installation.suspend"]);
    assert_eq!(mint(&github, &json!({})).await.0, 403);
    assert_eq!(ask(&github, &old, "GET /repos/acme/widget", &json!({})).await.0, 403);
}
