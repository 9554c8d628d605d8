//! "REST: Teams" and "REST: Team members": who belongs to a team of an organization, and what a team may do where.
//!
//! All of it needs the permission `members` of the organization that the installation stands on; for a person, membership
//! in one of its teams. A membership is `pending` until the invitation is accepted; a pending one gives nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::auth::Actor;
use super::call::{Answer, Call, Outcome, Refusal};
use super::state::{AccountKind, Role, State};
use super::{GitHub, addresses, shapes};

/// A team of an organization.
pub(super) struct Team {
    pub(super) id: i64,
    pub(super) organization: i64,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) members: BTreeMap<i64, Membership>,
    /// What the team may do in repositories, by their ids.
    pub(super) grants: BTreeMap<i64, Role>,
}

/// How far somebody belongs to a team: `state` of "Get team membership for a user".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// A member.
    Active,
    /// Invited.
    Pending,
}

/// "List teams".
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let organization = organization(call)?;
    let own = call.state.teams.values().filter(|team| team.organization == organization);
    Ok(Answer::List(own.map(|team| shape(call.state, team)).collect()))
}

/// "Get a team by name".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::Json(200, whole(call.state, named(call)?)))
}

/// "List team members": who is only invited is not among them.
pub(super) fn members(call: &mut Call<'_>) -> Outcome<Answer> {
    let active = named(call)?.members.iter().filter(|(_, membership)| **membership == Membership::Active);
    Ok(Answer::List(active.map(|(id, _)| shapes::account(call.state, *id)).collect()))
}

/// "Get team membership for a user", by the team's name or by its id; 404 for somebody who is no member.
pub(super) fn membership(call: &mut Call<'_>) -> Outcome<Answer> {
    let team = named(call)?;
    let person = call.state.account_named(call.param("username")).ok_or_else(Refusal::not_found)?;
    let state = match team.members.get(&person.id).ok_or_else(Refusal::not_found)? {
        Membership::Active => "active",
        Membership::Pending => "pending",
    };
    let place = format!("organizations/{}/team/{}", team.organization, team.id);
    let url = format!("{}/{place}/memberships/{}", call.state.url, person.login);
    Ok(Answer::Json(200, json!({ "url": url, "role": "member", "state": state })))
}

/// "Check team permissions for a repository": 404 where the team has none. GitHub answers 204 without a body unless asked
/// for the media type `repository+json`, which this answers always.
pub(super) fn repository(call: &mut Call<'_>) -> Outcome<Answer> {
    let role = *named(call)?.grants.get(&call.repo).ok_or_else(Refusal::not_found)?;
    let mut shape = shapes::repo(call.state, call.repo()?);
    shape["permissions"] = shapes::permissions(role);
    shape["role_name"] = json!(role.name());
    if let Some(fields) = shape.as_object_mut() {
        fields.remove("has_discussions");
    }
    Ok(Answer::Json(200, shape))
}

/// The organization of the path, if the caller may see its teams.
fn organization(call: &Call<'_>) -> Outcome<i64> {
    let account = match call.param("organization_id") {
        "" => call.state.account_named(call.param("org")),
        _ => call.state.accounts.get(&call.number("organization_id")?),
    };
    let found = account.filter(|account| account.kind == AccountKind::Organization).ok_or_else(Refusal::not_found)?;
    let inside = match &call.actor {
        Actor::Installation(grant) => {
            call.state.installations.get(&grant.installation).is_some_and(|i| i.account == found.id)
        }
        Actor::User { id, .. } => call
            .state
            .teams
            .values()
            .any(|team| team.organization == found.id && team.members.get(id) == Some(&Membership::Active)),
        Actor::Nobody | Actor::App => false,
    };
    if inside { Ok(found.id) } else { Err(Refusal::not_found()) }
}

fn named<'a>(call: &'a Call<'_>) -> Outcome<&'a Team> {
    let organization = organization(call)?;
    let wanted = match call.param("team_id") {
        "" => call.state.team_id(organization, call.param("team_slug")),
        _ => Some(call.number("team_id")?),
    };
    let team = wanted.and_then(|id| call.state.teams.get(&id)).filter(|team| team.organization == organization);
    team.ok_or_else(Refusal::not_found)
}

/// "REST: Get a team by name".
fn shape(state: &State, team: &Team) -> Value {
    let place = format!("{}/organizations/{}/team/{}", state.url, team.organization, team.id);
    json!({
        "id": team.id,
        "node_id": format!("T_{}", team.id),
        "name": team.name,
        "slug": team.slug,
        "description": null,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "url": place,
        "members_url": format!("{place}/members{{/member}}"),
        "repositories_url": format!("{place}/repos"),
        "html_url": format!("{}/orgs/{}/teams/{}", state.url, state.login(team.organization), team.slug),
        "parent": null,
        "type": "organization",
        "organization_id": team.organization,
    })
}

/// "REST: Get a team by name": with its organization and how large it is.
fn whole(state: &State, team: &Team) -> Value {
    let login = state.login(team.organization);
    let at = state.app.created.to_rfc3339();
    let mut organization = json!({
        "login": login, "id": team.organization, "node_id": format!("O_{}", team.organization),
        "avatar_url": format!("{}/avatars/{}", state.url, team.organization), "description": null,
        "html_url": format!("{}/{login}", state.url), "has_organization_projects": false,
        "has_repository_projects": false, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
        "type": "Organization", "created_at": at, "updated_at": at, "archived_at": null,
    });
    addresses::join(&mut organization, addresses::of_organization(&state.url, login));
    let active = team.members.values().filter(|membership| **membership == Membership::Active);
    let mut shape = shape(state, team);
    shape["members_count"] = json!(active.count());
    shape["repos_count"] = json!(team.grants.len());
    (shape["created_at"], shape["updated_at"]) = (json!(at), json!(at));
    shape["organization"] = organization;
    shape
}

impl State {
    fn team_id(&self, organization: i64, slug: &str) -> Option<i64> {
        let fits = |team: &&Team| team.organization == organization && team.slug.eq_ignore_ascii_case(slug);
        self.teams.values().find(fits).map(|team| team.id)
    }

    /// What somebody may do in a repository through teams.
    pub(super) fn role_by_teams(&self, repo: i64, account: i64) -> Role {
        let active = self.teams.values().filter(|t| t.members.get(&account) == Some(&Membership::Active));
        active.filter_map(|team| team.grants.get(&repo).copied()).max().unwrap_or(Role::None)
    }
}

impl GitHub {
    /// Makes a team of an organization, without members; one that is there stays as it is. Its slug is its name in lower
    /// case, with `-` for what is neither letter nor digit.
    ///
    /// # Errors
    /// When there is no such organization.
    pub fn adds_team(&self, organization: &str, name: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let owner = state.account_named(organization).filter(|account| account.kind == AccountKind::Organization);
        let organization = owner.map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let dashed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let slug: String = name.chars().map(dashed).collect();
        if state.team_id(organization, &slug).is_none() {
            let id = state.next_id();
            let (members, grants) = (BTreeMap::new(), BTreeMap::new());
            state.teams.insert(id, Team { id, organization, name: name.to_owned(), slug, members, grants });
        }
        Ok(())
    }

    /// Makes somebody a member of a team, `organization/slug`, or invites them.
    ///
    /// # Errors
    /// When there is no such team or person.
    pub fn puts_in_team(&self, team: &str, login: &str, membership: Membership) -> Result<(), Refusal> {
        self.in_team(team, |state, id| {
            let person = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
            state.teams.get_mut(&id).and_then(|team| team.members.insert(person, membership));
            Ok(())
        })
    }

    /// Takes somebody out of a team, `organization/slug`, or the invitation back.
    ///
    /// # Errors
    /// When there is no such team or person.
    pub fn takes_from_team(&self, team: &str, login: &str) -> Result<(), Refusal> {
        self.in_team(team, |state, id| {
            let person = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
            state.teams.get_mut(&id).and_then(|team| team.members.remove(&person));
            Ok(())
        })
    }

    /// Gives a team, `organization/slug`, a role in a repository; [`Role::None`] takes it away.
    ///
    /// # Errors
    /// When there is no such team or repository.
    pub fn grants_team(&self, team: &str, repo: &str, role: Role) -> Result<(), Refusal> {
        self.in_team(team, |state, id| {
            let repo = state.repo_id(repo)?;
            let team = state.teams.get_mut(&id).ok_or_else(Refusal::not_found)?;
            match role {
                Role::None => team.grants.remove(&repo),
                Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin => {
                    team.grants.insert(repo, role)
                }
            };
            Ok(())
        })
    }

    /// The team's id, for those who bind to ids.
    ///
    /// # Errors
    /// When there is no such team.
    pub fn team_id(&self, team: &str) -> Result<i64, Refusal> {
        self.in_team(team, |_, id| Ok(id))
    }

    fn in_team<T>(&self, team: &str, act: impl FnOnce(&mut State, i64) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut state = self.hub.lock();
        let (organization, slug) = team.split_once('/').ok_or_else(Refusal::not_found)?;
        let owner = state.account_named(organization).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let id = state.team_id(owner, slug).ok_or_else(Refusal::not_found)?;
        act(&mut state, id)
    }
}
