//! Suggestion blocks, line comments and reviews: one version for a burst.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_is_adopted_word_for_word_and_no_model_is_asked() {
    let talk = Talk::begin().await;
    let (before, asked) = (talk.plan(), talk.asked());
    let comment = talk.remarks("bob", "- Pages that link", &suggestion("- Links in old newsletters change."));

    assert_eq!(talk.version().await, 2);
    let expected = Plan { risks: vec!["Links in old newsletters change.".to_owned()], ..before };
    assert_eq!(talk.plan(), expected);
    assert_eq!(talk.asked(), asked, "no model was asked");
    let answers = talk.answers_to(comment);
    assert!(
        answers.len() == 1 && answers[0].contains("v2") && answers[0].contains("Adopted as suggested"),
        "{answers:?}"
    );
    assert!(talk.is_resolved(comment));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_with_a_remark_a_suggestion_and_a_request_for_changes_is_one_version_at_once() {
    let talk = Talk::begin().await;
    let risk = talk.note("- Pages that link", &suggestion("- Links in old newsletters change."));
    let remark = talk.note(story::REMARK_AT, story::REMARK);
    talk.world
        .person("bob")
        .reviews(talk.pull, Verdict::RequestChanges, "Mind the changelog.", &[risk, remark])
        .unwrap();

    // No time passes: a review is complete when it is submitted.
    talk.world.settle_now().await;
    assert_ne!(talk.world.phase(talk.issue).await, "awaiting_approval", "{:#?}", talk.everything_said());
    assert_eq!(talk.version().await, 2, "its comments, told one by one, are not heard twice");
    let plan = talk.plan();
    assert_eq!(plan.risks, ["Links in old newsletters change."]);
    assert_eq!(plan.steps.len(), 2, "what the model made of the rest stands beside it");
    let bot = talk.world.github.bot_login();
    let comments = talk.world.github.line_comments(REPO, talk.pull);
    let opened: Vec<i64> = comments.iter().filter(|c| c.author != bot).map(|c| c.id).collect();
    assert_eq!(opened.len(), 2);
    for comment in opened {
        assert_eq!(talk.answers_to(comment).len(), 1, "{:?}", talk.answers_to(comment));
        assert!(talk.is_resolved(comment));
    }
    let summary = talk.world.said(talk.issue).into_iter().find(|text| text.contains("replaces v1")).unwrap();
    assert_eq!(summary.matches("**done**").count(), 3, "{summary}");
    assert!(summary.contains("#pullrequestreview-") && summary.contains("#discussion_r"), "{summary}");
    assert!(summary.contains("+- Links in old newsletters change."), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_that_makes_no_plan_changes_nothing_and_stays_open_with_the_reason() {
    let talk = Talk::begin().await;
    let asked = talk.asked();
    let unsound = talk.remarks("bob", "| May change", &suggestion("| May change | `../outside` |"));
    let foreign = talk.remarks("cara", "| Money", &suggestion("| Money | $500.00 |"));

    assert_eq!(talk.version().await, 1, "nothing changed, so nothing is to be read again");
    for comment in [unsound, foreign] {
        let answers = talk.answers_to(comment);
        assert!(answers.len() == 1 && answers[0].contains("stays as it is"), "{answers:?}");
        assert!(!talk.is_resolved(comment));
    }
    assert_eq!(talk.asked(), asked);
    talk.world.github.advances(std::time::Duration::from_secs(60));
    talk.world.person("bob").approves(talk.pull).unwrap();
    talk.world.settle().await;
    assert_eq!(talk.world.work_pulls().len(), 1, "the version can be approved: {:#?}", talk.everything_said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_on_lines_that_are_others_by_now_is_refused() {
    let talk = Talk::begin().await;
    let old = talk.world.github.pull(REPO, talk.pull).unwrap().head_sha;
    let note = talk.note("- Pages that link", &suggestion("- None."));
    talk.remarks("bob", "## ", &suggestion("## Trim dashes"));
    assert_eq!(talk.version().await, 2);
    talk.remarks("bob", "- Pages that link", &suggestion("- First.\n- Second."));
    assert_eq!(talk.version().await, 3);

    let body = json!({"path": note.path, "line": note.line + 1, "side": "RIGHT", "commit_id": old, "body": note.body});
    let comment = talk.world.person("cara").asks("POST", &format!("pulls/{}/comments", talk.pull), &body).unwrap();
    assert_eq!(talk.version().await, 3);
    let answers = talk.answers_to(comment["id"].as_i64().unwrap());
    assert!(answers.len() == 1 && answers[0].contains("older version"), "{answers:?}");
    assert!(!talk.is_resolved(comment["id"].as_i64().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_of_someone_without_write_access_is_not_taken() {
    let talk = Talk::begin().await;
    talk.remarks("eve", "- Pages that link", &suggestion("- None."));
    assert_eq!(talk.version().await, 1);
    assert_eq!(talk.world.said(talk.pull).iter().filter(|text| text.starts_with("@eve,")).count(), 1);
}
