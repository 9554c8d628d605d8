//! What one person may see of the store, and what an operator sees of its queues.

use assentry::ids::{InstallationId, RepoId, RunId, UserId};
use assentry::store::{Figures, Finish, Group, NewDelivery, Onlooker, OpenRunOutcome, Reached, RunCounts, Worker};
use assentry::workflow::effect::Lane;

use super::on_both;
use super::place::{Place, at, lease, moving, opening};

on_both!(
    t70_every_reading_is_held_against_what_the_person_may_see,
    a_sight_counts_until_its_time_is_over,
    runs_are_listed_by_group_and_page,
    figures_are_summed_by_week,
    a_session_is_found_by_its_hash_until_it_ends,
    deliveries_are_listed_with_what_became_of_them,
    queues_say_what_is_due_and_since_when,
);

const ANN: UserId = UserId(1);
const EVE: UserId = UserId(2);

fn by(user: UserId, second: i64) -> Onlooker {
    Onlooker { user, now: at(second) }
}

fn reached(installation: i64, repo: i64) -> Reached {
    let (installation, repo) = (InstallationId(installation), RepoId(repo));
    Reached { installation, repo, name: "ann/tool".parse().unwrap() }
}

/// Opens a run in a repository of an installation.
async fn run_in(place: &Place, (installation, repo): (i64, i64), issue: i64) -> RunId {
    let mut open = opening(issue, &[(Lane::Talk, "say")]);
    (open.installation, open.repo) = (InstallationId(installation), RepoId(repo));
    let outcome = place.store.open_run(open).await.unwrap();
    let OpenRunOutcome::Opened(run) = outcome else { panic!("{outcome:?}") };
    run
}

async fn t70_every_reading_is_held_against_what_the_person_may_see(place: &Place) {
    let (ours, theirs) = (run_in(place, (1, 7), 1).await, run_in(place, (2, 8), 2).await);
    place.store.keep_sight(ANN, &reached(1, 7), 1, at(100)).await.unwrap();
    place.store.keep_sight(ANN, &reached(2, 8), 0, at(100)).await.unwrap();
    // The same repository through another installation is another's.
    place.store.keep_sight(ANN, &reached(1, 8), 5, at(100)).await.unwrap();
    for run in [ours, theirs] {
        let row = place.store.run(run).await.unwrap().unwrap();
        place.store.keep_figures(&row, &Figures { delivered: true, ..Figures::default() }).await.unwrap();
    }
    let seen = |user: UserId| async move {
        let by = by(user, 10);
        let page = place.store.seen_runs(by, (Group::All, None), (None, 10)).await.unwrap();
        let one = place.store.seen_run(by, theirs).await.unwrap();
        let counts = place.store.seen_counts(by, None).await.unwrap();
        assert_eq!(place.store.spent_so_far(by, None).await.unwrap(), (counts.working, 0));
        let repositories = place.store.seen_repositories(by, 10).await.unwrap();
        let weeks: i64 = place.store.weeks(by, at(-1), None).await.unwrap().iter().map(|week| week.runs).sum();
        let ids: Vec<RunId> = page.iter().map(|run| run.id).collect();
        (ids, one.is_some(), counts.working, repositories.iter().map(|row| row.at.repo.0).collect::<Vec<_>>(), weeks)
    };
    assert_eq!(seen(ANN).await, (vec![ours], false, 1, vec![7], 1));
    assert_eq!(seen(EVE).await, (vec![], false, 0, vec![], 0));
}

async fn a_sight_counts_until_its_time_is_over(place: &Place) {
    let run = run_in(place, (1, 7), 1).await;
    let unknown = |second: i64| async move { place.store.unknown_sights(by(ANN, second), 10).await.unwrap() };
    assert_eq!(unknown(10).await, [reached(1, 7)]);

    place.store.keep_sight(ANN, &reached(1, 7), 3, at(20)).await.unwrap();
    assert_eq!(unknown(19).await, []);
    assert!(place.store.seen_run(by(ANN, 19), run).await.unwrap().is_some());
    assert!(!place.store.sight_is_unknown(by(ANN, 19), &reached(1, 7)).await.unwrap());
    assert_eq!(unknown(20).await, [reached(1, 7)]);
    assert!(place.store.seen_run(by(ANN, 20), run).await.unwrap().is_none());

    place.store.keep_sight(ANN, &reached(1, 7), 0, at(40)).await.unwrap();
    assert!(place.store.seen_run(by(ANN, 30), run).await.unwrap().is_none());
    assert_eq!(place.store.prune_sights(at(40)).await.unwrap(), 1);
}

async fn runs_are_listed_by_group_and_page(place: &Place) {
    let mut runs = vec![];
    for issue in 1..=4 {
        runs.push(run_in(place, (1, 7), issue).await);
    }
    run_in(place, (1, 8), 1).await;
    let _ = place.store.commit(moving(runs[0], 1, "awaiting_approval")).await.unwrap();
    let _ = place.store.commit(moving(runs[1], 1, "done")).await.unwrap();
    for repo in [7, 8] {
        place.store.keep_sight(ANN, &reached(1, repo), 1, at(100)).await.unwrap();
    }
    let listed = |group: Group, repo: Option<i64>, before: Option<RunId>, limit: u32| async move {
        let page = place.store.seen_runs(by(ANN, 1), (group, repo.map(RepoId)), (before, limit)).await.unwrap();
        page.into_iter().map(|run| run.id.0).collect::<Vec<i64>>()
    };
    assert_eq!(listed(Group::All, None, None, 2).await, [5, 4]);
    assert_eq!(listed(Group::All, None, Some(RunId(4)), 2).await, [3, 2]);
    assert_eq!(listed(Group::All, Some(8), None, 9).await, [5]);
    assert_eq!(listed(Group::Waiting, None, None, 9).await, [1]);
    assert_eq!(listed(Group::Working, None, None, 9).await, [5, 4, 3]);
    assert_eq!(listed(Group::Ended, None, None, 9).await, [2]);
    let counts = place.store.seen_counts(by(ANN, 1), Some(RepoId(7))).await.unwrap();
    assert_eq!(counts, RunCounts { waiting: 1, working: 2, ended: 1 });
    let rows = place.store.seen_repositories(by(ANN, 1), 9).await.unwrap();
    let seven = rows.iter().find(|row| row.at.repo == RepoId(7)).unwrap();
    assert_eq!((seven.runs, seven.open, seven.waiting), (4, 3, 1));
}

async fn figures_are_summed_by_week(place: &Place) {
    const DAY: i64 = 24 * 3600;
    let mut runs = vec![];
    // 1970 began on a Thursday: the first Monday is day 4.
    for (issue, day) in [(1, 3), (2, 4), (3, 10)] {
        let run = run_in(place, (1, 7), issue).await;
        let mut ends = moving(run, 1, "done");
        ends.now = at(day * DAY);
        let _ = place.store.commit(ends).await.unwrap();
        runs.push(run);
    }
    place.store.keep_sight(ANN, &reached(1, 7), 1, at(100 * DAY)).await.unwrap();
    let uncounted = place.store.uncounted_runs(10).await.unwrap();
    assert_eq!(uncounted.iter().map(|run| run.id).collect::<Vec<_>>(), [runs[2], runs[1], runs[0]]);
    for (run, cost) in uncounted.iter().zip([100, 20, 3]) {
        let figures = Figures {
            delivered: cost != 3,
            merged: cost == 20,
            cost_micro_dollars: cost,
            tokens: 5,
            plan_ms: Some(1_000 * cost),
            versions: (cost == 100).then_some(2),
            deviations: Some(i64::from(cost == 20)),
        };
        place.store.keep_figures(run, &figures).await.unwrap();
        place.store.keep_figures(run, &figures).await.unwrap();
    }
    assert_eq!(place.store.uncounted_runs(10).await.unwrap(), []);
    let weeks = place.store.weeks(by(ANN, 1), at(0), Some(RepoId(7))).await.unwrap();
    let told: Vec<_> = weeks.iter().map(|w| (w.begins, w.runs, w.delivered, w.merged, w.cost_micro_dollars)).collect();
    assert_eq!(told, [(at(-3 * DAY), 1, 0, 0, 3), (at(4 * DAY), 2, 2, 1, 120)]);
    assert_eq!((weeks[1].planned, weeks[1].approved, weeks[1].executed), ((2, 120_000), (1, 2), (2, 1)));
}

async fn a_session_is_found_by_its_hash_until_it_ends(place: &Place) {
    let login = "ann".parse().unwrap();
    place.store.begin_session("h1", (ANN, &login), (at(0), at(10))).await.unwrap();
    place.store.begin_session("h2", (ANN, &login), (at(0), at(10))).await.unwrap();
    assert_eq!(place.store.session("h1", at(9)).await.unwrap(), Some((ANN, login)));
    assert_eq!(place.store.session("h1", at(10)).await.unwrap(), None);
    assert_eq!(place.store.session("h3", at(9)).await.unwrap(), None);
    place.store.end_session("h1").await.unwrap();
    assert_eq!(place.store.session("h1", at(9)).await.unwrap(), None);
    assert!(place.store.session("h2", at(9)).await.unwrap().is_some());
}

fn delivery(id: &str, second: i64) -> NewDelivery {
    let body = b"{\"action\":\"labeled\",\"issue\":{}}".as_slice().into();
    NewDelivery { id: id.parse().unwrap(), event: "issues".parse().unwrap(), body, repo: None, received_at: at(second) }
}

async fn deliveries_are_listed_with_what_became_of_them(place: &Place) {
    for (id, second) in [("a", 1), ("b", 2), ("c", 2)] {
        place.store.receive(delivery(id, second)).await.unwrap();
    }
    let first = place.store.claim_delivery(&Worker::new("w"), lease(10)).await.unwrap().unwrap();
    let _ = place.store.finish(Finish::ignored(first.claim, "no concern"), at(11)).await.unwrap();

    let page = place.store.parcels(None, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|parcel| parcel.id.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    let last = &page[1];
    let next = place.store.parcels(Some((last.received_at, &last.id)), None, 2).await.unwrap();
    assert_eq!((next[0].id.as_str(), next[0].state.as_str()), ("a", "ignored"));
    assert_eq!((next[0].action.as_deref(), next[0].why.as_deref()), (Some("labeled"), Some("no concern")));
    assert_eq!(place.store.parcels(None, Some("ignored"), 9).await.unwrap().len(), 1);
}

async fn queues_say_what_is_due_and_since_when(place: &Place) {
    place.store.receive(delivery("a", 3)).await.unwrap();
    place.opens_run(1, &[(Lane::Work, "plan"), (Lane::Talk, "say")]).await;
    let queues = place.store.queues(at(5)).await.unwrap();
    let mut told: Vec<_> = queues.iter().map(|queue| (queue.name.as_str(), queue.due, queue.oldest)).collect();
    told.sort_unstable();
    assert_eq!(told, [("deliveries", 1, Some(at(3))), ("talk", 1, Some(at(0))), ("work", 1, Some(at(0)))]);
    assert_eq!(place.store.phases().await.unwrap(), [("planning".to_owned(), 1)]);
    assert_eq!(place.store.given_up(9).await.unwrap(), []);
}
