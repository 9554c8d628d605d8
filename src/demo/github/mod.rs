//! The simulated GitHub: stateful, strict, on the wire; for `assentry demo`, for `assentry github-sim` and for the tests.
//!
//! Promises: real HTTP, real RS256 App authentication, scoped tokens that expire, signed webhooks, real git repositories;
//! it refuses what GitHub refuses, and each behaviour names the documentation it follows. The same requests give the same
//! answers: ids are counted, the clock is simulated, secrets follow from a seed.
//!
//! Refuses to guess: a request that it does not know is answered 404 and kept in [`GitHub::unknown_requests`], so that a
//! test can fail on it. State lives in memory; only repositories are on disk.

mod accounts;
mod addresses;
mod admin;
mod apps;
mod auth;
mod branches;
mod call;
mod checks;
mod clock;
mod comments;
mod contents;
mod deeds;
mod door;
mod edits;
mod faults;
mod gitdata;
mod graphql;
mod halts;
mod history;
mod installations;
mod issues;
mod jobs;
mod labels;
mod look;
mod moves;
mod notes;
mod oauth;
mod objects;
mod pages;
mod people;
mod places;
mod projects;
mod pull_shapes;
mod pulls;
mod reactions;
mod record;
mod refs;
mod registration;
mod repo_settings;
mod repos;
mod revert;
mod review_comments;
mod reviews;
mod roles;
mod roster;
mod routes;
mod selection;
mod settings;
mod shapes;
mod smart_http;
mod state;
mod sub_issues;
mod teams;
mod threads;
mod timeline;
mod webhooks;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

pub use self::admin::NewRepository;
pub use self::call::Refusal;
pub use self::checks::OtherCheck;
pub use self::clock::Clock;
pub use self::faults::{Fault, Mishap, Wrong};
pub use self::halts::Halt;
pub use self::look::{CheckView, CommentView, CommitView, IssueView, PullView, ReviewView, ThreadView};
pub use self::notes::Note;
pub use self::people::{LineNote, Person, Verdict};
pub use self::record::Exchange;
pub use self::roles::{Level, Role};
pub use self::settings::{Settings, StartError};
use self::state::State;
pub use self::teams::Membership;
pub use self::webhooks::Webhook;
use crate::ids::Timestamp;

/// A running simulated GitHub; a clone is the same one. It stops when the last clone is dropped.
#[derive(Clone)]
pub struct GitHub {
    hub: Arc<Hub>,
    key_pem: Arc<str>,
    _tasks: Arc<Tasks>,
}

/// One request, as it was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` ...
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The route that matched; empty for an unknown request.
    pub route: String,
    /// A login, `the app`, `installation N` or `nobody`.
    pub actor: String,
    /// The status of the answer.
    pub status: u16,
    /// What kind of request it was.
    pub kind: Kind,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `GET` of the API.
    Read,
    /// Any other request to the API.
    Write,
    /// Minting of an installation token.
    Token,
    /// Git reading, or negotiating a push.
    Fetch,
    /// Git pushing.
    Push,
}

/// How often the App has asked, by kind; what people did is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// API reads.
    pub reads: u64,
    /// API writes, without tokens.
    pub writes: u64,
    /// Tokens minted.
    pub tokens: u64,
    /// Requests of git that read.
    pub fetches: u64,
    /// Pushes by git.
    pub pushes: u64,
}

/// What the wire, the webhook sender and the handles share.
pub(crate) struct Hub {
    state: Mutex<State>,
    hooks_dir: PathBuf,
    halts: halts::Halts,
    /// Counts the requests that were answered.
    asked: watch::Sender<u64>,
    /// Something may have to be sent.
    woken: Notify,
    /// Nothing is left to be sent.
    quiet: Notify,
    _scratch: Option<tempfile::TempDir>,
}

struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GitHub {
    /// The address of REST; `/graphql`, `/api/v3` and git repositories are below it.
    #[must_use]
    pub fn url(&self) -> String {
        self.hub.lock().url.clone()
    }

    /// The App's id, for `iss`.
    #[must_use]
    pub fn app_id(&self) -> i64 {
        self.hub.lock().app.id
    }

    /// The App's private key in PEM.
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The login of the App's bot account.
    #[must_use]
    pub fn bot_login(&self) -> String {
        format!("{}[bot]", self.hub.lock().app.slug)
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.hub.lock().now()
    }

    /// Moves the simulated clock ahead.
    pub fn advances(&self, span: Duration) {
        self.hub.lock().time.advance(span);
    }

    /// Sets the simulated clock to a later moment; it never goes back.
    pub fn is_now(&self, at: Timestamp) {
        let mut state = self.hub.lock();
        let ahead = at.since(state.now());
        state.time.advance(ahead);
    }

    /// Sends webhooks there from now on.
    pub fn sends_webhooks_to(&self, target: Webhook) {
        self.hub.lock().hooks.target = Some(target);
        self.hub.woken.notify_one();
    }

    /// Sends `ping`, as GitHub does when a webhook is set up ("Webhooks: ping").
    pub fn pings(&self) {
        let mut state = self.hub.lock();
        let app = state.app.id;
        let at = state.app.created.to_rfc3339();
        let hook = serde_json::json!({
            "type": "App", "id": app, "app_id": app, "active": true, "name": "web", "events": state.app.events,
            "config": { "content_type": "json", "insecure_ssl": "0" }, "created_at": at, "updated_at": at,
        });
        let payload = serde_json::json!({ "zen": "Approachable is better than simple.", "hook_id": app, "hook": hook });
        state.queue("ping", (0, 0), &payload);
        drop(state);
        self.hub.woken.notify_one();
    }

    /// Waits until every webhook has been sent, or is held back.
    pub async fn delivered(&self) {
        loop {
            let quiet = self.hub.quiet.notified();
            tokio::pin!(quiet);
            quiet.as_mut().enable();
            {
                let state = self.hub.lock();
                let stuck = state.hooks.held || state.hooks.target.is_none();
                if !state.hooks.sending && (stuck || state.hooks.waiting.is_empty()) {
                    return;
                }
            }
            self.hub.woken.notify_one();
            quiet.await;
        }
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.hub.lock().log.clone()
    }

    /// Requests that this GitHub does not know: method and path.
    #[must_use]
    pub fn unknown_requests(&self) -> Vec<String> {
        let unknown = |request: &&Request| request.route.is_empty() && request.status == 404;
        self.requests().iter().filter(unknown).map(|r| format!("{} {}", r.method, r.path)).collect()
    }

    /// How often the App has asked so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        let mut calls = Calls::default();
        let by_app = |request: &&Request| request.actor == "the app" || request.actor.starts_with("installation ");
        for request in self.hub.lock().log.iter().filter(by_app) {
            match request.kind {
                Kind::Read => calls.reads += 1,
                Kind::Write => calls.writes += 1,
                Kind::Token => calls.tokens += 1,
                Kind::Fetch => calls.fetches += 1,
                Kind::Push => calls.pushes += 1,
            }
        }
        calls
    }

    /// Orders a fault.
    pub fn goes_wrong(&self, fault: Fault) {
        self.hub.lock().faults.rules.push(fault);
    }

    /// Answers the App with 503 wherever the path has this part, until GitHub [heals](GitHub::heals).
    pub fn is_down(&self, path: &str) {
        self.goes_wrong(Fault { method: "", path: path.to_owned(), times: u32::MAX, wrong: Wrong::RefusedBefore(503) });
    }

    /// Lets something happen to the next deliveries of an event; an empty name means any event.
    pub fn deliveries_go_wrong(&self, event: &str, times: u32, mishap: Mishap) {
        self.hub.lock().faults.mishaps.push((event.to_owned(), times, mishap));
    }

    /// Ends all faults, and sends what was held back.
    pub fn heals(&self) {
        let mut state = self.hub.lock();
        state.faults = faults::Faults::none();
        state.hooks.held = false;
        drop(state);
        self.hub.woken.notify_one();
    }

    /// Limits every caller to so many requests an hour (F30); 5,000 unless said otherwise.
    pub fn allows_an_hour(&self, requests: u64) {
        self.hub.lock().faults.hourly_limit = requests;
    }

    /// Limits the App's writes in a minute and in an hour (F29); 80 and 500 unless said otherwise.
    pub fn allows_writes(&self, a_minute: usize, an_hour: usize) {
        self.hub.lock().faults.content_limits = (a_minute, an_hour);
    }

    /// Holds webhooks back until they are released.
    pub fn holds_webhooks(&self) {
        self.hub.lock().hooks.held = true;
    }

    /// The webhooks that wait, as `event.action`, in the order in which they would be sent.
    #[must_use]
    pub fn waiting_webhooks(&self) -> Vec<String> {
        let state = self.hub.lock();
        let name = |place: &usize| state.hooks.deliveries.get(*place).map(webhooks::Delivery::name);
        state.hooks.waiting.iter().filter_map(name).collect()
    }

    /// Sends what was held back in another order: `order` lists places of [`GitHub::waiting_webhooks`]; what it leaves out
    /// is lost.
    pub fn releases_webhooks(&self, order: &[usize]) {
        let mut state = self.hub.lock();
        let old = std::mem::take(&mut state.hooks.waiting);
        state.hooks.waiting = order.iter().filter_map(|place| old.get(*place).copied()).collect();
        state.hooks.held = false;
        drop(state);
        self.hub.woken.notify_one();
    }

    /// Every delivery so far: `event.action` and the status that came back, 0 for none.
    #[must_use]
    pub fn deliveries(&self) -> Vec<(String, Option<u16>)> {
        self.hub.lock().hooks.deliveries.iter().map(|d| (d.name(), d.answered)).collect()
    }

    /// The `commit_id` of a review becomes another, as after a force push (`APPROVAL.md`, D6).
    ///
    /// # Errors
    /// When there is no such review.
    pub fn repoints_review(&self, repo: &str, pull: i64, review: i64, commit: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        commit.clone_into(&mut state.review_mut(id, (pull, review))?.commit);
        Ok(())
    }
}
