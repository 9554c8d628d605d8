//! Several lines: fenced code, which stays as it is, and lists; everything else is prose, line by line.

use super::{clean, prose};

/// Names of languages that colour code. Others are not taken as fences: GitHub draws some of them instead of showing
/// them (`mermaid`, `math`, `geojson`), acts on some (`suggestion`), and shows none of the names themselves.
const LANGUAGES: [&str; 39] = [
    "bash",
    "c",
    "clojure",
    "cpp",
    "cs",
    "csharp",
    "css",
    "diff",
    "dockerfile",
    "elixir",
    "go",
    "graphql",
    "haskell",
    "html",
    "ini",
    "java",
    "javascript",
    "js",
    "json",
    "jsx",
    "kotlin",
    "lua",
    "makefile",
    "php",
    "proto",
    "python",
    "py",
    "ruby",
    "rust",
    "scala",
    "sh",
    "sql",
    "swift",
    "text",
    "toml",
    "ts",
    "typescript",
    "xml",
    "yaml",
];

/// Text as Markdown of several lines, without white space at its ends.
pub(crate) fn block(text: &str) -> String {
    let text = clean(text);
    let lines: Vec<&str> = text.trim().lines().collect();
    let mut lists = Lists::default();
    let mut out = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        if let Some(last) = fence_end(&lines, at) {
            out.extend(lines[at..=last].iter().map(|line| (*line).to_owned()));
            at = last;
        } else {
            let (markers, rest) = lists.markers(lines[at]);
            out.push(markers + &prose::line(rest, prose::Start::Line));
        }
        at += 1;
    }
    out.join("\n")
}

/// The text that [`block`] was given, but for white space at its ends.
pub(crate) fn text_of(markdown: &str) -> String {
    let mut scanner = Scanner::default();
    let lines: Vec<String> = markdown
        .trim()
        .lines()
        .map(|line| if scanner.is_code(line) { line.to_owned() } else { prose::text_of(line) })
        .collect();
    lines.join("\n")
}

/// The last line of the fenced code that begins at `first`, if it is certain to be one wherever it is put.
fn fence_end(lines: &[&str], first: usize) -> Option<usize> {
    let (indent, ticks, language) = fence_parts(lines[first])?;
    let known = language.is_empty() || LANGUAGES.contains(&language.to_ascii_lowercase().as_str());
    if indent > 3 || !known {
        return None;
    }
    for (at, line) in lines.iter().enumerate().skip(first + 1) {
        let body = line.trim_start();
        if body.bytes().take_while(|b| *b == b'`').count() >= ticks {
            let closes = line.len() == indent + ticks && body.len() == ticks;
            return closes.then_some(at);
        }
        // A line further left would end a list item, and the code with it.
        if !body.is_empty() && line.bytes().take_while(|b| *b == b' ').count() < indent {
            return None;
        }
    }
    None
}

/// The indentation in spaces, the number of backticks and the language of a line that may open fenced code.
fn fence_parts(line: &str) -> Option<(usize, usize, &str)> {
    let body = line.trim_start_matches(' ');
    let language = body.trim_start_matches('`');
    let ticks = body.len() - language.len();
    (ticks >= 3 && !language.contains('`')).then_some((line.len() - body.len(), ticks, language))
}

/// The ordered lists open at a line, to tell whether a number will be shown as it is written.
#[derive(Default)]
struct Lists(Vec<Item>);

struct Item {
    /// The column of its number.
    at: usize,
    /// The column of its text.
    text: usize,
    number: u32,
}

impl Lists {
    /// The list markers a line begins with, made harmless where they would not be shown as written; and what is left.
    fn markers<'a>(&mut self, line: &'a str) -> (String, &'a str) {
        let mut out = String::new();
        let mut rest = line;
        loop {
            let text = rest.trim_start_matches([' ', '\t']);
            out.push_str(&rest[..rest.len() - text.len()]);
            rest = text;
            let Some((marker, behind)) = marker(rest) else { return (out, rest) };
            let column = out.chars().count();
            let shown = match marker[..marker.len() - 1].parse() {
                Ok(number) => {
                    !out.contains('\t') && self.counts(Item { at: column, text: column + marker.len() + 1, number })
                }
                Err(_) => true,
            };
            let (number, sign) = marker.split_at(marker.len() - 1);
            out.push_str(number);
            out.push_str(if shown { "" } else { "\\" });
            out.push_str(sign);
            rest = behind;
            if !shown {
                return (out, rest);
            }
        }
    }

    /// Whether a number is the one GitHub will show: lists are counted from their first number on.
    fn counts(&mut self, item: Item) -> bool {
        let mut sibling = None;
        while self.0.last().is_some_and(|open| open.text > item.at) {
            sibling = self.0.pop();
        }
        let shown = sibling.as_ref().is_none_or(|open| open.number.checked_add(1) == Some(item.number));
        self.0.push(if shown { item } else { sibling.unwrap_or(item) });
        shown
    }
}

/// The list marker that a line begins with: a bullet, or a number of at most nine digits without leading zeros and its
/// sign. Something has to follow: an empty item below a line of text would make that line a heading.
fn marker(line: &str) -> Option<(&str, &str)> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (marker, behind) = line.split_at_checked(digits + 1)?;
    let sign = &marker[digits..];
    let right = if digits == 0 { ["-", "*", "+"].contains(&sign) } else { [".", ")"].contains(&sign) && digits <= 9 };
    let followed = behind.starts_with([' ', '\t']) && !behind.trim().is_empty();
    let bare_number = digits > 0 && behind.trim().is_empty();
    (right && (followed || bare_number)).then_some((marker, behind))
}

/// Reads a document line by line and knows which lines are fenced code, also inside list items and quotes.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    open: Option<Fence>,
}

#[derive(Debug)]
struct Fence {
    /// What each line of it begins with.
    indent: String,
    ticks: usize,
}

impl Scanner {
    /// Whether `line` opens, continues or closes fenced code.
    pub(crate) fn is_code(&mut self, line: &str) -> bool {
        if let Some(open) = &self.open {
            let body = line.strip_prefix(&open.indent).map(str::trim);
            if body.is_some_and(|body| body.len() >= open.ticks && body.bytes().all(|b| b == b'`')) {
                self.open = None;
            }
            return true;
        }
        let mut indent = String::new();
        let mut rest = line;
        loop {
            let behind = if let Some(behind) = rest.strip_prefix(' ').or_else(|| rest.strip_prefix("- ")) {
                indent.push_str(if rest.starts_with(' ') { " " } else { "  " });
                behind
            } else if let Some(behind) = rest.strip_prefix("> ") {
                indent.push_str("> ");
                behind
            } else {
                break;
            };
            rest = behind;
        }
        if let Some((_, ticks, _)) = fence_parts(rest) {
            self.open = Some(Fence { indent, ticks });
        }
        self.open.is_some()
    }

    /// Whether the next line continues fenced code.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}
