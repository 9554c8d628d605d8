//! Issues that leave: transferred to another repository, or deleted. Only GraphQL can ("GraphQL: transferIssue",
//! "deleteIssue").
//!
//! "REST: Get an issue": a transferred one is answered 301 and leads to its new place, a deleted one 410.

use serde_json::{Value, json};

use super::auth::{self, Needs};
use super::call::{Call, Outcome, Refusal};
use super::state::{Issue, Level, Role, State};
use super::{graphql, shapes, timeline};

/// Where an issue went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Deleted,
    /// Repository and number.
    To(i64, i64),
}

/// "Transferring an issue to another repository": with its comments and the labels that are known there. By who may write
/// in both.
pub(super) fn transfer(call: &mut Call<'_>) -> Outcome<Value> {
    let input = input(call);
    let number = enter(call, &input["issueId"], Role::Write)?;
    let from = call.repo;
    let to = input["repositoryId"].as_str().and_then(|id| id.strip_prefix("R_")?.parse().ok()).unwrap_or(0);
    let target = call.state.repo(to).map_err(|_| graphql::no_node(&input["repositoryId"].to_string()))?;
    let write = Needs::Access(&[("issues", Level::Write)], Role::Write);
    auth::admit(call.state, &call.actor, Some(target), write)?;
    let known: Vec<String> = target.labels.keys().cloned().collect();
    let old = shapes::told_issue(call.state, call.repo()?, call.state.issue(from, number)?);
    let old_repo = shapes::repo(call.state, call.repo()?);
    let mut issue = call.repo_mut()?.issues.remove(&number).ok_or_else(Refusal::not_found)?;
    issue.id = call.state.next_id();
    issue.labels.retain(|label| known.contains(&label.to_lowercase()));
    let found = call.state.repo_mut(to)?;
    found.numbered += 1;
    issue.number = found.numbered;
    let fresh = issue.number;
    found.issues.insert(fresh, issue);
    call.repo_mut()?.gone.insert(number, Gone::To(to, fresh));
    let who = call.who();
    timeline::note(call.state, (to, fresh), who, "transferred", json!({}))?;
    let new = shapes::told_issue(call.state, call.state.repo(to)?, call.state.issue(to, fresh)?);
    let new_repo = shapes::repo(call.state, call.state.repo(to)?);
    let changes = json!({ "new_issue": new, "new_repository": new_repo });
    call.state.tell(from, who, "issues", json!({ "action": "transferred", "issue": old, "changes": changes }))?;
    let changes = json!({ "old_issue": old, "old_repository": old_repo });
    call.state.tell(to, who, "issues", json!({ "action": "opened", "issue": new, "changes": changes }))?;
    Ok(json!({ "issue": { "id": new["node_id"], "number": fresh } }))
}

/// "Deleting an issue": by who administers.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome<Value> {
    let number = enter(call, &input(call)["issueId"], Role::Admin)?;
    let old = shapes::told_issue(call.state, call.repo()?, call.state.issue(call.repo, number)?);
    let repo = call.repo_mut()?;
    repo.issues.remove(&number);
    repo.gone.insert(number, Gone::Deleted);
    let who = call.who();
    call.state.tell(call.repo, who, "issues", json!({ "action": "deleted", "issue": old }))?;
    Ok(json!({ "clientMutationId": null }))
}

/// What a request for an issue that left is answered.
pub(super) fn answer(state: &State, repo: i64, number: i64) -> Option<Refusal> {
    match state.repo(repo).ok()?.gone.get(&number)? {
        Gone::Deleted => Some(Refusal::new(410, "This issue was deleted")),
        Gone::To(repo, number) => Some(Refusal {
            location: Some(format!("{}/repositories/{repo}/issues/{number}", state.url)),
            ..Refusal::new(301, "Moved Permanently")
        }),
    }
}

fn input(call: &Call<'_>) -> Value {
    let variables = &call.body["variables"];
    if variables["input"].is_object() { variables["input"].clone() } else { variables.clone() }
}

/// Finds the repository of an issue, and lets in who may do that there.
fn enter(call: &mut Call<'_>, id: &Value, role: Role) -> Outcome<i64> {
    let holds = |issue: &Issue| issue.pull.is_none() && Some(format!("I_{}", issue.id).as_str()) == id.as_str();
    let found = call.state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|i| holds(i))?)));
    let (repo, issue) = found.ok_or_else(|| graphql::no_node(&id.to_string()))?;
    let number = issue.number;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("issues", Level::Write)], role))?;
    call.repo = repo.id;
    Ok(number)
}
