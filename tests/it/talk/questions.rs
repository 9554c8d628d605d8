//! Questions first: who is heard, in which form, and what goes on without.

use std::sync::atomic::{AtomicUsize, Ordering};

use assentry::demo::model::{Call, Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use serde_json::json;

use crate::world::World;

/// Asks until it reads one of these words.
pub(crate) fn asking(words: &'static [&'static str]) -> impl Script {
    move |request: &Seen| {
        if request.offers("tick") || words.iter().any(|word| request.mentions(word)) {
            return Storyteller.answer(request);
        }
        let questions = json!({"questions": ["Which dashes?", "Also underscores?"]});
        Reply::calls("", vec![Call::new("ask_questions", &questions)])
    }
}

async fn asked(script: impl Script) -> (World, i64) {
    let world = World::with_model(script).await;
    let issue = world.person("stranger").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_answer", "{:#?}", world.said(issue));
    (world, issue)
}

#[tokio::test(flavor = "multi_thread")]
async fn numbered_answers_are_heard_from_who_may_write_and_from_the_issues_author() {
    for login in ["bob", "stranger"] {
        let (world, issue) = asked(asking(&["Only trailing ones"])).await;
        assert!(world.last_said(issue).contains("begins with `1.`"), "{}", world.last_said(issue));
        for text in ["Good question.", "3. Only trailing ones", "> 1. Only trailing ones"] {
            let comment = world.types(login, issue, text).await;
            assert_eq!(world.reactions(issue, comment), [""; 0], "{text}");
        }
        for other in ["eve", "tim"] {
            world.types(other, issue, "1. Only trailing ones").await;
        }
        assert_eq!(world.phase(issue).await, "awaiting_answer");
        let comment = world.types(login, issue, "1. Only trailing ones\n2. No").await;
        assert_eq!(world.reactions(issue, comment), ["eyes"]);
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{login}: {:#?}", world.said(issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_of_a_burst_are_one() {
    static PLANNED: AtomicUsize = AtomicUsize::new(0);
    let script = |request: &Seen| {
        if request.mentions("Only trailing ones") && request.mentions("No underscores") {
            PLANNED.fetch_add(1, Ordering::SeqCst);
        }
        asking(&["No underscores"]).answer(request)
    };
    let (world, issue) = asked(script).await;
    world.person("bob").comments(issue, "1. Only trailing ones").unwrap();
    world.settle_now().await;
    world.person("cara").comments(issue, "2. No underscores").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    assert!(PLANNED.load(Ordering::SeqCst) > 0, "both were read at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_anyway_goes_on_with_stated_assumptions() {
    // It asks again, and goes on where it is told that it may not.
    let script = |request: &Seen| match request.has_called("ask_questions") {
        true => Storyteller.answer(request),
        false => asking(&[]).answer(request),
    };
    let (world, issue) = asked(script).await;
    world.types("stranger", issue, "/plan anyway").await;
    assert_eq!(world.phase(issue).await, "awaiting_answer", "not by who may not write");
    world.types("bob", issue, "/plan anyway").await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_who_may_not_write_cannot_keep_the_planner_at_work_for_ever() {
    let (world, issue) = asked(asking(&["settled for good"])).await;
    for n in 1..=5 {
        world.types("stranger", issue, &format!("1. Perhaps {n}")).await;
    }
    let said = world.said(issue);
    assert!(said.iter().filter(|text| text.starts_with("Before I can write")).count() <= 3, "{said:#?}");
    assert_eq!(world.phase(issue).await, "awaiting_answer");
    world.types("bob", issue, "1. settled for good").await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}
