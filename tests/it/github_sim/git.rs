//! Git objects, references and pushes, by REST and by git itself.

use assentry::demo::github::Kind;
use serde_json::{Value, json};

use super::{REPO, ask, clone_url, git_err, git_ok, token, world};

#[tokio::test]
async fn commits_made_by_the_git_data_api_are_real_ones() {
    let github = world().await;
    let app = token(&github, &json!({ "permissions": { "contents": "write" } })).await;
    let (_, main) = ask(&github, &app, "GET /repos/acme/widget/git/ref/heads/main", &json!({})).await;
    let base = &main["object"]["sha"];
    let entries = json!([
        { "path": "src/lib.rs", "mode": "100644", "type": "blob", "content": "pub fn two() -> u8 {\n    2\n}\n" },
        { "path": "src/deep/new.rs", "mode": "100644", "type": "blob", "content": "// new\n" },
        { "path": "README.md", "mode": "100644", "type": "blob", "sha": null },
    ]);
    let asked = json!({ "base_tree": base, "tree": entries });
    let (_, tree) = ask(&github, &app, "POST /repos/acme/widget/git/trees", &asked).await;
    let asked = json!({ "message": "Fix two\n\nPlan-Digest: x", "tree": tree["sha"], "parents": [base] });
    let (status, commit) = ask(&github, &app, "POST /repos/acme/widget/git/commits", &asked).await;
    assert_eq!(status, 201, "{commit}");
    let asked = json!({ "ref": "refs/heads/assentry/1-fix", "sha": commit["sha"] });
    assert_eq!(ask(&github, &app, "POST /repos/acme/widget/git/refs", &asked).await.0, 201);
    let again = ask(&github, &app, "POST /repos/acme/widget/git/refs", &asked).await;
    assert_eq!((again.0, &again.1["message"]), (422, &json!("Reference already exists")));

    let dir = tempfile::tempdir().unwrap();
    git_ok(dir.path(), &["clone", "-q", "-b", "assentry/1-fix", &clone_url(&github, &app), "w"]).await;
    let work = dir.path().join("w");
    let log = git_ok(&work, &["log", "--format=%an|%s", "-1"]).await;
    let files = git_ok(&work, &["ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"]).await;
    git_ok(&work, &["fsck", "--strict"]).await;

    assert_eq!(log.trim(), "assentry[bot]|Fix two");
    assert_eq!(files, "100755 run\n100644 src/deep/new.rs\n100644 src/lib.rs\n");
    assert_eq!(github.commits(REPO, "assentry/1-fix").len(), 2);
}

#[tokio::test]
async fn a_tree_takes_no_path_that_leads_out_and_removes_only_what_is_there() {
    let github = world().await;
    let bob = github.person("bob");
    let base = github.branches(REPO)[0].1.clone();
    let tree = |entry: Value| bob.asks("POST", "git/trees", &json!({ "base_tree": base, "tree": [entry] }));
    let mut seen = Vec::new();

    for path in ["../x", "/etc/passwd", ".git/config", "src/.GIT/hooks", "a//b", "a\0b"] {
        seen.push(tree(json!({ "path": path, "mode": "100644", "content": "x" })).unwrap_err().status);
    }
    seen.push(tree(json!({ "path": "gone", "mode": "100644", "sha": null })).unwrap_err().status);
    seen.push(tree(json!({ "path": "x", "mode": "160000", "sha": "nonsense" })).unwrap_err().status);

    assert_eq!(seen, [422; 8]);
    assert!(tree(json!({ "path": "README.md", "mode": "100644", "sha": null })).is_ok());
}

#[tokio::test]
async fn a_reference_moves_forward_only_unless_forced() {
    let github = world().await;
    let bob = github.person("bob");
    let first = bob.pushes("topic", "a", "1").unwrap();
    bob.pushes("topic", "a", "2").unwrap();

    let back = bob.asks("PATCH", "git/refs/heads/topic", &json!({ "sha": first })).unwrap_err();
    bob.force_pushes("topic", &first).unwrap();

    assert_eq!((back.status, back.message.as_str()), (422, "Update is not a fast forward"));
    assert_eq!(github.file(REPO, "topic", "a"), Some("1".to_owned()));
}

#[tokio::test]
async fn a_branch_may_take_the_name_of_a_folder_of_deleted_branches() {
    let github = world().await;
    let bob = github.person("bob");
    bob.pushes("plan/one", "a", "1").unwrap();
    bob.deletes_branch("plan/one").unwrap();

    assert!(bob.pushes("plan", "a", "2").is_ok());
    assert_eq!(bob.pushes("plan/two", "a", "3").unwrap_err().status, 422);
}

#[tokio::test]
async fn git_clones_partially_and_pushes_with_a_token() {
    let github = world().await;
    let bob = github.token_of("bob").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = clone_url(&github, &bob);
    git_ok(dir.path(), &["clone", "-q", "--bare", "--filter=blob:none", &url, "mirror.git"]).await;
    let missing = git_ok(&dir.path().join("mirror.git"), &["rev-list", "--objects", "--missing=print", "--all"]).await;
    git_ok(dir.path(), &["clone", "-q", &url, "w"]).await;
    let work = dir.path().join("w");
    std::fs::write(work.join("new.txt"), "hello\n").unwrap();
    git_ok(&work, &["add", "."]).await;
    git_ok(&work, &["commit", "-q", "-m", "Say hello"]).await;
    git_ok(&work, &["push", "-q", "origin", "HEAD:topic"]).await;

    assert_eq!(missing.lines().filter(|line| line.starts_with('?')).count(), 3);
    assert_eq!(github.file(REPO, "topic", "new.txt"), Some("hello\n".to_owned()));
    let kinds: Vec<Kind> = github.requests().iter().map(|request| request.kind).filter(|k| *k == Kind::Push).collect();
    assert_eq!(kinds, [Kind::Push]);
}

#[tokio::test]
async fn git_is_refused_without_the_permission_to_push_or_to_see() {
    let github = world().await;
    let app = token(&github, &json!({ "permissions": { "contents": "read" } })).await;
    let eve = github.token_of("eve").unwrap();
    let dir = tempfile::tempdir().unwrap();
    git_ok(dir.path(), &["clone", "-q", &clone_url(&github, &app), "w"]).await;
    let work = dir.path().join("w");

    let by_app = git_err(&work, &["push", &clone_url(&github, &app), "HEAD:topic"]).await;
    let by_eve = git_err(&work, &["push", &clone_url(&github, &eve), "HEAD:topic"]).await;
    github.shows_only_to_collaborators(REPO, true).unwrap();
    let hidden = git_err(dir.path(), &["clone", "-q", &clone_url(&github, &eve), "x"]).await;

    assert!(by_app.contains("403"), "{by_app}");
    assert!(by_eve.contains("403"), "{by_eve}");
    assert!(hidden.contains("not found"), "{hidden}");
    assert_eq!(github.branches(REPO).len(), 1);
}

#[tokio::test]
async fn t57_workflow_files_are_refused_without_their_permission_by_rest_and_by_git() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let path = "/repos/acme/widget/contents/.github/workflows/evil.yml";
    let body = json!({ "message": "m", "content": "b246IHB1c2g=" });
    let by_rest = ask(&github, &app, &format!("PUT {path}"), &body).await;
    let dir = tempfile::tempdir().unwrap();
    git_ok(dir.path(), &["clone", "-q", &clone_url(&github, &app), "w"]).await;
    let work = dir.path().join("w");
    std::fs::create_dir_all(work.join(".github/workflows")).unwrap();
    std::fs::write(work.join(".github/workflows/evil.yml"), "on: push\n").unwrap();
    git_ok(&work, &["add", "."]).await;
    git_ok(&work, &["commit", "-q", "-m", "evil"]).await;
    let by_git = git_err(&work, &["push", "origin", "HEAD:topic"]).await;

    assert_eq!(by_rest.0, 403, "{}", by_rest.1);
    assert!(by_git.contains("without `workflows` permission"), "{by_git}");
    assert_eq!(github.branches(REPO).len(), 1);
    let ann = github.token_of("ann").unwrap();
    assert_eq!(ask(&github, &ann, &format!("PUT {path}"), &body).await.0, 201);
}

#[tokio::test]
async fn contents_are_written_only_over_what_the_writer_has_seen() {
    let github = world().await;
    let bob = github.person("bob");
    let seen = bob.asks("GET", "contents/README.md", &json!({})).unwrap();
    let write = |sha: Value| json!({ "message": "m", "content": "aGk=", "sha": sha });

    let missing = bob.asks("PUT", "contents/README.md", &write(Value::Null)).unwrap_err();
    let wrong = bob.asks("PUT", "contents/README.md", &write(json!("0".repeat(40)))).unwrap_err();
    bob.asks("PUT", "contents/README.md", &write(seen["sha"].clone())).unwrap();

    assert_eq!((missing.status, wrong.status), (422, 409));
    assert_eq!(github.file(REPO, "main", "README.md"), Some("hi".to_owned()));
}
