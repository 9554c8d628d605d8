//! Approvals by comment: the first line, the digest, and what happens to the comment afterwards.

use std::time::Duration;

use assentry::config::Config;
use assentry::demo::github::Role;
use assentry::ids::AccountKind;
use assentry::store::EventRow;
use sqlx::{AnyConnection, Connection as _};

use super::Waiting;
use super::hands::captured;

#[tokio::test(flavor = "multi_thread")]
async fn d17_the_digest_in_a_comment_approves_on_the_issue() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}  \r\nlooks good", waiting.digest().await);
    waiting.world.person("bob").comments(waiting.issue, &text).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d17_the_whole_digest_in_a_comment_approves_on_the_plan_pull_request() {
    let waiting = Waiting::begin().await;
    let digest = waiting.world.state(waiting.issue).await.shown().unwrap().subject.digest.to_string();
    waiting.world.person("bob").comments(waiting.pull, &format!("/approve {digest}")).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d18_the_digest_of_an_older_version_is_answered_with_the_new_one() {
    let waiting = Waiting::begin().await;
    let old = waiting.digest().await;
    waiting.world.person("ann").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("bob").comments(waiting.issue, &format!("/approve {old}")).unwrap();

    waiting.still_waits().await;
    let (told, new) = (waiting.said_to("bob"), waiting.digest().await);
    assert_ne!(old, new);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("an earlier version") && told[0].contains(&format!("/approve {new}")), "{}", told[0]);
    assert!(told[0].contains("`/diff v1 v2`"), "{}", told[0]);

    waiting.world.person("bob").comments(waiting.issue, &format!("/approve {new}")).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d19_what_is_no_digest_of_this_plan_is_answered_once_an_hour() {
    let waiting = Waiting::begin().await;
    let digest = waiting.digest().await;
    let wrong = [&digest[..11], "abc", "ffffffffffff", "zzzzzzzzzzzz", &digest.to_uppercase(), "everything please"];
    for (at, digest) in wrong.iter().enumerate() {
        for _ in 0..2 {
            waiting.world.person("bob").comments(waiting.issue, &format!("/approve {digest}")).unwrap();
            waiting.still_waits().await;
            assert_eq!(waiting.said_to("bob").len(), at + 1, "{digest}");
        }
        waiting.world.github.advances(Duration::from_secs(3600));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_a_bare_approve_on_a_public_repository_is_answered_with_the_whole_command() {
    let waiting = Waiting::begin().await;
    waiting.world.person("bob").comments(waiting.issue, "/approve").unwrap();

    waiting.still_waits().await;
    let told = waiting.said_to("bob");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(&format!("/approve {}", waiting.digest().await)), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d21_a_bare_approve_counts_where_the_rules_allow_it() {
    let waiting = Waiting::with("require_digest = 'never'").await;
    waiting.world.person("bob").comments(waiting.issue, "/approve").unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_a_bare_approve_written_before_the_version_and_brought_after_it_counts_for_nothing() {
    let waiting = Waiting::with("require_digest = 'never'").await;
    let late = captured(&waiting.world, || {
        waiting.world.person("bob").comments(waiting.issue, "/approve").unwrap();
    })
    .await;
    waiting.world.person("ann").comments(waiting.issue, "/revise mention the changelog").unwrap();
    waiting.world.settle().await;
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(Duration::from_secs(60));
    late.posts("issue_comment", late.of("issue_comment")).await;

    waiting.still_waits().await;
    let told = waiting.said_to("bob");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("made before this version was there to be read"), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d23_a_bare_approve_in_the_second_of_the_publication_is_answered() {
    let world = super::World::with(
        assentry::demo::story::script(),
        assentry::demo::story::repository(),
        "[approval]\nrequire_digest = 'never'\n",
    )
    .await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.until(issue, "awaiting_approval").await;
    for login in ["bob", "eve"] {
        world.person(login).comments(issue, "/approve").unwrap();
    }
    let pull = world.plan_pull(issue).await;
    let waiting = Waiting { world, issue, pull };

    waiting.still_waits().await;
    let (bob, eve) = (waiting.said_to("bob"), waiting.said_to("eve"));
    assert_eq!((bob.len(), eve.len()), (1, 1));
    assert!(bob[0].contains("approve once more"), "{}", bob[0]);
    assert!(eve[0].contains("no write access") && !eve[0].contains("once more"), "{}", eve[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d24_d25_t16_what_only_looks_like_a_command_is_passed_over_in_silence() {
    let waiting = Waiting::begin().await;
    let digest = waiting.digest().await;
    let before = waiting.everything_said();
    let texts = [
        format!("I agree\n/approve {digest}"),
        format!("> /approve {digest}"),
        format!("```\n/approve {digest}\n```"),
        format!("`/approve {digest}`"),
        format!(" /approve {digest}"),
        format!("\t/approve {digest}"),
        format!("\n/approve {digest}"),
        format!("/Approve {digest}"),
        format!("\u{ff0f}approve {digest}"),
        format!("/approve\u{a0}{digest}"),
        format!("/appr\u{200b}ove {digest}"),
        format!("\u{feff}/approve {digest}"),
        format!("On Monday bob wrote:\n> /approve {digest}"),
        format!("- /approve {digest}"),
    ];
    for text in &texts {
        waiting.world.person("bob").comments(waiting.issue, text).unwrap();
        waiting.world.person("bob").comments(waiting.pull, text).unwrap();
    }

    waiting.still_waits().await;
    assert_eq!(waiting.everything_said(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn d26_t15_a_comment_edited_into_an_approval_is_none() {
    let waiting = Waiting::begin().await;
    let before = waiting.everything_said();
    let comment = waiting.world.person("bob").comments(waiting.issue, "Looks good to me.").unwrap();
    let text = format!("/approve {}", waiting.digest().await);
    waiting.world.person("bob").edits_comment(comment, &text).unwrap();
    waiting.world.person("ann").edits_comment(comment, &format!("{text}\nreally")).unwrap();

    waiting.still_waits().await;
    assert_eq!(waiting.everything_said(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn d27_an_approving_comment_that_was_edited_or_deleted_before_the_start_no_longer_counts() {
    let waiting = Waiting::with("required = 2").await;
    let text = format!("/approve {}", waiting.digest().await);
    let bob = waiting.world.person("bob");
    let edited = bob.comments(waiting.issue, &text).unwrap();
    waiting.still_waits().await;
    bob.edits_comment(edited, &format!("{text}\nthanks")).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob").iter().any(|text| text.contains("edited")), "{:#?}", waiting.said_to("bob"));
    waiting.world.person("cara").comments(waiting.issue, &text).unwrap();
    waiting.still_waits().await;

    let deleted = bob.comments(waiting.issue, &text).unwrap();
    waiting.world.until(waiting.issue, "starting").await;
    bob.deletes_comment(deleted).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob").iter().any(|text| text.contains("deleted")), "{:#?}", waiting.said_to("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d26_f04_an_approving_comment_whose_edit_arrives_first_counts_for_nothing() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}", waiting.digest().await);
    let bob = waiting.world.person("bob");
    let hands = captured(&waiting.world, || {
        let comment = bob.comments(waiting.issue, &text).unwrap();
        bob.edits_comment(comment, "I take that back").unwrap();
    })
    .await;
    for (event, payload) in hands.all().iter().rev() {
        hands.posts(event, payload).await;
        waiting.still_waits().await;
    }
    assert_eq!(hands.all().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_t09_bots_and_apps_that_act_for_people_are_passed_over_in_silence() {
    let waiting = Waiting::begin().await;
    let before = waiting.everything_said();
    let text = format!("/approve {}", waiting.digest().await);
    waiting.world.person("bob").through_an_app().comments(waiting.issue, &text).unwrap();
    for bot in ["evil[bot]", "bob-bot[bot]"] {
        waiting.world.github.adds_bot(bot);
        waiting.world.github.grants(bot, crate::world::REPO, Role::Admin).unwrap();
        waiting.world.person(bot).comments(waiting.issue, &text).unwrap();
        waiting.world.person(bot).approves(waiting.pull).unwrap();
    }

    waiting.still_waits().await;
    assert_eq!(waiting.everything_said().len(), before.len(), "nobody is answered");
    let acts = waiting.world.state(waiting.issue).await.acts().to_vec();
    assert!(acts.iter().all(|act| act.by.kind == AccountKind::User), "{acts:?}");
    // The record has what the App did, and why each bot was not heard.
    let run = waiting.world.row(waiting.issue).await.unwrap().id;
    let log = waiting.world.core.store.events(run).await.unwrap();
    let by_app = |event: &EventRow| event.kind == "acted" && event.json.contains(r#""via_app":true"#);
    assert_eq!(log.iter().filter(|event| by_app(event)).count(), 1, "{log:#?}");
    for bot in ["evil[bot]", "bob-bot[bot]"] {
        assert_eq!(not_heard(&waiting, bot).await, 2, "{bot}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_our_own_app_approves_nothing_that_it_has_written() {
    let waiting = Waiting::begin().await;
    let us = waiting.world.person(&waiting.world.github.bot_login());
    let digest = waiting.digest().await;
    us.comments(waiting.issue, &format!("/approve {digest}")).unwrap();
    us.comments(waiting.pull, &format!("/approve {digest}")).unwrap();
    us.approves(waiting.pull).unwrap_err();

    waiting.still_waits().await;
    assert_eq!(waiting.world.state(waiting.issue).await.acts(), []);
    assert_eq!(not_heard(&waiting, us.login()).await, 2);
}

/// How many approvals by an account the store keeps as deliveries from which nothing followed, with the reason.
async fn not_heard(waiting: &Waiting, login: &str) -> usize {
    let config = Config::load(&waiting.world.data.path().join("assentry.toml")).unwrap();
    let path = config.server.database_url.expose().trim_start_matches("sqlite:").to_owned();
    let mut store = AnyConnection::connect(&format!("sqlite://{path}")).await.unwrap();
    let kept = "SELECT body FROM deliveries WHERE state = 'ignored' AND why = 'not by a person'";
    let bodies: Vec<Vec<u8>> = sqlx::query_scalar(kept).fetch_all(&mut store).await.unwrap();
    let approves = |body: &Vec<u8>| {
        let told: serde_json::Value = serde_json::from_slice(body).unwrap();
        let command = told["comment"]["body"].as_str().is_some_and(|text| text.starts_with("/approve"));
        told["sender"]["login"] == login && (command || told["review"]["state"] == "approved")
    };
    bodies.iter().filter(|body| approves(body)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn q6_e2_an_app_in_a_persons_name_neither_gives_nor_takes_that_persons_word() {
    let waiting = Waiting::with("required = 2").await;
    let text = format!("/approve {}", waiting.digest().await);
    let (bob, cara) = (waiting.world.person("bob"), waiting.world.person("cara"));
    cara.comments(waiting.issue, "/reject not yet").unwrap();
    bob.approves(waiting.pull).unwrap();
    waiting.world.github.advances(Duration::from_secs(2));
    bob.clone().through_an_app().comments(waiting.issue, "/unapprove").unwrap();
    cara.clone().through_an_app().comments(waiting.issue, &text).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("`cara` has objected"), "{}", waiting.status());

    waiting.world.github.advances(Duration::from_secs(2));
    cara.comments(waiting.issue, &text).unwrap();
    waiting.is_built().await;
}
