//! A conversation in the shape of the chat completions API.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::model::conversation::{Answer, Conversation, Message, Part, ToolSpec};
use crate::model::profile::{Effort, Profile};
use crate::model::request::{sent_name, written};

/// The body of a request. There are no cache marks: OpenAI caches prefixes by itself, and other servers refuse the option.
pub(in crate::model) fn body(conversation: &Conversation, profile: &Profile) -> String {
    let mut messages = Vec::new();
    if !conversation.system.trim().is_empty() {
        messages.push(json!({"role": "system", "content": conversation.system}));
    }
    for message in &conversation.messages {
        match message {
            Message::User { parts } => told(parts, &mut messages),
            Message::Assistant { answer } => messages.extend(said(answer)),
        }
    }
    // OpenAI's reasoning models refuse the old name, and other servers do not know the new one.
    let longest = profile.max_output_tokens;
    let (max_tokens, max_completion_tokens) =
        if profile.is_openai_itself() { (None, Some(longest)) } else { (Some(longest), None) };
    let body = Body {
        model: &profile.model,
        max_tokens,
        max_completion_tokens,
        stream: true,
        stream_options: json!({"include_usage": true}),
        reasoning_effort: profile.effort.map(level),
        tools: conversation.tools.iter().map(tool).collect(),
        messages,
    };
    written(&body)
}

/// The fields in the order in which they are sent; what grows comes last.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    stream_options: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    messages: Vec<Value>,
}

fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
    }
}

fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": {"name": sent_name(&spec.name), "description": spec.description, "parameters": spec.schema},
    })
}

/// Results go before texts: the API answers 400 to anything between a call and its result.
fn told(parts: &[Part], messages: &mut Vec<Value>) {
    for part in parts {
        if let Part::ToolResult { call, text, failed } = part {
            // The format has no place for a failure, so the text has to say it.
            let content = if *failed { format!("error: {text}") } else { text.clone() };
            messages.push(json!({"role": "tool", "tool_call_id": call, "content": content}));
        }
    }
    for part in parts {
        if let Part::Text { text } = part
            && !text.trim().is_empty()
        {
            messages.push(json!({"role": "user", "content": text}));
        }
    }
}

fn said(answer: &Answer) -> Option<Value> {
    let mut message = Map::new();
    message.insert("role".into(), json!("assistant"));
    if !answer.text.trim().is_empty() {
        message.insert("content".into(), json!(answer.text));
    } else if answer.calls.is_empty() {
        return None;
    }
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().map(|call| {
            let function = json!({"name": sent_name(&call.name), "arguments": call.arguments.sent().to_string()});
            json!({"id": call.id, "type": "function", "function": function})
        });
        message.insert("tool_calls".into(), calls.collect());
    }
    Some(Value::Object(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::tests::profile;
    use crate::model::{Arguments, Provider, Stop, ToolCall, Usage};

    fn conversation() -> Conversation {
        let calls = vec![
            ToolCall { id: "c1".into(), name: "read".into(), arguments: Arguments::Json(json!({"path": "a"})) },
            ToolCall {
                id: "c2".into(),
                name: "no such".into(),
                arguments: Arguments::Broken { text: "{".into(), why: "cut".into() },
            },
        ];
        let answer =
            Answer { text: String::new(), calls, stop: Stop::ToolUse, usage: Usage::default(), blocks: vec![] };
        Conversation {
            system: "Be brief.".into(),
            tools: vec![],
            messages: vec![
                Message::User { parts: vec![Part::Text { text: "Fix it.".into() }] },
                Message::Assistant { answer },
                Message::User {
                    parts: vec![
                        Part::Text { text: "Go on.".into() },
                        Part::ToolResult { call: "c1".into(), text: "ok".into(), failed: false },
                        Part::ToolResult { call: "c2".into(), text: "no such tool".into(), failed: true },
                    ],
                },
            ],
        }
    }

    fn parsed(body: &str) -> Value {
        serde_json::from_str(body).unwrap_or_default()
    }

    #[test]
    fn a_conversation_is_sent_in_the_documented_shape_and_nothing_else() {
        let profile = profile(Provider::OpenAi, "http://localhost:11434/v1");
        let expected = json!({
            "model": "some-model-1", "max_tokens": 4096, "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Fix it."},
                {"role": "assistant", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}},
                    {"id": "c2", "type": "function",
                     "function": {"name": "no_such", "arguments": "{\"unreadable\":\"{\"}"}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "ok"},
                {"role": "tool", "tool_call_id": "c2", "content": "error: no such tool"},
                {"role": "user", "content": "Go on."},
            ],
        });
        assert_eq!(parsed(&body(&conversation(), &profile)), expected);
    }

    #[test]
    fn the_next_request_begins_with_the_bytes_of_this_one() {
        let profile = profile(Provider::OpenAi, "https://api.openai.com/v1");
        let whole = conversation();
        for count in 0..whole.messages.len() {
            let part = |count| Conversation { messages: whole.messages[..count].to_vec(), ..whole.clone() };
            let now = body(&part(count), &profile);
            let kept = now.strip_suffix("]}").unwrap_or_default();
            assert!(!kept.is_empty() && body(&part(count + 1), &profile).starts_with(kept), "{count}");
        }
    }

    #[test]
    fn openai_itself_gets_the_new_name_of_the_limit_and_effort_only_when_configured() {
        let ours = profile(Provider::OpenAi, "https://api.openai.com/v1");
        let plain = parsed(&body(&conversation(), &ours));
        assert_eq!((plain.get("max_tokens"), plain.get("reasoning_effort")), (None, None));
        assert_eq!(plain["max_completion_tokens"], 4096);
        let hard = Profile { effort: Some(Effort::High), ..ours };
        assert_eq!(parsed(&body(&conversation(), &hard))["reasoning_effort"], "high");
    }
}
