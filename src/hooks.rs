//! Webhooks to others: each is signed as GitHub signs its own, and sent once a try.
//!
//! Refuses to follow redirects: what is signed is for the address that the operator named. Trying again is for who calls.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One receiver.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its name in the configuration.
    pub name: String,
    /// Where it takes webhooks.
    pub url: Url,
    /// What they are signed with.
    pub secret: SecretString,
    /// The phases it is told of; empty for all.
    pub phases: Vec<String>,
}

/// All receivers, and the connection to them.
#[derive(Clone)]
pub struct Hooks {
    hooks: Vec<Hook>,
    http: Option<Client>,
}

/// Why a receiver did not take a webhook.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The operator has taken it out of the configuration.
    #[error("there is no receiver {0} any more")]
    Unknown(String),
    /// It did not answer, or not with success.
    #[error("{name} did not take it: {why}")]
    Refused {
        /// The receiver's name.
        name: String,
        /// What came back.
        why: String,
    },
}

impl Hooks {
    /// Gets ready to send. Nothing is sent yet.
    ///
    /// # Errors
    /// When no connection can be made, for instance because the system has no certificates.
    pub fn new(hooks: Vec<Hook>) -> Result<Hooks, reqwest::Error> {
        if hooks.is_empty() {
            return Ok(Hooks { hooks, http: None });
        }
        let http = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE);
        let plain = hooks.iter().all(|hook| hook.url.scheme() == "http");
        let http = if plain { http.tls_certs_only([]) } else { http };
        Ok(Hooks { hooks, http: Some(http.build()?) })
    }

    /// The names of those who are told of a phase.
    pub fn told_of<'h>(&'h self, phase: &'h str) -> impl Iterator<Item = &'h str> {
        let asked = move |hook: &&Hook| hook.phases.is_empty() || hook.phases.iter().any(|named| named == phase);
        self.hooks.iter().filter(asked).map(|hook| hook.name.as_str())
    }

    /// Sends one webhook once. `id` is the same in every try of it.
    ///
    /// # Errors
    /// [`NotTaken::Refused`] may pass; [`NotTaken::Unknown`] does not.
    pub async fn send(&self, name: &str, id: &str, body: String) -> Result<(), NotTaken> {
        let (Some(hook), Some(http)) = (self.hooks.iter().find(|hook| hook.name == name), &self.http) else {
            return Err(NotTaken::Unknown(name.to_owned()));
        };
        let refused = |why: String| NotTaken::Refused { name: name.to_owned(), why };
        let key = hmac::Key::new(hmac::HMAC_SHA256, hook.secret.expose_secret().as_bytes());
        let signature = hex::encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let request = http
            .post(hook.url.clone())
            .header("content-type", "application/json")
            .header("user-agent", concat!("assentry/", env!("CARGO_PKG_VERSION")))
            .header("x-assentry-event", "run.phase")
            .header("x-assentry-delivery", id)
            .header("x-assentry-signature-256", format!("sha256={signature}"))
            .body(body);
        let answer = request.send().await.map_err(|error| refused(error.without_url().to_string()))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(refused(format!("it answered {status}"))) }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hooks.iter().map(|hook| &hook.name)).finish()
    }
}
