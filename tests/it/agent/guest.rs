//! An agent that is not the house's own, at a desk whose limits can be waited for.

use assentry::agent::executor::{Executed, execute};
use assentry::agent::guest::Guest;
use assentry::agent::{Ending, Ground};
use assentry::workflow::spending::Limit;

use super::*;
use crate::guests::SCRIPT;

/// The scripted agent of `tests/it/guests` in the story in which it never ends.
fn hangs() -> Guest {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Guest {
        name: "scripted".to_owned(),
        command: ["python3", "-c", SCRIPT, "hangs"].map(str::to_owned).to_vec(),
        environment: vec![variable("GATEWAY", "{gateway}"), variable("TOKEN", "{token}")],
        read_only: vec![],
        mode: None,
        sign_in: None,
    }
}

async fn ending(minutes: Duration, silence: Duration) -> Ending {
    let (house, guest) = (House::with(vec![]).await, hangs());
    let checkout = house.checkout().await;
    let leash = Leash { until: tokio::time::Instant::now() + minutes, ..house.leash() };
    let mut desk = house.desk(&checkout, &leash);
    (desk.guest, desk.limits.wall) = (Some(&guest), silence);
    let mut plan = plan();
    plan.checks.clear();
    match execute(&desk, &plan, &Ground::default()).await {
        Executed::Stopped { ending, work } => {
            assert!(work.steps.is_empty());
            ending
        }
        Executed::Finished(work) => panic!("{work:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f51_a_guest_that_never_ends_is_ended_with_its_minutes_or_when_it_is_silent_for_too_long() {
    let long = Duration::from_secs(600);
    let late = ending(Duration::from_secs(4), long).await;
    assert!(matches!(late, Ending::OverBudget(Limit::Minutes)), "{late}");
    let silent = ending(long, Duration::from_secs(4)).await;
    assert_eq!(silent.to_string(), "the agent went astray: scripted did nothing for 4 seconds");
}
