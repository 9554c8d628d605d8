//! `read`: lines of a file, with their numbers.

use std::path::Path;

use super::Read;
use super::place;
use super::result::{Done, ToolError, page};

/// Reads lines as `number<tab>text`; says how many there are and how to read on.
pub(super) fn read(root: &Path, read: &Read) -> Done {
    let found = place::existing(root, &read.path)?;
    let (bytes, more) = place::bytes(&found, &read.path)?;
    let Some(text) = place::text(&bytes) else {
        return Err(ToolError(format!("{} is binary, {} bytes", read.path, bytes.len())));
    };
    if text.is_empty() {
        return Ok("[the file is empty]".to_owned());
    }
    let more = more.then_some("the file is larger than 4 MiB; only its beginning can be read");
    page(&text, read.from, read.count, more).map_err(|lines| ToolError(format!("{} has only {lines} lines", read.path)))
}
