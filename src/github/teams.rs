//! Who belongs to a team of an organisation, and what a team may do here.
//!
//! All of it needs `members: read`, which an operator grants only where a repository's rules or owners name teams;
//! without it each answer is [`GithubError::Refused`], and so unknown.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::wire::{Ask, encode};
use super::{GithubError, Repository};
use crate::ids::{Login, TeamName};

/// The form of an answer in which a team's permission on a repository is told; otherwise there is an empty one.
const WITH_PERMISSIONS: &str = "application/vnd.github.v3.repository+json";

/// How far somebody belongs to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TeamState {
    /// A member, of the team or of a team below it.
    Active,
    /// Invited, and not there yet.
    Pending,
}

impl Repository<'_> {
    /// Says how far somebody belongs to a team: `GET /orgs/{org}/teams/{team_slug}/memberships/{username}`. `None` for
    /// nobody of it, and for a team that is not there or not shown to us.
    ///
    /// # Errors
    /// Any error means "unknown" (D37).
    pub async fn team_state(&self, team: &TeamName, login: &Login) -> Result<Option<TeamState>, GithubError> {
        let what = format!("ask whether {login} is in {team}");
        let path = format!("{}/memberships/{}", address(team), encode(login.as_str()));
        let ask = Ask::get(path, what);
        match self.ask(&ask).await {
            Ok(answer) => Ok(Some(answer.read::<MembershipWire>(&ask)?.state)),
            Err(GithubError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a team may write here: `GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}`. No for a team that is not
    /// there or not shown to us.
    ///
    /// # Errors
    /// Any error means "unknown".
    pub async fn team_writes(&self, team: &TeamName) -> Result<bool, GithubError> {
        let what = self.what(format!("ask what {team} may do"));
        let path = format!("{}/repos/{}", address(team), self.at.name);
        let ask = Ask::get(path, what).accepting(WITH_PERMISSIONS);
        match self.ask(&ask).await {
            Ok(answer) => Ok(answer.read::<Value>(&ask)?["permissions"]["push"].as_bool().unwrap_or(false)),
            Err(GithubError::Gone { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether anybody is in a team: `GET /orgs/{org}/teams/{team_slug}/members`, one is enough.
    ///
    /// # Errors
    /// Any error means "unknown".
    pub async fn team_has_members(&self, team: &TeamName) -> Result<bool, GithubError> {
        let ask = Ask::get(format!("{}/members?per_page=1", address(team)), format!("ask who is in {team}"));
        match self.ask(&ask).await {
            Ok(answer) => Ok(!answer.read::<Vec<IgnoredAny>>(&ask)?.is_empty()),
            Err(GithubError::Gone { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Below which address GitHub tells about a team.
fn address(team: &TeamName) -> String {
    let (organisation, slug) = team.as_str().split_once('/').unwrap_or((team.as_str(), ""));
    format!("/orgs/{}/teams/{}", encode(organisation), encode(slug))
}

#[derive(Deserialize)]
struct MembershipWire {
    state: TeamState,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    async fn asked(status: u16, answer: Value) -> Result<Result<Option<TeamState>, GithubError>, TestError> {
        let line = "GET /orgs/acme/teams/security/memberships/ann";
        let fake = Fake::start(move |seen| (seen.line == line).then(|| Reply::new(status, &answer))).await?;
        let app = fake.app()?;
        Ok(app.repository(&fake.at, Step::Teams, NOW).team_state(&"acme/security".parse()?, &"ann".parse()?).await)
    }

    #[tokio::test]
    async fn d36_d37_a_member_an_invited_person_a_stranger_and_no_answer_are_told_apart() -> Result<(), TestError> {
        assert_eq!(asked(200, json!({ "state": "active", "role": "member" })).await?, Ok(Some(TeamState::Active)));
        assert_eq!(asked(200, json!({ "state": "pending" })).await?, Ok(Some(TeamState::Pending)));
        assert_eq!(asked(404, json!({ "message": "Not Found" })).await?, Ok(None));
        for (status, answer) in [(200, json!({ "state": "odd" })), (200, json!({})), (403, json!({})), (500, json!({}))]
        {
            let got = asked(status, answer.clone()).await?;
            assert!(got.is_err(), "{status} {answer}: {got:?}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn d40_a_team_writes_only_where_github_says_so() -> Result<(), TestError> {
        for (status, answer, writes) in [
            (200, json!({ "permissions": { "push": true, "admin": false } }), Ok(true)),
            (200, json!({ "permissions": { "pull": true, "push": false } }), Ok(false)),
            (404, json!({}), Ok(false)),
        ] {
            let line = "GET /orgs/acme/teams/security/repos/acme/tool";
            let fake = Fake::start(move |seen| (seen.line == line).then(|| Reply::new(status, &answer))).await?;
            let app = fake.app()?;
            let here = app.repository(&fake.at, Step::Teams, NOW);
            assert_eq!(here.team_writes(&"acme/security".parse()?).await, writes);
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_token_for_teams_reads_nothing_else() -> Result<(), TestError> {
        let fake = Fake::start(|seen| seen.line.contains("/members?").then(|| Reply::new(200, &json!([{}])))).await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Teams, NOW);
        assert_eq!(here.team_has_members(&"acme/security".parse()?).await, Ok(true));

        let minted: Vec<_> = fake.mints().into_iter().map(|seen| seen.body["permissions"].clone()).collect();
        assert_eq!(minted, [json!({ "members": "read", "metadata": "read" })]);
        Ok(())
    }
}
