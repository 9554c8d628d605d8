use serde_json::json;

use super::*;

const SPARE: &str = "[models.plan]\nmodel = 'first'\nfallback = 'spare'\n[models.execute]\nmodel = 'other'\n\
    fallback = 'spare'\n[models.allowed.spare]\nmodel = 'claude-sonnet-4-6'";

/// The story's model, where one of this name is not there from a turn of the executor on.
fn without(gone: &'static str, turn: usize) -> impl Script {
    move |seen: &Seen| {
        if seen.model == gone && seen.turns >= turn {
            return Reply::status(
                404,
                &json!({"type": "error", "error": {"type": "not_found_error", "message": format!("model: {gone}")}}),
            );
        }
        Storyteller.answer(seen)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f52_a_model_that_is_not_to_be_had_is_followed_by_the_one_that_was_approved_with_it() {
    let world = world(without("other", 2), SPARE).await;
    let issue = world.planned().await;
    let shown = world.said(issue).join("\n");
    assert!(shown.contains("| Executed by | `anthropic/other, else anthropic/claude-sonnet-4-6` |"), "{shown}");
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;

    assert_eq!(
        (world.phase(issue).await.as_str(), world.work_pulls().len()),
        ("in_review", 1),
        "{:#?}",
        world.said(issue)
    );
    let calls: Vec<(String, i64, i64, i64)> = costs(&world, issue)
        .await
        .into_iter()
        .filter(|costs| costs.phase == "execute")
        .map(|costs| (costs.model, costs.calls, costs.failed, costs.unpriced))
        .collect();
    // Two answers of the first, whose price nobody knows, one refusal, and the rest by the other, in one conversation.
    let other = ("anthropic/other".to_owned(), 3, 1, 2);
    assert_eq!(calls, [other, ("anthropic/claude-sonnet-4-6".to_owned(), 2, 0, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_without_a_fallback_says_that_its_model_is_gone() {
    let world = world(without("first", 0), "[models.plan]\nmodel = 'first'").await;
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "ended");
    assert!(status(&world, issue).contains("The model's endpoint did not answer"), "{}", status(&world, issue));
}
