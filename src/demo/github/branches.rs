//! References and what follows when they move: push events, pull requests that follow their branch.
//!
//! "REST: Git references" and "REST: Branches"; a push by git ends in the same function as a change by REST.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::state::{Issue, Merged, Repo, Role, State};
use super::{history, issues, places, reviews, shapes, timeline};

/// A reference that moves: `None` is "not there".
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) name: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// "Get a reference": exactly this one.
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let name = format!("refs/{}", call.param("ref"));
    let sha = repo.refs.get(&name).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shape(call.state, repo, &name, sha)))
}

/// "List matching references": all that begin so.
pub(super) fn matching(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let start = format!("refs/{}", call.param("ref"));
    let found = repo.refs.iter().filter(|(name, _)| name.starts_with(&start));
    Ok(Answer::List(found.map(|(name, sha)| shape(call.state, repo, name, sha)).collect()))
}

/// "Create a reference": 422 "Reference already exists", 422 "Object does not exist".
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = call.text("Reference", "ref")?;
    let sha = call.text("Reference", "sha")?;
    if !name.starts_with("refs/") || name.matches('/').count() < 2 || !well_formed(&name) {
        return Err(Refusal::invalid("Reference name is invalid"));
    }
    let repo = call.repo()?;
    if repo.refs.contains_key(&name) {
        return Err(Refusal::invalid("Reference already exists"));
    }
    if repo.objects.commit(&sha).is_none() {
        return Err(Refusal::invalid("Object does not exist"));
    }
    let below = format!("{name}/");
    if repo.refs.keys().any(|has| has.starts_with(&below) || name.starts_with(&format!("{has}/"))) {
        return Err(Refusal::invalid("Reference update failed"));
    }
    go(call, Move { name: name.clone(), old: None, new: Some(sha.clone()) })?;
    Ok(Answer::Json(201, shape(call.state, call.repo()?, &name, &sha)))
}

/// "Update a reference": 422 "Update is not a fast forward" unless forced.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = format!("refs/{}", call.param("ref"));
    let sha = call.text("Reference", "sha")?;
    let repo = call.repo()?;
    let old = repo.refs.get(&name).ok_or_else(|| Refusal::invalid("Reference does not exist"))?.clone();
    if repo.objects.commit(&sha).is_none() {
        return Err(Refusal::invalid("Object does not exist"));
    }
    let forced = call.body["force"].as_bool().unwrap_or(false);
    if !forced && !history::ancestors(&repo.objects, &sha).contains(&old) {
        return Err(Refusal::invalid("Update is not a fast forward"));
    }
    go(call, Move { name: name.clone(), old: Some(old), new: Some(sha.clone()) })?;
    Ok(Answer::Json(200, shape(call.state, call.repo()?, &name, &sha)))
}

/// "Delete a reference": 422 when it is not there.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = format!("refs/{}", call.param("ref"));
    let repo = call.repo()?;
    let old = repo.refs.get(&name).ok_or_else(|| Refusal::invalid("Reference does not exist"))?.clone();
    if name == format!("refs/heads/{}", repo.default_branch) {
        return Err(Refusal::invalid("Cannot delete the default branch"));
    }
    go(call, Move { name, old: Some(old), new: None })?;
    Ok(Answer::Empty(204))
}

/// "Get a branch".
pub(super) fn branch(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let name = call.param("branch");
    let sha = repo.branch(name).ok_or_else(|| Refusal::new(404, "Branch not found"))?;
    let found = repo.objects.commit(sha).map(|found| shapes::commit(call.state, repo, sha, &found));
    let url = shapes::api(call.state, repo, &format!("branches/{name}"));
    let page = shapes::html(call.state, repo, &format!("tree/{name}"));
    let checks = json!({ "enforcement_level": "off", "contexts": [], "checks": [] });
    let shape = json!({
        "name": name, "commit": found, "_links": { "self": url, "html": page }, "protected": false,
        "protection": { "enabled": false, "required_status_checks": checks },
        "protection_url": format!("{url}/protection"),
    });
    Ok(Answer::Json(200, shape))
}

/// "List branches".
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let heads = repo.refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix("refs/heads/")?, sha)));
    let shape = |(name, sha): (&str, &String)| {
        let url = shapes::api(call.state, repo, &format!("commits/{sha}"));
        json!({ "name": name, "commit": { "sha": sha, "url": url }, "protected": false })
    };
    Ok(Answer::List(heads.map(shape).collect()))
}

/// Checks what REST must check, writes the reference, and lets the rest follow.
pub(super) fn go(call: &mut Call<'_>, change: Move) -> Outcome<()> {
    if let Some(new) = &change.new
        && !call.actor.may_touch_workflows()
        && let Some(path) = touched_workflow(call.repo()?, change.old.as_deref(), new)
    {
        return Err(Refusal::new(
            403,
            format!(
                "refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"
            ),
        ));
    }
    if issues::role(call)? < Role::Write {
        return Err(Refusal::new(403, "Must have write access to Repository."));
    }
    let dir = call.repo()?.dir();
    write_ref(&dir, &change)?;
    let who = call.who();
    moved(call.state, call.repo, who, &change)
}

/// What follows from a reference that has moved on disk: the push is told, pull requests follow.
pub(super) fn moved(state: &mut State, repo: i64, by: i64, change: &Move) -> Outcome<()> {
    let refs = &mut state.repo_mut(repo)?.refs;
    match &change.new {
        Some(sha) => refs.insert(change.name.clone(), sha.clone()),
        None => refs.remove(&change.name),
    };
    let now = state.now();
    state.repo_mut(repo)?.pushed = now;
    tell_push(state, repo, by, change)?;
    let Some(branch) = change.name.strip_prefix("refs/heads/") else { return Ok(()) };
    let open: Vec<(i64, bool)> = state
        .repo(repo)?
        .issues
        .values()
        .filter(|issue| issue.closed.is_none())
        .filter_map(|issue| issue.pull.as_ref().map(|pull| (issue.number, pull)))
        .filter(|(_, pull)| pull.head_ref == branch || pull.base_ref == branch)
        .map(|(number, pull)| (number, pull.head_ref == branch))
        .collect();
    note_heads(state, repo, by, (branch, change))?;
    for (number, is_head) in open {
        match (&change.new, is_head) {
            (Some(new), true) => follow(state, (repo, number), by, (change, new))?,
            (Some(new), false) => advance_base(state, (repo, number), by, new)?,
            (None, true) => issues::close(state, repo, number, (by, "completed"))?,
            (None, false) => {}
        }
    }
    Ok(())
}

/// The timelines of all pull requests from a branch say when it was deleted and restored.
fn note_heads(state: &mut State, repo: i64, by: i64, change: (&str, &Move)) -> Outcome<()> {
    let event = match (&change.1.old, &change.1.new) {
        (Some(_), None) => "head_ref_deleted",
        (None, Some(_)) => "head_ref_restored",
        (None | Some(_), None | Some(_)) => return Ok(()),
    };
    let from = |issue: &&Issue| issue.pull.as_ref().is_some_and(|pull| pull.head_ref == change.0);
    let pulls: Vec<i64> = state.repo(repo)?.issues.values().filter(from).map(|issue| issue.number).collect();
    pulls.into_iter().try_for_each(|number| issues::note(state, (repo, number), by, event, json!({})))
}

/// "Webhooks: pull_request, synchronize"; the timeline names a force push.
fn follow(state: &mut State, place: (i64, i64), by: i64, change: (&Move, &str)) -> Outcome<()> {
    let (change, new) = change;
    let old = change.old.clone().unwrap_or_default();
    let forced = !history::ancestors(&state.repo(place.0)?.objects, new).contains(&old);
    reviews::follow(state, place, new)?;
    places::follow(state, place, new)?;
    state.pull_mut(place.0, place.1)?.head_sha = new.to_owned();
    let now = state.now();
    state.issue_mut(place.0, place.1)?.updated = now;
    if forced {
        let url = shapes::api(state, state.repo(place.0)?, &format!("commits/{new}"));
        issues::note(state, place, by, "head_ref_force_pushed", json!({ "commit_id": new, "commit_url": url }))?;
        state.pull_mut(place.0, place.1)?.forced.push((old.clone(), new.to_owned()));
    }
    timeline::commits_arrive(state, place)?;
    issues::tell_by(state, place, by, "synchronize", json!({ "before": old, "after": new }))
}

/// "About pull request merges, indirect merges": a base that has come to hold the head has merged it.
fn advance_base(state: &mut State, place: (i64, i64), by: i64, new: &str) -> Outcome<()> {
    let (_, pull) = state.pull(place.0, place.1)?;
    let held = history::ancestors(&state.repo(place.0)?.objects, new).contains(&pull.head_sha);
    let at = state.now();
    if !held {
        state.pull_mut(place.0, place.1)?.base_sha = new.to_owned();
        return Ok(());
    }
    state.pull_mut(place.0, place.1)?.merged = Some(Merged { at, by, sha: new.to_owned() });
    issues::note(state, place, by, "merged", json!({ "commit_id": new }))?;
    issues::close(state, place.0, place.1, (by, "completed"))
}

/// "Webhooks: push".
fn tell_push(state: &mut State, repo: i64, by: i64, change: &Move) -> Outcome<()> {
    let zeros = || "0".repeat(40);
    let found = state.repo(repo)?;
    let fresh = match (&change.old, &change.new) {
        (Some(old), Some(new)) => history::commits_between(&found.objects, old, new),
        (None, Some(new)) => {
            let base = found.branch(&found.default_branch).filter(|base| *base != new);
            base.map(|base| history::commits_between(&found.objects, base, new)).unwrap_or_default()
        }
        (_, None) => Vec::new(),
    };
    let commit = |(sha, c): &(String, super::objects::Commit)| {
        json!({
            "id": sha, "tree_id": c.tree, "message": c.message.trim_end(), "distinct": true,
            "timestamp": shapes::person(&c.committer)["date"],
            "url": shapes::html(state, found, &format!("commit/{sha}")),
            "author": shapes::person(&c.author), "committer": shapes::person(&c.committer),
        })
    };
    let commits: Vec<Value> = fresh.iter().map(commit).collect();
    let forced = matches!((&change.old, &change.new), (Some(old), Some(new))
        if !history::ancestors(&found.objects, new).contains(old));
    let payload = json!({
        "ref": change.name,
        "before": change.old.clone().unwrap_or_else(zeros),
        "after": change.new.clone().unwrap_or_else(zeros),
        "created": change.old.is_none(),
        "deleted": change.new.is_none(),
        "forced": forced,
        "base_ref": null,
        "compare": shapes::html(state, found, "compare"),
        "head_commit": commits.last(),
        "commits": commits,
        "pusher": { "name": state.login(by), "email": null },
    });
    state.tell(repo, by, "push", payload)
}

/// A workflow file that differs between what the reference named (or the default branch) and what it is to name.
fn touched_workflow(repo: &Repo, old: Option<&str>, new: &str) -> Option<String> {
    let files = |sha: &str| repo.objects.commit(sha).map(|c| repo.objects.files(&c.tree)).unwrap_or_default();
    let default = repo.branch(&repo.default_branch).map(String::as_str);
    let before = old.or(default).map(files).unwrap_or_default();
    let stock = default.map(files).unwrap_or_default();
    files(new)
        .into_iter()
        .filter(|(path, _)| path.starts_with(".github/workflows/"))
        .find(|(path, entry)| before.get(path) != Some(entry) && stock.get(path) != Some(entry))
        .map(|(path, _)| path)
}

/// "git check-ref-format": the rules that keep a name inside `refs` and off the command line.
pub(super) fn well_formed(name: &str) -> bool {
    let bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    !name.chars().any(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

/// Writes a loose reference the way git does: a lock file made anew, then renamed over the old.
fn write_ref(dir: &Path, change: &Move) -> Outcome<()> {
    let path = dir.join(&change.name);
    let Some(new) = &change.new else {
        fs::remove_file(&path)?;
        // Folders that are empty now would bar a reference of their name; removal stops at the first that is not.
        let folders = path.ancestors().skip(1).take(change.name.matches('/').count().saturating_sub(1));
        let _ = folders.map(fs::remove_dir).find(Result::is_err);
        return Ok(());
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut lock = path.clone().into_os_string();
    lock.push(".lock");
    let mut file = fs::File::create_new(&lock).map_err(|_| Refusal::new(409, "Reference is being updated"))?;
    writeln!(file, "{new}")?;
    fs::rename(&lock, &path)?;
    Ok(())
}

fn shape(state: &State, repo: &Repo, name: &str, sha: &str) -> Value {
    json!({
        "ref": name,
        "node_id": format!("REF_{}_{name}", repo.id),
        "url": shapes::api(state, repo, &format!("git/{name}")),
        "object": { "type": "commit", "sha": sha, "url": shapes::api(state, repo, &format!("git/commits/{sha}")) },
    })
}
