//! Where in a difference a line comment stands, and where it stands after a push.
//!
//! "REST: Create a review comment for a pull request": a line must be part of the difference; `RIGHT` counts added and
//! unchanged lines in the new file, `LEFT` removed ones in the old. A comment whose line was changed later is outdated: its
//! `line` and `position` are null from then on, and `original_line` stays.

use serde_json::Value;

use super::call::{Outcome, Refusal};
use super::history::{self, FileChange};
use super::state::{ReviewComment, State};

/// What a comment is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File,
    Lines {
        start: Option<i64>,
        line: i64,
        side: String,
        /// The side of the first of several lines.
        start_side: Option<String>,
        /// The line's index in the difference, below its first hunk header.
        position: i64,
        /// The hunk's header and its lines up to this one.
        hunk: String,
    },
}

/// One line of a unified diff.
struct DiffLine<'a> {
    hunk: usize,
    old: Option<i64>,
    new: Option<i64>,
    text: &'a str,
}

/// Reads the place of a comment from a request: `subject_type`, or `line` and `side`, `start_line` and `start_side`.
pub(super) fn read(body: &Value, change: &FileChange) -> Outcome<Place> {
    if body["subject_type"] == "file" {
        return Ok(Place::File);
    }
    let missing = || Refusal::failed("PullRequestReviewComment", "pull_request_review_thread.line", "missing_field");
    let line = body["line"].as_i64().ok_or_else(missing)?;
    let side = body["side"].as_str().unwrap_or("RIGHT").to_owned();
    let lines = read_patch(change.patch.as_deref().unwrap_or_default());
    let at = find(&lines, &side, line).ok_or_else(|| refused("line", "must be part of the diff"))?;
    let start = body["start_line"].as_i64();
    let start_side = start.map(|_| body["start_side"].as_str().unwrap_or(&side).to_owned());
    if let (Some(start), Some(start_side)) = (start, &start_side) {
        let first = find(&lines, start_side, start).ok_or_else(|| refused("start_line", "must be part of the diff"))?;
        if first >= at {
            return Err(refused("start_line", "must precede the end line."));
        }
        if lines[first].hunk != lines[at].hunk {
            return Err(refused("start_line", "must be part of the same hunk as the line."));
        }
    }
    let header = lines[..=at].iter().rposition(|line| line.text.starts_with("@@")).unwrap_or(0);
    let hunk: Vec<&str> = lines[header..=at].iter().map(|line| line.text).collect();
    let position = i64::try_from(at).unwrap_or(i64::MAX);
    Ok(Place::Lines { start, line, side, start_side, position, hunk: hunk.join("\n") })
}

/// Moves the comments of a pull request along to a new head, or lets them fall behind.
pub(super) fn follow(state: &mut State, place: (i64, i64), new: &str) -> Outcome<()> {
    let (_, pull) = state.pull(place.0, place.1)?;
    let objects = &state.repo(place.0)?.objects;
    let changes = history::changed_files(objects, &pull.base_sha, new);
    let text = |commit: &str, path: &str| {
        let files = objects.commit(commit).map(|commit| objects.files(&commit.tree)).unwrap_or_default();
        let bytes = files.get(path).and_then(|(_, sha)| objects.blob(sha)).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let moved = |comment: &ReviewComment| {
        let change = changes.iter().find(|change| change.path == comment.path)?;
        let Place::Lines { start, line, side, start_side, .. } = comment.place.clone()? else {
            return Some(Place::File);
        };
        let (before, after) = (text(&comment.commit, &comment.path), text(new, &comment.path));
        let carry = |side: &str, line: i64| if side == "LEFT" { Some(line) } else { carried(&before, &after, line) };
        let line = carry(&side, line)?;
        let start = match (start, &start_side) {
            (Some(start), Some(side)) => Some(carry(side, start)?),
            (Some(_) | None, _) => None,
        };
        let lines = read_patch(change.patch.as_deref().unwrap_or_default());
        let position = i64::try_from(find(&lines, &side, line)?).unwrap_or(i64::MAX);
        let Some(Place::Lines { hunk, .. }) = comment.place.clone() else { return None };
        Some(Place::Lines { start, line, side, start_side, position, hunk })
    };
    let places: Vec<Option<Place>> = pull.comments.iter().map(moved).collect();
    for (comment, place) in state.pull_mut(place.0, place.1)?.comments.iter_mut().zip(places) {
        if place.is_some() {
            new.clone_into(&mut comment.commit);
        }
        comment.place = place;
    }
    Ok(())
}

/// Where an unchanged line of one text stands in another.
fn carried(before: &str, after: &str, line: i64) -> Option<i64> {
    let diff = similar::TextDiff::from_lines(before, after);
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let same = diff.iter_all_changes().find(|change| change.old_index() == Some(index))?;
    i64::try_from(same.new_index()? + 1).ok()
}

fn find(lines: &[DiffLine<'_>], side: &str, line: i64) -> Option<usize> {
    lines.iter().position(|at| if side == "LEFT" { at.old == Some(line) } else { at.new == Some(line) })
}

fn read_patch(patch: &str) -> Vec<DiffLine<'_>> {
    let (mut hunk, mut old, mut new) = (0, 0, 0);
    let mut lines = Vec::new();
    for text in patch.lines() {
        let mut line = DiffLine { hunk, old: None, new: None, text };
        match text.chars().next() {
            Some('@') => {
                hunk += 1;
                line.hunk = hunk;
                (old, new) = starts(text);
            }
            Some('+') => (line.new, new) = (Some(new), new + 1),
            Some('-') => (line.old, old) = (Some(old), old + 1),
            // "\ No newline at end of file"
            Some('\\') => {}
            Some(_) | None => {
                (line.old, line.new) = (Some(old), Some(new));
                (old, new) = (old + 1, new + 1);
            }
        }
        lines.push(line);
    }
    lines
}

/// The first lines that `@@ -1,3 +1,4 @@` names.
fn starts(header: &str) -> (i64, i64) {
    let number = |sign: char| {
        let part = header.split(' ').find_map(|part| part.strip_prefix(sign))?;
        part.split(',').next()?.parse().ok()
    };
    (number('-').unwrap_or(0), number('+').unwrap_or(0))
}

fn refused(field: &str, why: &str) -> Refusal {
    let field = format!("pull_request_review_thread.{field}");
    let mut refusal = Refusal::custom("PullRequestReviewComment", &format!("{field} {why}"));
    if let Some(error) = refusal.errors.first_mut() {
        error["field"] = Value::String(field);
    }
    refusal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change() -> FileChange {
        let patch = "@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n@@ -9,1 +10,1 @@\n-x\n+y";
        let path = "f".to_owned();
        FileChange {
            path,
            status: "modified",
            sha: String::new(),
            additions: 3,
            deletions: 2,
            patch: Some(patch.into()),
        }
    }

    fn place(body: &Value) -> Result<(i64, String), String> {
        match read(body, &change()) {
            Ok(Place::Lines { position, hunk, .. }) => Ok((position, hunk)),
            Ok(Place::File) => Ok((0, "file".to_owned())),
            Err(refusal) => Err(refusal.errors[0]["message"].as_str().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn a_comment_on_lines_shows_its_hunk_up_to_its_last_line() {
        let end = "@@ -1,2 +1,3 @@\n a\n-b\n+B";
        assert_eq!(place(&json!({ "line": 2 })), Ok((3, end.to_owned())));
        assert_eq!(place(&json!({ "line": 2, "side": "LEFT" })), Ok((2, "@@ -1,2 +1,3 @@\n a\n-b".to_owned())));
        assert_eq!(place(&json!({ "start_line": 1, "line": 2 })), Ok((3, end.to_owned())));
        assert_eq!(place(&json!({ "line": 10 })), Ok((7, "@@ -9,1 +10,1 @@\n-x\n+y".to_owned())));
        assert_eq!(place(&json!({ "subject_type": "file" })), Ok((0, "file".to_owned())));
    }

    #[test]
    fn lines_outside_the_difference_or_in_two_hunks_are_refused() {
        let said = |body| place(&body).err().unwrap_or_default();
        assert_eq!(said(json!({ "line": 4 })), "pull_request_review_thread.line must be part of the diff");
        assert_eq!(
            said(json!({ "start_line": 3, "line": 3 })),
            "pull_request_review_thread.start_line must precede the end line."
        );
        assert_eq!(
            said(json!({ "start_line": 3, "line": 10 })),
            "pull_request_review_thread.start_line must be part of the same hunk as the line."
        );
    }

    #[test]
    fn an_unchanged_line_is_found_again_and_a_changed_one_is_not() {
        assert_eq!(carried("a\nb\n", "new\na\nb\n", 2), Some(3));
        assert_eq!(carried("a\nb\n", "a\nB\n", 2), None);
    }
}
