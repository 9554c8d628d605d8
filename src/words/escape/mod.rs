//! Makes text from issues, people and models harmless in the Markdown we post, and gets it back out again.
//!
//! Promises: what comes out shows every character that went in (T22), holds no HTML, image, link, formula or heading
//! (T31), mentions nobody, closes and refers to nothing and begins no line with a command (T62). Emphasis, code, fenced
//! code and lists stay what they are. [`text_of`] turns the output of [`block`] back into its input: a plan survives the
//! way through its Markdown. The price is that links do not work; their text stays.
//!
//! The way it is done: what the core does not recognise for certain as code is prose, and in prose every character that
//! means something to GitHub beyond emphasis and lists gets a `\`. Words that GitHub would act on wherever they stand
//! (`@login`, `#1`, addresses, `:emoji:`) become code. Code that holds such a word from the start gets one more backtick
//! around it, so that the two can be told apart on the way back.

mod blocks;
mod prose;

use crate::workflow::plan::is_hidden;

pub(crate) use blocks::{Scanner, block, text_of};

/// Text as one line of Markdown, for headings, list items and sentences; line breaks become spaces.
pub(crate) fn inline(text: &str) -> String {
    let line: String = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = prose::line(&line, prose::Start::Line);
    // A heading may be closed by `#`, which would then not be shown.
    let stem = out.trim_end_matches('#').len();
    let closing = out.len() - stem;
    let escaped = (stem - out[..stem].trim_end_matches('\\').len()) % 2;
    out.truncate(stem + escaped.min(closing));
    out.push_str(&"\\#".repeat(closing - escaped.min(closing)));
    out
}

/// The text that [`inline`] was given, but for its white space.
pub(crate) fn text_of_inline(markdown: &str) -> String {
    prose::text_of(markdown.trim())
}

/// Text as inline code, as it is; line breaks are shown as `⏎`.
pub(crate) fn code(text: &str) -> String {
    let text = clean(text).replace('\n', "⏎");
    if text.is_empty() {
        return "` `".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let blank = text.bytes().all(|b| b == b' ');
    let pad =
        !blank && (text.starts_with('`') || text.ends_with('`') || (text.starts_with(' ') && text.ends_with(' ')));
    let pad = if pad { " " } else { "" };
    let ticks = if longest_run(&text) == 0 { "`" } else { ticks.as_str() };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// The text that [`code`] was given, if `markdown` begins with code, and what stands behind it.
pub(crate) fn text_of_code(markdown: &str) -> Option<(String, &str)> {
    let (content, behind) = prose::leading_span(markdown)?;
    let inner = content.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' '));
    let padded = inner.filter(|_| content.bytes().any(|b| b != b' '));
    Some((padded.unwrap_or(content).to_owned(), behind))
}

/// Text as inline code inside a table, where even in code a `|` ends the cell. For patterns and paths, which hold no `\`:
/// GitHub shows a `\` right before a `|` twice.
pub(crate) fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// One line of a stranger's text, and how much of it is not shown, if it is longer than a sentence or two.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 400;
    let more = text.chars().count().saturating_sub(MOST);
    if more == 0 {
        return inline(text);
    }
    let shown: String = text.chars().take(MOST).collect();
    format!("{} … ({more} more characters in the run's log)", inline(&shown))
}

/// Text for where there is no Markdown to hide it in, titles and commit messages: what GitHub would act on is taken apart
/// by a space, and so is what a line would command.
pub(crate) fn bare(text: &str) -> String {
    let text = prose::taken_apart(&clean(text));
    let apart = |line: &str| match line.trim_start().strip_prefix('/') {
        Some(behind) => format!("{}/ {behind}", &line[..line.len() - line.trim_start().len()]),
        None => line.to_owned(),
    };
    text.split('\n').map(apart).collect::<Vec<_>>().join("\n")
}

/// [`bare`] text as one line of at most `most` characters, the last of them `…` if something is missing.
pub(crate) fn bare_line(text: &str, most: usize) -> String {
    let line = bare(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

/// Text as a fenced block with a fence that nothing inside can close. `language` is ours, never data.
pub(crate) fn fence(language: &str, text: &str) -> String {
    let text = clean(text);
    let ticks = "`".repeat((longest_run(&text) + 1).max(3));
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{ticks}{language}\n{text}{end}{ticks}")
}

/// Text without what a screen does not show: invisible characters are named, as in `⟨U+200B⟩`; emoji variants are dropped.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if matches!(c, '\u{fe0e}' | '\u{fe0f}') {
            continue;
        }
        if is_hidden(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            out.extend(["⟨U+", &format!("{:04X}", u32::from(c)), "⟩"]);
        } else {
            out.push(c);
        }
    }
    out
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
