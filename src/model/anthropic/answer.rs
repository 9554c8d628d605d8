//! An answer of Anthropic's Messages API, from `message_start` to `message_stop`.
//!
//! Unknown events and blocks are skipped, as the vendor's versioning policy asks. Anything else out of order is a fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::conversation::{Answer, Stop, Usage};
use crate::model::draft::{Fault, MAX_PARTS, Progress, RawCall, estimate, other, read_calls, settle};
use crate::model::request::sent_name;

/// What the events so far make up.
#[derive(Debug, Default)]
pub(in crate::model) struct Draft {
    begun: bool,
    whole: bool,
    blocks: BTreeMap<u64, Block>,
    stop: Option<String>,
    usage: Reported,
    /// Whether the counts are the final ones; those of the first event are a placeholder of a few tokens.
    counted: bool,
    request_bytes: usize,
    answer_bytes: usize,
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    open: bool,
}

#[derive(Debug)]
enum Kind {
    Text(String),
    Call(RawCall),
    /// A thought, or a redacted one: the vendor's object, completed by its deltas.
    Thought(Map<String, Value>),
    Unknown,
}

/// Cumulative counts; later events may repeat or leave out what earlier ones said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reported {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Begun,
    },
    ContentBlockStart {
        index: u64,
        content_block: Map<String, Value>,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    ContentBlockStop {
        index: u64,
    },
    MessageDelta {
        delta: End,
        usage: Option<Reported>,
    },
    MessageStop,
    Error {
        error: Failure,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Begun {
    usage: Option<Reported>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

impl Draft {
    pub(in crate::model) fn new(request_bytes: usize) -> Draft {
        Draft { request_bytes, ..Draft::default() }
    }

    pub(in crate::model) fn take(&mut self, data: &str) -> Result<Progress, Fault> {
        let event = serde_json::from_str(data).map_err(|_| Fault::Garbled("an event is not what the API documents"))?;
        match event {
            Event::Error { error } => return Err(Fault::Vendor { kind: error.kind, words: error.message }),
            Event::Other => return Ok(Progress::More),
            Event::MessageStart { message } => {
                if std::mem::replace(&mut self.begun, true) {
                    return Err(Fault::Garbled("it begins twice"));
                }
                self.usage.update(message.usage.unwrap_or_default());
                return Ok(Progress::More);
            }
            Event::ContentBlockStart { .. }
            | Event::ContentBlockDelta { .. }
            | Event::ContentBlockStop { .. }
            | Event::MessageDelta { .. }
            | Event::MessageStop
                if !self.begun =>
            {
                return Err(Fault::Garbled("it has no beginning"));
            }
            Event::ContentBlockStart { index, content_block } => self.start(index, content_block)?,
            Event::ContentBlockDelta { index, delta } => self.add(index, delta)?,
            Event::ContentBlockStop { index } => self.open(index)?.open = false,
            Event::MessageDelta { delta, usage } => {
                self.stop = delta.stop_reason.or(self.stop.take());
                let usage = usage.unwrap_or_default();
                self.counted |= usage.output_tokens.is_some();
                self.usage.update(usage);
            }
            Event::MessageStop => {
                self.whole = true;
                return Ok(Progress::Whole);
            }
        }
        Ok(Progress::More)
    }

    pub(in crate::model) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(in crate::model) fn spent(&self) -> Usage {
        let usage = self.usage.total(self.request_bytes);
        if self.counted {
            return usage;
        }
        Usage { output_tokens: usage.output_tokens.max(estimate(self.answer_bytes)), ..usage }
    }

    pub(in crate::model) fn finish(self) -> Result<Answer, Fault> {
        if !self.whole {
            return Err(Fault::Garbled("the stream ended before its final event"));
        }
        let usage = self.spent();
        let stop = match self.stop.as_deref() {
            None => return Err(Fault::Garbled("it does not say why it ended")),
            Some("end_turn") => Stop::EndTurn,
            Some("tool_use") => Stop::ToolUse,
            Some("max_tokens" | "model_context_window_exceeded") => Stop::Length,
            Some("refusal") => Stop::Refused,
            Some(reason) => other(reason),
        };
        // At the longest length the last block may be left open; everywhere else an open block is a broken stream.
        if stop != Stop::Length && self.blocks.values().any(|block| block.open) {
            return Err(Fault::Garbled("a block of it has no end"));
        }
        assemble(stop, usage, self.blocks.into_values().collect())
    }

    fn start(&mut self, index: u64, block: Map<String, Value>) -> Result<(), Fault> {
        if self.blocks.len() >= MAX_PARTS || self.blocks.contains_key(&index) {
            return Err(Fault::Garbled("its blocks are too many or not numbered one by one"));
        }
        let field = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = match field("type").as_str() {
            "text" => Kind::Text(field("text")),
            "tool_use" => {
                // Some gateways send the whole input here and no deltas; the API itself sends an empty object.
                let json = match block.get("input") {
                    Some(Value::Object(input)) if !input.is_empty() => Value::Object(input.clone()).to_string(),
                    Some(_) | None => String::new(),
                };
                Kind::Call(RawCall { id: field("id"), name: field("name"), json })
            }
            "thinking" | "redacted_thinking" => Kind::Thought(block),
            _ => Kind::Unknown,
        };
        self.blocks.insert(index, Block { kind, open: true });
        Ok(())
    }

    fn add(&mut self, index: u64, delta: Delta) -> Result<(), Fault> {
        let grown = match &delta {
            Delta::Text { text: more } | Delta::Input { partial_json: more } | Delta::Thinking { thinking: more } => {
                more.len()
            }
            Delta::Signature { .. } | Delta::Other => 0,
        };
        self.answer_bytes += grown;
        match (&mut self.open(index)?.kind, delta) {
            (Kind::Text(text), Delta::Text { text: more }) => text.push_str(&more),
            (Kind::Call(call), Delta::Input { partial_json }) => call.json.push_str(&partial_json),
            (Kind::Thought(thought), Delta::Thinking { thinking }) => append(thought, "thinking", &thinking),
            (Kind::Thought(thought), Delta::Signature { signature }) => append(thought, "signature", &signature),
            (Kind::Unknown, _) | (_, Delta::Other) => {}
            (Kind::Text(_) | Kind::Call(_) | Kind::Thought(_), _) => {
                return Err(Fault::Garbled("a part of it is of another kind than its block"));
            }
        }
        Ok(())
    }

    fn open(&mut self, index: u64) -> Result<&mut Block, Fault> {
        self.blocks.get_mut(&index).filter(|block| block.open).ok_or(Fault::Garbled("a part of it has no open block"))
    }
}

impl Reported {
    fn update(&mut self, newer: Reported) {
        self.input_tokens = newer.input_tokens.max(self.input_tokens);
        self.cache_read_input_tokens = newer.cache_read_input_tokens.max(self.cache_read_input_tokens);
        self.cache_creation_input_tokens = newer.cache_creation_input_tokens.max(self.cache_creation_input_tokens);
        self.output_tokens = newer.output_tokens.max(self.output_tokens);
    }

    /// The API's `input_tokens` leaves out what was read from or written to the cache; ours has it all. If nothing was
    /// reported, it is estimated.
    fn total(&self, request_bytes: usize) -> Usage {
        let cached_tokens = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write_tokens = self.cache_creation_input_tokens.unwrap_or(0);
        let reported = self.input_tokens.unwrap_or(0).saturating_add(cached_tokens).saturating_add(cache_write_tokens);
        Usage {
            input_tokens: if reported == 0 { estimate(request_bytes) } else { reported },
            cached_tokens,
            cache_write_tokens,
            output_tokens: self.output_tokens.unwrap_or(0),
        }
    }
}

fn append(object: &mut Map<String, Value>, field: &str, more: &str) {
    match object.get_mut(field) {
        Some(Value::String(text)) => text.push_str(more),
        Some(_) | None => {
            object.insert(field.to_owned(), json!(more));
        }
    }
}

fn assemble(stop: Stop, usage: Usage, blocks: Vec<Block>) -> Result<Answer, Fault> {
    let raw = blocks.iter().filter_map(|block| match &block.kind {
        Kind::Call(call) => Some(call.clone()),
        Kind::Text(_) | Kind::Thought(_) | Kind::Unknown => None,
    });
    let (stop, calls) = settle(stop, read_calls(raw.collect()))?;
    let text: String = blocks
        .iter()
        .filter_map(|block| match &block.kind {
            Kind::Text(text) => Some(text.as_str()),
            Kind::Call(_) | Kind::Thought(_) | Kind::Unknown => None,
        })
        .collect();
    let thoughtful = blocks.iter().any(|block| matches!(block.kind, Kind::Thought(_)));
    let mut kept = calls.iter();
    let verbatim = blocks.into_iter().filter_map(|Block { kind, open }| {
        match kind {
        // Calls that were dropped go from here as well, and so does a thought without its signature.
        Kind::Call(_) => kept.next().map(|call| {
            json!({"type": "tool_use", "id": call.id, "name": sent_name(&call.name), "input": call.arguments.sent()})
        }),
        Kind::Text(text) if !text.trim().is_empty() => Some(json!({"type": "text", "text": text})),
        Kind::Thought(thought) if !open => Some(Value::Object(thought)),
        Kind::Text(_) | Kind::Thought(_) | Kind::Unknown => None,
    }
    });
    let blocks = if thoughtful { verbatim.collect() } else { Vec::new() };
    Ok(Answer { text, calls, stop, usage, blocks })
}
