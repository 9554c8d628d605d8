//! The Messages API's side of the wire, as far as our client uses it; what the vendor refuses is refused.

use std::collections::HashSet;

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cache::{Cache, Counts, Marked, tokens};
use super::play::{End, Wire, pieces};
use super::script::{Said, Seen, SeenResult};
use super::server::Unfit;

/// A request that is fit to be answered.
pub(super) struct Taken {
    pub(super) seen: Seen,
    counts: Counts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    model: String,
    max_tokens: u64,
    #[serde(default)]
    stream: bool,
    thinking: Option<Thinking>,
    output_config: Option<OutputConfig>,
    #[serde(default)]
    tools: Vec<Tool>,
    #[serde(default)]
    system: Vec<Block>,
    messages: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "lowercase")]
enum Thinking {
    Adaptive,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputConfig {
    effort: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    description: String,
    input_schema: Map<String, Value>,
    cache_control: Option<Mark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    role: Role,
    content: Vec<Block>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
        cache_control: Option<Mark>,
    },
    ToolUse {
        id: String,
        name: String,
        input: Map<String, Value>,
        cache_control: Option<Mark>,
    },
    ToolResult {
        tool_use_id: String,
        content: String,
        #[serde(default)]
        is_error: bool,
        cache_control: Option<Mark>,
    },
    Thinking {
        thinking: String,
        signature: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "lowercase")]
enum Mark {
    Ephemeral,
}

/// Reads and checks a request.
pub(super) fn take(headers: &HeaderMap, body: &[u8], cache: &mut Cache) -> Result<Taken, Unfit> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("x-api-key").is_empty() {
        let message = "x-api-key header is required".to_owned();
        return Err(Unfit { status: 401, kind: "authentication_error", message });
    }
    if header("anthropic-version") != "2023-06-01" {
        return Err(Unfit::bad("anthropic-version: header is required"));
    }
    if header("content-type") != "application/json" {
        return Err(Unfit::bad("content-type: must be application/json"));
    }
    let request: Request = serde_json::from_slice(body).map_err(|error| Unfit::bad(error.to_string()))?;
    check_fields(&request)?;
    let seen = pair(&request)?;
    let blocks = blocks(&request);
    match blocks.iter().filter(|block| block.mark).count() {
        0..=4 => {}
        marks => {
            let most = "A maximum of 4 blocks with cache_control may be provided";
            return Err(Unfit::bad(format!("{most}. Found {marks}.")));
        }
    }
    let counts = cache.count_marked(&request.model, &blocks);
    Ok(Taken { seen, counts })
}

fn check_fields(request: &Request) -> Result<(), Unfit> {
    if !request.stream {
        return Err(Unfit::bad("stream: the scripted model only streams"));
    }
    if request.max_tokens == 0 {
        return Err(Unfit::bad("max_tokens: must be greater than 0"));
    }
    let efforts = ["low", "medium", "high", "xhigh", "max"];
    if request.output_config.as_ref().is_some_and(|config| !efforts.contains(&config.effort.as_str())) {
        return Err(Unfit::bad("output_config.effort: unknown level"));
    }
    if matches!(request.thinking, Some(Thinking::Adaptive)) && request.max_tokens < 1_024 {
        return Err(Unfit::bad("max_tokens: too few for thinking"));
    }
    let mut names = HashSet::new();
    for Tool { name, input_schema, .. } in &request.tools {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > 128 || !name.chars().all(plain) || !names.insert(name) {
            return Err(Unfit::bad("tools: names must be unique and match ^[a-zA-Z0-9_-]{1,128}$"));
        }
        if input_schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(Unfit::bad(format!("tools.{name}.input_schema.type: Field required: object")));
        }
    }
    let texts = request.system.iter().chain(request.messages.iter().flat_map(|turn| &turn.content));
    for block in texts {
        if matches!(block, Block::Text { text, .. } if text.trim().is_empty()) {
            return Err(Unfit::bad("messages: text content blocks must contain non-whitespace text"));
        }
    }
    Ok(())
}

/// Checks that every call has its result in the next turn and the other way round, and gathers what a script sees.
fn pair(request: &Request) -> Result<Seen, Unfit> {
    let mut seen = Seen {
        model: request.model.clone(),
        system: request.system.iter().filter_map(text_of).collect::<Vec<_>>().join("\n"),
        tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
        ..Seen::default()
    };
    let (mut open, mut ids): (Vec<(&str, &str)>, HashSet<&str>) = (Vec::new(), HashSet::new());
    if request.messages.first().is_none_or(|turn| turn.role != Role::User) {
        return Err(Unfit::bad("messages: first message must use the \"user\" role"));
    }
    if request.messages.last().is_some_and(|turn| turn.role != Role::User) {
        return Err(Unfit::bad("This model does not support assistant message prefill"));
    }
    for (at, turn) in request.messages.iter().enumerate() {
        if turn.content.is_empty() {
            return Err(Unfit::bad(format!("messages.{at}: user messages must have non-empty content")));
        }
        if turn.role == Role::Assistant {
            if !open.is_empty() {
                return Err(unanswered(at, &open));
            }
            seen.turns += 1;
            seen.last_results.clear();
        }
        let mut after_text = false;
        for block in &turn.content {
            match block {
                Block::Text { text, .. } => {
                    after_text = true;
                    if turn.role == Role::User {
                        seen.user_texts.push(text.clone());
                    }
                }
                Block::ToolUse { id, name, .. } if turn.role == Role::Assistant => {
                    if !ids.insert(id) {
                        return Err(Unfit::bad(format!("messages.{at}: `tool_use` ids must be unique")));
                    }
                    open.push((id, name));
                    seen.called.push(name.clone());
                }
                Block::ToolResult { tool_use_id, content, is_error, .. } if turn.role == Role::User => {
                    let known = open.iter().position(|(id, _)| id == tool_use_id).filter(|_| !after_text);
                    let Some(known) = known else {
                        let rule = "each `tool_result` block must have a corresponding `tool_use` block in the previous message";
                        return Err(Unfit::bad(format!("messages.{at}: unexpected `tool_use_id`: {rule}")));
                    };
                    let (call, tool) = open.remove(known);
                    seen.last_results.push(SeenResult {
                        call: call.to_owned(),
                        tool: tool.to_owned(),
                        text: content.clone(),
                        failed: *is_error,
                    });
                }
                Block::Thinking { thinking, signature } if turn.role == Role::Assistant => {
                    if *signature != sign(thinking) {
                        return Err(Unfit::bad(format!("messages.{at}: Invalid `signature` in `thinking` block")));
                    }
                }
                Block::ToolUse { .. } | Block::ToolResult { .. } | Block::Thinking { .. } => {
                    return Err(Unfit::bad(format!("messages.{at}: a block that this role cannot have")));
                }
            }
        }
        if turn.role == Role::User && !open.is_empty() {
            return Err(unanswered(at, &open));
        }
    }
    Ok(seen)
}

fn unanswered(at: usize, open: &[(&str, &str)]) -> Unfit {
    let ids: Vec<&str> = open.iter().map(|(id, _)| *id).collect();
    let rule = "`tool_use` ids were found without `tool_result` blocks immediately after";
    Unfit::bad(format!("messages.{at}: {rule}: {}", ids.join(", ")))
}

fn text_of(block: &Block) -> Option<&str> {
    match block {
        Block::Text { text, .. } => Some(text),
        Block::ToolUse { .. } | Block::ToolResult { .. } | Block::Thinking { .. } => None,
    }
}

/// The prompt as the cache sees it: tools, instructions, turns, without the marks.
fn blocks(request: &Request) -> Vec<Marked> {
    let tools = request.tools.iter().map(|tool| Marked {
        text: format!("{}{}{}", tool.name, tool.description, json!(tool.input_schema)),
        mark: tool.cache_control.is_some(),
    });
    let system = request.system.iter().map(marked);
    let turns = request.messages.iter().flat_map(|turn| turn.content.iter().map(marked));
    tools.chain(system).chain(turns).collect()
}

fn marked(block: &Block) -> Marked {
    match block {
        Block::Text { text, cache_control } => Marked { text: text.clone(), mark: cache_control.is_some() },
        Block::ToolUse { id, name, input, cache_control } => {
            Marked { text: format!("{id}{name}{}", json!(input)), mark: cache_control.is_some() }
        }
        Block::ToolResult { tool_use_id, content, cache_control, .. } => {
            Marked { text: format!("{tool_use_id}{content}"), mark: cache_control.is_some() }
        }
        Block::Thinking { thinking, signature } => Marked { text: format!("{thinking}{signature}"), mark: false },
    }
}

/// A signature that belongs to one thought only.
fn sign(thought: &str) -> String {
    use base64::Engine as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, thought.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(hash)
}

impl Wire for Taken {
    fn stream(&self, said: &Said, end: End<'_>) -> String {
        let mut out = self.start();
        let mut index = 0;
        if let Some(thought) = &said.thought {
            let deltas = pieces(thought).into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
            let signature = json!({"type": "signature_delta", "signature": sign(thought)});
            let empty = json!({"type": "thinking", "thinking": "", "signature": ""});
            out += &block(&mut index, &empty, deltas.chain([signature]));
        }
        if !said.text.is_empty() {
            let deltas = pieces(&said.text).into_iter().map(|piece| json!({"type": "text_delta", "text": piece}));
            out += &block(&mut index, &json!({"type": "text", "text": ""}), deltas);
        }
        for (at, call) in said.calls.iter().enumerate() {
            let id = call.id.clone().unwrap_or_else(|| format!("toolu_{}_{at}", self.seen.turns));
            let empty = json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
            let parts = pieces(&call.arguments);
            let deltas = [String::new()].into_iter().chain(parts);
            let deltas = deltas.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
            out += &block(&mut index, &empty, deltas);
        }
        let reason = match end {
            End::Honest if said.calls.is_empty() => "end_turn",
            End::Honest => "tool_use",
            End::Length => "max_tokens",
            End::Refused => "refusal",
            End::Other(reason) => reason,
        };
        let calls: usize = said.calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
        let written = tokens(said.text.len() + said.thought.as_ref().map_or(0, String::len) + calls).max(1);
        out += &event(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": written},
        }));
        out + &event(&json!({"type": "message_stop"}))
    }

    fn failing(&self, kind: &str, message: &str) -> String {
        self.start() + &event(&json!({"type": "error", "error": {"type": kind, "message": message}}))
    }

    fn alive(&self) -> (String, String) {
        let text = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
        (self.start() + &event(&text), event(&json!({"type": "ping"})))
    }

    fn more_words(&self) -> String {
        let delta = json!({"type": "text_delta", "text": "and on ".repeat(1_000)});
        event(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    }
}

impl Taken {
    fn start(&self) -> String {
        let Counts { input, cached, written } = self.counts;
        let message = json!({
            "id": format!("msg_{}", self.seen.turns),
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": self.seen.model,
            "stop_reason": null,
            "stop_sequence": null,
            "usage": {
                "input_tokens": input - cached - written,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": cached,
                "output_tokens": 1,
            },
        });
        event(&json!({"type": "message_start", "message": message})) + &event(&json!({"type": "ping"}))
    }
}

fn block(index: &mut usize, empty: &Value, deltas: impl Iterator<Item = Value>) -> String {
    let at = *index;
    *index += 1;
    let start = event(&json!({"type": "content_block_start", "index": at, "content_block": empty}));
    let middle: String =
        deltas.map(|delta| event(&json!({"type": "content_block_delta", "index": at, "delta": delta}))).collect();
    start + &middle + &event(&json!({"type": "content_block_stop", "index": at}))
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}
