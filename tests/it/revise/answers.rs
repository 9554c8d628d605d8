//! What becomes of notes: answered where they stand, and nothing touched that they do not ask for.

use std::time::Duration;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_no_note_asked_for_is_not_taken_and_the_model_is_told_why() {
    let talk = Talk::with(|seen| {
        let answer = json!({"answer": "The goal is clearer.", "done": true, "changed": ["goal"]});
        let meddling = json!({"goal": "Slugs are trimmed.", "approach": "Reworded for no reason."});
        let right = json!({"goal": "Slugs are trimmed."});
        revision(seen, if seen.turns == 0 { &meddling } else { &right }, &answer)
    })
    .await;
    let before = talk.file();
    let comment = talk.remarks("bob", "### Goal", "Say it shorter.");

    assert_eq!(talk.version().await, 2);
    let sections = |file: &str| file.split("\n### ").map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (sections(&before), sections(&talk.file()));
    let touched: Vec<&str> =
        old.iter().zip(&new).skip(1).filter(|(a, b)| a != b).map(|(a, _)| a.lines().next().unwrap()).collect();
    assert_eq!(touched, ["Goal"], "all other sections are the same bytes");
    let told = talk
        .world
        .model
        .requests()
        .iter()
        .any(|request| request.body.contains("parts: approach is changed, but no answer names it"));
    assert!(told, "the model was told");
    assert!(talk.is_resolved(comment));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disagreement_is_answered_with_the_reason_and_stays_open() {
    let talk = Talk::with(|seen| {
        let rejects = json!({"option": "Rewrite it in awk.", "reason": "Nobody here reads awk."});
        let answer =
            json!({"answer": "`bin/slug:3` is one line of sed.", "done": false, "changed": [], "rejects": rejects});
        revision(seen, &json!({}), &answer)
    })
    .await;
    let comment = talk.remarks("bob", "### Approach", "Why not awk?");

    assert_eq!(talk.version().await, 2);
    let answers = talk.answers_to(comment);
    assert!(
        answers.len() == 1 && answers[0].starts_with("Not changed in") && answers[0].contains("`bin/slug:3`"),
        "{answers:?}"
    );
    assert!(!talk.is_resolved(comment));
    let options: Vec<String> = talk.plan().alternatives.into_iter().map(|other| other.option).collect();
    assert_eq!(options.len(), 2, "what was rejected before stays: {options:?}");
    assert_eq!(options[1], "Rewrite it in awk.");
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_that_change_nothing_leave_the_version_and_its_approvals() {
    let script = revising(|seen: &Seen| {
        revision(seen, &json!({}), &json!({"answer": "It is tested already.", "done": false, "changed": []}))
    });
    let rules = "[approval]\nrequired = 2\n";
    let world = World::with(std::sync::Arc::new(script), story::repository(), rules).await;
    let talk = Talk::of(world).await;
    talk.world.person("bob").approves(talk.pull).unwrap();
    assert_eq!(talk.version().await, 1);
    talk.world.person("cara").comments(talk.pull, "/revise test it").unwrap();

    assert_eq!(talk.version().await, 1);
    let said = talk.world.said(talk.pull);
    let answer = said
        .iter()
        .find(|text| text.starts_with("@cara, about [your note]("))
        .unwrap_or_else(|| unreachable!("{said:#?}"));
    assert!(answer.contains("It is tested already.") && answer.contains("#issuecomment-"), "{answer}");
    talk.world.github.advances(Duration::from_secs(60));
    talk.world.person("cara").approves(talk.pull).unwrap();
    talk.world.settle().await;
    assert_eq!(talk.world.work_pulls().len(), 1, "bob's approval still holds: {:#?}", talk.everything_said());
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_a_version_whose_branch_was_moved_does_not_stay_when_nothing_changes() {
    let talk =
        Talk::with(|seen| revision(seen, &json!({}), &json!({"answer": "No.", "done": false, "changed": []}))).await;
    let head = talk.world.github.pull(REPO, talk.pull).unwrap().head_sha;
    talk.remarks("bob", "### Approach", "Why not awk?");
    talk.world.until(talk.issue, "planning").await;
    let file = talk.file();
    talk.world.person("cara").pushes(&talk.branch(), "notes.txt", "mine").unwrap();
    talk.world.person("cara").force_pushes(&talk.branch(), &head).unwrap();
    assert_eq!(talk.file(), file);
    assert_eq!(talk.version().await, 2, "the same plan under a new number");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_deleted_in_time_is_forgotten_and_an_edited_one_counts_as_it_was() {
    let talk = Talk::begin().await;
    let comment = talk.remarks("bob", "### Risks", story::REMARK);
    talk.world.settle_now().await;
    talk.world.person("bob").asks("DELETE", &format!("pulls/comments/{comment}"), &json!({})).unwrap();
    assert_eq!(talk.version().await, 1);

    let comment = talk.remarks("bob", "### Risks", story::REMARK);
    talk.world.settle_now().await;
    for text in ["Never mind.", "Never ever mind."] {
        talk.world.person("bob").asks("PATCH", &format!("pulls/comments/{comment}"), &json!({"body": text})).unwrap();
    }
    assert_eq!(talk.version().await, 2);
    assert_eq!(talk.plan().steps.len(), 2);
    let told = talk.world.said(talk.pull);
    assert_eq!(told.iter().filter(|text| text.contains("I do not read edits")).count(), 1, "{told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_of_any_two_versions_is_shown_to_whoever_asks() {
    let talk = Talk::begin().await;
    talk.remarks("bob", "- Pages that link", &suggestion("- Links change."));
    assert_eq!(talk.version().await, 2);
    talk.remarks("bob", "## ", &suggestion("## Trim dashes"));
    assert_eq!(talk.version().await, 3);
    for (login, command) in [("ann", "/diff"), ("bob", "/diff v1 v3"), ("eve", "/diff v3 v2"), ("cara", "/diff v1 v9")]
    {
        talk.world.person(login).comments(talk.issue, command).unwrap();
    }
    talk.world.settle().await;
    let said = talk.world.said(talk.issue);
    let find =
        |start: &str| said.iter().find(|text| text.starts_with(start)).unwrap_or_else(|| unreachable!("{said:#?}"));
    assert!(find("From v2 to v3:").contains("+## Trim dashes"));
    let both = find("From v1 to v3:");
    assert!(both.contains("+## Trim dashes") && both.contains("+- Links change."), "{both}");
    assert!(find("From v3 to v2:").contains("-## Trim dashes"));
    assert!(find("@cara, there is no such pair").contains("v3"));
}
