//! GitHub's own client library works against `assentry github-sim`.

use serde_json::{Value, json};

use super::judge::script;
use crate::github_sim::program::program;
use crate::npm::{assert_installed, node_modules};

#[tokio::test]
async fn octokit_works_as_app_as_installation_and_as_a_person() {
    assert_installed();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("widget");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.rs"), "fn main() {}\n").unwrap();
    let (told, mut child) = program(dir.path()).await;

    let output = tokio::process::Command::new("node")
        .arg(script("octokit.mjs"))
        .arg(node_modules())
        .arg(told.to_string())
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .await
        .unwrap();
    child.kill().await.unwrap();

    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let seen: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(
        seen,
        json!({
            "app": "assentry", "installations": 1, "repositories": ["acme/widget"], "paged": 45, "commented": "hello",
            "pull": { "draft": true, "ready": true, "files": ["notes.md"], "threads": 1, "resolved": true },
            "reviews": ["APPROVED"], "merged": true, "missing": 404, "invalid": 422,
        })
    );
}
