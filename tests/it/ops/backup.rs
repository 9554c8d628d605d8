//! Copies of the database, made while a server works and put back over a GitHub that went on (F21).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use assentry::demo::github::Role;
use assentry::store::{Past, Store};

use super::{does, refuses, settles};
use crate::crash::server::Server;
use crate::crash::town::{Town, in_time};
use crate::postgres::new_database;
use crate::world::{REPO, World};

const NOTHING_BUILT_TWICE: usize = 2;

/// Starts a server on a database that came back, and lets it come to an end.
async fn recovers(town: &Town) {
    let server = Server::start(&town.config).await;
    assert!(server.log().shows("open runs were held against GitHub").await, "{:#?}", server.log().lines());
    settles(town, &server).await;
    assert!(server.stops().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_copies_from_every_boundary_put_back_at_the_end_repeat_nothing() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        let copy = |name: &str| town.dir.path().join(name).display().to_string();
        let boundaries = ["to publishing", "to awaiting_approval", "to executing", "to delivering"];
        let watching = async {
            for (n, boundary) in boundaries.iter().enumerate() {
                assert!(server.log().shows(&format!(" {boundary}")).await);
                let said = does(&town, &["backup", &copy(&format!("copy-{n}"))]).await;
                assert!(said.contains("1 runs, ") && said.contains("the last one has hash "), "{said}");
            }
        };
        tokio::join!(watching, town.people_act());
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());
        let (pulls, branches, calls) = seen(&town);
        assert_eq!(pulls, NOTHING_BUILT_TWICE);

        for (n, boundary) in boundaries.iter().enumerate() {
            let from = copy(&format!("copy-{n}"));
            let mode = std::fs::metadata(&from).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let said = does(&town, &["restore", &from]).await;
            assert!(said.contains("what was there before: ") && said.contains("approvals from before"), "{said}");
            recovers(&town).await;

            assert_eq!(seen(&town), (pulls, branches, calls), "{boundary}");
            // A copy of the last moments, when all was built, goes on to its end.
            let status = town.status();
            let done = n == 3 && status.contains("Assentry: in review");
            assert!(done || status.contains("a new plan is needed"), "{boundary}: {status}");
            assert!(does(&town, &["audit", "verify"]).await.starts_with("whole: "));
            assert_eq!(town.github.unknown_requests(), [""; 0]);
        }
    })
    .await;
}

/// How many pull requests and branches there are, and how often the model was asked.
fn seen(town: &Town) -> (usize, usize, usize) {
    (town.github.pulls(REPO).len(), town.github.branches(REPO).len(), town.model.calls())
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_a_copy_of_a_version_that_still_waits_is_approved_anew_and_built() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.ann_labels().await;
        let copy = town.dir.path().join("copy").display().to_string();
        does(&town, &["backup", &copy]).await;
        let said = refuses(&town, &["backup", &copy]).await;
        assert!(said.contains("a backup replaces nothing"), "{said}");
        let said = refuses(&town, &["restore", &copy]).await;
        assert!(said.contains("stop it first"), "{said}");
        assert!(server.stops().await.success());

        // By hand, past `restore`: the copy says itself what it is.
        let database = Path::new(&town.database);
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", town.database));
        }
        std::fs::copy(&copy, database).unwrap();
        let server = Server::start(&town.config).await;
        town.github.until(|github| asked_anew(github.issue_comments(REPO, 1).into_iter().map(|c| c.body)) == 1).await;
        town.bob_approves().await;
        town.github.until(|_| town.is_over()).await;
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());
        assert_eq!(town.github.pulls(REPO).len(), NOTHING_BUILT_TWICE);

        // The server that had come to the end noted how long the log was: an older file is found out without a mark.
        let old = std::fs::read(&copy).unwrap();
        std::fs::write(database, old).unwrap();
        let mut conn = super::by_hand(database).await;
        sqlx::query("UPDATE epochs SET copied_at = 0").execute(&mut conn).await.unwrap();
        sqlx::Connection::close(conn).await.unwrap();
        recovers(&town).await;
        assert_eq!(town.github.pulls(REPO).len(), NOTHING_BUILT_TWICE);
    })
    .await;
}

fn asked_anew(comments: impl Iterator<Item = String>) -> usize {
    comments.filter(|text| text.starts_with("The database of this server was put back from a backup")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_no_approval_from_before_starts_anything() {
    for phase in ["awaiting_approval", "starting", "executing"] {
        let world = World::start().await;
        let issue = world.planned().await;
        let pull = world.plan_pull(issue).await;
        world.person("bob").approves(pull).unwrap();
        if phase == "awaiting_approval" {
            // Known, and not judged yet.
            world.github.delivered().await;
        } else {
            world.until(issue, phase).await;
        }
        world.github.advances(Duration::from_secs(60));
        assert_eq!(world.core.recover(None, world.github.now()).await.unwrap(), 1);
        world.settle().await;
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{phase}");
        assert_eq!((world.work_pulls().len(), asked_anew(world.said(issue).into_iter())), (0, 1), "{phase}");

        world.github.advances(Duration::from_secs(60));
        world.person("bob").approves(pull).unwrap();
        world.settle().await;
        assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("in_review", 1), "{phase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_a_version_that_github_has_left_behind_ends_and_says_why() {
    let world = World::start().await;
    let issue = world.planned().await;
    world.github.holds_webhooks();
    let branch = world.github.pull(REPO, world.plan_pull(issue).await).unwrap().head;
    world.person("eve").becomes(Role::Write).unwrap();
    world.person("eve").pushes(&branch, "more.txt", "since the copy").unwrap();

    assert_eq!(world.core.recover(None, world.github.now()).await.unwrap(), 1);
    world.github.releases_webhooks(&[]);
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended");
    let status = &world.said(issue)[0];
    assert!(status.contains("more has happened here since than it knows of"), "{status}");

    // Another run of the issue has a number that no lost one can have had.
    world.person("ann").comments(issue, "/plan").unwrap();
    world.settle().await;
    assert_eq!(world.row(issue).await.unwrap().id.0, 10_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_not_put_back_and_nothing_is_left_of_the_attempt() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.ann_labels().await;
        assert!(server.stops().await.success());
        let copy = town.dir.path().join("copy");
        does(&town, &["backup", copy.to_str().unwrap()]).await;
        let mut conn = super::by_hand(&copy).await;
        sqlx::query("UPDATE events SET kind = 'approved' WHERE seq = 3").execute(&mut conn).await.unwrap();
        sqlx::Connection::close(conn).await.unwrap();
        let before = std::fs::read(&town.database).unwrap();

        let said = refuses(&town, &["restore", copy.to_str().unwrap()]).await;
        assert!(said.contains("is damaged: its event log is broken at event 3"), "{said}");
        std::fs::write(&copy, "no database").unwrap();
        let said = refuses(&town, &["restore", copy.to_str().unwrap()]).await;
        assert!(said.contains("is damaged"), "{said}");
        let said = refuses(&town, &["restore", town.dir.path().join("none").to_str().unwrap()]).await;
        assert!(said.contains("there is no such file"), "{said}");
        assert_eq!(std::fs::read(&town.database).unwrap(), before);
        let left: Vec<_> = std::fs::read_dir(town.dir.path().join("data")).unwrap().flatten().collect();
        assert!(!left.iter().any(|entry| entry.file_name().to_string_lossy().contains("restor")), "{left:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_left_to_its_own_programs_and_marked_when_it_came_back() {
    let url = new_database().await;
    let mut town = Town::with(assentry::demo::story::script(), &format!("[database]\nurl = '{url}'")).await;
    town.database = url;
    let store = Store::open(&town.database).await.unwrap();
    assert_eq!(store.past().await.unwrap(), Past::Whole);
    let said = refuses(&town, &["backup", "copy"]).await;
    assert!(said.contains("pg_dump --format=custom --no-owner --file='copy' --dbname='postgres://assentry@"), "{said}");
    let said = refuses(&town, &["restore", "copy"]).await;
    assert!(said.contains("pg_restore") && said.contains("assentry restore --in-place"), "{said}");
    does(&town, &["restore", "--in-place"]).await;
    assert!(matches!(store.past().await.unwrap(), Past::Copy { at: Some(_) }));
}
