//! The issue is closed, locked, deleted or moved; people lose access; the repository is published or archived; the
//! installation is suspended or removed.

use std::time::Duration;

use assentry::demo::github::{NewRepository, Role};
use assentry::demo::story;

use super::{Case, all};
use crate::world::REPO;

const PUBLIC: &str = "The repository was made public";
const HOUR: Duration = Duration::from_secs(3600);

fn private() -> NewRepository {
    NewRepository { private: true, ..story::repository() }
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_phase_issue_closed_in_any_phase_before_the_push_cancels() {
    for case in all().await {
        case.world.person("tim").closes(case.issue).unwrap();
        case.ended_because("`tim` closed the issue").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_phase_issue_closed_after_the_work_is_a_notice_unless_the_work_was_merged() {
    let case = Case::delivered().await;
    case.world.person("tim").closes(case.issue).unwrap();
    case.world.settle().await;
    let said = case.world.said(case.work().number);
    assert!(said.iter().any(|text| text.contains("was closed. Nothing was done about it")), "{said:#?}");

    let case = Case::delivered().await;
    let before = case.world.said(case.work().number);
    case.world.person("cara").merges(case.work().number).unwrap();
    case.world.person("cara").closes(case.issue).unwrap();
    case.world.settle().await;
    assert_eq!(case.world.said(case.work().number), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_phase_issue_locked_in_any_phase_goes_on() {
    let case = Case::waiting().await;
    case.world.person("ann").locks(case.issue).unwrap();
    case.waits_with(1).await;
    let case = case.approved().await;
    case.is_built().await;
    let case = Case::at_work().await;
    case.world.person("ann").locks(case.issue).unwrap();
    case.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_phase_issue_deleted_before_the_push_voids_and_closes_the_plan() {
    for case in all().await {
        case.world.person("ann").deletes_issue(case.issue).unwrap();
        case.world.settle().await;
        assert_eq!(case.phase().await, "ended");
        case.built_nothing();
        assert!(!case.world.github.pull(REPO, case.pull).unwrap().open);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f39_phase_issue_transferred_before_the_push_voids() {
    let case = Case::waiting().await;
    let name = "acme/elsewhere";
    case.world
        .github
        .adds_repository(NewRepository { name: name.to_owned(), ..NewRepository::default() })
        .await
        .unwrap();
    case.world.github.grants("ann", name, Role::Admin).unwrap();
    case.world.person("ann").at(REPO).transfers_issue(case.issue, name).unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "ended");
    case.built_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_phase_issue_deleted_after_the_work_is_a_notice_on_it() {
    let case = Case::delivered().await;
    case.world.person("ann").deletes_issue(case.issue).unwrap();
    case.world.settle().await;
    let said = case.world.said(case.work().number);
    assert!(said.iter().any(|text| text.contains("was deleted or moved")), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_approver_who_loses_access_before_the_start_counts_no_longer() {
    let case = Case::starting().await;
    case.world.github.grants("bob", REPO, Role::Read).unwrap();
    case.waits_with(1).await;
    assert!(case.status().contains("`bob` has no write access"), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_approver_who_loses_access_while_running_holds_the_push() {
    let case = Case::at_work().await;
    case.world.github.grants("bob", REPO, Role::Read).unwrap();
    case.is_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_requester_who_loses_access_in_any_phase_changes_nothing() {
    let case = Case::waiting().await;
    case.world.github.grants("ann", REPO, Role::None).unwrap();
    case.waits_with(1).await;
    case.approved().await.is_built().await;
    let case = Case::at_work().await;
    case.world.github.grants("ann", REPO, Role::None).unwrap();
    case.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_repository_made_public_before_the_push_voids_at_once() {
    let waiting = Case::waiting_in(private()).await;
    let starting = Case::waiting_in(private()).await.approved().await;
    let at_work = Case::waiting_in(private()).await.begun().await;
    for case in [waiting, starting, at_work] {
        case.world.github.shows_only_to_collaborators(REPO, false).unwrap();
        case.ended_because(PUBLIC).await;
        let run = case.world.row(case.issue).await.unwrap().id;
        assert!(case.world.core.store.kept(run, "work-1").await.unwrap().is_none(), "it was built all the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_repository_made_public_asks_for_the_digest_from_then_on() {
    let case = Case::waiting_in(private()).await;
    case.world.github.shows_only_to_collaborators(REPO, false).unwrap();
    case.world.settle().await;
    case.world.person("ann").comments(case.issue, "/plan").unwrap();
    case.world.settle().await;
    case.world.github.advances(Duration::from_secs(5));
    case.world.person("bob").comments(case.issue, "/approve").unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "awaiting_approval");
    assert!(case.has_said("`/approve` has to name the digest"), "{:#?}", case.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_repository_made_public_after_the_work_is_a_notice() {
    let case = Case::waiting_in(private()).await;
    case.world.person("bob").approves(case.pull).unwrap();
    case.is_built().await;
    case.world.github.shows_only_to_collaborators(REPO, false).unwrap();
    case.world.settle().await;
    let said = case.world.said(case.work().number);
    assert!(said.iter().any(|text| text.starts_with(PUBLIC)), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_repository_archived_parks_and_goes_on_when_it_is_back() {
    for case in all().await {
        let before = case.phase().await;
        case.world.github.archives(REPO).unwrap();
        case.world.passes(HOUR).await;
        assert_eq!(case.phase().await, before);
        case.built_nothing();
        let run = case.world.row(case.issue).await.unwrap().id;
        assert!(case.world.core.store.kept(run, "work-1").await.unwrap().is_none(), "it was built all the same");

        case.world.github.unarchives(REPO).unwrap();
        if before == "awaiting_approval" {
            case.world.person("bob").approves(case.pull).unwrap();
        }
        case.world.passes(HOUR).await;
        case.is_built().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_installation_suspended_parks_and_goes_on_when_it_is_back() {
    for case in all().await {
        let before = case.phase().await;
        case.world.github.suspends_installation(REPO, true).unwrap();
        case.world.passes(HOUR).await;
        assert_eq!(case.phase().await, before);
        case.built_nothing();

        case.world.github.suspends_installation(REPO, false).unwrap();
        if before == "awaiting_approval" {
            case.world.person("bob").approves(case.pull).unwrap();
        }
        case.world.passes(HOUR).await;
        case.is_built().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_app_uninstalled_ends_the_run() {
    let case = Case::waiting().await;
    case.world.github.uninstalls(REPO).unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "ended");
    let case = Case::at_work().await;
    case.world.github.removes_from_installation(REPO).unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "ended");
}
