//! The few GraphQL mutations that REST has no counterpart for.
//!
//! This is no GraphQL engine: the name of the mutation and the node id in it decide, whatever fields are selected. Node ids
//! are a prefix and a number (`PR_17`, `PRRT_23`, `IC_5`); a thread's number is that of its first comment.

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::state::{Issue, Level, ReviewComment};
use super::{auth, pulls};

/// "GraphQL: Mutations": mark ready, convert to draft, resolve and unresolve threads. Others answer with `errors`.
pub(super) fn answer(call: &mut Call<'_>) -> Outcome<Answer> {
    let query = call.text("GraphQL", "query")?;
    let id = node_id(&call.body["variables"]).or_else(|| {
        query.split('"').find(|text| text.starts_with("PR_") || text.starts_with("PRRT_")).map(str::to_owned)
    });
    let id = id.unwrap_or_default();
    let done = if query.contains("markPullRequestReadyForReview") {
        draft(call, &id, false).map(|pull| json!({ "markPullRequestReadyForReview": { "pullRequest": pull } }))
    } else if query.contains("convertPullRequestToDraft") {
        draft(call, &id, true).map(|pull| json!({ "convertPullRequestToDraft": { "pullRequest": pull } }))
    } else if query.contains("unresolveReviewThread") {
        resolve(call, &id, false).map(|thread| json!({ "unresolveReviewThread": { "thread": thread } }))
    } else if query.contains("resolveReviewThread") {
        resolve(call, &id, true).map(|thread| json!({ "resolveReviewThread": { "thread": thread } }))
    } else if query.contains("reviewThreads") {
        threads(call)
    } else {
        Err(Refusal::invalid("This query is not known to the simulated GitHub"))
    };
    // GraphQL answers 200 whatever happened; the refusal stands in `errors`.
    Ok(Answer::Json(
        200,
        match done {
            Ok(data) => json!({ "data": data }),
            Err(refusal) => json!({ "data": null, "errors": [{ "type": kind(&refusal), "message": refusal.message }] }),
        },
    ))
}

fn draft(call: &mut Call<'_>, id: &str, draft: bool) -> Outcome<Value> {
    let number = enter(call, |issue| issue.pull.as_ref().is_some_and(|pull| format!("PR_{}", pull.id) == id))?;
    let pull = pulls::set_draft(call, number, draft)?;
    Ok(json!({ "id": pull["node_id"], "number": number, "isDraft": draft }))
}

fn resolve(call: &mut Call<'_>, id: &str, resolved: bool) -> Outcome<Value> {
    let first = id.strip_prefix("PRRT_").and_then(|id| id.parse().ok()).unwrap_or(0);
    let holds = |issue: &Issue| issue.pull.as_ref().is_some_and(|pull| pull.comments.iter().any(|c| c.id == first));
    let number = enter(call, holds)?;
    let who = call.who();
    let pull = call.state.pull_mut(call.repo, number)?;
    for comment in pull.comments.iter_mut().filter(|comment| comment.id == first) {
        comment.resolved_by = resolved.then_some(who);
    }
    Ok(json!({ "id": id, "isResolved": resolved }))
}

/// "GraphQL: PullRequest.reviewThreads", with variables `owner`, `name` (or `repo`) and `number`; all threads on one page.
fn threads(call: &mut Call<'_>) -> Outcome<Value> {
    let variables = &call.body["variables"];
    let text = |name: &str| variables[name].as_str();
    let missing = || Refusal::new(404, "Could not resolve to a Repository with the name given");
    let (owner, name) = text("owner").zip(text("name").or_else(|| text("repo"))).ok_or_else(missing)?;
    let repo = call.state.repo_named(owner, name).ok_or_else(missing)?;
    let needs = auth::Needs::Access(&[("pull_requests", Level::Read)], super::state::Role::Read);
    auth::admit(call.state, &call.actor, Some(repo), needs)?;
    let (_, pull) = call.state.pull(repo.id, variables["number"].as_i64().unwrap_or(0))?;
    let comment = |c: &ReviewComment| {
        let login = call.state.login(c.author);
        json!({ "databaseId": c.id, "id": format!("PRRC_{}", c.id), "body": c.body, "author": { "login": login } })
    };
    let thread = |first: &ReviewComment| {
        let own = |c: &&ReviewComment| c.id == first.id || c.reply_to == Some(first.id);
        let comments: Vec<Value> = pull.comments.iter().filter(own).map(comment).collect();
        json!({
            "id": format!("PRRT_{}", first.id),
            "isResolved": first.resolved_by.is_some(),
            "isOutdated": first.commit != pull.head_sha,
            "path": first.path,
            "line": first.line,
            "comments": { "nodes": comments },
        })
    };
    let nodes: Vec<Value> = pull.comments.iter().filter(|c| c.reply_to.is_none()).map(thread).collect();
    let page = json!({ "hasNextPage": false, "endCursor": null });
    Ok(json!({ "repository": { "pullRequest": { "reviewThreads": { "nodes": nodes, "pageInfo": page } } } }))
}

/// Finds the repository and pull request that hold a node, and lets in who may write there.
fn enter(call: &mut Call<'_>, holds: impl Fn(&Issue) -> bool) -> Outcome<i64> {
    let found = call
        .state
        .repos
        .values()
        .find_map(|repo| repo.issues.values().find(|issue| holds(issue)).map(|issue| (repo, issue.number)));
    let (repo, number) =
        found.ok_or_else(|| Refusal::new(404, "Could not resolve to a node with the global id given"))?;
    let needs = auth::Needs::Access(&[("pull_requests", Level::Write)], super::state::Role::Write);
    auth::admit(call.state, &call.actor, Some(repo), needs)?;
    call.repo = repo.id;
    Ok(number)
}

fn node_id(variables: &Value) -> Option<String> {
    match variables {
        Value::String(text) if text.starts_with("PR_") || text.starts_with("PRRT_") => Some(text.clone()),
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
