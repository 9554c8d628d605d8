//! What a test can let go wrong.

use std::time::Duration;

use assentry::demo::github::{Fault, Wrong};
use serde_json::json;

use super::{REPO, ask, token, world};

#[tokio::test]
async fn f27_a_write_may_be_done_and_yet_answered_with_an_error() {
    let github = world().await;
    let issue = github.person("ann").opens_issue("One", "").unwrap();
    let app = token(&github, &json!({})).await;
    let path = format!("POST /repos/acme/widget/issues/{issue}/comments");
    let fault = |wrong| Fault { method: "POST", path: "/comments".to_owned(), times: 1, wrong };

    github.goes_wrong(fault(Wrong::RefusedAfter(502)));
    let after = ask(&github, &app, &path, &json!({ "body": "Hello" })).await.0;
    github.goes_wrong(fault(Wrong::RefusedBefore(502)));
    let before = ask(&github, &app, &path, &json!({ "body": "Again" })).await.0;

    assert_eq!((after, before), (502, 502));
    let said: Vec<String> = github.issue_comments(REPO, issue).into_iter().map(|comment| comment.body).collect();
    assert_eq!(said, ["Hello"]);
}

#[tokio::test]
async fn f29_f30_limits_are_told_as_github_tells_them() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let wrong = Wrong::SecondaryLimit { status: 403, retry_after: 60 };
    github.goes_wrong(Fault { method: "", path: "/issues".to_owned(), times: 1, wrong });
    let get =
        || reqwest::Client::new().get(format!("{}/repos/acme/widget/issues", github.url())).bearer_auth(&app).send();

    let secondary = get().await.unwrap();
    github.allows_an_hour(0);
    let primary = get().await.unwrap();

    assert_eq!((secondary.status().as_u16(), &secondary.headers()["retry-after"]), (403, &"60".parse().unwrap()));
    assert_eq!((primary.status().as_u16(), &primary.headers()["x-ratelimit-remaining"]), (403, &"0".parse().unwrap()));
}

#[tokio::test]
async fn f11_lists_may_lag_behind_writes() {
    let github = world().await;
    let ann = github.person("ann");
    let issue = ann.opens_issue("One", "").unwrap();
    let wrong = Wrong::Lag(Duration::from_secs(30));
    github.goes_wrong(Fault { method: "GET", path: "/comments".to_owned(), times: 1, wrong });
    ann.comments(issue, "Hello").unwrap();
    let app = token(&github, &json!({})).await;
    let path = format!("GET /repos/acme/widget/issues/{issue}/comments");

    let young = ask(&github, &app, &path, &json!({})).await.1;
    github.advances(Duration::from_secs(30));
    let old = ask(&github, &app, &path, &json!({})).await.1;

    assert_eq!((young.as_array().unwrap().len(), old.as_array().unwrap().len()), (0, 1));
}

#[tokio::test]
async fn f29_an_app_that_writes_too_much_is_slowed_down() {
    let github = world().await;
    let issue = github.person("ann").opens_issue("One", "").unwrap();
    let app = token(&github, &json!({})).await;
    github.allows_writes(2, 3);
    let path = format!("POST /repos/acme/widget/issues/{issue}/comments");
    let mut seen = Vec::new();

    for minutes in [0, 0, 0, 1, 1, 60] {
        github.advances(Duration::from_secs(60 * minutes));
        let fresh = if minutes == 60 { token(&github, &json!({})).await } else { app.clone() };
        seen.push(ask(&github, &fresh, &path, &json!({ "body": "Hello" })).await.0);
    }

    assert_eq!(seen, [201, 201, 403, 201, 403, 201]);
}

#[tokio::test]
async fn f60_the_permission_of_one_person_may_be_unknown_for_a_while() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let path = "/collaborators/bob/permission".to_owned();
    github.goes_wrong(Fault { method: "GET", path, times: 2, wrong: Wrong::RefusedBefore(500) });
    let mut seen = Vec::new();

    for login in ["bob", "ann", "bob", "bob"] {
        let path = format!("GET /repos/acme/widget/collaborators/{login}/permission");
        seen.push(ask(&github, &app, &path, &json!({})).await.0);
    }

    assert_eq!(seen, [500, 200, 500, 200]);
}

#[tokio::test]
async fn d6_a_review_may_point_to_another_commit_than_it_was_given_for() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let review = ann.approves(pull).unwrap();
    let head = bob.pushes("topic", "a", "2").unwrap();
    github.repoints_review(REPO, pull, review, &head).unwrap();

    assert_eq!(github.reviews(REPO, pull)[0].commit, head);
}

#[tokio::test]
async fn f11_what_is_young_may_not_be_there_yet_and_what_has_changed_may_show_as_it_was() {
    let github = world().await;
    let ann = github.person("ann");
    let issue = ann.opens_issue("One", "").unwrap();
    let app = token(&github, &json!({})).await;
    let path = format!("GET /repos/acme/widget/issues/{issue}");
    let lag = Wrong::Lag(Duration::from_secs(30));
    github.goes_wrong(Fault { method: "GET", path: "/issues/".to_owned(), times: 1, wrong: lag });
    let young = ask(&github, &app, &path, &json!({})).await.0;
    github.heals();
    github.goes_wrong(Fault { method: "GET", path: "/issues/".to_owned(), times: 1, wrong: Wrong::Frozen });
    let mut titles = Vec::new();

    for title in ["One", "Two", "Three"] {
        ann.edits_issue(issue, &json!({ "title": title })).unwrap();
        titles.push(ask(&github, &app, &path, &json!({})).await.1["title"].clone());
    }

    assert_eq!((young, titles), (404, vec![json!("One"), json!("One"), json!("Three")]));
}

#[tokio::test]
async fn f60_an_endpoint_may_be_down_for_the_app_while_people_go_on() {
    let github = world().await;
    github.adds_team("acme", "core").unwrap();
    let app = token(&github, &json!({})).await;
    let paths = ["/collaborators/", "/orgs/acme/teams/", "/contents/"];
    let reads = [
        "GET /repos/acme/widget/collaborators/bob/permission",
        "GET /orgs/acme/teams/core",
        "GET /repos/acme/widget/contents/README.md",
    ];
    let mut seen = Vec::new();

    for (path, read) in paths.iter().zip(reads) {
        github.is_down(path);
        seen.push(ask(&github, &app, read, &json!({})).await.0);
    }
    let by_a_person = github.person("bob").asks("GET", "contents/README.md", &json!({})).is_ok();
    github.heals();
    for read in reads {
        seen.push(ask(&github, &app, read, &json!({})).await.0);
    }

    assert_eq!((seen, by_a_person), (vec![503, 503, 503, 200, 200, 200], true));
}

#[tokio::test]
async fn every_answer_is_dated_by_the_simulated_clock() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    github.is_now(github.now().plus(Duration::from_secs(7 * 24 * 60 * 60)));
    let fresh = token(&github, &json!({})).await;
    let mut seen = Vec::new();

    for (token, path) in [
        (&fresh, "/repos/acme/widget"),
        (&app, "/repos/acme/widget"),
        (&fresh, "/nothing/here"),
        (&fresh, "/acme/widget.git/info/refs?service=git-upload-pack"),
    ] {
        let url = format!("{}{path}", github.url());
        let response = reqwest::Client::new().get(url).basic_auth("x-access-token", Some(token)).send().await.unwrap();
        seen.push((response.status().as_u16(), response.headers()["date"].to_str().unwrap().to_owned()));
    }

    let date = "Sun, 29 Nov 2026 12:00:00 GMT".to_owned();
    assert_eq!(seen, [200, 401, 404, 200].map(|status| (status, date.clone())));
}
