//! `read`: lines of a file, with their numbers.

use std::path::Path;

use super::Read;
use super::place;
use super::result::{Done, Shown, ToolError};

/// Reads lines as `number<tab>text`; says how many there are and how to read on.
pub(super) fn read(root: &Path, read: &Read) -> Done {
    let found = place::existing(root, &read.path)?;
    let (bytes, more) = place::bytes(&found, &read.path)?;
    let Some(text) = place::text(&bytes) else {
        return Err(ToolError(format!("{} is binary, {} bytes", read.path, bytes.len())));
    };
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Ok("[the file is empty]".to_owned());
    }
    let from = read.from.unwrap_or(1).max(1) as usize;
    if from > lines.len() {
        return Err(ToolError(format!("{} has only {} lines", read.path, lines.len())));
    }
    let count = read.count.map_or(usize::MAX, |n| n.max(1) as usize);
    let mut shown = Shown::default();
    let mut last = from - 1;
    for (number, line) in (1..).zip(&lines).skip(from - 1).take(count) {
        if !shown.line(&format!("{number}\t"), line) {
            break;
        }
        last = number;
    }
    let mut notes = Vec::new();
    if (from, last) != (1, lines.len()) {
        notes.push(format!("lines {from} to {last} of {}", lines.len()));
    }
    if last < lines.len() {
        notes.push(format!("read on with from={}", last + 1));
    }
    if more {
        notes.push("the file is larger than 4 MiB; only its beginning can be read".to_owned());
    }
    Ok(shown.end(&notes.join("; ")))
}
