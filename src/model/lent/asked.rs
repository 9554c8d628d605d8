//! A question as a program asked it, made into one that may be asked in its place.
//!
//! Fields and parts are taken by lists of what is known to be harmless; what is not on them is left out where the model
//! can do without it, and refused where its sense would change. Above all: no tool that the vendor runs itself, and no
//! address that it would fetch, for both lead out of the sandbox (T40, T44).

use serde_json::{Map, Value, json};

use super::super::client::foreseen;
use super::super::conversation::Usage;
use super::super::draft::Draft;
use super::super::profile::{Effort, Profile, Provider};
use super::super::request::hash_of;
use super::super::{anthropic, openai};
use super::responses;
use crate::ids::Digest;
use crate::model::Model;

/// The shape in which a program asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Anthropic's `/v1/messages`.
    Messages,
    /// OpenAI's `/v1/chat/completions`.
    ChatCompletions,
    /// OpenAI's `/v1/responses`.
    Responses,
}

/// A question that may be passed on.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) dialect: Dialect,
    pub(super) body: String,
    pub(super) streams: bool,
    pub(super) betas: Option<String>,
    sent: Value,
    pub(super) worst: Usage,
    hash: Digest,
}

/// Why a question may not be passed on, for the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(String);

const MESSAGES: [&str; 11] = [
    "messages",
    "system",
    "tools",
    "tool_choice",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "thinking",
    "output_config",
    "context_management",
];

const CHAT: [&str; 15] = [
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "max_completion_tokens",
];

const RESPONSES: [&str; 12] = [
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "temperature",
    "top_p",
    "include",
    "prompt_cache_key",
    "truncation",
];

/// Parts of a conversation that only say something.
const PARTS: [&str; 20] = [
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "image",
    "document",
    "image_url",
    "refusal",
    "message",
    "input_text",
    "output_text",
    "input_image",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
];

/// Beta features of Anthropic's are named by letters, digits and dashes.
const LONGEST_BETAS: usize = 1_000;

impl Model {
    /// Takes a program's question, to be asked in the profile's name. `betas` is the program's `anthropic-beta` header.
    ///
    /// # Errors
    /// [`NotTaken`] when it is not a question, or one that must not go out.
    pub fn take(&self, dialect: Dialect, body: &[u8], betas: Option<&str>) -> Result<Asked, NotTaken> {
        let profile = self.profile();
        if dialect.provider() != profile.provider {
            let speaks = match profile.provider {
                Provider::Anthropic => "Anthropic's /v1/messages",
                Provider::OpenAi => "OpenAI's /v1/chat/completions and /v1/responses",
            };
            return Err(NotTaken(format!("this model is asked by {speaks} and by nothing else")));
        }
        let Ok(Value::Object(given)) = serde_json::from_slice::<Value>(body) else {
            return Err(NotTaken("the body is no JSON object".to_owned()));
        };
        let streams = given.get("stream").and_then(Value::as_bool).unwrap_or(false);
        let known: &[&str] = match dialect {
            Dialect::Messages => &MESSAGES,
            Dialect::ChatCompletions => &CHAT,
            Dialect::Responses => &RESPONSES,
        };
        let asks_for = |names: &[&str]| names.iter().find_map(|name| given.get(*name)?.as_u64());
        let most = asks_for(&["max_tokens", "max_completion_tokens", "max_output_tokens"]);
        let most = most.unwrap_or(u64::MAX).clamp(1, u64::from(profile.max_output_tokens));
        let mut sent: Map<String, Value> =
            given.into_iter().filter(|(name, _)| known.contains(&name.as_str())).collect();
        for conversation in ["messages", "input", "system"] {
            if let Some(parts) = sent.get(conversation) {
                harmless(parts)?;
            }
        }
        keep_own_tools(&mut sent, dialect);
        sent.insert("model".to_owned(), json!(profile.model));
        if streams {
            sent.insert("stream".to_owned(), json!(true));
        }
        limit(&mut sent, dialect, most, profile);
        let sent = Value::Object(sent);
        let body = sent.to_string();
        let worst = foreseen(body.len(), most);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | ' ');
        let betas = betas.filter(|betas| betas.len() <= LONGEST_BETAS && betas.chars().all(plain));
        let hash = hash_of(profile, &body);
        Ok(Asked { dialect, body, streams, betas: betas.map(str::to_owned), sent, worst, hash })
    }
}

impl Asked {
    /// The most that it may use up, foreseen as [`Model::foresee`] does.
    #[must_use]
    pub fn worst(&self) -> Usage {
        self.worst
    }

    /// Which question it is, as [`super::super::request_hash`] says it of the house's own.
    #[must_use]
    pub fn hash(&self) -> &Digest {
        &self.hash
    }

    /// All that is said in it.
    pub(super) fn texts(&self) -> Vec<&str> {
        let mut texts = vec![];
        let mut rest = vec![&self.sent];
        while let Some(value) = rest.pop() {
            match value {
                Value::String(text) => texts.push(text.as_str()),
                Value::Array(items) => rest.extend(items),
                Value::Object(fields) => rest.extend(fields.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        texts
    }
}

impl Dialect {
    fn provider(self) -> Provider {
        match self {
            Dialect::Messages => Provider::Anthropic,
            Dialect::ChatCompletions | Dialect::Responses => Provider::OpenAi,
        }
    }

    /// The last part of the path that it is posted to, where that is not the profile's own.
    pub(super) fn path(self) -> Option<&'static str> {
        match self {
            Dialect::Messages | Dialect::ChatCompletions => None,
            Dialect::Responses => Some("responses"),
        }
    }

    /// An answer in one piece as the events that would have made it up.
    pub(super) fn as_events(self, mut answer: Value) -> Vec<String> {
        let mut events = vec![];
        match self {
            Dialect::Messages => {
                events.push(json!({"type": "message_start", "message": {"usage": answer["usage"]}}));
                for (index, block) in answer["content"].as_array().into_iter().flatten().enumerate() {
                    events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
                    events.push(json!({"type": "content_block_stop", "index": index}));
                }
                let delta = json!({"stop_reason": answer["stop_reason"]});
                events.push(json!({"type": "message_delta", "delta": delta, "usage": answer["usage"]}));
                events.push(json!({"type": "message_stop"}));
            }
            Dialect::ChatCompletions => {
                let choice = answer["choices"][0].take();
                let choice = json!({"index": 0, "delta": choice["message"], "finish_reason": choice["finish_reason"]});
                events.push(json!({"choices": [choice], "usage": answer["usage"]}));
                return events.into_iter().map(|event| event.to_string()).chain(["[DONE]".to_owned()]).collect();
            }
            Dialect::Responses => events.push(json!({"type": "response.completed", "response": answer})),
        }
        events.into_iter().map(|event| event.to_string()).collect()
    }
}

impl Draft {
    /// Begins the answer to a question in a dialect.
    pub(super) fn of(dialect: Dialect, request_bytes: usize) -> Draft {
        match dialect {
            Dialect::Messages => Draft::Anthropic(anthropic::Draft::new(request_bytes)),
            Dialect::ChatCompletions => Draft::OpenAi(openai::Draft::new(request_bytes)),
            Dialect::Responses => Draft::Responses(responses::Draft::new(request_bytes)),
        }
    }
}

/// Leaves the tools that the program carries out itself; those of the vendor's own would reach the network for it.
fn keep_own_tools(sent: &mut Map<String, Value>, dialect: Dialect) {
    let own = |tool: &Value| match (dialect, tool["type"].as_str()) {
        (Dialect::Messages, None | Some("custom")) => tool["name"].is_string(),
        (Dialect::ChatCompletions | Dialect::Responses, Some("function" | "custom")) => true,
        (Dialect::Responses, Some("namespace")) => {
            let own = |tool: &Value| matches!(tool["type"].as_str(), Some("function" | "custom"));
            tool["tools"].as_array().is_some_and(|inner| inner.iter().all(own))
        }
        (Dialect::Messages | Dialect::ChatCompletions | Dialect::Responses, _) => false,
    };
    let Some(Value::Array(tools)) = sent.get_mut("tools") else {
        sent.remove("tools");
        sent.remove("tool_choice");
        return;
    };
    tools.retain(own);
    if tools.is_empty() {
        sent.remove("tools");
        sent.remove("tool_choice");
    }
}

/// Puts the profile's limits in the place of the program's.
fn limit(sent: &mut Map<String, Value>, dialect: Dialect, most: u64, profile: &Profile) {
    match dialect {
        Dialect::Messages => {
            sent.insert("max_tokens".to_owned(), json!(most));
            let thinks = sent.get("thinking").and_then(|thinking| thinking["budget_tokens"].as_u64());
            if thinks.is_some_and(|budget| budget >= most) {
                sent.remove("thinking");
            }
            if let Some(effort) = profile.effort {
                sent.insert("output_config".to_owned(), json!({"effort": anthropic::level(effort)}));
            }
        }
        Dialect::ChatCompletions => {
            let old = sent.remove("max_tokens").is_some();
            let new = sent.remove("max_completion_tokens").is_some();
            let name = if new || (!old && profile.is_openai_itself()) { "max_completion_tokens" } else { "max_tokens" };
            sent.insert(name.to_owned(), json!(most));
            if sent.contains_key("stream") {
                sent.insert("stream_options".to_owned(), json!({"include_usage": true}));
            }
            if let Some(effort) = profile.effort {
                sent.insert("reasoning_effort".to_owned(), json!(word(effort)));
            }
        }
        Dialect::Responses => {
            sent.insert("max_output_tokens".to_owned(), json!(most));
            sent.insert("store".to_owned(), json!(false));
            // Anything else would have the vendor look something up.
            let thoughts = json!("reasoning.encrypted_content");
            let wanted = sent
                .remove("include")
                .is_some_and(|wanted| wanted.as_array().is_some_and(|wanted| wanted.contains(&thoughts)));
            if wanted {
                sent.insert("include".to_owned(), json!([thoughts]));
            }
            if let Some(effort) = profile.effort {
                sent.insert("reasoning".to_owned(), json!({"effort": word(effort)}));
            }
        }
    }
}

fn word(effort: Effort) -> Value {
    serde_json::to_value(effort).unwrap_or_default()
}

/// Refuses what would make the vendor do more than read and answer.
fn harmless(part: &Value) -> Result<(), NotTaken> {
    match part {
        Value::Array(parts) => parts.iter().try_for_each(harmless),
        Value::Object(fields) => {
            // A turn has a role and no type.
            if let Some(kind) = fields.get("type").and_then(Value::as_str)
                && !PARTS.contains(&kind)
            {
                let kind: String = kind.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(NotTaken(format!("a part of the kind {kind:?} is not passed on from here")));
            }
            if fetches(fields) {
                return Err(NotTaken("what the vendor would have to fetch is not passed on from here".to_owned()));
            }
            ["content", "output", "summary"].iter().filter_map(|name| fields.get(*name)).try_for_each(harmless)
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn fetches(fields: &Map<String, Value>) -> bool {
    let inline = |url: &Value| url.as_str().is_some_and(|url| url.starts_with("data:"));
    let image = fields.get("image_url").is_some_and(|image| !inline(image) && !inline(&image["url"]));
    let source = fields.get("source").is_some_and(|source| !matches!(source["type"].as_str(), Some("base64" | "text")));
    image || source || ["file_url", "file_id", "file", "url"].iter().any(|name| fields.contains_key(*name))
}
