//! Streams as vendors and gateways send them, read event by event.

#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use serde_json::{Value, json};

use super::draft::Draft;
use super::*;

#[test]
fn an_anthropic_stream_with_what_we_do_not_know_is_read_all_the_same() {
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 9, "new_field": {}}}}),
        json!({"type": "tomorrow", "x": 1}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "hologram", "data": "?"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "hologram_delta", "data": "?"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "citations": null}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "container": null},
               "usage": {"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 4}}),
        json!({"type": "message_stop"}),
    ];
    let mut draft = Draft::new(Provider::Anthropic, 0);
    for event in &events {
        draft.take(&event.to_string()).unwrap();
    }
    let usage = Usage { input_tokens: 13, cached_tokens: 4, cache_write_tokens: 0, output_tokens: 3 };
    let answer = Answer { text: "Hello".into(), calls: vec![], stop: Stop::EndTurn, usage, blocks: vec![] };
    assert_eq!(draft.finish(), Ok(answer));
}

#[test]
fn a_gateway_that_leaves_counts_and_reasons_empty_is_understood() {
    let mut draft = Draft::new(Provider::Anthropic, 40);
    for event in [
        json!({"type": "message_start", "message": {"usage": null}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hello"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": null}),
        json!({"type": "message_stop"}),
    ] {
        draft.take(&event.to_string()).unwrap();
    }
    let answer = draft.finish().unwrap();
    assert_eq!((answer.text.as_str(), answer.usage.input_tokens), ("Hello", 10));

    let mut draft = Draft::new(Provider::OpenAi, 40);
    for (text, reason) in [("Hel", ""), ("lo", "stop"), ("", "")] {
        let chunk = json!({"choices": [{"delta": {"content": text}, "finish_reason": reason}]});
        draft.take(&chunk.to_string()).unwrap();
    }
    draft.take("[DONE]").unwrap();
    let answer = draft.finish().unwrap();
    assert_eq!((answer.text.as_str(), answer.stop), ("Hello", Stop::EndTurn));
}

#[test]
fn calls_of_servers_that_number_them_all_zero_are_told_apart() {
    let chunk = |calls: Value, finish: Value| json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": finish}], "usage": null});
    let call = |id: &str, path: &str| {
        let arguments = json!({"path": path}).to_string();
        json!({"index": 0, "id": id, "type": "function", "function": {"name": "read", "arguments": arguments}})
    };
    let mut draft = Draft::new(Provider::OpenAi, 400);
    for chunk in [chunk(json!([call("a", "x"), call("b", "y")]), Value::Null), chunk(json!([]), json!("stop"))] {
        draft.take(&chunk.to_string()).unwrap();
    }
    draft.take("[DONE]").unwrap();
    let answer = draft.finish().unwrap();
    let paths: Vec<&Arguments> = answer.calls.iter().map(|call| &call.arguments).collect();
    assert_eq!(paths, [&Arguments::Json(json!({"path": "x"})), &Arguments::Json(json!({"path": "y"}))]);
    // It reported no usage, which must not make it free (T56).
    assert_eq!(answer.usage.input_tokens, 100);
    assert!(answer.usage.output_tokens > 0);
}
