//! Finds the code that GitHub certainly shows as it is written.
//!
//! A parser that is wrong here would let hidden text through, so only the plainest forms count: fences in the first
//! column that are closed, and code spans within one line, in paragraphs without any HTML before them. From the first
//! construct on that may swallow what follows it, nothing counts as code any more.

use std::ops::Range;

use super::markup::{Fuel, tag_end};

/// The ranges of fenced blocks and code spans that are beyond doubt, in order.
pub(super) fn shown(text: &str) -> Vec<Range<usize>> {
    let mut shown = Vec::new();
    let mut plain = true;
    let mut fuel = Fuel::default();
    let mut at = 0;
    while let Some(line) = text[at..].split_inclusive('\n').next() {
        if line.trim().is_empty() {
            plain = true;
        } else if let Some(fence) = opening(line).filter(|_| plain) {
            let Some(end) = fence_end(text, at + line.len(), fence) else { return shown };
            shown.push(at..end);
            at = end;
            continue;
        } else {
            match line_end(text, at..at + line.len(), &mut plain, &mut shown, &mut fuel) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return shown,
            }
        }
        at += line.len();
    }
    shown
}

/// Goes through a line that is no fence; `None` when what follows may be hidden by something in it.
fn line_end(
    text: &str,
    line: Range<usize>,
    plain: &mut bool,
    shown: &mut Vec<Range<usize>>,
    fuel: &mut Fuel,
) -> Option<usize> {
    let mut at = line.start;
    let mut end = line.end;
    if text[line].contains(['|', '\\']) {
        *plain = false;
    }
    while let Some(found) = text[at..end].find(['`', '<', '&']) {
        at += found;
        let rest = &text[at..];
        if rest.starts_with('`') {
            let run = rest.len() - rest.trim_start_matches('`').len();
            match closing_run(&text[at + run..end], run).filter(|_| *plain) {
                Some(length) => {
                    shown.push(at..at + run + length);
                    at += run + length;
                }
                None => {
                    *plain = false;
                    at += run;
                }
            }
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            *plain = false;
            let body = comment.split_once("-->")?.0;
            if body.contains("--!>") || body.starts_with('>') || body.starts_with("->") {
                return None;
            }
            at += 4 + body.len() + 3;
            end = at + text[at..].find('\n').map_or(text.len() - at, |n| n + 1);
        } else if let Some(tag) = rest.strip_prefix('<') {
            *plain = false;
            at += 1;
            if tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
                at += harmless_tag(rest, end + 1 - at, fuel)? - 1;
            }
        } else if rest.len() >= 4 && super::markup::entity_angle(rest).is_some() {
            return None;
        } else {
            at += 1;
        }
    }
    Some(end)
}

/// The length of a tag that ends within the line and does not change how what follows is read.
fn harmless_tag(rest: &str, line: usize, fuel: &mut Fuel) -> Option<usize> {
    let name = rest[1..].trim_start_matches('/').to_ascii_lowercase();
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    if name.is_empty() || matches!(name, "pre" | "script" | "style" | "textarea" | "template") {
        return None;
    }
    // An address such as `<https://example.org>` has a colon behind its "name"; its end is looked for all the same.
    tag_end(rest, fuel).filter(|end| *end <= line)
}

fn opening(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !info.contains('`')).then_some((mark, length))
}

fn fence_end(text: &str, from: usize, (mark, length): (char, usize)) -> Option<usize> {
    let mut at = from;
    for line in text[from..].split_inclusive('\n') {
        at += line.len();
        let rest = line.trim_start_matches(mark);
        if line.len() - rest.len() >= length && rest.trim().is_empty() {
            return Some(at);
        }
    }
    None
}

fn closing_run(line: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = line[at..].find('`') {
        at += found;
        let length = line[at..].len() - line[at..].trim_start_matches('`').len();
        at += length;
        if length == run {
            return Some(at);
        }
    }
    None
}
