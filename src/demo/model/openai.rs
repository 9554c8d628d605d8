//! The chat completions API's side of the wire, as far as our client uses it; what OpenAI refuses is refused.

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cache::{Cache, Counts, tokens};
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
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    reasoning_effort: Option<String>,
    tools: Option<Vec<Tool>>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "lowercase")]
enum Tool {
    Function { function: Function },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(rename = "parameters")]
    _parameters: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "role", rename_all = "lowercase")]
enum Message {
    System { content: String },
    User { content: String },
    Assistant { content: Option<String>, tool_calls: Option<Vec<ToolCall>> },
    Tool { tool_call_id: String, content: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    function: Called,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    name: String,
    #[serde(rename = "arguments")]
    _arguments: String,
}

/// Reads and checks a request.
pub(super) fn take(headers: &HeaderMap, body: &[u8], cache: &mut Cache) -> Result<Taken, Unfit> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization").strip_prefix("Bearer ").is_none_or(str::is_empty) {
        let message = "You didn't provide an API key. You need to provide your API key in an Authorization header";
        return Err(Unfit { status: 401, kind: "invalid_request_error", message: message.to_owned() });
    }
    if header("content-type") != "application/json" {
        return Err(Unfit::bad("We could not parse the JSON body of your request"));
    }
    let request: Request = serde_json::from_slice(body).map_err(|error| Unfit::bad(error.to_string()))?;
    check_fields(&request)?;
    let seen = pair(&request)?;
    // OpenAI caches the rendered prompt from its first token; the fields before the messages never differ in a run.
    let prompt = String::from_utf8_lossy(body).into_owned();
    let counts = cache.count_whole(&request.model, prompt);
    Ok(Taken { seen, counts })
}

fn check_fields(request: &Request) -> Result<(), Unfit> {
    if !request.stream || !request.stream_options.as_ref().is_some_and(|options| options.include_usage) {
        return Err(Unfit::bad("the scripted model only streams, and with usage"));
    }
    if request.max_tokens.is_some() == request.max_completion_tokens.is_some() {
        return Err(Unfit::bad("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."));
    }
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    if request.reasoning_effort.as_ref().is_some_and(|effort| !efforts.contains(&effort.as_str())) {
        return Err(Unfit::bad("Invalid value for 'reasoning_effort'"));
    }
    if request.tools.as_ref().is_some_and(Vec::is_empty) {
        return Err(Unfit::bad("[] is too short - 'tools'"));
    }
    let called = request.messages.iter().filter_map(|message| match message {
        Message::Assistant { tool_calls, .. } => tool_calls.as_ref(),
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => None,
    });
    let called = called.flatten().map(|call| call.function.name.as_str());
    for name in names(request).chain(called) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(Unfit::bad("Invalid 'function.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."));
        }
    }
    Ok(())
}

fn names(request: &Request) -> impl Iterator<Item = &str> {
    request.tools.iter().flatten().map(|Tool::Function { function }| function.name.as_str())
}

/// Checks that every call is answered before anything else is said, and gathers what a script sees.
fn pair(request: &Request) -> Result<Seen, Unfit> {
    let mut seen =
        Seen { model: request.model.clone(), tools: names(request).map(str::to_owned).collect(), ..Seen::default() };
    if request.messages.is_empty() {
        return Err(Unfit::bad("[] is too short - 'messages'"));
    }
    let mut open: Vec<(&str, &str)> = Vec::new();
    for message in &request.messages {
        match message {
            Message::Tool { tool_call_id, content } => {
                let Some(known) = open.iter().position(|(id, _)| id == tool_call_id) else {
                    return Err(Unfit::bad(
                        "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                    ));
                };
                let (call, tool) = open.remove(known);
                seen.last_results.push(SeenResult {
                    call: call.to_owned(),
                    tool: tool.to_owned(),
                    text: content.clone(),
                    failed: false,
                });
            }
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } if !open.is_empty() => {
                return Err(unanswered(&open));
            }
            Message::System { content } => seen.system.push_str(content),
            Message::User { content } => seen.user_texts.push(content.clone()),
            Message::Assistant { content, tool_calls } => {
                let calls = tool_calls.as_deref().unwrap_or_default();
                if (content.is_none() && calls.is_empty()) || tool_calls.as_ref().is_some_and(Vec::is_empty) {
                    return Err(Unfit::bad("Invalid value for 'content': expected a string, got null."));
                }
                seen.turns += 1;
                seen.last_results.clear();
                for call in calls {
                    if call.kind != "function" {
                        return Err(Unfit::bad("Invalid value for 'tool_calls': expected 'function'."));
                    }
                    open.push((&call.id, &call.function.name));
                    seen.called.push(call.function.name.clone());
                }
            }
        }
    }
    if open.is_empty() { Ok(seen) } else { Err(unanswered(&open)) }
}

fn unanswered(open: &[(&str, &str)]) -> Unfit {
    let ids: Vec<&str> = open.iter().map(|(id, _)| *id).collect();
    let rule =
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'";
    Unfit::bad(format!("{rule}. The following tool_call_ids did not have response messages: {}", ids.join(", ")))
}

impl Wire for Taken {
    fn stream(&self, said: &Said, end: End<'_>) -> String {
        let mut out = self.start();
        for piece in pieces(&said.text) {
            let field = if matches!(end, End::Refused) { "refusal" } else { "content" };
            out += &self.chunk(&json!({field: piece}), None);
        }
        for (at, call) in said.calls.iter().enumerate() {
            let id = call.id.clone().unwrap_or_else(|| format!("call_{}_{at}", self.seen.turns));
            let function = json!({"name": call.name, "arguments": ""});
            let first = json!({"index": at, "id": id, "type": "function", "function": function});
            out += &self.chunk(&json!({"tool_calls": [first]}), None);
            for piece in pieces(&call.arguments) {
                let more = json!({"index": at, "function": {"arguments": piece}});
                out += &self.chunk(&json!({"tool_calls": [more]}), None);
            }
        }
        let reason = match end {
            End::Honest | End::Refused if said.calls.is_empty() => "stop",
            End::Honest | End::Refused => "tool_calls",
            End::Length => "length",
            End::Other(reason) => reason,
        };
        out += &self.chunk(&json!({}), Some(reason));
        let calls: usize = said.calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
        out += &self.usage(tokens(said.text.len() + calls).max(1));
        out + "data: [DONE]\n\n"
    }

    fn failing(&self, kind: &str, message: &str) -> String {
        self.start() + &event(&json!({"error": {"message": message, "type": kind, "code": kind}}))
    }

    fn alive(&self) -> (String, String) {
        (self.start(), ": keep-alive\n\n".to_owned())
    }

    fn more_words(&self) -> String {
        self.chunk(&json!({"content": "and on ".repeat(1_000)}), None)
    }
}

impl Taken {
    fn start(&self) -> String {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    fn chunk(&self, delta: &Value, reason: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        event(&self.envelope(&json!([choice]), &Value::Null))
    }

    fn usage(&self, written: u64) -> String {
        let Counts { input, cached, .. } = self.counts;
        let usage = json!({
            "prompt_tokens": input,
            "completion_tokens": written,
            "total_tokens": input + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        });
        event(&self.envelope(&json!([]), &usage))
    }

    fn envelope(&self, choices: &Value, usage: &Value) -> Value {
        json!({
            "id": format!("chatcmpl-{}", self.seen.turns),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.seen.model,
            "choices": choices,
            "usage": usage,
        })
    }
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}
