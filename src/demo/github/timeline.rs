//! "REST: Timeline events": everything that happened to an issue or a pull request, in one list.
//!
//! What is noted once (labels, force pushes, dismissals) stays. Comments, reviews and commits are shown as they are now: a
//! deleted comment is gone, a dismissed review says so, and a commit that was pushed away is no longer there.

use serde_json::{Value, json};

use super::auth::{self, Needs};
use super::call::{Answer, Call, Outcome};
use super::pull_shapes;
use super::state::{Issue, Level, Pull, Repo, Role, State, Verdict};
use super::{graphql, history, shapes};

/// "List timeline events for an issue".
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let issue = call.state.issue(call.repo, call.number("issue_number")?)?;
    let mut lines = noted(issue);
    lines.extend(comments(call.state, call.repo()?, issue));
    if let Some(pull) = &issue.pull {
        lines.extend(reviews(call.state, call.repo()?, (issue, pull)));
        lines.extend(commits(call.state, call.repo()?, pull));
    }
    // Ids are counted over all kinds of things, so they tell the order.
    lines.sort_by_key(|(id, _)| *id);
    Ok(Answer::List(lines.into_iter().map(|(_, line)| line).collect()))
}

/// "List issue events": without comments, reviews and commits.
pub(super) fn events(call: &mut Call<'_>) -> Outcome<Answer> {
    let issue = call.state.issue(call.repo, call.number("issue_number")?)?;
    Ok(Answer::List(noted(issue).into_iter().map(|(_, line)| line).collect()))
}

/// "GraphQL: HeadRefForcePushedEvent": the last hundred of a pull request, beside its state and its repository's.
pub(super) fn force_pushes(call: &Call<'_>) -> Outcome<Value> {
    let variables = &call.body["variables"];
    let repo = graphql::repository(call, variables)?;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("pull_requests", Level::Read)], Role::Read))?;
    let (issue, pull) = call.state.pull(repo.id, variables["number"].as_i64().unwrap_or(0))?;
    let shown = pull.forced.iter().skip(pull.forced.len().saturating_sub(100));
    let node = |(old, new): &(String, String)| json!({ "beforeCommit": { "oid": old }, "afterCommit": { "oid": new } });
    let nodes: Vec<Value> = shown.map(node).collect();
    let state = match (&pull.merged, issue.closed.is_none()) {
        (Some(_), _) => "MERGED",
        (None, true) => "OPEN",
        (None, false) => "CLOSED",
    };
    Ok(json!({ "repository": { "isArchived": repo.archived, "isPrivate": repo.private, "pullRequest": {
        "state": state,
        "baseRefName": pull.base_ref,
        "timelineItems": { "totalCount": pull.forced.len(), "nodes": nodes },
    } } }))
}

/// Writes a line into the timeline.
pub(super) fn note(state: &mut State, place: (i64, i64), by: i64, event: &str, more: Value) -> Outcome<()> {
    let mut line = more;
    let id = state.next_id();
    line["id"] = json!(id);
    line["node_id"] = json!(format!("EV_{id}"));
    line["url"] = json!(shapes::api(state, state.repo(place.0)?, &format!("issues/events/{id}")));
    line["event"] = json!(event);
    line["actor"] = shapes::account(state, by);
    if line["commit_id"].is_null() {
        (line["commit_id"], line["commit_url"]) = (Value::Null, Value::Null);
    }
    line["performed_via_github_app"] = Value::Null;
    line["created_at"] = json!(state.now().to_rfc3339());
    state.issue_mut(place.0, place.1)?.timeline.push(line);
    Ok(())
}

fn noted(issue: &Issue) -> Vec<(i64, Value)> {
    issue.timeline.iter().map(|line| (line["id"].as_i64().unwrap_or(0), line.clone())).collect()
}

fn comments(state: &State, repo: &Repo, issue: &Issue) -> Vec<(i64, Value)> {
    let line = |comment: &super::state::Comment| {
        let mut line = shapes::comment(state, repo, issue, comment);
        line["event"] = json!("commented");
        line["actor"] = line["user"].clone();
        (comment.id, line)
    };
    issue.comments.iter().map(line).collect()
}

fn reviews(state: &State, repo: &Repo, of: (&Issue, &Pull)) -> Vec<(i64, Value)> {
    let line = |review: &super::state::Review| {
        let mut line = pull_shapes::review(state, repo, of.0, review);
        line["event"] = json!("reviewed");
        line["state"] = json!(pull_shapes::verdict(review.verdict).to_lowercase());
        (review.announced, line)
    };
    of.1.reviews.iter().filter(|review| review.verdict != Verdict::Pending).map(line).collect()
}

/// The commits that the pull request has now, each where it came first; they name no actor.
fn commits(state: &State, repo: &Repo, pull: &Pull) -> Vec<(i64, Value)> {
    let line = |(sha, commit): (String, super::objects::Commit)| {
        let mut line = shapes::git_commit(state, repo, &sha, &commit);
        line["event"] = json!("committed");
        (pull.arrived.get(&sha).copied().unwrap_or(0), line)
    };
    history::commits_between(&repo.objects, &pull.base_sha, &pull.head_sha).into_iter().map(line).collect()
}

/// Notes when the commits of a pull request came.
pub(super) fn commits_arrive(state: &mut State, place: (i64, i64)) -> Outcome<()> {
    let (_, pull) = state.pull(place.0, place.1)?;
    let objects = &state.repo(place.0)?.objects;
    let found: Vec<String> =
        history::commits_between(objects, &pull.base_sha, &pull.head_sha).into_iter().map(|(sha, _)| sha).collect();
    for sha in found {
        let id = state.next_id();
        state.pull_mut(place.0, place.1)?.arrived.entry(sha).or_insert(id);
    }
    Ok(())
}
