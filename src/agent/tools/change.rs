//! `edit`, `create`, `delete`: changes to single files.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::place;
use super::result::{Done, MAX_LINE, ToolError};
use super::{Create, Delete, Edit};

/// Lines that are compared at most when the nearest one is looked for.
const MAX_COMPARED: usize = 5_000;

/// Replaces a text that stands in a file exactly once. Line ends stay as the file has them.
pub(super) fn edit(root: &Path, edit: &Edit) -> Done {
    let file = place::changeable(root, &edit.path)?;
    regular(&file, edit.path.as_str())?;
    let (bytes, more) = place::bytes(&file, &edit.path)?;
    if more {
        return Err(ToolError(format!("{} is larger than 4 MiB", edit.path)));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(ToolError(format!("{} is not UTF-8", edit.path)));
    };
    if edit.old.is_empty() || edit.old == edit.new {
        return Err(ToolError::new("old is empty or the same as new"));
    }
    let (old, new) = line_ends_of(&text, edit);
    let places: Vec<usize> = text.match_indices(&old).map(|(at, _)| at).collect();
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    match places.as_slice() {
        [at] => {
            let changed = format!("{}{new}{}", &text[..*at], &text[at + old.len()..]);
            // Written in place, so that the file keeps its mode.
            fs::write(&file, changed).map_err(|error| place::missing(&edit.path, &error))?;
            let first = line_of(*at);
            Ok(format!("edited {} at line {first}", edit.path))
        }
        [] => Err(ToolError(format!("old does not stand in {}; {}", edit.path, nearest(&text, &edit.old)))),
        several => {
            let lines: Vec<String> = several.iter().take(10).map(|at| line_of(*at).to_string()).collect();
            Err(ToolError(format!(
                "old stands {} times in {}, at lines {}; add lines around it",
                several.len(),
                edit.path,
                lines.join(", ")
            )))
        }
    }
}

/// Writes a new file and the folders it needs.
pub(super) fn create(root: &Path, create: &Create) -> Done {
    let file = place::changeable(root, &create.path)?;
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(|error| place::missing(&create.path, &error))?;
    }
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    let mut opened = opened.map_err(|error| {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        if exists {
            ToolError(format!("{} exists; use edit", create.path))
        } else {
            place::missing(&create.path, &error)
        }
    })?;
    opened.write_all(create.text.as_bytes()).map_err(|error| place::missing(&create.path, &error))?;
    Ok(format!("created {}, {} lines", create.path, create.text.lines().count()))
}

/// Removes a file, and the folders that are empty then.
pub(super) fn delete(root: &Path, delete: &Delete) -> Done {
    let file = place::changeable(root, &delete.path)?;
    let meta = fs::symlink_metadata(&file).map_err(|error| place::missing(&delete.path, &error))?;
    if meta.is_dir() {
        return Err(ToolError(format!("{} is a folder; delete its files", delete.path)));
    }
    fs::remove_file(&file).map_err(|error| place::missing(&delete.path, &error))?;
    // Git knows no empty folders; the first one that still holds something ends the walk upwards.
    for parent in file.ancestors().skip(1).take_while(|parent| *parent != root) {
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(format!("deleted {}", delete.path))
}

fn regular(file: &Path, path: &str) -> Result<(), ToolError> {
    match fs::symlink_metadata(file) {
        Ok(meta) if meta.is_symlink() => Err(ToolError(format!("{path} is a link; edit what it points to"))),
        Ok(_) => Ok(()),
        Err(_) => Err(ToolError(format!("{path} does not exist; use create"))),
    }
}

/// Models write `\n`; a file of which every line ends in `\r\n` is searched and filled in its own way.
fn line_ends_of(text: &str, edit: &Edit) -> (String, String) {
    let windows = text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count();
    if windows && !edit.old.contains("\r\n") {
        return (edit.old.replace('\n', "\r\n"), edit.new.replace("\r\n", "\n").replace('\n', "\r\n"));
    }
    (edit.old.clone(), edit.new.clone())
}

/// Says what in the file comes closest, so that the next try is a better one.
fn nearest(text: &str, old: &str) -> String {
    let wanted = old.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    if crate::agent::text::visible(text).text.contains(old) {
        return "the file has invisible characters there; edit the lines around them".to_owned();
    }
    let mut best = (0.0_f32, 0, "");
    for (number, line) in (1..).zip(text.lines()).take(MAX_COMPARED) {
        let trimmed = line.trim();
        if trimmed == wanted {
            return format!("line {number} has the same words: compare indentation and the lines after it");
        }
        let near = trimmed.len().abs_diff(wanted.len()) <= wanted.len() / 2 && trimmed.len() <= MAX_LINE;
        let alike = if near { similar::TextDiff::from_chars(trimmed, wanted).ratio() } else { 0.0 };
        if alike > best.0 {
            best = (alike, number, line);
        }
    }
    match best {
        (alike, number, line) if alike > 0.6 => {
            format!("nearest is line {number}: {}", crate::agent::text::visible(line).text)
        }
        _ => "nothing like it is in the file; read it again".to_owned(),
    }
}
