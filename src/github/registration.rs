//! How an App comes into being: the code that GitHub hands back is exchanged for its number, its key and its secrets.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::wire::{Ask, Wire, encode};
use super::{GithubError, install_crypto};
use crate::ids::{Login, Timestamp, UserId};

/// An App that was registered from a manifest, with what GitHub tells only once.
#[derive(Debug, Deserialize)]
pub struct Registration {
    /// The App's number.
    pub id: u64,
    /// Its name in addresses.
    pub slug: String,
    /// Its page; `/installations/new` below it installs it.
    pub html_url: Url,
    /// Its private key.
    pub pem: SecretString,
    /// What GitHub signs webhooks with; absent when the manifest names no webhook.
    #[serde(default)]
    pub webhook_secret: Option<SecretString>,
    /// Its name for signing people in.
    #[serde(default)]
    pub client_id: String,
    /// The secret for signing people in.
    pub client_secret: SecretString,
    /// Whose App it is. Nothing depends on it, so nothing may break by it.
    #[serde(default)]
    owner: Value,
}

impl Registration {
    /// The person who owns the App; nobody where an organization does.
    #[must_use]
    pub fn person(&self) -> Option<(Login, UserId)> {
        let text = |name: &str| self.owner[name].as_str();
        let login = text("login").filter(|_| text("type") == Some("User"))?.parse().ok()?;
        self.owner["id"].as_i64().map(|id| (login, UserId(id)))
    }

    /// Exchanges a code, once and within an hour: `POST /app-manifests/{code}/conversions`. Nobody needs to be signed in:
    /// the code is the secret.
    ///
    /// # Errors
    /// [`GithubError::Gone`] for a code that was used, is too old or was never given out.
    pub async fn convert(api_url: &Url, code: &str, now: Timestamp) -> Result<Registration, GithubError> {
        install_crypto();
        let what = "exchange the code for the App's key".to_owned();
        let plain = !code.is_empty()
            && code.len() <= 200
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !plain {
            return Err(GithubError::Invalid { what, why: "this is no code of GitHub's".to_owned() });
        }
        let ask =
            Ask::create(Method::POST, format!("/app-manifests/{}/conversions", encode(code)), json!({}), what.clone());
        let wire = Wire::new(api_url).map_err(|error| GithubError::Flaky { what, why: error.to_string() })?;
        wire.exchange(None, &ask).await?.judge(&ask, now)?.read(&ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[tokio::test]
    async fn a_code_is_exchanged_once_and_a_path_is_no_code() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let app = json!({ "id": 7, "slug": "a", "html_url": "https://github.test/apps/a", "pem": "canary",
                "webhook_secret": null, "client_id": "Iv1", "client_secret": "canary", "owner": null });
            (seen.line == "POST /app-manifests/abc/conversions").then(|| Reply::new(201, &app))
        })
        .await?;
        let api = fake.address.parse()?;
        let registered = Registration::convert(&api, "abc", NOW).await?;
        assert_eq!((registered.id, registered.webhook_secret.is_none()), (7, true));
        assert!(!format!("{registered:?}").contains("canary"));
        assert!(matches!(Registration::convert(&api, "../app", NOW).await, Err(GithubError::Invalid { .. })));
        assert_eq!(fake.seen().len(), 1);
        Ok(())
    }
}
