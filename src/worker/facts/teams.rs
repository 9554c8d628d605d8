//! In which teams people are, as far as the rules turn on it (E4).

use std::collections::BTreeMap;

use super::people::People;
use crate::github::{GithubError, Step, TeamState};
use crate::ids::{Person, TeamName, UserId};
use crate::worker::effect::Deed;
use crate::workflow::approval::{Membership, Rules};

/// Who is in which team; each is asked once at a gate.
#[derive(Debug, Default)]
pub(super) struct Teams(BTreeMap<TeamName, BTreeMap<UserId, Membership>>);

impl Teams {
    /// What the gate hears of it.
    pub(super) fn told(self) -> BTreeMap<TeamName, BTreeMap<UserId, Membership>> {
        self.0
    }
}

impl Deed<'_> {
    /// Asks for those whom a list of approvers may mean by a team, and warns of names that changed hands (D35).
    pub(super) async fn approvers(&self, rules: &[&Rules], people: &People, teams: &mut Teams) {
        for approvers in rules.iter().filter_map(|rules| rules.approvers.as_ref()) {
            for (person, level) in people.writers() {
                let listed = approvers.users.iter().any(|listed| listed.id == person.id);
                if listed || approvers.level.is_some_and(|enough| level >= enough) {
                    continue;
                }
                let name = person.login.as_str();
                if let Some(meant) = approvers.users.iter().find(|to| to.login.as_str().eq_ignore_ascii_case(name)) {
                    tracing::warn!(
                        run.id = %self.run.id, repo = %self.run.origin.repo_name, login = name, meant = %meant.id, id = %person.id,
                        "the list of approvers means account {} by {name}, and that name now belongs to account {}",
                        meant.id, person.id
                    );
                }
                for team in &approvers.teams {
                    if self.membership(teams, team, person).await == Membership::Active {
                        break;
                    }
                }
            }
        }
    }

    /// Whether a person is in a team.
    pub(super) async fn membership(&self, teams: &mut Teams, team: &TeamName, person: &Person) -> Membership {
        let members = teams.0.entry(team.clone()).or_default();
        if let Some(known) = members.get(&person.id) {
            return *known;
        }
        let membership = match self.repo(Step::Teams).team_state(team, &person.login).await {
            Ok(Some(TeamState::Active)) => Membership::Active,
            Ok(Some(TeamState::Pending)) => Membership::Pending,
            Ok(None) => Membership::No,
            Err(error) => {
                self.warn_of_team(team, &error);
                Membership::Unknown
            }
        };
        members.insert(person.id, membership);
        membership
    }

    /// Tells the operator what is missing: the App may not be granted what looking into teams needs.
    pub(super) fn warn_of_team(&self, team: &TeamName, error: &GithubError) {
        let repo = &self.run.origin.repo_name;
        if matches!(error, GithubError::Refused { .. }) {
            tracing::warn!(
                run.id = %self.run.id, repo = %repo, team = %team, %error,
                "the rules of {repo} name the team {team}: grant the App the organization permission `members: read`"
            );
        } else {
            tracing::warn!(run.id = %self.run.id, repo = %repo, team = %team, %error, "it is unknown who is in {team}");
        }
    }
}
