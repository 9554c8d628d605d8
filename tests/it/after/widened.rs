//! What people say of the work needs more than its plan: the next version is proposed, and taken up once it is approved.

use std::time::Duration;

use assentry::demo::model::{Call, Reply, Script, Seen};
use assentry::demo::story::Storyteller;
use assentry::workflow::run::State;
use serde_json::json;

use super::Reviewed;
use super::feedback::finish;

/// Says that the plan allows too little, and does what is asked once it allows it.
fn wants_more() -> impl Script {
    |seen: &Seen| {
        if !seen.offers("finish") || seen.offers("tick") {
            return Storyteller.answer(seen);
        }
        if seen.mentions("These steps are new and not done; do them: s2.") {
            let (old, new) = ("- Digits stay in slugs.", "- Digits stay in slugs.\n- Slugs end with no dash.");
            let edit = Call::new("edit", &json!({"path": "CHANGELOG.md", "old": old, "new": new}));
            return Reply::calls("", vec![edit, Call::new("finish", &finish(seen, true))]);
        }
        let why = "The changelog is outside the scope.";
        let deviate = json!({"step": "follow-up", "kind": "plan_is_wrong", "what": "Tell the changelog.", "why": why});
        Reply::call("deviate", &deviate)
    }
}

impl Reviewed {
    /// Someone asks for more than the plan allows, and the next version waits for its approval.
    async fn asking_for_more() -> Reviewed {
        let case = Reviewed::with(wants_more()).await;
        case.world.person("cara").comments(case.pull, "/fix tell the changelog").unwrap();
        case.is("awaiting_approval", "waiting for approval").await;
        case.world.github.advances(Duration::from_secs(60));
        case
    }

    async fn version(&self) -> u32 {
        self.world.state(self.issue).await.shown().map_or(0, |shown| shown.subject.version)
    }

    fn plan_is_open(&self) -> bool {
        let pulls = self.world.github.pulls(crate::world::REPO);
        pulls.iter().any(|pull| pull.head.contains("-plan-") && pull.open)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_that_needs_more_proposes_a_version_and_is_made_once_that_is_approved() {
    let case = Reviewed::asking_for_more().await;
    assert_eq!((case.version().await, case.commits().len(), case.plan_is_open()), (2, 1, true));
    assert!(case.work().open);
    assert!(case.said_on_work("I propose v2 of the plan on #1."), "{:#?}", case.world.said(case.pull));
    let plan = case.world.said(case.issue).pop().unwrap();
    assert!(
        plan.contains("replaces v1.") && plan.contains("needs more than the plan allows. Tell the changelog."),
        "{plan}"
    );

    // What is said meanwhile is taken up as well.
    case.world.person("bob").comments(case.pull, "/fix and say why").unwrap();
    case.is("awaiting_approval", "waiting for approval").await;
    case.world.person("bob").approves(case.world.plan_pull(case.issue).await).unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.version().await, case.commits().len(), case.plan_is_open()), (2, 2, false));
    assert_eq!(case.world.github.changed_files(crate::world::REPO, case.pull), ["CHANGELOG.md", "bin/slug"]);
    for who in ["cara", "bob"] {
        let answered =
            |text: &String| text.starts_with(&format!("@{who}, about [your note]")) && text.contains("Done in `");
        assert!(case.world.said(case.pull).iter().any(answered), "{who}: {:#?}", case.world.said(case.pull));
    }
    let (conclusion, text) = case.verdict();
    assert_eq!(conclusion, "success", "{text}");
    assert!(text.contains("`s2`"), "{text}");
    assert!(case.work().body.contains("`v2 · "), "{}", case.work().body);
    assert_eq!(case.world.github.unknown_requests(), [""; 0]);

    case.world.person("bob").merges(case.pull).unwrap();
    case.is("ended", "merged").await;
    assert_eq!(case.branches(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_without_an_approval_of_its_own_the_work_stays_as_it_is_and_people_can_go_on_with_it() {
    let case = Reviewed::asking_for_more().await;
    case.world.person("bob").comments(case.issue, "/reject too much").unwrap();
    case.world.person("ann").comments(case.issue, "/cancel").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.version().await, case.commits().len(), case.plan_is_open()), (1, 1, false));
    assert!(case.work().open);
    assert!(
        case.said_on_work("The plan stays at v1, so the work stays as it is."),
        "{:#?}",
        case.world.said(case.pull)
    );
    // What was objected to is the other version; the approval of this one stands.
    let State::InReview(review) = case.world.state(case.issue).await else { panic!("{}", case.status()) };
    assert_eq!((review.notes.len(), review.approved.acts.len()), (1, 1));

    // The next one that is proposed has a number of its own, and so the work is still built by the first.
    case.world.github.advances(Duration::from_secs(60));
    case.world.person("cara").comments(case.pull, "/fix").unwrap();
    case.is("awaiting_approval", "waiting for approval").await;
    assert_eq!((case.version().await, case.plan_is_open()), (3, true));
    case.world.person("bob").merges(case.pull).unwrap();
    case.is("ended", "merged").await;
    assert_eq!(case.branches(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d26_an_approval_that_is_taken_back_while_a_version_is_proposed_counts_no_more_for_the_work() {
    let case = Reviewed::asking_for_more().await;
    case.world.person("bob").comments(case.issue, "/unapprove").unwrap();
    case.world.settle().await;
    case.world.person("ann").comments(case.issue, "/cancel").unwrap();
    case.is("in_review", "in review").await;
    case.world.person("cara").comments(case.pull, "/fix").unwrap();
    case.is("in_review", "in review").await;
    assert!(case.said_on_work("is not approved as it was"), "{:#?}", case.world.said(case.pull));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_or_a_close_while_a_version_is_proposed_ends_the_run() {
    for (merges, told) in [(true, "merged"), (false, "closed without a merge")] {
        let case = Box::pin(Reviewed::asking_for_more()).await;
        let bob = case.world.person("bob");
        if merges {
            bob.merges(case.pull).unwrap()
        } else {
            bob.closes(case.pull).unwrap()
        }
        case.is("ended", told).await;
        assert!(!case.plan_is_open());
        assert_eq!(case.branches(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_proposed_version_is_not_called_off_by_a_look_at_what_was_missed() {
    let case = Reviewed::with(wants_more()).await;
    case.world.person("cara").comments(case.pull, "/fix tell the changelog").unwrap();
    case.world.until(case.issue, "planning").await;
    case.world.core.reconcile(case.world.github.now().plus(Duration::from_secs(3_600))).await.unwrap();
    assert_eq!(case.world.phase(case.issue).await, "planning");
    case.is("awaiting_approval", "waiting for approval").await;
}
