//! "REST: Labels": of the repository and of its issues.

use serde_json::json;

use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::{note, tell};
use super::shapes;
use super::state::Label;

/// "List labels for a repository".
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    Ok(Answer::List(repo.labels.values().map(|label| shapes::label(call.state, repo, label)).collect()))
}

/// "Create a label": 422 `already_exists`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = call.text("Label", "name")?;
    if call.repo()?.labels.contains_key(&name.to_lowercase()) {
        return Err(Refusal::failed("Label", "name", "already_exists"));
    }
    let color = call.maybe_text("color")?.unwrap_or_else(|| "ededed".to_owned());
    let description = call.maybe_text("description")?;
    let label = Label { id: call.state.next_id(), name: name.clone(), color, description };
    call.repo_mut()?.labels.insert(name.to_lowercase(), label);
    Ok(Answer::Json(201, shapes::label_named(call.state, call.repo()?, &name)))
}

/// "Get a label".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let label = repo.labels.get(&call.param("name").to_lowercase()).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::label(call.state, repo, label)))
}

/// "List labels for an issue".
pub(super) fn list_of_issue(call: &mut Call<'_>) -> Outcome<Answer> {
    let issue = call.state.issue(call.repo, call.number("issue_number")?)?;
    let repo = call.repo()?;
    Ok(Answer::List(issue.labels.iter().map(|name| shapes::label_named(call.state, repo, name)).collect()))
}

/// "Add labels to an issue": unknown names become labels.
pub(super) fn add(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    let names = call.names("labels")?.ok_or_else(|| Refusal::failed("Label", "labels", "missing_field"))?;
    for name in names {
        put(call, number, &name)?;
    }
    list_of_issue(call)
}

/// "Set labels for an issue".
pub(super) fn set(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    let names = call.names("labels")?.unwrap_or_default();
    replace(call, number, &names)?;
    list_of_issue(call)
}

/// "Remove a label from an issue": 404 "Label does not exist".
pub(super) fn remove(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    let name = call.param("name").to_owned();
    if !take(call, number, &name)? {
        return Err(Refusal::new(404, "Label does not exist"));
    }
    let answer = list_of_issue(call)?;
    match answer {
        // This one endpoint does not page.
        Answer::List(items) => Ok(Answer::Json(200, json!(items))),
        Answer::Json(..) | Answer::Wrapped(..) | Answer::Empty(_) => Ok(answer),
    }
}

/// Sets exactly these labels, with an event for each that comes or goes.
pub(super) fn replace(call: &mut Call<'_>, number: i64, names: &[String]) -> Outcome<()> {
    for old in call.state.issue(call.repo, number)?.labels.clone() {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(&old)) {
            take(call, number, &old)?;
        }
    }
    names.iter().try_for_each(|name| put(call, number, name))
}

/// Puts one label on an issue; nothing happens where it is already.
pub(super) fn put(call: &mut Call<'_>, number: i64, name: &str) -> Outcome<()> {
    if call.state.issue(call.repo, number)?.labels.iter().any(|has| has.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let (id, now) = (call.state.next_id(), call.state.now());
    let new = Label { id, name: name.to_owned(), color: "ededed".to_owned(), description: None };
    let known = call.repo_mut()?.labels.entry(name.to_lowercase()).or_insert(new).name.clone();
    let issue = call.state.issue_mut(call.repo, number)?;
    issue.labels.push(known);
    issue.updated = now;
    changed(call, number, ("labeled", name))
}

fn take(call: &mut Call<'_>, number: i64, name: &str) -> Outcome<bool> {
    let now = call.state.now();
    let issue = call.state.issue_mut(call.repo, number)?;
    let before = issue.labels.len();
    issue.labels.retain(|has| !has.eq_ignore_ascii_case(name));
    if issue.labels.len() == before {
        return Ok(false);
    }
    issue.updated = now;
    changed(call, number, ("unlabeled", name))?;
    Ok(true)
}

fn changed(call: &mut Call<'_>, number: i64, what: (&str, &str)) -> Outcome<()> {
    let (action, name) = what;
    let label = shapes::label_named(call.state, call.repo()?, name);
    let short = json!({ "label": { "name": label["name"], "color": label["color"] } });
    note(call.state, (call.repo, number), call.who(), action, short)?;
    tell(call, number, action, json!({ "label": label }))
}
