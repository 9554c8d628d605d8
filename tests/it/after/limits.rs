//! What is done about a review counts: against what the approval granted, and in the verdict beside the merge button.

use std::sync::Arc;

use assentry::demo::story;
use serde_json::json;

use super::Reviewed;
use super::feedback::{comment, mending};
use crate::world::{REPO, World};

impl Reviewed {
    /// How often the model was asked to follow up.
    fn asked(&self) -> usize {
        self.world.model.requests().iter().filter(|request| request.body.contains("Follow up on the notes.")).count()
    }

    /// The verdict beside the merge button: conclusion and text.
    pub(super) fn verdict(&self) -> (String, String) {
        let checks = self.world.github.checks(REPO, &self.work().head_sha);
        let mut ours: Vec<_> = checks.into_iter().filter(|check| check.name == "assentry/conformance").collect();
        assert_eq!(ours.len(), 1, "{ours:#?}");
        let check = ours.remove(0);
        (check.conclusion.unwrap_or_default(), check.summary)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t56_a_follow_up_has_what_the_execution_left_and_a_raise_goes_on_without_paying_again() {
    // The execution takes four turns, and the follow-up two.
    let script = Arc::new(mending(vec![comment()], true));
    let world = Box::pin(World::with(script, story::repository(), "[limits.execute]\nturns = 5")).await;
    let case = Box::pin(Reviewed::of(world)).await;
    case.world.person("cara").comments(case.pull, "/fix say what it is for").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.asked()), (1, 1));
    assert!(case.said_on_work("The budget for this work is used up"), "{:#?}", case.world.said(case.pull));
    assert!(case.said_on_work("then `/fix` goes on, and nothing is paid for twice."));

    case.world.person("eve").comments(case.pull, "/budget +10").unwrap();
    case.world.person("cara").comments(case.pull, "/fix").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.asked()), (1, 1));

    case.world.person("cara").comments(case.pull, "/budget +10").unwrap();
    case.is("in_review", "in review").await;
    assert!(case.said_on_work("@cara, $10.00 more for what is done about the review. `/fix` takes up what was said."));
    case.world.person("cara").comments(case.pull, "/fix").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.asked()), (2, 2), "{:#?}", case.world.said(case.pull));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_is_given_anew_for_the_new_commit_and_holds_all_of_the_work_against_the_plan() {
    let case = Reviewed::with(mending(vec![comment()], true)).await;
    case.world.person("cara").comments(case.pull, "/fix say what it is for").unwrap();
    case.is("in_review", "in review").await;
    let (conclusion, text) = case.verdict();
    assert_eq!((conclusion.as_str(), case.commits().len()), ("success", 2), "{text}");
    // What the check said before the work, and not before the follow-up.
    assert!(text.contains("| `sh tests/run.sh` | failed | ✅ passed |"), "{text}");

    let outside = ("edit", json!({"path": "tests/run.sh", "old": "exit 1", "new": "exit 0"}));
    let minor = json!({"step": "follow-up", "kind": "minor", "what": "A comment.", "why": "It was asked for."});
    let case = Box::pin(Reviewed::with(mending(vec![outside, comment(), ("deviate", minor)], true))).await;
    case.world.person("cara").comments(case.pull, "/fix say what it is for").unwrap();
    case.is("in_review", "in review").await;
    let (conclusion, text) = case.verdict();
    assert_eq!(conclusion, "neutral", "{text}");
    assert!(text.contains("A comment."), "{text}");
    assert!(text.contains("- `edit` `tests/run.sh`: tests/run.sh is outside the plan's scope"), "{text}");
}
