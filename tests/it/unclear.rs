//! GitHub leaves unclear what it has done, answers too early, too late, or asks for patience.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assentry::demo::github::{Fault, Halt, Mishap, Wrong};
use assentry::demo::story;
use futures::{StreamExt as _, stream};

use crate::world::{REPO, World};

/// How many worlds are told at once; more only wait for each other.
const AT_A_TIME: usize = 6;

/// What there is in the end: comments on the issue, reactions, pull requests with their commits, branches.
#[derive(Debug, PartialEq, Eq)]
struct Objects {
    phase: String,
    comments: usize,
    reactions: usize,
    pulls: Vec<(String, bool, usize)>,
    branches: usize,
}

async fn objects(world: &World, issue: i64) -> Objects {
    let pulls = world.github.pulls(REPO);
    let pull = |pull: &assentry::demo::github::PullView| {
        (pull.title.clone(), pull.open, world.github.pull_commits(REPO, pull.number).len())
    };
    Objects {
        phase: world.phase(issue).await,
        comments: world.said(issue).len(),
        reactions: world.github.issue(REPO, issue).unwrap().reactions.len(),
        pulls: pulls.iter().map(pull).collect(),
        branches: world.github.branches(REPO).len(),
    }
}

/// The whole story; people come back after a minute where nothing seems to happen.
async fn told(world: &World) -> Objects {
    let issue = world.planned().await;
    world.settle().await;
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    world.passes(Duration::from_secs(60)).await;
    objects(world, issue).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_a_write_answered_502_before_or_after_it_was_done_makes_exactly_one_object() {
    let calm = World::start().await;
    let expected = told(&calm).await;
    assert_eq!(expected.phase, "in_review");
    let (mut seen, mut tries) = (BTreeMap::new(), vec![]);
    for write in calm.github.writes() {
        let nth = seen.entry(write.clone()).or_insert(0);
        *nth += 1;
        tries.extend([Halt::Before, Halt::After].map(|halt| (halt, *nth, write.clone())));
    }
    // Each world has a server, a GitHub and a model of its own; a few at a time keep the machine busy.
    let mut tries = stream::iter(tries)
        .map(|(halt, nth, write)| {
            tokio::spawn(async move {
                let world = World::start().await;
                world.github.breaks_off_at(&write, nth, halt);
                let found = told(&world).await;
                (format!("{halt:?} {nth}. {write}: {:#?}", world.github.writes()), found)
            })
        })
        .buffer_unordered(AT_A_TIME);
    while let Some(tried) = tries.next().await {
        let (which, found) = tried.unwrap();
        assert_eq!(found, expected, "{which}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_a_pull_request_that_exists_already_is_adopted() {
    let calm = told(&World::start().await).await;
    let world = World::start().await;
    // Both pull requests are made, and nobody is told.
    let wrong = Wrong::RefusedAfter(500);
    world.github.goes_wrong(Fault { method: "POST", path: "/pulls".to_owned(), times: 2, wrong });
    let lag = Wrong::Lag(Duration::from_secs(3600));
    world.github.goes_wrong(Fault { method: "GET", path: "/pulls".to_owned(), times: 1, wrong: lag });
    let issue = world.planned().await;
    // The list does not show it, and to make it again is refused with 422.
    world.settle().await;
    world.github.heals();
    world.passes(Duration::from_secs(900)).await;
    // Whoever approves in the second of publication cannot have read the plan.
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    world.passes(Duration::from_secs(900)).await;
    assert_eq!(objects(&world, issue).await, calm, "{:#?}", world.github.writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_young_404_is_not_a_fact() {
    let expected = told(&World::start().await).await;
    for path in ["/collaborators/", "/git/ref/", "/comments"] {
        let world = World::start().await;
        let wrong = Wrong::RefusedBefore(404);
        world.github.goes_wrong(Fault { method: "GET", path: path.to_owned(), times: 1, wrong });
        assert_eq!(told(&world).await, expected, "{path}: {:#?}", world.github.requests());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_no_call_is_made_before_the_time_that_a_secondary_limit_names() {
    let expected = told(&World::start().await).await;
    for status in [403, 429] {
        let world = World::start().await;
        let wrong = Wrong::SecondaryLimit { status, retry_after: 90 };
        world.github.goes_wrong(Fault { method: "POST", path: "/reactions".to_owned(), times: 1, wrong });
        let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        world.person("ann").labels(issue, "assentry").unwrap();
        world.settle().await;
        let asked = limited(&world);
        world.passes(Duration::from_secs(55)).await;
        assert_eq!(limited(&world), asked, "{status}: {:#?}", world.github.requests());

        world.passes(Duration::from_secs(60)).await;
        world.passes(Duration::from_secs(60)).await;
        world.person("bob").approves(world.plan_pull(issue).await).unwrap();
        world.settle().await;
        assert_eq!(objects(&world, issue).await, expected, "{status}");
    }
}

/// How often the installation has asked.
fn limited(world: &World) -> usize {
    world.github.requests().iter().filter(|request| request.actor.starts_with("installation ")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_delivery_that_got_lost_is_asked_for_again_and_counts_once() {
    let expected = told(&World::start().await).await;
    let world = World::start().await;
    world.github.deliveries_go_wrong("issues", 9, Mishap::Lost);
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "none");

    world.github.heals();
    assert!(world.core.sweep(world.github.now()).await.unwrap() > 0);
    world.settle().await;
    world.passes(Duration::from_secs(60)).await;
    world.github.deliveries_go_wrong("pull_request_review", 1, Mishap::Lost);
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");

    assert_eq!(world.core.sweep(world.github.now()).await.unwrap(), 1);
    world.settle().await;
    assert_eq!(objects(&world, issue).await, expected);
    assert_eq!(world.core.sweep(world.github.now()).await.unwrap(), 0, "what arrived is not asked for again");
}

const STATUS: &str = "**Assentry: ";

/// A world that waits as long for GitHub's reads as it does by default.
async fn patient() -> World {
    let mut world = World::start().await;
    Arc::make_mut(&mut world.core.settings).look_ups = [10, 60, 300].map(Duration::from_secs).to_vec();
    world
}

fn statuses(world: &World, issue: i64) -> usize {
    world.said(issue).iter().filter(|text| text.starts_with(STATUS)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_f27_a_write_that_goes_wrong_twice_is_looked_for_as_long_as_the_first_time() {
    let expected = told(&World::start().await).await;
    let world = patient().await;
    let ann = world.person("ann");
    let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
    ann.labels(issue, "assentry").unwrap();
    // The status is there; what comes next is the plan.
    world.until(issue, "publishing").await;
    // Not made the first time; made the second time, and nobody is told; and nobody sees it for more than a minute.
    for wrong in [Wrong::RefusedBefore(502), Wrong::RefusedAfter(502)] {
        world.github.goes_wrong(Fault { method: "POST", path: "/issues/1/comments".to_owned(), times: 1, wrong });
    }
    let lag = Wrong::Lag(Duration::from_secs(65));
    world.github.goes_wrong(Fault { method: "GET", path: "/issues/1/comments".to_owned(), times: 1, wrong: lag });
    for _ in 0..30 {
        world.passes(Duration::from_secs(40)).await;
    }
    let plans = world.said(issue).iter().filter(|text| text.starts_with("**Plan** `v1")).count();
    assert_eq!((issue, plans), (1, 1), "{:#?}", world.github.writes());
    world.github.heals();
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    for _ in 0..10 {
        world.passes(Duration::from_secs(60)).await;
    }
    assert_eq!(objects(&world, issue).await, expected, "{:#?}", world.github.writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_what_a_limit_kept_from_being_written_is_not_looked_for_and_written_when_it_ends() {
    let world = patient().await;
    let wrong = Wrong::SecondaryLimit { status: 429, retry_after: 90 };
    world.github.goes_wrong(Fault { method: "POST", path: "/comments".to_owned(), times: 1, wrong });
    let ann = world.person("ann");
    let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
    ann.labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(statuses(&world, issue), 0);
    world.passes(Duration::from_secs(91)).await;
    assert_eq!(statuses(&world, issue), 1, "{:#?}", world.github.requests());
}
