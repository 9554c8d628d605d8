//! Several servers on one PostgreSQL database: each deed is done once, whoever does it (F17, F23, F24).

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use assentry::demo::story;

use super::server::Server;
use super::town::{Stream, Town, in_time};
use crate::postgres::new_database;

async fn town_on_postgres() -> Town {
    let url = new_database().await;
    let mut town = Town::with(story::script(), &format!("[database]\nurl = '{url}'")).await;
    town.database = url;
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_four_servers_with_roles_of_their_own_do_each_deed_once() {
    in_time(async {
        let town = town_on_postgres().await;
        let web = Server::start(&town.config).await;
        let others =
            ["worker", "runner", "worker,runner"].map(|roles| Server::begin(&town.config, &["--roles", roles]));
        for other in &others {
            assert!(other.log().shows("we are assentry[bot]").await);
        }
        town.people_act().await;
        town.is_quiet_among(std::iter::once(&web).chain(&others)).await;
        for server in std::iter::once(web).chain(others) {
            assert!(server.stops().await.success());
        }
        assert_eq!(town.outcome().await, Town::undisturbed().await);
        assert_eq!(town.model.calls(), 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_another_server_goes_on_when_the_lease_of_a_killed_one_ends() {
    in_time(taken_over_from(Signal::SIGKILL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_server_that_wakes_up_after_its_lease_has_ended_changes_nothing() {
    in_time(taken_over_from(Signal::SIGSTOP)).await;
}

/// One server plans and executes until the model falls silent; then it is killed or frozen, and another is there.
async fn taken_over_from(signal: Signal) {
    let town = town_on_postgres().await;
    let silent = town.model.falls_silent_at(5, Stream::Nothing);
    let first = Server::begin(&town.config, &["--roles", "worker,runner"]);
    let web = Server::begin(&town.config, &["--roles", "web"]);
    assert!(web.log().shows("listening on").await);
    let mut people = std::pin::pin!(town.people_act());
    tokio::select! {
        () = &mut people => unreachable!("the model is silent"),
        told = silent => told.unwrap(),
    }
    kill(Pid::from_raw(first.id()), signal).unwrap();
    let second = Server::begin(&town.config, &["--roles", "worker,runner"]);
    people.await;
    town.is_quiet(&second).await;
    let outcome = town.outcome().await;
    if signal == Signal::SIGSTOP {
        kill(Pid::from_raw(first.id()), Signal::SIGCONT).unwrap();
        assert!(first.stops().await.success());
    }
    for server in [web, second] {
        assert!(server.stops().await.success());
    }
    assert_eq!(town.outcome().await, outcome);
    assert_eq!(outcome, Town::undisturbed().await);
    assert!(town.model.calls() <= 8, "{}", town.model.calls());
}
