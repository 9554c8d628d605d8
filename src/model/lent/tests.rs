//! What is lent: what goes out, what comes back, what it is taken to have cost.

#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use serde_json::{Value, json};

use super::*;
use crate::model::profile::tests::profile;
use crate::model::{Effort, Profile, Provider, Stop, Usage};

fn model(provider: Provider) -> Model {
    Model::new(profile(provider, "https://models.example")).unwrap()
}

fn sent(dialect: Dialect, provider: Provider, body: &Value) -> Value {
    serde_json::from_str(&model(provider).take(dialect, body.to_string().as_bytes(), None).unwrap().body).unwrap()
}

#[test]
fn t40_model_and_limits_are_the_profiles_whatever_the_program_says() {
    let body = json!({
        "model": "another", "max_tokens": 900_000, "stream": true, "metadata": {"user_id": "u"}, "container": "c",
        "mcp_servers": [{"url": "https://away.example"}], "thinking": {"type": "enabled", "budget_tokens": 4096},
        "messages": [{"role": "user", "content": "Hello"}],
    });
    assert_eq!(
        sent(Dialect::Messages, Provider::Anthropic, &body),
        json!({"model": "some-model-1", "max_tokens": 4096, "stream": true, "messages": body["messages"]})
    );
    let body = json!({"model": "another", "stream": true, "messages": [], "n": 9, "user": "u", "max_tokens": 7});
    assert_eq!(
        sent(Dialect::ChatCompletions, Provider::OpenAi, &body),
        json!({"model": "some-model-1", "max_tokens": 7, "stream": true, "messages": [],
            "stream_options": {"include_usage": true}})
    );
    let body = json!({"model": "another", "input": "Hello", "store": true, "background": true});
    assert_eq!(
        sent(Dialect::Responses, Provider::OpenAi, &body),
        json!({"model": "some-model-1", "max_output_tokens": 4096, "input": "Hello", "store": false})
    );
}

#[test]
fn the_effort_of_the_profile_is_sent() {
    let hard = Profile { effort: Some(Effort::High), ..profile(Provider::Anthropic, "https://models.example") };
    let asked = Model::new(hard).unwrap().take(Dialect::Messages, b"{\"messages\":[]}", None).unwrap();
    assert!(asked.body.contains("\"output_config\":{\"effort\":\"high\"}"), "{}", asked.body);
}

#[test]
fn t44_no_tool_of_the_vendors_and_nothing_that_it_would_fetch_goes_out() {
    let own = json!({"name": "edit", "input_schema": {"type": "object"}});
    let tools = json!([own, {"type": "web_fetch_20250910", "name": "web_fetch"}, {"type": "code_execution"}]);
    let body = json!({"messages": [], "tools": tools});
    assert_eq!(sent(Dialect::Messages, Provider::Anthropic, &body)["tools"], json!([own]));
    let body = json!({"messages": [], "tools": [{"type": "web_search"}], "tool_choice": "auto"});
    assert_eq!(sent(Dialect::ChatCompletions, Provider::OpenAi, &body).get("tools"), None);
    assert_eq!(sent(Dialect::ChatCompletions, Provider::OpenAi, &body).get("tool_choice"), None);

    let refused = |dialect: Dialect, provider, content: Value| {
        let message = json!([{"role": "user", "content": [content]}]);
        let body = json!({"messages": message, "input": message});
        model(provider).take(dialect, body.to_string().as_bytes(), None).unwrap_err().to_string()
    };
    let fetched = "what the vendor would have to fetch is not passed on from here";
    let (messages, chat, responses) = (Dialect::Messages, Dialect::ChatCompletions, Dialect::Responses);
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://away.example/?secret"}});
    assert_eq!(refused(messages, Provider::Anthropic, image.clone()), fetched);
    let nested = json!({"type": "tool_result", "tool_use_id": "a", "content": [image]});
    assert_eq!(refused(messages, Provider::Anthropic, nested), fetched);
    let image = json!({"type": "image_url", "image_url": {"url": "https://away.example/?secret"}});
    assert_eq!(refused(chat, Provider::OpenAi, image), fetched);
    let image = json!({"type": "input_image", "image_url": "https://away.example/?secret"});
    assert_eq!(refused(responses, Provider::OpenAi, image), fetched);
    let file = json!({"type": "input_file", "file_url": "https://away.example/?secret"});
    assert_eq!(
        refused(responses, Provider::OpenAi, file),
        "a part of the kind \"input_file\" is not passed on from here"
    );
    let inline = json!({"messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}]}]});
    assert_eq!(sent(messages, Provider::Anthropic, &inline)["messages"], inline["messages"]);
}

#[test]
fn a_program_that_speaks_the_other_vendors_wire_is_told_which_one_is_spoken() {
    let told = model(Provider::Anthropic).take(Dialect::Responses, b"{}", None).unwrap_err().to_string();
    assert_eq!(told, "this model is asked by Anthropic's /v1/messages and by nothing else");
    assert!(model(Provider::OpenAi).take(Dialect::Responses, b"[1]", None).is_err());
}

#[test]
fn a_beta_header_that_is_none_is_left_out() {
    let model = model(Provider::Anthropic);
    let betas = |betas: &str| model.take(Dialect::Messages, b"{}", Some(betas)).unwrap().betas;
    assert_eq!(betas("a-1,b-2"), Some("a-1,b-2".to_owned()));
    assert_eq!(betas("a\r\nx-api-key: b"), None);
}

fn read(dialect: Dialect, events: &[String]) -> Answer {
    let mut draft = Draft::of(dialect, 40);
    for event in events {
        draft.take(event).unwrap();
    }
    draft.finish().unwrap()
}

#[test]
fn an_answer_in_one_piece_costs_what_it_says() {
    let call = json!({"type": "tool_use", "id": "t", "name": "edit", "input": {"a": 1}});
    let answers = [
        (
            Dialect::Messages,
            json!({"content": [{"type": "text", "text": "Hi"}, call], "stop_reason": "tool_use",
                "usage": {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 2}}),
        ),
        (
            Dialect::ChatCompletions,
            json!({"choices": [{"message": {"content": "Hi", "tool_calls": [
                {"id": "t", "type": "function", "function": {"name": "edit", "arguments": "{\"a\":1}"}}]},
                "finish_reason": "tool_calls"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}}),
        ),
        (
            Dialect::Responses,
            json!({"output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]},
                {"type": "function_call", "call_id": "t", "name": "edit", "arguments": "{\"a\":1}"}],
                "usage": {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 2}}}),
        ),
    ];
    for (dialect, answer) in answers {
        let answer = read(dialect, &dialect.as_events(answer));
        assert_eq!((answer.text.as_str(), answer.stop, answer.calls.len()), ("Hi", Stop::ToolUse, 1), "{dialect:?}");
        let usage = Usage { input_tokens: 7, cached_tokens: 2, cache_write_tokens: 0, output_tokens: 3 };
        assert_eq!(answer.usage, usage, "{dialect:?}");
    }
}

#[test]
fn f48_a_stream_of_the_responses_api_without_its_end_is_no_answer_and_costs_what_came() {
    let mut draft = Draft::of(Dialect::Responses, 40);
    draft.take("{\"type\":\"response.output_text.delta\",\"delta\":\"12345678\"}").unwrap();
    assert_eq!(draft.spent(), Usage { input_tokens: 10, output_tokens: 2, ..Usage::default() });
    assert!(draft.finish().is_err());
}
