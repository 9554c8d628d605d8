//! The dashboard as a browser meets it: who gets in, who sees what, and what a page says.

mod browser;
mod hostile;
mod looks;
mod people;
mod story;

use assentry::demo::github::NewRepository;
use assentry::demo::story as demo_story;

use crate::world::World;
pub(crate) use browser::Browser;

/// The dashboard is on, and ann administers it.
pub(crate) const ON: &str = "[server]\npublic_url = 'http://DOOR'\n[web]\ndashboard = true\nclient_id = 'CLIENT'\n\
    client_secret_file = 'client-secret'\nadministrators = { ann = ANN }\n";

/// The story's world with a dashboard; its repository is seen by its collaborators only.
async fn world() -> World {
    let repository = NewRepository { private: true, ..demo_story::repository() };
    World::with(demo_story::script(), repository, ON).await
}

/// The story told to its end: planned, revised, refused once, approved, delivered, merged. Gives the issue.
async fn told(world: &World) -> i64 {
    let issue = world.planned().await;
    world.person("cara").comments(issue, "/revise Mention it in CHANGELOG.md.").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    let pull = world.plan_pull(issue).await;
    world.person("eve").approves(pull).unwrap();
    world.settle().await;
    world.person("bob").approves(pull).unwrap();
    world.settle().await;
    merged(world, issue).await;
    issue
}

/// The work of an issue is merged, which ends its run.
async fn merged(world: &World, issue: i64) {
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    let pull = world.state(issue).await.work_pull().unwrap().0;
    // A draft has to be marked as ready first; what is ready is refused that.
    let _ = world.person("ann").marks_ready(pull);
    world.person("ann").merges(pull).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));
}

/// The address of the run of an issue.
async fn page_of(world: &World, issue: i64) -> String {
    format!("/runs/{}", world.row(issue).await.unwrap().id)
}

/// The repository's id, for addresses.
async fn repo_of(world: &World, issue: i64) -> i64 {
    world.row(issue).await.unwrap().repo.0
}

/// Every page there is for an administrator, once a run has two versions.
async fn pages(world: &World, issue: i64) -> Vec<String> {
    let (run, repo) = (page_of(world, issue).await, repo_of(world, issue).await);
    let mut pages: Vec<String> =
        ["/runs", "/runs?group=ended", "/repositories", "/costs", "/deliveries", "/health"].map(str::to_owned).to_vec();
    pages.extend([format!("/runs?repo={repo}"), format!("/costs?repo={repo}")]);
    pages.extend(["", "/versions/1", "/versions/2", "/compare/1/2", "/log"].map(|rest| format!("{run}{rest}")));
    pages
}
