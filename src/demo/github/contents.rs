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
    let parts = path.split('/').filter(|part| !part.is_empty());
    let folder = parts.into_iter().try_fold(tree, |above, part| {
        let inside = repo.objects.tree(&above)?.into_iter().find(|entry| entry.name == part)?;
        Some(inside.sha)
    });
    let entries = folder.and_then(|folder| repo.objects.tree(&folder)).ok_or_else(Refusal::not_found)?;
    let full = |below: &str| if path.is_empty() { below.to_owned() } else { format!("{path}/{below}") };
    let shapes = entries.iter().map(|entry| shape(call, repo, (&full(&entry.name), &entry.sha, name), false));
    Ok(Answer::Json(200, shapes.collect()))
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
    let (kind, place, store) = match repo.objects.kind(sha) {
        Some("tree") => ("dir", "tree", "trees"),
        _ => ("file", "blob", "blobs"),
    };
    let url = shapes::api(call.state, repo, &format!("contents/{path}?ref={name}"));
    let page = shapes::html(call.state, repo, &format!("{place}/{name}/{path}"));
    let git = shapes::api(call.state, repo, &format!("git/{store}/{sha}"));
    let mut shape = json!({
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": sha,
        "size": bytes.len(),
        "type": kind,
        "url": url,
        "html_url": page,
        "git_url": git,
        "download_url": (kind == "file").then(|| shapes::html(call.state, repo, &format!("raw/{name}/{path}"))),
        "_links": { "self": url, "html": page, "git": git },
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
