//! The end does not depend on what arrived first.

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
