//! Walks over commits and differences between trees, as pull requests and comparisons need them.

use std::collections::{BTreeSet, VecDeque};

use super::objects::{Commit, Objects};

/// A file that differs between two trees, as in "REST: List pull requests files".
#[derive(Debug, Clone)]
pub(super) struct FileChange {
    pub(super) path: String,
    pub(super) status: &'static str,
    pub(super) sha: String,
    pub(super) additions: usize,
    pub(super) deletions: usize,
    pub(super) patch: Option<String>,
}

/// Every commit that can be reached from one, itself included.
pub(super) fn ancestors(objects: &Objects, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(sha) = open.pop() {
        if let Some(commit) = objects.commit(&sha)
            && seen.insert(sha)
        {
            open.extend(commit.parents);
        }
    }
    seen
}

pub(super) fn merge_base(objects: &Objects, a: &str, b: &str) -> Option<String> {
    let known = ancestors(objects, a);
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([b.to_owned()]);
    while let Some(sha) = open.pop_front() {
        if known.contains(&sha) {
            return Some(sha);
        }
        if seen.insert(sha.clone()) {
            open.extend(objects.commit(&sha).map(|commit| commit.parents).unwrap_or_default());
        }
    }
    None
}

/// The commit before one, on its own branch.
pub(super) fn first_parent(objects: &Objects, sha: &str) -> Option<String> {
    objects.commit(sha)?.parents.into_iter().next()
}

/// The commits of `head` that `base` lacks, oldest first.
pub(super) fn commits_between(objects: &Objects, base: &str, head: &str) -> Vec<(String, Commit)> {
    let known = ancestors(objects, base);
    let mut found = Vec::new();
    let mut done = known;
    visit(objects, head, &mut done, &mut found);
    found
}

/// Parents first, without recursion: histories may be long.
fn visit(objects: &Objects, head: &str, done: &mut BTreeSet<String>, found: &mut Vec<(String, Commit)>) {
    let mut open = vec![head.to_owned()];
    while let Some(sha) = open.last().cloned() {
        let Some(commit) = objects.commit(&sha).filter(|_| !done.contains(&sha)) else {
            open.pop();
            continue;
        };
        let missing: Vec<String> =
            commit.parents.iter().filter(|p| !done.contains(*p) && objects.commit(p).is_some()).cloned().collect();
        if missing.is_empty() {
            done.insert(sha.clone());
            found.push((sha, commit));
            open.pop();
        } else {
            open.extend(missing);
        }
    }
}

/// What `head` changed since it left `base` (three dots).
pub(super) fn changed_files(objects: &Objects, base: &str, head: &str) -> Vec<FileChange> {
    let tree = |sha: &str| objects.commit(sha).map(|commit| objects.files(&commit.tree)).unwrap_or_default();
    let start = merge_base(objects, base, head);
    let before = start.as_deref().map(tree).unwrap_or_default();
    let after = tree(head);
    let mut changes = Vec::new();
    for (path, (mode, sha)) in &after {
        match before.get(path) {
            Some((old_mode, old)) if old == sha && old_mode == mode => {}
            Some((_, old)) => changes.push(change(objects, path, "modified", Some(old), Some(sha))),
            None => changes.push(change(objects, path, "added", None, Some(sha))),
        }
    }
    for (path, (_, old)) in before.iter().filter(|(path, _)| !after.contains_key(*path)) {
        changes.push(change(objects, path, "removed", Some(old), None));
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn change(
    objects: &Objects,
    path: &str,
    status: &'static str,
    old: Option<&String>,
    new: Option<&String>,
) -> FileChange {
    let text = |sha: Option<&String>| match sha.map(|sha| objects.blob(sha).unwrap_or_default()) {
        None => Some(String::new()),
        Some(bytes) => String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0')),
    };
    let mut found = FileChange {
        path: path.to_owned(),
        status,
        sha: new.or(old).cloned().unwrap_or_default(),
        additions: 0,
        deletions: 0,
        patch: None,
    };
    if let (Some(before), Some(after)) = (text(old), text(new)) {
        let diff = similar::TextDiff::from_lines(&before, &after);
        found.additions = diff.iter_all_changes().filter(|c| c.tag() == similar::ChangeTag::Insert).count();
        found.deletions = diff.iter_all_changes().filter(|c| c.tag() == similar::ChangeTag::Delete).count();
        let patch = diff.unified_diff().context_radius(3).to_string();
        found.patch = Some(patch.trim_end_matches('\n').to_owned());
    }
    found
}
