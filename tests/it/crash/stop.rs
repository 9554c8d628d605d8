//! A server that is stopped or killed with long work under way (F14, F15, F16).

use std::sync::Arc;

use assentry::demo::model::{Call, Reply, Script as _, Seen};
use assentry::demo::story::{self, Storyteller};
use serde_json::json;

use super::gate::Gate;
use super::server::Server;
use super::town::{Stream, Town, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_server_stopped_during_a_model_call_hands_the_work_back_and_the_next_finishes() {
    in_time(async {
        let town = Town::new().await;
        let silent = town.model.falls_silent_at(5, Stream::Part);
        let server = Server::start(&town.config).await;
        let mut people = std::pin::pin!(town.people_act());
        tokio::select! {
            () = &mut people => unreachable!("the model is silent"),
            told = silent => told.unwrap(),
        }
        stops_in_good_order(server).await;
        let server = Server::start(&town.config).await;
        people.await;
        town.is_quiet(&server).await;
        stops_in_good_order(server).await;
        assert_eq!(town.outcome().await, Town::undisturbed().await);
        assert!(town.model.calls() <= 8, "{}", town.model.calls());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_server_stopped_during_a_command_leaves_no_process_and_the_next_finishes() {
    in_time(async {
        let (gate, town) = town_with_a_gate().await;
        let server = Server::start(&town.config).await;
        let mut people = std::pin::pin!(town.people_act());
        let entered = tokio::select! {
            () = &mut people => unreachable!("the command is in the gate"),
            entered = gate.is_entered() => entered,
        };
        stops_in_good_order(server).await;
        entered.until_left().await;
        ends_well(&gate, &town, people).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_f17_f58_a_server_killed_during_a_command_leaves_no_process_and_the_next_finishes() {
    in_time(async {
        let (gate, town) = town_with_a_gate().await;
        let server = Server::start(&town.config).await;
        let mut people = std::pin::pin!(town.people_act());
        let entered = tokio::select! {
            () = &mut people => unreachable!("the command is in the gate"),
            entered = gate.is_entered() => entered,
        };
        server.ends_by_force().await;
        entered.until_left().await;
        ends_well(&gate, &town, people).await;
    })
    .await;
}

/// The next server walks into the gate again, is let through, and brings about what it would have without all that.
async fn ends_well(gate: &Gate, town: &Town, people: impl Future<Output = ()>) {
    let server = Server::start(&town.config).await;
    tokio::join!(people, async { drop(gate.is_entered().await) });
    town.is_quiet(&server).await;
    let remains = std::fs::read_dir(town.dir.path().join("data/work/run-1")).map_or(0, Iterator::count);
    assert_eq!(remains, 0, "checkouts that nobody needs any more");
    stops_in_good_order(server).await;
    assert_eq!(town.outcome().await, Town::undisturbed().await);
}

async fn stops_in_good_order(server: Server) {
    let log = server.log();
    assert!(server.stops().await.success());
    let text = log.whole().await;
    assert!(text.contains("stopped") && !text.contains("with work under way"), "{text}");
}

/// A town whose executor begins with a command that stays in the gate.
async fn town_with_a_gate() -> (Gate, Town) {
    let gate = Gate::new();
    let command = gate.command();
    let script = move |seen: &Seen| {
        if seen.offers("tick") && seen.turns == 0 {
            let run = |command: &str| Call::new("run", &json!({ "command": command }));
            return Reply::calls("I wait.", vec![run(&command), run(story::CHECK)]);
        }
        Storyteller.answer(seen)
    };
    let town = Town::with(Arc::new(script), &gate.config()).await;
    (gate, town)
}
