//! Takes comments, attributes, images, link titles and definitions out of Markdown.
//!
//! What is taken out leaves a space, so that its neighbours do not come together to something new.

use super::links::{closing_brackets, definition, image, link_title};
use super::{Hidden, HiddenKind, code, note};

/// Bounds the work on texts made to be slow; when it is used up, whatever looks like a tag hides the rest.
pub(super) struct Fuel(usize);

impl Default for Fuel {
    fn default() -> Fuel {
        Fuel(4_000_000)
    }
}

/// What a construct, or code that is shown, can begin with.
const BEGINNINGS: [char; 7] = ['<', '&', '!', '[', ']', '`', '~'];

/// One pass over the text; what it removes is added to `hidden`.
pub(super) fn strip(text: &str, hidden: &mut Vec<Hidden>) -> String {
    let code = code::shown(text);
    let closing = closing_brackets(text);
    let mut code = code.into_iter().peekable();
    let mut fuel = Fuel::default();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        while code.next_if(|range| range.start < at).is_some() {}
        if let Some(range) = code.next_if(|range| range.start == at) {
            out.push_str(&text[range.clone()]);
            at = range.end;
            continue;
        }
        if let Some(cut) = cut_at(text, at, &closing, &mut fuel) {
            out.push_str(&text[at..at + cut.keep]);
            let removed = &text[at + cut.keep..at + cut.length];
            match entity_char(removed) {
                // Decoded here and judged with all other invisible characters afterwards.
                Some(c) if cut.kind == HiddenKind::InvisibleCharacters => out.push(c),
                _ => {
                    note(hidden, cut.kind, removed);
                    out.push_str(cut.instead);
                }
            }
            at += cut.length;
            continue;
        }
        let behind = at + text[at..].chars().next().map_or(1, char::len_utf8);
        let next = text[behind..].find(BEGINNINGS).map_or(text.len(), |n| behind + n);
        out.push_str(&text[at..next]);
        at = next;
    }
    out
}

/// What is cut: of `length` bytes the first `keep` stay, the others become `instead`.
pub(super) struct Cut {
    pub(super) keep: usize,
    pub(super) length: usize,
    pub(super) kind: HiddenKind,
    pub(super) instead: &'static str,
}

impl Cut {
    pub(super) fn whole(kind: HiddenKind, length: usize, instead: &'static str) -> Option<Cut> {
        Some(Cut { keep: 0, length, kind, instead })
    }
}

fn cut_at(text: &str, at: usize, closing: &[(usize, usize)], fuel: &mut Fuel) -> Option<Cut> {
    let rest = &text[at..];
    match rest.as_bytes().first()? {
        b'<' => angle(text, at, 1, fuel),
        b'&' => match entity_angle(rest) {
            Some(length) => angle(text, at, length, fuel),
            None => hidden_entity(rest),
        },
        b'!' if rest.starts_with("![") => image(text, at, closing),
        b'[' if rest.starts_with("[](") => {
            let end = rest.find(')').map_or(rest.len(), |n| n + 1);
            Cut::whole(HiddenKind::Link, end, " ")
        }
        b'[' if starts_line(text, at) => {
            definition(rest).and_then(|length| Cut::whole(HiddenKind::Definition, length, " "))
        }
        b']' if rest.starts_with("](") => link_title(rest),
        _ => None,
    }
}

/// Comments, declarations and tags. `open` is the length of the opening angle, which may be an entity.
fn angle(text: &str, at: usize, open: usize, fuel: &mut Fuel) -> Option<Cut> {
    let rest = &text[at..];
    let body = &rest[open..];
    if let Some(comment) = body.strip_prefix("!--") {
        return Cut::whole(HiddenKind::HtmlComment, open + 3 + comment_end(comment), " ");
    }
    if open > 1 {
        return None;
    }
    let until = |end: &str| body.find(end).map(|n| open + n + end.len());
    let unclosed = || starts_line(text, at).then_some(rest.len());
    let length = match body.bytes().next()? {
        b'!' if body.starts_with("![CDATA[") => until("]]>").or(Some(rest.len())),
        b'?' => until("?>").or_else(unclosed),
        b'!' if body[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => until(">").or_else(unclosed),
        b'/' if body[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => None,
        b'/' if body.len() > 1 => until(">").or_else(unclosed),
        c if c.is_ascii_alphabetic() => return tag(rest, unclosed, fuel),
        _ => None,
    };
    length.and_then(|length| Cut::whole(HiddenKind::HtmlComment, length, " "))
}

fn tag(rest: &str, unclosed: impl Fn() -> Option<usize>, fuel: &mut Fuel) -> Option<Cut> {
    let name_end = 1 + rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len() - 1);
    let name = rest[1..name_end].to_ascii_lowercase();
    if rest[name_end..].starts_with(|c: char| !c.is_ascii_whitespace() && !matches!(c, '/' | '>')) {
        return None;
    }
    let Some(end) = tag_end(rest, fuel) else {
        let length = if fuel.0 == 0 { Some(rest.len()) } else { unclosed() };
        return length.and_then(|length| Cut::whole(HiddenKind::HtmlTag, length, " "));
    };
    match name.as_str() {
        "img" | "image" => Cut::whole(HiddenKind::Image, end, "[image]"),
        "script" | "style" | "template" => {
            let close = format!("</{name}");
            // ASCII lower case keeps every position.
            let close = rest.to_ascii_lowercase().find(&close).and_then(|n| Some(n + rest[n..].find('>')? + 1));
            Cut::whole(HiddenKind::HtmlTag, close.unwrap_or(rest.len()), " ")
        }
        _ => {
            let attributes = rest[name_end..end - 1].trim_end_matches('/').trim_end();
            let length = name_end + attributes.len();
            (!attributes.is_empty()).then_some(Cut { keep: name_end, length, kind: HiddenKind::HtmlTag, instead: "" })
        }
    }
}

/// Where a tag ends, as a browser sees it: at the first `>` outside of quotes.
pub(super) fn tag_end(rest: &str, fuel: &mut Fuel) -> Option<usize> {
    let mut quote = None;
    for (n, byte) in rest.bytes().enumerate() {
        fuel.0 = fuel.0.checked_sub(1)?;
        match (quote, byte) {
            (None, b'>') => return Some(n + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

fn comment_end(comment: &str) -> usize {
    if comment.starts_with('>') {
        return 1;
    }
    if comment.starts_with("->") {
        return 2;
    }
    let mut at = 0;
    while let Some(found) = comment[at..].find("--") {
        let behind = &comment[at + found + 2..];
        let close = behind.strip_prefix('!').filter(|b| b.starts_with('>')).map_or(0, |_| 1);
        let behind = &behind[close..];
        if let Some(length) = closing_angle(behind) {
            return comment.len() - behind.len() + length;
        }
        at += found + 1;
    }
    comment.len()
}

fn closing_angle(text: &str) -> Option<usize> {
    entity(text, ">", &["gt"], 0x3e)
}

/// The length of an entity that stands for `<`, if a comment follows it.
pub(super) fn entity_angle(text: &str) -> Option<usize> {
    entity(text, "<", &["lt", "LT"], 0x3c).filter(|n| text[*n..].starts_with("!--"))
}

fn entity(text: &str, plain: &str, names: &[&str], code: u32) -> Option<usize> {
    if text.starts_with(plain) {
        return Some(plain.len());
    }
    let body = text.strip_prefix('&')?;
    if let Some(name) = names.iter().find(|name| body.starts_with(*name)) {
        return Some(1 + name.len() + usize::from(body[name.len()..].starts_with(';')));
    }
    numeric(text).filter(|(found, _)| u32::from(*found) == code).map(|(_, length)| length)
}

/// A numeric entity: the code point and the length.
fn numeric(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix("&#")?;
    let (digits, radix) = body.strip_prefix(['x', 'X']).map_or((body, 10), |hex| (hex, 16));
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let c = char::from_u32(u32::from_str_radix(digits.get(..length)?, radix).ok()?)?;
    let end = text.len() - digits.len() + length;
    Some((c, end + usize::from(text[end..].starts_with(';'))))
}

/// Entities by name that stand for characters without a shape.
const INVISIBLE_NAMES: [(&str, char); 13] = [
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
    ("ApplyFunction", '\u{2061}'),
    ("af", '\u{2061}'),
    ("InvisibleTimes", '\u{2062}'),
    ("it", '\u{2062}'),
    ("InvisibleComma", '\u{2063}'),
    ("ic", '\u{2063}'),
];

fn hidden_entity(rest: &str) -> Option<Cut> {
    let numeric = numeric(rest).filter(|(c, _)| super::unicode::is_hidden(*c)).map(|(_, length)| length);
    let named = || {
        let name = rest[1..].split_once(';')?.0;
        INVISIBLE_NAMES.iter().any(|(known, _)| *known == name).then_some(name.len() + 2)
    };
    Cut::whole(HiddenKind::InvisibleCharacters, numeric.or_else(named)?, "")
}

fn entity_char(removed: &str) -> Option<char> {
    let name = removed.strip_prefix('&')?.trim_end_matches(';');
    let named = INVISIBLE_NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    named.or_else(|| numeric(removed).map(|(c, _)| c))
}

/// Whether only indentation, quote and list marks stand before this place in its line.
fn starts_line(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
    text[line..at]
        .chars()
        .all(|c| c.is_whitespace() || c.is_ascii_digit() || matches!(c, '>' | '-' | '*' | '+' | '.' | ')'))
}
