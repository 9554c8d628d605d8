//! `assentry doctor` through the real program: each thing that can be wrong is made wrong, and named with its remedy.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use assentry::demo::github::{Level, Webhook};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::crash::{Server, Town, in_time};
use crate::sandbox::images::{keep, small_system};
use crate::world::REPO;

/// What a doctor says.
struct Said {
    code: Option<i32>,
    text: String,
    report: Value,
}

impl Said {
    /// The state of the first finding of a check that speaks of this.
    fn about(&self, check: &str, words: &str) -> &str {
        let findings = self.report["checks"].as_array().unwrap().iter();
        let found = findings.filter(|finding| finding["check"] == check);
        let mut found = found.filter(|finding| finding["found"].as_str().unwrap().contains(words));
        let finding = found.next().unwrap_or_else(|| panic!("nothing of {check} about {words:?} in {}", self.text));
        let state = finding["state"].as_str().unwrap();
        assert_eq!(finding["remedy"].is_string(), state != "ok", "{finding}");
        state
    }

    fn fails(&self, check: &str, words: &str) {
        assert_eq!((self.about(check, words), self.code), ("fail", Some(1)), "{}", self.text);
    }

    fn warns(&self, check: &str, words: &str) {
        assert_eq!(self.about(check, words), "warn", "{}", self.text);
    }
}

async fn doctor(town: &Town) -> Said {
    doctor_with(town, &std::env::var("PATH").unwrap()).await
}

async fn doctor_with(town: &Town, path: &str) -> Said {
    let done = Command::new(env!("CARGO_BIN_EXE_assentry"))
        .args(["doctor", "--json", "--config"])
        .arg(&town.config)
        .env("PATH", path)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let report =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&done.stderr)));
    Said { code: done.status.code(), text, report }
}

fn configure(town: &Town, from: &str, to: &str) {
    let text = std::fs::read_to_string(&town.config).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&town.config, text.replace(from, to)).unwrap();
}

/// A folder with a program of this name that says this.
fn program(folder: &Path, name: &str, says: &str) {
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn where_all_is_well_nothing_must_be_mended_and_nothing_is_changed() {
    in_time(async {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.github.person("ann").opens_issue("One", "Text").unwrap();
        town.github.delivered().await;
        let writes = town.github.calls().writes;

        let said = doctor(&town).await;
        assert_eq!((said.code, &said.report["ok"]), (Some(0), &Value::Bool(true)), "{}", said.text);
        let mut seen: Vec<&str> = said.report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["check"].as_str().unwrap())
            .collect();
        seen.dedup();
        let all = [
            "git",
            "configuration",
            "database",
            "disk",
            "sandbox",
            "model",
            "clock",
            "app",
            "permissions",
            "webhook",
            "deliveries",
            "installations",
            "policy",
        ];
        assert_eq!(seen, all, "{}", said.text);
        assert!(all.iter().all(|check| said.about(check, "") == "ok"), "{}", said.text);
        assert!(!said.text.contains("sk-scripted") && !said.text.contains("PRIVATE KEY"), "{}", said.text);
        assert_eq!(town.github.calls().writes, writes, "it writes nothing");
        assert_eq!(town.github.unknown_requests(), [""; 0]);
        assert!(server.stops().await.success());
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_on_this_machine_is_named() {
    in_time(async {
        let town = Town::new().await;
        let tools = tempfile::tempdir().unwrap();
        program(tools.path(), "git", "git version 2.20.1");
        let said = doctor_with(&town, &format!("{}:/usr/bin:/bin", tools.path().display())).await;
        said.fails("git", "2.20.1 is too old");

        std::fs::create_dir_all(town.dir.path().join("data")).unwrap();
        std::fs::write(&town.database, "this is no database, and was never one, not even for a moment").unwrap();
        configure(&town, "[github]", "[sandbox]\ndisk_mib = 1048576\n[github]");
        let said = doctor(&town).await;
        said.fails("database", "assentry.db");
        said.warns("disk", "are free");

        std::fs::write(town.dir.path().join("a-file"), "").unwrap();
        configure(&town, "[github]", "[data]\ndir = 'a-file'\n[github]");
        let said = doctor(&town).await;
        said.fails("database", "is no folder");
        said.fails("sandbox", "cannot write below");

        configure(&town, "app_id = 4711", "app_id = 0");
        let said = doctor(&town).await;
        said.fails("configuration", "github.app_id");
        assert_eq!(
            said.report["checks"].as_array().unwrap().len(),
            2,
            "without a configuration there is no more to look at"
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_the_images_is_named() {
    in_time(async {
        let town = Town::new().await;
        let images = town.dir.path().join("images");
        configure(&town, "[timing]", &format!("[sandbox]\nimages = '{}'\n[timing]", images.display()));
        doctor(&town).await.fails("images", "No such file or directory");

        let digest = keep(&images, &small_system(), "tar");
        let policy = |digest: &str| {
            let text = format!("[execute]\nimage = \"sha256:{digest}\"\n");
            town.github.person("ann").pushes("main", ".github/assentry.toml", &text).unwrap();
        };
        policy(digest.as_str());
        let said = doctor(&town).await;
        assert_eq!((said.about("images", "1 in "), said.about("policy", "is sound")), ("ok", "ok"));

        std::fs::write(images.join("debian.tar.gz"), "").unwrap();
        doctor(&town).await.warns("images", "debian.tar.gz in ");
        std::fs::write(images.join(format!("{digest}.tar")), "something else").unwrap();
        doctor(&town)
            .await
            .fails("images", &format!("{digest}.tar in {}: its content has the digest ", images.display()));
        let missing = "ab".repeat(32);
        policy(&missing);
        let said = doctor(&town).await;
        said.fails("policy", &format!("names the image sha256:{missing}, which this server does not have"));

        configure(&town, "[sandbox]", "[sandbox]\nwalls = 'landlock'");
        let said = doctor(&town).await;
        said.warns("images", "the walls are landlock alone");
        said.fails("policy", "execute.image: this server cannot use an image: its walls are landlock alone");
    })
    .await;
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_named() {
    in_time(async {
        let town = Town::new().await;
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        configure(&town, "[timing]", &format!("[models.execute]\nbase_url = 'http://{nobody}'\nmodel = 'm'\n[timing]"));
        let said = doctor(&town).await;
        said.fails("model", "models.execute");
        assert_eq!(said.about("model", "models.plan"), "ok");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_the_app_is_named() {
    in_time(async {
        let town = Town::new().await;
        town.github.permits("checks", None);
        town.github.permits("workflows", Some(Level::Write));
        town.github.unsubscribes("push");
        town.github.advances(Duration::from_secs(600));
        let said = doctor(&town).await;
        said.fails("permissions", "`checks` must be `write`");
        said.warns("permissions", "workflows: write");
        said.fails("events", "`push`");
        said.fails("installations", "`checks` must be `write`");
        said.fails("clock", "apart");

        town.github.permits("checks", Some(Level::Write));
        configure(&town, "[timing]", "[show]\nproject = true\n[timing]");
        doctor(&town).await.warns("installations", "`organization_projects` must be `write`");
        town.github.permits("organization_projects", Some(Level::Write));
        assert_eq!(doctor(&town).await.about("installations", "has granted what is needed"), "ok");
        town.github.permits("statuses", None);
        town.github.unsubscribes("status");
        let said = doctor(&town).await;
        said.warns("permissions", "`statuses` must be `read`");
        said.warns("installations", "`statuses` must be `read`");
        said.warns("events", "`status`");
        assert_eq!(said.about("policy", ""), "ok");

        town.github.permits("checks", Some(Level::Write));
        town.github.suspends_installation(REPO, true).unwrap();
        doctor(&town).await.warns("installations", "suspended");
        town.github.uninstalls(REPO).unwrap();
        doctor(&town).await.warns("installations", "nobody has installed");

        configure(&town, "app_id = 4711", "app_id = 4712");
        doctor(&town).await.fails("app", "");
    })
    .await;
}

#[tokio::test]
async fn f07_a_way_from_github_that_leads_elsewhere_is_named() {
    in_time(async {
        let town = Town::new().await;
        let said = doctor(&town).await;
        said.warns("webhook", "nobody answers");
        said.warns("deliveries", "nothing was delivered");

        town.github.person("ann").opens_issue("One", "Text").unwrap();
        town.github.delivered().await;
        doctor(&town).await.fails("deliveries", "the newest delivery failed");

        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = elsewhere.local_addr().unwrap();
        let redirect = || async { axum::response::Redirect::permanent("https://elsewhere.test/webhook") };
        let routes = axum::Router::new().route("/webhook", axum::routing::post(redirect));
        tokio::spawn(async move { axum::serve(elsewhere, routes).await });
        let target = |path: &str| Webhook { url: format!("http://{address}{path}"), secret: "s".to_owned() };
        town.github.sends_webhooks_to(target("/webhook"));
        doctor(&town).await.fails("webhook", "redirects (308");
        town.github.sends_webhooks_to(target("/hooks"));
        let said = doctor(&town).await;
        said.fails("webhook", "takes them at /webhook");
        said.warns("webhook", "somebody else answers");
        configure(&town, "[server]", "[server]\npublic_url = 'https://assentry.test'");
        doctor(&town).await.fails("webhook", "https://assentry.test/webhook");
    })
    .await;
}

#[tokio::test]
async fn t65_what_is_wrong_in_the_repositories_is_named_with_file_and_line() {
    in_time(async {
        let town = Town::new().await;
        let ann = town.github.person("ann");
        ann.pushes("main", ".github/assentry.toml", "[approvals]\nrequired = 2\n").unwrap();
        let secret = "on: push\njobs:\n  x:\n    steps:\n      - run: deploy ${{ secrets.KEY }}\n";
        ann.pushes("main", ".github/workflows/deploy.yml", secret).unwrap();
        let head = "on: pull_request_target\njobs:\n  x:\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
                    ref: ${{ github.head_ref }}\n";
        ann.pushes("main", ".github/workflows/welcome.yaml", head).unwrap();
        ann.pushes("main", ".github/workflows/odd.yml", "on: [push\n").unwrap();
        ann.pushes("main", ".github/workflows/fine.yml", &secret.replace("on: push", "on: {push: {branches: [main]}}")).unwrap();

        let said = doctor(&town).await;
        said.fails("policy", &format!("{REPO}: line 1: approvals: there is no such key"));
        said.warns("workflows", &format!("{REPO}: .github/workflows/deploy.yml:5: a push to assentry/**"));
        said.fails("workflows", &format!("{REPO}: .github/workflows/welcome.yaml:7: pull_request_target"));
        said.warns("workflows", &format!("{REPO}: .github/workflows/odd.yml cannot be read"));
        assert_eq!(said.about("workflows", "1 run nothing"), "ok");

        let text = Command::new(env!("CARGO_BIN_EXE_assentry")).arg("doctor").arg("--config").arg(&town.config).output();
        let text = text.await.unwrap();
        let (out, err) = (String::from_utf8(text.stdout).unwrap(), String::from_utf8(text.stderr).unwrap());
        assert!(out.lines().any(|line| line.starts_with("FAIL  policy")), "{out}");
        assert!(err.contains("things must be mended"), "{err}");
    })
    .await;
}
