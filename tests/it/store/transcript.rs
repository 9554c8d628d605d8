//! The transcript and what it cost; files of a run.

use assentry::ids::RunId;
use assentry::store::{NewTurn, Turn, TurnUsage, Written};
use assentry::workflow::effect::Lane;

use super::on_both;
use super::place::{Place, at};

on_both!(
    a_conversation_goes_on_where_it_was,
    f14_an_answer_is_stored_once,
    f24_a_zombie_writes_no_transcript_and_no_file,
    a_file_is_kept_byte_for_byte,
);

async fn a_conversation_goes_on_where_it_was(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let claim = place.takes("w", 1).await.unwrap().claim;
    let results = "what a tool said: \0 and ü";
    assert_eq!(place.store.store_answer(&claim, turn(run, "plan-1", 1)).await.unwrap(), Written::Yes);
    let written = place.store.store_results(&claim, (run, "plan-1", 1), results, at(6)).await.unwrap();
    assert_eq!(written, Written::Yes);
    assert_eq!(place.store.store_answer(&claim, turn(run, "plan-1", 2)).await.unwrap(), Written::Yes);
    assert_eq!(place.store.store_answer(&claim, turn(run, "plan-2", 1)).await.unwrap(), Written::Yes);

    let expected = [(1, Some(results.to_owned())), (2, None)].map(|(seq, results)| {
        let NewTurn { request_hash, answer, usage, cost_micro_dollars, at, .. } = turn(run, "plan-1", seq);
        Turn { seq, request_hash, answer, usage, cost_micro_dollars, at, results }
    });
    assert_eq!(place.store.transcript(run, "plan-1").await.unwrap(), expected);
}

async fn f14_an_answer_is_stored_once(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let claim = place.takes("w", 1).await.unwrap().claim;
    assert_eq!(place.store.store_answer(&claim, turn(run, "plan-1", 1)).await.unwrap(), Written::Yes);
    assert_eq!(place.store.store_answer(&claim, turn(run, "plan-1", 1)).await.unwrap(), Written::Taken);
    assert_eq!(place.store.store_answer(&claim, turn(run, "execute-1", 1)).await.unwrap(), Written::Yes);
}

async fn f24_a_zombie_writes_no_transcript_and_no_file(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let zombie = place.takes("zombie", 1).await.unwrap().claim;
    let _owner = place.takes("owner", 31).await.unwrap();

    assert_eq!(place.store.store_answer(&zombie, turn(run, "plan-1", 1)).await.unwrap(), Written::LostLease);
    let results = place.store.store_results(&zombie, (run, "plan-1", 1), "x", at(6)).await.unwrap();
    assert_eq!(results, Written::LostLease);
    assert_eq!(place.store.keep(&zombie, run, "tree", vec![1], at(6)).await.unwrap(), Written::LostLease);
    assert_eq!(place.store.transcript(run, "plan-1").await.unwrap(), []);
    assert_eq!(place.store.kept(run, "tree").await.unwrap(), None);
}

async fn a_file_is_kept_byte_for_byte(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let claim = place.takes("w", 1).await.unwrap().claim;
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(place.store.keep(&claim, run, "tree", vec![1], at(6)).await.unwrap(), Written::Yes);
    assert_eq!(place.store.keep(&claim, run, "tree", bytes.clone(), at(7)).await.unwrap(), Written::Yes);
    assert_eq!(place.store.kept(run, "tree").await.unwrap(), Some(bytes));
}

fn turn(run: RunId, task: &str, seq: i64) -> NewTurn {
    NewTurn {
        run,
        task: task.to_owned(),
        seq,
        request_hash: "abc".to_owned(),
        answer: "{\"text\":\"zero \\u0000 and \0\"}".to_owned(),
        usage: TurnUsage { input: 100, cached: 10, cache_write: 1, output: 7 },
        cost_micro_dollars: Some(1500).filter(|_| seq == 1),
        at: at(5),
    }
}
