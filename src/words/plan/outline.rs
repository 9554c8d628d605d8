//! A plan's Markdown taken apart into title, sections, list items and quotes, each line with its number.

use serde::{Deserialize, Serialize};

use crate::words::escape::{Scanner, text_of};

/// What cannot be read in a plan's Markdown, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseFault {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong and what would be right.
    pub what: String,
}

impl ParseFault {
    pub(super) fn new(line: u32, what: impl Into<String>) -> ParseFault {
        ParseFault { line, what: what.into() }
    }
}

/// A line, or what is left of it after what it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) number: u32,
    pub(super) text: &'a str,
    /// Whether it continues fenced code, where nothing means anything.
    pub(super) in_code: bool,
}

/// A heading and what stands below it.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) number: u32,
    pub(super) heading: &'a str,
    pub(super) lines: Vec<Line<'a>>,
}

impl<'a> Line<'a> {
    fn heading(&self, marker: &str) -> Option<&'a str> {
        self.text.strip_prefix(marker).filter(|_| !self.in_code).map(str::trim)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// All lines of a document.
pub(super) fn lines(markdown: &str) -> Vec<Line<'_>> {
    let mut scanner = Scanner::default();
    let mut in_code = false;
    let mut out = Vec::new();
    for (text, number) in markdown.lines().zip(1..) {
        let code = scanner.is_code(text);
        out.push(Line { number, text, in_code: in_code && code });
        in_code = scanner.is_open();
    }
    out
}

/// The lines before the first heading that begins with `marker`, and a section for each.
pub(super) fn sections<'a>(lines: &[Line<'a>], marker: &str) -> (Vec<Line<'a>>, Vec<Section<'a>>) {
    let mut before = Vec::new();
    let mut sections: Vec<Section<'a>> = Vec::new();
    for line in lines {
        if let Some(heading) = line.heading(marker) {
            sections.push(Section { number: line.number, heading, lines: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(*line);
        } else {
            before.push(*line);
        }
    }
    (before, sections)
}

/// The items of a list that begin with `- `, without their indentation.
///
/// # Errors
/// When something stands before the first item.
pub(super) fn items<'a>(lines: &[Line<'a>]) -> Result<Vec<Vec<Line<'a>>>, ParseFault> {
    let mut items: Vec<Vec<Line<'a>>> = Vec::new();
    for line in lines {
        if let Some(text) = line.text.strip_prefix("- ").filter(|_| !line.in_code) {
            items.push(vec![Line { text, ..*line }]);
        } else if let Some(item) = items.last_mut() {
            item.push(Line { text: line.text.strip_prefix("  ").unwrap_or(line.text), ..*line });
        } else if !line.is_blank() {
            return Err(ParseFault::new(line.number, "begin each item of this section with `- `"));
        }
    }
    Ok(items)
}

/// What stands before the first quote, and the quote without its marks and without `label`.
///
/// # Errors
/// When something stands behind the quote.
pub(super) fn quote<'a>(lines: &[Line<'a>], label: &str) -> Result<(Vec<Line<'a>>, String), ParseFault> {
    let first = lines.iter().position(|line| line.text.starts_with('>') && !line.in_code).unwrap_or(lines.len());
    let (before, rest) = lines.split_at(first);
    let mut quoted = Vec::new();
    for line in rest {
        match line.text.strip_prefix('>') {
            Some(text) => quoted.push(text.strip_prefix(' ').unwrap_or(text)),
            None if line.is_blank() => {}
            None => {
                return Err(ParseFault::new(
                    line.number,
                    "nothing may stand behind the quote; begin the line with `> `",
                ));
            }
        }
    }
    let quoted = quoted.join("\n");
    let text = quoted.strip_prefix(label.trim_end()).unwrap_or(&quoted);
    Ok((before.to_vec(), text_of(text)))
}

/// The text of some lines.
pub(super) fn text(lines: &[Line<'_>]) -> String {
    text_of(&lines.iter().map(|line| line.text).collect::<Vec<_>>().join("\n"))
}
