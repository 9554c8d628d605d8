//! `/metrics`: the real binary's numbers, behind a token and at an address of their own.

use assentry::demo::story;
use assentry::web::metrics::Metrics;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::crash::{Server, Town, in_time, own_address};
use crate::world::World;

/// The lines that begin so, without their `#` comments.
fn lines(text: &str, begins: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with(begins)).map(str::to_owned).collect()
}

fn metrics(world: &World) -> Metrics {
    let core = &world.core;
    Metrics { counts: core.counts.clone(), store: core.store.clone(), app: core.app.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_story_are_there_to_be_scraped() {
    let world = World::start().await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let text = metrics(&world).text().await;

    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(lines(&text, "assentry_runs{"), ["assentry_runs{phase=\"in_review\"} 1"]);
    assert_eq!(
        lines(&text, "assentry_effects_total{effect=\"execute\""),
        ["assentry_effects_total{effect=\"execute\",result=\"done\"} 1"]
    );
    let calls = lines(&text, "assentry_model_calls_total{");
    assert!(calls.len() == 2 && calls.iter().all(|line| line.contains("model=\"anthropic/")), "{calls:?}");
    for begins in [
        "assentry_model_tokens_total{model=\"anthropic/",
        "assentry_model_cost_dollars_total{",
        "assentry_github_quota_left{installation=\"",
        "assentry_github_calls{kind=\"write\"}",
        "assentry_deliveries_total{result=\"done\"}",
        "assentry_queue_due{queue=\"deliveries\"} 0",
        "assentry_queue_age_seconds{queue=\"deliveries\"} 0",
        "assentry_sandbox_failures_total 0",
        "assentry_database_answers 1",
        "assentry_build_info{version=",
    ] {
        assert!(!lines(&text, begins).is_empty(), "no {begins} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_takes_its_own_numbers_with_it_and_no_others() {
    let world = World::with(story::script(), story::repository(), "").await;
    world.planned().await;
    let metrics = metrics(&world);
    world.core.store.close().await;
    let text = metrics.text().await;
    assert!(text.contains("assentry_database_answers 0") && text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("assentry_effects_total{") && !text.contains("assentry_runs{"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t69_the_numbers_are_for_whoever_has_the_token() {
    let world = World::start().await;
    let router = metrics(&world).router(Some("s3cret".into()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = world.core.stop.clone();
    let serving = tokio::spawn(assentry::web::serve(listener, router, stop.clone()));
    // No connection is kept: what was open before the server stopped says nothing about who still listens.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().tls_certs_only([]).build().unwrap();
    let ask = |token: Option<&str>| {
        let request = client.get(format!("http://{address}/metrics"));
        match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
        .send()
    };
    assert_eq!(ask(None).await.unwrap().status(), 401);
    assert_eq!(ask(Some("s3cre")).await.unwrap().status(), 401);
    let answer = ask(Some("s3cret")).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text().await.unwrap().ends_with("# EOF\n"));

    stop.cancel();
    serving.await.unwrap();
    assert!(ask(Some("s3cret")).await.unwrap_err().is_connect(), "a stopped server refuses the connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_until_a_webhook_is_answered_is_counted_by_status() {
    let counts = assentry::counts::Counts::default();
    counts.answered_webhook(202, std::time::Duration::from_millis(3));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, counts.registry()).unwrap();
    let within = text.lines().filter(|line| line.contains("le=\"0.004\"") && line.contains("status=\"202\""));
    assert!(within.clone().count() == 1 && within.clone().all(|line| line.ends_with("} 1")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_dashboard_asks_for_numbers_that_there_are() {
    let world = World::start().await;
    world.planned().await;
    let metrics = metrics(&world);
    metrics.counts.answered_webhook(202, std::time::Duration::from_millis(3));
    let text = metrics.text().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana.json");
    let example: serde_json::Value = serde_json::from_slice(&std::fs::read(folder).unwrap()).unwrap();
    let asked = example["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut names: Vec<String> = vec![];
    for target in asked {
        let query = target["expr"].as_str().unwrap();
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        names.extend(words.filter(|word| word.starts_with("assentry_")).map(str::to_owned));
    }
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let there = text.lines().any(|line| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(there, "{name} is not in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_during_a_stop_is_answered_whole_and_the_server_ends_well() {
    in_time(async {
        let address = own_address();
        let town = Town::with(story::script(), &format!("[web]\nmetrics = '{address}'\n")).await;
        let server = Server::start(&town.config).await;
        while TcpStream::connect(&address).await.is_err() {}
        // Each asks the database, one after the other: when the first is answered, others are under way.
        let scrape = async || {
            let mut wire = TcpStream::connect(&address).await?;
            wire.write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            wire.read_to_string(&mut answer).await.map(|_| answer)
        };
        let mut scrapes: FuturesUnordered<_> = (0..64).map(|_| scrape()).collect();
        let first = scrapes.next().await.unwrap().unwrap();
        let (ended, answers) = tokio::join!(server.stops(), scrapes.collect::<Vec<_>>());

        assert!(ended.success());
        // A scrape that came too late was not let in.
        let whole = |answer: &&String| answer.starts_with("HTTP/1.1 200") && answer.ends_with("# EOF\n");
        let let_in: Vec<String> = answers.into_iter().flatten().filter(|answer| !answer.is_empty()).collect();
        assert!(whole(&&first) && let_in.iter().all(|answer| whole(&answer)), "{let_in:#?}");
        assert!(!let_in.is_empty(), "none was under way");
    })
    .await;
}
