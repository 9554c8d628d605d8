use assentry::agent::executor::{Executed, Work, execute};
use assentry::agent::{Ending, Ground};
use assentry::workflow::spending::Limit;

use super::execution::{executed, six_turns};
use super::*;

/// What counts of a result; times differ, and what the model's cache holds.
fn essence(work: &Work) -> Value {
    let mut essence = serde_json::to_value(work).unwrap();
    for check in essence["checks"].as_array_mut().unwrap() {
        check["elapsed_ms"] = json!(0);
    }
    essence["spent"]["usage"] = json!(work.spent.usage.input_tokens);
    essence
}

#[tokio::test]
async fn f14_f15_a_restart_after_any_write_ends_in_the_same_work_and_buys_no_answer_twice() {
    let house = House::with(six_turns()).await;
    let Executed::Finished(expected) = executed(&house, &plan()).await else { panic!("no result") };

    for writes in 0..12 {
        let asked = house.server.requests().len();
        *house.journal.kept.lock().unwrap() = Kept { writes_left: Some(writes), ..Kept::default() };
        let broken = executed(&house, &plan()).await;
        assert!(matches!(broken, Executed::Stopped { ending: Ending::Journal(_), .. }), "{writes}: {broken:?}");

        house.journal.kept.lock().unwrap().writes_left = None;
        let Executed::Finished(work) = executed(&house, &plan()).await else { panic!("{writes}: no result") };

        // An answer that could not be stored was not used, and is the one that may be paid for again.
        let paid_again = usize::from(writes % 2 == 0);
        assert_eq!(house.server.requests().len() - asked, 6 + paid_again, "{writes}");
        assert_eq!(essence(&work), essence(&expected), "{writes}");
    }
}

#[tokio::test]
async fn f15_a_transcript_of_another_plan_is_not_taken_up() {
    let house = House::with(six_turns()).await;
    house.journal.kept.lock().unwrap().writes_left = Some(5);
    executed(&house, &plan()).await;
    let mut other = plan();
    other.goal = "Something else.".into();

    let executed = executed(&house, &other).await;

    assert!(matches!(executed, Executed::Stopped { ending: Ending::Interrupted { .. }, .. }), "{executed:?}");
}

#[tokio::test]
async fn a_cancelled_execution_says_so_and_asks_nobody() {
    let house = House::with(six_turns()).await;
    house.cancel.cancel();

    let executed = executed(&house, &plan()).await;

    assert!(matches!(executed, Executed::Stopped { ending: Ending::Cancelled, .. }), "{executed:?}");
    assert_eq!(house.server.requests().len(), 0);
}

#[tokio::test]
async fn f47_time_that_is_over_ends_a_silent_model() {
    let mut house = House::with(vec![Reply::Hang]).await;
    house.budget.minutes = 0;

    let executed = executed(&house, &plan()).await;

    assert!(matches!(executed, Executed::Stopped { ending: Ending::OverBudget(Limit::Minutes), .. }), "{executed:?}");
}

#[tokio::test]
async fn an_execution_can_move_between_threads() {
    let house = House::with(six_turns()).await;
    let (checkout, leash, plan) = (house.checkout().await, house.leash(), plan());
    let desk = house.desk(&checkout, &leash);

    fn moves<T: Send>(work: T) -> T {
        work
    }
    let executed = moves(execute(&desk, &plan, &Ground::default())).await;

    assert!(matches!(executed, Executed::Finished(_)), "{executed:?}");
}
