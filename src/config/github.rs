//! The App: who we are on GitHub, and whose deliveries we act on.

use std::fmt;

use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::secrets::{Source, Surroundings};
use super::server::http_url;
use super::strict::Table;
use crate::ids::RepoName;

/// The App as GitHub knows it.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// The App's number, from its settings page.
    pub app_id: u64,
    /// Its private key, in PEM.
    pub private_key: SecretString,
    /// What deliveries are signed with: one, or two during a rotation.
    pub webhook_secrets: Vec<SecretString>,
    /// Where the REST API is; never taken from a payload.
    pub api_url: Url,
    /// Where the pages and the repositories are; never taken from a payload.
    pub web_url: Url,
    /// The repositories we serve; empty: all that the App is installed on.
    pub repositories: Vec<RepoPattern>,
}

impl GithubConfig {
    /// Whether we serve a repository.
    #[must_use]
    pub fn serves(&self, repo: &RepoName) -> bool {
        self.repositories.is_empty() || self.repositories.iter().any(|pattern| pattern.matches(repo))
    }
}

/// One repository, or all of one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepoPattern {
    /// `owner/name`.
    One(RepoName),
    /// `owner/*`.
    AllOf(String),
}

impl RepoPattern {
    /// Whether a repository is meant; GitHub's names do not tell upper from lower case.
    #[must_use]
    pub fn matches(&self, repo: &RepoName) -> bool {
        match self {
            RepoPattern::One(one) => one.as_str().eq_ignore_ascii_case(repo.as_str()),
            RepoPattern::AllOf(owner) => owner.eq_ignore_ascii_case(repo.owner()),
        }
    }

    fn parse(text: &str) -> Result<RepoPattern, String> {
        let wanted = || format!("{text:?} must be a repository as owner/name, or all of an owner as owner/*");
        match text.strip_suffix("/*") {
            Some(owner) => {
                let plausible: RepoName = format!("{owner}/x").parse().map_err(|_| wanted())?;
                Ok(RepoPattern::AllOf(plausible.owner().to_owned()))
            }
            None => text.parse().map(RepoPattern::One).map_err(|_| wanted()),
        }
    }
}

impl fmt::Display for RepoPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RepoPattern::One(repo) => repo.fmt(f),
            RepoPattern::AllOf(owner) => write!(f, "{owner}/*"),
        }
    }
}

const KEY: Source<'_> = Source { file_key: "private_key_file", variable: "ASSENTRY_PRIVATE_KEY" };
const SECRET: Source<'_> = Source { file_key: "webhook_secret_file", variable: "ASSENTRY_WEBHOOK_SECRET" };
const OLD_SECRET: Source<'_> = Source { file_key: "old_webhook_secret_file", variable: "ASSENTRY_OLD_WEBHOOK_SECRET" };

pub(super) fn read(table: Table<'_>, around: &Surroundings<'_>) -> Option<GithubConfig> {
    let app_id = table.integer("app_id", 1..=i64::MAX as u64);
    if !table.has("app_id") {
        table.wrong("app_id", "is missing: write the App ID from the App's settings page");
    }
    let private_key = KEY.require(&table, around, "the App's private key").filter(|key| is_key(&table, key));
    let secret = SECRET.require(&table, around, "the webhook secret");
    let old_secret = OLD_SECRET.read(&table, around);
    let api_url = table.parsed("api_url", http_url).or_else(|| "https://api.github.com/".parse().ok());
    let web_url = table.parsed("web_url", http_url).or_else(|| "https://github.com/".parse().ok());
    if table.has("api_url") != table.has("web_url") {
        let missing = if table.has("api_url") { "web_url" } else { "api_url" };
        table.wrong(missing, "is missing: a server of your own needs both api_url and web_url");
    }
    let repositories = table.list("repositories", RepoPattern::parse).unwrap_or_default();
    if table.has("repositories") && repositories.is_empty() {
        table.wrong("repositories", "names none: remove the key to serve all that the App is installed on");
    }
    table.finish();
    Some(GithubConfig {
        app_id: app_id?,
        private_key: private_key?,
        webhook_secrets: [secret?].into_iter().chain(old_secret).collect(),
        api_url: api_url?,
        web_url: web_url?,
        repositories,
    })
}

/// Whether it is an RSA key. What the parser says of it is not repeated: it may quote the file.
fn is_key(table: &Table<'_>, key: &SecretString) -> bool {
    let fits = EncodingKey::from_rsa_pem(key.expose_secret().as_bytes()).is_ok();
    if !fits {
        let what = "is not the App's private key: generate one on the App's settings page and name the .pem file, \
                    which begins with -----BEGIN RSA PRIVATE KEY-----";
        table.wrong("private_key_file", what);
    }
    fits
}
