//! Bad input by name, through the door: each ends in a state that people can read, or leaves no trace at all.

mod door;
mod executor;
mod issue;
mod neighbour;
mod planner;
mod secrets;
mod walls;
mod words;

use std::sync::Arc;

use assentry::demo::github::PullView;
use assentry::demo::model::{Call, Reply, Script, Seen};
use assentry::demo::story;
use assentry::workflow::command::parse;
use serde_json::{Value, json};

use crate::world::{REPO, World};

const BROKEN: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'";
const MENDED: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'";

/// A plan without faults; `change` makes some.
fn plan_but(change: impl FnOnce(&mut Value)) -> Value {
    let mut plan = json!({
        "title": "Trim dashes at both ends of a slug",
        "goal": "A slug neither begins nor ends with a dash.",
        "findings": [{"text": "Each run of other characters becomes one dash.", "path": "bin/slug", "line": 3}],
        "approach": "Let sed remove one dash at each end.",
        "alternatives": [{"option": "Drop punctuation.", "reason": "Existing links would change."}],
        "steps": [{
            "id": "s1",
            "title": "Trim dashes at both ends",
            "files": [{"path": "bin/slug", "change": "change"}],
            "what": "Give sed two more expressions.",
            "verify": "The tests are green."
        }],
        "checks": [{"command": story::CHECK}],
        "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
        "out_of_scope": ["Letters beyond ASCII."],
        "risks": ["Pages that link to such a slug have to be changed."],
        "questions": ["Should old links redirect?"],
        "estimate": {"tokens": 30000, "minutes": 3}
    });
    change(&mut plan);
    plan
}

fn plan() -> Value {
    plan_but(|_| {})
}

/// A model that submits a plan and then executes in these turns.
fn works(plan: Value, turns: Vec<Reply>) -> impl Script {
    move |seen: &Seen| {
        if seen.offers("tick") {
            turns.get(seen.turns).cloned().unwrap_or_else(|| Reply::say("The script is over."))
        } else if seen.offers("submit_revision") {
            let answer = json!({"note": "deviation-1", "answer": "It stays.", "done": false, "changed": []});
            Reply::call("submit_revision", &json!({"parts": {}, "answers": [answer], "changes": ""}))
        } else {
            submits(&plan)
        }
    }
}

fn submits(plan: &Value) -> Reply {
    Reply::call("submit_plan", &json!({ "plan": plan }))
}

fn call(name: &str, arguments: Value) -> Call {
    Call::new(name, &arguments)
}

fn run(command: &str) -> Call {
    call("run", json!({ "command": command }))
}

fn mend() -> Call {
    call("edit", json!({"path": "bin/slug", "old": BROKEN, "new": MENDED}))
}

fn tick(step: &str) -> Call {
    call("tick", json!({ "step": step }))
}

fn finish() -> Call {
    call("finish", json!({"summary": "Slugs are trimmed."}))
}

fn calls(calls: Vec<Call>) -> Reply {
    Reply::calls("", calls)
}

/// The honest work.
fn honest() -> Vec<Reply> {
    vec![calls(vec![mend(), tick("s1")]), calls(vec![finish()])]
}

/// A world with a model of one's own, in the story's repository, with `more` in the configuration.
async fn world(script: impl Script, more: &str) -> World {
    World::with(Arc::new(script), story::repository(), more).await
}

/// Opens an issue, has it planned and approved, and lets the executor do its worst.
async fn executed(world: &World) -> i64 {
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    issue
}

/// The status comment, which is the first.
fn status(world: &World, issue: i64) -> String {
    world.said(issue).first().cloned().unwrap_or_default()
}

/// Asserts that a run is over without any work in public, and that the status comment says why and what helps.
async fn ended(world: &World, issue: i64, cause: &str, help: &str) {
    let status = status(world, issue);
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));
    assert!(status.contains(cause), "no {cause:?} in {status}");
    assert!(status.contains(help), "no {help:?} in {status}");
    assert_eq!(world.work_pulls(), Vec::<PullView>::new());
    let branches = world.github.branches(REPO);
    let pushed: Vec<_> = branches.iter().filter(|(name, _)| name != "main" && !name.contains("-plan-")).collect();
    assert!(pushed.is_empty(), "{pushed:?}");
    quiet(world, issue);
}

/// Asserts that nothing we have said is a command to anybody.
fn quiet(world: &World, issue: i64) {
    let pulls = world.github.pulls(REPO);
    let bodies = pulls.iter().map(|pull| pull.body.clone());
    let comments = pulls.iter().flat_map(|pull| world.said(pull.number));
    for text in world.said(issue).into_iter().chain(bodies).chain(comments) {
        assert_eq!(parse(&text), None, "{text}");
    }
    assert_eq!(world.github.unknown_requests(), Vec::<String>::new());
}
