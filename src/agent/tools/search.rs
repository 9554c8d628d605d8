//! `search`: lines that fit a regular expression, by ripgrep's engine.

use std::path::Path;

use globset::{Glob, GlobMatcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::sinks::Lossy;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};

use super::Search;
use super::list::walk;
use super::place;
use super::result::{Done, Shown, ToolError};

/// Searches files that git would see; results are `path:line:text`.
pub(super) fn search(root: &Path, search: &Search) -> Done {
    let root = std::fs::canonicalize(root).map_err(ToolError::new)?;
    let start = place::start(&root, search.path.as_ref())?;
    let matcher = RegexMatcherBuilder::new()
        .line_terminator(Some(b'\n'))
        .size_limit(1 << 20)
        .dfa_size_limit(4 << 20)
        .build(&search.pattern)
        .map_err(|error| ToolError(format!("the pattern is not a regular expression: {error}")))?;
    let glob = search.glob.as_deref().map(glob).transpose()?;
    let mut searcher = SearcherBuilder::new()
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(place::MAX_FILE as usize))
        .build();
    let mut shown = Shown::default();
    for entry in walk(&start).build().flatten() {
        let Some(path) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        let fits = glob.as_ref().is_none_or(|glob| glob.is_match(path));
        if fits && entry.file_type().is_some_and(|kind| kind.is_file()) {
            lines(&mut searcher, &matcher, entry.path(), path, &mut shown);
        }
        if shown.is_full() {
            return Ok(shown.end("there are more; search for less, or in a folder"));
        }
    }
    if shown.is_empty() { Ok("[nothing found]".to_owned()) } else { Ok(shown.end("")) }
}

// A file that cannot be read is passed over, as git does with one that is not there.
fn lines(searcher: &mut Searcher, matcher: &RegexMatcher, file: &Path, path: &str, shown: &mut Shown) {
    let sink = Lossy(|number, line| Ok(shown.line(&format!("{path}:{number}:"), line.trim_end_matches(['\n', '\r']))));
    let searched = searcher.search_path(matcher, file, sink);
    if let Err(error) = searched {
        tracing::debug!(%error, "file {path} was passed over in a search");
    }
}

/// `*.rs` means such files in any folder; with a slash the whole path is meant.
fn glob(text: &str) -> Result<GlobMatcher, ToolError> {
    let whole = if text.contains('/') { text.to_owned() } else { format!("**/{text}") };
    let glob = Glob::new(&whole).map_err(|error| ToolError(format!("the glob cannot be read: {error}")))?;
    Ok(glob.compile_matcher())
}
