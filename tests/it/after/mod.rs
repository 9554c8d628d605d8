//! After the pull request with the work was opened.

mod checks;
mod fates;
pub(crate) mod feedback;
mod limits;
pub(crate) mod update;
mod widened;

use std::time::Duration;

use assentry::demo::github::PullView;

use crate::world::{REPO, World};

/// A run whose work is up for review.
struct Reviewed {
    world: World,
    issue: i64,
    pull: i64,
}

impl Reviewed {
    async fn begin() -> Reviewed {
        Box::pin(Reviewed::of(Box::pin(World::start()).await)).await
    }

    async fn of(world: World) -> Reviewed {
        let issue = world.planned().await;
        world.person("bob").approves(world.plan_pull(issue).await).unwrap();
        world.settle().await;
        assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
        world.github.advances(Duration::from_secs(60));
        let pull = world.work_pulls()[0].number;
        Reviewed { world, issue, pull }
    }

    fn work(&self) -> PullView {
        self.world.github.pull(REPO, self.pull).unwrap()
    }

    fn status(&self) -> String {
        let said = self.world.said(self.issue);
        said.into_iter().find(|text| text.starts_with("**Assentry:")).expect("a status comment")
    }

    /// The branches below `assentry/`.
    fn branches(&self) -> Vec<String> {
        let all = self.world.github.branches(REPO).into_iter().map(|(name, _)| name);
        all.filter(|name| name.starts_with("assentry/")).collect()
    }

    async fn is(&self, phase: &str, status: &str) {
        self.world.settle().await;
        assert_eq!(self.world.phase(self.issue).await, phase, "{}", self.status());
        assert!(self.status().starts_with(&format!("**Assentry: {status}**")), "{}", self.status());
    }
}
