//! Real agents, as their makers publish them, play the demo's story behind the gate: they plan it and execute it against a
//! scripted model endpoint. They are started as `deploy/agents.example.toml` has it.
//!
//! `tests/run --agents` installs them and runs this.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assentry::demo::story;
use assentry::ids::RunId;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

/// A model endpoint that answers whatever an agent asks with the next thing to do. More lenient than the scripted model of
/// the other tests: agents send far more than the house's own does.
#[derive(Default)]
struct Endpoint {
    asked: Mutex<Vec<(String, usize)>>,
}

/// What is done next, by the agent's own names of its tools.
enum Do {
    Say(&'static str),
    Call(String, Value),
}

const MEND: &str = r#"python3 - <<'END'
path = "bin/slug"
with open(path) as file:
    text = file.read()
old = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'"
with open(path, "w") as file:
    file.write(text.replace(old, old + " -e 's/^-//' -e 's/-$//'"))
END"#;

async fn endpoint() -> (Arc<Endpoint>, u16) {
    let endpoint = Arc::new(Endpoint::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&endpoint));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (endpoint, port)
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap();
    let path = head.uri.path().to_owned();
    let key = ["x-api-key", "authorization"].iter().find_map(|name| head.headers.get(*name)).unwrap();
    assert!(key.to_str().unwrap().contains("sk-scripted"), "the gateway has not added the key");
    endpoint.asked.lock().unwrap().push((path.clone(), body.len()));
    let question: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(question["stream"], true, "{path}");
    let tokens = body.len() / 4;
    let stream = if path.ends_with("/messages") { messages(&question, tokens) } else { responses(&question, tokens) };
    let mut response = Response::new(Body::from(stream));
    response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
    response
}

/// The next thing, by which tools there are and which were called.
fn next(tools: &[String], called: &[String]) -> Do {
    let named = |suffix: &str| tools.iter().find(|name| name.ends_with(suffix)).cloned();
    let did = |suffix: &str| called.iter().any(|name| name.ends_with(suffix));
    let shell = tools.iter().find(|name| ["bash", "Bash", "exec_command"].contains(&name.as_str()));
    let Some(shell) = shell.cloned() else { return Do::Say("A title.") };
    let run = |command: &str| {
        let argument = if shell == "exec_command" { "cmd" } else { "command" };
        Do::Call(shell.clone(), json!({argument: command, "description": "Do it"}))
    };
    if let Some(submit) = named("submit_plan") {
        return match called.len() {
            0 => run("cat bin/slug; sh tests/run.sh"),
            _ if did("submit_plan") => Do::Say("Done."),
            _ => Do::Call(submit, json!({"plan": plan()})),
        };
    }
    match (named("tick"), named("finish")) {
        (Some(_), Some(_)) if called.is_empty() => run(MEND),
        (Some(tick), _) if !did("tick") => Do::Call(tick, json!({"step": "s1"})),
        (_, Some(finish)) if !did("finish") => Do::Call(finish, json!({"summary": "Slugs are trimmed."})),
        _ => Do::Say("Done."),
    }
}

fn plan() -> Value {
    json!({
        "title": "Trim dashes at both ends of a slug",
        "goal": "A slug neither begins nor ends with a dash.",
        "findings": [{"text": "Each run of other characters becomes one dash.", "path": "bin/slug", "line": 3}],
        "approach": "Let sed remove one dash at each end.",
        "alternatives": [{"option": "Drop punctuation.", "reason": "Existing links would change."}],
        "steps": [{
            "id": "s1", "title": "Trim dashes at both ends", "files": [{"path": "bin/slug", "change": "change"}],
            "what": "Give sed two more expressions.", "verify": "`sh tests/run.sh` exits with 0."
        }],
        "checks": [{"command": story::CHECK}],
        "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
        "out_of_scope": [], "risks": [], "questions": [], "estimate": {"tokens": 30000, "minutes": 3}
    })
}

fn events(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn messages(question: &Value, tokens: usize) -> String {
    let names = |value: &Value| value["name"].as_str().map(str::to_owned);
    let tools: Vec<String> = question["tools"].as_array().into_iter().flatten().filter_map(names).collect();
    let turns = question["messages"].as_array().unwrap().iter().filter(|turn| turn["role"] == "assistant");
    let blocks = turns.filter_map(|turn| turn["content"].as_array()).flatten();
    let called: Vec<String> = blocks.filter(|block| block["type"] == "tool_use").filter_map(names).collect();
    let id = format!("msg_{}_{tokens}", called.len());
    let usage = json!({"input_tokens": tokens, "output_tokens": 1});
    let message = json!({"id": id, "type": "message", "role": "assistant", "model": question["model"], "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage});
    let (block, delta, stop) = match next(&tools, &called) {
        Do::Say(words) => {
            (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": words}), "end_turn")
        }
        Do::Call(name, arguments) => (
            json!({"type": "tool_use", "id": format!("toolu_{}", called.len()), "name": name, "input": {}}),
            json!({"type": "input_json_delta", "partial_json": arguments.to_string()}),
            "tool_use",
        ),
    };
    events(&[
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 40}}),
        json!({"type": "message_stop"}),
    ])
}

/// Tools of a server of the agent's are in a namespace here.
fn responses(question: &Value, tokens: usize) -> String {
    let mut spaces = BTreeMap::new();
    for tool in question["tools"].as_array().into_iter().flatten() {
        let name = tool["name"].as_str().unwrap_or_default();
        match tool["tools"].as_array() {
            Some(inner) => {
                spaces.extend(inner.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), Some(name))))
            }
            None => drop(spaces.insert(name.to_owned(), None)),
        }
    }
    let tools: Vec<String> = spaces.keys().cloned().collect();
    let items = question["input"].as_array().into_iter().flatten();
    let called: Vec<String> = items
        .filter(|item| item["type"] == "function_call")
        .filter_map(|item| item["name"].as_str().map(str::to_owned))
        .collect();
    let item = match next(&tools, &called) {
        Do::Say(words) => json!({"type": "message", "id": "msg", "role": "assistant",
            "content": [{"type": "output_text", "text": words}]}),
        Do::Call(name, arguments) => {
            let id = format!("call_{}", called.len());
            let mut item = json!({"type": "function_call", "id": id, "call_id": id, "name": name,
                "arguments": arguments.to_string()});
            if let Some(space) = spaces[&name] {
                item["namespace"] = json!(space);
            }
            item
        }
    };
    let usage = json!({"input_tokens": tokens, "input_tokens_details": null, "output_tokens": 41,
        "output_tokens_details": null, "total_tokens": tokens + 41});
    let id = format!("resp_{}", called.len());
    events(&[
        json!({"type": "response.created", "response": {"id": id}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"id": id, "output": [item], "usage": usage}}),
    ])
}

/// The example, with where the agents really are.
fn installed() -> String {
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/agents");
    let there = std::env::var_os("CARGO_TARGET_DIR").map_or(agents, |target| Path::new(&target).join("agents"));
    assert!(there.join("node_modules").is_dir(), "no agents in {}: tests/run --agents installs them", there.display());
    include_str!("../../../deploy/agents.example.toml").replace("/opt/agents", &there.display().to_string())
}

#[expect(clippy::print_stderr, reason = "the table is what the long run is for")]
async fn plays(name: &str, provider: &str, model: &str) {
    let (endpoint, port) = endpoint().await;
    let table = |phase: &str| {
        format!(
            "[models.{phase}]\nprovider = '{provider}'\nbase_url = 'http://127.0.0.1:{port}/v1'\n\
             api_key_file = 'model-key'\nmodel = '{model}'\nagent = '{name}'\nmax_output_tokens = 8000\n\
             price = {{ input = '3.00', cached = '0.30', cache_write = '3.75', output = '15.00' }}\n"
        )
    };
    let common = "[models.allowed.common]\nmodel = 'm'\n";
    let more = format!("{}{}{common}{}", table("plan"), table("execute"), installed());
    let began = Instant::now();
    let world = World::with(Arc::new(model_that_is_never_asked), story::repository(), &more).await;
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{name}: {:#?}", world.said(issue));
    let planned = began.elapsed();
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let executed = began.elapsed().saturating_sub(planned);

    in_review(&world, issue, &["bin/slug"]).await;
    assert!(world.work_pulls()[0].body.contains("**As planned.**"), "{}", world.work_pulls()[0].body);
    assert!(world.model.requests().is_empty(), "the house's own agent was at work");
    let asked = endpoint.asked.lock().unwrap().clone();
    for cost in world.core.store.costs(RunId(1)).await.unwrap() {
        let took: Duration = if cost.phase == "plan" { planned } else { executed };
        eprintln!(
            "| {name} | {} | {} calls | {} tokens in | {} tokens out | {:.1} s |",
            cost.phase,
            cost.calls,
            cost.usage.input,
            cost.usage.output,
            took.as_secs_f64()
        );
        assert_eq!(cost.failed, 0);
    }
    assert!(asked.len() >= 4, "{asked:?}");
}

fn model_that_is_never_asked(_: &Seen) -> Reply {
    Reply::Refuse("Nobody asks me.".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs agents from npm: tests/run --agents"]
async fn claude_code_plays_the_story_behind_the_gate() {
    plays("claude", "anthropic", "claude-sonnet-5-5").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs agents from npm: tests/run --agents"]
async fn opencode_plays_the_story_behind_the_gate() {
    plays("opencode", "anthropic", "claude-sonnet-5-5").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs agents from npm: tests/run --agents"]
async fn codex_plays_the_story_behind_the_gate() {
    plays("codex", "openai", "gpt-6-sol").await;
}
