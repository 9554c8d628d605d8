//! The end does not depend on what arrived first.

use assentry::demo::github::Verdict;

use super::Waiting;
use super::hands::captured;

/// All orders of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![vec![]];
    }
    let shorter = orders(of - 1);
    let with =
        |order: &Vec<usize>| (0..of).map(|at| [&order[..at], &[of - 1], &order[at..]].concat()).collect::<Vec<_>>();
    shorter.iter().flat_map(with).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_q2_label_off_label_on_review_and_approve_in_one_second_build_one_plan_once() {
    // Every fourth of the orders, so that the test is done in seconds; each begins differently.
    for order in orders(4).into_iter().step_by(4) {
        let waiting = Waiting::begin().await;
        let text = format!("/approve {}", waiting.digest().await);
        let (world, issue) = (&waiting.world, waiting.issue);
        let hands = captured(world, || {
            world.person("ann").unlabels(issue, "assentry").unwrap();
            world.person("ann").labels(issue, "assentry").unwrap();
            world.person("bob").approves(waiting.pull).unwrap();
            world.person("cara").comments(issue, &text).unwrap();
        })
        .await;
        assert_eq!(hands.all().len(), 4);
        for place in &order {
            let (event, payload) = &hands.all()[*place];
            hands.posts(event, payload).await;
            world.settle_now().await;
        }
        waiting.is_built().await;
        let runs = world.core.store.runs(None, 100).await.unwrap();
        assert_eq!(runs.len(), 1, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_q2_an_approval_an_objection_and_its_withdrawal_end_alike_in_any_order() {
    for order in orders(3) {
        let waiting = Waiting::with("required = 2").await;
        let text = format!("/approve {}", waiting.digest().await);
        let (world, issue) = (&waiting.world, waiting.issue);
        let hands = captured(world, || {
            world.person("bob").comments(issue, &text).unwrap();
            world.github.advances(std::time::Duration::from_secs(2));
            world.person("cara").comments(issue, "/reject wait").unwrap();
            world.github.advances(std::time::Duration::from_secs(2));
            world.person("bob").comments(issue, "/unapprove").unwrap();
        })
        .await;
        for place in &order {
            let (event, payload) = &hands.all()[*place];
            hands.posts(event, payload).await;
            waiting.still_waits().await;
        }
        assert!(waiting.status().contains("`cara` has objected"), "{order:?}: {}", waiting.status());
    }
}

/// Two deliveries of what two people did, told in either order.
async fn tells(waiting: &Waiting, forwards: Told, act: impl FnOnce()) {
    let hands = captured(&waiting.world, act).await;
    let mut told: Vec<_> = hands.all().iter().collect();
    assert_eq!(told.len(), 2);
    if forwards == Told::Backwards {
        told.reverse();
    }
    for (event, payload) in told {
        hands.posts(event, payload).await;
        waiting.world.settle_now().await;
    }
    waiting.still_waits().await;
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Forwards,
    Backwards,
}

const BOTH: [Told; 2] = [Told::Forwards, Told::Backwards];

#[tokio::test(flavor = "multi_thread")]
async fn d10_q2_an_approval_dismissed_before_it_is_told_of_does_not_count() {
    for order in BOTH {
        let waiting = Waiting::with("required = 2").await;
        let (world, pull) = (&waiting.world, waiting.pull);
        tells(&waiting, order, || {
            let review = world.person("bob").approves(pull).unwrap();
            world.person("ann").dismisses(pull, review, "too fast").unwrap();
        })
        .await;
        world.person("cara").approves(pull).unwrap();
        waiting.still_waits().await;
        assert_eq!(waiting.said_to("bob").len(), 1, "{order:?}: {:#?}", waiting.everything_said());
        assert!(waiting.said_to("bob")[0].contains("dismissed"), "{order:?}: {:#?}", waiting.said_to("bob"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_q2_who_may_end_an_objection_is_the_same_in_whichever_order_it_is_told() {
    for order in BOTH {
        for (remover, lifted) in [("ann", false), ("bob", false), ("cara", true), ("dora", true)] {
            let waiting = Waiting::begin().await;
            let (world, issue) = (&waiting.world, waiting.issue);
            world.github.adds_person("dora");
            world.person("dora").becomes(assentry::demo::github::Role::Admin).unwrap();
            tells(&waiting, order, || {
                let objection = world.person("cara").comments(issue, "/reject not like this").unwrap();
                world.person(remover).deletes_comment(objection).unwrap();
            })
            .await;
            world.person("bob").approves(waiting.pull).unwrap();
            if lifted {
                waiting.is_built().await;
            } else {
                waiting.still_waits().await;
                assert!(waiting.status().contains("`cara` has objected"), "{order:?} {remover}: {}", waiting.status());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_q2_a_review_that_objects_is_not_ended_by_whoever_asked_in_any_order() {
    for order in BOTH {
        let waiting = Waiting::begin().await;
        let (world, pull) = (&waiting.world, waiting.pull);
        tells(&waiting, order, || {
            let review = world.person("cara").reviews(pull, Verdict::Approve, "/reject no", &[]).unwrap();
            world.person("ann").dismisses(pull, review, "go on").unwrap();
        })
        .await;
        world.person("bob").approves(pull).unwrap();
        waiting.still_waits().await;
        assert!(waiting.status().contains("`cara` has requested changes"), "{order:?}: {}", waiting.status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q9_q2_a_withdrawal_deleted_before_it_is_told_of_brings_no_approval_back() {
    for order in BOTH {
        let waiting = Waiting::with("required = 2").await;
        let (world, issue) = (&waiting.world, waiting.issue);
        world.person("bob").approves(waiting.pull).unwrap();
        waiting.still_waits().await;
        world.github.advances(std::time::Duration::from_secs(2));
        tells(&waiting, order, || {
            let withdrawal = world.person("bob").comments(issue, "/unapprove").unwrap();
            world.person("bob").deletes_comment(withdrawal).unwrap();
        })
        .await;
        world.person("cara").approves(waiting.pull).unwrap();
        waiting.still_waits().await;
    }
}
