//! Runs: one open run an issue, moved all or nothing by who read the newest version.

use assentry::ids::{Digest, IssueNumber, PullNumber, RepoId, RunId};
use assentry::store::{
    Commit, CommitOutcome, NewDelivery, NewPlan, OpenRun, OpenRunOutcome, Store, StoreError, Worker,
};
use assentry::workflow::effect::Lane;

use super::on_both;
use super::place::{Place, at, done, effect, event, lease, moving, opening};

on_both!(
    a_commit_writes_everything_or_nothing,
    a_run_is_found_by_its_issue_and_its_pull_requests,
    a_plan_is_found_by_version_and_by_the_beginning_of_its_digest_and_never_changed,
    f03_an_issue_has_one_open_run,
    f12_a_caller_that_goes_away_leaves_all_or_nothing_and_no_open_transaction,
    f20_many_commits_at_once_all_get_through,
    f26_a_database_of_a_newer_version_is_refused,
    t02_a_meaning_counts_once_whatever_the_delivery_id,
);

async fn a_commit_writes_everything_or_nothing(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    let commit = Commit {
        effects: vec![effect(Lane::Talk, "say")],
        plan: Some(plan(1, 'a')),
        pulls: vec![PullNumber(5)],
        meaning: Some("m".to_owned()),
        ..moving(run, 1, "planned")
    };
    assert_eq!(place.store.commit(Commit { read_version: 2, ..commit.clone() }).await.unwrap(), CommitOutcome::Stale);
    let row = place.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.phase.as_str(), row.version, place.takes("w", 9).await), ("planning", 1, None));
    assert_eq!(place.store.plan(run, 1).await.unwrap(), None);
    assert_eq!(place.store.events(run).await.unwrap().len(), 1);

    assert_eq!(place.store.commit(commit).await.unwrap(), CommitOutcome::Committed { version: 2 });
    let row = place.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.phase.as_str(), row.version, row.updated_at), ("planned", 2, at(1)));
    assert_eq!(row.state, "{\"phase\":\"planned\"}");
    assert_eq!(place.takes("w", 9).await.unwrap().run, run);
    let events = place.store.events(run).await.unwrap();
    assert_eq!(events.iter().map(|e| (e.seq, e.kind.as_str())).collect::<Vec<_>>(), [(1, "run_opened"), (2, "moved")]);

    let again = Commit { now: at(5), ..moving(run, 2, "planned") };
    assert_eq!(place.store.commit(again).await.unwrap(), CommitOutcome::Committed { version: 3 });
    let row = place.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.version, row.updated_at, row.phase_since), (3, at(5), at(1)), "it stands where it stood");
}

async fn a_run_is_found_by_its_issue_and_its_pull_requests(place: &Place) {
    let first = place.opens_run(1, &[]).await;
    let commit = Commit { pulls: vec![PullNumber(5), PullNumber(6)], ..moving(first, 1, "done") };
    assert_eq!(place.store.commit(commit).await.unwrap(), CommitOutcome::Committed { version: 2 });
    let second = place.opens_run(1, &[]).await;
    let other = place.opens_run(2, &[]).await;

    let latest = place.store.latest_run(RepoId(7), IssueNumber(1)).await.unwrap();
    assert_eq!(latest.map(|r| (r.id, r.open)), Some((second, true)));
    let of_pull = place.store.run_of_pull(RepoId(7), PullNumber(6)).await.unwrap();
    assert_eq!(of_pull.map(|r| (r.id, r.open)), Some((first, false)));
    assert_eq!(place.store.run_of_pull(RepoId(8), PullNumber(6)).await.unwrap(), None);
    let ids = |rows: Vec<assentry::store::RunRow>| rows.into_iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(ids(place.store.open_runs(RunId(0), 10).await.unwrap()), [second, other]);
    assert_eq!(ids(place.store.open_runs(second, 10).await.unwrap()), [other]);
    assert_eq!(ids(place.store.runs(None, 2).await.unwrap()), [other, second]);
    assert_eq!(ids(place.store.runs(Some(second), 2).await.unwrap()), [first]);
}

async fn a_plan_is_found_by_version_and_by_the_beginning_of_its_digest_and_never_changed(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    for (version, digit) in [(1, 'a'), (2, 'b')] {
        let commit = Commit { plan: Some(plan(version, digit)), ..moving(run, i64::from(version), "planned") };
        assert_eq!(
            place.store.commit(commit).await.unwrap(),
            CommitOutcome::Committed { version: i64::from(version) + 1 }
        );
    }

    let found = place.store.plan_by_digest(run, "BBBB").await.unwrap().unwrap();
    assert_eq!((found.version, found.terms.as_str(), found.markdown.as_str()), (2, "{\"v\":2}", "# Plan 2"));
    assert_eq!(place.store.plan(run, 2).await.unwrap(), Some(found));
    for (prefix, why) in [("", "ambiguous"), ("c", "unknown"), ("b%", "no digit"), ("b_", "no digit")] {
        assert_eq!(place.store.plan_by_digest(run, prefix).await.unwrap(), None, "{why}");
    }
    let again = Commit { plan: Some(plan(2, 'c')), ..moving(run, 3, "planned") };
    let error = place.store.commit(again).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    assert_eq!(place.store.plans(run).await.unwrap().len(), 2);
}

async fn f03_an_issue_has_one_open_run(place: &Place) {
    let stores = [place.store.clone(), place.another().await, place.another().await];
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let store = stores[n % 3].clone();
            tokio::spawn(async move { store.open_run(opening(42, &[(Lane::Work, "plan")])).await.unwrap() })
        })
        .collect();
    let mut opened = vec![];
    let mut told = vec![];
    for task in tasks {
        match task.await.unwrap() {
            OpenRunOutcome::Opened(run) => opened.push(run),
            OpenRunOutcome::AlreadyOpen(run) => told.push(run),
            outcome @ (OpenRunOutcome::LostLease | OpenRunOutcome::AlreadyMeant | OpenRunOutcome::LimitReached(_)) => {
                panic!("{outcome:?}")
            }
        }
    }

    assert_eq!(opened.len(), 1);
    assert!(told.len() == 23 && told.iter().all(|run| *run == opened[0]));
    assert!(place.takes("w", 1).await.is_some());
    assert_eq!(place.takes("w", 1).await, None);
}

async fn f12_a_caller_that_goes_away_leaves_all_or_nothing_and_no_open_transaction(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    for _ in 0..40 {
        let row = place.store.run(run).await.unwrap().unwrap();
        let commit = Commit { effects: vec![effect(Lane::Talk, "say")], ..moving(run, row.version, "planned") };
        let call = place.store.commit(commit);
        // Polled once, then dropped.
        tokio::select! { biased; _ = call => {}, () = std::future::ready(()) => {} }
    }
    let mut moved = place.store.run(run).await.unwrap().unwrap().version;
    let last = loop {
        match place.store.commit(moving(run, moved, "planned")).await.unwrap() {
            CommitOutcome::Committed { version } => break version,
            CommitOutcome::Stale => moved += 1,
            outcome @ (CommitOutcome::LostLease | CommitOutcome::AlreadyMeant) => panic!("{outcome:?}"),
        }
    };

    assert_eq!(place.store.unfinished_effects(run).await.unwrap(), last - 2);
    assert_eq!(i64::try_from(place.store.events(run).await.unwrap().len()).unwrap(), last);
}

async fn f20_many_commits_at_once_all_get_through(place: &Place) {
    let stores = [place.store.clone(), place.another().await];
    let mut runs = vec![];
    for issue in 0..16 {
        runs.push(place.opens_run(issue, &[]).await);
    }
    let tasks: Vec<_> =
        runs.iter().enumerate().map(|(n, run)| tokio::spawn(move_ten_times(stores[n % 2].clone(), *run))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(place.store.events_after(0).await.unwrap().len(), 16 + 160);
}

async fn move_ten_times(store: Store, run: RunId) {
    for version in 1..=10 {
        let commit = Commit { events: vec![event("moved")], ..moving(run, version, "planned") };
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Committed { version: version + 1 });
    }
}

async fn f26_a_database_of_a_newer_version_is_refused(place: &Place) {
    let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    place.tamper(row).await;
    let error = Store::open(&place.url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error:?}");
}

async fn t02_a_meaning_counts_once_whatever_the_delivery_id(place: &Place) {
    let meaning = Some("issues labeled 1042 assentry 2026-11-22T14:41:00Z".to_owned());
    let mut outcomes = vec![];
    for id in ["first", "replay-1", "replay-2"] {
        let delivery = NewDelivery {
            id: id.parse().unwrap(),
            event: "issues".parse().unwrap(),
            body: b"{}".as_slice().into(),
            repo: None,
            received_at: at(1),
        };
        place.store.receive(delivery).await.unwrap();
        let claimed = place.store.claim_delivery(&Worker::new("w"), lease(2)).await.unwrap().unwrap();
        let open = OpenRun { meaning: meaning.clone(), finishes: done(&claimed.claim), ..opening(42, &[]) };
        outcomes.push(place.store.open_run(open).await.unwrap());
        if let OpenRunOutcome::Opened(run) = outcomes[outcomes.len() - 1] {
            assert_eq!(
                place.store.commit(moving(run, 1, "done")).await.unwrap(),
                CommitOutcome::Committed { version: 2 }
            );
        }
    }

    assert_eq!(
        outcomes,
        [OpenRunOutcome::Opened(RunId(1)), OpenRunOutcome::AlreadyMeant, OpenRunOutcome::AlreadyMeant]
    );
    assert_eq!(place.store.claim_delivery(&Worker::new("w"), lease(900)).await.unwrap(), None);
}

fn plan(version: u32, digit: char) -> NewPlan {
    NewPlan {
        version,
        digest: digit.to_string().repeat(64).parse::<Digest>().unwrap(),
        terms: format!("{{\"v\":{version}}}"),
        markdown: format!("# Plan {version}"),
    }
}
