//! `assentry serve`, `assentry github-sim` and `assentry model-sim` as three programs, and plain HTTP requests between people and them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use assentry::demo::story;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::server::Server;
use super::town::{in_time, own_address};
use crate::world::REPO;

const PROGRAM: &str = env!("CARGO_BIN_EXE_assentry");

/// Starts a program and reads its first line.
async fn begins(program: &mut Command) -> (Child, String) {
    let mut child = program.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    (child, line)
}

/// `assentry github-sim`, and what it has printed.
struct Simulator {
    told: Value,
    client: Client,
    _child: Child,
}

impl Simulator {
    async fn start(dir: &Path, door: &str) -> Simulator {
        for (path, bytes, executable) in story::repository().files {
            let path = dir.join("slug").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let mode = if executable { 0o755 } else { 0o644 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut program = Command::new(PROGRAM);
        program
            .current_dir(dir)
            .args(["github-sim", "--listen", "127.0.0.1:0", "--data", "github", "--json"])
            .args(["--repo", "acme/slug=slug", "--user", "ann:admin", "--user", "bob:write"])
            .args(["--webhook-url", &format!("http://{door}/webhook"), "--webhook-secret", "secret"]);
        let (child, line) = begins(&mut program).await;
        Simulator { told: serde_json::from_str(&line).unwrap(), client: Client::new(), _child: child }
    }

    /// What `curl` would do, in the name of a person.
    async fn asks(&self, who: &str, method: Method, path: &str, body: Value) -> Value {
        let users = self.told["users"].as_array().unwrap();
        let token = users.iter().find(|user| user["login"] == who).unwrap()["token"].as_str().unwrap();
        let url = format!("{}/repos/{REPO}{path}", self.told["api_url"].as_str().unwrap());
        let request = self.client.request(method, url).header("authorization", format!("token {token}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {response:?}");
        response.json().await.unwrap()
    }

    async fn gets(&self, path: &str) -> Vec<Value> {
        self.asks("ann", Method::GET, path, Value::Null).await.as_array().unwrap().clone()
    }

    /// GitHub's times are whole seconds: waits for the next.
    async fn next_second(&self) {
        let date = || async {
            let response = self.client.get(self.told["api_url"].as_str().unwrap()).send().await.unwrap();
            response.headers()["date"].to_str().unwrap().to_owned()
        };
        let now = date().await;
        while date().await == now {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_the_simulated_github_as_programs_tell_the_whole_story_over_plain_http() {
    in_time(async {
        let dir = tempfile::tempdir().unwrap();
        let door = own_address();
        let github = Simulator::start(dir.path(), &door).await;
        let (_model, said) = begins(Command::new(PROGRAM).args(["model-sim", "--listen", "127.0.0.1:0"])).await;
        let model_url = said.split([' ', ';']).find(|word| word.starts_with("http://")).unwrap();
        let (url, key) = (&github.told["api_url"], &github.told["private_key_file"]);
        let config = format!(
            "[server]\nlisten = '{door}'\n[github]\napp_id = {}\nprivate_key_file = {key}\n\
             webhook_secret_file = 'secret'\napi_url = {url}\nweb_url = {url}\n\
             [model]\napi_key_file = 'secret'\nbase_url = '{model_url}'\n",
            github.told["app_id"]
        );
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        std::fs::write(dir.path().join("assentry.toml"), config).unwrap();
        let server = Server::start(&dir.path().join("assentry.toml")).await;

        let issue = json!({ "title": story::TITLE, "body": story::BODY });
        let issue = github.asks("ann", Method::POST, "/issues", issue).await["number"].clone();
        let labels = json!({ "labels": ["assentry"] });
        github.asks("ann", Method::POST, &format!("/issues/{issue}/labels"), labels).await;
        assert!(server.log().shows("to awaiting_approval").await, "{:#?}", server.log().lines());
        github.next_second().await;
        let plan = github.gets("/pulls").await[0]["number"].clone();
        let review = json!({ "event": "APPROVE" });
        github.asks("bob", Method::POST, &format!("/pulls/{plan}/reviews"), review).await;
        assert!(server.log().shows("to in_review").await, "{:#?}", server.log().lines());
        assert!(server.stops().await.success());

        let pulls = github.gets("/pulls?state=all").await;
        let mut states: Vec<_> = pulls.iter().map(|pull| (pull["number"].clone(), pull["state"].clone())).collect();
        states.sort_by_key(|(number, _)| number.as_i64());
        assert_eq!(states, [(json!(2), json!("closed")), (json!(3), json!("open"))]);
        let files = github.gets("/pulls/3/files").await;
        assert_eq!(files.iter().map(|file| &file["filename"]).collect::<Vec<_>>(), ["bin/slug"]);
        let commits = github.gets("/pulls/3/commits").await;
        let messages: Vec<_> = commits.iter().map(|commit| commit["commit"]["message"].as_str().unwrap()).collect();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("Assentry-Run: 1") && messages[0].contains("Approved-by: bob"), "{messages:?}");
        assert_eq!(github.gets(&format!("/issues/{issue}/comments")).await.len(), 2);
    })
    .await;
}
