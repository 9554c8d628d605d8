//! Red checks of other Apps are mended within a bound.

use std::time::Duration;

use assentry::demo::github::{Mishap, OtherCheck};

use super::Reviewed;
use super::feedback::{comment, mending};
use crate::world::REPO;

const FOUND: &[(&str, u32, &str)] = &[("bin/slug", 2, "not described")];

fn check<'a>(head: &'a str, name: &'a str, conclusion: Option<&'a str>) -> OtherCheck<'a> {
    let (title, summary) = ("1 finding", "Each file says what it is for.");
    OtherCheck { head, name, conclusion, title, summary, annotations: FOUND }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_red_check_is_mended_once_when_all_have_ended_and_then_a_person_must_ask() {
    let case = Reviewed::with(mending(vec![comment()], true)).await;
    let head = case.work().head_sha;
    case.world.github.runs_check(REPO, &check(&head, "build", None)).unwrap();
    case.world.github.runs_check(REPO, &check(&head, "style", Some("failure"))).unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.begun()), (1, 0));

    case.world.github.runs_check(REPO, &check(&head, "build", Some("success"))).unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.begun()), (2, 1), "{:#?}", case.world.said(case.pull));
    assert!(case.said_on_work("About the check `style`: Done in `"), "{:#?}", case.world.said(case.pull));
    let sent: String = case.world.model.requests().into_iter().map(|request| request.body).collect();
    assert!(sent.contains("bin/slug:2: not described"), "{sent}");

    case.world.github.advances(Duration::from_secs(60));
    let head = case.work().head_sha;
    for _ in 0..2 {
        case.world.github.runs_check(REPO, &check(&head, "style", Some("failure"))).unwrap();
        case.is("in_review", "in review").await;
    }
    assert_eq!((case.commits().len(), case.begun()), (2, 1));
    let told = case.world.said(case.pull).iter().filter(|text| text.starts_with("1 check is red here")).count();
    assert_eq!(told, 1, "{:#?}", case.world.said(case.pull));

    case.world.person("cara").comments(case.pull, "/fix").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.begun()), (3, 2));
    assert_eq!(case.world.github.unknown_requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_are_green_cancelled_or_on_what_people_pushed_lead_to_nothing() {
    let case = Reviewed::with(mending(vec![comment()], true)).await;
    let head = case.work().head_sha;
    for conclusion in ["success", "cancelled", "neutral", "action_required"] {
        case.world.github.runs_check(REPO, &check(&head, conclusion, Some(conclusion))).unwrap();
    }
    let theirs = case.world.person("cara").pushes(&case.work().head, "docs/slug.md", "How slugs are made.\n").unwrap();
    case.world.github.runs_check(REPO, &check(&theirs, "style", Some("failure"))).unwrap();
    case.is("in_review", "in review").await;
    assert_eq!(case.begun(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_red_check_that_no_webhook_told_is_found() {
    let case = Reviewed::with(mending(vec![comment()], true)).await;
    case.world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
    case.world.github.runs_check(REPO, &check(&case.work().head_sha, "style", Some("timed_out"))).unwrap();
    case.world.passes(Duration::from_secs(3_600)).await;
    assert_eq!(case.world.core.reconcile(case.world.github.now()).await.unwrap(), 1);
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.begun()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_keep_red_checks_for_people() {
    let case = Reviewed::under(mending(vec![comment()], true), "[review]\nci_fixes = 0\n").await;
    case.world.github.runs_check(REPO, &check(&case.work().head_sha, "style", Some("failure"))).unwrap();
    case.is("in_review", "in review").await;
    assert_eq!(case.begun(), 0);
    assert!(case.said_on_work("1 check is red here"), "{:#?}", case.world.said(case.pull));
}
