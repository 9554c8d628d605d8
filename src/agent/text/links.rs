//! Images, link titles and definitions: what a Markdown link can say without showing it.

use super::HiddenKind;
use super::markup::Cut;

/// An image with its text, address and title.
pub(super) fn image(text: &str, at: usize, closing: &[(usize, usize)]) -> Option<Cut> {
    let open = at + 1;
    let close = closing.binary_search_by_key(&open, |(open, _)| *open).ok().map(|n| closing[n].1)?;
    let behind = &text[close + 1..];
    let target = if let Some(inside) = behind.strip_prefix('(') {
        destination(inside)
            .map(|n| {
                let title = title(&behind[1 + n..]).unwrap_or(0);
                let gap = behind[1 + n + title..].len() - behind[1 + n + title..].trim_start().len();
                1 + n + title + gap
            })
            .filter(|n| behind[*n..].starts_with(')'))
            .map(|n| n + 1)
            .or_else(|| behind.find(')').map(|n| n + 1))
            .unwrap_or(behind.len())
    } else if behind.starts_with('[') {
        behind.find(']').map_or(behind.len(), |n| n + 1)
    } else if text.contains("]:") {
        0
    } else {
        return None;
    };
    Cut::whole(HiddenKind::Image, close + 1 + target - at, "[image]")
}

/// The title in `](address "title")`.
pub(super) fn link_title(rest: &str) -> Option<Cut> {
    let address = 2 + destination(&rest[2..])?;
    let title = title(&rest[address..])?;
    let behind = rest[address + title..].trim_start();
    behind.starts_with(')').then_some(Cut {
        keep: address,
        length: address + title,
        kind: HiddenKind::Link,
        instead: "",
    })
}

/// A link reference definition: `[label]: address "title"`, over as many lines as it has.
pub(super) fn definition(rest: &str) -> Option<usize> {
    if rest.starts_with("[^") {
        return None;
    }
    let label = rest[1..].find(['[', ']']).filter(|n| rest[1 + n..].starts_with("]:"))?;
    let address = label + 3;
    let address = address + gap(&rest[address..]) + destination(&rest[address + gap(&rest[address..])..])?;
    let ends_line =
        |at: usize| rest[at..].trim_start_matches([' ', '\t']).starts_with('\n') || rest[at..].trim().is_empty();
    let with_title = title(&rest[address..]).map(|n| address + n).filter(|end| ends_line(*end));
    with_title.or_else(|| ends_line(address).then_some(address))
}

/// An address in a link: `<…>`, or without spaces and with balanced parentheses. Leading spaces belong to it.
fn destination(text: &str) -> Option<usize> {
    let start = gap(text);
    let body = &text[start..];
    if body.starts_with('<') {
        return body.find(['>', '\n']).filter(|n| body[*n..].starts_with('>')).map(|n| start + n + 1);
    }
    let mut depth = 0_usize;
    for (n, c) in body.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return (n > 0).then_some(start + n),
            ')' => depth -= 1,
            _ if c.is_whitespace() => return (n > 0).then_some(start + n),
            _ => {}
        }
    }
    (!body.is_empty()).then_some(text.len())
}

/// White space and a title in quotes or parentheses behind an address; not across an empty line.
fn title(text: &str) -> Option<usize> {
    let start = gap(text);
    let open = text[start..].chars().next().filter(|_| start > 0)?;
    let close = match open {
        '"' | '\'' => open,
        '(' => ')',
        _ => return None,
    };
    let mut escaped = false;
    let mut blank = false;
    for (n, c) in text[start + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if blank => return None,
            _ if c == close => return Some(start + 1 + n + c.len_utf8()),
            _ => {}
        }
        blank = c == '\n' || (blank && c.is_whitespace());
    }
    None
}

/// Spaces, at most one line end, and the quote marks of the next line.
fn gap(text: &str) -> usize {
    let spaces = |t: &str| t.len() - t.trim_start_matches([' ', '\t']).len();
    let first = spaces(text);
    match text[first..].strip_prefix('\n') {
        Some(next) => first + 1 + (next.len() - next.trim_start_matches([' ', '\t', '>']).len()),
        None => first,
    }
}

/// Pairs of brackets within paragraphs, by their opening.
pub(super) fn closing_brackets(text: &str) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    let mut before = ' ';
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {}
            '[' => open.push(at),
            ']' => pairs.extend(open.pop().map(|start| (start, at))),
            '\n' if before == '\n' => open.clear(),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        before = if before == '\n' && matches!(c, ' ' | '\t') { before } else { c };
    }
    pairs.sort_unstable();
    pairs
}
