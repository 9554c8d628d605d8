//! Where the work leaves the plan: by policy it is recorded, people are asked, or the next version goes on from what is
//! done.

mod asks;
pub(crate) mod kept;

use std::sync::Arc;

use assentry::demo::model::{Call, Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use serde_json::{Value, json};

use crate::world::{REPO, World};

const BROKEN: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'";
const MENDED: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'";

/// A run whose version 1 was approved by bob, and whose execution has come as far as it can.
struct Case {
    world: World,
    issue: i64,
}

/// The story's model; it executes by what a function answers.
pub(crate) fn executing(work: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> impl Script {
    move |seen: &Seen| if seen.offers("tick") { work(seen) } else { Storyteller.answer(seen) }
}

fn call(name: &str, arguments: Value) -> Call {
    Call::new(name, &arguments)
}

fn mend() -> Call {
    call("edit", json!({"path": "bin/slug", "old": BROKEN, "new": MENDED}))
}

fn tick(step: &str) -> Call {
    call("tick", json!({ "step": step }))
}

fn finish() -> Reply {
    Reply::call("finish", &json!({"summary": "Slugs are trimmed."}))
}

fn deviate(kind: &str, what: &str) -> Call {
    call("deviate", json!({"step": "s1", "kind": kind, "what": what, "why": "I have seen it."}))
}

fn all(calls: Vec<Call>) -> Reply {
    Reply::calls("", calls)
}

impl Case {
    async fn of(script: impl Script, policy: &str) -> Case {
        let mut repository = story::repository();
        if !policy.is_empty() {
            repository.files.push((".github/assentry.toml".to_owned(), policy.as_bytes().to_vec(), false));
        }
        let world = Box::pin(World::with(Arc::new(script), repository, "")).await;
        let issue = world.planned().await;
        let case = Case { world, issue };
        case.bob_approves().await;
        case
    }

    async fn bob_approves(&self) {
        self.world.person("bob").approves(self.world.plan_pull(self.issue).await).unwrap();
        self.world.settle().await;
    }

    async fn says(&self, login: &str, text: &str) {
        self.world.github.advances(std::time::Duration::from_secs(60));
        self.world.person(login).comments(self.issue, text).unwrap();
        self.world.settle().await;
    }

    async fn phase(&self) -> String {
        self.world.phase(self.issue).await
    }

    fn said(&self, part: &str) -> bool {
        self.world.said(self.issue).iter().any(|text| text.contains(part))
    }

    fn status(&self) -> String {
        let said = self.world.said(self.issue);
        said.into_iter().find(|text| text.starts_with("**Assentry:")).expect("a status comment")
    }

    /// What the model was sent in order to execute.
    fn asked(&self) -> Vec<String> {
        let requests = self.world.model.requests().into_iter().map(|request| request.body);
        requests.filter(|body| body.contains("\"tick\"")).collect()
    }

    fn commits(&self) -> Vec<String> {
        let pull = self.world.work_pulls()[0].number;
        let commits = self.world.github.pull_commits(REPO, pull).into_iter();
        commits.map(|commit| commit.message.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// The verdict beside the merge button.
    fn verdict(&self) -> (String, String) {
        let checks = self.world.github.checks(REPO, &self.world.work_pulls()[0].head_sha);
        let ours = checks.into_iter().find(|check| check.name == "assentry/conformance").expect("a verdict");
        (ours.conclusion.unwrap_or_default(), ours.summary)
    }
}
