//! What is old is forgotten; what proves or counts something is not.

use std::time::Duration;

use assentry::ids::RunId;
use assentry::store::Verdict;
use assentry::worker::verify_records;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_and_the_log_the_plans_and_the_costs_stay() {
    let world = World::start().await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    world.person("ann").closes(world.work_pulls()[0].number).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended");
    let store = &world.core.store;
    let run = RunId(1);
    let costs = store.costs(run).await.unwrap();
    let events = store.events(run).await.unwrap();
    assert!(!costs.is_empty() && !store.transcript(run, "execute-1").await.unwrap()[0].answer.is_empty());

    let day = 24 * 3600;
    world.core.forget_what_is_old(world.our_now().plus(Duration::from_secs(60 * day))).await.unwrap();
    assert!(!store.transcript(run, "execute-1").await.unwrap()[0].answer.is_empty(), "it is younger than a year");
    world.core.forget_what_is_old(world.our_now().plus(Duration::from_secs(400 * day))).await.unwrap();

    let turns = store.transcript(run, "execute-1").await.unwrap();
    assert!(turns.iter().all(|turn| turn.answer.is_empty() && turn.results.is_none()));
    assert_eq!(store.kept(run, "work-1").await.unwrap(), None);
    assert_eq!(store.costs(run).await.unwrap(), costs);
    let after = store.events(run).await.unwrap();
    assert_eq!(after[..events.len()], events);
    let told: Vec<&str> = after[events.len()..].iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(told, ["forgot", "forgot"]);
    assert!(matches!(store.verify().await.unwrap(), Verdict::Whole(_)));
    // The log says what was forgotten; without that it would be a loss.
    assert_eq!(verify_records(store).await.unwrap(), None);
    assert_eq!(store.prune(world.our_now().plus(Duration::from_secs(400 * day))).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_run_that_goes_on_is_forgotten() {
    let world = World::start().await;
    let issue = world.planned().await;
    let years = world.our_now().plus(Duration::from_secs(3 * 365 * 24 * 3600));
    world.core.forget_what_is_old(years).await.unwrap();
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("in_review", 1));
}
