//! "REST: Repository contents": read a file or folder; write or delete one file as one commit.

use serde_json::{Value, json};

use super::branches::{self, Move};
use super::call::{Answer, Call, Outcome, Refusal};
use super::gitdata::{check_path, decode, given, signature, wrapped};
use super::objects::{Commit, Files};
use super::shapes;
use super::state::Repo;

/// "Get repository content" at `ref`, or at the default branch.
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let name = call.asked("ref").unwrap_or(&repo.default_branch);
    if repo.refs.is_empty() {
        return Err(Refusal::new(404, "This repository is empty."));
    }
    let missing = || Refusal::new(404, format!("No commit found for the ref {name}"));
    let tree = repo.resolve(name).and_then(|sha| repo.objects.commit(&sha)).ok_or_else(missing)?.tree;
    let files = repo.objects.files(&tree);
    let path = call.param("path").trim_matches('/');
    if let Some((_, sha)) = files.get(path) {
        return Ok(Answer::Json(200, shape(call, repo, (path, sha, name), true)));
    }
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries: Vec<Value> = Vec::new();
    for (full, (_, sha)) in files.iter().filter(|(full, _)| full.starts_with(&folder)) {
        match full[folder.len()..].split_once('/') {
            None => entries.push(shape(call, repo, (full, sha, name), false)),
            Some((below, _)) => {
                let path = format!("{folder}{below}");
                if entries.iter().all(|entry| entry["path"] != path) {
                    entries.push(json!({ "name": below, "path": path, "type": "dir", "size": 0 }));
                }
            }
        }
    }
    if entries.is_empty() && !path.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Answer::Json(200, json!(entries)))
}

/// "Create or update file contents": 409 when `sha` is not what the file is, 422 when it is missing.
pub(super) fn put(call: &mut Call<'_>) -> Outcome<Answer> {
    let content = decode(&call.text("Content", "content")?)?;
    let path = call.param("path").to_owned();
    check_path(&path)?;
    let (branch, old, mut files) = start(call)?;
    let given = call.maybe_text("sha")?;
    let existing = files.get(&path).cloned();
    check_sha(&path, existing.as_ref().map(|(_, sha)| sha), given.as_deref())?;
    let sha = call.repo_mut()?.objects.write("blob", &content)?;
    let mode = existing.as_ref().map_or("100644", |(mode, _)| mode).to_owned();
    files.insert(path.clone(), (mode, sha.clone()));
    let commit = finish(call, (&branch, old), &files)?;
    let file = shape(call, call.repo()?, (&path, &sha, &branch), false);
    Ok(Answer::Json(if existing.is_some() { 200 } else { 201 }, json!({ "content": file, "commit": commit })))
}

/// "Delete a file": `sha` is required.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome<Answer> {
    let path = call.param("path").to_owned();
    let (branch, old, mut files) = start(call)?;
    // Clients send these in the body or in the query.
    let given = call.maybe_text("sha")?.or_else(|| call.asked("sha").map(str::to_owned));
    let (_, existing) = files.remove(&path).ok_or_else(Refusal::not_found)?;
    check_sha(&path, Some(&existing), given.as_deref())?;
    let commit = finish(call, (&branch, old), &files)?;
    Ok(Answer::Json(200, json!({ "content": null, "commit": commit })))
}

fn check_sha(path: &str, existing: Option<&String>, given: Option<&str>) -> Outcome<()> {
    match (existing, given) {
        (Some(_), None) => Err(Refusal::invalid("Invalid request.\n\n\"sha\" wasn't supplied.")),
        (Some(existing), Some(given)) if existing != given => {
            Err(Refusal::new(409, format!("{path} does not match {given}")))
        }
        (None, Some(given)) => Err(Refusal::new(409, format!("{path} does not match {given}"))),
        (Some(_), Some(_)) | (None, None) => Ok(()),
    }
}

/// The branch to write to, its commit and its files; an empty repository starts with none.
fn start(call: &Call<'_>) -> Outcome<(String, Option<String>, Files)> {
    let repo = call.repo()?;
    let branch = call.maybe_text("branch")?.or_else(|| call.asked("branch").map(str::to_owned));
    let branch = branch.unwrap_or_else(|| repo.default_branch.clone());
    let old = repo.branch(&branch).cloned();
    if old.is_none() && !repo.refs.is_empty() {
        return Err(Refusal::new(404, format!("Branch {branch} not found")));
    }
    let commit = old.as_deref().and_then(|sha| repo.objects.commit(sha));
    let files = commit.map(|commit| repo.objects.files(&commit.tree)).unwrap_or_default();
    Ok((branch, old, files))
}

fn finish(call: &mut Call<'_>, place: (&str, Option<String>), files: &Files) -> Outcome<Value> {
    let (branch, old) = place;
    let message =
        call.text("Content", "message").or_else(|refusal| call.asked("message").map(str::to_owned).ok_or(refusal))?;
    let caller = signature(call)?;
    let author = given(&call.body["author"], &caller);
    let committer = given(&call.body["committer"], &caller);
    let objects = &mut call.repo_mut()?.objects;
    let tree = objects.write_tree(files)?;
    let commit = Commit { tree, parents: old.iter().cloned().collect(), author, committer, message };
    let sha = objects.write_commit(&commit)?;
    branches::go(call, Move { name: format!("refs/heads/{branch}"), old, new: Some(sha.clone()) })?;
    Ok(shapes::git_commit(call.state, call.repo()?, &sha, &commit))
}

fn shape(call: &Call<'_>, repo: &Repo, file: (&str, &str, &str), whole: bool) -> Value {
    let (path, sha, name) = file;
    let bytes = repo.objects.blob(sha).unwrap_or_default();
    let mut shape = json!({
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": sha,
        "size": bytes.len(),
        "type": "file",
        "url": shapes::api(call.state, repo, &format!("contents/{path}?ref={name}")),
        "html_url": shapes::html(call.state, repo, &format!("blob/{name}/{path}")),
        "git_url": shapes::api(call.state, repo, &format!("git/blobs/{sha}")),
        "download_url": null,
    });
    // Above one megabyte the content is left out and has to be read as a blob.
    if whole && bytes.len() <= 1_048_576 {
        shape["encoding"] = json!("base64");
        shape["content"] = json!(wrapped(bytes));
    } else if whole {
        shape["encoding"] = json!("none");
        shape["content"] = json!("");
    }
    shape
}
