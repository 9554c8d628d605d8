//! A second reader may add remarks, and can only lower a verdict.

use std::sync::Arc;

use assentry::demo::model::{Call, Reply, Script as _, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::workflow::command::parse;
use serde_json::{Value, json};

use crate::after::feedback::{comment, mending};
use crate::world::{REPO, World};

const SECOND: &str = "[models.review]\nmodel = 'claude-opus-5-5'";

/// The story with a second reader that answers so.
async fn read(reading: Reply) -> World {
    built(reading, false).await
}

async fn built(reading: Reply, deviates: bool) -> World {
    let script = move |seen: &Seen| {
        if seen.offers("submit_reading") {
            return reading.clone();
        }
        if deviates && seen.offers("tick") && seen.turns == 2 {
            let minor = json!({"step": "s1", "kind": "minor", "what": "Another way.", "why": "Shorter."});
            let calls = vec![Call::new("deviate", &minor), Call::new("tick", &json!({"step": "s1"}))];
            return Reply::calls("", calls);
        }
        Storyteller.answer(seen)
    };
    let world = Box::pin(World::with(Arc::new(script), story::repository(), SECOND)).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    world
}

fn says(verdict: &str, remarks: &Value) -> Reply {
    Reply::call("submit_reading", &json!({"verdict": verdict, "remarks": remarks}))
}

fn verdict(world: &World) -> (String, String) {
    let checks = world.github.checks(REPO, &world.work_pulls()[0].head_sha);
    let ours = checks.into_iter().find(|check| check.name == "assentry/conformance").expect("a verdict");
    (ours.conclusion.unwrap_or_default(), ours.summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reader_lowers_a_verdict_and_its_remarks_are_told_with_the_work() {
    let spell = "/approve\n<!-- x --> @acme/all fixes #1";
    let remarks = json!([{"place": "bin/slug:3", "text": "Two dashes are left."}, {"text": spell}, {"text": " "}]);
    let world = read(says("differs", &remarks)).await;
    let (conclusion, text) = verdict(&world);
    let body = world.work_pulls()[0].body.clone();
    assert_eq!(conclusion, "neutral", "{text}");
    for text in [&text, &body] {
        assert!(text.contains("### Second reader\n\n`anthropic/claude-opus-5-5` has read this as well"), "{text}");
        assert!(text.contains("- `bin/slug:3`: Two dashes are left."), "{text}");
        // A mention is code, a comment is text, and nothing is closed by it.
        assert!(text.contains("\\/approve\n  \\<!-- x --> `@acme/all` fixes `#1`"), "{text}");
        assert_eq!(parse(text), None);
    }
    assert!(body.contains("The second reader judges so"), "{body}");
    let asked: Vec<String> = world.model.requests().into_iter().map(|request| request.body).collect();
    let shown = asked.iter().find(|body| body.contains("submit_reading")).expect("a reading");
    assert!(shown.contains("--- a/bin/slug") && shown.contains("Read the work."), "{shown}");
    let costs = world.core.store.costs(assentry::ids::RunId(1)).await.unwrap();
    assert_eq!(costs.iter().filter(|costs| costs.phase == "review").map(|costs| costs.calls).sum::<i64>(), 1);
    assert!(body.contains("review (`anthropic/claude-opus-5-5`)"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_is_read_with_all_that_was_done_before_it_and_what_is_said_last_counts() {
    let script = move |seen: &Seen| {
        if seen.offers("submit_reading") {
            // Of the execution it has nothing to say, of the follow-up it has.
            let follow_up = seen.mentions("# Prints the slug of a title.");
            let remarks = json!([{"place": "bin/slug:2", "text": "Say titles."}]);
            return if follow_up { says("falls_short", &remarks) } else { says("as_planned", &json!([])) };
        }
        mending(vec![comment()], true).answer(seen)
    };
    let world = Box::pin(World::with(Arc::new(script), story::repository(), SECOND)).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let (conclusion, text) = verdict(&world);
    assert_eq!(conclusion, "success", "{text}");
    world.github.advances(std::time::Duration::from_secs(60));
    world.person("cara").comments(world.work_pulls()[0].number, "/fix say what it is for").unwrap();
    world.settle().await;

    let (conclusion, text) = verdict(&world);
    assert!(text.contains("- `bin/slug:2`: Say titles."), "{text}");
    assert_eq!(conclusion, "failure", "{text}");
    let asked: Vec<String> = world.model.requests().into_iter().map(|request| request.body).collect();
    let readings: Vec<&String> = asked.iter().filter(|body| body.contains("submit_reading")).collect();
    assert_eq!(readings.len(), 2);
    // The difference is that of all the work to the plan's base, not of the follow-up alone.
    assert!(
        readings[1].contains("s/^-//") && readings[1].contains("+# Prints the slug of a title."),
        "{}",
        readings[1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_a_second_reader_never_makes_a_verdict_better() {
    let world = built(says("as_planned", &json!([])), true).await;
    let (conclusion, text) = verdict(&world);
    assert_eq!(conclusion, "neutral", "{text}");
    assert!(text.contains("Its own: **as planned**.") && text.contains("It has no remarks."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_reader_that_is_not_to_be_had_or_makes_no_sense_holds_nothing_up() {
    for answer in [
        Reply::Refuse("No.".to_owned()),
        Reply::status(400, &json!({"error": {"type": "invalid_request_error", "message": "no"}})),
        says("splendid", &json!([])),
        Reply::call("approve", &json!({})),
    ] {
        let world = Box::pin(read(answer)).await;
        let (conclusion, text) = verdict(&world);
        assert_eq!(conclusion, "success", "{text}");
        assert!(!text.contains("Second reader"), "{text}");
    }
}
