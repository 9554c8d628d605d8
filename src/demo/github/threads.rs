//! "GraphQL: PullRequestReviewThread": conversations on lines; only GraphQL knows whether they are resolved.
//!
//! A thread is called by its first comment (`PRRT_23`). Resolving is told as `pull_request_review_thread`.

use serde_json::{Value, json};

use super::auth::{self, Actor, Needs};
use super::call::{Call, Outcome, Refusal};
use super::graphql::{self, connection};
use super::places::Place;
use super::state::{Issue, Level, Pull, Repo, ReviewComment, Role, State, Verdict};
use super::{pull_shapes, shapes};

/// "GraphQL: PullRequest.reviewThreads": of `owner`, `name` (or `repo`) and `number`, oldest first, in pages.
pub(super) fn list(call: &mut Call<'_>, query: &str) -> Outcome<Value> {
    let variables = &call.body["variables"];
    let repo = graphql::repository(call, variables)?;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("pull_requests", Level::Read)], Role::Read))?;
    let (issue, pull) = call.state.pull(repo.id, variables["number"].as_i64().unwrap_or(0))?;
    let nodes = first_comments(pull).map(|first| shape(call.state, (repo, issue, pull), first)).collect();
    let page = connection(nodes, query, "reviewThreads", variables)?;
    Ok(json!({ "repository": { "pullRequest": { "reviewThreads": page } } }))
}

/// "GraphQL: resolveReviewThread" and "unresolveReviewThread": by the author of the pull request or by who may write; an App
/// needs the permission to write contents as well.
pub(super) fn resolve(call: &mut Call<'_>, id: &str, resolved: bool) -> Outcome<Value> {
    let (number, first) = enter(call, id)?;
    let who = call.who();
    let pull = call.state.pull_mut(call.repo, number)?;
    let comment = pull.comments.iter_mut().find(|c| c.id == first).ok_or_else(Refusal::not_found)?;
    let changes = comment.resolved_by.is_some() != resolved;
    if changes {
        comment.resolved_by = resolved.then_some(who);
        tell(call, number, first, if resolved { "resolved" } else { "unresolved" })?;
    }
    let (issue, pull) = call.state.pull(call.repo, number)?;
    let comment = pull.comments.iter().find(|c| c.id == first).ok_or_else(Refusal::not_found)?;
    Ok(shape(call.state, (call.repo()?, issue, pull), comment))
}

/// The comments that begin a thread; those of pending reviews are nobody else's business.
pub(super) fn first_comments(pull: &Pull) -> impl Iterator<Item = &ReviewComment> {
    let pending = |review: i64| pull.reviews.iter().any(|r| r.id == review && r.verdict == Verdict::Pending);
    pull.comments.iter().filter(move |comment| comment.reply_to.is_none() && !pending(comment.review))
}

pub(super) fn members(pull: &Pull, first: i64) -> impl Iterator<Item = &ReviewComment> {
    pull.comments.iter().filter(move |comment| comment.id == first || comment.reply_to == Some(first))
}

fn shape(state: &State, place: (&Repo, &Issue, &Pull), first: &ReviewComment) -> Value {
    let (repo, issue, pull) = place;
    let comment = |c: &ReviewComment| {
        json!({
            "databaseId": c.id, "fullDatabaseId": c.id.to_string(), "id": format!("PRRC_{}", c.id), "body": c.body,
            "createdAt": c.created.to_rfc3339(), "author": { "login": state.login(c.author) },
            "url": shapes::html(state, repo, &format!("pull/{}#discussion_r{}", issue.number, c.id)),
        })
    };
    let comments: Vec<Value> = members(pull, first.id).map(comment).collect();
    let (line, side) = match &first.place {
        Some(Place::Lines { line, side, .. }) => (json!(line), json!(side)),
        Some(Place::File) | None => (Value::Null, Value::Null),
    };
    json!({
        "id": format!("PRRT_{}", first.id),
        "isResolved": first.resolved_by.is_some(),
        "resolvedBy": first.resolved_by.map(|by| json!({ "login": state.login(by) })),
        "isOutdated": first.place.is_none(),
        "isCollapsed": first.resolved_by.is_some() || first.place.is_none(),
        "subjectType": if first.original == Place::File { "FILE" } else { "LINE" },
        "path": first.path,
        "line": line,
        "diffSide": side,
        "comments": { "totalCount": comments.len(), "nodes": comments, "pageInfo": graphql::last_page() },
    })
}

/// Finds the pull request that holds a thread, and lets in who may resolve it.
fn enter(call: &mut Call<'_>, id: &str) -> Outcome<(i64, i64)> {
    let first = id.strip_prefix("PRRT_").and_then(|id| id.parse().ok()).unwrap_or(0);
    let holds = |issue: &Issue| issue.pull.as_ref().is_some_and(|p| first_comments(p).any(|c| c.id == first));
    let found = call.state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|i| holds(i))?)));
    let (repo, issue) = found.ok_or_else(|| graphql::no_node(id))?;
    let (place, number, author) = (repo.id, issue.number, issue.author);
    let role = match &call.actor {
        Actor::User { id, .. } if *id == author => Role::Read,
        Actor::User { .. } | Actor::Installation(_) | Actor::App | Actor::Nobody => Role::Write,
    };
    for permission in [&[("pull_requests", Level::Write)], &[("contents", Level::Write)]] {
        auth::admit(call.state, &call.actor, Some(repo), Needs::Access(permission, role))?;
    }
    call.repo = place;
    Ok((number, first))
}

/// "Webhooks: pull_request_review_thread".
fn tell(call: &mut Call<'_>, number: i64, first: i64, action: &str) -> Outcome<()> {
    let (issue, pull) = call.state.pull(call.repo, number)?;
    let repo = call.repo()?;
    let comments: Vec<Value> =
        members(pull, first).map(|c| pull_shapes::review_comment(call.state, repo, issue, c)).collect();
    let payload = json!({
        "action": action,
        "thread": { "node_id": format!("PRRT_{first}"), "comments": comments },
        "pull_request": pull_shapes::listed(call.state, repo, issue, pull),
        "updated_at": call.state.now().to_rfc3339(),
    });
    let who = call.who();
    call.state.tell(call.repo, who, "pull_request_review_thread", payload)
}
