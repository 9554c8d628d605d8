//! `/metrics`: what the process has counted and what the database knows, in the text form of OpenMetrics.
//!
//! Off unless configured; behind a token beside the webhook, or open at an address of its own. A database that does not
//! answer takes its own numbers away and no others.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

use crate::counts::Counts;
use crate::github::App;
use crate::store::{Store, StoreError};

/// A scrape does not wait longer for the database.
const PATIENCE: Duration = Duration::from_secs(3);

type Labels = Vec<(&'static str, String)>;

/// What the numbers are read from.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// What the process has counted.
    pub counts: Counts,
    /// What the database knows.
    pub store: Store,
    /// What GitHub has left for us.
    pub app: Arc<App>,
}

#[derive(Clone)]
struct Scraped {
    metrics: Metrics,
    token: Option<SecretString>,
}

impl Metrics {
    /// The route for whoever reaches it, or for whoever has the token.
    pub fn router(self, token: Option<SecretString>) -> Router {
        Router::new().route("/metrics", get(scrape)).with_state(Scraped { metrics: self, token })
    }

    /// Everything, in the text form of OpenMetrics.
    pub async fn text(&self) -> String {
        let mut registry = Registry::with_prefix("assentry");
        registry.register("build", "This program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        let answers = Gauge::<i64>::default();
        registry.register("database_answers", "Whether the database has answered this scrape", answers.clone());
        match timeout(PATIENCE, self.of_the_store(&mut registry)).await {
            Ok(Ok(())) => _ = answers.set(1),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a scrape went without the database")
            }
            Err(_) => tracing::warn!("a scrape went without the database, which took too long"),
        }
        self.of_github(&mut registry);
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = encode_registry(&mut text, self.counts.registry());
        let _ = encode_registry(&mut text, &registry);
        let _ = encode_eof(&mut text);
        text
    }

    async fn of_the_store(&self, registry: &mut Registry) -> Result<(), StoreError> {
        let now = self.store.clock().await?;
        let gauges = || Family::<Labels, Gauge>::default();
        let (runs, due, age, aside) = (gauges(), gauges(), gauges(), Gauge::<i64>::default());
        for (phase, count) in self.store.phases().await? {
            runs.get_or_create(&vec![("phase", phase)]).set(count);
        }
        for queue in self.store.queues(now).await? {
            let seconds = queue.oldest.map_or(0, |oldest| now.since(oldest).as_secs());
            due.get_or_create(&vec![("queue", queue.name.clone())]).set(queue.due);
            age.get_or_create(&vec![("queue", queue.name)]).set(i64::try_from(seconds).unwrap_or(i64::MAX));
        }
        aside.set(self.store.deliveries_set_aside().await?);
        registry.register("runs", "Runs, by phase", runs);
        registry.register("queue_due", "What is due, by queue", due);
        registry.register("queue_age_seconds", "For how long the oldest in a queue has been due", age);
        registry.register("deliveries_aside", "Deliveries that ended their process again and again", aside);
        Ok(())
    }

    fn of_github(&self, registry: &mut Registry) {
        let (calls, left) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
        let made = self.app.calls();
        for (kind, count) in [("read", made.reads), ("write", made.writes)] {
            calls.get_or_create(&vec![("kind", kind.to_owned())]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        for (installation, requests) in self.app.quotas() {
            let requests = i64::try_from(requests).unwrap_or(i64::MAX);
            left.get_or_create(&vec![("installation", installation.to_string())]).set(requests);
        }
        registry.register("github_calls", "Calls to GitHub since the start", calls);
        registry.register("github_quota_left", "Requests that GitHub still grants in this hour", left);
    }
}

/// Counts how long webhooks take to be answered.
pub fn timed(router: Router, counts: &Counts) -> Router {
    router.layer(from_fn_with_state(counts.clone(), time))
}

async fn time(State(counts): State<Counts>, request: Request, next: Next) -> Response {
    if request.uri().path() != "/webhook" {
        return next.run(request).await;
    }
    let began = Instant::now();
    let response = next.run(request).await;
    counts.answered_webhook(response.status().as_u16(), began.elapsed());
    response
}

async fn scrape(State(scraped): State<Scraped>, headers: HeaderMap) -> Response {
    if let Some(token) = &scraped.token
        && !has(&headers, token)
    {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "a token is needed\n")
            .into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], scraped.metrics.text().await).into_response()
}

/// Compares hashes, so that the time tells neither how much of the token is right nor how long it is.
fn has(headers: &HeaderMap, token: &SecretString) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let hash = |text: &str| digest(&SHA256, text.trim().as_bytes());
    verify_slices_are_equal(hash(given).as_ref(), hash(token.expose_secret()).as_ref()).is_ok()
}
