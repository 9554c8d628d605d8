//! What is said to a model and what it answers, without any vendor's shape.
//!
//! Everything here is stored as JSON before it is used, so that a restart goes on where the conversation was.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A conversation so far, and the tools the model may call in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The standing instructions.
    pub system: String,
    /// The tools, in an order that stays the same, since it is part of the cached prefix.
    pub tools: Vec<ToolSpec>,
    /// The turns, oldest first.
    pub messages: Vec<Message>,
}

/// A tool as the model is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// The JSON schema of its arguments: an object.
    pub schema: Value,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Message {
    /// What the model is told: text, and the results of the calls of the turn before.
    User {
        /// The parts, in order; results are sent before texts, as the vendors ask.
        parts: Vec<Part>,
    },
    /// What the model said.
    Assistant {
        /// The answer as it was received.
        answer: Answer,
    },
}

/// A part of what the model is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// What came of a call.
    ToolResult {
        /// The id of the [`ToolCall`].
        call: String,
        /// The result as the model reads it.
        text: String,
        /// Whether the call failed.
        failed: bool,
    },
}

/// A whole answer: its final event has arrived and its end was no accident of the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the model said in words; may be empty.
    pub text: String,
    /// What it wants done. Not empty if and only if `stop` is [`Stop::ToolUse`].
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub stop: Stop,
    /// What it took.
    pub usage: Usage,
    /// The provider's own content blocks, whole and in order, when some of them (thinking) must go back unchanged;
    /// else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Unique within its answer; a result names it.
    pub id: String,
    /// The tool's name as the model wrote it. It may be unknown.
    pub name: String,
    /// The arguments.
    pub arguments: Arguments,
}

/// The arguments of a call: exactly what the model wrote, or a reason why nobody can know what it meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// A JSON object, not yet held against the tool's schema.
    Json(Value),
    /// Not a JSON object that can be read in one way only. To be told to the model, never to be repaired.
    Broken {
        /// What the model wrote.
        text: String,
        /// What is wrong with it, as a fragment for the model.
        why: String,
    },
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model has nothing to add.
    EndTurn,
    /// The model waits for the results of its calls.
    ToolUse,
    /// The answer reached the longest length allowed. Calls that may be incomplete have been dropped.
    Length,
    /// The model, or a filter of its vendor, refused.
    Refused,
    /// A reason this version does not know. Nothing of such an answer is to be executed.
    Other(String),
}

/// The tokens of one call, or of several added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens read, including those from the cache and those written to it.
    pub input_tokens: u64,
    /// Of these, the ones read from the cache.
    pub cached_tokens: u64,
    /// Of these, the ones written to the cache.
    pub cache_write_tokens: u64,
    /// All tokens written, including thoughts.
    pub output_tokens: u64,
}

impl Usage {
    /// Adds the tokens of another call.
    #[must_use]
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
        }
    }
}

impl Conversation {
    /// Every text in it that must not turn up in a log or an error.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let tools = self.tools.iter().map(|tool| tool.description.as_str());
        std::iter::once(self.system.as_str()).chain(tools).chain(self.messages.iter().flat_map(texts_of))
    }
}

fn texts_of(message: &Message) -> Vec<&str> {
    match message {
        Message::User { parts } => parts
            .iter()
            .map(|part| match part {
                Part::Text { text } | Part::ToolResult { text, .. } => text.as_str(),
            })
            .collect(),
        Message::Assistant { answer } => {
            let mut texts = vec![answer.text.as_str()];
            for call in &answer.calls {
                match &call.arguments {
                    Arguments::Json(value) => strings_in(value, &mut texts),
                    Arguments::Broken { text, .. } => texts.push(text),
                }
            }
            texts
        }
    }
}

fn strings_in<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings_in(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| strings_in(field, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;
    use serde_json::json;

    #[test]
    fn f14_an_answer_survives_the_way_into_the_store_and_back() {
        let answer = Answer {
            text: "Let me look.".into(),
            calls: vec![
                ToolCall {
                    id: "a".into(), name: "read".into(), arguments: Arguments::Json(json!({"z": 1, "a": "ü"}))
                },
                ToolCall {
                    id: "b".into(),
                    name: "read".into(),
                    arguments: Arguments::Broken { text: "{".into(), why: "cut".into() },
                },
            ],
            stop: Stop::Other("pause_turn".into()),
            usage: Usage { input_tokens: 10, cached_tokens: 4, cache_write_tokens: 2, output_tokens: 3 },
            blocks: vec![json!({"type": "thinking", "thinking": "", "signature": "c2ln"})],
        };
        let said = Message::Assistant { answer };
        let stored = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&stored).unwrap(), said);
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Message>(&stored).unwrap()).unwrap(), stored);
    }
}
