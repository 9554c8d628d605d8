//! The main job, end to end: label, plan, approval, pull request.

use crate::world::{REPO, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_becomes_a_pull_request() {
    let world = World::start().await;
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    let plan_pull = world.plan_pull(issue).await;
    world.person("bob").approves(plan_pull).unwrap();
    world.settle().await;

    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    let pulls = world.work_pulls();
    assert_eq!(pulls.len(), 1, "{:#?}", world.said(issue));
    assert_eq!(world.github.changed_files(REPO, pulls[0].number), ["bin/slug"]);
    let commits = world.github.pull_commits(REPO, pulls[0].number);
    assert_eq!(commits.len(), 1, "one commit a step");
    let digest = world.state(issue).await.shown().unwrap().subject.digest.to_string();
    for trailer in ["Assentry-Run: 1", &format!("Plan-Digest: {digest}"), "Approved-by: bob <"] {
        assert!(commits[0].message.contains(trailer), "{}", commits[0].message);
    }
    assert!(!world.github.pull(REPO, plan_pull).unwrap().open);
    assert_eq!(world.said(issue).len(), 2, "the status and the plan, and nothing else");
    assert_eq!(world.github.unknown_requests(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_takes_at_most_twenty_calls() {
    let world = World::start().await;
    // Who we are is asked at the start of a server; whether there is an organization's policy, and whether several people
    // may write, every ten minutes.
    world.core.app.identity(world.github.now()).await.unwrap();
    world.planned().await;
    let before = world.core.app.calls();
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;

    let after = world.core.app.calls();
    let calls = (after.reads + after.writes) - (before.reads + before.writes);
    assert_eq!(world.phase(issue).await, "in_review");
    assert!(calls <= 20, "{calls} calls: {:#?}", world.github.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_a_review_become_one_version_and_two_approvals_refused() {
    let demo = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry")).arg("demo").output().await.unwrap();
    let told = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success(), "{told}\n{}", String::from_utf8_lossy(&demo.stderr));

    let mut rest = told.as_str();
    for what in [
        "posts plan v1",
        "bob  requests changes",
        "posts plan v2",
        "+- Letters beyond ASCII: each run of them becomes one dash",
        "resolves what is done",
        "Step `s2` adds a line to CHANGELOG.md.",
        "Adopted as suggested.",
        "step `s1` now makes sure of it.",
        "cara approves what she has read",
        "@cara, this is not approved yet.",
        "an earlier version",
        "eve  may only read here",
        "@eve, this is not approved yet.",
        "no write access",
        "bob  approves v2",
        "passed, failed before",
        "opens pull request #3",
        "Approved-by: bob",
        "puts the check assentry/conformance beside the merge button: As planned: 2 steps, 2 files, 1 check",
    ] {
        let (_, after) = rest.split_once(what).unwrap_or_else(|| panic!("{what:?} is not told, or not there:\n{told}"));
        rest = after;
    }
    assert!(!told.contains("posts plan v3"), "{told}");
}
