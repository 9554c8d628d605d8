//! Work that is stopped while the agent is at it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use assentry::demo::github::GitHub;
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use serde_json::json;

use super::Waiting;
use crate::world::World;

/// The story's model; in the executor's second turn tim stops the work, and what is begun then does not end by itself.
struct Endless {
    github: OnceLock<GitHub>,
    begun: Reply,
    firsts: AtomicUsize,
    seconds: AtomicUsize,
}

impl Script for Endless {
    fn answer(&self, request: &Seen) -> Reply {
        if request.offers("tick") && request.turns == 0 {
            self.firsts.fetch_add(1, Ordering::Relaxed);
        }
        if request.offers("tick") && request.turns == 1 && self.seconds.fetch_add(1, Ordering::Relaxed) == 0 {
            self.github.get().unwrap().person("tim").comments(1, "/stop").unwrap();
            return self.begun.clone();
        }
        Storyteller.answer(request)
    }
}

/// An approved plan, whose execution tim has stopped; settled.
async fn stopped_in(begun: Reply) -> (Waiting, Arc<Endless>) {
    let script = Endless { github: OnceLock::new(), begun, firsts: AtomicUsize::new(0), seconds: AtomicUsize::new(0) };
    let script = Arc::new(script);
    let world = World::with(Arc::<Endless>::clone(&script), story::repository(), "").await;
    script.github.set(world.github.clone()).ok().unwrap();
    let waiting = Waiting::of(world).await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "executing").await;
    waiting.world.works_beside_people().await;
    waiting.world.settle().await;

    assert_eq!(waiting.world.phase(waiting.issue).await, "resting", "{:#?}", waiting.everything_said());
    waiting.built_nothing();
    assert!(waiting.status().contains("`tim` stopped the work."), "{}", waiting.status());
    let said =
        "@tim, the work has stopped, and what is done is kept. `/resume` goes on with it, `/cancel` ends the run.";
    assert!(matches!(&waiting.said_to("tim")[..], [one] if one.starts_with(said)), "{:#?}", waiting.said_to("tim"));
    (waiting, script)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_an_answer_keeps_the_conversation_and_resume_buys_no_stored_answer_again() {
    let (waiting, script) = stopped_in(Reply::Hang).await;
    waiting.world.person("tim").comments(waiting.issue, "/resume").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "resting");
    assert!(waiting.said_to("tim")[1].contains("write access"), "{:#?}", waiting.said_to("tim"));

    waiting.world.person("ann").comments(waiting.issue, "/resume").unwrap();
    waiting.is_built().await;
    let asked = (script.firsts.load(Ordering::Relaxed), script.seconds.load(Ordering::Relaxed));
    assert_eq!(asked, (1, 2), "the answer that was stored is asked for once, the one that was cut off twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_a_command_ends_the_command() {
    let command = json!({"command": "tail -f /dev/null"});
    let (waiting, _) = stopped_in(Reply::call("run", &command)).await;
    waiting.world.person("tim").comments(waiting.issue, "/cancel").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    waiting.built_nothing();
}
