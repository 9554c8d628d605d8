//! Work that stopped is kept: the next version, and another try, go on from it and pay for nothing twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use assentry::demo::model::Seen;
use assentry::workflow::run::State;

use super::*;

const CHANGELOG: &str = "The changelog has to tell of it.";

/// Does the first step and finds that there must be a second one; does that where the first is done already.
pub(crate) fn two_steps(seen: &Seen) -> Reply {
    let goes_on = seen.mentions("Work on this was begun before");
    match (goes_on, seen.turns) {
        (false, _) => all(vec![mend(), tick("s1"), deviate("plan_is_wrong", CHANGELOG)]),
        (true, 0) => {
            let (old, new) = ("- Digits stay in slugs.", "- Digits stay in slugs.\n- Slugs end with no dash.");
            all(vec![call("edit", json!({"path": "CHANGELOG.md", "old": old, "new": new})), tick("s2")])
        }
        (true, _) => finish(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_does_not_fit_becomes_the_next_version_and_the_work_goes_on_from_what_is_done() {
    let case = Case::of(executing(two_steps), "").await;
    assert_eq!(case.phase().await, "awaiting_approval", "{:#?}", case.world.said(case.issue));
    let stopped =
        "The work on v1 has stopped: the plan does not fit. In `s1`, the plan rests on something that is not so";
    assert!(case.said(stopped) && case.said("What is done is kept (`s1`). I write v2"));
    // What changed is told as the difference to the version before, with what was learnt.
    assert!(case.said("replaces v1.") && case.said(CHANGELOG), "{:#?}", case.world.said(case.issue));
    let State::AwaitingApproval(waiting) = case.world.state(case.issue).await else { panic!("{}", case.status()) };
    assert_eq!((waiting.shown.subject.version, waiting.shown.around.kept), (2, Some(1)));
    // The approval was for version 1, and nothing is built on it any more.
    assert_eq!((case.world.work_pulls().len(), case.asked().len()), (0, 1));

    case.world.github.advances(std::time::Duration::from_secs(60));
    case.bob_approves().await;
    assert_eq!(case.phase().await, "in_review", "{:#?}", case.world.said(case.issue));
    let asked = case.asked();
    assert_eq!(asked.len(), 3, "the first step is not paid for again");
    assert!(asked[1].contains("Steps that are ticked: s1. Files that differ from the base: bin/slug."), "{}", asked[1]);
    assert_eq!(case.commits(), ["Trim dashes at both ends", "Tell the changelog about trimmed slugs"]);
    let pull = case.world.work_pulls()[0].number;
    assert_eq!(case.world.github.changed_files(REPO, pull), ["CHANGELOG.md", "bin/slug"]);
    let (conclusion, text) = case.verdict();
    assert_eq!(conclusion, "success", "{text}");
    assert_eq!(case.world.github.unknown_requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_on_another_base_says_that_what_was_kept_is_built_again() {
    let case = Case::of(executing(two_steps), "").await;
    let anew = "What was done for v1 was kept, and v3 does not go on from it: `main` has moved since";
    assert!(!case.said("### The work begins anew"));
    // Version 2 would change this file, too, and so is out of date.
    case.world.file_on_main("CHANGELOG.md", "# Changes\n\n## Unreleased\n\n- Digits stay in slugs.\n- More.\n");
    case.world.settle().await;
    assert_eq!(case.phase().await, "awaiting_approval", "{:#?}", case.world.said(case.issue));
    assert!(case.said(anew), "{:#?}", case.world.said(case.issue));

    case.world.github.advances(std::time::Duration::from_secs(60));
    case.bob_approves().await;
    let asked = case.asked();
    assert!(asked.len() == 2 && !asked[1].contains("begun before"), "{:#?}", case.world.said(case.issue));
}

/// The status comment as it was while the next version was written.
async fn status_while_planning(case: &Case) -> String {
    case.world.until(case.issue, "planning").await;
    for _ in 0..50 {
        let status = case.status();
        if status.starts_with("**Assentry: writing the plan**") {
            return status;
        }
        case.world.one_thing_happens().await;
    }
    unreachable!("{}", case.status());
}

const DROPPED: &str = "What was done for v1 (`s1`; 1 changed file with ";
const WHY: &str = " bytes) is dropped, because another plan was asked for.";

#[tokio::test(flavor = "multi_thread")]
async fn another_plan_drops_what_was_kept_for_the_version_that_waits_and_says_so() {
    let case = Case::of(executing(two_steps), "").await;
    assert_eq!(case.phase().await, "awaiting_approval", "{:#?}", case.world.said(case.issue));
    case.world.github.advances(std::time::Duration::from_secs(60));
    case.world.person("ann").comments(case.issue, "/plan Leave the changelog alone.").unwrap();
    let status = status_while_planning(&case).await;
    assert!(status.contains(&format!("Version 3 is being written. {DROPPED}")) && status.contains(WHY), "{status}");

    case.world.settle().await;
    let told = format!("### The work begins anew\n\n{DROPPED}");
    assert!(case.said(&told) && case.said(WHY), "{:#?}", case.world.said(case.issue));
    assert!(case.said("Once v3 is approved, all of it is built and paid for again."));
    case.world.github.advances(std::time::Duration::from_secs(60));
    case.bob_approves().await;
    assert!(!case.asked()[1].contains("begun before"), "{:#?}", case.world.said(case.issue));

    // It is told of the version that it is true of, and of no other.
    case.says("ann", "/cancel").await;
    assert!(!case.status().contains("is dropped"), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_rests_is_not_dropped_by_a_plan_without_a_word_and_with_one_it_is_told() {
    let case = Case::of(executing(two_steps), "[deviations]\nplan_is_wrong = 'ask'\n").await;
    assert_eq!(case.phase().await, "resting", "{:#?}", case.world.said(case.issue));
    case.says("ann", "/plan Leave the changelog alone.").await;
    assert_eq!(case.phase().await, "resting");
    let answer = "@ann, the work on v1 rests, so the plan stays as it is. What is done is kept (`s1`): `/continue` and what \
                  you want goes on from there. To drop it and plan anew, write `/cancel`, then `/plan` and what you want.";
    assert!(case.said(answer), "{:#?}", case.world.said(case.issue));

    // The changed issue asks for a word, and this is one.
    case.world.person("cara").edits_issue(case.issue, &json!({"body": "Trim it at the beginning only."})).unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "resting", "{:#?}", case.world.said(case.issue));
    case.world.person("ann").comments(case.issue, "/plan").unwrap();
    let status = status_while_planning(&case).await;
    assert!(status.contains(&format!("Version 2 is being written. {DROPPED}")) && status.contains(WHY), "{status}");
    case.world.settle().await;
    assert!(case.said(&format!("### The work begins anew\n\n{DROPPED}")), "{:#?}", case.world.said(case.issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_what_was_kept_is_not_built_before_the_new_version_is_approved() {
    let case = Case::of(executing(two_steps), "").await;
    // What approved version 1, once more.
    let (_, before) = case.world.github.branches(REPO).into_iter().find(|(name, _)| name == "main").unwrap();
    let State::AwaitingApproval(waiting) = case.world.state(case.issue).await else { panic!("{}", case.status()) };
    let old = waiting.shown.subject.earlier[0].short().to_owned();
    case.says("bob", &format!("/approve {old}")).await;
    case.says("ann", "/resume").await;
    case.says("ann", "/continue").await;
    assert_eq!((case.phase().await.as_str(), case.asked().len()), ("awaiting_approval", 1));
    case.says("ann", "/cancel").await;
    assert_eq!((case.phase().await.as_str(), case.world.work_pulls().len()), ("ended", 0));
    let (_, after) = case.world.github.branches(REPO).into_iter().find(|(name, _)| name == "main").unwrap();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_goes_on_from_the_last_finished_step_or_from_the_one_that_is_named() {
    // It finishes only what it did not begin; else it goes astray behind the first step.
    let script = |seen: &Seen| match seen.turns {
        0 if seen.mentions("Work on this was begun before") => finish(),
        0 => all(vec![mend(), tick("s1")]),
        _ => all(vec![call("list", json!({})), call("list", json!({})), call("list", json!({}))]),
    };
    let case = Case::of(executing(script), "").await;
    assert_eq!((case.phase().await.as_str(), case.asked().len()), ("ended", 2), "{}", case.status());
    let digest = case.world.digest(case.issue).await;

    case.says("bob", &format!("/retry {digest} from s9")).await;
    assert!(case.said("@bob, the plan has no step `s9`; its steps are `s1`."), "{:#?}", case.world.said(case.issue));
    assert_eq!(case.asked().len(), 2);

    case.says("bob", &format!("/retry {digest} from s1")).await;
    assert_eq!((case.phase().await.as_str(), case.asked().len()), ("ended", 4), "{}", case.status());
    assert!(!case.asked()[2].contains("begun before"));

    case.says("bob", &format!("/retry {digest}")).await;
    assert_eq!((case.phase().await.as_str(), case.asked().len()), ("in_review", 5), "{}", case.status());
    assert_eq!(case.commits(), ["Trim dashes at both ends"]);
    assert_eq!(case.verdict().0, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_with_the_step_that_is_under_way_and_the_work_goes_on_behind_it() {
    let turns = AtomicUsize::new(0);
    let script = move |_: &Seen| match turns.fetch_add(1, Ordering::Relaxed) {
        // A stop would not wait for this.
        0 => all(vec![mend(), call("run", json!({"command": "sleep 3"}))]),
        1 => all(vec![tick("s1"), call("run", json!({"command": "tail -f /dev/null"}))]),
        _ => finish(),
    };
    let world = Box::pin(World::with_model(executing(script))).await;
    let issue = world.planned().await;
    let case = Case { world, issue };
    case.world.person("bob").approves(case.world.plan_pull(issue).await).unwrap();
    case.world.until(issue, "executing").await;
    let pausing = async {
        while case.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        case.world.person("eve").comments(issue, "/pause").unwrap();
        case.world.person("tim").comments(issue, "/pause").unwrap();
    };
    tokio::join!(case.world.works_beside_people(), pausing);
    case.world.settle().await;
    let State::Resting(resting) = case.world.state(issue).await else { panic!("{}", case.status()) };
    assert_eq!(resting.ticked, ["s1"]);
    assert!(case.said("@tim, the work has stopped, and what is done is kept."), "{:#?}", case.world.said(issue));
    assert!(case.said("@eve, only people with triage access"), "{:#?}", case.world.said(issue));
}
