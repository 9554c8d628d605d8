//! What pages say of the story.

use std::sync::Arc;
use std::time::Duration;

use assentry::demo::story as demo_story;
use assentry::workflow::run::State;

use super::{Browser, ON, merged, page_of, pages, told, world};
use crate::after::feedback::{comment, mending};
use crate::talk::questions::asking;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_runs_page_tells_its_versions_decisions_checks_and_cost() {
    let world = world().await;
    let issue = told(&world).await;
    let mut eve = Browser::of(&world, "eve").await;
    let page = eve.get(&page_of(&world, issue).await).await;
    let text = page.text();
    for said in [
        "Slugs end in a dash when the title ends in punctuation",
        "merged",
        "v2",
        "eve approved",
        "Does not count. eve has no write access to this repository",
        "bob approved",
        "Counts for v2.",
        "As planned",
        "Every step changed the files that were planned and no others, and every check passed.",
        "bin/slug change change",
        "None: what was done is what was planned.",
        "sh tests/run.sh passed",
        "Before the work: exit code 2. After it: exit code 0.",
        "execute",
        "cara remarked",
        "The plan was executed",
        "ann merged the work",
        "writes to GitHub, each by its hash, are in the audit trail",
    ] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    let digest = world.digest(issue).await;
    assert!(text.contains(&digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runs_page_tells_what_was_mended_since_it_was_delivered() {
    let script = Arc::new(mending(vec![comment()], true));
    let world = World::with(script, demo_story::repository(), ON).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let pull = world.state(issue).await.work_pull().unwrap().0;
    world.person("cara").comments(pull, "/fix say what it is for").unwrap();
    world.settle().await;
    let run = page_of(&world, issue).await;
    let mut eve = Browser::of(&world, "eve").await;
    let text = eve.get(&run).await.text();
    for said in ["cara asked for a follow-up say what it is for", "The follow-up is done", "Review the work in #3"] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    let log = eve.get(&format!("{run}/log")).await.text();
    assert!(log.contains("Follow-up 1 · turn 1 · calls run"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_open_runs_have_cost_is_told_before_they_end() {
    let world = world().await;
    let issue = world.planned().await;
    let mut bob = Browser::of(&world, "bob").await;
    let costs = world.core.store.costs(world.row(issue).await.unwrap().id).await.unwrap();
    let spent = costs.iter().map(|costs| costs.micro_dollars).sum::<i64>();
    assert!(spent > 0);
    let dollars = format!("${}.{:02}", (spent + 9_999) / 1_000_000, (spent + 9_999) / 10_000 % 100);
    let page = bob.get("/costs").await.text();
    assert!(page.contains(&format!("1 run still open, for {dollars} so far")), "{page}");
    assert!(
        bob.get("/repositories").await.text().contains(&format!("acme/slug you may write · costs 1 1 1 0 {dollars}"))
    );

    world.person("ann").comments(issue, "/cancel").unwrap();
    world.settle().await;
    let page = bob.get("/costs").await.text();
    assert!(
        page.contains(&format!("1 run ended, 0 of them with a pull request, 0 of which were merged, for {dollars}"))
    );
    assert!(!page.contains("still open"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_at_work_waits_for_nobody() {
    let script = Arc::new(mending(vec![comment()], true));
    let world = World::with(script, demo_story::repository(), ON).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let mut bob = Browser::of(&world, "bob").await;
    let counts = "All 1 Waiting for people 1 At work 0 Ended 0";
    assert!(bob.get("/runs").await.text().contains(counts));

    let pull = world.state(issue).await.work_pull().unwrap().0;
    world.person("cara").comments(pull, "/fix say what it is for").unwrap();
    while !matches!(world.state(issue).await, State::InReview(review) if review.is_working()) {
        world.one_thing_happens().await;
    }
    let text = bob.get("/runs").await.text();
    assert!(text.contains("All 1 Waiting for people 0 At work 1 Ended 0"), "{text}");
    assert!(text.contains("following up the executor, for follow-up 1 on #3"), "{text}");
    assert!(bob.get("/runs?group=waiting").await.text().contains("Nothing waits for people."));

    world.settle().await;
    assert!(bob.get("/runs").await.text().contains(counts));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_shows_what_the_revision_changed() {
    let world = world().await;
    let issue = told(&world).await;
    let mut eve = Browser::of(&world, "eve").await;
    let page = eve.get(&format!("{}/compare/1/2", page_of(&world, issue).await)).await;
    assert!(page.body.contains("class=\"added\"") && page.body.contains("CHANGELOG.md"), "{}", page.body);
    assert_eq!(eve.get(&format!("{}/compare/1/3", page_of(&world, issue).await)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_who_is_waited_for_and_since_when() {
    let world = world().await;
    world.planned().await;
    world.github.advances(Duration::from_secs(2 * 3600));
    let mut bob = Browser::of(&world, "bob").await;
    let text = bob.get("/runs").await.text();
    assert!(text.contains("waiting for approval somebody with write access, to approve v1 2 h"), "{text}");
    assert!(text.contains("All 1 Waiting for people 1 At work 0 Ended 0"), "{text}");
    let run = bob.get("/runs/1").await;
    assert!(run.text().contains("Review the plan in #2") && run.body.contains("/acme/slug/pull/2\""), "{}", run.body);
    assert!(bob.get("/runs?group=working").await.text().contains("Nothing is at work."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_names_who_is_asked_and_who_has_objected() {
    let world = World::with(Arc::new(asking(&["Only trailing ones"])), demo_story::repository(), ON).await;
    let issue = world.person("ann").opens_issue(demo_story::TITLE, demo_story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    let mut bob = Browser::of(&world, "bob").await;
    let text = bob.get("/runs").await.text();
    assert!(text.contains("waiting for answers ann, to answer 2 questions"), "{text}");
    let run = bob.get("/runs/1").await.text();
    assert!(run.contains("Which dashes?") && run.contains("Go on in #1"), "{run}");

    world.person("ann").comments(issue, "1. Only trailing ones").unwrap();
    world.settle().await;
    world.github.advances(Duration::from_secs(60));
    world.person("bob").comments(issue, "/reject not yet").unwrap();
    world.settle().await;
    let text = bob.get("/runs").await.text();
    assert!(text.contains("waiting for approval bob, who has objected to v1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_are_drawn_from_the_runs_that_ended() {
    let world = world().await;
    told(&world).await;
    let mut eve = Browser::of(&world, "eve").await;
    let page = eve.get("/costs").await;
    assert!(
        page.text().contains("1 run ended, 1 of them with a pull request, 1 of which were merged, for $0.04 in all."),
        "{}",
        page.text()
    );
    assert!(page.body.contains("<rect class=\"bar\""), "{}", page.body);
    assert!(page.text().contains("Cost per merged pull request"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_log_sends_what_the_agent_does_until_the_run_ends() {
    let world = world().await;
    let issue = world.planned().await;
    let run = page_of(&world, issue).await;
    let mut eve = Browser::of(&world, "eve").await;
    let shown = eve.get(&format!("{run}/log")).await;
    assert!(shown.body.contains("data-stream=\"/runs/1/log/stream?since="), "{}", shown.body);

    let stream = tokio::spawn(async move { eve.get("/runs/1/log/stream").await });
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    merged(&world, issue).await;
    let sent = tokio::time::timeout(Duration::from_secs(60), stream).await.unwrap().unwrap();
    assert_eq!(sent.header("content-type"), "text/event-stream");
    for part in ["\"kind\":\"does\"", "execute-1", "calls finish", "event: end"] {
        assert!(sent.body.contains(part), "no {part} in {}", sent.body);
    }
    let keys: Vec<&str> = sent.body.split("\"key\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut once = keys.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), keys.len(), "everything is sent once");
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_live_log_does_not_hold_up_a_stopping_server() {
    let world = world().await;
    world.planned().await;
    let mut eve = Browser::of(&world, "eve").await;
    let stream = tokio::spawn(async move { eve.get("/runs/1/log/stream").await });
    while world.github.requests().iter().filter(|asked| asked.path.ends_with("/permission")).count() == 0 {
        tokio::task::yield_now().await;
    }
    world.core.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(8), stream).await;
    assert!(ended.is_ok(), "the stream is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn t69_every_answer_carries_the_strict_policy() {
    let world = world().await;
    let issue = told(&world).await;
    let mut ann = Browser::of(&world, "ann").await;
    let mut all = pages(&world, issue).await;
    all.extend(["/runs/999", "/login/callback"].map(str::to_owned));
    for path in all {
        let page = ann.get(&path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert!(!page.body.contains(" style=") && !page.body.contains("<style"), "{path}");
        assert_eq!(page.body.matches("<script").count(), page.body.matches("<script src=\"/assets/").count(), "{path}");
    }
    let page = ann.get("/runs").await;
    let style = page.body.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let style = ann.get(&format!("/assets/{style}")).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
}
