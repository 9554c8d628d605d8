//! Commands and checks that hang, fork and flood: the walls hold, and the run comes to an end.

use std::time::Duration;

use super::*;

/// A world in which commands may take a second and little else.
async fn narrow(check: &str, work: Vec<Reply>) -> World {
    let plan = plan_but(|plan| plan["checks"] = json!([{ "command": check }]));
    let mut world =
        world(works(plan, work), "[sandbox]\nmemory_mib = 128\nprocesses = 32\ndisk_mib = 64\noutput_kib = 4").await;
    let mut settings = (*world.core.settings).clone();
    settings.command = Duration::from_secs(1);
    world.core.settings = Arc::new(settings);
    world
}

fn turns() -> Vec<Reply> {
    let mut turns = vec![calls(vec![mend(), tick("s1")])];
    turns.extend((0..5).map(|n| calls(vec![call("list", json!({"depth": n + 1})), finish()])));
    turns
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_a_check_that_hangs_forks_or_floods_fails_and_is_named() {
    for (check, why) in [
        ("sleep 1000", "out of time"),
        ("yes", "too much output"),
        ("f() { f | f & }; f; sleep 1000", "checks are red"),
        ("dd if=/dev/zero of=/tmp/big bs=1M count=100", "checks are red"),
        ("tail /dev/zero", ""),
        ("kill -9 $$", "signal 9"),
    ] {
        let world = narrow(check, turns()).await;
        let issue = executed(&world).await;
        ended(&world, issue, "checks still fail", "`/retry ").await;
        let requests = world.model.requests();
        assert!(requests.iter().any(|request| request.body.contains(why)), "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_commands_that_hang_fork_or_flood_are_told_and_the_work_goes_on() {
    let mut work = vec![calls(vec![
        run("sleep 1000"),
        run("yes | head -c 100000000"),
        run("for n in $(seq 1000); do sleep 1000 & done; wait"),
        run("(setsid sleep 1000 >/dev/null 2>&1 &) ; exec >&- 2>&- ; sleep 1000"),
        run("printf '\\033[2J\\000\\377 @acme/all'"),
    ])];
    work.extend(honest());
    let world = narrow(story::CHECK, work).await;
    let issue = executed(&world).await;
    assert_eq!(world.phase(issue).await, "in_review");
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
    quiet(&world, issue);
}
