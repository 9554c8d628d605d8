//! "REST: Sub-issues": issues below an issue.
//!
//! Nobody is told: the events are `sub_issues`, and the App does not ask for them.

use serde_json::Value;

use super::call::{Answer, Call, Outcome, Refusal};
use super::shapes;
use super::state::{Issue, Repo, State};

/// "Adding sub-issues": how many GitHub takes below one issue.
const MOST: usize = 100;

/// "List sub-issues".
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let parent = call.state.issue(call.repo, call.number("issue_number")?)?;
    let found = parent.below.iter().filter_map(|id| find(call.state, *id));
    Ok(Answer::List(found.map(|(repo, issue)| shapes::issue(call.state, repo, issue)).collect()))
}

/// "Get parent issue".
pub(super) fn parent(call: &mut Call<'_>) -> Outcome<Answer> {
    let child = call.state.issue(call.repo, call.number("issue_number")?)?.id;
    let (repo, issue) = above(call.state, child).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::issue(call.state, repo, issue)))
}

/// "Add sub-issue": by its id, not its number; of the same owner, and below one issue only.
pub(super) fn add(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, child) = (call.number("issue_number")?, child(call)?);
    let repo = call.repo()?;
    let of = find(call.state, child).filter(|(other, issue)| other.owner == repo.owner && issue.pull.is_none());
    let (_, issue) = of.ok_or_else(|| Refusal::new(404, "The provided sub-issue does not exist"))?;
    let parent = call.state.issue(call.repo, number)?;
    if parent.pull.is_some() {
        return Err(Refusal::not_found());
    }
    let refused = |why: &str| {
        Refusal::invalid(format!("An error occurred while adding the sub-issue to the parent issue. {why}"))
    };
    if parent.below.contains(&issue.id) {
        return Err(refused("Issue may not contain duplicate sub-issues and Sub issue may only have one parent"));
    }
    if parent.below.len() >= MOST {
        return Err(refused(&format!("Parent cannot have more than {MOST} sub-issues")));
    }
    let before = above(call.state, child).map(|(repo, issue)| (repo.id, issue.number));
    if let Some((repo, number)) = before {
        if call.body["replace_parent"] != Value::Bool(true) {
            return Err(refused("Sub issue may only have one parent"));
        }
        call.state.issue_mut(repo, number)?.below.retain(|id| *id != child);
    }
    call.state.issue_mut(call.repo, number)?.below.push(child);
    shown(call, child, 201)
}

/// "Remove sub-issue".
pub(super) fn remove(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, child) = (call.number("issue_number")?, child(call)?);
    let below = &mut call.state.issue_mut(call.repo, number)?.below;
    if !below.contains(&child) {
        return Err(Refusal::not_found());
    }
    below.retain(|id| *id != child);
    shown(call, child, 200)
}

fn child(call: &Call<'_>) -> Outcome<i64> {
    match &call.body["sub_issue_id"] {
        Value::Number(id) => id.as_i64().ok_or_else(Refusal::not_found),
        Value::Null => Err(Refusal::failed("SubIssue", "sub_issue_id", "missing_field")),
        Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(call.wrong_type("sub_issue_id", "an integer"))
        }
    }
}

fn shown(call: &Call<'_>, id: i64, status: u16) -> Outcome<Answer> {
    let (repo, issue) = find(call.state, id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(status, shapes::issue(call.state, repo, issue)))
}

fn find(state: &State, id: i64) -> Option<(&Repo, &Issue)> {
    state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|issue| issue.id == id)?)))
}

fn above(state: &State, id: i64) -> Option<(&Repo, &Issue)> {
    state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|issue| issue.below.contains(&id))?)))
}
