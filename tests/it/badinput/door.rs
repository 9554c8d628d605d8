//! What should not come in at all.

use assentry::config::RepoPattern;
use assentry::demo::github::{NewRepository, Role};
use aws_lc_rs::hmac;
use serde_json::json;

use super::*;
use crate::world::SECRET;

/// Posts a delivery and gives the status.
async fn post(world: &World, id: &str, event: &str, body: &str, secret: &str) -> u16 {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
    let request = reqwest::Client::new()
        .post(format!("http://{}/webhook", world.door))
        .header("content-type", "application/json")
        .header("x-github-delivery", id)
        .header("x-github-event", event)
        .header("x-hub-signature-256", signature)
        .body(body.to_owned());
    // Whoever sends more than is wanted may see the connection close before there is an answer.
    request.send().await.map_or(0, |answer| answer.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn t01_a_wrong_signature_and_26_mb_start_nothing() {
    let world = world(works(plan(), honest()), "").await;
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.settle().await;
    let forged = json!({"action": "labeled", "issue": {"number": issue}}).to_string();
    let huge = format!("{{\"pad\": \"{}\"}}", "x".repeat(26 << 20));

    let wrong = post(&world, "d1", "issues", &forged, "not the secret").await;
    let large = post(&world, "d2", "issues", &huge, SECRET).await;
    let garbage = post(&world, "d3", "issues", "{not json", SECRET).await;
    let other = post(&world, "d4", "nothing_we_know", "{}", SECRET).await;
    world.settle().await;

    assert_eq!(wrong, 401);
    assert!(large == 413 || large == 0, "{large}");
    assert!(garbage < 500 && other == 202, "{garbage} {other}");
    assert_eq!((world.phase(issue).await.as_str(), world.said(issue).len()), ("none", 0));
    assert_eq!(world.model.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t04_a_repository_that_is_not_on_the_list_is_left_alone() {
    let mut world = world(works(plan(), honest()), "").await;
    let mut settings = (*world.core.settings).clone();
    settings.repositories = vec![RepoPattern::One("acme/other".parse().unwrap()), RepoPattern::AllOf("acm".to_owned())];
    world.core.settings = Arc::new(settings);
    let before = world.github.calls();
    let issue = world.planned().await;
    world.person("ann").comments(issue, "/plan").unwrap();
    world.settle().await;

    assert_eq!((world.phase(issue).await.as_str(), world.said(issue).len()), ("none", 0));
    assert_eq!((world.github.calls(), world.model.requests().len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn t04_a_repository_of_another_installation_is_left_alone() {
    let world = world(works(plan(), honest()), "").await;
    world
        .github
        .adds_repository(NewRepository { name: "other/place".to_owned(), ..story::repository() })
        .await
        .unwrap();
    world.github.grants("ann", "other/place", Role::Admin).unwrap();
    let ann = world.person("ann");
    let theirs = ann.clone().at("other/place").opens_labelled_issue("Theirs", "Text", &["assentry"]).unwrap();
    world.settle().await;
    let other = world.core.store.runs(None, 10).await.unwrap();
    let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
    world.settle().await;
    let calls = (world.github.calls(), world.model.requests().len());

    let shape = ann.asks("GET", &format!("issues/{issue}"), &json!({})).unwrap();
    let mut repository = ann.asks("GET", "", &json!({})).unwrap();
    for address in ["clone_url", "url", "git_url", "html_url"] {
        repository[address] = json!("https://evil.test/");
    }
    let forged = json!({
        "action": "labeled", "label": {"name": "assentry"}, "sender": shape["user"], "issue": shape,
        "repository": repository, "installation": {"id": other[0].installation},
    });
    assert_eq!(post(&world, "d1", "issues", &forged.to_string(), SECRET).await, 202);
    world.settle().await;

    assert_eq!(other[0].issue_number.0, theirs);
    assert_eq!((world.core.store.runs(None, 10).await.unwrap().len(), world.said(issue).len()), (1, 0));
    assert_eq!(world.model.requests().len(), calls.1);
    let after = world.github.calls();
    assert_eq!((after.writes, after.fetches), (calls.0.writes, calls.0.fetches));
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_a_label_set_with_triage_only_is_answered_and_starts_nothing() {
    let world = world(works(plan(), honest()), "").await;
    let issue = world.person("eve").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("tim").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.person("tim").unlabels(issue, "assentry").unwrap();
    world.person("tim").labels(issue, "assentry").unwrap();
    world.settle().await;

    let said = world.said(issue);
    assert_eq!((world.phase(issue).await.as_str(), said.len()), ("none", 1), "{said:#?}");
    assert!(said[0].contains("write access"), "{said:#?}");
    assert_eq!(world.model.requests().len(), 0);
    assert_eq!(world.github.branches(REPO).len(), 1);
}
