//! The App as GitHub knows it: its key, who it is, and the tokens it hands out within this process.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::key::AppKey;
use super::pace::Pace;
use super::quota::Quotas;
use super::several::Several;
use super::siblings::Siblings;
use super::tokens::Tokens;
use super::wire::{Ask, Wire, encode};
use super::{BadKey, Calls, GithubError, Marker, MarkerKey, RepoRef, Repository, Step, install_crypto};
use crate::ids::{InstallationId, Login, RepoName, RunId, Timestamp, UserId};

/// Where GitHub is and who we are there.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server.
    pub api_url: Url,
    /// `https://github.com`: for cloning and for links.
    pub web_url: Url,
    /// The number on the App's settings page.
    pub app_id: u64,
    /// The private key that GitHub generated, as PEM.
    pub key_pem: SecretString,
}

/// Why there is no App to work with.
#[derive(Debug, thiserror::Error)]
pub enum BadApp {
    /// The key is not one.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// The address is not one, or TLS has no certificates to trust.
    #[error("cannot talk to {api_url}: {why}")]
    Client { api_url: Url, why: String },
}

/// Who the App is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name in `https://github.com/apps/SLUG`.
    pub slug: String,
    /// The App's number.
    pub app_id: u64,
    /// The account that our comments and commits belong to, `SLUG[bot]`.
    pub bot_login: Login,
    /// That account's id: by this we know what is ours.
    pub bot_id: UserId,
    /// What the App asks its installations for, by name, `read` or `write`.
    pub permissions: BTreeMap<String, String>,
    /// The events it is subscribed to.
    pub events: Vec<String>,
}

/// The App. Share it by reference or `Arc`: it holds the tokens, the pace and the count of calls.
pub struct App {
    pub(super) wire: Wire,
    pub(super) key: AppKey,
    marker_key: MarkerKey,
    web_url: Url,
    pub(super) tokens: Tokens,
    pub(super) pace: Pace,
    pub(super) quotas: Quotas,
    pub(super) siblings: Siblings,
    pub(super) several: Several,
    identity: OnceCell<Identity>,
}

impl App {
    /// Prepares to speak as the App; asks GitHub nothing yet. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the key is not a key, or no connection to such an address can ever be made.
    pub fn new(config: &GithubConfig) -> Result<App, BadApp> {
        install_crypto();
        let key = AppKey::new(config.app_id, &config.key_pem)?;
        let wire = Wire::new(&config.api_url)
            .map_err(|error| BadApp::Client { api_url: config.api_url.clone(), why: error.to_string() })?;
        Ok(App {
            wire,
            key,
            marker_key: MarkerKey::derive(&config.key_pem),
            web_url: config.web_url.clone(),
            tokens: Tokens::default(),
            pace: Pace::default(),
            quotas: Quotas::default(),
            siblings: Siblings::default(),
            several: Several::default(),
            identity: OnceCell::new(),
        })
    }

    /// Opens a repository for one step at one moment. Asks nothing; the token is minted with the first request.
    #[must_use]
    pub fn repository<'a>(&'a self, at: &'a RepoRef, step: Step, now: Timestamp) -> Repository<'a> {
        Repository::new(self, at, step, now)
    }

    /// Says who the App is, from memory once it is known: `GET /app`, `GET /users/{slug}[bot]`.
    ///
    /// # Errors
    /// When GitHub does not know the App or its key, or gives no answer.
    pub async fn identity(&self, now: Timestamp) -> Result<&Identity, GithubError> {
        self.identity.get_or_try_init(|| self.ask_identity(now)).await
    }

    /// The mark of one comment of one run.
    #[must_use]
    pub fn marker(&self, run: RunId, name: &str) -> Marker {
        Marker::new(&self.marker_key, run, name)
    }

    /// Where git clones a repository from; never taken from a payload (T04).
    #[must_use]
    pub fn clone_url(&self, name: &RepoName) -> Url {
        let mut url = self.web_url.clone();
        url.set_path(&format!("{}/{name}.git", self.web_url.path().trim_end_matches('/')));
        url
    }

    /// The requests made so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.wire.calls()
    }

    /// How many requests GitHub still grants each installation in this hour, as it said last.
    #[must_use]
    pub fn quotas(&self) -> Vec<(InstallationId, u64)> {
        self.quotas.all()
    }

    async fn ask_identity(&self, now: Timestamp) -> Result<Identity, GithubError> {
        let ask = Ask::get("/app".to_owned(), "ask GitHub who this App is".to_owned());
        let app: AppWire = self.ask_as_app(&ask, now).await?.read(&ask)?;

        let login = format!("{}[bot]", app.slug);
        let ask = Ask::get(format!("/users/{}", encode(&login)), format!("look up the account {login}"));
        // The App's own token is not for this address; it is public, but a closed Enterprise Server may want one.
        let mut answer = self.wire.exchange(None, &ask).await?;
        if !answer.status.is_success() {
            answer = self.wire.exchange(Some(&self.app_token(&ask, now)?), &ask).await?;
        }
        let bot: BotWire = answer.judge(&ask, now)?.read(&ask)?;

        Ok(Identity {
            slug: app.slug,
            app_id: app.id,
            bot_login: bot.login,
            bot_id: bot.id,
            permissions: app.permissions.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_owned()))).collect(),
            events: app.events,
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("web_url", &self.web_url.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct AppWire {
    id: u64,
    slug: String,
    #[serde(default)]
    permissions: BTreeMap<String, Value>,
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Deserialize)]
struct BotWire {
    id: UserId,
    login: Login,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError, key_pem};
    use crate::github::{Access, Missing, NEEDED, check_permissions};

    #[tokio::test]
    async fn the_app_says_who_it_is_and_what_it_lacks() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let app = json!({
                "id": 7, "slug": "assentry", "events": ["issues", "push"],
                "permissions": { "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write" },
            });
            (seen.line == "GET /app").then(|| Reply::new(200, &app))
        })
        .await?;
        let app = fake.app()?;
        let identity = app.identity(NOW).await?;
        assert_eq!((identity.bot_login.as_str(), identity.bot_id), ("assentry[bot]", UserId(9)));

        let missing = check_permissions(identity);
        let need = NEEDED.iter().find(|need| need.permission == "checks");
        assert_eq!(need.map(|need| need.access), Some(Access::Write));
        assert_eq!(missing.get(1), need.map(|need| Missing::Permission { need: *need, granted: None }).as_ref());
        assert_eq!(missing.len(), 10);
        Ok(())
    }

    #[tokio::test]
    async fn an_enterprise_server_is_asked_below_its_own_path() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let about = json!({
                "id": 77, "full_name": "acme/tool", "default_branch": "main", "private": true, "topics": [],
            });
            match seen.line.as_str() {
                "POST /api/v3/app/installations/5/access_tokens" => Some(Reply::new(201, &json!({ "token": "t" }))),
                "GET /api/v3/repositories/77" => Some(Reply::new(200, &about)),
                _ => None,
            }
        })
        .await?;
        let app = App::new(&GithubConfig {
            api_url: format!("{}/api/v3/", fake.address).parse()?,
            web_url: "https://ghe.test/".parse()?,
            app_id: 7,
            key_pem: key_pem()?,
        })?;
        let about = app.repository(&fake.at, Step::Read, NOW).about().await?;

        assert_eq!(app.clone_url(&about.name).as_str(), "https://ghe.test/acme/tool.git");
        Ok(())
    }

    #[test]
    fn a_json_web_token_can_be_signed_with_the_provider_we_install() -> Result<(), TestError> {
        install_crypto();
        install_crypto();
        let key = AppKey::new(7, &key_pem()?)?;
        assert!(key.sign(NOW).is_ok());
        Ok(())
    }
}
