//! The public webhook payloads of every event, as other people's Apps have received them: each passes the door, and none
//! changes a run that it is not about.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::npm::{assert_installed, node_modules};
use crate::world::{REPO, SECRET, World};

/// How many there are in version 7.6.1.
const PUBLIC: usize = 329;

const OURS: &str = "from our repository";

/// Told by our own repository or installation, these are about every run in it.
const ABOUT_US: [&str; 3] = ["installation", "installation_repositories", "repository"];

/// Our installation and our repository.
type Place = (i64, i64);

/// One change of a payload, given where we are, and what it is called.
type Change = (&'static str, fn(&mut Value, Place));

const CHANGES: [Change; 6] = [
    ("as they are", |_, _| {}),
    ("with an unknown action", |payload, _| payload["action"] = json!("hibernated")),
    ("with an unknown field", |payload, _| {
        let more = json!({ "since": 2031, "of": [null, { "a": 1 }] });
        payload["zeal"] = more.clone();
        for part in ["issue", "comment", "pull_request", "review", "repository", "installation", "sender"] {
            if payload[part].is_object() {
                payload[part]["zeal"] = more.clone();
            }
        }
    }),
    ("with a null user", |payload, _| {
        everywhere(payload, &mut |name, value| {
            if ["user", "sender", "owner", "author", "assignee"].contains(&name) {
                *value = Value::Null;
            }
        })
    }),
    ("without an installation", |payload, _| drop(payload.as_object_mut().and_then(|p| p.remove("installation")))),
    // The same in the repository and installation of the run, about other issues and pull requests than the run's.
    (OURS, |payload, (installation, repository)| {
        payload["repository"]["id"] = json!(repository);
        payload["repository"]["full_name"] = json!(REPO);
        payload["installation"] = json!({ "id": installation });
        everywhere(payload, &mut |name, value| {
            if name == "number" && value.is_i64() {
                *value = json!(value.as_i64().unwrap_or(0) + 7_000);
            }
        });
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_public_payload_passes_the_door_and_changes_no_run_that_it_is_not_about() {
    assert_installed();
    let public = public();
    assert_eq!(public.len(), PUBLIC);
    let world = World::start().await;
    let issue = world.planned().await;
    let before = facts(&world, issue).await;
    let row = world.row(issue).await.unwrap();
    let place = (row.installation.0, row.repo.0);
    let mut told = String::new();
    for (name, change) in CHANGES {
        let deliveries: Vec<(String, String, String)> = public
            .iter()
            .filter(|(event, _)| name != OURS || !ABOUT_US.contains(&event.as_str()))
            .enumerate()
            .map(|(n, (event, payload))| {
                let mut payload = payload.clone();
                change(&mut payload, place);
                (format!("{}-{n}", name.replace(' ', "-")), event.clone(), payload.to_string())
            })
            .collect();
        let client = reqwest::Client::new();
        let sent = futures::stream::iter(&deliveries).map(|delivery| post(&client, &world, delivery));
        let statuses: Vec<u16> = sent.buffered(32).collect().await;
        let refused: Vec<_> = deliveries.iter().zip(&statuses).filter(|(_, status)| **status != 202).collect();
        assert!(refused.is_empty(), "{name}: {refused:?}");
        world.settle().await;
        assert_eq!(facts(&world, issue).await, before, "{name}");
        let _ = writeln!(told, "{} public payloads {name}", deliveries.len());
    }
    eprint!("{told}");
    // The run is still alive: what concerns it does change it.
    let head = world.plan_pull(issue).await;
    world.person("bob").approves(head).unwrap();
    world.settle().await;
    assert_ne!(facts(&world, issue).await, before);
}

/// What must stay: every run with its state, what the bot said, and how much it wrote.
async fn facts(world: &World, issue: i64) -> Value {
    let runs = world.core.store.runs(None, 1_000).await.unwrap();
    let runs: Vec<Value> =
        runs.into_iter().map(|run| json!([run.id.0, run.phase, run.version, run.state.clone()])).collect();
    json!({ "runs": runs, "said": world.said(issue), "pulls": world.github.pulls(REPO).len(), "writes": world.github.calls().writes })
}

async fn post(client: &reqwest::Client, world: &World, delivery: &(String, String, String)) -> u16 {
    let (id, event, body) = delivery;
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let request = client
        .post(format!("http://{}/webhook", world.door))
        .header("content-type", "application/json")
        .header("x-github-delivery", id)
        .header("x-github-event", event)
        .header("x-hub-signature-256", format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes()))))
        .body(body.clone());
    request.send().await.unwrap().status().as_u16()
}

/// Event and payload of each.
fn public() -> Vec<(String, Value)> {
    let file = node_modules().join("@octokit/webhooks-examples/api.github.com/index.json");
    let events: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let of = |event: &Value| {
        let name = event["name"].as_str().unwrap().to_owned();
        event["examples"].as_array().unwrap().iter().map(move |one| (name.clone(), one.clone())).collect::<Vec<_>>()
    };
    events.iter().flat_map(of).collect()
}

fn everywhere(value: &mut Value, change: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                change(name, value);
                everywhere(value, change);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| everywhere(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
