use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_call_that_failed_is_written_down_with_what_it_cost() {
    let broken = AtomicBool::new(false);
    let script = move |seen: &Seen| {
        let first = seen.turns == 1 && !seen.offers("tick") && !broken.swap(true, Ordering::Relaxed);
        if first { cut(seen) } else { Storyteller.answer(seen) }
    };
    let world = world(script, "").await;
    let issue = world.planned().await;

    let costs = costs(&world, issue).await;
    let [plan] = &costs[..] else { panic!("{costs:#?}") };
    assert_eq!((plan.phase.as_str(), plan.calls, plan.failed, plan.unpriced), ("plan", 4, 1, 0));
    assert_eq!(plan.model, "anthropic/claude-opus-5-5");
    assert_eq!(world.model.requests().len(), 4);
    assert!(status(&world, issue).contains("Tokens: plan (`anthropic/claude-opus-5-5`) "), "{}", status(&world, issue));
}

/// What planning the story has cost, when the model takes the second question once and says nothing.
async fn planning_with_silence(times: usize) -> (World, Costs) {
    let left = AtomicUsize::new(times);
    let script = move |seen: &Seen| {
        let is_now = seen.turns == 1 && !seen.offers("tick");
        let silent =
            is_now && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if silent { Reply::Raw(String::new()) } else { Storyteller.answer(seen) }
    };
    let world = world(script, "").await;
    let issue = world.planned().await;
    let [plan] = <[Costs; 1]>::try_from(costs(&world, issue).await).unwrap();
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_question_that_was_taken_and_not_answered_is_paid_for() {
    let (_calm, expected) = planning_with_silence(0).await;
    let (world, plan) = planning_with_silence(1).await;
    assert_eq!((plan.calls, plan.failed), (expected.calls + 1, 1));
    let question = world.model.requests()[1].body.len().div_ceil(4);
    assert!(question > 1_000);
    assert_eq!(plan.usage.input, expected.usage.input + i64::try_from(question).unwrap());
    assert!(plan.micro_dollars > expected.micro_dollars, "{plan:?} {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_planned_anew_is_planned_and_answers_to_notes_are_a_revision() {
    let world = limited("").await;
    let issue = world.planned().await;
    world.person("cara").comments(issue, "/revise Please tell the changelog.").unwrap();
    world.settle().await;
    world.person("ann").comments(issue, "/plan once more").unwrap();
    world.settle().await;

    let phases: Vec<String> = costs(&world, issue).await.into_iter().map(|costs| costs.phase).collect();
    assert_eq!(phases, ["plan", "revise"]);
    let run = world.row(issue).await.unwrap().id;
    let all = world.core.store.costs_since(assentry::ids::Timestamp(0)).await.unwrap();
    let who: Vec<(String, String)> =
        all.into_iter().filter(|one| one.run == run).map(|one| (one.login, one.costs.phase)).collect();
    let pair = |login: &str, phase: &str| (login.to_owned(), phase.to_owned());
    assert_eq!(who, [pair("ann", "plan"), pair("cara", "revise")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_known_price_counts_tokens_and_says_so() {
    let world = limited("[models.plan]\nmodel = 'nobody-knows'").await;
    let issue = approved(&world).await;
    let said = status(&world, issue);
    assert!(said.contains("plan (`anthropic/nobody-knows`)") && said.contains("price not known; execute"), "{said}");
    assert!(said.contains("and 3 calls without a known price."), "{said}");
    let body = world.work_pulls()[0].body.clone();
    assert!(body.contains("### Cost") && body.contains("without a known price."), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_summed_from_the_database_without_a_server() {
    let world = limited("").await;
    let issue = approved(&world).await;
    let sums = costs(&world, issue).await;
    let pull = world.work_pulls()[0].number;
    for (by, names) in [
        ("repo", vec![crate::world::REPO.to_owned()]),
        ("person", vec!["ann".to_owned()]),
        ("model", vec!["anthropic/claude-opus-5-5".to_owned(), "anthropic/claude-sonnet-5-5".to_owned()]),
        ("pull", vec![format!("{}#{pull}", crate::world::REPO)]),
    ] {
        let printed: Value = serde_json::from_str(&program(&world, &["--json", "--by", by]).await).unwrap();
        let lines = printed["lines"].as_array().unwrap();
        let mut found: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, names, "{printed:#}");
        let total: i64 = sums.iter().map(|costs| costs.micro_dollars).sum();
        assert_eq!(printed["total"]["micro_dollars"], total);
        assert_eq!(printed["total"]["calls"], sums.iter().map(|costs| costs.calls).sum::<i64>());
        assert!(total > 0);
    }
    let shown = program(&world, &["--since", "2100-01-01"]).await;
    assert_eq!(shown.lines().count(), 2, "{shown}");
}

async fn program(world: &World, arguments: &[&str]) -> String {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.arg("costs").args(arguments).arg("--config").arg(world.data.path().join("assentry.toml"));
    let output = program.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
