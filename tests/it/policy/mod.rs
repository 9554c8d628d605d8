//! The policy of a repository: `.github/assentry.toml`, from the program that checks it to what it changes.

mod broken;
mod checks;
mod gate;
mod hosts;
mod images;
mod profiles;
mod program;
mod set_up;
mod triggers;

use assentry::demo::github::NewRepository;
use assentry::demo::story;
use assentry::workflow::terms::Terms;

use crate::world::{REPO, World};

const PATH: &str = ".github/assentry.toml";

/// The story's repository with a policy on its default branch.
fn repository(policy: &str) -> NewRepository {
    let mut repository = story::repository();
    repository.files.push((PATH.to_owned(), policy.as_bytes().to_vec(), false));
    repository
}

/// A world with a policy, and `more` in the server's configuration.
async fn world(policy: &str, more: &str) -> World {
    World::with(story::script(), repository(policy), more).await
}

/// Opens the story's issue and puts a label on it.
async fn labelled(world: &World, by: &str, label: &str) -> i64 {
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person(by).labels(issue, label).unwrap();
    world.settle().await;
    issue
}

/// The policy on the default branch is another from now on.
async fn mended(world: &World, policy: &str) {
    world.person("ann").pushes("main", PATH, policy).unwrap();
    world.settle().await;
}

/// What an approval of the version shown covers.
async fn terms(world: &World, issue: i64) -> Terms {
    let (row, state) = (world.row(issue).await.unwrap(), world.state(issue).await);
    let version = state.shown().unwrap().subject.version;
    let plan = world.core.store.plan(row.id, version).await.unwrap().unwrap();
    serde_json::from_str(&plan.terms).unwrap()
}

/// A plan as the story's model submits it, shorter.
pub(crate) fn plan() -> serde_json::Value {
    serde_json::json!({
        "title": "Trim dashes", "goal": "No dash at the end.", "approach": "By hand.",
        "steps": [{"id": "s1", "title": "Trim", "files": [{"path": "bin/slug", "change": "change"}], "what": "Trim.",
            "verify": "Look."}],
        "checks": [{"command": story::CHECK}],
        "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
        "estimate": {"tokens": 30000, "minutes": 3},
    })
}

/// How often something was said.
fn times(said: &[String], what: &str) -> usize {
    said.iter().filter(|text| text.contains(what)).count()
}

/// The id that the simulated GitHub gave an account.
fn id(world: &World, login: &str) -> i64 {
    world.github.account_id(login).unwrap()
}

/// A branch with another policy, and a pull request that brings it.
fn proposes(world: &World, branch: &str, policy: &str) -> i64 {
    let bob = world.person("bob");
    bob.pushes(branch, PATH, policy).unwrap();
    bob.at(REPO).opens_pull("Change the policy", branch, "main").unwrap()
}
