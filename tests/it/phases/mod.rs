//! The table of events by phase, through the door: each test is named after a row and a column.
//!
//! The columns: a version waits, is approved and about to start, is at work, or its work is up as a pull request.

mod base;
mod in_review;
mod inputs;
mod plan_branch;
mod plan_pull;
mod repository;
mod time;

use std::sync::{Arc, Mutex};

use assentry::demo::github::{NewRepository, PullView};
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};

use crate::world::{REPO, World};

/// A run with a posted version.
struct Case {
    world: World,
    issue: i64,
    pull: i64,
}

impl Case {
    async fn waiting() -> Case {
        Box::pin(Case::of(Box::pin(World::start()).await)).await
    }

    async fn waiting_in(repository: NewRepository) -> Case {
        Box::pin(Case::of(Box::pin(World::with(story::script(), repository, "")).await)).await
    }

    async fn of(world: World) -> Case {
        let issue = world.planned().await;
        Case::on(world, issue).await
    }

    async fn on(world: World, issue: i64) -> Case {
        let pull = world.plan_pull(issue).await;
        Case { world, issue, pull }
    }

    /// Approved, and not judged a second time yet.
    async fn starting() -> Case {
        Box::pin(Box::pin(Case::waiting()).await.approved()).await
    }

    async fn approved(self) -> Case {
        self.world.person("bob").approves(self.pull).unwrap();
        self.world.until(self.issue, "starting").await;
        self
    }

    /// Approved, and the executor is about to begin.
    async fn at_work() -> Case {
        Box::pin(Box::pin(Case::waiting()).await.begun()).await
    }

    async fn begun(self) -> Case {
        self.world.person("bob").approves(self.pull).unwrap();
        self.world.until(self.issue, "executing").await;
        self
    }

    /// The work is up for review.
    async fn delivered() -> Case {
        let case = Case::waiting().await;
        case.world.person("bob").approves(case.pull).unwrap();
        case.is_built().await;
        case.world.github.advances(std::time::Duration::from_secs(60));
        case
    }

    fn work(&self) -> PullView {
        let mut pulls = self.world.work_pulls();
        assert_eq!(pulls.len(), 1);
        pulls.remove(0)
    }

    async fn version(&self) -> u32 {
        self.world.state(self.issue).await.shown().map_or(0, |shown| shown.subject.version)
    }

    async fn phase(&self) -> String {
        self.world.phase(self.issue).await
    }

    fn plan_branch(&self) -> String {
        self.world.github.pull(REPO, self.pull).unwrap().head
    }

    fn status(&self) -> String {
        let said = self.world.said(self.issue);
        said.into_iter().find(|text| text.starts_with("**Assentry:")).expect("a status comment")
    }

    fn said(&self) -> Vec<String> {
        [self.world.said(self.issue), self.world.said(self.pull)].concat()
    }

    fn has_said(&self, part: &str) -> bool {
        self.said().iter().any(|text| text.contains(part))
    }

    async fn approves_again(&self) {
        self.world.github.advances(std::time::Duration::from_secs(5));
        let text = format!("/approve {}", self.world.digest(self.issue).await);
        self.world.person("bob").comments(self.issue, &text).unwrap();
    }

    /// Settles; the version waits, nothing has been built.
    async fn waits_with(&self, version: u32) {
        self.world.settle().await;
        assert_eq!(
            (self.phase().await.as_str(), self.version().await),
            ("awaiting_approval", version),
            "{:#?}",
            self.said()
        );
        self.built_nothing();
    }

    /// Settles; the work is done and held before the push.
    async fn is_held(&self) {
        self.world.settle().await;
        assert_eq!(self.phase().await, "delivering", "{:#?}", self.said());
        self.built_nothing();
    }

    /// Settles; the run has ended, for this reason, and nothing was built.
    async fn ended_because(&self, why: &str) {
        self.world.settle().await;
        assert_eq!(self.phase().await, "ended", "{:#?}", self.said());
        assert!(self.status().contains(why), "{}", self.status());
        self.built_nothing();
    }

    async fn is_built(&self) {
        self.world.settle().await;
        assert_eq!(self.phase().await, "in_review", "{:#?}", self.said());
        assert_eq!(self.world.work_pulls().len(), 1, "{:#?}", self.said());
    }

    fn built_nothing(&self) {
        assert_eq!(self.world.work_pulls(), []);
        let branches = self.world.github.branches(REPO);
        let ours = |name: &String| name.starts_with("assentry/") && !name.contains("-plan-");
        assert!(!branches.iter().any(|(name, _)| ours(name)), "{branches:?}");
    }
}

/// A run in each phase before its work is up.
async fn all() -> [Case; 3] {
    [Box::pin(Case::waiting()).await, Box::pin(Case::starting()).await, Box::pin(Case::at_work()).await]
}

/// The story's model, which remembers what the planner was given to read.
#[derive(Clone, Default)]
struct Listening {
    heard: Arc<Mutex<Vec<String>>>,
}

impl Script for Listening {
    fn answer(&self, request: &Seen) -> Reply {
        if request.offers("submit_plan") && request.turns == 0 {
            self.heard.lock().unwrap().push(request.user_texts.join("\n"));
        }
        Storyteller.answer(request)
    }
}

impl Listening {
    /// What the planner was given, version by version.
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}
