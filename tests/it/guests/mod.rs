//! Agents that are not the house's own, as real processes behind the walls: a scripted one that plays every story, good and
//! bad, through the webhook door.

mod bad;
mod doctor;
mod good;
mod real;
mod secrets;

use std::sync::Arc;

use assentry::demo::model::{Reply, Said, Script, Seen};
use assentry::demo::story;

use crate::world::{REPO, World};

/// The scripted agent, to be handed to Python as it is: a checkout of this project may be where the sandbox shows another.
pub(crate) const SCRIPT: &str = include_str!("agent.py");

/// The configuration of the scripted agent in a phase.
fn agent(phase: &str, story: &str, more: &str) -> String {
    format!(
        "[models.{phase}]\nagent = 'scripted'\n\
         [agents.scripted]\ncommand = ['python3', '-c', '''{SCRIPT}''', '{story}']\n\
         environment = {{ GATEWAY = '{{gateway}}', TOKEN = '{{token}}', MODEL = '{{model}}' }}\n{more}\n"
    )
}

/// The story's model, which has a word for every guest's question too.
fn model() -> impl Script {
    |seen: &Seen| match () {
        () if seen.offers("submit_plan") || seen.offers("tick") => story::script().answer(seen),
        () if seen.mentions("cut this") => Reply::CutAfter { bytes: 300, said: Said::words(&"long ".repeat(100)) },
        () => Reply::say("Yes."),
    }
}

/// A world whose executor is the scripted agent in one of its stories.
async fn executed_by(story: &str, more: &str) -> (World, i64) {
    let world = World::with(Arc::new(model()), story::repository(), &agent("execute", story, more)).await;
    let issue = world.planned().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    (world, issue)
}

/// The same for the planner.
async fn planned_by(story: &str, more: &str) -> (World, i64) {
    let world = World::with(Arc::new(model()), story::repository(), &agent("plan", story, more)).await;
    let issue = world.planned().await;
    (world, issue)
}

/// What the status comment says.
fn status(world: &World, issue: i64) -> String {
    world.said(issue).first().cloned().unwrap_or_default()
}

/// Asserts that a run has ended without any work in public, and that the status comment says why.
async fn ended(world: &World, issue: i64, cause: &str) {
    let status = status(world, issue);
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));
    assert!(status.contains(cause), "no {cause:?} in {status}");
    assert!(world.work_pulls().is_empty());
    assert_eq!(world.github.unknown_requests(), Vec::<String>::new());
}

/// Asserts that the work is in review, and changes exactly these files.
async fn in_review(world: &World, issue: i64, files: &[&str]) {
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    assert_eq!(world.github.changed_files(REPO, world.work_pulls()[0].number), files);
}

/// What the agent told the model, for the tests to read.
fn report(world: &World) -> serde_json::Value {
    let body = world.model.requests().into_iter().map(|request| request.body).find(|body| body.contains("report "));
    let body: serde_json::Value = serde_json::from_str(&body.expect("a report")).unwrap();
    let text = body["messages"][0]["content"][0]["text"].as_str().unwrap();
    serde_json::from_str(text.strip_prefix("report ").unwrap()).unwrap()
}
