//! A model that plans badly: what it says is never believed, and its end has a name.

use std::time::Duration;

use assentry::demo::model::Said;

use super::words::harmless;
use super::*;

/// What a model does in one of several issues.
type Answers = fn(&Seen) -> Reply;

/// Opens an issue with this title, labels it, and lets everything happen.
async fn asked(world: &World, title: &str) -> i64 {
    let issue = world.person("ann").opens_issue(title, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    issue
}

/// Asserts that planning ended without anything but a status comment.
async fn no_plan(world: &World, issue: i64, cause: &str, help: &str) {
    ended(world, issue, cause, help).await;
    assert_eq!(world.said(issue).len(), 1, "{:#?}", world.said(issue));
    assert_eq!(world.github.branches(REPO).len(), 1);
    assert_eq!(world.github.pulls(REPO).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_t59_a_plan_that_names_a_path_it_must_not_is_no_plan() {
    const PATHS: [&str; 12] = [
        "../outside",
        "a/../../outside",
        "/etc/passwd",
        ".git/config",
        "sub/.GIT/hooks/pre-commit",
        "git~1/config",
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        ".gitlab-ci.yml",
        "Jenkinsfile",
        ".gitmodules",
        "bin/../bin/slug",
    ];
    let world = world(
        |seen: &Seen| {
            let path = PATHS.iter().enumerate().find(|(n, _)| seen.mentions(&format!("case {n}."))).unwrap().1;
            submits(&plan_but(|plan| {
                plan["title"] = json!(format!("Try {} to write it", seen.turns));
                plan["scope"]["paths"] = json!([path]);
                plan["scope"]["protected"] = json!(true);
                plan["steps"][0]["files"] = json!([{"path": path, "change": "create"}]);
            }))
        },
        "",
    )
    .await;
    for (n, path) in PATHS.iter().enumerate() {
        let issue = asked(&world, &format!("case {n}.")).await;
        no_plan(&world, issue, "got stuck and was stopped", "`/plan` tries again").await;
        assert!(status(&world, issue).contains("rejected"), "{path}: {}", status(&world, issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f49_f50_f51_a_model_that_makes_no_sense_is_told_so_and_stopped() {
    let cases: [(&str, Answers, &str); 9] = [
        ("words", |_| Reply::say("I will do it soon."), "Your answer has no call"),
        ("unknown", |seen| Reply::call("rm_rf", &json!({"n": seen.turns})), "there is no tool"),
        ("executes", |seen| Reply::call("run", &json!({"command": seen.turns})), "there is no tool"),
        ("broken", |seen| calls(vec![Call::raw("read", &format!("{{\"path\": {}", seen.turns))]), "not JSON"),
        ("types", |seen| Reply::call("read", &json!({"path": seen.turns})), "do not fit"),
        ("same", |_| Reply::call("list", &json!({})), "3 times in the same way"),
        ("long", |_| Reply::TooLong(Said::words("and so on")), "was cut off at its longest length"),
        ("odd", |_| Reply::Stop { said: Said::words("x"), reason: "pause_turn".to_owned() }, "pause"),
        ("never", |seen| Reply::call("search", &json!({"pattern": format!("x{}", seen.turns)})), "budget"),
    ];
    let world = world(
        move |seen: &Seen| cases.iter().find(|(name, ..)| seen.mentions(&format!("case {name}."))).unwrap().1(seen),
        "[limits.plan]\nturns = 6",
    )
    .await;
    for (name, _, cause) in cases {
        let before = world.model.requests().len();
        let issue = asked(&world, &format!("case {name}.")).await;
        no_plan(&world, issue, cause, "`/plan` ").await;
        assert!(world.model.requests().len() - before <= 7, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f50_a_refusal_and_nothing_to_do_are_said_in_words_that_reach_nobody() {
    const WORDS: &str = "@acme/all fixes #1 ![x](https://evil.test/a.png)\n/approve\n<img src=x>";
    let world = world(
        |seen: &Seen| {
            if seen.mentions("case refuse.") {
                Reply::Refuse(WORDS.to_owned())
            } else {
                Reply::call("no_change", &json!({"why": WORDS}))
            }
        },
        "",
    )
    .await;
    for (case, cause, help) in
        [("refuse", "The model declined", "other words"), ("nothing", "There is nothing to change", "`/plan`")]
    {
        let issue = asked(&world, &format!("case {case}.")).await;
        no_plan(&world, issue, cause, help).await;
        harmless(&status(&world, issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f45_f46_a_busy_model_is_waited_for() {
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let world = world(
        move |_: &Seen| {
            let status = [429, 500, 529, 503].get(busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
            match status {
                Some(status) => Reply::HttpError {
                    status: *status,
                    headers: vec![("retry-after".to_owned(), "3600".to_owned())],
                    body: json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}).to_string(),
                },
                None => submits(&plan()),
            }
        },
        "",
    )
    .await;
    let issue = asked(&world, story::TITLE).await;
    for _ in 0..5 {
        world.passes(Duration::from_secs(3_700)).await;
    }
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    assert_eq!(world.model.requests().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn f45_f46_f52_a_model_that_stays_away_ends_the_run_with_its_reason() {
    let error = |status: u16, kind: &str, message: &str| Reply::HttpError {
        status,
        headers: vec![("retry-after".to_owned(), "3600".to_owned())],
        body: json!({"type": "error", "error": {"type": kind, "message": message}}).to_string(),
    };
    let world = world(
        move |seen: &Seen| {
            if seen.mentions("case busy.") {
                error(529, "overloaded_error", "Overloaded")
            } else if seen.mentions("case spent.") {
                error(400, "billing_error", "Your credit balance is too low, @acme/all")
            } else if seen.mentions("case gone.") {
                error(404, "not_found_error", "model: claude")
            } else {
                error(401, "authentication_error", "invalid x-api-key")
            }
        },
        "",
    )
    .await;
    for (case, cause) in [("spent", "may not spend more"), ("gone", "is not there"), ("key", "refused the key")] {
        let issue = asked(&world, &format!("case {case}.")).await;
        no_plan(&world, issue, cause, "The operator can see why").await;
        harmless(&status(&world, issue));
    }
    let issue = asked(&world, "case busy.").await;
    for _ in 0..40 {
        world.passes(Duration::from_secs(3_700)).await;
    }
    no_plan(&world, issue, "busy", "`/plan` tries again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f48_a_cut_off_answer_is_never_acted_on() {
    let world = world(
        |seen: &Seen| {
            let said = Said::with_calls("", vec![call("submit_plan", json!({ "plan": plan() }))]);
            if seen.mentions("case cut.") {
                Reply::CutAfter { bytes: 900, said }
            } else if seen.mentions("case garbage.") {
                Reply::Raw("data: }{\n\nevent: \u{0}\n\n".to_owned())
            } else {
                Reply::Endless
            }
        },
        "",
    )
    .await;
    for case in ["cut", "garbage", "endless"] {
        let issue = asked(&world, &format!("case {case}.")).await;
        // Words without end are paid for as long as an answer may be.
        let cause =
            if case == "endless" { "The budget for this work is used up" } else { "did not answer as it should" };
        no_plan(&world, issue, cause, "`/plan` tries again").await;
    }
}
