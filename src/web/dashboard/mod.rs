//! The dashboard: what goes on, what waits for whom, what it cost, and why.
//!
//! Pages are made on the server and need no script; one small script keeps the live log going. Promises:
//!
//! * Nobody sees anything without having signed in with GitHub, and then only what GitHub lets them read; asked again every
//!   few minutes, by the App, and joined into every reading of the store.
//! * Nothing is changed here but who is signed in, and a delivery that an administrator has dealt with again.
//! * Text of strangers is text on every page: it is escaped where it is written, characters that hide or turn text around
//!   are shown by number, and the content policy allows no script and no style but our two files (T69).
//!
//! Refuses: to show a secret, to be framed, to load anything from elsewhere, to act on a request of another site.

mod assets;
mod chart;
mod cookie;
mod costs;
mod count;
mod deliveries;
mod frame;
mod guard;
mod health;
mod page;
mod phase;
mod prose;
mod repositories;
mod run;
mod runs;
mod session;
mod sight;
mod time;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use crate::config::Config;
use crate::github::{App, SignIn};
use crate::ids::{Timestamp, UserId};
use crate::store::Store;
use crate::workflow::command::Prefix;

/// How many live logs are read at one time; each holds a connection.
const MOST_STREAMS: usize = 64;

/// What the dashboard is made of.
#[derive(Clone)]
pub struct Parts {
    /// What is remembered.
    pub store: Store,
    /// The App, which asks what people may see.
    pub app: Arc<App>,
    /// The time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// 32 bytes that nobody can guess; nothing where the system has none.
    pub random: fn() -> Option<[u8; 32]>,
    /// Set when the server is to stop: live logs end then.
    pub stop: CancellationToken,
}

/// The dashboard of a server.
#[derive(Clone)]
pub struct Dashboard(Arc<Inner>);

struct Inner {
    parts: Parts,
    sign_in: SignIn,
    administrators: Vec<UserId>,
    public_url: Url,
    /// GitHub's pages, without a slash at the end.
    github: String,
    prefix: Prefix,
    streams: Arc<Semaphore>,
}

impl Dashboard {
    /// The dashboard that a configuration asks for; nothing if it asks for none.
    ///
    /// # Errors
    /// When GitHub's address can never be reached from here.
    pub fn of(config: &Config, parts: Parts) -> Result<Option<Dashboard>, Box<dyn std::error::Error + Send + Sync>> {
        let Some(wanted) = &config.web.dashboard else { return Ok(None) };
        let mut callback = wanted.public_url.clone();
        callback.set_path("/login/callback");
        let places = (&config.github.web_url, &config.github.api_url);
        let sign_in = SignIn::new(places, (&wanted.client_id, &wanted.client_secret), callback)?;
        Ok(Some(Dashboard(Arc::new(Inner {
            parts,
            sign_in,
            administrators: wanted.administrators.clone(),
            public_url: wanted.public_url.clone(),
            github: config.github.web_url.as_str().trim_end_matches('/').to_owned(),
            prefix: config.command_prefix.clone(),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        }))))
    }

    /// Its routes.
    pub fn router(&self) -> Router {
        let open = Router::new()
            .route("/login", get(session::begin))
            .route("/login/callback", get(session::back))
            .route("/assets/{name}", get(assets::serve));
        let pages = Router::new()
            .route("/", get(runs::first))
            .route("/runs", get(runs::list))
            .route("/runs/{run}", get(run::show))
            .route("/runs/{run}/versions/{version}", get(run::plan::show))
            .route("/runs/{run}/compare/{old}/{new}", get(run::compare::show))
            .route("/runs/{run}/log", get(run::log::show))
            .route("/runs/{run}/log/stream", get(run::log::stream))
            .route("/repositories", get(repositories::list))
            .route("/costs", get(costs::show))
            .route("/deliveries", get(deliveries::list))
            .route("/deliveries/{delivery}/again", post(deliveries::again))
            .route("/health", get(health::show))
            .route("/logout", post(session::end))
            .layer(from_fn_with_state(self.clone(), guard::signed_in));
        let routes = open.merge(pages).layer(from_fn(guard::with_headers)).layer(CatchPanicLayer::new());
        routes.with_state(self.clone())
    }

    fn store(&self) -> &Store {
        &self.0.parts.store
    }

    fn now(&self) -> Timestamp {
        (self.0.parts.clock)()
    }

    fn is_secure(&self) -> bool {
        self.0.public_url.scheme() == "https"
    }

    /// An address on GitHub.
    fn on_github(&self, path: &str) -> String {
        format!("{}/{path}", self.0.github)
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").field("public_url", &self.0.public_url.as_str()).finish_non_exhaustive()
    }
}
