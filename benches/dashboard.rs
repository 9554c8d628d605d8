//! How fast the dashboard's pages are with many runs in the database, and how large.
//!
//! The demo's story is told by the real server; then its runs are copied, with their plans and events, until there are
//! enough. `cargo bench --bench dashboard` asks for each page of 10,000 runs a hundred times, one after the other, on
//! loopback; `cargo bench --bench dashboard -- 1000 20` copies to 1,000 runs and asks 20 times.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops where it breaks and prints what it found"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use assentry::demo::stage::{Dashboard, Stage};
use assentry::demo::story;
use assentry::demo::teller::Teller;
use reqwest::{Client, redirect};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// How many of the runs wait for people.
const WAITING: i64 = 200;
/// How many rows are copied in one transaction, so that the server gets its turns.
const BATCH: i64 = 500;

fn main() {
    // Cargo adds --bench.
    let given: Vec<i64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let [runs, times] = std::array::from_fn(|n| given.get(n).copied().unwrap_or([10_000, 100][n]));
    tokio::runtime::Runtime::new().unwrap().block_on(measure(runs, times));
}

async fn measure(runs: i64, times: i64) {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::set(folder.path(), Path::new(env!("CARGO_BIN_EXE_assentry")), Dashboard::On).await.unwrap();
    let mut out = std::io::sink();
    let told = Teller::new(&stage, &mut out).tell().await.unwrap();
    let ann = stage.github.person("ann");
    let _ = ann.marks_ready(told.pull.number);
    ann.merges(told.pull.number).unwrap();
    let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
    ann.labels(issue, "assentry").unwrap();
    let planned = |comment: &str| comment.contains("waiting for approval");
    stage.github.until(|github| github.issue_comments(story::REPO, issue).iter().any(|c| planned(&c.body))).await;
    let began = Instant::now();
    copy(&stage.database(), runs).await;
    println!("{runs} runs in {:.0} s", began.elapsed().as_secs_f64());

    let base = stage.dashboard.clone().unwrap();
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
    let session = sign_in(&client, &base).await;
    let page = async |path: &str| {
        let answer = client.get(format!("{base}{path}")).header("cookie", &session).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    // The server counts what has ended by itself; until then the charts say so.
    while page("/costs").await.contains("still being counted") {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("{:34} {:>9} {:>9} {:>9} {:>9} {:>9}", "page", "first ms", "p50 ms", "p95 ms", "bytes", "requests");
    let (ended, waiting) = (1, 2);
    for path in [
        "/runs".to_owned(),
        "/runs?group=waiting".to_owned(),
        "/runs?group=ended".to_owned(),
        format!("/runs?before={}", runs / 2),
        "/repositories".to_owned(),
        "/costs".to_owned(),
        "/deliveries".to_owned(),
        "/health".to_owned(),
        format!("/runs/{ended}"),
        format!("/runs/{waiting}"),
        format!("/runs/{ended}/versions/2"),
        format!("/runs/{ended}/compare/1/2"),
        format!("/runs/{ended}/log"),
    ] {
        let mut took = vec![];
        let mut body = String::new();
        for _ in 0..=times {
            let began = Instant::now();
            body = page(&path).await;
            took.push(began.elapsed());
        }
        let first = took.remove(0);
        took.sort();
        let at = |share: usize| milliseconds(took[(took.len() * share / 100).min(took.len() - 1)]);
        // The page itself and what it loads, which a browser keeps for ever.
        let requests = 1 + body.matches("\"/assets/").count();
        println!("{path:34} {:9.1} {:9.1} {:9.1} {:9} {requests:9}", milliseconds(first), at(50), at(95), body.len());
    }
    stage.stop_server().await.unwrap();
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// Copies the two runs of the story, each a little later than the one before, over the last fifteen weeks.
async fn copy(database: &Path, runs: i64) {
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::from_secs(60));
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    // What is not there yet, the server is at.
    let of = async |db: &mut SqliteConnection, sql: &str| -> i64 {
        loop {
            let found = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_optional(&mut *db).await.unwrap();
            match found {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let ended = of(&mut db, "SELECT id FROM runs WHERE open = 0 ORDER BY id LIMIT 1").await;
    let open = of(&mut db, "SELECT id FROM runs WHERE phase = 'awaiting_approval' ORDER BY id LIMIT 1").await;
    let first = of(&mut db, "SELECT MAX(id) + 1 FROM runs").await;
    let step = 15 * 7 * 24 * 3600 * 1000 / runs;
    let mut from = first;
    while from <= runs {
        let to = (from + BATCH - 1).min(runs);
        let numbers = format!("WITH RECURSIVE n(id) AS (SELECT {from} UNION ALL SELECT id + 1 FROM n WHERE id < {to})");
        // The newest wait, the others have ended.
        let source = format!("CASE WHEN n.id > {} THEN {open} ELSE {ended} END", runs - WAITING);
        let back = format!("({runs} - n.id) * {step}");
        for sql in [
            format!(
                "{numbers} INSERT INTO runs (id, installation_id, repo_id, repo_name, issue_id, issue_number, origin, phase, \
                 state, version, open, opened_at, updated_at, phase_since, requester_id, asked_at) \
                 SELECT n.id, r.installation_id, r.repo_id, r.repo_name, 1000000 + n.id, 1000000 + n.id, r.origin, r.phase, \
                 r.state, r.version, r.open, r.opened_at - {back}, r.updated_at - {back}, r.phase_since - {back}, \
                 r.requester_id, r.asked_at FROM n JOIN runs r ON r.id = {source}"
            ),
            format!(
                "{numbers} INSERT INTO plans (run_id, version, digest, terms, markdown, made_at) SELECT n.id, p.version, \
                 p.digest, p.terms, p.markdown, p.made_at FROM n JOIN plans p ON p.run_id = {source}"
            ),
            format!(
                "{numbers} INSERT INTO kept (run_id, name, bytes, at) SELECT n.id, k.name, k.bytes, k.at FROM n \
                 JOIN kept k ON k.run_id = {source}"
            ),
            format!(
                "{numbers} INSERT INTO events (seq, run_id, at, kind, body, prev_hash, hash) SELECT \
                 n.id * 1000 + ROW_NUMBER() OVER (PARTITION BY n.id ORDER BY e.seq), n.id, e.at - {back}, e.kind, e.body, \
                 e.prev_hash, e.hash FROM n JOIN events e ON e.run_id = {source}"
            ),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
        }
        from = to + 1;
    }
    db.close().await.unwrap();
}

/// Signs in as ann, who administers the demo; gives the cookie.
async fn sign_in(client: &Client, base: &str) -> String {
    let begun = client.get(format!("{base}/login?to=/runs")).send().await.unwrap();
    let cookie = |answer: &reqwest::Response, name: &str| {
        let set = answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        set.filter_map(|line| line.split(';').next()).find(|pair| pair.starts_with(name)).unwrap().to_owned()
    };
    let location = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let login = cookie(&begun, "assentry-login=");
    let agreed = client.get(format!("{}&login=ann", location(&begun))).send().await.unwrap();
    let back = client.get(location(&agreed)).header("cookie", login).send().await.unwrap();
    cookie(&back, "assentry=")
}
