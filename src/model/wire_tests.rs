//! The client against the scripted model, over a real connection on loopback.

#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::draft::Draft;
use super::profile::tests::profile;
use super::sse::Reader;
use super::*;
use crate::demo::model::{Call, Reply, Said, ScriptedModel, Seen, Turns};

const BOTH: [Provider; 2] = [Provider::Anthropic, Provider::OpenAi];
const CANARY: &str = "canary-in-the-conversation-7f3a";

async fn scripted(replies: Vec<Reply>) -> ScriptedModel {
    ScriptedModel::start(([127, 0, 0, 1], 0).into(), Arc::new(Turns(replies))).await.unwrap()
}

fn model(provider: Provider, server: &ScriptedModel) -> Model {
    Model::new(profile(provider, server.url().as_str())).unwrap()
}

/// A model with limits that a test can wait for. The one that is meant is short, the others are long.
fn hasty(provider: Provider, server: &ScriptedModel, shorten: impl Fn(&mut Timeouts)) -> Model {
    let mut profile = profile(provider, server.url().as_str());
    shorten(&mut profile.timeouts);
    Model::new(profile).unwrap()
}

fn conversation() -> Conversation {
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]});
    let tool = |name: &str| ToolSpec { name: name.into(), description: "A tool.".repeat(40), schema: schema.clone() };
    let mut conversation = Conversation {
        system: format!("Be brief. {}", "Rules. ".repeat(900)),
        tools: vec![tool("read"), tool("edit")],
        messages: vec![],
    };
    say(&mut conversation, &format!("Fix the flag, {CANARY}."));
    conversation
}

fn say(conversation: &mut Conversation, text: &str) {
    conversation.messages.push(Message::User { parts: vec![Part::Text { text: text.into() }] });
}

/// Takes an answer into the conversation and tells the model what came of its calls.
fn go_on(conversation: &mut Conversation, answer: Answer) {
    let parts = answer.calls.iter().map(|call| match &call.arguments {
        Arguments::Json(_) => Part::ToolResult { call: call.id.clone(), text: "done".into(), failed: false },
        Arguments::Broken { why, .. } => Part::ToolResult { call: call.id.clone(), text: why.clone(), failed: true },
    });
    let parts = parts.collect();
    conversation.messages.push(Message::Assistant { answer });
    conversation.messages.push(Message::User { parts });
}

async fn ask(model: &Model, conversation: &Conversation) -> Result<Answer, ModelError> {
    model.ask(conversation, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_conversation_goes_from_call_to_result_to_the_end_on_both_wires() {
    for provider in BOTH {
        let server = scripted(vec![
            Reply::calls(
                "I look.",
                vec![Call::new("read", &json!({"path": "src/ü.rs"})), Call::new("read", &json!({"path": "b"}))],
            ),
            Reply::call("edit", &json!({"path": "b", "new": "line\n\"quoted\""})),
            Reply::say("Done."),
        ])
        .await;
        let model = model(provider, &server);
        let mut conversation = conversation();

        let foreseen = model.foresee(&conversation);
        let first = ask(&model, &conversation).await.unwrap();
        assert!(
            foreseen.input_tokens >= first.usage.input_tokens && foreseen.output_tokens >= first.usage.output_tokens
        );
        assert_eq!((first.text.as_str(), &first.stop), ("I look.", &Stop::ToolUse));
        assert_eq!(first.calls[0].arguments, Arguments::Json(json!({"path": "src/ü.rs"})));
        assert_eq!(first.calls.len(), 2);
        go_on(&mut conversation, first.clone());
        let second = ask(&model, &conversation).await.unwrap();
        assert_eq!(second.calls[0].arguments, Arguments::Json(json!({"path": "b", "new": "line\n\"quoted\""})));
        go_on(&mut conversation, second.clone());
        let third = ask(&model, &conversation).await.unwrap();
        assert_eq!((third.text.as_str(), third.calls.len(), third.stop), ("Done.", 0, Stop::EndTurn));

        assert_eq!(first.usage.cached_tokens, 0);
        assert!(second.usage.cached_tokens > 1_000, "{:?}", second.usage);
        assert!(third.usage.cached_tokens >= second.usage.cached_tokens, "{:?}", third.usage);
        assert!(third.usage.input_tokens > second.usage.input_tokens);
        assert!(server.requests().iter().all(|request| request.refused.is_none()), "{:?}", server.requests());
    }
}

#[tokio::test]
async fn thoughts_go_back_to_the_vendor_as_they_came() {
    let said = Said {
        thought: Some("The flag is in src/cli.rs, I think. ".repeat(9)),
        text: "Reading.".into(),
        calls: vec![Call::new("read", &json!({"path": "src/cli.rs"}))],
    };
    let server = scripted(vec![Reply::Say(said), Reply::say("Done.")]).await;
    let profile = Profile { effort: Some(Effort::High), ..profile(Provider::Anthropic, server.url().as_str()) };
    let model = Model::new(profile).unwrap();
    let mut conversation = conversation();
    let answer = ask(&model, &conversation).await.unwrap();
    assert_eq!(answer.blocks.len(), 3);
    // The store lies between the two turns.
    let stored = serde_json::to_string(&answer).unwrap();
    go_on(&mut conversation, serde_json::from_str(&stored).unwrap());
    assert_eq!(ask(&model, &conversation).await.unwrap().text, "Done.");
}

#[tokio::test]
async fn f48_a_stream_cut_at_any_byte_gives_no_answer_and_no_call() {
    let thoughts = [None, Some("Hm, wait.".to_owned())];
    let texts = ["", "Yes.", "Größe of \"x\":\n\ttwo."];
    let edit = || Call::new("edit", &json!({"path": "a", "new": "x\ny \u{1f980}"}));
    let calls = [vec![], vec![edit()], vec![Call::raw("read", ""), edit()], vec![Call::raw("read", "{\"path\": ")]];
    let mut says = Vec::new();
    for (thought, text) in thoughts.iter().flat_map(|thought| texts.map(|text| (thought.clone(), text))) {
        says.extend(calls.iter().map(|calls| Said {
            thought: thought.clone(),
            text: text.into(),
            calls: calls.clone(),
        }));
    }
    for provider in BOTH {
        for said in &says {
            let server = scripted(vec![Reply::Say(said.clone())]).await;
            let stream = raw_stream(provider, &server).await;
            let read = |bytes: &[u8]| {
                let mut draft = Draft::new(provider, 100);
                for event in Reader::default().push(bytes).unwrap() {
                    draft.take(&event).unwrap();
                }
                draft.finish()
            };
            assert_eq!(read(&stream).unwrap().calls.len(), said.calls.len());
            for cut in 0..stream.len() {
                assert!(read(&stream[..cut]).is_err(), "{provider:?} cut at {cut} of {}", stream.len());
            }
        }
    }
}

/// The bytes of an answer as they are on the wire.
async fn raw_stream(provider: Provider, server: &ScriptedModel) -> Vec<u8> {
    let profile = profile(provider, server.url().as_str());
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(profile.endpoint().unwrap());
    let request = request.header("x-api-key", "k").header("anthropic-version", "2023-06-01").bearer_auth("k");
    let body = request::body(&conversation(), &profile);
    let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn f48_a_broken_connection_is_a_cut_off_answer_whose_cost_counts() {
    for provider in BOTH {
        let said = Said::with_calls(&"words ".repeat(200), vec![Call::new("read", &json!({"path": "a"}))]);
        let server = scripted(vec![Reply::CutAfter { bytes: 3_000, said }]).await;
        let error = ask(&model(provider, &server), &conversation()).await.unwrap_err();
        assert!(matches!(error, ModelError::CutOff { .. }), "{error:?}");
        assert!(error.spent().input_tokens > 500 && error.spent().output_tokens > 50, "{error:?}");
    }
}

#[tokio::test]
async fn f48_an_answer_that_ends_by_length_or_refusal_has_no_calls() {
    for provider in BOTH {
        let said = Said::with_calls("Reading", vec![Call::raw("read", "{\"path\": \"a")]);
        let whole = Said::with_calls("Reading", vec![Call::raw("read", "{\"path\": \"a\"}")]);
        let odd = Reply::Stop { said: whole, reason: "pause_turn".into() };
        for (reply, stop) in [
            (Reply::TooLong(said), Stop::Length),
            (Reply::Refuse("I will not.".into()), Stop::Refused),
            (odd, Stop::Other("pause_turn".into())),
        ] {
            let server = scripted(vec![reply, Reply::say("Go on.")]).await;
            let model = model(provider, &server);
            let mut conversation = conversation();
            let answer = ask(&model, &conversation).await.unwrap();
            assert_eq!((&answer.stop, answer.calls.as_slice()), (&stop, &[][..]));
            // The conversation can be continued after it.
            conversation.messages.push(Message::Assistant { answer });
            say(&mut conversation, "In smaller steps, please.");
            assert_eq!(ask(&model, &conversation).await.unwrap().text, "Go on.");
        }
    }
}

#[tokio::test]
async fn f49_broken_calls_are_told_to_the_model_and_do_not_spoil_the_conversation() {
    for provider in BOTH {
        let again = Call { id: Some("x".into()), ..Call::new("edit", &json!({"path": "b"})) };
        let calls = vec![
            Call { id: Some("x".into()), ..Call::new("read", &json!({"path": "a"})) },
            again,
            Call::raw("read", "{\"path\": \"a\", \"path\": \"b\"}"),
            Call::raw("no_such_tool", "[1, 2]"),
            Call::raw("read", "{\"path\": "),
        ];
        let server = scripted(vec![Reply::calls("", calls), Reply::say("I see.")]).await;
        let model = model(provider, &server);
        let mut conversation = conversation();
        let answer = ask(&model, &conversation).await.unwrap();
        let readable: Vec<bool> =
            answer.calls.iter().map(|call| matches!(call.arguments, Arguments::Json(_))).collect();
        assert_eq!(readable, [true, false, false, false, false]);
        go_on(&mut conversation, answer);
        assert_eq!(ask(&model, &conversation).await.unwrap().text, "I see.");
    }
}

#[tokio::test]
async fn f47_silence_trickle_and_endless_signs_of_life_end_at_their_limit() {
    const SHORT: Duration = Duration::from_millis(80);
    let pause = Duration::from_millis(5);
    let said = || Said::words("Never to be read.");
    for provider in BOTH {
        // Anthropic's pings are events and say that it works; comments in a stream say nothing, so there idle comes first.
        let pinged = if provider == Provider::Anthropic { Limit::Total } else { Limit::Idle };
        for (reply, limit) in [
            (Reply::Hang, Limit::FirstByte),
            (Reply::HangAfter { bytes: 0, said: said() }, Limit::FirstByte),
            (Reply::Trickle { pause, said: said() }, Limit::FirstByte),
            (Reply::HangAfter { bytes: 700, said: said() }, Limit::Idle),
            (Reply::Pings { pause }, pinged),
        ] {
            let server = scripted(vec![reply.clone()]).await;
            let model = hasty(provider, &server, |timeouts| match limit {
                Limit::FirstByte => timeouts.first_byte = SHORT,
                Limit::Idle => timeouts.idle = SHORT,
                Limit::Total => timeouts.total = SHORT,
                Limit::Connect => timeouts.connect = SHORT,
            });
            let (conversation, foreseen) = (conversation(), model.foresee(&conversation()));
            let error = ask(&model, &conversation).await.unwrap_err();
            assert!(matches!(error, ModelError::Silent { limit: at, .. } if at == limit), "{reply:?}: {error:?}");
            // Before the first event the vendor may have worked on anything; from then on it says, or we count.
            match limit {
                Limit::FirstByte => assert_eq!(error.spent(), foreseen, "{reply:?}"),
                Limit::Connect | Limit::Idle | Limit::Total => {
                    let spent = error.spent();
                    assert!(spent.input_tokens > 500 && spent.output_tokens < 100, "{reply:?}: {spent:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn t56_a_request_that_was_taken_costs_its_input_though_nothing_of_an_answer_came() {
    for provider in BOTH {
        let vendors = match provider {
            Provider::Anthropic => {
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
            }
            Provider::OpenAi => json!({"error": {"code": "server_error", "message": "Overloaded"}}),
        };
        for reply in [
            Reply::Raw(String::new()),
            Reply::Raw("data: what is this\n\n".into()),
            Reply::Raw(format!("data: {vendors}\n\n")),
            Reply::CutAfter { bytes: 0, said: Said::words("Never to be read.") },
            Reply::HttpError { status: 200, headers: vec![], body: "{}".into() },
        ] {
            let server = scripted(vec![reply.clone(), reply.clone()]).await;
            let error = ask(&model(provider, &server), &conversation()).await.unwrap_err();
            assert_eq!(error.spent(), input_of(provider, server.requests().len()), "{reply:?}: {error:?}");
        }
        for status in [400, 401, 429, 500, 529] {
            let server = scripted(vec![Reply::status(status, &json!({}))]).await;
            let error = ask(&model(provider, &server), &conversation()).await.unwrap_err();
            assert_eq!(error.spent(), Usage::default(), "{status}: {error:?}");
        }
    }
}

/// What the conversation is taken to cost when it was sent so many times and nothing of an answer was heard.
fn input_of(provider: Provider, requests: usize) -> Usage {
    let bytes = request::body(&conversation(), &profile(provider, "http://127.0.0.1:1")).len();
    let input_tokens = draft::estimate(bytes) * u64::try_from(requests).unwrap();
    Usage { input_tokens, ..Usage::default() }
}

#[tokio::test]
async fn f47_a_cancelled_call_ends_at_once_and_says_what_it_cost() {
    let server = scripted(vec![Reply::Hang]).await;
    let model = model(Provider::Anthropic, &server);
    let stop = CancellationToken::new();
    let (conversation, cancel) = (conversation(), async {
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    let (outcome, ()) = tokio::join!(model.ask(&conversation, &stop), cancel);
    assert_eq!(outcome, Err(ModelError::Cancelled { spent: input_of(Provider::Anthropic, 1) }));
    let again = model.ask(&conversation, &stop).await;
    assert_eq!((again, server.requests().len()), (Err(ModelError::Cancelled { spent: Usage::default() }), 1));
}

#[tokio::test]
async fn f51_an_answer_without_end_is_given_up() {
    for provider in BOTH {
        let server = scripted(vec![Reply::Endless]).await;
        let error = ask(&model(provider, &server), &conversation()).await.unwrap_err();
        assert!(matches!(error, ModelError::CutOff { .. }), "{error:?}");
        assert!(error.spent().output_tokens > 100_000, "{error:?}");
    }
}

#[tokio::test]
async fn f46_overload_in_the_middle_of_an_answer_is_overload_and_not_a_broken_answer() {
    for provider in BOTH {
        let reply = Reply::ErrorEvent { kind: "overloaded_error".into(), message: "Overloaded".into() };
        let server = scripted(vec![reply]).await;
        let error = ask(&model(provider, &server), &conversation()).await.unwrap_err();
        assert!(matches!(error, ModelError::Busy { .. }), "{error:?}");
        assert!(error.spent().input_tokens > 0);
    }
}

#[tokio::test]
async fn f46_nobody_listening_is_busy_and_no_more() {
    // Bound but not listening: connections are refused, and no other test can get the port.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let model = Model::new(profile(Provider::OpenAi, &url)).unwrap();
    let error = ask(&model, &conversation()).await.unwrap_err();
    assert!(matches!(&error, ModelError::Busy { why, .. } if why.contains("no connection")), "{error:?}");
    assert_eq!(error.spent(), Usage::default());
}

#[tokio::test]
async fn f14_a_request_that_may_have_arrived_is_sent_at_most_once_more() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, mut count) = tokio::sync::watch::channel(0);
    let hanging_up = tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 16];
            tokio::io::AsyncReadExt::read_exact(&mut connection, &mut request).await.unwrap();
            seen.send_modify(|count| *count += 1);
        }
    });
    let model = Model::new(profile(Provider::Anthropic, &url)).unwrap();
    let error = ask(&model, &conversation()).await.unwrap_err();
    hanging_up.abort();
    assert!(matches!(error, ModelError::Busy { .. }), "{error:?}");
    assert_eq!((*count.borrow_and_update(), error.spent()), (2, input_of(Provider::Anthropic, 2)));
}

#[tokio::test]
async fn f45_a_refusal_is_read_off_the_wire_with_its_wait() {
    let reply = Reply::HttpError {
        status: 429,
        headers: vec![("retry-after".into(), "17".into())],
        body: json!({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}).to_string(),
    };
    let server = scripted(vec![reply]).await;
    let busy = ModelError::Busy {
        retry_after: Some(Duration::from_secs(17)),
        why: "status 429, rate_limit_error, Slow down.".into(),
        spent: Usage::default(),
    };
    assert_eq!(ask(&model(Provider::Anthropic, &server), &conversation()).await, Err(busy));
}

#[tokio::test]
async fn t40_a_redirect_is_not_followed() {
    let elsewhere = scripted(vec![Reply::say("Thank you for the key.")]).await;
    let reply = Reply::HttpError {
        status: 307,
        headers: vec![("location".into(), elsewhere.url().to_string() + "v1/messages")],
        body: String::new(),
    };
    let server = scripted(vec![reply]).await;
    let error = ask(&model(Provider::Anthropic, &server), &conversation()).await.unwrap_err();
    assert!(matches!(error, ModelError::BadRequest { .. }), "{error:?}");
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn t41_no_error_repeats_the_key_or_the_conversation() {
    let echo = |status: u16| {
        move |_: &Seen| {
            let message = format!("cannot: key sk-canary-0123456789 text Fix the flag, {CANARY}.");
            Reply::status(status, &json!({"error": {"message": message, "type": "canary-in-the-type", "code": CANARY}}))
        }
    };
    let kind = format!("sk-canary-0123456789 {CANARY}");
    for provider in BOTH {
        let mut errors = Vec::new();
        for status in [400, 401, 402, 403, 404, 413, 418, 429, 500, 503, 529] {
            let listen = ([127, 0, 0, 1], 0).into();
            let server = ScriptedModel::start(listen, Arc::new(echo(status))).await.unwrap();
            errors.push(ask(&model(provider, &server), &conversation()).await.unwrap_err());
        }
        let in_stream = Reply::ErrorEvent { kind: kind.clone(), message: kind.clone() };
        for reply in [in_stream, Reply::Raw(format!("data: {kind}\n\n"))] {
            let server = scripted(vec![reply]).await;
            errors.push(ask(&model(provider, &server), &conversation()).await.unwrap_err());
        }
        for error in errors {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
    let shown = format!("{:?}", Model::new(profile(Provider::Anthropic, "http://127.0.0.1:1")).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn the_scripted_model_refuses_what_the_vendors_refuse() {
    let server = scripted(vec![]).await;
    for provider in BOTH {
        let call = |id: &str| ToolCall { id: id.into(), name: "read".into(), arguments: Arguments::Json(json!({})) };
        let answer = |calls: Vec<ToolCall>| Message::Assistant {
            answer: Answer { text: "x".into(), calls, stop: Stop::ToolUse, usage: Usage::default(), blocks: vec![] },
        };
        let result = |call: &str| Message::User {
            parts: vec![Part::ToolResult { call: call.into(), text: "ok".into(), failed: false }],
        };
        let hello = || Message::User { parts: vec![Part::Text { text: "Hello.".into() }] };
        for messages in [
            vec![],
            vec![hello(), answer(vec![call("a")]), hello()],
            vec![hello(), answer(vec![call("a"), call("b")]), result("a")],
            vec![hello(), result("a")],
            vec![hello(), answer(vec![call("a")]), result("b")],
        ] {
            let conversation = Conversation { messages: messages.clone(), ..Conversation::default() };
            let error = ask(&model(provider, &server), &conversation).await;
            assert!(matches!(error, Err(ModelError::BadRequest { .. })), "{provider:?} {messages:?} {error:?}");
        }
    }
    assert!(server.requests().iter().all(|request| request.refused.is_some()));
}

#[tokio::test]
async fn a_script_knows_the_phase_from_the_request_alone() {
    let script = |seen: &Seen| match (seen.offers("edit"), seen.has_called("read"), seen.last_results.first()) {
        (true, false, _) => Reply::call("read", &json!({"path": "a"})),
        (true, true, Some(result)) => Reply::say(&format!("{}: {}", result.tool, result.text)),
        (true, true, None) | (false, _, _) => Reply::say(if seen.mentions(CANARY) { "known" } else { "unknown" }),
    };
    for provider in BOTH {
        let server = ScriptedModel::start(([127, 0, 0, 1], 0).into(), Arc::new(script)).await.unwrap();
        let model = model(provider, &server);
        let mut conversation = conversation();
        let answer = ask(&model, &conversation).await.unwrap();
        go_on(&mut conversation, answer);
        assert_eq!(ask(&model, &conversation).await.unwrap().text, "read: done");
        conversation.tools.clear();
        conversation.messages.truncate(1);
        assert_eq!(ask(&model, &conversation).await.unwrap().text, "known");
    }
}

#[tokio::test]
async fn a_restart_is_answered_as_if_nothing_had_happened() {
    let replies = || vec![Reply::call("read", &json!({"path": "a"})), Reply::say("Done.")];
    let server = scripted(replies()).await;
    let mut conversation = conversation();
    let answer = ask(&model(Provider::OpenAi, &server), &conversation).await.unwrap();
    go_on(&mut conversation, answer);
    server.stop();
    let server = scripted(replies()).await;
    assert_eq!(ask(&model(Provider::OpenAi, &server), &conversation).await.unwrap().text, "Done.");
}
