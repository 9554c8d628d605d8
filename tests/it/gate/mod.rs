//! The gate, through the door: what people do on GitHub, and what the product makes of it, row by row of the tables.

mod by_comment;
mod by_review;
mod commands;
mod crowd;
mod hands;
mod holds;
mod limits;
mod lists;
mod moments;
mod order;
mod owners;
mod people;
mod replay;
mod revisions;
mod separation;
mod stops;
mod triggers;
mod unheard;
mod unknown;
mod vetoes;

use crate::world::{REPO, World};

/// A plan that waits for its approval.
struct Waiting {
    world: World,
    issue: i64,
    pull: i64,
}

impl Waiting {
    async fn begin() -> Waiting {
        Waiting::of(World::start().await).await
    }

    /// With other rules: a table of the configuration.
    async fn with(rules: &str) -> Waiting {
        let more = format!("[approval]\n{rules}\n");
        Waiting::of(World::with(assentry::demo::story::script(), assentry::demo::story::repository(), &more).await)
            .await
    }

    /// With a policy of the repository's own.
    async fn under(world: World, policy: &str) -> Waiting {
        world.file_on_main(".github/assentry.toml", policy);
        Waiting::of(world).await
    }

    async fn of(world: World) -> Waiting {
        let issue = world.planned().await;
        let pull = world.plan_pull(issue).await;
        Waiting { world, issue, pull }
    }

    async fn digest(&self) -> String {
        self.world.digest(self.issue).await
    }

    async fn version(&self) -> u32 {
        self.world.state(self.issue).await.shown().map_or(0, |shown| shown.subject.version)
    }

    fn plan_branch(&self) -> String {
        self.world.github.pull(REPO, self.pull).unwrap().head
    }

    /// Settles; the plan still waits, and nothing has been built.
    async fn still_waits(&self) {
        self.world.settle().await;
        assert_eq!(self.world.phase(self.issue).await, "awaiting_approval", "{:#?}", self.everything_said());
        self.built_nothing();
    }

    /// Settles; the work is there, once.
    async fn is_built(&self) {
        self.world.settle().await;
        assert_eq!(self.world.phase(self.issue).await, "in_review", "{:#?}", self.everything_said());
        assert_eq!(self.world.work_pulls().len(), 1, "{:#?}", self.everything_said());
    }

    fn built_nothing(&self) {
        assert_eq!(self.world.work_pulls(), []);
        let branches = self.world.github.branches(REPO);
        let foreign: Vec<_> = branches.iter().filter(|(name, _)| name != "main" && !name.contains("-plan-")).collect();
        assert_eq!(foreign.iter().filter(|(name, _)| name.starts_with("assentry/")).count(), 0, "{foreign:?}");
    }

    /// What the bot said on the issue and on the plan pull request.
    fn everything_said(&self) -> Vec<String> {
        [self.world.said(self.issue), self.world.said(self.pull)].concat()
    }

    /// The status comment as it stands.
    fn status(&self) -> String {
        let said = self.world.said(self.issue);
        said.into_iter().find(|text| text.starts_with("**Assentry:")).expect("a status comment")
    }

    /// What was said to one person.
    fn said_to(&self, login: &str) -> Vec<String> {
        let start = format!("@{login},");
        self.everything_said().into_iter().filter(|text| text.starts_with(&start)).collect()
    }
}
