//! Finds a path in the checkout, and refuses those that lead out of it.
//!
//! The sandbox's walls hold without this; these checks make a mistake a clear answer instead of an odd one. A change never
//! goes through a link, since it would land on another path than the one held against the scope.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Place;
use super::result::ToolError;
use crate::ids::RepoPath;

/// What is wrong with a path that no look or change may go to.
const LEADS_OUT: &str = "leads out of the checkout";
const IS_GITS: &str = "belongs to git";
const NO_FOLDER: &str = "goes through something that is not a folder";

/// Whether an answer says that a path was refused, and not that nothing was there.
pub(crate) fn is_refusal(text: &str) -> bool {
    [LEADS_OUT, IS_GITS, NO_FOLDER].iter().any(|end| text.ends_with(end))
}

/// Bytes of a file that any tool reads at most.
pub(super) const MAX_FILE: u64 = 4 << 20;

/// The full path of an existing place to look at, links resolved, inside the checkout.
pub(super) fn existing(root: &Path, path: &RepoPath) -> Result<PathBuf, ToolError> {
    let root = fs::canonicalize(root).map_err(ToolError::new)?;
    let found = fs::canonicalize(root.join(path.as_str())).map_err(|error| missing(path, &error))?;
    // Compared part by part, so `repo-evil` is not inside `repo`.
    if found.starts_with(&root) { Ok(found) } else { Err(ToolError(format!("{path} {LEADS_OUT}"))) }
}

/// The same for a folder or file to look in; the checkout itself if none is named.
pub(super) fn start(root: &Path, place: Option<&Place>) -> Result<PathBuf, ToolError> {
    match place.and_then(|place| place.0.as_ref()) {
        Some(path) => existing(root, path),
        None => fs::canonicalize(root).map_err(ToolError::new),
    }
}

/// The path of something to change: no part of it is a link or git's own.
pub(super) fn changeable(root: &Path, path: &RepoPath) -> Result<PathBuf, ToolError> {
    if path.as_str().split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(ToolError(format!("{path} {IS_GITS}")));
    }
    let mut parent = root.to_owned();
    let (folders, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        parent.push(part);
        match fs::symlink_metadata(&parent) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(ToolError(format!("{path} {NO_FOLDER}"))),
            Err(_) => return Ok(root.join(path.as_str())),
        }
    }
    Ok(parent.join(name))
}

/// A regular file's bytes, and whether there were more than [`MAX_FILE`].
pub(super) fn bytes(found: &Path, path: &RepoPath) -> Result<(Vec<u8>, bool), ToolError> {
    let meta = fs::metadata(found).map_err(|error| missing(path, &error))?;
    if meta.is_dir() {
        return Err(ToolError(format!("{path} is a folder; use list")));
    }
    // Opening a pipe would wait for somebody to write to it.
    if !meta.is_file() {
        return Err(ToolError(format!("{path} is not a regular file")));
    }
    let mut bytes = Vec::new();
    let file = File::open(found).map_err(|error| missing(path, &error))?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| missing(path, &error))?;
    let more = bytes.len() as u64 > MAX_FILE;
    Ok((bytes, more))
}

/// A text file's text; `None` if it is binary.
pub(super) fn text(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let head = &bytes[..bytes.len().min(8_000)];
    (!head.contains(&0)).then(|| String::from_utf8_lossy(bytes))
}

pub(super) fn missing(path: &RepoPath, error: &std::io::Error) -> ToolError {
    let gone = error.kind() == std::io::ErrorKind::NotFound;
    ToolError(if gone { format!("{path} does not exist") } else { format!("{path}: {error}") })
}
