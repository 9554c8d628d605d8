//! What people and the model do from the label to the end, in several ways.

use std::sync::{Arc, OnceLock};

use assentry::demo::github::GitHub;
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::Storyteller;
use tokio::sync::Notify;

use super::town::{ISSUE, Town};
use crate::after::feedback::{comment, mending};
use crate::after::update::{another_line, keeps_ours};
use crate::deviate::executing;
use crate::deviate::kept::two_steps;
use crate::world::REPO;

/// A way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Plan, approval, work, pull request.
    Straight,
    /// The work finds that the plan does not fit, and goes on behind the approval of version 2.
    Deviates,
    /// People stop the work while the agent is at it, and let it go on.
    Stops,
    /// People want something mended in the work.
    Mends,
    /// The base has moved, and what conflicts is settled.
    Updates,
}

impl Story {
    /// Where it is told.
    pub(crate) async fn town(self) -> Town {
        match self {
            Story::Straight => Town::new().await,
            Story::Deviates => Town::with(Arc::new(executing(two_steps)), "").await,
            Story::Stops => {
                let endless = Arc::new(Endless::default());
                let mut town = Town::with(Arc::<Endless>::clone(&endless), "").await;
                endless.github.set(town.github.clone()).ok().unwrap();
                town.waits = Arc::clone(&endless.waits);
                town
            }
            Story::Mends => Town::with(Arc::new(mending(vec![comment()], true)), "").await,
            Story::Updates => Town::with(Arc::new(mending(vec![keeps_ours()], true)), "").await,
        }
    }

    /// What people do up to where this way parts from the straight one, each thing when they see that it is time for it.
    pub(crate) async fn begins(self, town: &Town) {
        match self {
            Story::Straight => {}
            Story::Deviates | Story::Stops => {
                town.ann_labels().await;
                town.bob_approves().await;
            }
            Story::Mends | Story::Updates => town.people_act().await,
        }
    }

    /// What they do from there to the end.
    pub(crate) async fn goes_on(self, town: &Town) {
        match self {
            Story::Straight => return town.people_act().await,
            Story::Deviates => {
                let second =
                    |town: &Town| town.says(ISSUE, "replaces v1.") && town.status().contains("waiting for approval");
                town.github.until(|_| second(town)).await;
                town.bob_approves().await;
            }
            Story::Stops => {
                town.waits.notified().await;
                town.github.person("ann").comments(ISSUE, "/stop").unwrap();
                town.github.until(|_| town.says(ISSUE, "the work has stopped, and what is done is kept")).await;
                town.a_minute_passes();
                town.github.person("bob").comments(ISSUE, GO_ON).unwrap();
            }
            Story::Mends => {
                town.a_minute_passes();
                town.github.person("bob").comments(work(town), "/fix say what it is for").unwrap();
            }
            Story::Updates => {
                town.github.person("ann").pushes("main", "bin/slug", &another_line()).unwrap();
                town.a_minute_passes();
                town.github.person("bob").comments(work(town), "/update").unwrap();
            }
        }
        town.github.until(|_| self.is_over(town)).await;
    }

    /// Whether it has come to its end, as far as people see it.
    pub(crate) fn is_over(self, town: &Town) -> bool {
        let told = match self {
            Story::Straight | Story::Deviates | Story::Stops => true,
            Story::Mends | Story::Updates => town.is_over() && town.says(work(town), "Done in `"),
        };
        told && town.is_over()
    }
}

/// The pull request with the work.
fn work(town: &Town) -> i64 {
    town.github.pulls(REPO).into_iter().find(|pull| !pull.head.contains("-plan-")).expect("the work").number
}

const GO_ON: &str = "/continue as it was planned";

/// The story's model, which says nothing in the executor's second turn until people have stopped the work and let it go on.
#[derive(Default)]
struct Endless {
    github: OnceLock<GitHub>,
    waits: Arc<Notify>,
}

impl Script for Endless {
    fn answer(&self, request: &Seen) -> Reply {
        if !request.offers("tick") || request.turns != 1 {
            return Storyteller.answer(request);
        }
        let said = self.github.get().expect("a town").issue_comments(REPO, ISSUE);
        if said.iter().any(|comment| comment.body == GO_ON) {
            return Storyteller.answer(request);
        }
        self.waits.notify_one();
        Reply::Hang
    }
}
