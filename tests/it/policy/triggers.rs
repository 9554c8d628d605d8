//! Who may ask for a run, and by which label.

use super::{id, labelled, times, world};
use crate::world::World;
use assentry::demo::story;

#[tokio::test(flavor = "multi_thread")]
async fn any_label_of_the_policy_begins_a_run_and_no_other_does() {
    let policy = "[[profile]]\nlabel = 'quick'\n[[profile]]\nlabel = 'Thorough'\n[profile.approval]\nrequired = 2\n";
    let world = world(policy, "").await;
    let usual = labelled(&world, "ann", "assentry").await;
    assert_eq!(world.phase(usual).await, "none");

    let quick = labelled(&world, "ann", "quick").await;
    let thorough = labelled(&world, "bob", "thorough").await;
    let required = async |issue| world.state(issue).await.shown().unwrap().rules.required;
    assert_eq!((required(quick).await, required(thorough).await), (1, 2));

    world.person("ann").unlabels(quick, "quick").unwrap();
    world.settle().await;
    assert_eq!(world.phase(quick).await, "ended");
    assert_eq!(world.phase(thorough).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_only_who_is_listed_may_ask_and_the_answer_says_who() {
    // The first world only tells which id ann has; ids are the same in each.
    let ann = id(&World::start().await, "ann");
    let world = world(&format!("[trigger]\nusers = {{ ann = {ann} }}\n"), "").await;
    let issue = labelled(&world, "bob", "assentry").await;
    assert_eq!(world.phase(issue).await, "none");
    let said = world.said(issue);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].starts_with("@bob, by the policy in `acme/slug` only some people may ask"), "{said:#?}");
    assert!(said[0].contains("`ann`"), "{said:#?}");

    world.person("bob").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");
    world.person("ann").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn d35_a_list_binds_ids_and_not_names() {
    let world = world("[trigger]\nusers = { bob = 999999 }\n", "").await;
    let issue = labelled(&world, "bob", "assentry").await;
    assert_eq!(world.phase(issue).await, "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_list_gives_nothing_to_who_may_not_write() {
    let eve = id(&World::start().await, "eve");
    let world = world(&format!("[trigger]\nusers = {{ eve = {eve} }}\nrole = 'admin'\n"), "").await;
    let issue = world.person("eve").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("eve").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn r6_r7_a_listed_bot_may_ask_and_then_two_people_must_approve() {
    let bots = async |policy: &str| {
        let world = world(policy, "").await;
        world.github.adds_bot("renovate[bot]");
        world.github.grants("renovate[bot]", crate::world::REPO, assentry::demo::github::Role::Write).unwrap();
        world
    };
    let stranger = bots("").await;
    let renovate = id(&stranger, "renovate[bot]");
    let issue = labelled(&stranger, "renovate[bot]", "assentry").await;
    assert_eq!((stranger.phase(issue).await.as_str(), stranger.said(issue).len()), ("none", 0));

    let world = bots(&format!("[trigger]\nbots = {{ 'renovate[bot]' = {renovate} }}\n")).await;
    let issue = labelled(&world, "renovate[bot]", "assentry").await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.state(issue).await.shown().unwrap().rules.required, 2);
    assert_eq!(times(&world.said(issue), "may ask for a run"), 0);

    world.passes(std::time::Duration::from_secs(60)).await;
    let text = format!("/approve {}", world.digest(issue).await);
    for (login, phase, work) in [("bob", "awaiting_approval", 0), ("cara", "in_review", 1)] {
        world.person(login).comments(issue, &text).unwrap();
        world.settle().await;
        assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), (phase, work), "{login}");
        assert_eq!(times(&world.said(issue), "@bob, this is not approved yet. 1 of 2 approvals are there"), 1);
    }
}
