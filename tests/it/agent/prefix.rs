//! What a conversation costs turns on its prefix: each request begins with the one before, byte for byte.

use assentry::agent::Ground;
use assentry::agent::executor::{Executed, execute};

use super::*;

/// Ten answers that look around, mend, describe and finish.
fn ten_turns() -> Vec<Reply> {
    let turns: Vec<Vec<(&str, Value)>> = vec![
        vec![("list", json!({}))],
        vec![("read", json!({"path": "src/greet.sh"})), ("read", json!({"path": "test.sh"}))],
        vec![("run", json!({"command": "sh test.sh"}))],
        vec![("search", json!({"pattern": "Helo"}))],
        vec![mend()],
        vec![("run", json!({"command": "sh test.sh && sh src/greet.sh Bob"}))],
        vec![tick("s1")],
        vec![describe()],
        vec![tick("s2")],
        vec![finish()],
    ];
    turns.iter().map(|turn| calls(turn)).collect()
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the share is what whoever changes a prompt wants to see")]
async fn each_request_of_ten_turns_begins_with_the_one_before_on_both_wires() {
    for provider in [Provider::Anthropic, Provider::OpenAi] {
        let mut house = House::with(ten_turns()).await;
        house.model = Model::new(Profile { provider, ..profile(house.server.url()) }).unwrap();
        // The plan is what the first request is mostly made of; this house's own is too short to measure by.
        let plan = Plan { approach: "Correct the word where it stands. ".repeat(600), ..plan() };
        let (checkout, leash) = (house.checkout().await, house.leash());
        let executed = execute(&house.desk(&checkout, &leash), &plan, &Ground::default()).await;
        assert!(matches!(executed, Executed::Finished(_)), "{executed:?}");

        let sent: Vec<String> = house.server.requests().iter().map(|request| unmarked(&request.body)).collect();
        assert_eq!(sent.len(), 10);
        for (now, next) in sent.iter().zip(&sent[1..]) {
            let kept = now.strip_suffix("]}").unwrap();
            assert!(next.starts_with(kept), "{provider:?}:\n{kept}\n\n{next}");
        }

        let turns = house.journal.kept.lock().unwrap().turns.clone();
        let later = turns[1..].iter().map(|turn| turn.answer.usage);
        let (read, cached) =
            later.fold((0, 0), |(read, cached), usage| (read + usage.input_tokens, cached + usage.cached_tokens));
        println!("{provider:?}: {cached} of {read} tokens after the first turn came from the cache");
        assert!(cached * 100 >= read * 95, "{provider:?}: {cached} of {read}");
    }
}

/// A body without the marks that say how far it is to be cached: these move on, and are no part of what is cached.
fn unmarked(body: &str) -> String {
    body.replace(r#","cache_control":{"type":"ephemeral"}"#, "").replace(r#""cache_control":{"type":"ephemeral"},"#, "")
}
