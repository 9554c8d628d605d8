//! `outline`: the definitions in a file, by tree-sitter.

use std::collections::BTreeMap;
use std::path::Path;

use tree_sitter_tags::{TagsConfiguration, TagsContext};

use super::Outline;
use super::place;
use super::result::{Done, Shown, ToolError};

/// Lists the lines that define something, as `number<tab>line`.
pub(super) fn outline(root: &Path, outline: &Outline) -> Done {
    let found = place::existing(root, &outline.path)?;
    let (bytes, _) = place::bytes(&found, &outline.path)?;
    let extension = outline.path.as_str().rsplit_once('.').map_or("", |(_, extension)| extension);
    let Some(language) = language(extension) else {
        return Err(ToolError(format!(
            "no outline for .{extension}: only Rust, Python, JavaScript, TypeScript, Go and Java; use read or search"
        )));
    };
    let language = language.map_err(ToolError::new)?;
    let mut context = TagsContext::new();
    let (tags, broken) = context.generate_tags(&language, &bytes, None).map_err(ToolError::new)?;
    let mut lines = BTreeMap::new();
    for tag in tags.flatten().filter(|tag| tag.is_definition) {
        // The name's line, since a definition may begin with lines of attributes.
        let start = bytes[..tag.name_range.start].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let end = bytes[start..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| start + n);
        let line = String::from_utf8_lossy(&bytes[start..end]).trim_end().to_owned();
        lines.insert(tag.span.start.row + 1, line);
    }
    let mut shown = Shown::default();
    for (number, line) in lines {
        if !shown.line(&format!("{number}\t"), &line) {
            return Ok(shown.end("there is more; search for a name"));
        }
    }
    let note = if broken { "parts of the file could not be parsed" } else { "" };
    if shown.is_empty() { Ok("[no definitions]".to_owned()) } else { Ok(shown.end(note)) }
}

fn language(extension: &str) -> Option<Result<TagsConfiguration, tree_sitter_tags::Error>> {
    let javascript = tree_sitter_javascript::TAGS_QUERY;
    // TypeScript's own queries only add to JavaScript's.
    let typescript = || format!("{javascript}\n{}", tree_sitter_typescript::TAGS_QUERY);
    let of = |language: tree_sitter::Language, query: &str| Some(TagsConfiguration::new(language, query, ""));
    match extension {
        "rs" => of(tree_sitter_rust::LANGUAGE.into(), tree_sitter_rust::TAGS_QUERY),
        "py" | "pyi" => of(tree_sitter_python::LANGUAGE.into(), tree_sitter_python::TAGS_QUERY),
        "js" | "mjs" | "cjs" | "jsx" => of(tree_sitter_javascript::LANGUAGE.into(), javascript),
        "ts" | "mts" | "cts" => of(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), &typescript()),
        "tsx" => of(tree_sitter_typescript::LANGUAGE_TSX.into(), &typescript()),
        "go" => of(tree_sitter_go::LANGUAGE.into(), tree_sitter_go::TAGS_QUERY),
        "java" => of(tree_sitter_java::LANGUAGE.into(), tree_sitter_java::TAGS_QUERY),
        _ => None,
    }
}
