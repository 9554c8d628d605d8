//! How a repository is found by its name, for operators who know no numbers.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::wire::Ask;
use super::{App, GithubError, RepoRef};
use crate::ids::{InstallationId, RepoId, RepoName, Timestamp};

impl App {
    /// Finds the installation and the numbers of a repository: `GET /repos/{owner}/{repo}/installation`, then a token
    /// that may do nothing but look, because GitHub names in its answer what the token is for.
    ///
    /// # Errors
    /// [`GithubError::Gone`] when there is no such repository or the App is not installed on it.
    pub async fn find_repository(&self, name: &RepoName, now: Timestamp) -> Result<RepoRef, GithubError> {
        let what = format!("find {name}");
        let ask = Ask::get(format!("/repos/{name}/installation"), what.clone());
        let installation: Installation = self.ask_as_app(&ask, now).await?.read(&ask)?;

        let ask = Ask::set(
            Method::POST,
            format!("/app/installations/{}/access_tokens", installation.id),
            json!({ "repositories": [name.name()], "permissions": { "metadata": "read" } }),
            what.clone(),
        );
        let told: Told = self.ask_as_app(&ask, now).await?.read(&ask)?;
        match <[Found; 1]>::try_from(told.repositories) {
            Ok([found]) => Ok(RepoRef { installation: installation.id, id: found.id, name: found.full_name }),
            Err(_) => Err(GithubError::Gone { what }),
        }
    }
}

#[derive(Deserialize)]
struct Installation {
    id: InstallationId,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    repositories: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    id: RepoId,
    full_name: RepoName,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[tokio::test]
    async fn a_repository_is_found_by_a_token_that_may_only_look() -> Result<(), TestError> {
        let fake = Fake::start(|seen| match seen.line.as_str() {
            "GET /repos/acme/tool/installation" => Some(Reply::new(200, &json!({ "id": 5, "account": null }))),
            "POST /app/installations/5/access_tokens" => {
                let repositories = json!([{ "id": 77, "full_name": "acme/tool", "private": true }]);
                Some(Reply::new(201, &json!({ "token": "ghs_canary", "repositories": repositories })))
            }
            _ => None,
        })
        .await?;

        assert_eq!(fake.app()?.find_repository(&"acme/tool".parse()?, NOW).await, Ok(fake.at.clone()));
        let asked = json!({ "repositories": ["tool"], "permissions": { "metadata": "read" } });
        assert_eq!(fake.mints().pop().map(|mint| mint.body), Some(asked));
        Ok(())
    }
}
