//! How many runs may be begun within a day (R12).

use std::sync::Arc;
use std::time::Duration;

use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};

use crate::world::{REPO, World};

const LIMITS: &str = "[limits]\nruns_per_day = 3\nruns_per_person_per_day = 2";

async fn limited() -> World {
    World::with(story::script(), story::repository(), LIMITS).await
}

/// The story's model, which plans and executes nothing.
fn refuses(seen: &Seen) -> Reply {
    if seen.offers("tick") { Reply::Refuse("No.".to_owned()) } else { Storyteller.answer(seen) }
}

async fn labelled(world: &World, login: &str) -> i64 {
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person(login).labels(issue, "assentry").unwrap();
    world.settle().await;
    issue
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_person_over_the_limit_begins_no_run_and_is_told_once_when_the_next_can_begin() {
    let world = limited().await;
    for _ in 0..2 {
        let issue = labelled(&world, "bob").await;
        assert_eq!(world.phase(issue).await, "awaiting_approval");
        world.person("bob").comments(issue, "/cancel").unwrap();
        world.passes(Duration::from_secs(60)).await;
    }
    let refused = labelled(&world, "bob").await;
    assert_eq!(world.phase(refused).await, "none");
    let said = world.said(refused);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].contains("@bob") && said[0].contains("one person may begin 2 runs"), "{}", said[0]);
    assert!(said[0].contains("2026-11-23 14:41:00 UTC"), "{}", said[0]);

    // Neither another label nor a command nor an issue that is opened with the label is answered again.
    world.person("bob").unlabels(refused, "assentry").unwrap();
    world.person("bob").labels(refused, "assentry").unwrap();
    let other = labelled(&world, "bob").await;
    let comment = world.person("bob").comments(other, "/plan").unwrap();
    let opened = world.person("bob").opens_labelled_issue(story::TITLE, story::BODY, &["assentry"]).unwrap();
    world.settle().await;
    assert_eq!(world.said(refused).len(), 1);
    for issue in [other, opened] {
        assert_eq!((world.phase(issue).await.as_str(), world.said(issue)), ("none", vec![]));
    }
    let bot = world.github.bot_login();
    let comments = world.github.issue_comments(REPO, other);
    let reactions = &comments.iter().find(|found| found.id == comment).unwrap().reactions;
    assert!(reactions.contains(&(bot, "confused".to_owned())), "{reactions:?}");

    // Somebody else need not wait, and a day after the first run there is room again.
    world.person("cara").comments(other, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(other).await, "awaiting_approval");
    world.days_go_by(1).await;
    world.person("bob").comments(refused, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(refused).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_repository_over_its_limit_is_answered_once_whoever_asks() {
    let world = limited().await;
    for login in ["ann", "bob", "cara"] {
        let issue = labelled(&world, login).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval");
    }
    let refused = labelled(&world, "ann").await;
    assert!(world.said(refused)[0].contains("3 runs may begin in this repository"), "{:#?}", world.said(refused));
    for login in ["bob", "cara"] {
        let issue = labelled(&world, login).await;
        assert_eq!((world.phase(issue).await.as_str(), world.said(issue)), ("none", vec![]));
    }
    // A run that is there goes on as ever; an approval of the second in which a version was posted would not count.
    world.passes(Duration::from_secs(60)).await;
    let digest = world.digest(1).await;
    world.person("bob").comments(1, &format!("/approve {digest}")).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_neither_retry_nor_adoption_is_a_way_around_the_limit() {
    let world = World::with(Arc::new(refuses), story::repository(), "[limits]\nruns_per_day = 1").await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let failed = world.row(issue).await.unwrap();
    assert_eq!(failed.phase, "ended");
    let before = world.said(issue).len();

    let plan = include_str!("../revise/plan.md");
    for text in [format!("/retry {}", world.digest(issue).await), format!("/plan adopt\n{plan}"), "/plan".to_owned()] {
        let comment = world.person("bob").comments(issue, &text).unwrap();
        world.settle().await;
        assert_eq!(world.row(issue).await.unwrap().id, failed.id, "{text}");
        let comments = world.github.issue_comments(REPO, issue);
        let reactions = &comments.iter().find(|found| found.id == comment).unwrap().reactions;
        assert!(reactions.iter().any(|(_, reaction)| reaction == "confused"), "{text}: {reactions:?}");
    }
    let said = world.said(issue);
    assert_eq!(said.len(), before + 1, "{said:#?}");
    assert!(said[before].contains("1 run may begin in this repository"), "{}", said[before]);
}
