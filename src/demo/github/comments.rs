//! "REST: Issue comments", on issues and on pull requests.

use serde_json::{Value, json};

use super::auth::Actor;
use super::call::{Answer, Call, Outcome, Refusal};
use super::edits::Edit;
use super::issues::role;
use super::shapes;
use super::state::{Comment, Role, State};

/// "Create an issue comment": 403 where the issue is locked and the author has no write access (F40), 422 beyond 65,536
/// characters (F43).
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    let body = call.some_body("IssueComment")?;
    let (id, now, author, by_app) = (call.state.next_id(), call.state.now(), call.who(), call.actor.is_app());
    refuse_if_locked(call, number)?;
    let issue = call.state.issue_mut(call.repo, number)?;
    issue.updated = now;
    issue.comments.push(Comment {
        id,
        author,
        by_app,
        body,
        created: now,
        updated: now,
        edits: Vec::new(),
        reactions: Vec::new(),
    });
    let shape = shown(call.state, call.repo, (number, id))?;
    tell(call, (number, &shape), "created", json!({}))?;
    Ok(Answer::Json(201, shape))
}

/// "Get an issue comment".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let place = place(call)?;
    Ok(Answer::Json(200, shown(call.state, call.repo, place)?))
}

/// "List issue comments": oldest first; `since` goes by the time of the last change.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let issue = call.state.issue(call.repo, call.number("issue_number")?)?;
    let repo = call.repo()?;
    let since = call.asked("since").and_then(|text| crate::ids::Timestamp::from_rfc3339(text).ok());
    let found = issue.comments.iter().filter(|comment| since.is_none_or(|since| comment.updated >= since));
    Ok(Answer::List(found.map(|comment| shapes::comment(call.state, repo, issue, comment)).collect()))
}

/// "List issue comments for a repository".
pub(super) fn list_of_repo(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let since = call.asked("since").and_then(|text| crate::ids::Timestamp::from_rfc3339(text).ok());
    let mut found: Vec<_> = repo
        .issues
        .values()
        .flat_map(|issue| issue.comments.iter().map(move |comment| (issue, comment)))
        .filter(|(_, comment)| since.is_none_or(|since| comment.updated >= since))
        .collect();
    found.sort_by_key(|(_, comment)| comment.id);
    Ok(Answer::List(found.into_iter().map(|(issue, c)| shapes::comment(call.state, repo, issue, c)).collect()))
}

/// "Update an issue comment": by its author, or by anyone with write access.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = mine(call)?;
    let body = call.some_body("IssueComment")?;
    let (now, who) = (call.state.now(), call.who());
    let comment = call.state.comment_mut(call.repo, (number, id))?;
    comment.edits.push(Edit { at: now, by: who, text: body.clone() });
    let old = std::mem::replace(&mut comment.body, body);
    comment.updated = now;
    let shape = shown(call.state, call.repo, (number, id))?;
    tell(call, (number, &shape), "edited", json!({ "changes": { "body": { "from": old } } }))?;
    Ok(Answer::Json(200, shape))
}

/// "Delete an issue comment".
pub(super) fn delete(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = mine(call)?;
    let shape = shown(call.state, call.repo, (number, id))?;
    call.state.issue_mut(call.repo, number)?.comments.retain(|comment| comment.id != id);
    tell(call, (number, &shape), "deleted", json!({}))?;
    Ok(Answer::Empty(204))
}

/// "Unable to create comment because issue is locked": Apps are no collaborators.
pub(super) fn refuse_if_locked(call: &Call<'_>, number: i64) -> Outcome<()> {
    let locked = call.state.issue(call.repo, number)?.locked.is_some();
    let collaborates = matches!(call.actor, Actor::User { .. }) && role(call)? >= Role::Write;
    if locked && !collaborates {
        return Err(Refusal::new(403, "Unable to create comment because issue is locked."));
    }
    Ok(())
}

impl State {
    fn comment_mut(&mut self, repo: i64, place: (i64, i64)) -> Outcome<&mut Comment> {
        let comments = &mut self.issue_mut(repo, place.0)?.comments;
        comments.iter_mut().find(|comment| comment.id == place.1).ok_or_else(Refusal::not_found)
    }
}

/// The issue and the comment that the path names.
fn place(call: &Call<'_>) -> Outcome<(i64, i64)> {
    let id = call.number("comment_id")?;
    let holds = |issue: &&super::state::Issue| issue.comments.iter().any(|comment| comment.id == id);
    let issue = call.repo()?.issues.values().find(holds).ok_or_else(Refusal::not_found)?;
    Ok((issue.number, id))
}

/// The same, if the caller may change it.
fn mine(call: &mut Call<'_>) -> Outcome<(i64, i64)> {
    let place = place(call)?;
    let author = call.state.comment_mut(call.repo, place)?.author;
    if author != call.who() && role(call)? < Role::Write {
        return Err(Refusal::new(403, "Must have admin rights to Repository."));
    }
    Ok(place)
}

fn shown(state: &State, repo: i64, place: (i64, i64)) -> Outcome<Value> {
    let issue = state.issue(repo, place.0)?;
    let comment = issue.comments.iter().find(|comment| comment.id == place.1).ok_or_else(Refusal::not_found)?;
    Ok(shapes::comment(state, state.repo(repo)?, issue, comment))
}

/// "Webhooks: issue_comment", for pull requests too; the issue then has a field `pull_request`.
fn tell(call: &mut Call<'_>, what: (i64, &Value), action: &str, more: Value) -> Outcome<()> {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["issue"] = shapes::told_issue(call.state, call.repo()?, call.state.issue(call.repo, what.0)?);
    payload["comment"] = what.1.clone();
    let who = call.who();
    call.state.tell(call.repo, who, "issue_comment", payload)
}
