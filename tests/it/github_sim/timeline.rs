//! What the timeline of a pull request shows, and what stays visible of a push that was taken back.

use assentry::demo::github::GitHub;
use serde_json::{Value, json};

use super::{REPO, ask, token, world};

async fn events(github: &GitHub, number: i64, which: &str) -> Vec<Value> {
    let app = token(github, &json!({})).await;
    let path = format!("GET /repos/{REPO}/issues/{number}/{which}");
    ask(github, &app, &path, &json!({})).await.1.as_array().unwrap().clone()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rule_f_a_push_away_and_back_leaves_force_pushes_and_the_same_commit() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    let commit = bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    ann.approves(pull).unwrap();
    ann.pushes_away_and_back("topic", "a", "2").unwrap();

    let seen = events(&github, pull, "timeline").await;
    assert_eq!(names(&seen), ["committed", "reviewed", "head_ref_force_pushed"]);
    assert_eq!((&seen[0]["sha"], &seen[0]["actor"]), (&json!(commit), &Value::Null));
    assert_eq!((&seen[2]["commit_id"], &seen[2]["actor"]["login"]), (&json!(commit), &json!("ann")));
    assert_eq!(names(&events(&github, pull, "events").await), ["head_ref_force_pushed"]);
}

#[tokio::test]
async fn a_branch_that_was_deleted_and_made_again_shows_both_and_only_the_old_commit_can_be_opened_again() {
    let github = world().await;
    let bob = github.person("bob");
    let commit = bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    bob.deletes_branch("topic").unwrap();
    bob.pushes("topic", "b", "2").unwrap();
    let other = bob.reopens(pull).unwrap_err();
    bob.deletes_branch("topic").unwrap();
    bob.makes_branch("topic", &commit).unwrap();
    bob.reopens(pull).unwrap();

    assert_eq!(other.errors[0]["message"], "state cannot be changed. The topic branch was force-pushed or recreated.");
    let expected = [
        "committed",
        "head_ref_deleted",
        "closed",
        "head_ref_restored",
        "head_ref_deleted",
        "head_ref_restored",
        "reopened",
    ];
    assert_eq!(names(&events(&github, pull, "timeline").await), expected);
}

#[tokio::test]
async fn comments_and_reviews_are_shown_as_they_are_now() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let (stays, goes) = (ann.comments(pull, "stays").unwrap(), ann.comments(pull, "goes").unwrap());
    let review = ann.requests_changes(pull, "No.").unwrap();
    ann.deletes_comment(goes).unwrap();
    bob.dismisses(pull, review, "done").unwrap();
    bob.edits_issue(pull, &json!({ "title": "Two" })).unwrap();

    let seen = events(&github, pull, "timeline").await;
    assert_eq!(names(&seen), ["committed", "commented", "reviewed", "review_dismissed", "renamed"]);
    assert_eq!((&seen[1]["id"], &seen[2]["state"]), (&json!(stays), &json!("dismissed")));
    let dismissed = json!({ "review_id": review, "state": "changes_requested", "dismissal_message": "done" });
    assert_eq!((&seen[3]["dismissed_review"], &seen[3]["actor"]["login"]), (&dismissed, &json!("bob")));
    assert_eq!(seen[4]["rename"], json!({ "from": "One", "to": "Two" }));
}
