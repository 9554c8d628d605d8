//! `assentry github-sim` as a program.

use std::path::Path;

use serde_json::{Value, json};

use super::git_ok;

#[tokio::test]
async fn the_program_keeps_app_and_repositories_over_a_restart_and_serves_git_and_people() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("widget");
    std::fs::create_dir_all(folder.join("target")).unwrap();
    std::fs::write(folder.join("main.rs"), "fn main() {}\n").unwrap();
    std::fs::write(folder.join(".gitignore"), "target\n").unwrap();
    std::fs::write(folder.join("target/big"), "no\n").unwrap();

    let (first, mut child) = program(dir.path()).await;
    let token = first["users"][0]["token"].as_str().unwrap().to_owned();
    let url = first["repositories"][0]["clone_url"].as_str().unwrap();
    let url = url.replace("http://", &format!("http://ann:{token}@"));
    git_ok(dir.path(), &["clone", "-q", &url, "w"]).await;
    let files = git_ok(&dir.path().join("w"), &["ls-files"]).await;
    git_ok(&dir.path().join("w"), &["push", "-q", "origin", "HEAD:topic"]).await;
    let opened = reqwest::Client::new()
        .post(format!("{}/repos/acme/widget/issues", first["api_url"].as_str().unwrap()))
        .header("authorization", format!("token {token}"))
        .json(&json!({ "title": "One", "labels": ["assentry"] }))
        .send()
        .await
        .unwrap();
    child.kill().await.unwrap();
    let (second, mut child) = program(dir.path()).await;
    let branches = reqwest::get(format!("{}/repos/acme/widget/branches", second["api_url"].as_str().unwrap()));
    let branches: Value = branches.await.unwrap().json().await.unwrap();
    child.kill().await.unwrap();

    assert_eq!(files, ".gitignore\nmain.rs\n");
    assert_eq!(opened.status().as_u16(), 201);
    assert_eq!(second["users"], first["users"]);
    let names: Vec<_> = branches.as_array().unwrap().iter().map(|branch| branch["name"].clone()).collect();
    assert_eq!(names, ["main", "topic"]);
}

/// Starts `assentry github-sim` and reads what it prints.
pub(crate) async fn program(dir: &Path) -> (Value, tokio::process::Child) {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"))
        .current_dir(dir)
        .args(["github-sim", "--listen", "127.0.0.1:0", "--data", "data", "--json"])
        .args(["--repo", "acme/widget=widget", "--user", "ann:admin", "--user", "bob:write"])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    (serde_json::from_str(&line).unwrap(), child)
}
