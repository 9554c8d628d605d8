//! Deliveries that got lost are asked for again, whatever else goes wrong (F05).

use std::time::Duration;

use assentry::demo::github::{Fault, Mishap, Webhook, Wrong};
use assentry::demo::story;
use axum::Router;

use crate::world::{SECRET, World};

/// An issue of which no webhook tells, neither that it was opened nor that it was labelled.
fn unheard(world: &World) -> i64 {
    world.github.deliveries_go_wrong("issues", 2, Mishap::Lost);
    let ann = world.person("ann");
    let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
    ann.labels(issue, "assentry").unwrap();
    issue
}

async fn sweeps(world: &World) -> u32 {
    world.core.sweep(world.github.now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_delivery_that_github_does_not_send_again_holds_up_no_other() {
    let world = World::start().await;
    let issue = unheard(&world);
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none");

    // The newest is asked for first.
    let wrong = Wrong::RefusedBefore(404);
    world.github.goes_wrong(Fault { method: "POST", path: "/attempts".to_owned(), times: 1, wrong });
    assert_eq!(sweeps(&world).await, 1, "the older one");
    world.settle().await;
    assert_eq!(sweeps(&world).await, 1, "the newer one, now that GitHub does");
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), sweeps(&world).await), ("awaiting_approval", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_f06_a_list_that_github_does_not_give_keeps_no_run_from_being_compared() {
    let world = World::start().await;
    let issue = world.planned().await;
    world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
    world.person("ann").closes(issue).unwrap();
    world.passes(Duration::from_secs(3_600)).await;
    let wrong = Wrong::RefusedBefore(502);
    world.github.goes_wrong(Fault { method: "GET", path: "/app/hook/deliveries".to_owned(), times: 1_000, wrong });

    let failed = world.core.make_rounds(world.github.now()).await.unwrap_err();
    assert!(failed.to_string().contains("list webhook deliveries"), "{failed}");
    assert_eq!(world.phase(issue).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_delivery_behind_more_tries_than_one_look_goes_through_is_asked_for_by_a_later_one() {
    let world = World::start().await;
    let issue = unheard(&world);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(|| async {});
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = SECRET.to_owned();
    world.github.sends_webhooks_to(Webhook { url, secret: secret.clone() });
    // A look goes through twenty pages of a hundred.
    for _ in 0..4_010 {
        world.github.pings();
    }
    world.github.delivered().await;
    world.github.sends_webhooks_to(Webhook { url: format!("http://{}/webhook", world.door), secret });

    assert_eq!((sweeps(&world).await, sweeps(&world).await), (0, 0), "4,000 tries are newer");
    assert_eq!(sweeps(&world).await, 2);
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    // From the newest on, and then through the older ones once more: what arrived is not asked for again.
    for _ in 0..4 {
        assert_eq!(sweeps(&world).await, 0);
    }
}
