//! Calls of models: reserved before, settled after, and never more than there is room for.

use assentry::ids::{AccountKind, Person, RunId, UserId};
use assentry::store::{CallNumber, Claim, Costs, NewCall, Reserved, Store, TurnUsage, UsedCall};
use assentry::workflow::effect::Lane;
use assentry::workflow::plan::Budget;
use assentry::workflow::spending::{CallEnd, DayLimits, DayReached, Full, Limit, Most, Whose};

use super::on_both;
use super::place::{Place, at};

on_both!(
    t56_two_workers_never_share_the_last_dollar,
    t56_a_reservation_counts_as_the_worst_until_it_is_settled,
    t56_a_day_has_room_again_when_the_calls_that_fill_it_are_a_day_old,
    t56_a_limit_that_is_too_low_for_one_call_has_no_end,
    f14_a_call_whose_owner_lost_its_lease_counts_in_full_until_its_usage_is_known,
    f24_a_zombie_reserves_nothing,
    an_unknown_price_is_not_nothing_and_hides_no_known_one,
    the_minutes_of_a_task_add_up_over_its_starts,
    f46_only_tries_in_which_the_model_failed_use_up_the_patience_with_it,
);

const DAY: i64 = 24 * 60 * 60;

async fn t56_two_workers_never_share_the_last_dollar(place: &Place) {
    let stores = [place.store.clone(), place.another().await, place.another().await];
    let mut calls = Vec::new();
    for issue in 0..12 {
        let run = place.opens_run(issue, &[(Lane::Work, "plan")]).await;
        calls.push((run, place.takes("w", 1).await.unwrap().claim));
    }
    let server = Most { micro_dollars: Some(35), ..Most::default() };
    let tries = calls.iter().enumerate().map(|(n, (run, claim))| {
        let store: &Store = &stores[n % 3];
        let call = NewCall { day: DayLimits { server, ..DayLimits::default() }, ..call(*run, 2) };
        async move { store.reserve_call(claim, call).await.unwrap() }
    });
    let outcomes = futures::future::join_all(tries).await;
    let reserved = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Yes(_))).count();
    let full = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Full(Full::Day { .. }))).count();
    assert_eq!((reserved, full), (3, 9), "{outcomes:?}");
}

async fn t56_a_reservation_counts_as_the_worst_until_it_is_settled(place: &Place) {
    let (run, claim) = working(place, 1).await;
    let budget = Budget { micro_dollars: 25, ..BUDGET };
    let wants = async || place.store.reserve_call(&claim, NewCall { budget, ..call(run, 2) }).await.unwrap();
    let Reserved::Yes(first) = wants().await else { panic!("no room") };
    let Reserved::Yes(second) = wants().await else { panic!("no room") };
    assert_eq!(wants().await, Reserved::Full(Full::Budget { limit: Limit::Money }));

    settles(place, run, first, Some(1), true).await;
    assert!(matches!(wants().await, Reserved::Yes(_)));
    assert_eq!(wants().await, Reserved::Full(Full::Budget { limit: Limit::Money }));
    let other = NewCall { task: "plan-2".to_owned(), budget, ..call(run, 2) };
    assert!(matches!(place.store.reserve_call(&claim, other).await.unwrap(), Reserved::Yes(_)), "a task of its own");

    settles(place, run, second, Some(3), false).await;
    let tokens = Budget { tokens: 300, ..BUDGET };
    let outcome = place.store.reserve_call(&claim, NewCall { budget: tokens, ..call(run, 2) }).await.unwrap();
    assert_eq!(outcome, Reserved::Full(Full::Budget { limit: Limit::Tokens }));
}

async fn t56_a_day_has_room_again_when_the_calls_that_fill_it_are_a_day_old(place: &Place) {
    let (run, claim) = working(place, 1).await;
    let most = Most { calls: Some(2), ..Most::default() };
    let wants = async |second: i64, by: i64, day: DayLimits| {
        let call = NewCall { day, person: person(by), ..call(run, second) };
        place.store.reserve_call(&claim, call).await.unwrap()
    };
    let person = DayLimits { person: most, ..DayLimits::default() };
    let repository = DayLimits { repository: most, ..DayLimits::default() };
    let full = |whose, until| {
        Reserved::Full(Full::Day { reached: DayReached { whose, limit: Limit::Turns, until: Some(at(until)) } })
    };
    for second in [2, 10] {
        assert!(matches!(wants(second, 1, person).await, Reserved::Yes(_)));
    }
    assert_eq!(wants(20, 1, person).await, full(Whose::Person, DAY + 2));
    assert_eq!(wants(20, 2, repository).await, full(Whose::Repository, DAY + 2));
    assert!(matches!(wants(20, 2, person).await, Reserved::Yes(_)), "another person has a day of their own");
    assert!(matches!(wants(DAY + 2, 1, person).await, Reserved::Yes(_)));
    assert_eq!(wants(DAY + 3, 1, person).await, full(Whose::Person, DAY + 10));
}

async fn t56_a_limit_that_is_too_low_for_one_call_has_no_end(place: &Place) {
    let (run, claim) = working(place, 1).await;
    let server = Most { tokens: Some(100), ..Most::default() };
    let call = NewCall { day: DayLimits { server, ..DayLimits::default() }, ..call(run, 2) };
    let reached = DayReached { whose: Whose::Server, limit: Limit::Tokens, until: None };
    assert_eq!(place.store.reserve_call(&claim, call).await.unwrap(), Reserved::Full(Full::Day { reached }));
}

async fn f14_a_call_whose_owner_lost_its_lease_counts_in_full_until_its_usage_is_known(place: &Place) {
    let (run, claim) = working(place, 1).await;
    let Reserved::Yes(lost) = place.store.reserve_call(&claim, call(run, 2)).await.unwrap() else { panic!("no room") };
    assert_eq!(place.store.costs(run).await.unwrap(), [], "a call under way has cost nothing yet");
    let owner = place.takes("owner", 40).await.unwrap().claim;
    let Reserved::Yes(second) = place.store.reserve_call(&owner, call(run, 41)).await.unwrap() else { panic!() };
    settles(place, run, second, Some(2), true).await;

    let worst = TurnUsage { input: 100, cached: 0, cache_write: 100, output: 50 };
    let used = TurnUsage { input: 90, cached: 80, cache_write: 10, output: 7 };
    let both = |usage, micro_dollars| Costs { calls: 2, failed: 1, usage, micro_dollars, ..costs() };
    assert_eq!(place.store.costs(run).await.unwrap(), [both(sum(worst, used), 12)]);
    settles(place, run, lost, Some(4), false).await;
    assert_eq!(place.store.costs(run).await.unwrap(), [both(sum(used, used), 6)]);
}

async fn f24_a_zombie_reserves_nothing(place: &Place) {
    let (run, zombie) = working(place, 1).await;
    let _owner = place.takes("owner", 40).await.unwrap();
    assert_eq!(place.store.reserve_call(&zombie, call(run, 41)).await.unwrap(), Reserved::LostLease);
    assert_eq!(place.store.costs(run).await.unwrap(), []);
}

async fn an_unknown_price_is_not_nothing_and_hides_no_known_one(place: &Place) {
    let (run, claim) = working(place, 1).await;
    for (second, price) in [(2, Some(5)), (3, None), (4, Some(2))] {
        let call = NewCall { worst_micro_dollars: price, ..call(run, second) };
        let Reserved::Yes(call) = place.store.reserve_call(&claim, call).await.unwrap() else { panic!("no room") };
        settles(place, run, call, price, true).await;
    }
    let costs = place.store.costs(run).await.unwrap();
    let known: Vec<_> = costs.iter().map(|costs| (costs.calls, costs.micro_dollars, costs.unpriced)).collect();
    assert_eq!(known, [(3, 7, 1)]);
}

async fn the_minutes_of_a_task_add_up_over_its_starts(place: &Place) {
    let (run, claim) = working(place, 1).await;
    assert_eq!(place.store.worked(run, "plan-1").await.unwrap(), 0);
    let call = NewCall { worked_ms: 700, ..call(run, 2) };
    let Reserved::Yes(number) = place.store.reserve_call(&claim, call).await.unwrap() else { panic!("no room") };
    settles(place, run, number, Some(1), true).await;
    place.store.add_work(run, "plan-1", 40).await.unwrap();
    place.store.add_work(run, "plan-2", 5).await.unwrap();
    assert_eq!(place.store.worked(run, "plan-1").await.unwrap(), 743);
}

async fn f46_only_tries_in_which_the_model_failed_use_up_the_patience_with_it(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let tries: [(i64, &[CallEnd], i64); 6] = [
        (1, &[], 0),
        (40, &[CallEnd::Failed, CallEnd::Failed], 1),
        (80, &[CallEnd::CalledOff], 1),
        (120, &[CallEnd::Failed], 2),
        (160, &[CallEnd::Answered], 0),
        (200, &[CallEnd::Answered, CallEnd::Failed], 1),
    ];
    for (second, ends, failed) in tries {
        let taken = place.takes(&format!("at {second}"), second).await.unwrap();
        for end in ends {
            let call = place.store.reserve_call(&taken.claim, call(run, second)).await.unwrap();
            let Reserved::Yes(number) = call else { panic!("{call:?}") };
            let usage = TurnUsage { input: 90, cached: 80, cache_write: 10, output: 7 };
            let used = UsedCall { usage, micro_dollars: Some(1), end: *end, worked_ms: 3 };
            place.store.settle_call((run, "plan-1", number), used, at(second)).await.unwrap();
        }
        assert_eq!(place.store.failed_tries(run, taken.id).await.unwrap(), failed, "at {second}");
        let _ = place.store.retry(&taken.claim, at(second + 1), "again").await.unwrap();
    }
}

const BUDGET: Budget = Budget { turns: 10, tokens: 1_000_000, micro_dollars: 1_000_000, minutes: 10 };

async fn working(place: &Place, issue: i64) -> (RunId, Claim) {
    let run = place.opens_run(issue, &[(Lane::Work, "plan")]).await;
    (run, place.takes("w", 1).await.unwrap().claim)
}

fn person(id: i64) -> Person {
    Person { id: UserId(id), login: "ann".parse().unwrap(), kind: AccountKind::User }
}

/// A call that may cost ten millionths of a dollar.
fn call(run: RunId, second: i64) -> NewCall {
    NewCall {
        run,
        person: person(1),
        phase: "plan".to_owned(),
        model: "a/b".to_owned(),
        task: "plan-1".to_owned(),
        seq: 0,
        attempt: 1,
        worst: TurnUsage { input: 100, cached: 0, cache_write: 100, output: 50 },
        worst_micro_dollars: Some(10),
        budget: BUDGET,
        day: DayLimits::default(),
        worked_ms: 0,
        at: at(second),
    }
}

async fn settles(place: &Place, run: RunId, call: CallNumber, micro_dollars: Option<i64>, answered: bool) {
    let usage = TurnUsage { input: 90, cached: 80, cache_write: 10, output: 7 };
    let end = if answered { CallEnd::Answered } else { CallEnd::Failed };
    let used = UsedCall { usage, micro_dollars, end, worked_ms: 3 };
    place.store.settle_call((run, "plan-1", call), used, at(5)).await.unwrap();
}

fn costs() -> Costs {
    Costs { phase: "plan".to_owned(), model: "a/b".to_owned(), ..Costs::default() }
}

fn sum(one: TurnUsage, other: TurnUsage) -> TurnUsage {
    TurnUsage {
        input: one.input + other.input,
        cached: one.cached + other.cached,
        cache_write: one.cache_write + other.cache_write,
        output: one.output + other.output,
    }
}
