use std::time::Duration;

use super::*;

const TWO_TURNS: &str = "[limits.execute]\nturns = 2";

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_budget_that_is_used_up_lets_the_work_rest_and_a_raise_goes_on_without_paying_again() {
    let world = limited(TWO_TURNS).await;
    let issue = approved(&world).await;
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("resting", 2));
    let said = status(&world, issue);
    assert!(
        said.contains("The approved budget is used up (turns): there is no room for another call of the model."),
        "{said}"
    );
    assert!(said.contains("`/budget +2.50` by somebody who may approve"), "{said}");
    assert!(world.said(issue).iter().any(|text| text.starts_with("The work rests, and what is done is kept.")));

    // Who may not write, who asked for the plan, and more than the operator lets people grant.
    for (login, text, why) in [
        ("eve", "/budget +5", "needs write access"),
        ("ann", "/budget +5", "the budget stays as it is."),
        ("cara", "/budget +20.01", "at most $20.00 in all"),
    ] {
        world.person(login).comments(issue, text).unwrap();
        world.settle().await;
        assert!(told(&world, issue, login).contains(why), "{}", told(&world, issue, login));
        assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("resting", 2), "{login}");
    }
    // A quarter more is one turn more, and not enough.
    world.person("cara").comments(issue, "/budget +2.50").unwrap();
    world.settle().await;
    assert!(told(&world, issue, "cara").contains("$2.50 more for this work. It goes on"));
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("resting", 3));

    world.person("cara").comments(issue, "/budget +10").unwrap();
    world.settle().await;
    assert_eq!(
        (world.phase(issue).await.as_str(), world.work_pulls().len()),
        ("in_review", 1),
        "{:#?}",
        world.said(issue)
    );
    let execute = costs(&world, issue).await.into_iter().find(|costs| costs.phase == "execute").unwrap();
    assert_eq!((execute.calls, execute.failed, asked(&world)), (4, 0, 4), "no answer is bought twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn t13_a_raise_goes_on_only_if_the_version_is_still_approved() {
    let world = limited(TWO_TURNS).await;
    let issue = approved(&world).await;
    world.github.grants("bob", crate::world::REPO, assentry::demo::github::Role::Read).unwrap();
    world.person("cara").comments(issue, "/budget +20").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("awaiting_approval", 2));
    world.person("cara").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("in_review", 4), "what was granted stays granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_rests_ends_by_itself_when_nobody_goes_on_with_it() {
    let world = limited(&format!("rest_for = '2h'\n{TWO_TURNS}")).await;
    let issue = approved(&world).await;
    world.passes(Duration::from_secs(3600)).await;
    world.person("cara").comments(issue, "/budget +2.50").unwrap();
    world.settle().await;
    world.passes(Duration::from_secs(5400)).await;
    assert_eq!(world.phase(issue).await, "resting", "it went on meanwhile");

    world.passes(Duration::from_secs(3600)).await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("ended", 0));
    assert!(status(&world, issue).contains("nobody went on with it"), "{}", status(&world, issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_day_that_is_full_lets_the_work_rest_until_there_is_room() {
    let world = limited("[limits.server]\ncalls = 4").await;
    let issue = approved(&world).await;
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("resting", 1));
    let said = status(&world, issue);
    assert!(
        said.contains("The limit of calls of models that this server may use within 24 hours is reached."),
        "{said}"
    );
    assert!(said.contains("There is room again at "), "{said}");

    world.person("cara").comments(issue, "/resume").unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), asked(&world)), ("resting", 1));
    world.passes(Duration::from_secs(25 * 3600)).await;
    world.person("cara").comments(issue, "/resume").unwrap();
    world.settle().await;
    assert_eq!(
        (world.phase(issue).await.as_str(), world.work_pulls().len()),
        ("in_review", 1),
        "{:#?}",
        world.said(issue)
    );
    assert_eq!(asked(&world), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_plan_for_which_a_day_has_no_room_says_when_there_is() {
    let world = limited("[limits.person]\ncalls = 2").await;
    let issue = world.planned().await;
    assert_eq!((world.phase(issue).await.as_str(), world.model.requests().len()), ("ended", 2));
    let said = status(&world, issue);
    assert!(said.contains("**Assentry: over budget**") && said.contains("There is room again at "), "{said}");
}
