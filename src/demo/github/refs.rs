//! "GraphQL: updateRefs" and "GraphQL: Repository.ref": references that are compared and changed in one.

use serde_json::{Value, json};

use super::auth::{self, Needs};
use super::branches::{self, Move};
use super::call::{Call, Outcome, Refusal};
use super::state::{Level, Role};
use super::{graphql, history};

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// "GraphQL: Repository.ref": `qualifiedName` in full; null where there is none.
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Value> {
    let variables = &call.body["variables"];
    let repo = graphql::repository(call, variables)?;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("contents", Level::Read)], Role::Read))?;
    let found = variables["ref"].as_str().and_then(|name| repo.refs.get(name));
    let reference = found.map(|sha| json!({ "target": { "oid": sha } }));
    Ok(json!({ "repository": { "id": format!("R_{}", repo.id), "ref": reference } }))
}

/// "GraphQL: updateRefs": one update is enough here. It "needs to point to the given value before performing any updates";
/// a value of zeros stands for a reference that is not there.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Value> {
    let variables = call.body["variables"].clone();
    let text = |name: &str| variables[name].as_str().unwrap_or_default().to_owned();
    let id = text("repository").strip_prefix("R_").and_then(|id| id.parse().ok()).unwrap_or(0);
    let repo = call.state.repo(id).map_err(|_| graphql::no_node(&text("repository")))?;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("contents", Level::Write)], Role::Write))?;
    let (name, from, to) = (text("ref"), text("from"), text("to"));
    let old = repo.refs.get(&name).cloned();
    if old.as_deref().unwrap_or(ZEROS) != from {
        return Err(Refusal::invalid(format!("Reference cannot be updated: {name} is not at {from}")));
    }
    let new = (to != ZEROS).then_some(to);
    if new.is_none() && name == format!("refs/heads/{}", repo.default_branch) {
        return Err(Refusal::invalid("Cannot delete the default branch"));
    }
    if let (Some(old), Some(new)) = (&old, &new)
        && !history::ancestors(&repo.objects, new).contains(old)
    {
        return Err(Refusal::invalid("Update is not a fast forward"));
    }
    call.repo = id;
    branches::go(call, Move { name, old, new })?;
    Ok(json!({ "clientMutationId": null }))
}
