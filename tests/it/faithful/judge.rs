//! The judge: a process of node with GitHub's descriptions in it, asked one question at a time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use assentry::demo::github::{Exchange, GitHub};
use serde_json::{Value, json};

use crate::github_sim::good_jwt;
use crate::npm::{assert_installed, installed, node_modules};
use crate::world::World;

static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge { child: start(), known: HashMap::new() }));

/// A simulated GitHub whose every request and answer is judged at the end of the test, unless that has failed already.
///
/// Without what `tests/run` installs nothing is judged; the tests of [`super`] fail then.
pub(crate) struct Judged(GitHub);

impl Judged {
    pub(crate) fn at_the_end(github: &GitHub) -> Judged {
        github.keeps_exchanges();
        Judged(github.clone())
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        if installed() && !std::thread::panicking() {
            assert_described(&self.0);
        }
    }
}

/// Judges all that a simulated GitHub was asked, answered and told.
pub(super) fn assert_described(github: &GitHub) {
    // A browser asks for an icon whatever the page says.
    let exchanges = github.exchanges().into_iter().filter(|exchange| exchange.path != "/favicon.ico");
    let exchanges: Vec<Exchange> = exchanges.collect();
    let unknown = exchanges.iter().filter(|exchange| exchange.route.is_empty());
    let unknown: Vec<_> = unknown.map(|exchange| format!("{} {}", exchange.method, exchange.path)).collect();
    assert!(unknown.is_empty(), "the simulated GitHub does not know {unknown:#?}");
    let questions = exchanges.iter().map(about);
    let payloads = github.payloads().into_iter();
    let questions = questions
        .chain(payloads.map(|(event, payload)| json!({ "kind": "payload", "event": event, "payload": payload })));
    let mut faults: Vec<String> = questions.flat_map(|question| judged(&question)).collect();
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "GitHub's own description says otherwise:\n{}", faults.join("\n"));
}

fn about(exchange: &Exchange) -> Value {
    json!({
        "kind": "exchange", "method": exchange.method, "route": exchange.route, "query": exchange.query,
        "body": exchange.body, "status": exchange.status, "answer": exchange.answer,
    })
}

/// What GitHub's descriptions have against it; nothing if they agree.
pub(super) fn judged(question: &Value) -> Vec<String> {
    JUDGE.lock().unwrap_or_else(PoisonError::into_inner).judge(question)
}

/// The script that stands beside this file.
pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faithful").join(name)
}

struct Judge {
    child: Child,
    /// The verdict on each form of question.
    known: HashMap<u64, Vec<String>>,
}

fn start() -> Child {
    let mut node = Command::new("node");
    node.arg(script("judge.mjs")).arg(node_modules()).stdin(Stdio::piped()).stdout(Stdio::piped());
    node.spawn().expect("node is missing: run tests/run")
}

impl Judge {
    fn judge(&mut self, question: &Value) -> Vec<String> {
        let mut form = DefaultHasher::new();
        hash(question, &mut form);
        let form = form.finish();
        if let Some(known) = self.known.get(&form) {
            return known.clone();
        }
        let asked = self.child.stdin.as_mut().unwrap();
        writeln!(asked, "{question}").expect("the judge has gone");
        let mut line = String::new();
        // Nothing more than the one line is written before the next question.
        BufReader::new(self.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let faults: Vec<String> = serde_json::from_str(&line).expect("a list of faults");
        self.known.insert(form, faults.clone());
        faults
    }
}

/// Two questions are alike if they have the same fields, types and words; numbers and free text make no difference, but a
/// status does.
fn hash(value: &Value, into: &mut DefaultHasher) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                (name, 1_u8).hash(into);
                match name.as_str() {
                    "query" | "document" | "status" => value.to_string().hash(into),
                    _ => hash(value, into),
                }
            }
            2_u8.hash(into);
        }
        Value::Array(items) => {
            let mut kinds: Vec<u64> = items
                .iter()
                .map(|item| {
                    let mut kind = DefaultHasher::new();
                    hash(item, &mut kind);
                    kind.finish()
                })
                .collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.hash(into);
        }
        Value::String(text) if text.starts_with('/') => text.hash(into),
        Value::String(text) if text.len() <= 24 && text.chars().all(|c| c.is_ascii_alphabetic() || c == '_') => {
            text.hash(into);
        }
        Value::String(text) => (3_u8, text.is_empty()).hash(into),
        Value::Number(number) => (4_u8, number.is_f64()).hash(into),
        Value::Bool(_) => 5_u8.hash(into),
        Value::Null => 6_u8.hash(into),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_is_not_as_github_describes_it_fails_when_it_ends() {
    assert_installed();
    let world = World::start().await;
    let url = format!("{}/app?zeal=1", world.github.url());
    let asked =
        reqwest::Client::new().get(url).bearer_auth(good_jwt(&world.github)).header("user-agent", "test").send();
    assert_eq!(asked.await.unwrap().status(), 200);

    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(world))).unwrap_err();
    let said = failed.downcast_ref::<String>().unwrap();
    assert!(said.contains("apps/get-authenticated query zeal is not known"), "{said}");
}

#[test]
fn a_judge_that_finds_nothing_would_be_no_judge() {
    assert_installed();
    let exchange = |body: Value, status: u16, answer: Value| {
        judged(&json!({
            "kind": "exchange", "method": "POST", "route": "/repos/{owner}/{repo}/labels",
            "query": "", "body": body, "status": status, "answer": answer,
        }))
    };
    let label = json!({
        "id": 1, "node_id": "LA_1", "url": "http://127.0.0.1/l", "name": "bug", "color": "f00", "default": false,
        "description": null,
    });
    let (mut short, mut long, mut other) = (label.clone(), label.clone(), label.clone());
    short.as_object_mut().unwrap().remove("color");
    long["colour"] = json!("f00");
    other["id"] = json!("1");
    let asked = json!({ "name": "bug" });

    assert_eq!(exchange(asked.clone(), 201, label.clone()), [""; 0]);
    for (body, status, answer, why) in [
        (json!({}), 201, &label, "required property 'name'"),
        (json!({ "name": 7 }), 201, &label, "/name: must be string"),
        (json!({ "name": "bug", "colour": "f00" }), 201, &label, "colour"),
        (asked.clone(), 200, &label, "not a described status"),
        (asked.clone(), 201, &short, "required property 'color'"),
        (asked.clone(), 201, &long, "colour"),
        (asked.clone(), 201, &other, "/id: must be integer"),
        (asked, 422, &json!({ "error": "no" }), "error"),
    ] {
        let faults = exchange(body, status, answer.clone());
        assert!(faults.iter().any(|fault| fault.contains(why)), "{why}: {faults:?}");
    }
    let payload = json!({ "kind": "payload", "event": "label", "payload": { "action": "created" } });
    assert!(judged(&payload).iter().any(|fault| fault.contains("'label'")));
    let document = json!({ "kind": "document", "document": "{ viewer { logn } }" });
    assert!(judged(&document).iter().any(|fault| fault.contains("logn")));
}
