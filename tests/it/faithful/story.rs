//! What Assentry itself asks on the way from a label to a merged pull request.

use std::collections::BTreeSet;

use assentry::demo::github::LineNote;

use super::judge::assert_described;
use crate::npm::assert_installed;
use crate::world::{REPO, World};

#[tokio::test(flavor = "multi_thread")]
async fn all_that_assentry_asks_on_the_way_to_a_pull_request_is_as_github_describes_it() {
    assert_installed();
    let world = World::start().await;
    world.team("core", &["bob"], &[]);
    world.file_on_main(".github/CODEOWNERS", "* @acme/core\n");
    let issue = world.planned().await;
    let plan_pull = world.plan_pull(issue).await;
    let path = format!(".assentry/plans/{issue}.md");
    let note = LineNote { path, line: 1, body: "Say which titles.".to_owned() };
    world.person("ann").remarks(plan_pull, &note).unwrap();
    world.settle().await;
    world.person("tim").comments(issue, "/help").unwrap();
    world.person("bob").comments(issue, "/split").unwrap();
    world.person("eve").comments(issue, "/approve").unwrap();
    world.passes(std::time::Duration::from_secs(120)).await;
    world.person("bob").approves(plan_pull).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    world.person("ann").merges(world.work_pulls()[0].number).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));

    assert_described(&world.github);
    let exchanges = world.github.exchanges();
    let routes: BTreeSet<(&str, &str)> = exchanges.iter().map(|e| (e.method.as_str(), e.route)).collect();
    eprintln!(
        "{} requests of Assentry to {} routes and {} webhooks, all as GitHub describes them: {routes:#?}",
        exchanges.len(),
        routes.len(),
        world.github.payloads().len()
    );
    assert!(routes.len() >= 15, "the story asks too little of {REPO}: {routes:#?}");
}
