//! "REST: Issues": open, read, list, edit, close, lock; what happens is told as `issues` or `pull_request`.

use serde_json::{Value, json};

use super::auth::Actor;
use super::call::{Answer, Call, Outcome, Refusal};
use super::edits::Edit;
use super::state::{Closed, Issue, Role, State};
pub(super) use super::timeline::note;
use super::{history, pull_shapes, shapes};

/// "Create an issue": labels of people without push access are dropped in silence.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let title = call.text("Issue", "title")?;
    if title.trim().is_empty() {
        return Err(Refusal::failed("Issue", "title", "missing_field"));
    }
    let body = call.maybe_body("Issue")?;
    let labels = call.names("labels")?.filter(|_| role(call).is_ok_and(|role| role >= Role::Triage));
    let number = open(call, (title, body))?;
    tell(call, number, "opened", json!({}))?;
    for label in labels.unwrap_or_default() {
        super::labels::put(call, number, &label)?;
    }
    Ok(Answer::Json(201, shown(call.state, call.repo, number)?))
}

/// "Get an issue"; pull requests are issues too.
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::Json(200, shown(call.state, call.repo, call.number("issue_number")?)?))
}

/// "List repository issues": open ones unless asked otherwise, newest first, pull requests among them.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let wanted = call.asked("state").unwrap_or("open");
    let labels: Vec<String> =
        call.asked("labels").map(|l| l.split(',').map(str::to_lowercase).collect()).unwrap_or_default();
    let since = call.asked("since").and_then(|text| crate::ids::Timestamp::from_rfc3339(text).ok());
    let fits = |issue: &&Issue| {
        let state = if issue.closed.is_some() { "closed" } else { "open" };
        (wanted == "all" || wanted == state)
            && labels.iter().all(|name| issue.labels.iter().any(|has| has.to_lowercase() == *name))
            && since.is_none_or(|since| issue.updated >= since)
    };
    let mut found: Vec<&Issue> = repo.issues.values().filter(fits).collect();
    match call.asked("sort") {
        Some("updated") => found.sort_by_key(|issue| issue.updated),
        _ => found.sort_by_key(|issue| issue.number),
    }
    if call.asked("direction") != Some("asc") {
        found.reverse();
    }
    Ok(Answer::List(found.into_iter().map(|issue| shapes::issue(call.state, repo, issue)).collect()))
}

/// "Update an issue": its author may edit and close it; labels and other people's issues need more.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    edit(call, number)?;
    Ok(Answer::Json(200, shown(call.state, call.repo, number)?))
}

/// The part of an update that issues and pull requests share.
pub(super) fn edit(call: &mut Call<'_>, number: i64) -> Outcome<()> {
    let issue = call.state.issue(call.repo, number)?;
    let (author, old_title, old_body) = (issue.author, issue.title.clone(), issue.body.clone());
    if author != call.who() && role(call)? < Role::Triage {
        return Err(Refusal::new(403, "Must have admin rights to Repository."));
    }
    let title = call.maybe_text("title")?;
    let body = call.maybe_body("Issue")?;
    let now = call.state.now();
    let mut changes = json!({});
    if let Some(title) = title.filter(|title| *title != old_title) {
        changes["title"] = json!({ "from": old_title });
        let renamed = json!({ "rename": { "from": old_title, "to": title } });
        call.state.issue_mut(call.repo, number)?.title = title;
        note(call.state, (call.repo, number), call.who(), "renamed", renamed)?;
    }
    if let Some(body) = body.filter(|body| Some(body) != old_body.as_ref()) {
        changes["body"] = json!({ "from": old_body });
        let edit = Edit { at: now, by: call.who(), text: body.clone() };
        let issue = call.state.issue_mut(call.repo, number)?;
        issue.body = Some(body);
        issue.edits.push(edit);
    }
    if changes != json!({}) {
        call.state.issue_mut(call.repo, number)?.updated = now;
        tell(call, number, "edited", json!({ "changes": changes }))?;
    }
    if let Some(labels) = call.names("labels")? {
        super::labels::replace(call, number, &labels)?;
    }
    if let Some(milestone) = call.body["milestone"].as_i64() {
        let there =
            usize::try_from(milestone).is_ok_and(|n| n > 0 && n <= call.repo().map_or(0, |r| r.milestones.len()));
        if !there {
            return Err(Refusal::failed("Issue", "milestone", "invalid"));
        }
        call.state.issue_mut(call.repo, number)?.milestone = Some(milestone);
    }
    match call.maybe_text("state")?.as_deref() {
        Some("closed") => {
            let reason = call.maybe_text("state_reason")?.unwrap_or_else(|| "completed".to_owned());
            close(call.state, call.repo, number, (call.who(), &reason))
        }
        Some("open") => reopen(call, number),
        None => Ok(()),
        Some(other) => {
            Err(Refusal::invalid(format!("Invalid request.\n\nFor 'properties/state', {other} is not open or closed.")))
        }
    }
}

/// "Lock an issue".
pub(super) fn lock(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    let reason = call.maybe_text("lock_reason")?;
    call.state.issue_mut(call.repo, number)?.locked = Some(reason.clone());
    note(call.state, (call.repo, number), call.who(), "locked", json!({ "lock_reason": reason }))?;
    tell(call, number, "locked", json!({}))?;
    Ok(Answer::Empty(204))
}

/// "Unlock an issue".
pub(super) fn unlock(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    call.state.issue_mut(call.repo, number)?.locked = None;
    note(call.state, (call.repo, number), call.who(), "unlocked", json!({}))?;
    tell(call, number, "unlocked", json!({}))?;
    Ok(Answer::Empty(204))
}

/// Makes the issue, or the issue half of a pull request, and gives its number.
pub(super) fn open(call: &mut Call<'_>, text: (String, Option<String>)) -> Outcome<i64> {
    let (id, now, author, by_app) = (call.state.next_id(), call.state.now(), call.who(), call.actor.is_app());
    let repo = call.repo_mut()?;
    repo.numbered += 1;
    let number = repo.numbered;
    let issue = Issue {
        id,
        number,
        title: text.0,
        body: text.1,
        author,
        by_app,
        labels: Vec::new(),
        assignees: Vec::new(),
        milestone: None,
        closed: None,
        locked: None,
        created: now,
        updated: now,
        edits: Vec::new(),
        comments: Vec::new(),
        reactions: Vec::new(),
        timeline: Vec::new(),
        below: Vec::new(),
        pull: None,
    };
    repo.issues.insert(number, issue);
    Ok(number)
}

/// Closes what is open; closing twice changes nothing.
pub(super) fn close(state: &mut State, repo: i64, number: i64, by: (i64, &str)) -> Outcome<()> {
    let now = state.now();
    let issue = state.issue_mut(repo, number)?;
    if issue.closed.is_some() {
        return Ok(());
    }
    issue.closed = Some(Closed { at: now, by: by.0, reason: by.1.to_owned() });
    issue.updated = now;
    note(state, (repo, number), by.0, "closed", json!({}))?;
    tell_by(state, (repo, number), by.0, "closed", json!({}))
}

fn reopen(call: &mut Call<'_>, number: i64) -> Outcome<()> {
    let issue = call.state.issue(call.repo, number)?;
    if issue.closed.is_none() {
        return Ok(());
    }
    if let Some(pull) = &issue.pull {
        let repo = call.repo()?;
        let tip = repo.branch(&pull.head_ref).filter(|_| pull.merged.is_none()).cloned();
        let tip = tip.ok_or_else(|| Refusal::custom("PullRequest", "state cannot be changed."))?;
        if !history::ancestors(&repo.objects, &tip).contains(&pull.head_sha) {
            let why = format!("state cannot be changed. The {} branch was force-pushed or recreated.", pull.head_ref);
            return Err(Refusal::custom("PullRequest", &why));
        }
        call.state.pull_mut(call.repo, number)?.head_sha = tip;
    }
    call.state.issue_mut(call.repo, number)?.closed = None;
    note(call.state, (call.repo, number), call.who(), "reopened", json!({}))?;
    tell(call, number, "reopened", json!({}))
}

/// What the caller may do here; a token with the permission counts as write.
pub(super) fn role(call: &Call<'_>) -> Outcome<Role> {
    match &call.actor {
        Actor::Installation(_) | Actor::App => Ok(Role::Write),
        Actor::User { id, .. } => Ok(call.state.role(call.repo()?, *id)),
        Actor::Nobody => Ok(Role::None),
    }
}

pub(super) fn tell(call: &mut Call<'_>, number: i64, action: &str, more: Value) -> Outcome<()> {
    let who = call.who();
    tell_by(call.state, (call.repo, number), who, action, more)
}

/// "Webhooks: issues" for an issue, "Webhooks: pull_request" for a pull request.
pub(super) fn tell_by(state: &mut State, place: (i64, i64), by: i64, action: &str, more: Value) -> Outcome<()> {
    let (repo, number) = place;
    let mut payload = more;
    payload["action"] = json!(action);
    let issue = state.issue(repo, number)?;
    let event = match &issue.pull {
        Some(pull) => {
            payload["number"] = json!(number);
            payload["pull_request"] = pull_shapes::pull(state, state.repo(repo)?, issue, pull);
            "pull_request"
        }
        None => {
            payload["issue"] = shapes::told_issue(state, state.repo(repo)?, issue);
            "issues"
        }
    };
    state.tell(repo, by, event, payload)
}

fn shown(state: &State, repo: i64, number: i64) -> Outcome<Value> {
    Ok(shapes::issue(state, state.repo(repo)?, state.issue(repo, number)?))
}
