//! The approval is judged again before the work starts and before it is pushed.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use assentry::demo::github::{Fault, GitHub, Role, Wrong};
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};

use super::Waiting;
use crate::world::{REPO, World};

type Deed = Box<dyn FnOnce(&GitHub) + Send>;

/// The story's model, during whose execution something happens.
struct Disturbed {
    github: Arc<OnceLock<GitHub>>,
    deed: Mutex<Option<Deed>>,
}

impl Script for Disturbed {
    fn answer(&self, request: &Seen) -> Reply {
        if request.offers("tick")
            && let Some(deed) = self.deed.lock().unwrap().take()
        {
            deed(self.github.get().unwrap());
        }
        Storyteller.answer(request)
    }
}

/// An approved plan, during whose execution something happens; settled.
async fn disturbed(deed: impl FnOnce(&GitHub, &str) + Send + 'static) -> Waiting {
    let (github, branch) = (Arc::<OnceLock<GitHub>>::default(), Arc::<OnceLock<String>>::default());
    let named = Arc::clone(&branch);
    let deed: Deed = Box::new(move |github| deed(github, named.get().unwrap()));
    let script = Disturbed { github: Arc::clone(&github), deed: Mutex::new(Some(deed)) };
    let world = World::with(Arc::new(script), story::repository(), "").await;
    github.set(world.github.clone()).ok().unwrap();
    let waiting = Waiting::of(world).await;
    branch.set(waiting.plan_branch()).unwrap();
    let text = format!("/approve {}", waiting.digest().await);
    waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
    waiting.world.settle().await;
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn t13_d42_an_approver_who_loses_write_access_before_the_start_no_longer_counts() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "starting").await;
    waiting.world.github.grants("bob", REPO, Role::Read).unwrap();

    waiting.still_waits().await;
    assert!(waiting.status().contains("`bob` has no write access"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn t13_an_approver_who_loses_write_access_during_the_work_no_longer_counts_and_nothing_is_pushed() {
    let waiting = disturbed(|github, _| github.grants("bob", REPO, Role::Read).unwrap()).await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering");
    waiting.built_nothing();
    assert!(waiting.status().contains("`bob` has no write access"), "{}", waiting.status());

    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t18_a_plan_branch_moved_during_the_work_voids_the_version_and_nothing_is_pushed() {
    let waiting = disturbed(|github, branch| {
        github.person("cara").pushes(branch, "sneaky.md", "more").unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    waiting.built_nothing();
    assert!(waiting.status().contains("Someone else pushed to the plan branch"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_a_plan_branch_moved_away_and_back_during_the_work_voids_the_version() {
    let waiting = disturbed(|github, branch| {
        let head = github.branches(REPO).into_iter().find(|(name, _)| name == branch).unwrap().1;
        let cara = github.person("cara");
        cara.pushes(branch, "sneaky.md", "more").unwrap();
        cara.force_pushes(branch, &head).unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    waiting.built_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_g_a_base_that_moved_inside_the_scope_during_the_work_voids_the_version() {
    let waiting = disturbed(|github, _| {
        github.person("cara").pushes("main", "bin/slug", "#!/bin/sh\n").unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    waiting.built_nothing();
    assert!(
        waiting.status().contains("The base branch has changed in files that this plan rests on"),
        "{}",
        waiting.status()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_g_a_base_that_moved_elsewhere_changes_nothing() {
    let waiting = disturbed(|github, _| {
        github.person("cara").pushes("main", "README.md", "Other words.\n").unwrap();
    })
    .await;
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d28_an_approving_comment_edited_during_the_work_holds_the_push_until_someone_approves() {
    let waiting = disturbed(|github, _| {
        let comments = github.issue_comments(REPO, 1);
        let approving = comments.iter().find(|comment| comment.body.starts_with("/approve")).unwrap().id;
        github.person("bob").edits_comment(approving, "hm").unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering");
    waiting.built_nothing();
    assert!(waiting.status().contains("edited"), "{}", waiting.status());

    waiting.world.github.advances(Duration::from_secs(5));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_an_objection_during_the_work_holds_the_push() {
    let waiting = disturbed(|github, _| {
        github.person("cara").comments(1, "/reject wait").unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering");
    waiting.built_nothing();
    assert!(waiting.status().contains("`cara` has objected"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn d46_a_second_approval_during_the_work_starts_nothing_new() {
    let waiting = disturbed(|github, _| {
        github.person("cara").approves(2).unwrap();
    })
    .await;
    waiting.is_built().await;
    assert_eq!(waiting.world.core.store.runs(None, 10).await.unwrap().len(), 1);

    waiting.world.person("bob").comments(waiting.issue, "/history").unwrap();
    waiting.world.settle().await;
    let said = waiting.everything_said();
    let history = said.iter().find(|text| text.starts_with("**History**")).expect("the history");
    assert!(history.contains("- `bob` [approved]") && history.contains("- `cara` [approved]"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_during_the_work_ends_it_and_nothing_is_pushed() {
    let waiting = disturbed(|github, _| {
        github.person("tim").comments(1, "/cancel").unwrap();
    })
    .await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "ended");
    waiting.built_nothing();
    assert!(waiting.status().contains("`tim` cancelled the run"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn d37_f60_q7_an_approval_whose_permission_is_unknown_holds_and_is_verified_later() {
    let waiting = Waiting::begin().await;
    waiting.world.github.goes_wrong(Fault {
        method: "GET",
        path: "/collaborators/bob/permission".to_owned(),
        times: u32::MAX,
        wrong: Wrong::RefusedBefore(500),
    });
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    for _ in 0..20 {
        waiting.world.github.delivered().await;
        waiting.world.settle_now().await;
        waiting.world.github.advances(Duration::from_secs(5));
    }
    assert_eq!(waiting.world.phase(waiting.issue).await, "awaiting_approval");
    waiting.built_nothing();
    assert!(waiting.status().contains("does not say at the moment what `bob` may do"), "{}", waiting.status());

    waiting.world.github.heals();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_seconds_before_an_approval_is_answered_as_too_late() {
    let waiting = Waiting::begin().await;
    let world = &waiting.world;
    for text in ["/revise drop the second step", "/revise and say why"] {
        world.person("cara").comments(waiting.issue, text).unwrap();
        world.settle_now().await;
    }
    world.github.advances(Duration::from_secs(5));
    world.person("bob").reviews(waiting.pull, assentry::demo::github::Verdict::Approve, "Nice.", &[]).unwrap();
    waiting.is_built().await;
    let told = waiting.said_to("cara");
    assert!(told.len() == 1 && told[0].contains("came when the work on this version had begun"), "{told:#?}");
    assert!(waiting.said_to("bob").is_empty(), "{:#?}", waiting.said_to("bob"));
}
