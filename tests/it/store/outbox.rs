//! Effects: in order within a run, each with one owner.

use std::collections::BTreeMap;

use assentry::ids::RepoId;
use assentry::store::{ClaimedEffect, CommitOutcome, Finish, Held, OpenRun, OpenRunOutcome, Worker};
use assentry::workflow::effect::Lane;

use super::on_both;
use super::place::{Place, at, done, lease, moving, opening};

on_both!(
    effects_of_a_run_are_done_in_order_and_lanes_do_not_wait_for_each_other,
    an_effect_is_not_done_before_its_time,
    what_was_put_off_for_a_reason_that_is_gone_is_due_at_once,
    an_effect_no_longer_wanted_is_lost_to_who_performs_it,
    f10_work_of_one_repository_leaves_room_for_another,
    f10_work_is_taken_repository_by_repository_where_nothing_is_under_way,
    f13_a_try_that_did_not_report_back_may_have_written,
    f16_a_stopping_worker_hands_its_effects_back_at_once,
    f23_each_effect_is_taken_by_one_of_many_workers,
    f24_the_writes_of_a_zombie_are_refused,
    f31_it_is_known_since_when_an_effect_fails_until_it_fails_otherwise,
    f57_an_effect_that_ends_the_process_is_given_up_and_not_tried,
);

async fn effects_of_a_run_are_done_in_order_and_lanes_do_not_wait_for_each_other(place: &Place) {
    let effects = [(Lane::Talk, "say 1"), (Lane::Timer, "look"), (Lane::Talk, "say 2"), (Lane::Work, "plan")];
    place.opens_run(1, &effects).await;
    place.opens_run(2, &[(Lane::Talk, "say 3")]).await;

    let first = place.takes("w", 1).await.unwrap();
    assert_eq!(first.effect, "\"say 1\"");
    for expected in ["\"look\"", "\"plan\"", "\"say 3\""] {
        let next = place.takes("w", 1).await.unwrap();
        assert_eq!(next.effect, expected);
        assert_eq!(place.store.finish(Finish::done(next.claim), at(1)).await.unwrap(), Held::Yes);
    }
    assert_eq!(place.takes("w", 1).await, None);

    assert_eq!(place.store.retry(&first.claim, at(60), "GitHub is slow").await.unwrap(), Held::Yes);
    assert_eq!(place.takes("w", 20).await, None);
    let again = place.takes("w", 60).await.unwrap();
    assert_eq!((again.effect.as_str(), again.attempts, again.id), ("\"say 1\"", 2, first.id));
    assert_eq!(place.store.finish(Finish::done(again.claim), at(61)).await.unwrap(), Held::Yes);
    let only_talk = place.store.claim_effect(&Worker::new("w"), &[Lane::Talk], lease(61)).await.unwrap();
    assert_eq!(only_talk.map(|e| e.effect).as_deref(), Some("\"say 2\""));
}

async fn f31_it_is_known_since_when_an_effect_fails_until_it_fails_otherwise(place: &Place) {
    place.opens_run(1, &[(Lane::Talk, "one")]).await;
    place.opens_run(2, &[(Lane::Talk, "two")]).await;
    let (one, two) = (place.takes("w", 1).await.unwrap().id, place.takes("w", 1).await.unwrap().id);
    assert_eq!(place.store.fails(one, at(10)).await.unwrap(), at(10));
    assert_eq!(place.store.fails(one, at(50)).await.unwrap(), at(10));
    assert_eq!(place.store.fails(two, at(60)).await.unwrap(), at(60));
    place.store.fails_no_more(one).await.unwrap();
    assert_eq!(place.store.fails(one, at(70)).await.unwrap(), at(70));
    assert_eq!(place.store.fails(two, at(80)).await.unwrap(), at(60));
}

async fn f10_work_of_one_repository_leaves_room_for_another(place: &Place) {
    for issue in 1..=3 {
        place.opens_run(issue, &[(Lane::Work, "busy")]).await;
    }
    let quiet = OpenRun { repo: RepoId(99), ..opening(4, &[(Lane::Work, "quiet")]) };
    assert!(matches!(place.store.open_run(quiet).await.unwrap(), OpenRunOutcome::Opened(_)));
    let mut order = vec![];
    for _ in 0..4 {
        order.push(place.takes("w", 1).await.unwrap().effect);
    }
    assert_eq!(order, ["\"busy\"", "\"quiet\"", "\"busy\"", "\"busy\""]);
}

async fn an_effect_is_not_done_before_its_time(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    let later = assentry::store::NewEffect::of(Lane::Timer, at(100), &"look").unwrap();
    let commit = assentry::store::Commit { effects: vec![later], ..moving(run, 1, "waiting") };
    assert_eq!(place.store.commit(commit).await.unwrap(), CommitOutcome::Committed { version: 2 });

    assert_eq!(place.takes("w", 99).await, None);
    assert_eq!(place.store.next_due(at(99)).await.unwrap(), Some(at(100)));
    assert!(place.takes("w", 100).await.is_some());
}

async fn what_was_put_off_for_a_reason_that_is_gone_is_due_at_once(place: &Place) {
    place.opens_run(1, &[(Lane::Talk, "one")]).await;
    place.opens_run(2, &[(Lane::Talk, "two")]).await;
    for why in ["the rules are broken", "GitHub is slow"] {
        let effect = place.takes("w", 1).await.unwrap();
        assert_eq!(place.store.retry(&effect.claim, at(600), why).await.unwrap(), Held::Yes);
    }
    assert_eq!(place.takes("w", 2).await, None);
    place.store.look_again("the rules are broken").await.unwrap();
    assert_eq!(place.takes("w", 2).await.unwrap().effect, "\"one\"");
    assert_eq!(place.takes("w", 2).await, None);
}

async fn an_effect_no_longer_wanted_is_lost_to_who_performs_it(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan"), (Lane::Work, "more"), (Lane::Talk, "say")]).await;
    let planning = place.store.claim_effect(&Worker::new("w"), &[Lane::Work], lease(1)).await.unwrap().unwrap();
    let cancel = assentry::store::Commit { voids: vec![Lane::Work], ..moving(run, 1, "done") };
    assert_eq!(place.store.commit(cancel).await.unwrap(), CommitOutcome::Committed { version: 2 });

    assert_eq!(place.store.heartbeat(&planning.claim, lease(2)).await.unwrap(), Held::Lost);
    assert_eq!(place.takes("w", 3).await.map(|e| e.effect).as_deref(), Some("\"say\""));
    assert_eq!(place.takes("w", 100).await.map(|e| e.effect).as_deref(), Some("\"say\""));
    assert_eq!(place.store.unfinished_effects(run).await.unwrap(), 1);
}

async fn f10_work_is_taken_repository_by_repository_where_nothing_is_under_way(place: &Place) {
    for (issue, repo) in [(1, 7), (2, 7), (3, 7), (4, 8), (5, 8), (6, 9)] {
        let effects = [(Lane::Work, "plan"), (Lane::Talk, "say")];
        let opening = OpenRun { repo: RepoId(repo), ..opening(issue, &effects) };
        assert!(matches!(place.store.open_run(opening).await.unwrap(), OpenRunOutcome::Opened(_)));
    }
    let takes = |lane: Lane| async move {
        let taken = place.store.claim_effect(&Worker::new("w"), &[lane], lease(10)).await.unwrap()?;
        assert_eq!(place.store.finish(Finish::done(taken.claim), at(10)).await.unwrap(), Held::Yes);
        Some(taken.run.0)
    };
    let (mut worked, mut said) = (vec![], vec![]);
    while let Some(run) = takes(Lane::Work).await {
        worked.push(run);
    }
    while let Some(run) = takes(Lane::Talk).await {
        said.push(run);
    }
    assert_eq!(worked, [1, 4, 6, 2, 5, 3]);
    assert_eq!(said, [1, 2, 3, 4, 5, 6], "short things are done in their order");
}

async fn f13_a_try_that_did_not_report_back_may_have_written(place: &Place) {
    place.opens_run(1, &[(Lane::Talk, "say")]).await;
    let takes = |second: i64| async move { place.takes("w", second).await.unwrap() };
    let puts_back = |taken: ClaimedEffect, looks: Option<u32>| async move {
        place.store.looked(taken.id, taken.attempts, looks).await.unwrap();
        assert_eq!(place.store.retry(&taken.claim, at(0), "later").await.unwrap(), Held::Yes);
    };
    let first = takes(1).await;
    assert_eq!(first.looks, None);
    puts_back(first, None).await;
    let second = takes(2).await;
    assert_eq!(second.looks, None, "nothing was written");
    // It ends without a word.
    let third = takes(100).await;
    assert_eq!(third.looks, Some(0));
    puts_back(third, Some(1)).await;
    let fourth = takes(101).await;
    assert_eq!((fourth.attempts, fourth.looks), (4, Some(1)));

    // A zombie says too late what it did.
    place.store.looked(second.id, second.attempts, None).await.unwrap();
    puts_back(fourth, Some(2)).await;
    assert_eq!(takes(102).await.looks, Some(2));
    assert_eq!(place.store.hand_back(&Worker::new("w")).await.unwrap(), 1);
    assert_eq!(takes(103).await.looks, Some(0), "one that was stopped may have written too");
}

async fn f16_a_stopping_worker_hands_its_effects_back_at_once(place: &Place) {
    place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let stopped = place.takes("stops", 1).await.unwrap();
    assert_eq!(place.store.hand_back(&Worker::new("stops")).await.unwrap(), 1);

    assert_eq!(place.takes("other", 1).await.unwrap().id, stopped.id);
    assert_eq!(place.store.finish(Finish::done(stopped.claim), at(2)).await.unwrap(), Held::Lost);
}

async fn f23_each_effect_is_taken_by_one_of_many_workers(place: &Place) {
    let effects: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let effects: Vec<(Lane, &str)> = effects.iter().map(|e| (Lane::Talk, e.as_str())).collect();
    for issue in 0..20 {
        place.opens_run(issue, &effects).await;
    }

    let mut tasks = vec![];
    for n in 0..6 {
        let store = if n % 2 == 0 { place.store.clone() } else { place.another().await };
        tasks.push(tokio::spawn(async move {
            let worker = Worker::new(&format!("w{n}"));
            let mut performed = vec![];
            while let Some(e) = store.claim_effect(&worker, &Lane::ALL, lease(1)).await.unwrap() {
                performed.push((e.id, e.run, e.effect));
                assert_eq!(store.finish(Finish::done(e.claim), at(1)).await.unwrap(), Held::Yes);
            }
            performed
        }));
    }
    let mut performed = BTreeMap::new();
    for task in tasks {
        for (id, run, effect) in task.await.unwrap() {
            assert_eq!(performed.insert(id, (run, effect)), None, "performed twice");
        }
    }
    // A worker may find nothing while the others hold the first effect of each run; the last one then does the rest.
    while let Some(e) = place.takes("last", 1).await {
        assert_eq!(performed.insert(e.id, (e.run, e.effect)), None, "performed twice");
        assert_eq!(place.store.finish(Finish::done(e.claim), at(1)).await.unwrap(), Held::Yes);
    }
    assert_eq!(performed.len(), 200);
}

async fn f24_the_writes_of_a_zombie_are_refused(place: &Place) {
    let run = place.opens_run(1, &[(Lane::Work, "plan")]).await;
    let zombie = place.takes("zombie", 1).await.unwrap();
    let owner = place.takes("owner", 31).await.unwrap();

    assert_eq!(place.store.heartbeat(&zombie.claim, lease(32)).await.unwrap(), Held::Lost);
    assert_eq!(place.store.retry(&zombie.claim, at(32), "slow").await.unwrap(), Held::Lost);
    assert_eq!(place.store.finish(Finish::gave_up(zombie.claim.clone(), "no"), at(32)).await.unwrap(), Held::Lost);
    let late = assentry::store::Commit { finishes: done(&zombie.claim), ..moving(run, 1, "planned") };
    assert_eq!(place.store.commit(late).await.unwrap(), CommitOutcome::LostLease);
    assert_eq!(place.store.run(run).await.unwrap().unwrap().phase, "planning");

    let real = assentry::store::Commit { finishes: done(&owner.claim), ..moving(run, 1, "planned") };
    assert_eq!(place.store.commit(real.clone()).await.unwrap(), CommitOutcome::Committed { version: 2 });
    assert_eq!(place.store.commit(real).await.unwrap(), CommitOutcome::LostLease);
    assert_eq!(place.takes("next", 100).await, None);
}

async fn f57_an_effect_that_ends_the_process_is_given_up_and_not_tried(place: &Place) {
    place.opens_run(1, &[(Lane::Work, "poison")]).await;
    for start in 1..=3 {
        let tried = place.takes(&format!("start {start}"), start * 100).await.unwrap();
        assert_eq!((tried.attempts, tried.poisoned), (start, false));
    }
    let last = place.takes("start 4", 400).await.unwrap();
    assert_eq!((last.attempts, last.poisoned), (4, true));

    // A try that reports back shows that the process lives.
    assert_eq!(place.store.retry(&last.claim, at(401), "once more").await.unwrap(), Held::Yes);
    assert!(!place.takes("start 4", 401).await.unwrap().poisoned);
}
