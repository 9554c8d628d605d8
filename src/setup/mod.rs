//! Set-up in the browser: from nothing to an App on GitHub and a configuration that works.
//!
//! ```text
//! terminal ──link with a token──▶ questions ──▶ what GitHub will be asked for ──form──▶ GitHub: Create
//!                                                                                          │ code
//!                   the server starts ◀── files, 0600, and the configuration ◀─────────────┘
//! ```
//!
//! Promises: only who has the link from the terminal gets in, and it opens once: from then on the browser's cookie counts,
//! so that nobody else on the network takes over. What GitHub tells only once is on disk before anything is said of it.
//! Refuses: to begin where the folder cannot be written; to name a webhook address that GitHub cannot reach; to show a secret.

mod answers;
mod door;
pub mod installed;
mod keep;
mod manifest;
mod pages;

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use answers::{Typed, api_of};
pub use keep::{NotKept, add};
pub use manifest::manifest;

use crate::config::Draft;
use crate::ids::Timestamp;
use crate::web;

/// What a set-up begins with.
#[derive(Debug)]
pub struct Setup {
    /// The configuration that is to be written.
    pub config: PathBuf,
    /// What it says already.
    pub draft: Draft,
    /// What is known of the answers.
    pub typed: Typed,
    /// Who starts the server afterwards.
    pub after: After,
    /// Random texts that nobody can guess.
    pub secrets: Secrets,
    /// Tells the time, which decides nothing.
    pub clock: fn() -> Timestamp,
}

/// Random texts that nobody can guess.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Opens the page, once.
    pub token: SecretString,
    /// What the browser then has as its cookie.
    pub session: SecretString,
    /// What comes back from GitHub with the code.
    pub state: SecretString,
}

/// Who starts the server afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// This process goes on as the server.
    ServerStarts,
    /// The person does.
    PersonStarts,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The App's name in addresses.
    pub slug: String,
    /// Where it is installed on repositories.
    pub install: Url,
}

/// Serves the pages until the App is there and everything is written; `None` when told to stop before.
pub async fn serve(listener: TcpListener, setup: Setup, stop: CancellationToken) -> Option<Done> {
    let over = stop.child_token();
    let desk = Arc::new(door::Desk::new(setup, over.clone()));
    web::serve(listener, door::router(Arc::clone(&desk)), over).await;
    desk.done()
}
