//! Deliveries taken once more, runs ended past GitHub, and what shells and manuals are made of.

use assentry::cli::wiring::wire_without_sandbox;
use assentry::config::Config;
use assentry::demo::github::Mishap;
use assentry::demo::story;
use assentry::ids::{RunId, Timestamp};
use assentry::store::Store;
use tokio_util::sync::CancellationToken;

use super::{assentry, by_hand, does, refuses, settles};
use crate::crash::server::Server;
use crate::crash::town::{ISSUE, Town, in_time};
use crate::world::REPO;

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_delivery_taken_once_more_means_what_it_meant_once() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.ann_labels().await;
        let mut conn = by_hand(std::path::Path::new(&town.database)).await;
        let ids = "SELECT id FROM deliveries WHERE event = 'issues' AND state = 'done'";
        let done: Vec<String> = sqlx::query_scalar(ids).fetch_all(&mut conn).await.unwrap();
        let comments = town.github.issue_comments(REPO, ISSUE).len();
        assert!(!done.is_empty());
        for id in &done {
            assert_eq!(does(&town, &["replay", id]).await, format!("{id} is taken once more\n"));
        }
        let waiting = "SELECT COUNT(*) FROM deliveries WHERE state = 'due'";
        loop {
            let left: i64 = sqlx::query_scalar(waiting).fetch_one(&mut conn).await.unwrap();
            if left == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        let store = Store::open(&town.database).await.unwrap();
        assert_eq!(store.runs(None, 10).await.unwrap().len(), 1);
        assert_eq!(town.github.issue_comments(REPO, ISSUE).len(), comments);
        let told = store.events_after(0).await.unwrap().into_iter().filter(|event| event.kind == "operator");
        assert_eq!(told.count(), done.len());

        let said = refuses(&town, &["replay", "00000000-0000-0000-0000-000000000000"]).await;
        assert!(said.contains("neither stored here nor among GitHub's deliveries"), "{said}");
        assert_eq!(assentry(&town, &["replay", "no; delivery"]).await.status.code(), Some(2));
        assert!(server.stops().await.success());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_delivery_that_is_not_stored_is_asked_of_github() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.github.deliveries_go_wrong("issues", 2, Mishap::Lost);
        let issue = town.github.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        town.github.person("ann").labels(issue, "assentry").unwrap();
        town.github.delivered().await;
        let config = Config::load(&town.config).unwrap();
        let core = wire_without_sandbox(&config, std::path::Path::new(""), CancellationToken::new()).await.unwrap();
        let now = town.github.now();
        let listed = core.app.hook_deliveries(Timestamp(0), now).await.unwrap().items;
        let lost = listed.iter().filter(|tried| tried.event == "issues" && !tried.succeeded());
        let lost: Vec<String> = lost.map(|tried| tried.guid.as_str().to_owned()).collect();
        assert_eq!(lost.len(), 2);

        for id in &lost {
            let said = does(&town, &["replay", id]).await;
            // The server, too, looks for what was lost and may have found it first, and be about to take it.
            let found = said.ends_with("is taken once more\n") || said.contains("waits to be taken");
            assert!(found || said.ends_with("GitHub was asked to deliver it again\n"), "{said}");
        }
        town.github.until(|_| town.status().contains("waiting for approval")).await;
        assert!(server.stops().await.success());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_operator_ends_tells_people_and_the_log_who_did() {
    in_time(async {
        let town = Town::new().await;
        let silent = town.model.falls_silent_at(5, crate::crash::town::Stream::Part);
        let server = Server::start(&town.config).await;
        let mut people = std::pin::pin!(town.people_act());
        tokio::select! {
            () = &mut people => unreachable!("the model is silent"),
            told = silent => told.unwrap(),
        }
        assert_eq!(does(&town, &["run", "stop", "1"]).await, "run 1 is ended; a server tells people\n");
        settles(&town, &server).await;
        let comments = town.github.issue_comments(REPO, ISSUE);
        let status = comments.iter().find(|comment| comment.body.starts_with("**Assentry: ")).unwrap();
        assert!(status.body.contains("The operator of this server ended the run."), "{}", status.body);
        assert!(town.github.pulls(REPO).iter().all(|pull| pull.head.contains("-plan-")));

        assert!(refuses(&town, &["run", "stop", "1"]).await.contains("run 1 has ended before"));
        assert!(refuses(&town, &["run", "stop", "7"]).await.contains("there is no run 7"));
        assert!(server.stops().await.success());
        let store = Store::open(&town.database).await.unwrap();
        let events = store.events(RunId(1)).await.unwrap();
        let told = events.iter().find(|event| event.kind == "operator").unwrap();
        assert!(told.json.contains("\"did\":\"run stop\"") && told.json.contains('@'), "{}", told.json);
    })
    .await;
}

#[test]
fn shells_complete_every_subcommand_and_each_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_assentry")).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let pages = dir.path().join("man1");
    run(&["man", pages.to_str().unwrap()]);
    let commands = ["serve", "audit", "backup", "restore", "replay", "run", "config", "schema", "completions", "man"];
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        for command in commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    for command in commands {
        let page = std::fs::read_to_string(pages.join(format!("assentry-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    let script = dir.path().join("completions.bash");
    std::fs::write(&script, run(&["completions", "bash"])).unwrap();
    assert!(std::process::Command::new("bash").arg("-n").arg(script).status().unwrap().success());
}
