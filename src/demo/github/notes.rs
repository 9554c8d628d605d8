//! What a person writes on a pull request's files: on a line, on several, on a removed one, on the whole file; and what the
//! button "Commit suggestion" does.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::call::Refusal;
use super::people::{LineNote, Person, Verdict, number};
use super::places::Place;

/// A comment on a file of a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct Note(Value);

impl Note {
    /// On a line of the new text, from 1.
    #[must_use]
    pub fn line(path: &str, line: u32, body: &str) -> Note {
        Note(json!({ "path": path, "line": line, "side": "RIGHT", "body": body }))
    }

    /// On several lines of the new text.
    #[must_use]
    pub fn lines(path: &str, lines: RangeInclusive<u32>, body: &str) -> Note {
        let (start, line) = (lines.start(), lines.end());
        Note(json!({
            "path": path, "start_line": start, "line": line, "start_side": "RIGHT", "side": "RIGHT", "body": body,
        }))
    }

    /// On a line of the old text that is gone.
    #[must_use]
    pub fn removed_line(path: &str, line: u32, body: &str) -> Note {
        Note(json!({ "path": path, "line": line, "side": "LEFT", "body": body }))
    }

    /// On the whole file.
    #[must_use]
    pub fn file(path: &str, body: &str) -> Note {
        Note(json!({ "path": path, "subject_type": "file", "body": body }))
    }
}

impl Note {
    pub(super) fn all(notes: &[Note]) -> Value {
        notes.iter().map(|note| note.0.clone()).collect()
    }
}

impl From<&LineNote> for Note {
    fn from(note: &LineNote) -> Note {
        Note::line(&note.path, note.line, &note.body)
    }
}

impl Person {
    /// Reviews the head of a pull request, with comments of every sort, and gives the review's id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn reviews_with(&self, pull: i64, verdict: Verdict, body: &str, notes: &[Note]) -> Result<i64, Refusal> {
        self.reviews_commit(pull, None, (verdict, body), notes)
    }

    /// Writes a single comment outside a review and gives its id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn notes(&self, pull: i64, note: &Note) -> Result<i64, Refusal> {
        number(&self.asks("POST", &format!("pulls/{pull}/comments"), &note.0)?, "id")
    }

    /// Edits a comment on a line.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn edits_note(&self, comment: i64, body: &str) -> Result<(), Refusal> {
        self.asks("PATCH", &format!("pulls/comments/{comment}"), &json!({ "body": body })).map(|_| ())
    }

    /// Deletes a comment on a line.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn deletes_note(&self, comment: i64) -> Result<(), Refusal> {
        self.asks("DELETE", &format!("pulls/comments/{comment}"), &json!({})).map(|_| ())
    }

    /// Resolves the thread that a comment began, or opens it again.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn resolves(&self, comment: i64, resolved: bool) -> Result<(), Refusal> {
        let name = if resolved { "resolveReviewThread" } else { "unresolveReviewThread" };
        let query = format!("mutation($id: ID!) {{ {name}(input: {{threadId: $id}}) {{ thread {{ isResolved }} }} }}");
        self.asks_graphql(&query, &json!({ "id": format!("PRRT_{comment}") })).map(|_| ())
    }

    /// Presses "Commit suggestion" below a comment with a suggestion block: the lines of the comment become the block's, in a
    /// commit of this person on the pull request's branch ("Incorporating feedback in your pull request"). Gives the commit.
    ///
    /// # Errors
    /// As GitHub refuses; 422 for a comment without a suggestion and for an outdated one.
    pub fn commits_suggestion(&self, pull: i64, comment: i64) -> Result<String, Refusal> {
        let refused = |why: &str| Refusal::invalid(format!("Suggestion cannot be applied: {why}"));
        let (branch, path, text) = {
            let state = self.github().hub.lock();
            let repo = state.repo(state.repo_id(self.repo())?)?;
            let (_, pull) = state.pull(repo.id, pull)?;
            let comment = pull.comments.iter().find(|c| c.id == comment).ok_or_else(Refusal::not_found)?;
            let Some(Place::Lines { start, line, .. }) = &comment.place else {
                return Err(refused("the comment is outdated, or on no line"));
            };
            let suggestion = suggestion(&comment.body).ok_or_else(|| refused("there is none"))?;
            let files = repo.objects.commit(&pull.head_sha).map(|c| repo.objects.files(&c.tree)).unwrap_or_default();
            let blob = files.get(&comment.path).and_then(|(_, sha)| repo.objects.blob(sha)).unwrap_or_default();
            let range = start.unwrap_or(*line)..=*line;
            (pull.head_ref.clone(), comment.path.clone(), applied(&String::from_utf8_lossy(blob), range, &suggestion))
        };
        self.pushes(&branch, &path, &text)
    }
}

/// What stands in the first suggestion block.
fn suggestion(body: &str) -> Option<String> {
    let mut lines = body.lines().skip_while(|line| !line.trim_start().starts_with("```suggestion"));
    lines.next()?;
    let inside: Vec<&str> = lines.take_while(|line| !line.trim_start().starts_with("```")).collect();
    Some(inside.iter().flat_map(|line| [*line, "\n"]).collect())
}

/// A text with some of its lines, counted from 1, replaced.
fn applied(text: &str, range: RangeInclusive<i64>, new: &str) -> String {
    let mut result = String::new();
    for (number, line) in (1_i64..).zip(text.split_inclusive('\n')) {
        if number == *range.start() {
            result.push_str(new);
        }
        if !range.contains(&number) {
            result.push_str(line);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_replaces_exactly_the_lines_of_its_comment() {
        let block = suggestion("Better:\n\n```suggestion\nB\nC\n```\nor not").unwrap_or_default();

        assert_eq!(applied("a\nb\nc\nd\n", 2..=3, &block), "a\nB\nC\nd\n");
        assert_eq!(applied("a\nb\n", 2..=2, &suggestion("```suggestion\n```").unwrap_or_default()), "a\n");
        assert_eq!(suggestion("```\nB\n```"), None);
    }
}
