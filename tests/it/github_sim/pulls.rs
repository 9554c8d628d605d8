//! Pull requests, reviews and what merging does.

use assentry::demo::github::{LineNote, Verdict};
use serde_json::json;

use super::{REPO, ask, token, world};

#[tokio::test]
async fn f34_a_second_pull_request_for_a_branch_is_refused_in_githubs_words() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("topic", "a", "1").unwrap();
    bob.opens_pull("One", "topic", "main").unwrap();

    let again = bob.opens_pull("Two", "topic", "main").unwrap_err();
    bob.asks("POST", "git/refs", &json!({ "ref": "refs/heads/same", "sha": github.branches(REPO)[0].1 })).unwrap();
    let empty = bob.opens_pull("Three", "same", "main").unwrap_err();

    assert_eq!(again.errors[0]["message"], "A pull request already exists for acme:topic.");
    assert_eq!(empty.errors[0]["message"], "No commits between main and same");
    let app = token(&github, &json!({})).await;
    let (_, found) = ask(&github, &app, "GET /repos/acme/widget/pulls?head=acme:topic&state=all", &json!({})).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["number"]), (1, &json!(1)));
}

#[tokio::test]
async fn nobody_approves_a_pull_request_of_his_own() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    let head = bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();

    let own = bob.approves(pull).unwrap_err();
    ann.approves(pull).unwrap();

    assert_eq!((own.status, &own.errors[0]), (422, &json!("Can not approve your own pull request")));
    let reviews = github.reviews(REPO, pull);
    assert_eq!((reviews[0].state.as_str(), &reviews[0].commit), ("APPROVED", &head));
}

#[tokio::test]
async fn a_dismissed_review_stays_and_says_so() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let review = ann.requests_changes(pull, "No.").unwrap();

    let stranger = github.person("eve").dismisses(pull, review, "why not").unwrap_err();
    bob.dismisses(pull, review, "done").unwrap();

    assert_eq!(stranger.status, 403);
    assert_eq!(github.reviews(REPO, pull)[0].state, "DISMISSED");
}

#[tokio::test]
async fn a_line_comment_must_lie_in_the_difference_and_can_be_answered() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    bob.pushes("topic", "a", "1\n2\n").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let note = |path: &str, line| LineNote { path: path.to_owned(), line, body: "Why?".to_owned() };

    ann.reviews(pull, Verdict::Comment, "", &[note("a", 2)]).unwrap();
    let outside = ann.remarks(pull, &note("README.md", 1)).unwrap_err();
    let beyond = ann.remarks(pull, &note("a", 3)).unwrap_err();
    let asked = github.line_comments(REPO, pull)[0].id;
    bob.replies(pull, asked, "Because.").unwrap();

    assert_eq!((outside.status, beyond.status), (422, 422));
    let said: Vec<_> = github.line_comments(REPO, pull).into_iter().map(|c| (c.author, c.body, c.reply_to)).collect();
    assert_eq!(
        said,
        [("ann".to_owned(), "Why?".to_owned(), None), ("bob".to_owned(), "Because.".to_owned(), Some(asked)),]
    );
}

#[tokio::test]
async fn a_draft_becomes_ready_only_by_graphql_and_an_app_acting_for_a_person_is_marked() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("topic", "a", "1").unwrap();
    let body = json!({ "title": "One", "head": "topic", "base": "main", "draft": true });
    bob.asks("POST", "pulls", &body).unwrap();
    bob.marks_ready(1).unwrap();

    let through = bob.through_an_app().asks("POST", "issues/1/comments", &json!({ "body": "/approve" })).unwrap();

    assert!(!github.pull(REPO, 1).unwrap().draft);
    assert_eq!(through["performed_via_github_app"]["id"], github.app_id());
}

#[tokio::test]
async fn merging_closes_the_issues_that_the_pull_request_says_it_closes() {
    let github = world().await;
    let bob = github.person("bob");
    let (closed, open) = (bob.opens_issue("One", "").unwrap(), bob.opens_issue("Two", "").unwrap());
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("Fix", "topic", "main").unwrap();
    bob.edits_issue(pull, &json!({ "body": format!("See #{open}.\n\nCloses #{closed}.") })).unwrap();
    bob.merges(pull).unwrap();

    let is_open = |number| github.issue(REPO, number).map(|issue| issue.open);
    assert_eq!((is_open(closed), is_open(open)), (Some(false), Some(true)));
}

#[tokio::test]
async fn a_merge_that_would_overwrite_the_other_side_is_refused() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("topic", "README.md", "theirs").unwrap();
    let pull = bob.opens_pull("Fix", "topic", "main").unwrap();
    bob.pushes("main", "README.md", "ours").unwrap();

    let refused = bob.merges(pull).unwrap_err();

    assert_eq!((refused.status, refused.message.as_str()), (405, "Pull Request is not mergeable"));
    assert_eq!(github.file(REPO, "main", "README.md"), Some("ours".to_owned()));
}

#[tokio::test]
async fn deleting_the_branch_of_a_pull_request_closes_it() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("Fix", "topic", "main").unwrap();
    bob.deletes_branch("topic").unwrap();

    assert_eq!(github.pull(REPO, pull).map(|pull| (pull.open, pull.merged)), Some((false, false)));
    assert_eq!(bob.reopens(pull).unwrap_err().status, 422);
}
