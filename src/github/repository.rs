//! One repository, opened for one step at one moment; every call on it is a method in the file of its subject.

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tokens::Reach;
use super::wire::{Answer, Ask, Listing};
use super::{App, GithubError, Step};
use crate::ids::{BranchName, InstallationId, RepoId, RepoName, Timestamp};

/// Pages of a hundred that are read before a list counts as too long to read.
const PAGES: usize = 20;

/// Which repository, and through which installation it is ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepoRef {
    pub installation: InstallationId,
    pub id: RepoId,
    pub name: RepoName,
}

impl RepoRef {
    pub(super) fn reach(&self, step: Step) -> Reach {
        Reach { installation: self.installation, repository: self.id, step }
    }
}

/// What is so about a repository now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub id: RepoId,
    pub name: RepoName,
    pub default_branch: BranchName,
    pub private: bool,
    pub archived: bool,
}

/// A repository with the permissions of one step. Open a new one for each effect: its moment decides whether a token
/// is still fresh and when a limit ends.
#[derive(Debug, Clone, Copy)]
pub struct Repository<'a> {
    pub(super) app: &'a App,
    pub(super) at: &'a RepoRef,
    step: Step,
    pub(super) now: Timestamp,
}

impl<'a> Repository<'a> {
    pub(super) fn new(app: &'a App, at: &'a RepoRef, step: Step, now: Timestamp) -> Repository<'a> {
        Repository { app, at, step, now }
    }

    /// The same, with the permissions of another step.
    pub(super) fn with(self, step: Step) -> Repository<'a> {
        Repository { step, ..self }
    }

    /// Reads what is so about the repository: `GET /repositories/{id}`, which a rename does not change.
    ///
    /// # Errors
    /// As for any read.
    pub async fn about(&self) -> Result<About, GithubError> {
        let ask = Ask::get(format!("/repositories/{}", self.at.id), format!("read about {}", self.at.name));
        let about: AboutWire = self.ask(&ask).await?.read(&ask)?;
        Ok(About {
            id: about.id,
            name: about.full_name,
            default_branch: about.default_branch,
            private: about.private,
            archived: about.archived,
        })
    }

    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, GithubError> {
        self.app.ask(self.at, self.step, ask, self.now).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, what: String) -> Result<T, GithubError> {
        let ask = Ask::get(self.path(path), what);
        self.ask(&ask).await?.read(&ask)
    }

    /// Sends what may be sent twice.
    pub(super) async fn set<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Value,
        what: String,
    ) -> Result<T, GithubError> {
        let ask = Ask::set(method, self.path(path), body, what);
        self.ask(&ask).await?.read(&ask)
    }

    /// Sends what leaves one more thing each time.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Value,
        what: String,
    ) -> Result<T, GithubError> {
        let ask = Ask::create(method, self.path(path), body, what);
        self.ask(&ask).await?.read(&ask)
    }

    /// Reads a list page by page; `path` has its query but for the page size.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str, what: String) -> Result<Listing<T>, GithubError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut ask = Ask::get(self.path(&format!("{path}{joint}per_page=100")), what);
        let mut items: Vec<T> = Vec::new();
        for _ in 0..PAGES {
            let answer = self.ask(&ask).await?;
            items.append(&mut answer.read(&ask)?);
            match answer.next_page() {
                Some(next) => ask.path = next,
                None => return Ok(Listing { items, complete: true }),
            }
        }
        Ok(Listing { items, complete: false })
    }

    /// How something in this repository is called in an error.
    pub(super) fn what(&self, doing: impl std::fmt::Display) -> String {
        format!("{doing} in {}", self.at.name)
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.at.name)
    }
}

#[derive(Deserialize)]
struct AboutWire {
    id: RepoId,
    full_name: RepoName,
    default_branch: BranchName,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    archived: bool,
}
