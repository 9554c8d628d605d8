//! Who may ask for a plan, and what of.

use assentry::demo::github::{Fault, Role, Wrong};
use assentry::demo::story;

use super::hands::captured;
use crate::world::{REPO, World};

async fn issue_of(world: &World, login: &str) -> i64 {
    let issue = world.person(login).opens_issue(story::TITLE, story::BODY).unwrap();
    world.settle().await;
    issue
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_e3_whoever_may_write_begins_a_plan_by_whatever_grant() {
    let world = World::start().await;
    world.team("writers", &["eve"], &["tim"]);
    world.github.grants_team("acme/writers", REPO, Role::Write).unwrap();
    world.person("cara").becomes(Role::Maintain).unwrap();
    for (login, phase) in [
        ("ann", "awaiting_approval"),
        ("cara", "awaiting_approval"),
        ("bob", "awaiting_approval"),
        ("eve", "awaiting_approval"),
        ("tim", "none"),
    ] {
        let issue = issue_of(&world, "stranger").await;
        world.person(login).labels(issue, "assentry").unwrap();
        world.settle().await;
        assert_eq!(world.phase(issue).await, phase, "{login}: {:#?}", world.said(issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_e1_e2_neither_a_bot_nor_an_app_in_a_persons_name_begins_a_plan_whatever_it_may() {
    let world = World::start().await;
    let issue = issue_of(&world, "ann").await;
    let bot = world.github.adds_bot("renovate[bot]");
    bot.becomes(Role::Admin).unwrap();
    for asks in [bot, world.person("bob").through_an_app()] {
        for command in ["/plan", "/plan anyway", "/plan adopt", "@assentry plan"] {
            asks.comments(issue, command).unwrap();
        }
        world.settle().await;
        assert_eq!((world.phase(issue).await.as_str(), world.said(issue)), ("none", vec![]), "{}", asks.login());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_whom_the_operator_does_not_let_decide_begins_no_plan_and_is_told_so() {
    // The first world only tells which number bob has; numbers are the same in each.
    let bob = World::start().await.github.account_id("bob").unwrap();
    let denied = format!("[approval]\ndenied = {{ bob = {bob} }}");
    let world = World::with(story::script(), story::repository(), &denied).await;
    let issue = issue_of(&world, "bob").await;
    world.person("bob").labels(issue, "assentry").unwrap();
    world.person("bob").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");
    let said = world.said(issue);
    assert!(said[0].starts_with("@bob, the operator of this server does not let you ask for plans."), "{said:#?}");

    world.person("ann").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_t07_a_label_set_by_someone_without_write_access_plans_nothing_and_is_answered_once() {
    let world = World::start().await;
    let issue = issue_of(&world, "ann").await;
    for _ in 0..3 {
        world.person("tim").labels(issue, "assentry").unwrap();
        world.settle().await;
        world.person("tim").unlabels(issue, "assentry").unwrap();
        world.settle().await;
    }
    assert_eq!(world.phase(issue).await, "none");
    assert_eq!(world.said(issue).len(), 1, "{:#?}", world.said(issue));
    assert!(world.said(issue)[0].contains("write access"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_r5_an_issue_opened_with_the_label_by_someone_who_may_is_planned_once() {
    let world = World::start().await;
    let issue = world.person("bob").opens_labelled_issue(story::TITLE, story::BODY, &["assentry"]).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.said(issue).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_t06_a_label_that_a_template_puts_on_an_outsiders_issue_is_judged_by_the_opener() {
    let world = World::start().await;
    // The API drops an outsider's labels; an issue form does not. So a delivery is made that says so.
    let hands = captured(&world, || {
        world.person("ann").opens_labelled_issue(story::TITLE, story::BODY, &["assentry"]).unwrap();
        world.person("eve").opens_issue(story::TITLE, story::BODY).unwrap();
    })
    .await;
    let eve = hands.all().last().unwrap().1["issue"]["user"].clone();
    for (event, payload) in &hands.all()[..hands.all().len() - 1] {
        let mut payload = payload.clone();
        payload["issue"]["user"] = eve.clone();
        payload["sender"] = eve.clone();
        hands.posts(event, &payload).await;
    }
    world.settle().await;
    assert_eq!(world.phase(1).await, "none");
    assert_eq!(world.said(1).len(), 1, "{:#?}", world.said(1));
    assert!(world.said(1)[0].contains("maintainer"), "{}", world.said(1)[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_t09_a_label_set_by_a_bot_is_passed_over_in_silence() {
    let world = World::start().await;
    let issue = issue_of(&world, "ann").await;
    world.github.adds_bot("labeler[bot]");
    world.github.grants("labeler[bot]", REPO, Role::Admin).unwrap();
    world.person("labeler[bot]").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");
    assert_eq!(world.said(issue), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_f03_a_label_that_goes_and_comes_back_changes_nothing_whatever_arrives_first() {
    for order in [[0, 1], [1, 0]] {
        let world = World::start().await;
        let issue = world.planned().await;
        let digest = world.digest(issue).await;
        world.github.holds_webhooks();
        world.person("ann").unlabels(issue, "assentry").unwrap();
        world.person("ann").labels(issue, "assentry").unwrap();
        world.github.releases_webhooks(&order);
        world.settle().await;
        assert_eq!(world.phase(issue).await, "awaiting_approval");
        assert_eq!(world.digest(issue).await, digest);
        assert_eq!(world.said(issue).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_r13_a_closed_issue_and_a_pull_request_are_not_planned() {
    let world = World::start().await;
    let closed = issue_of(&world, "ann").await;
    world.person("ann").closes(closed).unwrap();
    world.person("ann").labels(closed, "assentry").unwrap();
    let bob = world.person("bob");
    bob.pushes("topic", "x.md", "x").unwrap();
    let pull = bob.opens_pull("Topic", "topic", "main").unwrap();
    world.person("ann").labels(pull, "assentry").unwrap();
    world.person("ann").comments(pull, "/plan").unwrap();
    world.settle().await;
    for number in [closed, pull] {
        assert_eq!(world.phase(number).await, "none");
        assert_eq!(world.said(number), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_locked_issue_is_planned_only_by_who_may_write() {
    let world = World::start().await;
    let issue = issue_of(&world, "stranger").await;
    world.person("ann").locks(issue).unwrap();
    world.person("stranger").comments(issue, "/plan").unwrap_err();
    world.person("tim").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");

    world.person("tim").unlabels(issue, "assentry").unwrap();
    world.person("bob").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_in_an_archived_repository_neither_a_label_nor_a_command_begins_a_plan() {
    let world = World::start().await;
    let issue = issue_of(&world, "ann").await;
    let ann = world.person("ann");
    let hands = captured(&world, || {
        ann.labels(issue, "assentry").unwrap();
        ann.comments(issue, "/plan").unwrap();
    })
    .await;
    world.github.archives(REPO).unwrap();
    ann.comments(issue, "/plan").unwrap_err();
    // Done just before, told just after.
    for (event, payload) in hands.all() {
        let mut payload = payload.clone();
        payload["repository"]["archived"] = true.into();
        hands.posts(event, &payload).await;
    }
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_f60_a_label_whose_setter_is_unknown_waits_until_github_answers() {
    let world = World::start().await;
    let issue = issue_of(&world, "ann").await;
    let (method, path) = ("GET", "/collaborators/ann/permission".to_owned());
    world.github.goes_wrong(Fault { method, path, times: u32::MAX, wrong: Wrong::RefusedBefore(502) });
    world.person("ann").labels(issue, "assentry").unwrap();
    world.github.delivered().await;
    world.settle_now().await;
    assert_eq!(world.phase(issue).await, "none");
    world.github.heals();
    world.passes(std::time::Duration::from_secs(60)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}
