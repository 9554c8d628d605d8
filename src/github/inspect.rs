//! How the App stands with GitHub: its installations, its webhook, the clock. For who looks after it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Ask, Listing};
use super::{App, GithubError, RepoRef, Repository, fields};
use crate::ids::{InstallationId, Login, RepoId, RepoName, RepoPath, Timestamp};

/// Pages of a hundred that are read at most.
const PAGES: usize = 10;

/// One account that has installed the App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub id: InstallationId,
    /// Whose it is.
    pub account: String,
    /// What that account has granted, which may be less than the App asks for by now.
    pub permissions: BTreeMap<String, String>,
    /// Whether it is suspended.
    pub suspended: bool,
}

/// How GitHub sends webhooks to the App.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hook {
    /// Where to; `None` when nothing is sent.
    #[serde(default)]
    pub url: Option<String>,
    /// `json` or `form`.
    #[serde(default)]
    pub content_type: String,
    /// `"1"` when certificates are not checked. GitHub writes a text or a number.
    #[serde(default)]
    insecure_ssl: Value,
}

impl Hook {
    /// Whether GitHub does not look at our certificate.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.insecure_ssl == json!("1") || self.insecure_ssl == json!(1)
    }
}

impl App {
    /// Lists who has installed the App: `GET /app/installations`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn installations(&self, now: Timestamp) -> Result<Listing<Installed>, GithubError> {
        let mut ask = Ask::get("/app/installations?per_page=100".to_owned(), "list the App's installations".to_owned());
        let mut items = Vec::new();
        for _ in 0..PAGES {
            let answer = self.ask_as_app(&ask, now).await?;
            items.extend(answer.read::<Vec<InstalledWire>>(&ask)?.into_iter().map(Installed::from));
            match answer.next_page() {
                Some(next) => ask.path = next,
                None => return Ok(Listing { items, complete: true }),
            }
        }
        Ok(Listing { items, complete: false })
    }

    /// Lists the repositories of an installation: `GET /installation/repositories`, with a token that may only look.
    ///
    /// # Errors
    /// As for any read.
    pub async fn repositories(&self, of: InstallationId, now: Timestamp) -> Result<Listing<Covered>, GithubError> {
        let what = format!("list the repositories of installation {of}");
        let path = format!("/app/installations/{of}/access_tokens");
        let mint = Ask::set(Method::POST, path, json!({ "permissions": { "metadata": "read" } }), what.clone());
        let minted: Minted = self.ask_as_app(&mint, now).await?.read(&mint)?;
        let mut ask = Ask::get("/installation/repositories?per_page=100".to_owned(), what);
        let mut items = Vec::new();
        for _ in 0..PAGES {
            let answer = self.wire.exchange(Some(&minted.token), &ask).await?.judge(&ask, now)?;
            let page: Page = answer.read(&ask)?;
            items.extend(page.repositories.into_iter().map(|repo| Covered {
                at: RepoRef { installation: of, id: repo.id, name: repo.full_name },
                private: repo.private,
                archived: repo.archived,
            }));
            match answer.next_page() {
                Some(next) => ask.path = next,
                None => return Ok(Listing { items, complete: true }),
            }
        }
        Ok(Listing { items, complete: false })
    }

    /// Reads where webhooks go: `GET /app/hook/config`.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Gone`] when the App has no webhook.
    pub async fn hook(&self, now: Timestamp) -> Result<Hook, GithubError> {
        let ask = Ask::get("/app/hook/config".to_owned(), "read where webhooks go".to_owned());
        self.ask_as_app(&ask, now).await?.read(&ask)
    }

    /// GitHub's time, by the `Date` of an answer to `GET /app`, in whole seconds; `None` when it does not say.
    ///
    /// # Errors
    /// As for any read.
    pub async fn their_clock(&self, now: Timestamp) -> Result<Option<Timestamp>, GithubError> {
        let ask = Ask::get("/app".to_owned(), "ask GitHub for the time".to_owned());
        // Whatever the answer is, it has a date.
        Ok(self.wire.exchange(Some(&self.app_token(&ask, now)?), &ask).await?.date())
    }
}

/// A repository of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    pub at: RepoRef,
    pub private: bool,
    pub archived: bool,
}

impl Repository<'_> {
    /// Lists the files of a folder on the default branch: `GET /repos/{owner}/{repo}/contents/{path}`, at most 1,000. A
    /// folder that is not there has none.
    ///
    /// # Errors
    /// As for any read.
    pub async fn files_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, GithubError> {
        let path = format!("/contents/{}", super::wire::encode(folder.as_str()));
        match self.get::<Vec<Entry>>(&path, self.what(format!("list {folder}"))).await {
            Ok(entries) => {
                Ok(entries.into_iter().filter(|entry| entry.kind == "file").filter_map(|entry| entry.path).collect())
            }
            Err(GithubError::Gone { .. }) => Ok(vec![]),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
struct InstalledWire {
    id: InstallationId,
    #[serde(default)]
    account: Option<Account>,
    #[serde(default)]
    permissions: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "fields::maybe_time")]
    suspended_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    login: Option<Login>,
    /// Enterprises have one of these instead.
    #[serde(default)]
    slug: Option<String>,
}

impl From<InstalledWire> for Installed {
    fn from(wire: InstalledWire) -> Installed {
        let account = wire.account.and_then(|account| account.login.map(|login| login.to_string()).or(account.slug));
        Installed {
            id: wire.id,
            account: account.unwrap_or_else(|| format!("installation {}", wire.id)),
            permissions: wire.permissions.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_owned()))).collect(),
            suspended: wire.suspended_at.is_some(),
        }
    }
}

#[derive(Deserialize)]
struct Minted {
    token: secrecy::SecretString,
}

#[derive(Deserialize)]
struct Page {
    repositories: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: RepoId,
    full_name: RepoName,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "fields::maybe_path")]
    path: Option<RepoPath>,
    #[serde(rename = "type")]
    kind: String,
}
