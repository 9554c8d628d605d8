//! Results as the model reads them: bounded, and without characters that show nothing.

use std::fmt;

use crate::agent::text;

/// Bytes of one result at most; about 2,000 tokens.
pub(super) const MAX_BYTES: usize = 8_000;

/// Characters of one line at most.
pub(super) const MAX_LINE: usize = 400;

/// What a tool did, or why it did not.
pub(super) type Done = Result<String, ToolError>;

/// Why nothing was done, as a sentence for the model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToolError(pub(super) String);

impl ToolError {
    pub(super) fn new(why: impl fmt::Display) -> ToolError {
        ToolError(why.to_string())
    }
}

/// Lines that are collected until they are too many.
#[derive(Default)]
pub(super) struct Shown {
    text: String,
    dropped: usize,
    full: bool,
}

impl Shown {
    /// Adds a line, normalised and cut; `false` when there is no more room, and then it was not added.
    pub(super) fn line(&mut self, prefix: &str, line: &str) -> bool {
        let cleaned = text::visible(line);
        let cut: String = cleaned.text.chars().take(MAX_LINE).collect();
        let left = cleaned.text.len() - cut.len();
        let rest = if left > 0 { format!(" … [{left} bytes more in this line]") } else { String::new() };
        if self.text.len() + prefix.len() + cut.len() + rest.len() + 1 > MAX_BYTES {
            self.full = true;
            return false;
        }
        for part in [prefix, &cut, &rest, "\n"] {
            self.text.push_str(part);
        }
        self.dropped += cleaned.hidden.iter().map(|hidden| hidden.chars).sum::<usize>();
        true
    }

    /// Whether a line did not fit.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The lines, then a note in brackets, if there is anything to note.
    pub(super) fn end(mut self, note: &str) -> String {
        let mut notes = Vec::new();
        if !note.is_empty() {
            notes.push(note.to_owned());
        }
        if self.dropped > 0 {
            notes.push(format!("{} invisible characters left out", self.dropped));
        }
        if !notes.is_empty() {
            self.text.extend(["[", &notes.join("; "), "]"]);
        }
        self.text
    }
}

/// Lines of a text as `number<tab>text`, from the first if none is named; says how to read on. `note` is added to that.
///
/// # Errors
/// How many lines there are, if the first one wanted is not among them.
pub(crate) fn page(text: &str, from: Option<u32>, count: Option<u32>, note: Option<&str>) -> Result<String, usize> {
    let lines: Vec<&str> = text.lines().collect();
    let from = from.unwrap_or(1).max(1) as usize;
    if from > lines.len() {
        return Err(lines.len());
    }
    let count = count.map_or(usize::MAX, |n| n.max(1) as usize);
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
    notes.extend(note.map(str::to_owned));
    Ok(shown.end(&notes.join("; ")))
}

/// Whether [`both_ends`] would show all of an output.
pub(crate) fn fits(output: &str) -> bool {
    output.len() <= MAX_BYTES || text::visible(output).text.len() <= MAX_BYTES + 500
}

/// The beginning and the end of a long output, normalised, with what was left out between them.
///
/// Also done to what the tools say, on the core's side of the wall: behind it nothing can be relied on.
pub(crate) fn both_ends(output: &str) -> String {
    let cleaned = text::visible(output);
    let hidden: usize = cleaned.hidden.iter().map(|hidden| hidden.chars).sum();
    let text = cleaned.text;
    let note = if hidden > 0 { format!("\n[{hidden} invisible characters left out]") } else { String::new() };
    // A little more than a tool says at most, so that its results pass as they are.
    if text.len() <= MAX_BYTES + 500 {
        return text + &note;
    }
    let head = text.floor_char_boundary(MAX_BYTES / 4);
    let tail = text.ceil_char_boundary(text.len() - MAX_BYTES * 3 / 4);
    format!("{}\n[{} bytes left out]\n{}{note}", &text[..head], tail - head, &text[tail..])
}
