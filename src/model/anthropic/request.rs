//! A conversation in the shape of Anthropic's Messages API, with its cache marks.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::conversation::{Answer, Conversation, Message, Part, ToolSpec};
use crate::model::profile::{Effort, Profile};
use crate::model::request::{sent_name, written};

/// The body of a request.
///
/// At most three of the four cache marks that the API takes are set: behind tools and instructions, and behind each of the last two
/// turns of ours, so that a request reads what the one before it has written. Marks are not part of what is cached.
pub(in crate::model) fn body(conversation: &Conversation, profile: &Profile) -> String {
    let mut tools: Vec<Value> = conversation.tools.iter().map(tool).collect();
    let mut system = None;
    if conversation.system.trim().is_empty() {
        mark(tools.last_mut());
    } else {
        let mut text = json!({"type": "text", "text": conversation.system});
        mark(Some(&mut text));
        system = Some([text]);
    }
    let mut messages: Vec<Value> = conversation.messages.iter().filter_map(message).collect();
    for turn in messages.iter_mut().rev().filter(|turn| turn["role"] == "user").take(2) {
        mark(turn["content"].as_array_mut().and_then(|blocks| blocks.last_mut()));
    }
    let body = Body {
        model: &profile.model,
        max_tokens: profile.max_output_tokens,
        stream: true,
        thinking: profile.effort.map(|_| json!({"type": "adaptive"})),
        output_config: profile.effort.map(|effort| json!({"effort": level(effort)})),
        tools,
        system,
        messages,
    };
    written(&body)
}

/// The fields in the order in which they are sent; what grows comes last.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<[Value; 1]>,
    messages: Vec<Value>,
}

pub(in crate::model) fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
    }
}

fn mark(block: Option<&mut Value>) {
    if let Some(Value::Object(block)) = block {
        block.insert("cache_control".into(), json!({"type": "ephemeral"}));
    }
}

fn tool(spec: &ToolSpec) -> Value {
    json!({"name": sent_name(&spec.name), "description": spec.description, "input_schema": spec.schema})
}

/// One turn; none if it says nothing, since the API refuses empty texts and empty turns.
fn message(message: &Message) -> Option<Value> {
    let (role, content) = match message {
        Message::User { parts } => ("user", told(parts)),
        Message::Assistant { answer } => ("assistant", said(answer)),
    };
    (!content.is_empty()).then(|| json!({"role": role, "content": content}))
}

/// Results go before texts: the API answers 400 to a text between a call and its result.
fn told(parts: &[Part]) -> Vec<Value> {
    let results = parts.iter().filter_map(|part| match part {
        Part::ToolResult { call, text, failed: true } => {
            Some(json!({"type": "tool_result", "tool_use_id": call, "content": text, "is_error": true}))
        }
        Part::ToolResult { call, text, failed: false } => {
            Some(json!({"type": "tool_result", "tool_use_id": call, "content": text}))
        }
        Part::Text { .. } => None,
    });
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } if !text.trim().is_empty() => Some(json!({"type": "text", "text": text})),
        Part::Text { .. } | Part::ToolResult { .. } => None,
    });
    results.chain(texts).collect()
}

fn said(answer: &Answer) -> Vec<Value> {
    if !answer.blocks.is_empty() {
        return answer.blocks.clone();
    }
    let text = (!answer.text.trim().is_empty()).then(|| json!({"type": "text", "text": answer.text}));
    let calls = answer.calls.iter().map(|call| {
        json!({"type": "tool_use", "id": call.id, "name": sent_name(&call.name), "input": call.arguments.sent()})
    });
    text.into_iter().chain(calls).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::tests::profile;
    use crate::model::{Arguments, Provider, Stop, ToolCall, Usage};

    fn turns(count: usize) -> Conversation {
        let call = |n: usize| Message::Assistant {
            answer: Answer {
                text: String::new(),
                calls: vec![ToolCall {
                    id: format!("toolu_{n}"),
                    name: "read".into(),
                    arguments: Arguments::Json(json!({"path": n})),
                }],
                stop: Stop::ToolUse,
                usage: Usage::default(),
                blocks: vec![],
            },
        };
        let result = |n: usize| Part::ToolResult { call: format!("toolu_{n}"), text: "ok".into(), failed: n % 2 == 1 };
        let mut messages = vec![Message::User { parts: vec![Part::Text { text: "Fix it.".into() }] }];
        for n in 0..count {
            messages.push(call(n));
            messages.push(Message::User { parts: vec![Part::Text { text: "Go on.".into() }, result(n)] });
        }
        let schema = json!({"type": "object", "properties": {"path": {"type": "integer"}}});
        let tool = |name: &str| ToolSpec { name: name.into(), description: "x".into(), schema: schema.clone() };
        Conversation { system: "Be brief.".into(), tools: vec![tool("read"), tool("edit")], messages }
    }

    fn body_of(conversation: &Conversation) -> Value {
        parsed(&body(conversation, &profile(Provider::Anthropic, "https://api.anthropic.com")))
    }

    fn parsed(body: &str) -> Value {
        serde_json::from_str(body).unwrap_or_default()
    }

    /// The bytes of a request as the vendor's cache sees them.
    fn without_marks(conversation: &Conversation) -> String {
        let body = body(conversation, &profile(Provider::Anthropic, "https://api.anthropic.com"));
        body.replace(r#","cache_control":{"type":"ephemeral"}"#, "")
            .replace(r#""cache_control":{"type":"ephemeral"},"#, "")
    }

    #[test]
    fn there_are_never_more_than_four_cache_marks_and_they_sit_on_the_newest_turns() {
        for count in 0..6 {
            let body = body_of(&turns(count));
            let marks = body.to_string().matches("cache_control").count();
            assert_eq!(marks, if count == 0 { 2 } else { 3 }, "{count}");
            let turns = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            for turn in turns.iter().rev().filter(|turn| turn["role"] == "user").take(2) {
                let newest = turn["content"].as_array().and_then(|blocks| blocks.last());
                assert!(newest.is_some_and(|block| block.get("cache_control").is_some()), "{count}");
            }
        }
    }

    #[test]
    fn the_next_request_begins_with_the_bytes_of_this_one() {
        for count in 0..6 {
            let now = without_marks(&turns(count));
            let next = without_marks(&turns(count + 1));
            let kept = now.strip_suffix("]}").unwrap_or_default();
            assert!(!kept.is_empty() && next.starts_with(kept), "{count}");
        }
    }

    #[test]
    fn a_result_goes_before_a_text_and_a_failed_one_says_so() {
        let body = body_of(&turns(2));
        assert_eq!(
            body["messages"][4]["content"][0],
            json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok", "is_error": true})
        );
        assert_eq!(body["messages"][4]["content"][1]["text"], "Go on.");
        assert_eq!(body["messages"][2]["content"][0].get("is_error"), None);
    }

    #[test]
    fn effort_is_sent_only_when_it_is_configured() {
        let plain = profile(Provider::Anthropic, "https://api.anthropic.com");
        assert!(!body(&turns(0), &plain).contains("thinking"));
        let hard = Profile { effort: Some(Effort::XHigh), ..plain };
        let body = parsed(&body(&turns(0), &hard));
        assert_eq!(body["thinking"], json!({"type": "adaptive"}));
        assert_eq!(body["output_config"], json!({"effort": "xhigh"}));
    }

    #[test]
    fn thoughts_go_back_unchanged_and_empty_turns_do_not_go_at_all() {
        let blocks = vec![
            json!({"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"}),
            json!({"type": "text", "text": "Yes."}),
        ];
        let answer = |text: &str, blocks: &[Value]| Message::Assistant {
            answer: Answer {
                text: text.into(),
                calls: vec![],
                stop: Stop::EndTurn,
                usage: Usage::default(),
                blocks: blocks.to_vec(),
            },
        };
        let conversation =
            Conversation { messages: vec![answer("Yes.", &blocks), answer(" ", &[])], ..Conversation::default() };
        assert_eq!(body_of(&conversation)["messages"], json!([{"role": "assistant", "content": blocks}]));
    }
}
