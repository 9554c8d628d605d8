//! What is printed may be read in part only: `assentry audit export | head -1`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use crate::world::World;

/// A command with what comes of it when nobody reads what it prints.
fn unread(arguments: &[&str], config: &str) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(arguments).stdout(writer).stderr(Stdio::piped());
    if !config.is_empty() {
        program.args(["--config", config]);
    }
    program.spawn().unwrap().wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_reader_has_gone_ends_without_a_word() {
    let world = World::start().await;
    let issue = world.planned().await;
    let run = world.row(issue).await.unwrap().id.to_string();
    let config = world.data.path().join("assentry.toml").display().to_string();
    let of_the_server: [&[&str]; 7] = [
        &["audit", "export"],
        &["audit", "verify"],
        &["runs"],
        &["run", "show", &run],
        &["costs"],
        &["config", "check"],
        &["doctor"],
    ];
    let commands = of_the_server.into_iter().map(|command| (command, config.as_str()));
    let alone: [&[&str]; 3] = [&["schema", "policy"], &["completions", "bash"], &["demo"]];
    for (command, config) in commands.chain(alone.into_iter().map(|command| (command, ""))) {
        let done = unread(command, config);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!((done.status.code(), said.as_ref()), (Some(141), ""), "{command:?}");
    }

    // What was read before is whole.
    let mut export = Command::new(env!("CARGO_BIN_EXE_assentry"))
        .args(["audit", "export", "--config", &config])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(export.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&first).unwrap()["seq"], 1);
    let done = export.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

#[test]
fn a_device_that_is_full_is_no_reader_that_has_gone() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_assentry"));
    let done = program.args(["schema", "policy"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let done = done.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("No space left on device"), "{done:?}");
}
