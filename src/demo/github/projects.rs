//! "GraphQL: ProjectV2": projects of organizations and users, their items, and the one field that says how far an item is.
//!
//! An App sees and changes only the projects of the organization that has installed it, with the permission
//! `organization_projects`; there is none for those of users. Nobody is told of changes: `projects_v2_item` is an event
//! that the App does not ask for.

use serde_json::{Value, json};

use super::auth::{self, Actor, Needs};
use super::call::{Call, Outcome, Refusal};
use super::state::{AccountKind, Issue, Level, Repo, Role, State};
use super::{GitHub, graphql};

/// A project; its node id is `PVT_` and its number here.
pub(super) struct Project {
    pub(super) id: i64,
    owner: i64,
    closed: bool,
    /// What the field "Status" takes, in order; without any there is no such field.
    statuses: Vec<String>,
    items: Vec<Item>,
}

struct Item {
    id: i64,
    /// The id of the issue or of the issue half of the pull request.
    content: i64,
    status: Option<String>,
}

impl GitHub {
    /// A project of an account, with what its field "Status" takes.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn adds_project(&self, owner: &str, statuses: &[&str]) -> Result<i64, Refusal> {
        let mut state = self.hub.lock();
        let owner = state.account_named(owner).ok_or_else(Refusal::not_found)?.id;
        let id = state.next_id();
        let statuses = statuses.iter().map(|status| (*status).to_owned()).collect();
        state.projects.push(Project { id, owner, closed: false, statuses, items: vec![] });
        Ok(id)
    }

    /// Somebody puts an issue into a project, or changes its status there.
    ///
    /// # Errors
    /// When project, issue or status is not there.
    pub fn puts_into_project(
        &self,
        project: i64,
        (repo, number): (&str, i64),
        status: Option<&str>,
    ) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let content = state.issue(state.repo_id(repo)?, number)?.id;
        let item = add(&mut state, project, content)?;
        status.map_or(Ok(()), |status| set(find(&mut state.projects, project)?, item, status))
    }

    /// Somebody closes a project.
    ///
    /// # Errors
    /// When it is not there.
    pub fn closes_project(&self, project: i64) -> Result<(), Refusal> {
        find(&mut self.hub.lock().projects, project)?.closed = true;
        Ok(())
    }

    /// The numbers of a repository's issues and pull requests in a project, each with its status.
    #[must_use]
    pub fn in_project(&self, project: i64, repo: &str) -> Vec<(i64, Option<String>)> {
        self.look(|state| {
            let repo = state.repo(state.repo_id(repo)?)?;
            let items = state.projects.iter().filter(|one| one.id == project).flat_map(|one| &one.items);
            let of = |item: &Item| {
                let issue = repo.issues.values().find(|issue| issue.id == item.content)?;
                Some((issue.number, item.status.clone()))
            };
            Ok(items.filter_map(of).collect())
        })
        .unwrap_or_default()
    }
}

/// "GraphQL: Issue.projectItems" of `owner`, `name` and `issue`, beside the pull request `pull`. What the caller may not
/// see is left out.
pub(super) fn items(call: &Call<'_>, query: &str) -> Outcome<Value> {
    let variables = &call.body["variables"];
    let repo = graphql::repository(call, variables)?;
    let needs: [&[_]; 2] = [&[("issues", Level::Read)], &[("pull_requests", Level::Read)]];
    for permission in needs {
        auth::admit(call.state, &call.actor, Some(repo), Needs::Access(permission, Role::Read))?;
    }
    let number = |name: &str| variables[name].as_i64().unwrap_or(0);
    let issue = call.state.issue(repo.id, number("issue"))?;
    let (_, pull) = call.state.pull(repo.id, number("pull"))?;
    let nodes = call.state.projects.iter().filter(|project| reaches(call, project, Level::Read));
    let nodes = nodes.flat_map(|project| project.items.iter().map(move |item| (project, item)));
    let nodes =
        nodes.filter(|(_, item)| item.content == issue.id).map(|(project, item)| shape(project, item)).collect();
    let page = graphql::connection(nodes, query, "projectItems", variables)?;
    Ok(json!({ "repository": {
        "pullRequest": { "id": format!("PR_{}", pull.id) },
        "issue": { "projectItems": page },
    } }))
}

/// "GraphQL: addProjectV2ItemById": what is in it already is given back.
pub(super) fn add_item(call: &mut Call<'_>) -> Outcome<Value> {
    let variables = call.body["variables"].clone();
    let project = enter(call, &variables["project"])?;
    let wanted = variables["content"].as_str().unwrap_or_default();
    let holds = |issue: &&Issue| match &issue.pull {
        Some(pull) => format!("PR_{}", pull.id) == wanted,
        None => format!("I_{}", issue.id) == wanted,
    };
    let found = call.state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(holds)?)));
    let (repo, issue): (&Repo, &Issue) = found.ok_or_else(|| graphql::no_node(wanted))?;
    let needs = match issue.pull {
        Some(_) => Needs::Access(&[("pull_requests", Level::Read)], Role::Read),
        None => Needs::Access(&[("issues", Level::Read)], Role::Read),
    };
    auth::admit(call.state, &call.actor, Some(repo), needs)?;
    let content = issue.id;
    let item = add(call.state, project, content)?;
    Ok(json!({ "item": { "id": format!("PVTI_{item}") } }))
}

/// "GraphQL: updateProjectV2ItemFieldValue", of the field "Status".
pub(super) fn set_status(call: &mut Call<'_>) -> Outcome<Value> {
    let variables = call.body["variables"].clone();
    let id = enter(call, &variables["project"])?;
    if variables["field"] != json!(format!("PVTSSF_{id}")) {
        return Err(graphql::no_node(&variables["field"].to_string()));
    }
    let project = find(&mut call.state.projects, id)?;
    let item = number(&variables["item"], "PVTI_")?;
    let option = variables["option"].as_str().and_then(|option| option.strip_prefix("option"));
    let status = option.and_then(|option| project.statuses.get(option.parse::<usize>().ok()?)).cloned();
    let status = status.ok_or_else(|| Refusal::invalid("The single select option Id does not belong to the field"))?;
    set(project, item, &status)?;
    Ok(json!({ "projectV2Item": { "id": format!("PVTI_{item}") } }))
}

fn shape(project: &Project, item: &Item) -> Value {
    let status = item.status.as_ref().and_then(|status| project.statuses.iter().position(|one| one == status));
    let field = (!project.statuses.is_empty()).then(|| json!({ "id": format!("PVTSSF_{}", project.id) }));
    json!({
        "id": format!("PVTI_{}", item.id),
        "project": { "id": format!("PVT_{}", project.id), "closed": project.closed, "field": field },
        "fieldValueByName": status.map(|at| json!({ "name": item.status, "optionId": format!("option{at}") })),
    })
}

/// Lets in who may change a project.
fn enter(call: &Call<'_>, id: &Value) -> Outcome<i64> {
    let wanted = number(id, "PVT_")?;
    let project = call.state.projects.iter().find(|project| project.id == wanted);
    let project = project.ok_or_else(|| graphql::no_node(&id.to_string()))?;
    match reaches(call, project, Level::Write) {
        true => Ok(wanted),
        false => Err(Refusal::not_accessible()),
    }
}

fn reaches(call: &Call<'_>, project: &Project, level: Level) -> bool {
    match &call.actor {
        Actor::Installation(grant) => {
            let account = call.state.installations.get(&grant.installation).map(|one| one.account);
            let is_organization = |account: i64| {
                call.state.accounts.get(&account).is_some_and(|one| one.kind == AccountKind::Organization)
            };
            let granted = grant.permissions.get("organization_projects").is_some_and(|has| *has >= level);
            granted && account.is_some_and(|account| account == project.owner && is_organization(account))
        }
        Actor::User { .. } => true,
        Actor::App | Actor::Nobody => false,
    }
}

fn add(state: &mut State, project: i64, content: i64) -> Outcome<i64> {
    let id = state.next_id();
    let items = &mut find(&mut state.projects, project)?.items;
    if let Some(item) = items.iter().find(|item| item.content == content) {
        return Ok(item.id);
    }
    items.push(Item { id, content, status: None });
    Ok(id)
}

fn set(project: &mut Project, item: i64, status: &str) -> Outcome<()> {
    if !project.statuses.iter().any(|one| one == status) {
        return Err(Refusal::not_found());
    }
    let item = project.items.iter_mut().find(|one| one.id == item).ok_or_else(Refusal::not_found)?;
    item.status = Some(status.to_owned());
    Ok(())
}

fn find(projects: &mut [Project], id: i64) -> Outcome<&mut Project> {
    projects.iter_mut().find(|project| project.id == id).ok_or_else(Refusal::not_found)
}

fn number(id: &Value, prefix: &str) -> Outcome<i64> {
    let text = id.as_str().unwrap_or_default();
    text.strip_prefix(prefix).and_then(|number| number.parse().ok()).ok_or_else(|| graphql::no_node(text))
}
