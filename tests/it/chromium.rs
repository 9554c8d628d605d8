//! A real Chromium, driven by a script in `tests/browser`: it is asked by one JSON document and answers with lines of JSON.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::npm::{assert_installed, node_modules};

/// How long a script may take until it has something to say. A browser takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// A script at work, with its browser.
pub(crate) struct Chromium {
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Chromium {
    /// Starts a script. With `ASSENTRY_PICTURES`, the name of a folder, it leaves a picture of each page there.
    pub(crate) async fn runs(script: &str, mut asked: Value) -> Chromium {
        assert_installed();
        asked["chromium"] = json!(program());
        asked["modules"] = json!(node_modules());
        asked["pictures"] = json!(std::env::var("ASSENTRY_PICTURES").ok());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
        let mut node = Command::new("node");
        let node = node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = node.spawn().expect("node is missing: run tests/run");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(asked.to_string().as_bytes()).await.unwrap();
        drop(stdin);
        Chromium { lines: BufReader::new(child.stdout.take().unwrap()).lines(), _child: child }
    }

    /// What it says next.
    pub(crate) async fn says(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("the browser takes too long");
        serde_json::from_str(&line.unwrap().expect("the script says why on standard error")).unwrap()
    }
}

/// What is wrong with pages that were examined: what keeps people out, what a screen cannot show, and what is empty.
pub(crate) fn faults(pages: &Value) -> Vec<String> {
    pages.as_array().unwrap().iter().flat_map(faults_of).collect()
}

fn faults_of(page: &Value) -> Vec<String> {
    let of = format!("{} {} {}", page["address"], page["scheme"], page["width"]);
    let serious = |fault: &&Value| matches!(fault["impact"].as_str(), Some("serious" | "critical" | "moderate"));
    let found = page["faults"].as_array().unwrap();
    let mut faults: Vec<String> = found.iter().filter(serious).map(|fault| format!("{of}: {fault}")).collect();
    if page["overflow"].as_i64() != Some(0) {
        faults.push(format!("{of}: is wider than the screen by {}", page["overflow"]));
    }
    if page["length"].as_i64().unwrap_or(0) < 20 {
        faults.push(format!("{of}: is empty"));
    }
    faults
}

fn program() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders = std::env::var("PATH").unwrap();
    let found = std::env::split_paths(&folders).flat_map(|dir| names.map(|name| dir.join(name))).find(|p| p.exists());
    found.expect("chromium is missing: run tests/run")
}
