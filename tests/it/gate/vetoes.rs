//! Objections: who may make one, who may take it away, and that nothing old comes back by it.

use std::time::Duration;

use assentry::demo::github::{Role, Verdict};

use super::Waiting;

#[tokio::test(flavor = "multi_thread")]
async fn d9_an_approving_review_that_begins_with_reject_objects() {
    let waiting = Waiting::begin().await;
    waiting.world.person("cara").reviews(waiting.pull, Verdict::Approve, "/reject not like this", &[]).unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();

    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains("`cara` has requested changes"), "{:#?}", waiting.said_to("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_changes_requested_after_an_approval_object_and_block_anothers_approval() {
    let waiting = Waiting::begin().await;
    let bob = waiting.world.person("bob");
    // Both are there when the gate is asked.
    bob.approves(waiting.pull).unwrap();
    waiting.world.github.advances(Duration::from_secs(1));
    bob.requests_changes(waiting.pull, "On second thought, mention the changelog.").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2, "what bob wrote is answered by another version");

    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("`bob` has requested changes"), "{}", waiting.status());
    assert!(waiting.said_to("cara")[0].contains("`bob` has requested changes"), "{:#?}", waiting.said_to("cara"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_an_approval_after_an_objection_by_the_same_person_counts() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}", waiting.digest().await);
    waiting.world.person("bob").comments(waiting.issue, "/reject not yet").unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("`bob` has objected"), "{}", waiting.status());
    waiting.world.github.advances(Duration::from_secs(2));
    waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_a_dismissed_review_that_objected_does_not_bring_an_older_approval_back() {
    // What is to be changed makes another version, for which no older approval counts anyway; a bare no makes none.
    for (verdict, version) in [(Verdict::Approve, 1), (Verdict::RequestChanges, 2)] {
        let waiting = Waiting::begin().await;
        let (bob, cara) = (waiting.world.person("bob"), waiting.world.person("cara"));
        // As long as cara objects, bob's approval starts nothing.
        cara.comments(waiting.issue, "/reject not yet").unwrap();
        waiting.still_waits().await;
        bob.approves(waiting.pull).unwrap();
        waiting.still_waits().await;
        waiting.world.github.advances(Duration::from_secs(2));
        let review = bob.reviews(waiting.pull, verdict, "/reject I was too fast", &[]).unwrap();
        waiting.still_waits().await;
        cara.comments(waiting.issue, "/unapprove").unwrap();
        waiting.still_waits().await;
        assert!(waiting.status().contains("`bob` has requested changes"), "{}", waiting.status());

        bob.dismisses(waiting.pull, review, "It is fine.").unwrap();
        waiting.still_waits().await;
        let status = waiting.status();
        assert!(status.contains("Nobody has approved this version yet") && !status.contains("objected"), "{status}");
        assert_eq!(waiting.version().await, version);
        waiting.world.github.advances(Duration::from_secs(60));
        cara.approves(waiting.pull).unwrap();
        waiting.is_built().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_rule_b_a_deleted_objection_does_not_bring_an_older_approval_back() {
    let waiting = Waiting::with("required = 2\nseparation = 'open'").await;
    let bob = waiting.world.person("bob");
    bob.comments(waiting.issue, &format!("/approve {}", waiting.digest().await)).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(2));
    let objection = bob.comments(waiting.issue, "/reject I was too fast").unwrap();
    waiting.still_waits().await;
    bob.deletes_comment(objection).unwrap();
    waiting.still_waits().await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(2));
    bob.approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_rule_d_an_objection_stays_when_its_author_edits_it_and_ends_when_it_is_deleted() {
    let waiting = Waiting::begin().await;
    let cara = waiting.world.person("cara");
    let objection = cara.comments(waiting.issue, "/reject too mcuh").unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(2));
    for text in ["/reject too much", "Never mind.", "/unapprove"] {
        cara.edits_comment(objection, text).unwrap();
        waiting.still_waits().await;
        assert!(waiting.status().contains("`cara` has objected"), "{text}: {}", waiting.status());
    }
    cara.deletes_comment(objection).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_rule_d_an_objection_that_holds_the_push_stays_when_its_author_edits_it() {
    let waiting = Waiting::begin().await;
    let cara = waiting.world.person("cara");
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "delivering").await;
    let objection = cara.comments(waiting.issue, "/reject wiat").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering", "{:#?}", waiting.everything_said());
    waiting.world.github.advances(Duration::from_secs(2));
    cara.edits_comment(objection, "/reject wait").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.world.phase(waiting.issue).await, "delivering", "{:#?}", waiting.everything_said());
    waiting.built_nothing();
    assert!(waiting.status().contains("`cara` has objected"), "{}", waiting.status());

    cara.comments(waiting.issue, "/unapprove").unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_an_objection_blocks_until_its_author_takes_it_back() {
    let waiting = Waiting::begin().await;
    waiting.world.person("cara").comments(waiting.pull, "/reject too much").unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(2));
    waiting.world.person("cara").comments(waiting.pull, "/unapprove").unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_q5b_an_objection_by_someone_without_write_access_blocks_nothing_and_is_answered() {
    let waiting = Waiting::begin().await;
    waiting.world.person("eve").comments(waiting.issue, "/reject I do not like it").unwrap();
    waiting.world.person("stranger").requests_changes(waiting.pull, "No.").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.said_to("eve").len(), 1, "{:#?}", waiting.everything_said());
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_an_objection_is_not_dismissed_by_whoever_asked_nor_by_a_bot_or_a_writer_but_by_an_admin() {
    let waiting = Waiting::begin().await;
    waiting.world.github.adds_person("dora").becomes(Role::Admin).unwrap();
    waiting.world.github.adds_bot("janitor[bot]").becomes(Role::Admin).unwrap();
    let cara = waiting.world.person("cara");
    for (dismisser, lifted) in [("ann", false), ("bob", false), ("janitor[bot]", false), ("dora", true)] {
        let review = cara
            .requests_changes(waiting.pull, "")
            .or_else(|_| cara.reviews(waiting.pull, Verdict::Approve, "/reject no", &[]));
        waiting.still_waits().await;
        waiting.world.person(dismisser).dismisses(waiting.pull, review.unwrap(), "go on").unwrap();
        waiting.still_waits().await;
        waiting.world.github.advances(Duration::from_secs(2));
        let blocked = waiting.status().contains("`cara` has requested changes");
        assert_eq!(blocked, !lifted, "{dismisser}: {}", waiting.status());
        let told = waiting.said_to(dismisser).concat();
        // Bots are not answered.
        let answered = !lifted && !dismisser.ends_with("[bot]");
        assert_eq!(told.contains("does not set the objection aside: that takes its author"), answered, "{told}");
    }
    assert!(waiting.status().contains("Nobody has approved"), "{}", waiting.status());
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_whoever_dismisses_what_blocks_nothing_is_told_nothing() {
    let waiting = Waiting::begin().await;
    let review = waiting.world.person("eve").requests_changes(waiting.pull, "No.").unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").dismisses(waiting.pull, review, "not yours to say").unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob").is_empty(), "{:#?}", waiting.said_to("bob"));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_d18_beside_an_objection_each_is_told_what_is_wrong_with_their_own_approval() {
    let waiting = Waiting::begin().await;
    let old = waiting.digest().await;
    waiting.world.person("ann").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("bob").requests_changes(waiting.pull, "Not like this.").unwrap();
    waiting.world.settle().await;
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("eve").approves(waiting.pull).unwrap();
    waiting.world.person("cara").comments(waiting.issue, &format!("/approve {old}")).unwrap();

    waiting.still_waits().await;
    for (login, why) in [("eve", "no write access"), ("cara", "an earlier version")] {
        let told = waiting.said_to(login).concat();
        let (own, objection) = (told.find(why), told.find("`bob` has requested changes"));
        assert!(own.is_some() && own < objection, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_rule_d_an_objection_is_lifted_by_an_admin_who_did_not_ask_and_by_nobody_else() {
    let waiting = Waiting::begin().await;
    waiting.world.github.adds_person("dora");
    let dora = waiting.world.person("dora");
    dora.becomes(Role::Admin).unwrap();
    waiting.world.person("cara").comments(waiting.pull, "/reject too much").unwrap();
    waiting.still_waits().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(2));

    for login in ["ann", "bob"] {
        waiting.world.person(login).comments(waiting.issue, "/lift @cara").unwrap();
        waiting.still_waits().await;
        let told = waiting.said_to(login);
        assert!(told.iter().any(|text| text.contains("set aside by an administrator")), "{told:#?}");
    }
    dora.clone().through_an_app().comments(waiting.issue, "/lift @cara").unwrap();
    dora.comments(waiting.issue, "/lift @bob").unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("dora")[0].contains("nobody called `bob`"), "{:#?}", waiting.said_to("dora"));
    assert!(waiting.status().contains("`cara` has objected"), "{}", waiting.status());

    dora.comments(waiting.pull, "/lift @Cara").unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_d_an_objection_made_again_after_it_was_lifted_blocks_again() {
    let waiting = Waiting::begin().await;
    waiting.world.github.adds_person("dora");
    waiting.world.person("dora").becomes(Role::Admin).unwrap();
    for (login, said) in [("cara", "/reject no"), ("dora", "/lift @cara"), ("cara", "/reject still no")] {
        waiting.world.person(login).comments(waiting.issue, said).unwrap();
        waiting.still_waits().await;
        waiting.world.github.advances(Duration::from_secs(2));
    }
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("`cara` has objected"), "{}", waiting.status());
}
