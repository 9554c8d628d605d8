//! A tour of the simulated GitHub: every request that it knows is asked once, and question and answer are judged.

mod graph;
mod pulls;
mod repository;

use std::collections::BTreeMap;

use assentry::demo::github::{Clock, GitHub, Level, Membership, NewRepository, Role, Settings, Webhook};
use assentry::ids::Timestamp;
use serde_json::{Value, json};

use super::judge::assert_described;
use crate::github_sim::{good_jwt, token};
use crate::npm::assert_installed;

const REPO: &str = "acme/widget";

/// Whoever asks has a token, or none.
struct Tour {
    github: GitHub,
    app: String,
    bot: String,
    ann: String,
    bob: String,
}

#[tokio::test]
async fn every_route_is_asked_and_every_answer_is_as_github_describes_it() {
    assert_installed();
    let tour = Tour::start().await;
    Box::pin(tour.apps_and_accounts()).await;
    Box::pin(tour.teams()).await;
    Box::pin(tour.issues()).await;
    Box::pin(tour.code()).await;
    Box::pin(tour.pull_requests()).await;
    Box::pin(tour.graphql()).await;
    Box::pin(tour.manifest()).await;

    let exchanges = tour.github.exchanges();
    let mut answered: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // Where a log lies is told by a redirect.
    for exchange in exchanges.iter().filter(|exchange| exchange.status < 300 || exchange.status == 302) {
        let method = exchange.method.as_str();
        *answered.entry((method, exchange.route)).or_default() += 1;
    }
    let routes = GitHub::routes();
    let missed: Vec<_> = routes.iter().filter(|route| !answered.contains_key(*route)).collect();
    assert!(missed.is_empty(), "the tour of tests/it/faithful/tour.rs must ask these too: {missed:#?}");
    assert_described(&tour.github);
    eprintln!(
        "{} routes, {} requests and answers, {} webhooks, all as GitHub describes them",
        routes.len(),
        exchanges.len(),
        tour.github.payloads().len()
    );
}

impl Tour {
    async fn start() -> Tour {
        let noon = Timestamp::from_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let clock = Clock::ByHand(noon);
        let mut permissions = Settings::default().permissions;
        permissions.extend([("administration", Level::Write), ("statuses", Level::Write)]);
        let github = GitHub::start(Settings { clock, permissions, ..Settings::default() }).await.unwrap();
        github.keeps_exchanges();
        // Nobody listens there, and so every delivery ends at once.
        github.sends_webhooks_to(Webhook { url: "http://127.0.0.1:1/".to_owned(), secret: "s".to_owned() });
        for login in ["ann", "bob"] {
            github.adds_person(login);
        }
        let files = vec![
            ("README.md".to_owned(), b"# Widget\n".to_vec(), false),
            ("src/lib.rs".to_owned(), b"pub fn two() -> u8 {\n    3\n}\n".to_vec(), false),
        ];
        github.adds_repository(NewRepository { name: REPO.to_owned(), files, private: false }).await.unwrap();
        let other = NewRepository { name: "acme/other".to_owned(), ..NewRepository::default() };
        github.adds_repository(other).await.unwrap();
        for repo in [REPO, "acme/other"] {
            github.grants("ann", repo, Role::Admin).unwrap();
            github.grants("bob", repo, Role::Write).unwrap();
        }
        github.adds_team("acme", "core").unwrap();
        github.puts_in_team("acme/core", "ann", Membership::Active).unwrap();
        github.grants_team("acme/core", REPO, Role::Write).unwrap();
        let app = good_jwt(&github);
        let bot = token(&github, &json!({})).await;
        let (ann, bob) = (github.token_of("ann").unwrap(), github.token_of("bob").unwrap());
        Tour { github, app, bot, ann, bob }
    }

    /// Asks for something that is given; a path that does not begin with `/` is one of the repository.
    async fn ask(&self, token: &str, request: &str, body: Value) -> Value {
        let (method, path) = request.split_once(' ').unwrap();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/repos/{REPO}/{path}") };
        let mut builder = reqwest::Client::new()
            .request(method.parse().unwrap(), format!("{}{}", self.github.url(), path.trim_end_matches('/')))
            .header("user-agent", "tour");
        if !token.is_empty() {
            builder = builder.bearer_auth(token);
        }
        if body != json!({}) {
            builder = builder.json(&body);
        }
        let response = builder.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        assert!(status < 300, "{request} {body}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        self.ask(token, &format!("GET {path}"), json!({})).await
    }

    async fn apps_and_accounts(&self) {
        self.get("", "/meta").await;
        self.get(&self.bot, "/rate_limit").await;
        let ann = self.get(&self.ann, "/user").await;
        self.get(&self.bot, &format!("/user/{}", ann["id"])).await;
        self.get(&self.bot, "/users/ann").await;
        self.get(&self.bot, "/users/assentry%5Bbot%5D").await;
        self.get(&self.app, "/app").await;
        self.get(&self.app, "/app/hook/config").await;
        let all = self.get(&self.app, "/app/installations").await;
        let one = format!("/app/installations/{}", all[0]["id"]);
        self.get(&self.app, &one).await;
        for place in ["/users/acme/installation", "/orgs/acme/installation", "/repos/acme/widget/installation"] {
            self.get(&self.app, place).await;
        }
        let asked = json!({ "repositories": ["widget"], "permissions": { "issues": "write" } });
        let minted = self.ask(&self.app, &format!("POST {one}/access_tokens"), asked).await;
        let short = minted["token"].as_str().unwrap();
        self.get(short, "/installation/repositories").await;
        self.ask(short, "DELETE /installation/token", json!({})).await;
        self.github.pings();
        self.github.delivered().await;
        let deliveries = self.get(&self.app, "/app/hook/deliveries").await;
        let delivery = format!("/app/hook/deliveries/{}", deliveries[0]["id"]);
        self.get(&self.app, &delivery).await;
        self.ask(&self.app, &format!("POST {delivery}/attempts"), json!({})).await;
        self.github.suspends_installation(REPO, true).unwrap();
        self.get(&self.app, &one).await;
        self.github.suspends_installation(REPO, false).unwrap();
        self.github.removes_from_installation("acme/other").unwrap();
        self.github.adds_to_installation("acme/other").unwrap();
    }

    /// The last thing: a registered App takes the place of the one before.
    async fn manifest(&self) {
        let manifest = json!({
            "name": "another", "url": "https://a.test", "redirect_url": "https://a.test/done",
            "default_permissions": { "issues": "write" }, "default_events": ["issues"],
        });
        let fields = [("manifest", manifest.to_string()), ("name", "another".to_owned()), ("state", "s".to_owned())];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let address = format!("{}/settings/apps/manifest", self.github.url());
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let kind = "application/x-www-form-urlencoded";
        let back = http.post(address).header("content-type", kind).body(body).send().await.unwrap();
        let back: url::Url = back.headers()["location"].to_str().unwrap().parse().unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let app = self.ask("", &format!("POST /app-manifests/{code}/conversions"), json!({})).await;
        assert_eq!(app["slug"], "another");
    }

    async fn teams(&self) {
        let team = self.github.team_id("acme/core").unwrap();
        let list = self.get(&self.bot, "/orgs/acme/teams").await;
        let organization = &list[0]["organization_id"];
        for path in [
            "/orgs/acme/teams/core".to_owned(),
            "/orgs/acme/teams/core/members".to_owned(),
            "/orgs/acme/teams/core/memberships/ann".to_owned(),
            "/orgs/acme/teams/core/repos/acme/widget".to_owned(),
            format!("/organizations/{organization}/team/{team}"),
            format!("/organizations/{organization}/team/{team}/memberships/ann"),
        ] {
            self.get(&self.bot, &path).await;
        }
    }
}
