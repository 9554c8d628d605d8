//! The record of what was built: what a pull request says of it proves later that nobody rewrote it.

use std::process::Output;

use assentry::config::Config;
use assentry::demo::story;
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::world::{REPO, World};

/// The story, built; its pull request names the place in the log.
async fn built(title: &str) -> (World, String) {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue(title, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let body = world.github.pull(REPO, world.work_pulls()[0].number).unwrap().body;
    let (_, rest) = body.split_once("`assentry audit verify --at ").unwrap_or_else(|| panic!("{body}"));
    let (place, _) = rest.split_once('`').unwrap();
    (world, place.to_owned())
}

async fn verify(world: &World, place: &str) -> Output {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(["audit", "verify", "--at", place, "--config"]).arg(world.data.path().join("assentry.toml"));
    program.output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_as_a_whole_is_found_out_by_what_the_pull_request_says() {
    let (world, place) = Box::pin(built(story::TITLE)).await;
    let whole = verify(&world, &place).await;
    let said = String::from_utf8_lossy(&whole.stdout);
    assert!(whole.status.success() && said.starts_with("whole: "), "{whole:?}");
    let (event, hash) = place.split_once(':').unwrap();
    assert!(said.ends_with(&format!("event {event} is the one that was named: {hash}\n")), "{said}");

    // A log with another story in it, whole in itself.
    let (other, _) = Box::pin(built("Slugs end in a dash, and nobody knows why")).await;
    let rewritten = verify(&other, &place).await;
    let said = String::from_utf8_lossy(&rewritten.stderr);
    assert!(!rewritten.status.success() && said.contains("the event log was rewritten: event"), "{rewritten:?}");

    let cut = format!("1000000{}", &place[place.find(':').unwrap()..]);
    let said = String::from_utf8_lossy(&verify(&world, &cut).await.stderr).into_owned();
    assert!(said.contains("there is no event 1000000"), "{said}");
    let said = String::from_utf8_lossy(&verify(&world, "7e7e").await.stderr).into_owned();
    assert!(said.contains("64 hex digits"), "{said}");
}

async fn run(world: &World, arguments: &[&str]) -> Output {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
    program.args(arguments).arg("--config").arg(world.data.path().join("assentry.toml"));
    program.output().await.unwrap()
}

/// What somebody with access to the database can do behind our back.
async fn tamper(world: &World, sql: &str) {
    let config = Config::load(&world.data.path().join("assentry.toml")).unwrap();
    let path = config.server.database_url.expose().trim_start_matches("sqlite:").to_owned();
    let mut conn = AnyConnection::connect(&format!("sqlite://{path}")).await.unwrap();
    conn.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    conn.close().await.unwrap();
}

/// What `audit verify` complains of; empty if of nothing.
async fn complaint(world: &World) -> String {
    let output = run(world, &["audit", "verify"]).await;
    assert_eq!(output.status.success(), output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_binds_cannot_be_rewritten_beside_it() {
    let (world, _) = Box::pin(built(story::TITLE)).await;
    assert_eq!(complaint(&world).await, "");

    // What is done, and what is said of it.
    let crimes = [
        (
            "UPDATE turns SET answer = CAST('{}' AS BLOB) WHERE task = 'execute-1' AND seq = 2",
            "turn 2 of the conversation execute-1 of run 1 is another answer",
        ),
        (
            "UPDATE turns SET cost_micro_dollars = cost_micro_dollars + 1 WHERE task = 'execute-1' AND seq = 1",
            "turn 1 of the conversation execute-1 of run 1 is another answer",
        ),
        (
            "UPDATE results SET results = CAST('[]' AS BLOB) WHERE task = 'execute-1' AND seq = 0",
            "turn 0 of the conversation execute-1 of run 1 got other results",
        ),
        ("DELETE FROM turns WHERE task LIKE 'plan-1%' AND seq = 2", "is missing"),
        (
            "UPDATE kept SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"path\":\"bin/slug\"', '\"path\":\"bin/slag\"') \
             AS BLOB) WHERE name = 'work-1'",
            "what run 1 built by version 1 is not what is stored",
        ),
        ("DELETE FROM kept WHERE name = 'work-1'", "what run 1 built by version 1 is not what is stored"),
        (
            "UPDATE plans SET terms = replace(terms, '\"turns\":', '\"turns\":1')",
            "version 1 of the plan of run 1 is not what was written",
        ),
        (
            "UPDATE plans SET terms = replace(terms, '\"turns\":', '\"turns\":1'), \
             digest = substr(digest, 2) || substr(digest, 1, 1)",
            "version 1 of the plan of run 1 is not what was written",
        ),
        (
            "UPDATE plans SET markdown = CAST('Nothing of all that.' AS BLOB)",
            "the text of version 1 of the plan of run 1 is not what was written",
        ),
        ("DELETE FROM plans", "version 1 of the plan of run 1 is missing"),
    ];
    for (crime, told) in crimes {
        let before = world.data.path().join("before");
        let _ = std::fs::remove_file(&before);
        tamper(&world, &format!("VACUUM INTO '{}'", before.display())).await;
        tamper(&world, crime).await;
        let said = complaint(&world).await;
        assert!(said.contains(told), "{crime}: {said:?}");
        let undo = ["turns", "results", "kept", "plans"]
            .map(|table| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM before.{table};"));
        tamper(&world, &format!("ATTACH '{}' AS before; {} DETACH before", before.display(), undo.join(" "))).await;
        assert_eq!(complaint(&world).await, "", "undone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_each_call_of_the_model_and_each_write_with_its_answer() {
    let (world, _) = Box::pin(built(story::TITLE)).await;
    let exported = String::from_utf8(run(&world, &["audit", "export"]).await.stdout).unwrap();
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |kind: &str| lines.iter().filter(|line| line["kind"] == kind).map(|line| &line["event"]).collect::<Vec<_>>();

    let executed = &of("executed")[0]["record"];
    assert_eq!(executed["conversations"][0]["task"], "execute-1");
    assert_eq!(executed["conversations"][0]["calls"].as_array().unwrap().len(), 4, "{executed:#}");
    let commands = executed["conversations"][0]["commands"].as_array().unwrap();
    let ended = commands.iter().map(|ran| (ran["command"].as_str().unwrap(), ran["ended"].as_str().unwrap()));
    assert_eq!(ended.collect::<Vec<_>>(), [(story::CHECK, "exit 2"), (story::CHECK, "exit 0")]);
    assert_eq!(executed["built"]["conformance"]["verdict"], "as_planned");
    assert_eq!(executed["built"]["result"].as_str().unwrap().len(), 64);
    assert_eq!(of("plan_written")[0]["record"]["conversations"][0]["calls"].as_array().unwrap().len(), 3);

    let wrote: Vec<&Value> = of("wrote").into_iter().flat_map(|event| event["writes"].as_array().unwrap()).collect();
    assert!(wrote.iter().all(|write| !write["path"].as_str().unwrap().ends_with("/access_tokens")), "{wrote:#?}");
    let made = |path: &str| wrote.iter().find(|write| write["path"].as_str().unwrap().ends_with(path)).unwrap();
    let pull = &world.work_pulls()[0];
    let pulls: Vec<_> = wrote.iter().filter(|write| write["path"].as_str().unwrap().ends_with("/pulls")).collect();
    assert_eq!(pulls.last().unwrap()["id"], pull.number.to_string());
    assert_eq!(made("/check-runs")["status"], 201);
    let calls = world.core.app.calls();
    let tokens =
        world.github.requests().iter().filter(|request| request.path.ends_with("/access_tokens")).count() as u64;
    assert_eq!(wrote.len() as u64, calls.writes - tokens, "every write is in the log");

    // Each line is as the schema says, as far as its names go.
    let schema: Value = serde_json::from_slice(&run_without_config(&["schema", "audit"]).await.stdout).unwrap();
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for line in &lines {
        let mut found: Vec<&String> = line.as_object().unwrap().keys().collect();
        found.sort();
        assert_eq!(found, names);
    }
    for field in ["led", "record", "writes", "event"] {
        assert!(schema.to_string().contains(&format!("\"{field}\"")), "{schema:#}");
    }
}

async fn run_without_config(arguments: &[&str]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry")).args(arguments).output().await.unwrap()
}
