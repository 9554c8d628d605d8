//! What happens to repositories, issues, pull requests and the installation, and how the App is told.

use assentry::demo::github::{GitHub, NewRepository, Role};
use serde_json::{Value, json};

use super::webhooks::Told;
use super::{REPO, ask, mint, token, world};

async fn told(act: impl FnOnce(&GitHub)) -> Told {
    let github = world().await;
    told_in(&github, act).await
}

async fn told_in(github: &GitHub, act: impl FnOnce(&GitHub)) -> Told {
    let told = Told::by(github).await;
    act(github);
    github.delivered().await;
    told
}

fn sender(payload: &Value) -> &str {
    payload["sender"]["login"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_repository_says_what_became_of_it_and_who_did_it() {
    let seen = told(|github| {
        let ann = github.person("ann");
        ann.shows_repository("private").unwrap();
        ann.shows_repository("public").unwrap();
        ann.archives_repository(true).unwrap();
        assert_eq!(ann.renames_repository("gadget").unwrap_err().status, 403);
        ann.archives_repository(false).unwrap();
        ann.renames_branch("main", "trunk").unwrap();
        assert_eq!(github.person("bob").shows_repository("private").unwrap_err().status, 403);
        ann.renames_repository("gadget").unwrap();
    })
    .await;

    let expected = ["privatized", "publicized", "public", "archived", "unarchived", "edited", "renamed"];
    let about = |name: &String| name.strip_prefix("repository.").unwrap_or(name).to_owned();
    let names: Vec<String> = seen.names().iter().filter(|name| *name != "push").map(about).collect();
    assert_eq!(names, expected);
    assert_eq!((sender(&seen.last()), &seen.last()["repository"]["full_name"]), ("ann", &json!("acme/gadget")));
    assert_eq!(seen.last()["changes"]["repository"]["name"]["from"], "widget");
    let edited = seen.of("repository.edited");
    assert_eq!(
        (&edited["changes"]["default_branch"]["from"], &edited["repository"]["default_branch"]),
        (&json!("main"), &json!("trunk"))
    );
}

#[tokio::test]
async fn pull_requests_follow_a_renamed_base_and_one_whose_own_branch_is_renamed_is_closed() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let seen = told_in(&github, |github| github.person("ann").renames_branch("main", "trunk").unwrap()).await;

    assert_eq!(seen.of("pull_request.edited")["changes"]["base"]["ref"]["from"], "main");
    assert_eq!(github.pull(REPO, pull).map(|pull| (pull.base, pull.open)), Some(("trunk".to_owned(), true)));
    bob.renames_branch("topic", "other").unwrap();
    assert_eq!(github.pull(REPO, pull).map(|pull| pull.open), Some(false));
}

#[tokio::test]
async fn a_transferred_issue_leads_to_its_new_place_and_a_deleted_one_is_gone() {
    let github = world().await;
    github.adds_repository(NewRepository { name: "acme/other".to_owned(), ..NewRepository::default() }).await.unwrap();
    github.grants("ann", "acme/other", Role::Write).unwrap();
    let ann = github.person("ann");
    let (moved, deleted) = (ann.opens_issue("One", "").unwrap(), ann.opens_issue("Two", "").unwrap());
    ann.comments(moved, "Hello").unwrap();
    assert_eq!(github.person("bob").deletes_issue(deleted).unwrap_err().status, 403);
    let seen = told_in(&github, |github| {
        assert_eq!(github.person("ann").transfers_issue(moved, "acme/other").unwrap(), 1);
        github.person("ann").deletes_issue(deleted).unwrap();
    })
    .await;

    assert_eq!(seen.names(), ["issues.transferred", "issues.opened", "issues.deleted"]);
    let (left, came) = (seen.of("issues.transferred"), seen.of("issues.opened"));
    assert_eq!((&left["repository"]["full_name"], &left["issue"]["number"]), (&json!(REPO), &json!(moved)));
    assert_eq!(left["changes"]["new_issue"]["number"], 1);
    assert_eq!(
        (&came["repository"]["name"], &came["changes"]["old_issue"]["id"]),
        (&json!("other"), &left["issue"]["id"])
    );
    assert_eq!(github.issue_comments("acme/other", 1)[0].body, "Hello");
    let app = token(&github, &json!({})).await;
    let gone = ask(&github, &app, &format!("GET /repos/{REPO}/issues/{deleted}"), &json!({})).await;
    assert_eq!((gone.0, &gone.1["message"]), (410, &json!("This issue was deleted")));
    // The test's client follows where GitHub points.
    let there = ask(&github, &app, &format!("GET /repos/{REPO}/issues/{moved}"), &json!({})).await;
    assert_eq!(
        (there.0, &there.1["number"], &there.1["repository_url"]),
        (200, &json!(1), &json!(format!("{}/repos/acme/other", github.url())))
    );
}

#[tokio::test]
async fn an_edit_says_what_was_before_and_who_changed_it() {
    let github = world().await;
    let issue = github.person("eve").opens_issue("One", "old").unwrap();
    let comment = github.person("eve").comments(issue, "first").unwrap();
    let seen = told_in(&github, |github| {
        let ann = github.person("ann");
        ann.edits_issue(issue, &json!({ "title": "Two", "body": "new" })).unwrap();
        ann.edits_comment(comment, "second").unwrap();
        github.person("eve").deletes_comment(comment).unwrap();
        ann.locks(issue).unwrap();
        ann.unlocks(issue).unwrap();
        ann.closes(issue).unwrap();
        ann.reopens(issue).unwrap();
    })
    .await;

    let names = ["edited", "locked", "unlocked", "closed", "reopened"].map(|action| format!("issues.{action}"));
    let issues: Vec<String> = seen.names().into_iter().filter(|name| name.starts_with("issues.")).collect();
    assert_eq!(issues, names);
    let edited = seen.of("issues.edited");
    assert_eq!(edited["changes"], json!({ "title": { "from": "One" }, "body": { "from": "old" } }));
    assert_eq!((sender(&edited), &edited["issue"]["user"]["login"]), ("ann", &json!("eve")));
    let changed = seen.of("issue_comment.edited");
    assert_eq!((&changed["changes"]["body"]["from"], sender(&changed)), (&json!("first"), "ann"));
    assert_eq!(sender(&seen.of("issue_comment.deleted")), "eve");
}

#[tokio::test]
async fn rule_e_the_editor_of_a_text_can_be_asked_for() {
    let github = world().await;
    let issue = github.person("eve").opens_issue("One", "old").unwrap();
    let untouched = github.person("eve").comments(issue, "first").unwrap();
    github.person("ann").edits_issue(issue, &json!({ "body": "new" })).unwrap();
    let app = token(&github, &json!({})).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Issue { editor { login } userContentEdits(first: 10) { totalCount nodes { editedAt } } } } }";
    let mut seen = Vec::new();

    let node = github.person("ann").asks("GET", &format!("issues/{issue}"), &json!({})).unwrap()["node_id"].clone();
    for id in [node, json!(format!("IC_{untouched}"))] {
        let body = json!({ "query": query, "variables": { "id": id } });
        let answer = ask(&github, &app, "POST /graphql", &body).await.1["data"]["node"].take();
        seen.push((answer["editor"]["login"].clone(), answer["userContentEdits"]["totalCount"].clone()));
    }

    assert_eq!(seen, [(json!("ann"), json!(2)), (Value::Null, json!(0))]);
}

#[tokio::test]
async fn a_pull_request_is_told_when_it_is_retargeted_ready_merged_or_opened_again() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    let main = github.branches(REPO)[0].1.clone();
    ann.makes_branch("next", &main).unwrap();
    bob.pushes("topic", "a", "1").unwrap();
    let draft = json!({ "title": "One", "head": "topic", "base": "main", "draft": true });
    let pull = bob.asks("POST", "pulls", &draft).unwrap()["number"].as_i64().unwrap();
    let seen = told_in(&github, |_| {
        ann.retargets(pull, "next").unwrap();
        ann.closes(pull).unwrap();
        ann.reopens(pull).unwrap();
        assert_eq!(ann.merges(pull).unwrap_err().status, 405);
        ann.marks_ready(pull).unwrap();
        ann.merges(pull).unwrap();
    })
    .await;

    let expected = ["edited", "closed", "reopened", "ready_for_review", "closed"];
    let names: Vec<String> = seen.names().into_iter().filter(|name| name != "push").collect();
    assert_eq!(names, expected.map(|action| format!("pull_request.{action}")));
    let edited = seen.of("pull_request.edited");
    assert_eq!(edited["changes"]["base"], json!({ "ref": { "from": "main" }, "sha": { "from": main } }));
    let merged = &seen.payloads().into_iter().rfind(|(name, _)| name == "pull_request.closed").unwrap().1;
    assert_eq!((&merged["pull_request"]["merged"], sender(merged)), (&json!(true), "ann"));
}

#[tokio::test]
async fn a_review_asked_for_again_and_one_dismissed_name_who_did_it() {
    let github = world().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    bob.pushes("topic", "a", "1").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    let review = ann.approves(pull).unwrap();
    let seen = told_in(&github, |_| {
        bob.asks_for_review(pull, "ann").unwrap();
        bob.dismisses(pull, review, "stale").unwrap();
    })
    .await;

    assert_eq!(seen.names(), ["pull_request.review_requested", "pull_request_review.dismissed"]);
    assert_eq!(seen.of("pull_request.review_requested")["requested_reviewer"]["login"], "ann");
    let dismissed = seen.last();
    assert_eq!((sender(&dismissed), &dismissed["review"]["user"]["login"]), ("bob", &json!("ann")));
    assert_eq!((&dismissed["review"]["state"], &dismissed["review"]["id"]), (&json!("dismissed"), &json!(review)));
}

#[tokio::test]
async fn an_installation_loses_and_gets_repositories_and_ends() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let told = Told::by(&github).await;
    github.removes_from_installation(REPO).unwrap();
    let without = ask(&github, &app, &format!("GET /repos/{REPO}/issues"), &json!({})).await.0;
    github.person("ann").opens_issue("Unheard", "").unwrap();
    github.adds_to_installation(REPO).unwrap();
    let again = ask(&github, &app, &format!("GET /repos/{REPO}/issues"), &json!({})).await.0;
    github.uninstalls(REPO).unwrap();
    let ended = ask(&github, &app, &format!("GET /repos/{REPO}/issues"), &json!({})).await.0;
    github.delivered().await;

    assert_eq!((without, again, ended, mint(&github, &json!({})).await.0), (403, 200, 401, 404));
    assert_eq!(
        told.names(),
        ["installation_repositories.removed", "installation_repositories.added", "installation.deleted"]
    );
    let removed = told.of("installation_repositories.removed");
    assert_eq!((&removed["repositories_removed"][0]["full_name"], sender(&removed)), (&json!(REPO), "operator"));
    assert_eq!((&removed["repositories_added"], &removed["repository"]), (&json!([]), &Value::Null));
}
