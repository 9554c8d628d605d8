//! Lets planner and executor work with a scripted model behind the real wire and a real sandbox.

mod execution;
mod guest;
mod planning;
mod prefix;
mod proofs;
mod restart;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assentry::agent::executor::Work;
use assentry::agent::{Author, Desk, Issue, Journal, JournalError, Leash, Reservation, Try, Turn, Writes};
use assentry::demo::model::{Call, Reply, Script, ScriptedModel};
use assentry::ids::{BranchName, Digest, RepoId, Timestamp, UserId};
use assentry::model::{Answer, Model, Part, Profile, Provider, Timeouts, Usage};
use assentry::sandbox::{Checkout, Limits, Sandbox, SandboxConfig};
use assentry::workflow::plan::{Budget, Check, Estimate, FileChange, Plan, PlanStep, PlannedFile, Scope};
use assentry::workflow::spending::{CallEnd, Full};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A small repository with a bug, a scripted model and a sandbox.
struct House {
    dir: TempDir,
    server: ScriptedModel,
    model: Model,
    sandbox: Sandbox,
    journal: Notebook,
    budget: Budget,
    cancel: CancellationToken,
}

const GREET: &str = "#!/bin/sh\n# Greets whoever is named.\necho \"Helo, $1!\"\n";
const TEST: &str =
    "#!/bin/sh\n[ \"$(sh src/greet.sh Ann)\" = 'Hello, Ann!' ] && echo ok || { echo 'not greeted'; exit 1; }\n";

impl House {
    async fn new(script: impl Script) -> House {
        let dir = TempDir::new().unwrap();
        // Without namespaces the account that root becomes must be able to come here.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let server = ScriptedModel::start(([127, 0, 0, 1], 0).into(), Arc::new(script)).await.unwrap();
        let config = SandboxConfig {
            helper: PathBuf::from(env!("CARGO_BIN_EXE_assentry")),
            ..SandboxConfig::new(&dir.path().join("data")).unwrap()
        };
        let sandbox = Sandbox::probe(&config).await.unwrap();
        commit(&dir.path().join("origin"), &[("src/greet.sh", GREET), ("test.sh", TEST), ("README.md", "# Greet\n")]);
        let model = Model::new(profile(server.url())).unwrap();
        let budget = Budget { turns: 30, tokens: 1_000_000, micro_dollars: 1_000_000, minutes: 5 };
        let (journal, cancel) = (Notebook::default(), CancellationToken::new());
        House { dir, server, model, sandbox, journal, budget, cancel }
    }

    /// A house whose model gives these answers, one after the other.
    async fn with(replies: Vec<Reply>) -> House {
        House::new(assentry::demo::model::Turns(replies)).await
    }

    /// A fresh checkout at the base commit.
    async fn checkout(&self) -> Checkout {
        use assentry::sandbox::mirror::{FetchFrom, Mirror};

        let from = FetchFrom { url: Url::from_file_path(self.dir.path().join("origin")).unwrap(), token: None };
        let mirror = Mirror::open(&self.dir.path().join("data"), RepoId(1)).await.unwrap();
        let main: BranchName = "main".parse().unwrap();
        let heads = mirror.fetch(&from, std::slice::from_ref(&main)).await.unwrap();
        mirror.checkout(&from, &heads[&main], &self.dir.path().join("checkout")).await.unwrap()
    }

    fn leash(&self) -> Leash {
        let until = tokio::time::Instant::now() + Duration::from_secs(60 * u64::from(self.budget.minutes));
        Leash { budget: self.budget, until, cancel: self.cancel.clone() }
    }

    fn desk<'a>(&'a self, checkout: &'a Checkout, leash: &'a Leash) -> Desk<'a, Notebook> {
        let limits = Limits { wall: Duration::from_secs(30), ..Limits::default() };
        Desk {
            model: &self.model,
            fallback: None,
            guest: None,
            journal: &self.journal,
            sandbox: &self.sandbox,
            checkout,
            limits,
            leash,
        }
    }

    /// What was said back to each call, in order.
    fn said(&self) -> Vec<String> {
        let turns = self.journal.kept.lock().unwrap();
        let parts = turns.turns.iter().flat_map(|turn| turn.results.iter().flatten());
        parts
            .map(|part| match part {
                Part::Text { text } | Part::ToolResult { text, .. } => text.clone(),
            })
            .collect()
    }

    fn sent(&self) -> String {
        self.server.requests().iter().map(|request| request.body.as_str()).collect()
    }
}

/// A journal that survives what a test breaks, and can be told to break after some writes.
#[derive(Default)]
struct Notebook {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    turns: Vec<Turn>,
    ticked: Vec<String>,
    texts: BTreeMap<String, String>,
    writes_left: Option<usize>,
}

impl Notebook {
    fn write(&self, change: impl FnOnce(&mut Kept)) -> Result<(), JournalError> {
        let mut kept = self.kept.lock().unwrap();
        if let Some(left) = kept.writes_left {
            kept.writes_left = Some(left.checked_sub(1).ok_or_else(|| JournalError::Store("broken".to_owned()))?);
        }
        change(&mut kept);
        Ok(())
    }
}

impl Journal for Notebook {
    async fn turns(&self) -> Result<Vec<Turn>, JournalError> {
        Ok(self.kept.lock().unwrap().turns.clone())
    }

    async fn reserve(&self, _: Try<'_>) -> Result<Result<Reservation, Full>, JournalError> {
        Ok(Ok(Reservation(1)))
    }

    async fn settle(&self, _: Reservation, _: &Profile, _: (Usage, CallEnd)) -> Result<(), JournalError> {
        Ok(())
    }

    async fn answered(&self, seq: u32, request: (&Digest, &Profile), answer: &Answer) -> Result<(), JournalError> {
        self.write(|kept| {
            assert_eq!(kept.turns.len(), seq as usize, "each turn is stored once");
            kept.turns.push(Turn { request: request.0.clone(), answer: answer.clone(), results: None });
        })
    }

    async fn replied(&self, seq: u32, results: &[Part]) -> Result<(), JournalError> {
        self.write(|kept| kept.turns[seq as usize].results = Some(results.to_vec()))
    }

    async fn keeps(&self, name: &str, text: &str) -> Result<(), JournalError> {
        self.write(|kept| drop(kept.texts.insert(name.to_owned(), text.to_owned())))
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, JournalError> {
        Ok(self.kept.lock().unwrap().texts.get(name).cloned())
    }

    async fn ticked(&self, step: &str, _: &Work) -> Result<(), JournalError> {
        self.kept.lock().unwrap().ticked.push(step.to_owned());
        Ok(())
    }
}

fn profile(base_url: Url) -> Profile {
    Profile {
        provider: Provider::Anthropic,
        model: "scripted".to_owned(),
        base_url,
        api_key: "key".into(),
        effort: None,
        max_output_tokens: 8_000,
        timeouts: Timeouts::default(),
        price: None,
    }
}

fn commit(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["config", "uploadpack.allowFilter", "true"],
        &["config", "uploadpack.allowAnySHA1InWant", "true"],
        &["add", "."],
        &["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "--message=Greet"],
    ] {
        assert!(Command::new("git").current_dir(dir).args(arguments).status().unwrap().success());
    }
}

fn issue(body: &str) -> Issue {
    let author = Author { login: "ann".into(), id: Some(UserId(1)), writes: Writes::Yes };
    Issue {
        title: "Greeting is misspelt".into(),
        author,
        at: Timestamp(0),
        body: body.into(),
        comments: vec![],
        left_out: 0,
        trigger: None,
        mark: None,
    }
}

/// A plan that mends the greeting and says so in the README.
fn plan() -> Plan {
    let step = |id: &str, title: &str, path: &str| PlanStep {
        id: id.into(),
        title: title.into(),
        files: vec![PlannedFile { path: path.parse().unwrap(), change: FileChange::Change }],
        what: "Write it right.".into(),
        verify: "Read it.".into(),
    };
    Plan {
        title: "Greet with the right word".into(),
        goal: "The greeting is spelt right.".into(),
        findings: vec![],
        approach: "Correct the word.".into(),
        alternatives: vec![],
        steps: vec![step("s1", "Correct the word", "src/greet.sh"), step("s2", "Describe it", "README.md")],
        checks: vec![Check { command: "sh test.sh".into() }],
        scope: Scope {
            paths: vec!["src/**".into(), "README.md".into()],
            max_files: 3,
            max_bytes: 10_000,
            dependencies: false,
            protected: false,
        },
        out_of_scope: vec![],
        risks: vec![],
        questions: vec![],
        estimate: Estimate { tokens: 10_000, minutes: 1 },
    }
}

fn call(name: &str, arguments: Value) -> Reply {
    Reply::call(name, &arguments)
}

fn calls(calls: &[(&str, Value)]) -> Reply {
    Reply::calls("", calls.iter().map(|(name, arguments)| Call::new(name, arguments)).collect())
}

fn mend() -> (&'static str, Value) {
    ("edit", json!({"path": "src/greet.sh", "old": "Helo", "new": "Hello"}))
}

fn describe() -> (&'static str, Value) {
    ("edit", json!({"path": "README.md", "old": "# Greet\n", "new": "# Greet\n\nSays hello.\n"}))
}

fn tick(step: &str) -> (&'static str, Value) {
    ("tick", json!({ "step": step }))
}

fn finish() -> (&'static str, Value) {
    ("finish", json!({"summary": "Mended."}))
}
