//! Comments on files, the threads they begin, and what becomes of both after a push.

use assentry::demo::github::{GitHub, Note, Verdict};
use serde_json::{Value, json};

use super::webhooks::Told;
use super::{REPO, ask, token, world};

const QUERY: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) { repository(owner: $owner, \
    name: $name) { pullRequest(number: $number) { reviewThreads(first: 2, after: $after) { nodes { id isResolved \
    isOutdated comments(first: 100) { nodes { databaseId } } } pageInfo { hasNextPage endCursor } } } } }";

/// A pull request of bob's that changes a file of nine lines and adds another.
async fn pull() -> (GitHub, i64) {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("main", "old", "1\n2\n3\n4\n5\n6\n7\n8\n9\n").unwrap();
    bob.pushes("topic", "old", "1\nII\nIII\n4\n5\n6\n7\n8\nIX\n").unwrap();
    bob.pushes("topic", "new", "a\nb\nc\n").unwrap();
    let pull = bob.opens_pull("One", "topic", "main").unwrap();
    (github, pull)
}

async fn comments(github: &GitHub, pull: i64) -> Vec<Value> {
    let app = token(github, &json!({})).await;
    let path = format!("GET /repos/acme/widget/pulls/{pull}/comments");
    ask(github, &app, &path, &json!({})).await.1.as_array().unwrap().clone()
}

async fn threads(github: &GitHub, pull: i64, after: &Value) -> Value {
    let app = token(github, &json!({})).await;
    let variables = json!({ "owner": "acme", "name": "widget", "number": pull, "after": after });
    let (_, answer) = ask(github, &app, "POST /graphql", &json!({ "query": QUERY, "variables": variables })).await;
    answer.pointer("/data/repository/pullRequest/reviewThreads").unwrap_or_else(|| panic!("{answer}")).clone()
}

#[tokio::test]
async fn a_comment_stands_on_a_line_on_several_on_a_removed_one_or_on_the_file() {
    let (github, pull) = pull().await;
    let notes = [
        Note::line("new", 2, "b?"),
        Note::lines("old", 2..=3, "```suggestion\nTwo\n```"),
        Note::removed_line("old", 9, "why?"),
        Note::file("new", "whole"),
    ];
    github.person("ann").reviews_with(pull, Verdict::RequestChanges, "Hm.", &notes).unwrap();

    let fields = ["start_line", "line", "start_side", "side", "subject_type", "original_line", "position"];
    let shown = |comment: &Value| fields.map(|field| comment[field].clone());
    let all = comments(&github, pull).await;
    let [none, right] = [Value::Null, json!("RIGHT")];
    assert_eq!(
        shown(&all[0]),
        [&none, &json!(2), &none, &right, &json!("line"), &json!(2), &json!(2)].map(Clone::clone)
    );
    assert_eq!(shown(&all[1]), [json!(2), json!(3), right.clone(), right, json!("line"), json!(3), json!(5)]);
    assert_eq!(all[1]["diff_hunk"], "@@ -1,9 +1,9 @@\n 1\n-2\n-3\n+II\n+III");
    assert_eq!((&all[2]["side"], &all[2]["line"]), (&json!("LEFT"), &json!(9)));
    assert_eq!((&all[3]["subject_type"], &all[3]["line"]), (&json!("file"), &none));
    assert!(all.iter().all(|comment| comment["pull_request_review_id"] == all[0]["pull_request_review_id"]));
}

#[tokio::test]
async fn a_comment_moves_with_its_line_and_is_outdated_when_the_line_changes() {
    let (github, pull) = pull().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    let first = github.pull(REPO, pull).unwrap().head_sha;
    ann.notes(pull, &Note::line("new", 2, "stays")).unwrap();
    ann.notes(pull, &Note::line("new", 3, "goes")).unwrap();
    let second = bob.pushes("topic", "new", "zero\na\nb\nC\n").unwrap();

    let all = comments(&github, pull).await;
    assert_eq!((&all[0]["line"], &all[0]["original_line"]), (&json!(3), &json!(2)));
    assert_eq!((&all[0]["commit_id"], &all[0]["original_commit_id"]), (&json!(second), &json!(first)));
    assert_eq!(
        (&all[1]["line"], &all[1]["position"], &all[1]["original_line"]),
        (&Value::Null, &Value::Null, &json!(3))
    );
    let found = threads(&github, pull, &Value::Null).await;
    let outdated: Vec<&Value> = found["nodes"].as_array().unwrap().iter().map(|thread| &thread["isOutdated"]).collect();
    assert_eq!(outdated, [false, true]);
}

#[tokio::test]
async fn threads_come_in_pages_and_their_answers_belong_to_them() {
    let (github, pull) = pull().await;
    let ann = github.person("ann");
    let begun: Vec<i64> = (1..=3).map(|line| ann.notes(pull, &Note::line("new", line, "?")).unwrap()).collect();
    let answer = github.person("bob").replies(pull, begun[0], "Because.").unwrap();

    let one = threads(&github, pull, &Value::Null).await;
    let two = threads(&github, pull, &one["pageInfo"]["endCursor"]).await;

    let ids = |thread: &Value| -> Vec<i64> {
        let nodes = thread.pointer("/comments/nodes").and_then(Value::as_array).unwrap();
        nodes.iter().map(|comment| comment["databaseId"].as_i64().unwrap()).collect()
    };
    assert_eq!((ids(&one["nodes"][0]), ids(&one["nodes"][1])), (vec![begun[0], answer], vec![begun[1]]));
    assert_eq!((ids(&two["nodes"][0]), &two["pageInfo"]["hasNextPage"]), (vec![begun[2]], &json!(false)));
}

#[tokio::test]
async fn a_thread_is_resolved_by_who_may_write_and_the_app_is_told() {
    let (github, pull) = pull().await;
    let told = Told::by(&github).await;
    let ann = github.person("ann");
    let comment = ann.notes(pull, &Note::line("new", 1, "?")).unwrap();
    let stranger = github.person("eve").resolves(comment, true).unwrap_err();
    let app = token(&github, &json!({})).await;
    let thread = threads(&github, pull, &Value::Null).await["nodes"][0]["id"].clone();
    let resolve = json!({ "query": "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id isResolved } } }",
        "variables": { "id": thread } });

    let (_, by_app) = ask(&github, &app, "POST /graphql", &resolve).await;
    let narrow = token(&github, &json!({ "permissions": { "pull_requests": "write" } })).await;
    let (_, without_contents) = ask(&github, &narrow, "POST /graphql", &resolve).await;
    ann.resolves(comment, false).unwrap();
    github.delivered().await;

    assert_eq!(stranger.status, 403);
    assert_eq!(by_app.pointer("/data/resolveReviewThread/thread/isResolved"), Some(&json!(true)));
    assert_eq!(without_contents["errors"][0]["type"], "FORBIDDEN");
    assert_eq!(told.names()[2..], ["pull_request_review_thread.resolved", "pull_request_review_thread.unresolved"]);
    let last = told.last();
    assert_eq!((&last["thread"]["node_id"], &last["sender"]["login"]), (&thread, &json!("ann")));
    assert_eq!(last["thread"]["comments"][0]["id"], comment);
    let seen = github.threads(REPO, pull).remove(0);
    assert_eq!((seen.first, seen.line, seen.resolved, seen.outdated), (comment, Some(1), false, false));
    assert_eq!(seen.said, [("ann".to_owned(), "?".to_owned())]);
}

#[tokio::test]
async fn a_committed_suggestion_is_a_commit_of_the_person_on_the_branch() {
    let (github, pull) = pull().await;
    let body = "Say it in words.\n\n```suggestion\nTwo\nThree\n```";
    let comment = github.person("ann").notes(pull, &Note::lines("old", 2..=3, body)).unwrap();

    let commit = github.person("ann").commits_suggestion(pull, comment).unwrap();
    let again = github.person("ann").commits_suggestion(pull, comment).unwrap_err();

    assert_eq!(github.file(REPO, "topic", "old"), Some("1\nTwo\nThree\n4\n5\n6\n7\n8\nIX\n".to_owned()));
    let last = github.pull_commits(REPO, pull).pop().unwrap();
    assert_eq!((last.sha, last.author), (commit, "ann".to_owned()));
    assert_eq!(again.status, 422);
}

#[tokio::test]
async fn t19_a_review_follows_a_rebase_that_leaves_the_difference_as_it_was_and_no_other_push() {
    let (github, pull) = pull().await;
    let (ann, bob) = (github.person("ann"), github.person("bob"));
    let reviewed = github.pull(REPO, pull).unwrap().head_sha;
    ann.approves(pull).unwrap();
    let commits = |github: &GitHub| -> Vec<String> {
        github.reviews(REPO, pull).into_iter().map(|review| review.commit).collect()
    };
    let tree = bob.asks("GET", &format!("git/commits/{reviewed}"), &json!({})).unwrap();
    let same = json!({ "message": "Again", "tree": tree["tree"]["sha"], "parents": [tree["parents"][0]["sha"]] });
    let rebased = bob.asks("POST", "git/commits", &same).unwrap()["sha"].as_str().unwrap().to_owned();

    bob.force_pushes("topic", &rebased).unwrap();
    let after_rebase = commits(&github);
    bob.pushes("topic", "new", "other\n").unwrap();

    assert_eq!((after_rebase, commits(&github)), (vec![rebased.clone()], vec![rebased]));
}
