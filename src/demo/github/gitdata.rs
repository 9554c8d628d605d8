//! "REST: Git database": blobs, trees and commits, written into the real repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::objects::{Commit, Files, Person};
use super::shapes;
use crate::ids::{CommitSha, Timestamp};

/// "Create a blob".
pub(super) fn create_blob(call: &mut Call<'_>) -> Outcome<Answer> {
    let content = call.text("Blob", "content")?;
    let bytes = match call.maybe_text("encoding")?.as_deref() {
        None | Some("utf-8") => content.into_bytes(),
        Some("base64") => decode(&content)?,
        Some(other) => return Err(Refusal::invalid(format!("{other} is not a valid encoding"))),
    };
    let sha = call.repo_mut()?.objects.write("blob", &bytes)?;
    let url = shapes::api(call.state, call.repo()?, &format!("git/blobs/{sha}"));
    Ok(Answer::Json(201, json!({ "sha": sha, "url": url })))
}

/// "Get a blob": always base64.
pub(super) fn get_blob(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = call.param("file_sha");
    let bytes = repo.objects.blob(sha).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(
        200,
        json!({
            "sha": sha, "size": bytes.len(), "encoding": "base64", "content": wrapped(bytes),
            "node_id": format!("B_{sha}"), "url": shapes::api(call.state, repo, &format!("git/blobs/{sha}")),
        }),
    ))
}

/// "Create a tree": `content` or `sha` of an entry; `sha: null` removes it; what `base_tree` has stays otherwise.
pub(super) fn create_tree(call: &mut Call<'_>) -> Outcome<Answer> {
    let mut files = match call.maybe_text("base_tree")? {
        None => Files::new(),
        Some(base) => {
            let objects = &call.repo()?.objects;
            // A commit is taken for its tree, as on GitHub.
            let tree = objects.commit(&base).map_or(base, |commit| commit.tree);
            objects.tree(&tree).ok_or_else(|| Refusal::invalid("base_tree is not a valid oid"))?;
            objects.files(&tree)
        }
    };
    let entries = call.body["tree"].as_array().cloned().ok_or_else(|| Refusal::invalid("Invalid tree info"))?;
    for entry in &entries {
        put_entry(call, &mut files, entry)?;
    }
    let sha = call.repo_mut()?.objects.write_tree(&files)?;
    Ok(Answer::Json(201, tree_shape(call, &sha, false)?))
}

/// "Get a tree", whole with `recursive`.
pub(super) fn get_tree(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let named = call.param("tree_sha");
    let sha = match repo.resolve(named).and_then(|commit| repo.objects.commit(&commit)) {
        Some(commit) => commit.tree,
        None => named.to_owned(),
    };
    Ok(Answer::Json(200, tree_shape(call, &sha, call.asked("recursive").is_some())?))
}

/// "Create a commit object": author and committer are the caller unless given.
pub(super) fn create_commit(call: &mut Call<'_>) -> Outcome<Answer> {
    let message = call.text("Commit", "message")?;
    let tree = call.text("Commit", "tree")?;
    let parents = call.names("parents")?.unwrap_or_default();
    let objects = &call.repo()?.objects;
    if objects.kind(&tree) != Some("tree") {
        return Err(Refusal::invalid("Tree SHA does not exist"));
    }
    if parents.iter().any(|parent| objects.commit(parent).is_none()) {
        return Err(Refusal::invalid("Parent SHA does not exist or is not a commit object"));
    }
    let caller = signature(call)?;
    let author = given(&call.body["author"], &caller);
    let committer =
        if call.body["committer"].is_null() { author.clone() } else { given(&call.body["committer"], &caller) };
    let commit = Commit { tree, parents, author, committer, message };
    let sha = call.repo_mut()?.objects.write_commit(&commit)?;
    Ok(Answer::Json(201, shapes::git_commit(call.state, call.repo()?, &sha, &commit)))
}

/// "Get a commit object".
pub(super) fn get_commit(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let sha = call.param("commit_sha");
    let commit = repo.objects.commit(sha).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::git_commit(call.state, repo, sha, &commit)))
}

/// The caller as author of a commit made now.
pub(super) fn signature(call: &Call<'_>) -> Outcome<Person> {
    let account = call.state.accounts.get(&call.who()).ok_or_else(Refusal::not_found)?;
    let at = call.state.now().0.div_euclid(1000);
    Ok(Person { name: account.login.clone(), email: shapes::email(account), at })
}

pub(super) fn given(value: &Value, or: &Person) -> Person {
    let text = |field: &str, or: &str| value[field].as_str().unwrap_or(or).to_owned();
    let at = value["date"].as_str().and_then(|date| Timestamp::from_rfc3339(date).ok());
    Person {
        name: text("name", &or.name),
        email: text("email", &or.email),
        at: at.map_or(or.at, |at| at.0.div_euclid(1000)),
    }
}

/// No path may lead out of the tree, into `.git`, or end before it looks ended.
pub(super) fn check_path(path: &str) -> Outcome<()> {
    let hostile = |part: &str| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git");
    if path.split('/').any(hostile) || path.contains('\0') {
        return Err(Refusal::invalid(format!("path contains a malformed path component: {path}")));
    }
    Ok(())
}

pub(super) fn decode(content: &str) -> Outcome<Vec<u8>> {
    let plain: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(plain).map_err(|_| Refusal::invalid("content is not valid Base64"))
}

/// Base64 in lines of sixty characters, as GitHub sends it.
pub(super) fn wrapped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (n, c) in STANDARD.encode(bytes).chars().enumerate() {
        if n > 0 && n % 60 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push('\n');
    text
}

fn put_entry(call: &mut Call<'_>, files: &mut Files, entry: &Value) -> Outcome<()> {
    let malformed = |what: &str| Refusal::invalid(format!("tree.{what}"));
    let path = entry["path"].as_str().ok_or_else(|| malformed("path is missing"))?;
    check_path(path)?;
    let below = format!("{path}/");
    let removes = entry["content"].is_null() && entry.get("sha").is_some_and(Value::is_null);
    if removes && !files.keys().any(|has| has == path || has.starts_with(&below)) {
        // Undocumented, but what clients report: what is not there cannot be removed.
        return Err(Refusal::invalid("GitRPC::BadObjectState"));
    }
    // A file replaces a folder of its name, and the other way round.
    files.retain(|has, _| has != path && !has.starts_with(&below) && !path.starts_with(&format!("{has}/")));
    let mode = entry["mode"].as_str().unwrap_or("100644").to_owned();
    if !["100644", "100755", "040000", "160000", "120000"].contains(&mode.as_str()) {
        return Err(malformed("mode must be one of 100644, 100755, 040000, 160000, 120000"));
    }
    let sha = match (&entry["content"], &entry["sha"]) {
        (Value::String(text), _) => call.repo_mut()?.objects.write("blob", text.as_bytes())?,
        (_, Value::String(sha)) if CommitSha::try_from(sha.clone()).is_ok() => sha.clone(),
        (_, Value::String(sha)) => return Err(malformed(&format!("sha {sha} is not a valid object"))),
        _ if removes => return Ok(()),
        _ => return Err(Refusal::invalid("Must supply either tree.sha or tree.content")),
    };
    let objects = &call.repo()?.objects;
    match (mode.as_str(), objects.kind(&sha)) {
        ("040000", Some("tree")) => {
            files.extend(objects.files(&sha).into_iter().map(|(name, entry)| (format!("{path}/{name}"), entry)));
        }
        ("160000", _) | ("100644" | "100755" | "120000", Some("blob")) => {
            files.insert(path.to_owned(), (mode, sha));
        }
        _ => return Err(malformed(&format!("sha {sha} is not a valid object for mode {mode}"))),
    }
    Ok(())
}

fn tree_shape(call: &Call<'_>, sha: &str, recursive: bool) -> Outcome<Value> {
    let repo = call.repo()?;
    let objects = &repo.objects;
    let entry = |path: &str, mode: &str, sha: &str| {
        let kind = objects.kind(sha).unwrap_or("commit");
        let mut shape = json!({
            "path": path, "mode": format!("{mode:0>6}"), "type": kind, "sha": sha,
            "url": shapes::api(call.state, repo, &format!("git/{kind}s/{sha}")),
        });
        if let Some(bytes) = objects.blob(sha) {
            shape["size"] = json!(bytes.len());
        }
        shape
    };
    let top = objects.tree(sha).ok_or_else(Refusal::not_found)?;
    let entries: Vec<Value> = if recursive {
        objects.files(sha).iter().map(|(path, (mode, sha))| entry(path, mode, sha)).collect()
    } else {
        top.iter().map(|e| entry(&e.name, &e.mode, &e.sha)).collect()
    };
    let url = shapes::api(call.state, repo, &format!("git/trees/{sha}"));
    Ok(json!({ "sha": sha, "url": url, "tree": entries, "truncated": false }))
}
