//! The few GraphQL queries and mutations that REST has no counterpart for.
//!
//! This is no GraphQL engine: the names in the query and the node id in it decide, and fields that it does not know are
//! missing. Node ids are a prefix and a number (`PR_17`, `PRRT_23`, `IC_5`).

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::state::{Issue, Level, Repo};
use super::{auth, edits, moves, projects, pulls, refs, revert, selection, threads, timeline};

/// "GraphQL: Mutations": mark ready, convert to draft, resolve and unresolve threads, transfer and delete issues, add items to
/// projects and set their status;
/// "Queries": review threads, edits, force pushes of a pull request, the projects that an issue is in. Others answer with `errors`.
pub(super) fn answer(call: &mut Call<'_>) -> Outcome<Answer> {
    let query = call.text("GraphQL", "query")?;
    let id =
        node_id(&call.body["variables"]).or_else(|| query.split('"').find(|text| is_node(text)).map(str::to_owned));
    let id = id.unwrap_or_default();
    let done = if query.contains("markPullRequestReadyForReview") {
        draft(call, &id, false).map(|pull| json!({ "markPullRequestReadyForReview": { "pullRequest": pull } }))
    } else if query.contains("convertPullRequestToDraft") {
        draft(call, &id, true).map(|pull| json!({ "convertPullRequestToDraft": { "pullRequest": pull } }))
    } else if query.contains("unresolveReviewThread") {
        threads::resolve(call, &id, false).map(|thread| json!({ "unresolveReviewThread": { "thread": thread } }))
    } else if query.contains("resolveReviewThread") {
        threads::resolve(call, &id, true).map(|thread| json!({ "resolveReviewThread": { "thread": thread } }))
    } else if query.contains("projectItems") {
        projects::items(call, &query)
    } else if query.contains("addProjectV2ItemById") {
        projects::add_item(call).map(|added| json!({ "addProjectV2ItemById": added }))
    } else if query.contains("updateProjectV2ItemFieldValue") {
        projects::set_status(call).map(|set| json!({ "updateProjectV2ItemFieldValue": set }))
    } else if query.contains("transferIssue") {
        moves::transfer(call).map(|moved| json!({ "transferIssue": moved }))
    } else if query.contains("deleteIssue") {
        moves::delete(call).map(|gone| json!({ "deleteIssue": gone }))
    } else if query.contains("HEAD_REF_FORCE_PUSHED_EVENT") {
        timeline::force_pushes(call)
    } else if query.contains("updateRefs") {
        refs::update(call).map(|done| json!({ "updateRefs": done }))
    } else if query.contains("revertPullRequest") {
        revert::revert(call, &id).map(|pull| json!({ "revertPullRequest": { "revertPullRequest": pull } }))
    } else if query.contains("qualifiedName") {
        refs::get(call)
    } else if query.contains("reviewThreads") {
        threads::list(call, &query)
    } else if query.contains("userContentEdits") {
        edits::list(call, &id, &query)
    } else {
        Err(Refusal::invalid("This query is not known to the simulated GitHub"))
    };
    // GraphQL answers 200 whatever happened; the refusal stands in `errors`.
    Ok(Answer::Json(
        200,
        match done {
            Ok(data) => json!({ "data": selection::select(&query, data) }),
            Err(refusal) => json!({ "data": null, "errors": [{ "type": kind(&refusal), "message": refusal.message }] }),
        },
    ))
}

/// The repository that the variables `owner` and `name` (or `repo`) name.
pub(super) fn repository<'a>(call: &'a Call<'_>, variables: &Value) -> Outcome<&'a Repo> {
    let text = |name: &str| variables[name].as_str();
    let pair = text("owner").zip(text("name").or_else(|| text("repo")));
    pair.and_then(|(owner, name)| call.state.repo_named(owner, name))
        .ok_or_else(|| Refusal::new(404, "Could not resolve to a Repository with the name given"))
}

/// "GraphQL: Using pagination": one page of a connection, by the arguments `first` and `after` that the query gives it.
pub(super) fn connection(nodes: Vec<Value>, query: &str, name: &str, variables: &Value) -> Outcome<Value> {
    let missing = || {
        Refusal::invalid(format!(
            "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        ))
    };
    let size = argument(query, name, "first", variables).and_then(|size| size.as_u64()).ok_or_else(missing)?;
    if size > 100 {
        return Err(Refusal::invalid(format!(
            "Requesting {size} records on the `{name}` connection exceeds the `first` limit of 100 records."
        )));
    }
    let after = argument(query, name, "after", variables);
    let skipped = after.as_ref().and_then(Value::as_str).and_then(|cursor| cursor.parse().ok()).unwrap_or(0_usize);
    let total = nodes.len();
    let end = skipped.saturating_add(usize::try_from(size).unwrap_or(100)).min(total);
    let page: Vec<Value> = nodes.into_iter().take(end).skip(skipped).collect();
    Ok(json!({
        "totalCount": total,
        "nodes": page,
        "pageInfo": { "hasNextPage": end < total, "endCursor": end.to_string() },
    }))
}

/// What `pageInfo` says of a connection that is answered whole.
pub(super) fn last_page() -> Value {
    json!({ "hasNextPage": false, "endCursor": null })
}

pub(super) fn no_node(id: &str) -> Refusal {
    Refusal::new(404, format!("Could not resolve to a node with the global id of '{id}'"))
}

/// An argument of a field, written out or given as a variable.
fn argument(query: &str, field: &str, name: &str, variables: &Value) -> Option<Value> {
    let (_, rest) = query.split_once(&format!("{field}("))?;
    let (arguments, _) = rest.split_once(')')?;
    let (_, value) = arguments.split_once(&format!("{name}:"))?;
    let end = |c: char| c == ',' || c.is_whitespace();
    let text = value.trim_start().split(end).next()?;
    match text.strip_prefix('$') {
        Some(variable) => Some(variables[variable].clone()),
        None => serde_json::from_str(text).ok(),
    }
}

fn draft(call: &mut Call<'_>, id: &str, draft: bool) -> Outcome<Value> {
    let holds = |issue: &Issue| issue.pull.as_ref().is_some_and(|pull| format!("PR_{}", pull.id) == id);
    let found = call.state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|i| holds(i))?)));
    let (repo, issue) = found.ok_or_else(|| no_node(id))?;
    let number = issue.number;
    let needs = auth::Needs::Access(&[("pull_requests", Level::Write)], super::state::Role::Write);
    auth::admit(call.state, &call.actor, Some(repo), needs)?;
    call.repo = repo.id;
    let pull = pulls::set_draft(call, number, draft)?;
    Ok(json!({ "id": pull["node_id"], "number": number, "isDraft": draft }))
}

fn is_node(text: &str) -> bool {
    ["PR_", "PRRT_", "I_", "IC_", "R_"].iter().any(|prefix| text.starts_with(prefix))
}

fn node_id(variables: &Value) -> Option<String> {
    match variables {
        Value::String(text) if is_node(text) => Some(text.clone()),
        Value::Object(fields) => fields.values().find_map(node_id),
        Value::String(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal.status {
        404 => "NOT_FOUND",
        403 => "FORBIDDEN",
        _ => "UNPROCESSABLE",
    }
}
