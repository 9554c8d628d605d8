//! Issues, comments, labels and checks.

use serde_json::json;

use super::{REPO, ask, token, world};

#[tokio::test]
async fn f43_a_body_beyond_65536_characters_is_refused() {
    let github = world().await;
    let ann = github.person("ann");
    let issue = ann.opens_issue("Long", &"ä".repeat(65_536)).unwrap();

    let refused = ann.comments(issue, &"ä".repeat(65_537)).unwrap_err();

    assert_eq!(refused.errors[0]["message"], "body is too long (maximum is 65536 characters)");
    assert!(ann.comments(issue, &"ä".repeat(65_536)).is_ok());
}

#[tokio::test]
async fn f40_a_locked_issue_takes_no_comment_from_an_app_or_a_stranger() {
    let github = world().await;
    let (ann, eve) = (github.person("ann"), github.person("eve"));
    let issue = ann.opens_issue("Hot", "").unwrap();
    ann.locks(issue).unwrap();
    let app = token(&github, &json!({})).await;

    let path = format!("POST /repos/acme/widget/issues/{issue}/comments");
    let by_app = ask(&github, &app, &path, &json!({ "body": "Hello" })).await;

    assert_eq!(by_app.0, 403);
    assert_eq!(by_app.1["message"], "Unable to create comment because issue is locked.");
    assert_eq!(eve.comments(issue, "Hello").unwrap_err().status, 403);
    assert!(ann.comments(issue, "Hello").is_ok());
}

#[tokio::test]
async fn a_stranger_may_talk_but_neither_label_nor_close() {
    let github = world().await;
    let eve = github.person("eve");
    let issue = github.person("ann").opens_issue("One", "").unwrap();

    let refused = [eve.labels(issue, "assentry").unwrap_err().status, eve.closes(issue).unwrap_err().status];
    let own = eve.opens_labelled_issue("Two", "", &["assentry"]).unwrap();

    assert!(eve.comments(issue, "Me too").is_ok());
    assert_eq!(refused, [403, 403]);
    assert_eq!(github.issue(REPO, own).unwrap().labels, Vec::<String>::new());
}

#[tokio::test]
async fn an_archived_repository_is_read_only() {
    let github = world().await;
    github.archives(REPO).unwrap();

    let refused = github.person("ann").opens_issue("One", "").unwrap_err();

    assert_eq!((refused.status, refused.message.as_str()), (403, "Repository was archived so is read-only."));
}

#[tokio::test]
async fn a_check_run_belongs_to_an_app_and_a_conclusion_completes_it() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let ann = github.token_of("ann").unwrap();
    let head = github.branches(REPO)[0].1.clone();
    let body = json!({ "name": "assentry/conformance", "head_sha": head, "status": "in_progress" });

    let (_, run) = ask(&github, &app, "POST /repos/acme/widget/check-runs", &body).await;
    let by_ann = ask(&github, &ann, "POST /repos/acme/widget/check-runs", &body).await;
    let done = json!({ "conclusion": "success", "output": { "title": "Fine", "summary": "All of it." } });
    ask(&github, &app, &format!("PATCH /repos/acme/widget/check-runs/{}", run["id"]), &done).await;

    assert_eq!(by_ann.0, 403);
    let (_, listed) = ask(&github, &app, "GET /repos/acme/widget/commits/main/check-runs", &json!({})).await;
    assert_eq!(listed["check_runs"][0]["status"], "completed");
    assert_eq!(github.checks(REPO, &head)[0].title, "Fine");
}
