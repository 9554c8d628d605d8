//! What an operator types, through the real program, while servers work.

mod backup;
mod by_hand;
mod logs;
mod retention;
mod traces;
mod upgrade;

use std::path::Path;
use std::process::Output;

use sqlx::{AnyConnection, Connection as _};

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

/// The database's file, looked into by hand.
async fn by_hand(database: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap()
}
