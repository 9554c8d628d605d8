//! What is answered to whom, and how often.

use std::time::Duration;

use assentry::words::plan::parse_plan;

use super::world_with;
use crate::world::{REPO, World};

const COMMANDS: [&str; 16] = [
    "/plan something else",
    "/plan anyway",
    "/plan template",
    "/revise it",
    "/approve",
    "/approve 3fa9c1d2e07b",
    "/reject",
    "/unapprove",
    "/lift @bob",
    "/retry",
    "/cancel",
    "/split",
    "/status",
    "/history",
    "/help",
    "/aprove",
];

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_nothing_gets_one_answer_an_hour_whatever_they_type_in_whatever_phase() {
    let world = World::start().await;
    let without = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    let waiting = world.planned().await;
    let ended = world.planned().await;
    world.types("ann", ended, "/cancel").await;
    let pull = world.plan_pull(waiting).await;
    for (number, twin, phase) in
        [(without, without, "none"), (waiting, pull, "awaiting_approval"), (ended, ended, "ended")]
    {
        let before = world.said(number).len() + world.said(twin).len();
        // Where a version waits, what stands behind an approval is the gate's to judge.
        let approves = |command: &str| command.starts_with("/approve") && phase == "awaiting_approval";
        for (at, command) in COMMANDS.iter().enumerate().filter(|(_, command)| !approves(command)) {
            world.types("eve", if at % 2 == 0 { number } else { twin }, command).await;
        }
        assert_eq!(world.phase(number).await, phase);
        let said = [world.said(number), world.said(twin)].concat();
        let new = (said.len() - before) / if number == twin { 2 } else { 1 };
        assert_eq!(new, 1, "{phase}: {said:#?}");
        world.passes(Duration::from_secs(3_600)).await;
        world.types("eve", number, "/help").await;
        assert!(world.last_said(number).contains("| Command |"), "{phase}: {:#?}", world.said(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_acknowledged_at_once_and_a_refused_one_with_doubt_once_an_hour() {
    let world = World::start().await;
    let issue = world.planned().await;
    for (login, text, expected) in [
        ("bob", "/status", &["eyes"][..]),
        ("bob", "/reject no", &["eyes"]),
        ("bob", "/unapprove", &["eyes"]),
        ("eve", "/revise it", &["confused"]),
        ("eve", "/cancel", &[]),
        ("bob", "thanks, looks good", &[]),
        ("bob", "> /status", &[]),
    ] {
        let comment = world.types(login, issue, text).await;
        assert_eq!(world.reactions(issue, comment), expected, "{login}: {text}");
    }
    world.github.adds_bot("renovate[bot]");
    let comment = world.types("renovate[bot]", issue, "/status").await;
    assert_eq!(world.reactions(issue, comment), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_nothing_costs_two_writes_an_hour_however_much_they_type_and_however_long_the_thread_is() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    for _ in 0..110 {
        world.person("eve").comments(issue, "Hm.").unwrap();
    }
    let commands = ["/status", "/plan", "/help", "/aprove", "/cancel", "/history"];
    for hour in 1..=2 {
        world.types("eve", issue, "/status").await;
        let before = world.github.requests().len();
        let edited = world.types("eve", issue, "Well.").await;
        for text in commands.iter().cycle().take(30) {
            world.person("eve").comments(issue, text).unwrap();
        }
        world.person("eve").edits_comment(edited, "/plan").unwrap();
        world.settle().await;

        let asked = world.github.requests().split_off(before);
        let path = format!("/issues/{issue}/comments");
        let costs = |request: &&assentry::demo::github::Request| {
            let writes = request.method != "GET" && !request.path.ends_with("/access_tokens");
            request.actor.starts_with("installation ") && (writes || request.path.contains(&path))
        };
        assert_eq!(asked.iter().filter(costs).count(), 0, "{asked:#?}");
        assert_eq!(world.said(issue).len(), hour, "{:#?}", world.said(issue));
        let comments = world.github.issue_comments(REPO, issue);
        assert_eq!(comments.iter().map(|comment| comment.reactions.len()).sum::<usize>(), hour);
        world.passes(Duration::from_secs(3_600)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_into_a_command_does_nothing_and_is_told_once() {
    let world = World::start().await;
    let issue = world.planned().await;
    let before = world.said(issue).len();
    let comment = world.types("bob", issue, "I wonder.").await;
    for text in ["/cancel", "/plan something else", "/plan template"] {
        world.person("bob").edits_comment(comment, text).unwrap();
        world.settle().await;
    }
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.said(issue).len(), before + 1, "{:#?}", world.said(issue));
    assert!(world.last_said(issue).starts_with("@bob, I read a comment as it was first written"));

    // Somebody without rights, many comments of theirs, and an issue without a run.
    let other = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    for _ in 0..3 {
        let comment = world.types("eve", other, "Hm.").await;
        world.person("eve").edits_comment(comment, "/plan").unwrap();
        world.settle().await;
    }
    assert_eq!((world.said(other).len(), world.phase(other).await), (1, "none".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn d26_an_edit_into_what_approves_or_into_another_bots_command_is_passed_over_in_silence() {
    let world = World::start().await;
    let issue = world.planned().await;
    let before = world.said(issue);
    let digest = world.digest(issue).await;
    let comment = world.types("bob", issue, "Looks good.").await;
    for text in [format!("/approve {digest}"), "/retry".to_owned(), "/lgtm".to_owned(), "/aprove".to_owned()] {
        world.person("bob").edits_comment(comment, &text).unwrap();
        world.settle().await;
    }
    assert_eq!(world.said(issue), before);
    assert_eq!(world.phase(issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_each_version_and_each_decision_with_its_verdict() {
    let world = World::start().await;
    let issue = world.planned().await;
    world.types("eve", issue, &format!("/approve {}", world.digest(issue).await)).await;
    let first = world.digest(issue).await;
    world.types("cara", issue, "/revise mention it in the changelog").await;
    world.github.advances(Duration::from_secs(60));
    world.types("ann", issue, &format!("/approve {}", world.digest(issue).await)).await;
    world.types("cara", issue, &format!("/approve {first}")).await;
    world.types("cara", issue, "/reject wait").await;
    world.types("cara", issue, "/history").await;
    let said = world.last_said(issue);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("- ")).collect();
    let second = world.digest(issue).await;
    for (at, parts) in [
        (0, vec![format!("`v1 · {first}` ([file]("), "asked for by `ann`".to_owned()]),
        (1, vec![format!("`v2 · {second}` ([file]("), "asked for by `cara`: ".to_owned()]),
        (2, vec!["`eve` [approved](".to_owned(), "did not count. `eve` has no write access".to_owned()]),
        (3, vec!["`ann` [approved](".to_owned(), "did not count. `ann` asked for this plan".to_owned()]),
        (4, vec!["`cara` [approved](".to_owned(), "did not count. That approval is for an earlier version".to_owned()]),
        (5, vec!["`cara` [objected](".to_owned(), "it counts for v2.".to_owned()]),
    ] {
        for part in parts {
            assert!(lines.get(at).is_some_and(|line| line.contains(&part)), "{at}: {part}\n{said}");
        }
    }
    assert_eq!(lines.len(), 6, "{said}");

    // The same again says nothing new.
    world.types("cara", issue, "/history").await;
    assert_eq!(world.last_said(issue), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_knows_the_repository_and_lacks_nothing_but_its_title() {
    let world = World::start().await;
    let issue = world.person("bob").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.types("bob", issue, "/plan template").await;
    let said = world.last_said(issue);
    assert!(said.contains("`bin/**`") && !said.contains(".git`"), "{said}");
    let (_, behind) = said.split_once("```markdown\n/plan adopt\n").unwrap();
    let plan = behind.rsplit_once("\n```").unwrap().0.replacen("## ", "## Trim dashes", 1);
    assert_eq!(parse_plan(&plan).unwrap().faults(), []);
    assert_eq!(world.phase(issue).await, "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_an_administrator_lifts_an_objection_and_nobody_else() {
    let world = world_with("[approval]\nseparation = 'open'").await;
    let issue = world.person("bob").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.types("bob", issue, "/plan").await;
    world.github.advances(Duration::from_secs(60));
    world.types("cara", issue, "/reject not now").await;
    world.github.advances(Duration::from_secs(60));
    world.types("tim", issue, "/lift @cara").await;
    world.types("bob", issue, &format!("/approve {}", world.digest(issue).await)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    // Within one second what takes authority comes last, whoever was first.
    world.github.advances(Duration::from_secs(60));
    world.types("ann", issue, "/lift @cara").await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    assert_eq!(world.work_pulls().len(), 1);
    assert_eq!(world.github.pulls(REPO).len(), 2);
}
