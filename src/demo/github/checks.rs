//! "REST: Check runs" (Apps only) and "REST: Commit statuses".

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::state::Check;
use super::{GitHub, shapes};
use crate::ids::Timestamp;

const CONCLUSIONS: [&str; 8] =
    ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale"];

/// "Create a check run": a conclusion completes it.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = call.text("CheckRun", "name")?;
    let head_sha = call.text("CheckRun", "head_sha")?;
    if !call.actor.is_app() {
        return Err(Refusal::new(403, "You must authenticate via a GitHub App."));
    }
    if call.repo()?.objects.commit(&head_sha).is_none() {
        return Err(Refusal::invalid(format!("No commit found for SHA: {head_sha}")));
    }
    let now = call.state.now();
    let mut check = Check {
        id: call.state.next_id(),
        name,
        head_sha,
        status: "queued".to_owned(),
        conclusion: None,
        external_id: String::new(),
        details_url: None,
        output: json!({ "title": null, "summary": null, "text": null, "annotations_count": 0 }),
        annotations: Vec::new(),
        log: None,
        app: None,
        started: now,
        completed: None,
    };
    fill(call, &mut check, now)?;
    let (id, done) = (check.id, check.conclusion.is_some());
    call.repo_mut()?.checks.push(check);
    tell(call, id, "created")?;
    if done {
        tell(call, id, "completed")?;
    }
    shown(call, id, 201)
}

/// "Update a check run".
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("check_run_id")?;
    let now = call.state.now();
    let place = call.repo()?.checks.iter().position(|check| check.id == id).ok_or_else(Refusal::not_found)?;
    let mut check = call.repo_mut()?.checks.remove(place);
    let filled = fill(call, &mut check, now);
    let done = check.conclusion.is_some();
    call.repo_mut()?.checks.insert(place, check);
    filled?;
    if done {
        tell(call, id, "completed")?;
    }
    shown(call, id, 200)
}

/// "Get a check run".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    shown(call, call.number("check_run_id")?, 200)
}

/// "List check run annotations".
pub(super) fn annotations(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("check_run_id")?;
    let repo = call.repo()?;
    let check = repo.checks.iter().find(|check| check.id == id).ok_or_else(Refusal::not_found)?;
    let shape = |at: &Value| {
        json!({
            "path": at["path"], "start_line": at["start_line"], "end_line": at["end_line"],
            "start_column": at["start_column"], "end_column": at["end_column"],
            "annotation_level": at["annotation_level"], "title": at["title"], "message": at["message"],
            "raw_details": at["raw_details"], "blob_href": shapes::api(call.state, repo, "git/blobs"),
        })
    };
    Ok(Answer::List(check.annotations.iter().map(shape).collect()))
}

impl GitHub {
    /// Another App, such as GitHub Actions, has a check on a commit, with `conclusion` or still running; gives its id.
    ///
    /// # Errors
    /// When there is no such repository or commit.
    pub fn runs_check(&self, repo: &str, check: &OtherCheck<'_>) -> Result<i64, Refusal> {
        let mut state = self.hub.lock();
        let repo = state.repo_id(repo)?;
        let (id, now) = (state.next_id(), state.now());
        let job = shapes::html(&state, state.repo(repo)?, &format!("actions/runs/{id}/job/{id}"));
        if state.repo(repo)?.objects.commit(check.head).is_none() {
            return Err(Refusal::not_found());
        }
        let at = |(path, line, message): &(&str, u32, &str)| {
            json!({
                "path": path, "start_line": line, "end_line": line, "annotation_level": "failure", "message": message,
            })
        };
        let annotations: Vec<Value> = check.annotations.iter().map(at).collect();
        let output = json!({
            "title": check.title, "summary": check.summary, "text": null, "annotations_count": annotations.len(),
        });
        let made = Check {
            id,
            name: check.name.to_owned(),
            head_sha: check.head.to_owned(),
            status: if check.conclusion.is_some() { "completed" } else { "in_progress" }.to_owned(),
            conclusion: check.conclusion.map(str::to_owned),
            external_id: String::new(),
            details_url: Some(job),
            output,
            annotations,
            log: check.log.map(str::to_owned),
            app: Some((15_368, "github-actions".to_owned())),
            started: now,
            completed: check.conclusion.map(|_| now),
        };
        let found = state.repo_mut(repo)?;
        // Run once more, it takes the place of the one before.
        found
            .checks
            .retain(|known| !(known.head_sha == made.head_sha && known.name == made.name && known.app.is_some()));
        found.checks.push(made);
        let found = state.repo(repo)?;
        let (shape, owner) = (found.checks.last().map(|check| shapes::check(&state, found, check)), found.owner);
        let action = if check.conclusion.is_some() { "completed" } else { "created" };
        state.tell(repo, owner, "check_run", json!({ "action": action, "check_run": shape }))?;
        drop(state);
        self.hub.woken.notify_one();
        Ok(id)
    }
}

/// A check of another App.
#[derive(Debug, Clone, Copy)]
pub struct OtherCheck<'a> {
    /// The commit.
    pub head: &'a str,
    /// Its name.
    pub name: &'a str,
    /// How it ended; `None` while it runs.
    pub conclusion: Option<&'a str>,
    /// Its title.
    pub title: &'a str,
    /// What it says.
    pub summary: &'a str,
    /// What it says at lines: path, line, text.
    pub annotations: &'a [(&'a str, u32, &'a str)],
    /// What it has printed.
    pub log: Option<&'a str>,
}

/// "List check runs for a Git reference": the newest of each name unless `filter=all`.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = repo.resolve(call.param("ref")).ok_or_else(|| no_commit(call))?;
    let wanted = call.asked("check_name");
    let fits = |check: &&Check| check.head_sha == sha && wanted.is_none_or(|name| name == check.name);
    let mut found: Vec<&Check> = repo.checks.iter().filter(fits).collect();
    if call.asked("filter") != Some("all") {
        let newest = |check: &&Check| {
            !repo.checks.iter().any(|other| other.head_sha == sha && other.name == check.name && other.id > check.id)
        };
        found.retain(newest);
    }
    Ok(Answer::Wrapped("check_runs", found.into_iter().map(|c| shapes::check(call.state, repo, c)).collect()))
}

/// "Create a commit status".
pub(super) fn create_status(call: &mut Call<'_>) -> Outcome<Answer> {
    let state = call.text("Status", "state")?;
    if !["error", "failure", "pending", "success"].contains(&state.as_str()) {
        return Err(Refusal::failed("Status", "state", "invalid"));
    }
    let sha = call.param("sha").to_owned();
    if call.repo()?.objects.commit(&sha).is_none() {
        return Err(Refusal::invalid(format!("No commit found for SHA: {sha}")));
    }
    let id = call.state.next_id();
    let status = json!({
        "id": id,
        "node_id": format!("SC_{id}"),
        "url": shapes::api(call.state, call.repo()?, &format!("statuses/{sha}")),
        "avatar_url": shapes::account(call.state, call.who())["avatar_url"],
        "state": state,
        "context": call.maybe_text("context")?.unwrap_or_else(|| "default".to_owned()),
        "description": call.maybe_text("description")?,
        "target_url": call.maybe_text("target_url")?,
        "creator": shapes::account(call.state, call.who()),
        "created_at": call.state.now().to_rfc3339(),
        "updated_at": call.state.now().to_rfc3339(),
    });
    call.repo_mut()?.statuses.push((sha.clone(), status.clone()));
    let repo = call.repo()?;
    let found = repo.objects.commit(&sha).ok_or_else(Refusal::not_found)?;
    let mut told = status.clone();
    told["sha"] = json!(sha);
    told["name"] = json!(shapes::full_name(call.state, repo));
    told["commit"] = shapes::commit(call.state, repo, &sha, &found);
    told["branches"] = json!([]);
    shapes::without(&mut told, &["creator", "node_id", "url"]);
    let who = call.who();
    call.state.tell(call.repo, who, "status", told)?;
    Ok(Answer::Json(201, status))
}

/// "List commit statuses for a reference": newest first.
pub(super) fn statuses(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = repo.resolve(call.param("ref")).ok_or_else(|| no_commit(call))?;
    let of_it = repo.statuses.iter().rev().filter(|(of, _)| *of == sha);
    Ok(Answer::List(of_it.map(|(_, status)| status.clone()).collect()))
}

/// "Get the combined status for a specific reference": the newest of each context counts.
pub(super) fn combined(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = repo.resolve(call.param("ref")).ok_or_else(|| no_commit(call))?;
    let mut newest: Vec<Value> = Vec::new();
    for (_, status) in repo.statuses.iter().rev().filter(|(of, _)| *of == sha) {
        if newest.iter().all(|seen| seen["context"] != status["context"]) {
            let mut short = status.clone();
            shapes::without(&mut short, &["creator"]);
            newest.push(short);
        }
    }
    let any = |state: &str| newest.iter().any(|status| status["state"] == state);
    let state = if any("error") || any("failure") {
        "failure"
    } else if newest.is_empty() || any("pending") {
        "pending"
    } else {
        "success"
    };
    let url = shapes::api(call.state, repo, &format!("commits/{sha}"));
    Ok(Answer::Json(
        200,
        json!({
            "state": state, "sha": sha, "total_count": newest.len(), "statuses": newest,
            "repository": shapes::repo(call.state, repo), "commit_url": url, "url": format!("{url}/status"),
        }),
    ))
}

fn fill(call: &Call<'_>, check: &mut Check, now: Timestamp) -> Outcome<()> {
    if let Some(status) = call.maybe_text("status")? {
        if !["queued", "in_progress", "completed"].contains(&status.as_str()) {
            return Err(Refusal::failed("CheckRun", "status", "invalid"));
        }
        check.status = status;
    }
    if let Some(conclusion) = call.maybe_text("conclusion")? {
        if !CONCLUSIONS.contains(&conclusion.as_str()) {
            return Err(Refusal::failed("CheckRun", "conclusion", "invalid"));
        }
        check.conclusion = Some(conclusion);
        check.status = "completed".to_owned();
        check.completed = Some(now);
    }
    if check.status == "completed" && check.conclusion.is_none() {
        return Err(Refusal::failed("CheckRun", "conclusion", "missing_field"));
    }
    if let Some(name) = call.maybe_text("name")? {
        check.name = name;
    }
    check.external_id = call.maybe_text("external_id")?.unwrap_or_else(|| check.external_id.clone());
    check.details_url = call.maybe_text("details_url")?.or_else(|| check.details_url.clone());
    let output = &call.body["output"];
    if output.is_object() {
        if !output["title"].is_string() || !output["summary"].is_string() {
            return Err(Refusal::invalid("Invalid request.\n\n\"title\", \"summary\" weren't supplied."));
        }
        let long = |field: &str| output[field].as_str().is_some_and(|text| text.len() > 65_535);
        if long("summary") || long("text") {
            return Err(Refusal::invalid("Invalid request.\n\nOnly 65535 characters are allowed."));
        }
        // "annotations are appended to the list of annotations for the check run".
        check.annotations.extend(output["annotations"].as_array().into_iter().flatten().cloned());
        check.output = json!({
            "title": output["title"], "summary": output["summary"], "text": output["text"],
            "annotations_count": check.annotations.len(),
        });
    }
    Ok(())
}

fn no_commit(call: &Call<'_>) -> Refusal {
    Refusal::invalid(format!("No commit found for SHA: {}", call.param("ref")))
}

fn shown(call: &Call<'_>, id: i64, status: u16) -> Outcome<Answer> {
    let repo = call.repo()?;
    let check = repo.checks.iter().find(|check| check.id == id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(status, shapes::check(call.state, repo, check)))
}

/// "Webhooks: check_run".
fn tell(call: &mut Call<'_>, id: i64, action: &str) -> Outcome<()> {
    let repo = call.repo()?;
    let check = repo.checks.iter().find(|check| check.id == id).map(|check| shapes::check(call.state, repo, check));
    let who = call.who();
    call.state.tell(call.repo, who, "check_run", json!({ "action": action, "check_run": check }))
}
