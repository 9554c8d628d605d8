//! What set-up commands may fetch, and that nobody else may fetch anything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use assentry::demo::model::{Call, Reply, Seen};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

/// A package registry somewhere; remembers what it was asked.
struct Registry {
    asked: Arc<Mutex<Vec<String>>>,
    port: u16,
}

impl Registry {
    async fn start() -> Registry {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let answer = move |request: Request| {
            let line = format!("{} {}", request.method(), request.uri());
            let credential = request.headers().contains_key("authorization");
            log.lock().unwrap().push(if credential { format!("{line} with a credential") } else { line });
            let found = request.uri().path() == "/tool.txt";
            async move { if found { (StatusCode::OK, "a tool\n") } else { (StatusCode::NOT_FOUND, "nothing\n") } }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Registry { asked, port }
    }

    fn configuration(&self) -> String {
        let port = self.port;
        format!(
            "[sandbox]\nhosts = ['packages.example', 'other.example']\n\
             [sandbox.mirrors]\n'packages.example' = 'http://127.0.0.1:{port}'\n"
        )
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Sends one head to the proxy, and prints what comes back.
fn asks(head: &str) -> String {
    format!(
        "perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die qq(no socket\\n); \
         connect(S, pack_sockaddr_in(3128, inet_aton(q(127.0.0.1)))) or die qq(no way\\n); \
         send(S, qq({head}\\r\\n\\r\\n), 0); print while <S>'"
    )
}

async fn world_of(registry: &Registry, set_up: &[String], works: &'static str) -> World {
    let policy = format!("[execute]\nset_up = {}\nhosts = ['packages.example']\n", json!(set_up));
    let mut repository = repository(&policy);
    repository.files.push((".gitignore".to_owned(), b"tools\n".to_vec(), false));
    let edit = json!({
        "path": "bin/slug",
        "old": r"sed -e 's/[^a-z0-9]\{1,\}/-/g'",
        "new": r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'",
    });
    let script = move |seen: &Seen| match (seen.offers("tick"), seen.turns) {
        (false, _) => Reply::call("submit_plan", &json!({"plan": plan()})),
        (true, 0) => Reply::calls(
            "",
            vec![
                Call::new("run", &json!({ "command": works })),
                Call::new("run", &json!({"command": asks("GET http://packages.example/late HTTP/1.1")})),
            ],
        ),
        (true, 1) => Reply::calls("", vec![Call::new("edit", &edit), Call::new("tick", &json!({"step": "s1"}))]),
        (true, _) => Reply::call("finish", &json!({"summary": "Trimmed."})),
    };
    World::with(Arc::new(script), repository, &registry.configuration()).await
}

async fn executed(world: &World) -> (i64, String) {
    let issue = labelled(world, "ann", "assentry").await;
    assert!(
        world.said(issue).iter().any(|said| said.contains("the set-up commands may fetch from `packages.example`"))
    );
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    world.settle().await;
    (issue, world.model.requests().pop().unwrap().body)
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_set_up_fetches_from_the_listed_hosts_and_the_execution_has_what_it_fetched() {
    let registry = Registry::start().await;
    let set_up = [
        format!("mkdir tools; {} > tools/plain", asks("GET http://packages.example/tool.txt HTTP/1.1")),
        "git ls-remote https://packages.example/repo 2> tools/git; grep -q 'not found' tools/git".to_owned(),
    ];
    let world = world_of(&registry, &set_up, "cat tools/plain").await;
    let (_, sent) = executed(&world).await;

    assert_eq!(registry.asked(), ["GET /tool.txt", "GET /repo/info/refs?service=git-upload-pack"]);
    assert!(sent.contains("HTTP/1.1 200") && sent.contains("a tool"), "{sent}");
    assert!(sent.contains("no socket"), "the agent has no network: {sent}");
    assert_eq!(world.work_pulls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn t44_t46_nothing_else_is_reached_and_what_was_tried_is_told() {
    let registry = Registry::start().await;
    let direct = asks("GET /direct HTTP/1.1").replace("3128", &registry.port.to_string());
    let tries = [
        "GET http://evil.test/a HTTP/1.1",
        "GET http://127.0.0.1/a HTTP/1.1",
        "POST http://packages.example/a HTTP/1.1",
        "CONNECT packages.example:22 HTTP/1.1",
        "GET http://packages.example/a HTTP/1.1\\r\\nContent-Length: 3",
        // On the server's list and not on the policy's.
        "GET http://other.example/a HTTP/1.1",
    ];
    let mut set_up: Vec<String> = tries.iter().map(|head| asks(head)).collect();
    set_up.extend([direct + " || true", "getent hosts packages.example || true".to_owned(), "exit 9".to_owned()]);
    let world = world_of(&registry, &set_up, "true").await;
    let (issue, _) = executed(&world).await;

    assert_eq!(registry.asked(), [""; 0]);
    let status = world.said(issue).first().cloned().unwrap();
    assert!(status.contains("evil") && status.contains("not on the policy"), "{status}");
    let kept = world.core.store.kept(world.row(issue).await.unwrap().id, "set-up-output").await.unwrap().unwrap();
    let kept = String::from_utf8(kept).unwrap();
    for tried in ["evil.test", "127.0.0.1", "POST http", "CONNECT packages.example:22", "other.example"] {
        assert!(kept.contains(tried), "{tried}: {kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_the_server_does_not_allow_is_a_mistake_of_the_policy() {
    let world = world("[execute]\nset_up = ['true']\nhosts = ['packages.example']\n", "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    let said = world.said(issue);
    assert!(said.iter().any(|text| text.contains("reach no host")), "{said:#?}");
}
