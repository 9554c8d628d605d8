//! The simulated GitHub refuses what GitHub refuses and does what GitHub does; asked over real HTTP and by real git.

mod access;
mod faults;
mod git;
mod happenings;
mod people;
pub(crate) mod program;
mod pulls;
mod talk;
mod threads;
mod timeline;
mod webhooks;

use std::path::Path;
use std::process::Output;

use assentry::demo::github::{Clock, GitHub, NewRepository, Role, Settings};
use assentry::ids::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const REPO: &str = "acme/widget";

/// A simulated GitHub with one repository, ann as its admin, bob with write, eve with nothing.
async fn world() -> GitHub {
    let noon = Timestamp::from_rfc3339("2026-11-22T12:00:00Z").unwrap();
    let github = GitHub::start(Settings { clock: Clock::ByHand(noon), ..Settings::default() }).await.unwrap();
    for login in ["ann", "bob", "eve"] {
        github.adds_person(login);
    }
    let files = vec![
        ("README.md".to_owned(), b"# Widget\n".to_vec(), false),
        ("src/lib.rs".to_owned(), b"pub fn two() -> u8 {\n    3\n}\n".to_vec(), false),
        ("run".to_owned(), b"#!/bin/sh\n".to_vec(), true),
    ];
    github.adds_repository(NewRepository { name: REPO.to_owned(), files, private: false }).await.unwrap();
    github.grants("ann", REPO, Role::Admin).unwrap();
    github.grants("bob", REPO, Role::Write).unwrap();
    github
}

fn jwt(github: &GitHub, claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(github.private_key_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
}

pub(crate) fn good_jwt(github: &GitHub) -> String {
    let now = github.now().0 / 1000;
    jwt(github, &json!({ "iss": github.app_id().to_string(), "iat": now - 60, "exp": now + 540 }))
}

/// Sends a request and gives status and body.
async fn ask(github: &GitHub, token: &str, request: &str, body: &Value) -> (u16, Value) {
    let (method, path) = request.split_once(' ').unwrap();
    let mut builder = reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}{path}", github.url()))
        .header("user-agent", "test");
    if !token.is_empty() {
        builder = builder.header("authorization", format!("Bearer {token}"));
    }
    if method != "GET" {
        builder = builder.json(body);
    }
    let response = builder.send().await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn mint(github: &GitHub, asked: &Value) -> (u16, Value) {
    let app = good_jwt(github);
    let (_, installation) = ask(github, &app, "GET /repos/acme/widget/installation", &json!({})).await;
    let path = format!("POST /app/installations/{}/access_tokens", installation["id"]);
    ask(github, &app, &path, asked).await
}

pub(crate) async fn token(github: &GitHub, asked: &Value) -> String {
    let (status, minted) = mint(github, asked).await;
    assert_eq!(status, 201, "{minted}");
    minted["token"].as_str().unwrap().to_owned()
}

fn git(dir: &Path, args: &[&str]) -> Output {
    std::process::Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "protocol.version=2"])
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .unwrap()
}

async fn git_ok(dir: &Path, args: &[&str]) -> String {
    let (path, owned) = (dir.to_owned(), args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = owned.iter().map(String::as_str).collect();
        git(&path, &args)
    })
    .await
    .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn git_err(dir: &Path, args: &[&str]) -> String {
    let (path, owned) = (dir.to_owned(), args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = owned.iter().map(String::as_str).collect();
        git(&path, &args)
    })
    .await
    .unwrap();
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn clone_url(github: &GitHub, token: &str) -> String {
    github.url().replace("http://", &format!("http://x-access-token:{token}@")) + "/acme/widget.git"
}
