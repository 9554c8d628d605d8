//! How commands may be spelt, and that everything said shows the spelling in force.

use std::time::Duration;

use assentry::demo::github::Mishap;
use assentry::workflow::command::Spelling;

use super::world_with;
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_works_like_the_slash_and_is_as_exact() {
    let world = World::start().await;
    let issue = world.planned().await;
    let digest = world.digest(issue).await;
    let before = world.said(issue);
    for text in [
        format!(" @assentry approve {digest}"),
        format!("@assentry, approve {digest}"),
        format!("> @assentry approve {digest}"),
        format!("@assentry-bot approve {digest}"),
    ] {
        world.types("bob", issue, &text).await;
        assert_eq!((world.said(issue), world.phase(issue).await), (before.clone(), "awaiting_approval".to_owned()));
    }
    // Whoever speaks to us is answered, and has approved nothing.
    for (login, text) in [
        ("bob", format!("@assentry  approve {digest}")),
        ("ann", format!("@assentry /approve {digest}")),
        ("cara", "@assentry what do you think?".to_owned()),
    ] {
        world.types(login, issue, &text).await;
        assert!(world.last_said(issue).starts_with("I do not know `@assentry"), "{text}: {}", world.last_said(issue));
        assert_eq!(world.phase(issue).await, "awaiting_approval");
    }
    world.types("bob", issue, &format!("@Assentry approve {digest}\nthank you")).await;
    assert_eq!((world.phase(issue).await, world.work_pulls().len()), ("in_review".to_owned(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn t16_where_the_prefix_is_another_nothing_else_is_read_and_nothing_else_is_shown() {
    let world = world_with("[commands]\nprefix = '/assentry '").await;
    let issue = world.person("ann").opens_issue("Slugs", "They end in a dash.").unwrap();
    world.types("ann", issue, "/plan").await;
    assert_eq!((world.said(issue), world.phase(issue).await), (vec![], "none".to_owned()));
    world.types("eve", issue, "/assentry plan").await;
    world.types("ann", issue, "/assentry plan").await;
    world.github.advances(Duration::from_secs(60));
    let pull = world.plan_pull(issue).await;
    for (login, text) in [
        ("bob", "/assentry"),
        ("bob", "/assentry status"),
        ("bob", "/assentry aprove"),
        ("bob", "/assentry history"),
        ("bob", "/assentry plan template"),
        ("bob", "/assentry revise"),
        ("bob", "/assentry retry"),
        ("bob", "/assentry approve 123"),
        ("ann", "/assentry approve"),
    ] {
        world.types(login, pull, text).await;
    }
    world.types("bob", issue, &format!("/approve {}", world.digest(issue).await)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    world.passes(HOUR).await;
    assert_eq!(world.core.reconcile(world.github.now()).await.unwrap(), 0);
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    world.types("bob", issue, &format!("/assentry approve {}", world.digest(issue).await)).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));

    let spelling = Spelling { prefix: "/assentry ".parse().unwrap(), slug: Some("assentry".to_owned()) };
    let bodies = world.github.pulls(crate::world::REPO).into_iter().map(|pull| pull.body);
    let said: Vec<String> = [world.said(issue), world.said(pull)].concat().into_iter().chain(bodies).collect();
    assert!(said.len() > 10, "{said:#?}");
    for text in said {
        assert_eq!(spelling.parse(&text), None);
        for other in ["`/", "\n/"] {
            let mut behind = text.split(other).skip(1);
            assert!(behind.all(|behind| behind.starts_with("assentry ")), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t16_d17_what_is_found_late_is_spelt_like_what_arrives() {
    for spelt in ["/assentry approve", "@assentry approve"] {
        let world = world_with("[commands]\nprefix = '/assentry '").await;
        let issue = world.planned().await;
        let digest = world.digest(issue).await;
        world.github.deliveries_go_wrong("", 1_000, Mishap::Lost);
        world.person("bob").comments(issue, &format!("{spelt} {digest}")).unwrap();
        world.passes(HOUR).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval");
        assert_eq!(world.core.reconcile(world.github.now()).await.unwrap(), 1, "{spelt}");
        world.settle().await;
        assert_eq!(world.phase(issue).await, "in_review", "{spelt}: {:#?}", world.said(issue));
    }
}
