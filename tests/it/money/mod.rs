//! What models cost: every call is written down, and no limit is passed.

mod costs;
mod fallback;
mod rests;

use std::sync::Arc;

use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::store::Costs;

use crate::world::World;

/// The story's model, with something else here and there.
async fn world(script: impl Script, more: &str) -> World {
    World::with(Arc::new(script), story::repository(), more).await
}

/// The story as it is told, with other limits.
async fn limited(more: &str) -> World {
    world(|seen: &Seen| Storyteller.answer(seen), more).await
}

async fn costs(world: &World, issue: i64) -> Vec<Costs> {
    let run = world.row(issue).await.unwrap().id;
    world.core.store.costs(run).await.unwrap()
}

/// The story's plan, approved by bob; settled.
async fn approved(world: &World) -> i64 {
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    issue
}

/// The status comment as it stands.
fn status(world: &World, issue: i64) -> String {
    let said = world.said(issue);
    said.into_iter().find(|text| text.starts_with("**Assentry:")).expect("a status comment")
}

/// What was answered to one person, the last of it.
fn told(world: &World, issue: i64, login: &str) -> String {
    let start = format!("@{login},");
    world.said(issue).into_iter().rfind(|text| text.starts_with(&start)).expect("an answer")
}

/// How often the model was asked to execute.
fn asked(world: &World) -> usize {
    world.model.requests().iter().filter(|request| request.body.contains("\"tick\"")).count()
}

fn cut(seen: &Seen) -> Reply {
    let answer = Storyteller.answer(seen);
    if let Reply::Say(said) = answer { Reply::CutAfter { bytes: 300, said } } else { answer }
}
