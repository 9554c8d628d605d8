//! Two persons, and how many.

use super::Waiting;

#[tokio::test(flavor = "multi_thread")]
async fn d31_e5_t14_whoever_asked_for_the_plan_does_not_approve_it_where_others_can() {
    let waiting = Waiting::begin().await;
    waiting.world.person("ann").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("ann")[0].contains("another person"), "{:#?}", waiting.said_to("ann"));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d30_e5_whoever_asked_for_the_plan_approves_it_where_the_rules_are_open() {
    let waiting = Waiting::with("separation = 'open'").await;
    waiting.world.person("ann").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d30_an_approval_by_whoever_asked_is_recorded_and_shown_as_self_approved() {
    let waiting = Waiting::with("separation = 'open'\nrequired = 2").await;
    let world = &waiting.world;
    world.person("bob").approves(waiting.pull).unwrap();
    world.person("ann").approves(waiting.pull).unwrap();
    waiting.is_built().await;
    let run = world.row(waiting.issue).await.unwrap().id;
    let judged = world.core.store.events(run).await.unwrap().into_iter().rfind(|event| event.kind == "judged").unwrap();
    let led = serde_json::from_str::<serde_json::Value>(&judged.json).unwrap()["led"].clone();
    let logins = |of: &serde_json::Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|person| person["login"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(logins(&led["self_approved"]), ["ann"]);
    assert_eq!(logins(&led["approved_by"]).len(), 2);
    let body = &world.work_pulls()[0].body;
    assert!(body.contains("`ann` (self-approved)") && !body.contains("`bob` (self-approved)"), "{body}");
    world.person("eve").comments(waiting.issue, "/history").unwrap();
    world.settle().await;
    let history = world.said(waiting.issue).into_iter().find(|text| text.starts_with("**History**")).unwrap();
    assert_eq!(history.matches("it counts for v1, self-approved.").count(), 1, "{history}");
    assert_eq!(history.matches("it counts for v1.").count(), 1, "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d30_where_two_people_decide_nothing_is_self_approved() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
    let run = waiting.world.row(waiting.issue).await.unwrap().id;
    let events = waiting.world.core.store.events(run).await.unwrap();
    assert!(events.iter().all(|event| !event.json.contains("self_approved")));
    assert!(!waiting.world.work_pulls()[0].body.contains("self-approved"));
}

/// A plan in a repository where nobody but ann may write.
async fn alone() -> Waiting {
    let world = super::World::start().await;
    for login in ["bob", "cara"] {
        world.github.grants(login, super::REPO, assentry::demo::github::Role::Read).unwrap();
    }
    Waiting::of(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_c_whoever_asked_approves_where_nobody_else_can_and_the_plan_says_so() {
    let waiting = alone().await;
    let note = "it may be whoever asked for the plan";
    assert!(waiting.status().contains(note), "{}", waiting.status());
    assert!(waiting.world.said(waiting.issue)[1].contains(note), "{:#?}", waiting.world.said(waiting.issue));
    waiting.world.person("ann").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_c_two_persons_stay_two_when_all_others_leave_after_the_publication() {
    let waiting = Waiting::begin().await;
    for login in ["bob", "cara"] {
        waiting.world.github.grants(login, super::REPO, assentry::demo::github::Role::Read).unwrap();
    }
    waiting.world.person("ann").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("ann")[0].contains("another person"), "{:#?}", waiting.said_to("ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_c_two_persons_where_github_does_not_say_how_many_may_write() {
    let world = super::World::start().await;
    world.github.is_down("/collaborators?");
    let waiting = Waiting::of(world).await;
    assert!(waiting.status().contains("not whoever asked for the plan"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn d32_the_author_of_guidance_in_a_version_does_not_approve_it() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").comments(waiting.issue, "/plan and keep it small").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(std::time::Duration::from_secs(60));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains("another person"), "{:#?}", waiting.said_to("bob"));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d33_the_author_of_the_issue_who_did_not_ask_for_the_plan_may_approve_it() {
    let world = super::World::start().await;
    let issue = world.person("bob").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    let pull = world.plan_pull(issue).await;
    let waiting = Waiting { world, issue, pull };
    waiting.world.person("bob").approves(pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d38_one_person_by_review_and_by_comment_is_one_of_two() {
    let waiting = Waiting::with("required = 2").await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.person("bob").comments(waiting.issue, &format!("/approve {}", waiting.digest().await)).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("1 of 2"), "{}", waiting.status());
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}
