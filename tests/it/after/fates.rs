//! What becomes of the pull request with the work is how the run ends; then nothing of it is left behind.

use std::time::Duration;

use assentry::demo::github::Mishap;
use serde_json::json;

use super::Reviewed;
use crate::world::REPO;

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_any_kind_ends_the_run_and_its_branches_go() {
    for method in ["merge", "squash", "rebase"] {
        let case = Box::pin(Reviewed::begin()).await;
        assert_eq!(case.branches().len(), 2);
        case.world.person("bob").merges_by(method, case.pull).unwrap();
        case.is("ended", "merged").await;

        let told = format!("The work was merged by `bob` in #{} as `", case.pull);
        assert!(case.status().contains(&told), "{}", case.status());
        assert_eq!(case.branches(), [""; 0], "{method}");
        assert!(!case.world.data.path().join("work").join("run-1").exists());
        assert_eq!(case.world.github.unknown_requests(), [""; 0]);
        // That the issue was closed by it is no news, and that we deleted branches is none either.
        assert_eq!(case.world.said(case.pull), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_without_a_merge_ends_the_run_and_another_can_begin() {
    let case = Reviewed::begin().await;
    case.world.person("cara").closes(case.pull).unwrap();
    case.is("ended", "closed without a merge").await;
    assert!(case.status().contains("was closed by `cara` without a merge."), "{}", case.status());
    assert_eq!(case.branches(), [""; 0]);

    case.world.person("ann").comments(case.issue, "/plan another way").unwrap();
    case.world.settle().await;
    assert_eq!(case.world.phase(case.issue).await, "awaiting_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn t61_a_branch_that_somebody_pushed_to_is_not_deleted() {
    let case = Reviewed::begin().await;
    let branch = case.work().head;
    let theirs = case.world.person("cara").pushes(&branch, "docs/slug.md", "How slugs are made.\n").unwrap();
    case.world.person("cara").closes(case.pull).unwrap();
    case.is("ended", "closed without a merge").await;
    let left = case.world.github.branches(REPO).into_iter().find(|(name, _)| *name == branch);
    assert_eq!(left, Some((branch, theirs)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_gone_already_is_no_trouble() {
    let case = Reviewed::begin().await;
    let branch = case.work().head;
    case.world.person("bob").merges(case.pull).unwrap();
    case.world.person("bob").deletes_branch(&branch).unwrap();
    case.is("ended", "merged").await;
    assert_eq!(case.branches(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_merge_and_a_close_that_no_webhook_told_are_found() {
    for (merged, told) in [(true, "merged"), (false, "closed without a merge")] {
        let case = Box::pin(Reviewed::begin()).await;
        case.world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
        let bob = case.world.person("bob");
        if merged {
            bob.merges(case.pull).unwrap()
        } else {
            bob.closes(case.pull).unwrap()
        }
        case.is("in_review", "in review").await;

        case.world.passes(Duration::from_secs(3_600)).await;
        assert_eq!(case.world.core.reconcile(case.world.github.now()).await.unwrap(), 1);
        case.is("ended", told).await;
        assert_eq!(case.branches(), [""; 0]);
        assert_eq!(case.world.core.reconcile(case.world.github.now()).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pull_request_that_is_opened_again_and_merged_counts_as_merged() {
    let case = Reviewed::begin().await;
    let (branch, head) = (case.work().head, case.work().head_sha);
    case.world.person("cara").closes(case.pull).unwrap();
    case.is("ended", "closed without a merge").await;

    case.world.github.advances(Duration::from_secs(60));
    let bob = case.world.person("bob");
    bob.asks("POST", "git/refs", &json!({ "ref": format!("refs/heads/{branch}"), "sha": head })).unwrap();
    bob.reopens(case.pull).unwrap();
    bob.merges(case.pull).unwrap();
    case.is("ended", "merged").await;
    assert_eq!(case.branches(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_taken_back_by_the_button_is_recorded_as_reverted() {
    let case = Reviewed::begin().await;
    case.world.person("bob").merges_by("squash", case.pull).unwrap();
    case.is("ended", "merged").await;
    let revert = case.world.person("ann").reverts(case.pull).unwrap();
    case.is("ended", "merged").await;

    case.world.person("ann").merges(revert).unwrap();
    case.is("ended", "merged, then reverted").await;
    assert!(case.status().contains("took it back."), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_taken_back_by_a_commit_on_its_base_is_recorded_as_reverted() {
    let case = Reviewed::begin().await;
    let ann = case.world.person("ann");
    ann.merges_by("squash", case.pull).unwrap();
    case.is("ended", "merged").await;
    let (main, before) = (tip(&case, "main"), case.work().head_sha);
    for (what, expected) in [(&before[..39], "merged"), (&main[..], "merged, then reverted")] {
        let parent = tip(&case, "main");
        let message = format!("Revert \"Trim slugs\"\n\nThis reverts commit {what}.\n");
        let tree = ann.asks("GET", &format!("git/commits/{parent}"), &json!({})).unwrap()["tree"]["sha"].clone();
        let commit = json!({ "message": message, "tree": tree, "parents": [parent] });
        let commit = ann.asks("POST", "git/commits", &commit).unwrap()["sha"].clone();
        ann.asks("PATCH", "git/refs/heads/main", &json!({ "sha": commit })).unwrap();
        case.is("ended", expected).await;
    }
    assert!(
        case.status().contains(&format!("commit `{}` took it back", &tip(&case, "main")[..10])),
        "{}",
        case.status()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_somebody_else_that_says_it_reverts_the_work_does_nothing_before_it_is_merged() {
    let case = Reviewed::begin().await;
    case.world.person("bob").merges(case.pull).unwrap();
    case.is("ended", "merged").await;
    let revert = case.world.person("ann").reverts(case.pull).unwrap();
    case.world.person("ann").closes(revert).unwrap();
    case.is("ended", "merged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_another_plan_or_an_end_meanwhile_is_sent_to_the_pull_request() {
    let case = Reviewed::begin().await;
    for text in ["/plan another way", "/revise trim more"] {
        case.world.person("ann").comments(case.issue, text).unwrap();
        case.is("in_review", "in review").await;
    }
    let said = case.world.said(case.issue);
    let told = format!("@ann, the work on this plan is up for review in #{}", case.pull);
    assert_eq!(said.iter().filter(|text| text.starts_with(&told)).count(), 1, "{said:#?}");

    case.world.person("ann").comments(case.issue, "/cancel").unwrap();
    case.world.person("ann").unlabels(case.issue, "assentry").unwrap();
    case.is("in_review", "in review").await;
    assert!(case.work().open);
}

fn tip(case: &Reviewed, branch: &str) -> String {
    case.world.github.branches(REPO).into_iter().find(|(name, _)| name == branch).expect("a branch").1
}
