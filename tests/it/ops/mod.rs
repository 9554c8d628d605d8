//! What an operator types, through the real program, while servers work.

mod backup;
mod by_hand;
mod logs;
mod pipes;
mod retention;
mod traces;
mod upgrade;

use std::path::Path;
use std::process::Output;

use assentry::ids::RunId;
use assentry::store::Store;
use sqlx::{AnyConnection, Connection as _};

use crate::crash::server::Server;
use crate::crash::town::Town;

/// `assentry ARGS --config …`, and what it said.
async fn assentry(town: &Town, args: &[&str]) -> Output {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(args).arg("--config").arg(&town.config).output().await.unwrap()
}

/// The same, where it must do what it was asked.
async fn does(town: &Town, args: &[&str]) -> String {
    let done = assentry(town, args).await;
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The same, where it must refuse.
async fn refuses(town: &Town, args: &[&str]) -> String {
    let done = assentry(town, args).await;
    assert_eq!(done.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8(done.stderr).unwrap()
}

/// Waits until nothing more follows by itself: the run has ended, or people look at its result.
async fn settles(town: &Town, server: &Server) {
    let store = Store::open(&town.database).await.unwrap();
    let mut log = server.log();
    loop {
        let run = store.run(RunId(1)).await.unwrap().expect("a run");
        let over = matches!(run.phase.as_str(), "ended" | "in_review");
        if over && store.unfinished_effects(RunId(1)).await.unwrap() == 0 {
            return store.close().await;
        }
        assert!(log.grows().await, "the server ended: {:#?}", log.lines());
    }
}

/// The database's file, looked into by hand.
async fn by_hand(database: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap()
}
