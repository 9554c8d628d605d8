//! Texts as pages show them: strangers' texts, and our own Markdown.
//!
//! Everything becomes text; of Markdown only paragraphs, lists, fenced code and inline code are taken for what they are,
//! because these are what plans are written with. Links and images stay the characters they were written with.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::workflow::plan::is_hidden;

/// A stranger's line: set apart, so that its direction of writing ends with it.
pub(super) fn line(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// A stranger's text with characters that hide or turn text shown by number.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && c != '\n' && c != '\t' {
            // Writing into a text cannot fail.
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A stranger's text of several lines, as it is.
pub(super) fn verbatim(text: &str) -> Markup {
    html! { pre tabindex="0" { (visible(text)) } }
}

/// A text of at most so many characters, the last of them `…` if something is missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A text of ours with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A text with inline code.
pub(super) fn inline(text: &str) -> Markup {
    let parts = spans(&visible(text));
    html! {
        bdi {
            @for part in parts {
                @match part { Span::Text(text) => (text), Span::Code(code) => code { (code) } }
            }
        }
    }
}

/// Our own Markdown: inline code, bold, and characters behind a backslash; a link is its text.
pub(super) fn ours(markdown: &str) -> Markup {
    let parts = spans(&visible(markdown));
    html! {
        @for part in parts {
            @match part { Span::Text(text) => (PreEscaped(emphasised(&text))), Span::Code(code) => code { (code) } }
        }
    }
}

/// A text of paragraphs, lists and fenced code.
pub(super) fn block(text: &str) -> Markup {
    html! {
        @for part in parts(text) {
            @match part {
                Part::Paragraph(text) => p { (inline(&text)) },
                Part::Code(code) => (verbatim(&code)),
                Part::List(items) => ul { @for item in items { li { (inline(&item)) } } },
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Span {
    Text(String),
    Code(String),
}

/// Takes inline code out of a text: between runs of as many backticks.
fn spans(text: &str) -> Vec<Span> {
    let mut out = vec![];
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let ticks = from.len() - from.trim_start_matches('`').len();
        let (fence, behind) = from.split_at(ticks);
        match closing(behind, ticks).filter(|_| !before.ends_with('\\')) {
            Some(end) => {
                let (code, after) = behind.split_at(end);
                out.push(Span::Text(std::mem::take(&mut plain)));
                let inner = code.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' '));
                out.push(Span::Code(inner.filter(|inner| !inner.trim().is_empty()).unwrap_or(code).to_owned()));
                rest = after.get(ticks..).unwrap_or_default();
            }
            None => {
                plain.push_str(fence);
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    out.push(Span::Text(plain));
    out.retain(|span| *span != Span::Text(String::new()));
    out
}

/// Where a run of exactly so many backticks begins.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find('`') {
        let begin = from + at;
        let run = text.get(begin..)?;
        let length = run.len() - run.trim_start_matches('`').len();
        if length == ticks {
            return Some(begin);
        }
        from = begin + length;
    }
    None
}

/// Text of our own Markdown as HTML: escaped, then `**bold**`, backslashes and links taken for what they are.
fn emphasised(text: &str) -> String {
    let (mut out, mut bold, mut chars) = (String::new(), false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(char::is_ascii_punctuation) => out.extend(chars.next().map(escaped)),
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                out.push_str(if bold { "</strong>" } else { "<strong>" });
                bold = !bold;
            }
            c => out.push_str(&escaped(c)),
        }
    }
    if bold {
        out.push_str("</strong>");
    }
    out
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        c => c.to_string(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Paragraph(String),
    Code(String),
    List(Vec<String>),
}

fn parts(text: &str) -> Vec<Part> {
    let mut out = vec![];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let begins = line.trim_start();
        if begins.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| line.trim_start() != "```").collect();
            out.push(Part::Code(code.join("\n")));
        } else if begins.is_empty() {
            out.push(Part::Paragraph(String::new()));
        } else if let Some(item) = item(begins) {
            match out.last_mut() {
                Some(Part::List(items)) => items.push(item.to_owned()),
                _ => out.push(Part::List(vec![item.to_owned()])),
            }
        } else {
            let last = match out.last_mut() {
                Some(Part::Paragraph(text)) if !text.is_empty() => Some(text),
                Some(Part::List(items)) if line.starts_with(' ') => items.last_mut(),
                _ => None,
            };
            match last {
                Some(text) => *text = format!("{text} {begins}"),
                None => out.push(Part::Paragraph(begins.to_owned())),
            }
        }
    }
    out.retain(|part| *part != Part::Paragraph(String::new()));
    out
}

fn item(line: &str) -> Option<&str> {
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(item);
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marker = (1..=3).contains(&digits) && line.get(digits..)?.starts_with(". ");
    if marker { Some(line) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script> `<b>` **<i>** [x](javascript:alert(1)) ![](//e.example/x)\u{202e}";

    #[test]
    fn t69_a_hostile_text_is_text_however_it_is_shown() {
        for html in [line(HOSTILE), inline(HOSTILE), ours(HOSTILE), block(HOSTILE), verbatim(HOSTILE)] {
            let html = html.into_string();
            let ours = ["<bdi>", "</bdi>", "<code>", "</code>", "<strong>", "</strong>", "<p>", "</p>", "</pre>"];
            let rest = ours.iter().fold(html.clone(), |rest, tag| rest.replace(tag, ""));
            let rest = rest.replace("<pre tabindex=\"0\">", "");
            assert!(!rest.contains(['<', '>']) && rest.contains("⟨U+202E⟩"), "{html}");
        }
    }

    #[test]
    fn markdown_of_our_own_is_shown_without_its_marks() {
        let html = ours("`eve` **may** not\\_do ``a`b`` this.").into_string();
        assert_eq!(html, "<code>eve</code> <strong>may</strong> not_do <code>a`b</code> this.");
    }

    #[test]
    fn paragraphs_lists_and_code_are_told_apart() {
        let text = "One\nline.\n\n- a\n  more\n- b\n\n```sh\nls  -l\n```\n1. x";
        let paragraph = |text: &str| Part::Paragraph(text.to_owned());
        let list = |items: &[&str]| Part::List(items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(
            parts(text),
            [paragraph("One line."), list(&["a more", "b"]), Part::Code("ls  -l".to_owned()), list(&["1. x"])]
        );
    }
}
