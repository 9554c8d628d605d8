//! "REST: Repositories" and "REST: Commits": what can be read of a repository.

use serde_json::Value;

use super::call::{Answer, Call, Outcome, Refusal};
use super::{history, issues, pull_shapes, shapes};

/// "Get a repository", by name or by id; tells the caller's own permissions.
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let role = issues::role(call)?;
    let mut shape = shapes::whole_repo(call.state, call.repo()?);
    shape["permissions"] = shapes::permissions(role);
    Ok(Answer::Json(200, shape))
}

/// "Compare two commits": `base...head`.
pub(super) fn compare(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let (base, head) = call.param("basehead").split_once("...").ok_or_else(Refusal::not_found)?;
    let owner = format!("{}:", call.state.login(repo.owner));
    let commit = |name: &str| {
        let name = name.strip_prefix(&owner).unwrap_or(name);
        repo.resolve(name).filter(|sha| repo.objects.commit(sha).is_some()).ok_or_else(Refusal::not_found)
    };
    let (base, head) = (commit(base)?, commit(head)?);
    if history::merge_base(&repo.objects, &base, &head).is_none() {
        return Err(Refusal::new(404, "No common ancestor between the two commits."));
    }
    Ok(Answer::Json(200, pull_shapes::comparison(call.state, repo, &base, &head)))
}

/// "Get a commit", with the files it changed.
pub(super) fn commit(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let name = call.param("ref");
    let missing = || Refusal::invalid(format!("No commit found for SHA: {name}"));
    let sha = repo.resolve(name).ok_or_else(missing)?;
    let found = repo.objects.commit(&sha).ok_or_else(missing)?;
    let mut shape = shapes::commit(call.state, repo, &sha, &found);
    if let Some(parent) = found.parents.first() {
        let changes = history::changed_files(&repo.objects, parent, &sha);
        shape["files"] = changes.iter().map(|change| pull_shapes::file(call.state, repo, &sha, change)).collect();
    }
    Ok(Answer::Json(200, shape))
}

/// "List commits": newest first, from `sha` or the default branch, those touching `path` if named.
pub(super) fn commits(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let name = call.asked("sha").unwrap_or(&repo.default_branch);
    if repo.refs.is_empty() {
        return Err(Refusal::new(409, "Git Repository is empty."));
    }
    let head = repo.resolve(name).ok_or_else(Refusal::not_found)?;
    let mut all = history::commits_between(&repo.objects, "", &head);
    if let Some(path) = call.asked("path") {
        let blob = |sha: &str| {
            let tree = repo.objects.commit(sha).map(|commit| commit.tree)?;
            repo.objects.files(&tree).get(path).cloned()
        };
        all.retain(|(sha, c)| blob(sha) != c.parents.first().and_then(|parent| blob(parent)));
    }
    Ok(Answer::List(all.iter().rev().map(|(sha, c)| shapes::commit(call.state, repo, sha, c)).collect()))
}

/// "List pull requests associated with a commit".
pub(super) fn pulls_of_commit(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = call.param("ref");
    let holds = |pull: &super::state::Pull| {
        history::commits_between(&repo.objects, &pull.base_sha, &pull.head_sha).iter().any(|(has, _)| has == sha)
    };
    let found = repo.issues.values().filter_map(|i| i.pull.as_ref().filter(|p| holds(p)).map(|pull| (i, pull)));
    Ok(Answer::List(found.map(|(i, pull)| pull_shapes::listed(call.state, repo, i, pull)).collect::<Vec<Value>>()))
}
