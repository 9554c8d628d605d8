//! `kill -9` before and after each deed of each way to the end: the world is the same in the end (F12, F13, F14, F17), and no
//! branch is half pushed (F28).

use std::collections::{BTreeMap, BTreeSet};

use assentry::demo::github::Halt;
use tokio::sync::oneshot;

use super::server::Server;
use super::stories::Story;
use super::town::{Outcome, Stream, in_time};

/// How many servers run at the same time.
const AT_ONCE: usize = 4;

/// At how many places of a way the server is killed: each costs a second or two.
const SOME: usize = 2;

/// The one write whose number depends on how fast the work goes: the status follows the work by some seconds.
const STATUS: &str = "PATCH /repos/acme/slug/issues/comments/N";

/// Where the server is killed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kill {
    /// Around the nth write of this name.
    Write(String, usize, Halt),
    /// During the nth call of the model.
    Call(usize, Stream),
}

/// What a run came to.
struct Told {
    outcome: Outcome,
    writes: Vec<String>,
    calls: usize,
    /// How many writes and calls there were where this way parted from the straight one.
    parted: (usize, usize),
    killed: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn d48_f12_f13_f14_f17_f28_a_server_killed_before_or_after_any_deed_brings_about_the_same_world() {
    killed_anywhere(Story::Straight, usize::MAX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f13_f17_a_server_killed_around_a_deviation_goes_on_from_kept_work_and_buys_nothing_twice() {
    killed_anywhere(Story::Deviates, SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f13_f17_a_server_killed_around_a_stop_goes_on_when_people_let_it() {
    killed_anywhere(Story::Stops, SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f13_f17_a_server_killed_around_a_follow_up_makes_and_answers_it_once() {
    killed_anywhere(Story::Mends, SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f13_f17_a_server_killed_around_an_update_merges_once() {
    killed_anywhere(Story::Updates, SOME).await;
}

/// Kills the server wherever a way differs from the straight one; unless `KILLS_ALL` is set at `most` places, evenly apart.
async fn killed_anywhere(story: Story, most: usize) {
    let calm = in_time(tell(story, None)).await;
    assert_eq!(calm.outcome.phase, "in_review");
    // Boundaries are taken from what happens, so that a new one cannot be forgotten here.
    let mut waiting: BTreeSet<Kill> = BTreeSet::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, write) in calm.writes.iter().enumerate() {
        let nth = seen.entry(write).or_default();
        *nth += 1;
        if at >= calm.parted.0 {
            waiting.extend([Halt::Before, Halt::After].map(|halt| Kill::Write(write.clone(), *nth, halt)));
        }
    }
    for nth in calm.parted.1 + 1..=calm.calls {
        waiting.extend([Stream::Nothing, Stream::Part].map(|after| Kill::Call(nth, after)));
    }
    let most = if std::env::var_os("KILLS_ALL").is_some() { usize::MAX } else { most };
    let apart = waiting.len().div_ceil(most).max(1);
    let mut waiting = waiting.into_iter().step_by(apart);
    let mut running = tokio::task::JoinSet::new();
    let mut wrong = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(kill) = waiting.next()
        {
            running.spawn(async move { (kill.clone(), in_time(tell(story, Some(kill))).await) });
        }
        let Some(done) = running.join_next().await else { break };
        let (kill, told) = done.unwrap();
        let struck = told.killed || matches!(&kill, Kill::Write(write, 2.., _) if write == STATUS);
        if !struck || told.outcome != calm.outcome || told.calls > calm.calls + 1 {
            let Told { outcome, writes, calls, killed, .. } = told;
            wrong.push(format!("{kill:?}: killed: {killed}, {calls} calls, {outcome:#?}, writes {writes:#?}"));
        }
    }
    assert!(wrong.is_empty(), "expected {} calls, {:#?}\n{}", calm.calls, calm.outcome, wrong.join("\n"));
}

/// Tells the whole story, with a server that is killed on the way, or not.
async fn tell(story: Story, kill: Option<Kill>) -> Told {
    let town = story.town().await;
    let halted = match &kill {
        None => oneshot::channel().1,
        Some(Kill::Write(write, nth, halt)) => town.github.halts_at(write, *nth, *halt),
        Some(Kill::Call(nth, after)) => town.model.falls_silent_at(*nth, *after),
    };
    let mut server = Server::start(&town.config).await;
    let mut killed = false;
    let mut parted = (0, 0);
    let act = async {
        story.begins(&town).await;
        parted = (town.github.writes().len(), town.model.calls());
        story.goes_on(&town).await;
    };
    let mut people = Box::pin(act);
    if kill.is_some() {
        tokio::select! {
            biased;
            told = halted => killed = told.is_ok(),
            () = &mut people => {}
        }
        server.ends_by_force().await;
        server = Server::start(&town.config).await;
    }
    if kill.is_none() || !story.is_over(&town) {
        people.as_mut().await;
    }
    drop(people);
    town.is_quiet(&server).await;
    assert!(server.stops().await.success());
    let (writes, calls) = (town.github.writes(), town.model.calls());
    Told { outcome: town.outcome().await, writes, calls, parted, killed }
}
