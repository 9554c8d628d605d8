//! What a server logs: each line stands alone, and no secret is in any.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::crash::server::Server;
use crate::crash::town::{Town, in_time};

/// The story, told in JSON at the loudest.
async fn told() -> (Town, Vec<String>) {
    let town = Town::new().await;
    let text = std::fs::read_to_string(&town.config).unwrap();
    let loud = text.replace("filter = 'info,assentry=debug'", "filter = 'trace'\nformat = 'json'");
    assert_ne!(text, loud);
    std::fs::write(&town.config, loud).unwrap();
    let server = Server::start(&town.config).await;
    town.people_act().await;
    town.is_quiet(&server).await;
    let log = server.log();
    assert!(server.stops().await.success());
    let lines = log.whole().await.lines().map(str::to_owned).collect();
    (town, lines)
}

/// What a line says about itself, wherever it stands in it.
fn ids(line: &Value) -> BTreeSet<&str> {
    let spans = line["spans"].as_array().into_iter().flatten();
    let parts = std::iter::once(line).chain(spans).filter_map(Value::as_object);
    parts.flat_map(|part| part.keys().map(String::as_str)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_stands_alone_and_t36_no_secret_is_in_any() {
    in_time(async {
        let (town, lines) = told().await;
        let mut about = (0, 0);
        for line in &lines {
            let read: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            for needed in ["timestamp", "level", "target"] {
                assert!(read[needed].is_string(), "{needed} is missing: {line}");
            }
            let (ids, target) = (ids(&read), read["target"].as_str().unwrap());
            let message = read["message"].as_str().unwrap_or_default();
            if target == "assentry::worker::effect" {
                assert!(ids.contains("run.id") && ids.contains("effect.id"), "{line}");
                about.0 += 1;
            }
            if target == "assentry::worker::apply" {
                assert!(ids.contains("run.id") && (ids.contains("effect.id") || ids.contains("delivery.id")), "{line}");
                about.1 += 1;
            }
            let ours = target.starts_with("assentry");
            assert!(!(ours && message.contains("run 1")) || ids.contains("run.id"), "{line}");
        }
        assert!(about.0 > 10 && about.1 > 10, "{about:?}");

        let key = town.github.private_key_pem().to_owned();
        let mut secrets = vec!["It's a Secret to Everybody".to_owned(), "sk-scripted".to_owned()];
        secrets.extend(key.lines().filter(|line| line.len() > 40).map(str::to_owned));
        // Tokens of Apps, of installations and of people, whatever they are.
        secrets.extend(["eyJ", "ghs_", "ghu_", "ghp_"].map(str::to_owned));
        for (line, secret) in lines.iter().flat_map(|line| secrets.iter().map(move |secret| (line, secret))) {
            assert!(!line.contains(secret.as_str()), "{secret:?} in {line}");
        }
    })
    .await;
}
