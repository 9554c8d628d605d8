//! `list`: what is in a folder.

use std::collections::BTreeMap;
use std::path::Path;

use ignore::WalkBuilder;

use super::List;
use super::place;
use super::result::{Done, Shown, ToolError};

/// Files that are counted at most, so that a huge tree answers in time.
const MAX_SEEN: usize = 50_000;

/// Lists files down to a depth; deeper folders with the number of their files. What `.gitignore` names is left out.
pub(super) fn list(root: &Path, list: &List) -> Done {
    let start = place::start(root, list.path.as_ref())?;
    if !start.is_dir() {
        return Err(ToolError::new("that is not a folder; use read or outline"));
    }
    let depth = list.depth.unwrap_or(2).clamp(1, 20) as usize;
    let mut seen = 0;
    let mut entries: BTreeMap<String, usize> = BTreeMap::new();
    for entry in walk(&start).build().flatten().filter(|entry| !entry.file_type().is_none_or(|kind| kind.is_dir())) {
        seen += 1;
        if seen > MAX_SEEN {
            break;
        }
        let Some(path) = entry.path().strip_prefix(&start).ok().and_then(Path::to_str) else { continue };
        let parts: Vec<&str> = path.split('/').collect();
        if parts.len() <= depth {
            entries.insert(path.to_owned(), 0);
        } else {
            *entries.entry(format!("{}/", parts[..depth].join("/"))).or_default() += 1;
        }
    }
    let total = entries.len();
    let mut shown = Shown::default();
    let fitting = entries.iter().take_while(|(path, files)| match files {
        0 => shown.line("", path),
        n => shown.line("", &format!("{path} ({n} files)")),
    });
    let fitting = fitting.count();
    Ok(match (total, total - fitting) {
        (0, _) => "[no files]".to_owned(),
        (_, 0) if seen > MAX_SEEN => shown.end("there are more files; list a folder"),
        (_, 0) => shown.end(""),
        (_, left) => shown.end(&format!("{left} more; list a folder or ask for less depth")),
    })
}

/// A walk that sees what git would: hidden files too, ignored ones not, and no link is followed.
pub(super) fn walk(start: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(start);
    walk.hidden(false)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_name(std::ffi::OsStr::cmp);
    walk
}
