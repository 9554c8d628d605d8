//! Another repository of the same installation, found by its name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::wire::Ask;
use super::{App, GithubError, RepoRef};
use crate::ids::{InstallationId, RepoId, RepoName, Timestamp};

/// How long it is remembered whether there is such a repository.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Which repositories there are, by installation and name, and since when that is known.
#[derive(Debug, Default)]
pub(super) struct Siblings(Mutex<HashMap<(InstallationId, RepoName), Known>>);

/// Since when it is known, and what.
type Known = (Timestamp, Option<RepoId>);

impl App {
    /// Looks for a repository of an installation by its name; `None` when the installation does not cover it. Asked of
    /// `POST /app/installations/{id}/access_tokens`, which names the repositories it gives access to; the token itself is
    /// dropped. An answer is believed for ten minutes.
    ///
    /// # Errors
    /// When GitHub gives no clear answer.
    pub async fn repository_named(
        &self,
        installation: InstallationId,
        name: &RepoName,
        now: Timestamp,
    ) -> Result<Option<RepoRef>, GithubError> {
        let key = (installation, name.clone());
        let remembered = self.siblings.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        let found = match remembered {
            Some((at, id)) if is_young(at, now) => id,
            Some(_) | None => {
                let id = self.look_for(installation, name, now).await?;
                let mut known = self.siblings.0.lock().unwrap_or_else(PoisonError::into_inner);
                known.retain(|_, (at, _)| is_young(*at, now));
                known.insert(key, (now, id));
                id
            }
        };
        Ok(found.map(|id| RepoRef { installation, id, name: name.clone() }))
    }

    async fn look_for(
        &self,
        installation: InstallationId,
        name: &RepoName,
        now: Timestamp,
    ) -> Result<Option<RepoId>, GithubError> {
        let short = name.as_str().split('/').next_back().unwrap_or_default();
        let ask = Ask::set(
            Method::POST,
            format!("/app/installations/{installation}/access_tokens"),
            json!({ "repositories": [short], "permissions": { "metadata": "read" } }),
            format!("look for {name} in installation {installation}"),
        );
        let minted: Minted = match self.ask_as_app(&ask, now).await {
            Ok(answer) => answer.read(&ask)?,
            // 422: "does not exist or is not accessible to the parent installation".
            Err(GithubError::Invalid { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let same = |repo: &Covered| repo.full_name.as_str().eq_ignore_ascii_case(name.as_str());
        Ok(minted.repositories.into_iter().find(same).map(|repo| repo.id))
    }
}

/// Whoever began earlier may ask later: an answer may be a little younger than the question, but not as much as a clock
/// that was set back makes it.
fn is_young(at: Timestamp, now: Timestamp) -> bool {
    now.since(at).max(at.since(now)) < REMEMBERED
}

#[derive(Deserialize)]
struct Minted {
    #[serde(default)]
    repositories: Vec<Covered>,
}

#[derive(Deserialize)]
struct Covered {
    id: RepoId,
    full_name: RepoName,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[tokio::test]
    async fn a_repository_is_found_by_its_name_and_asked_for_once_in_ten_minutes() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let asked = seen.body["repositories"][0].as_str().unwrap_or_default().to_owned();
            let repositories = json!([{ "id": 9, "full_name": "acme/.github" }]);
            seen.line.contains("access_tokens").then(|| match asked.as_str() {
                ".github" => Reply::new(201, &json!({ "token": "ghs_canary", "repositories": repositories })),
                _ => Reply::new(422, &json!({ "message": "There is at least one repository that does not exist" })),
            })
        })
        .await?;
        let app = fake.app()?;
        let at = fake.at.installation;
        for minutes in [0, 9, 10] {
            let now = Timestamp(NOW.0 + minutes * 60_000);
            let found = app.repository_named(at, &"acme/.github".parse()?, now).await?;
            assert_eq!(found.map(|found| found.id), Some(RepoId(9)));
        }
        assert_eq!(app.repository_named(at, &"acme/other".parse()?, NOW).await?, None);
        let asked = fake.mints().len();
        assert_eq!(asked, 3);
        Ok(())
    }
}
