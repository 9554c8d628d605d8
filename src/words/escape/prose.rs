//! One line of prose: its code spans, its words, and the characters that get a `\`.

/// What stands before the text on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing but white space and list markers: the first character may mean a block.
    Line,
    /// Something.
    Middle,
}

/// The Markdown of one line without its list markers.
pub(super) fn line(text: &str, start: Start) -> String {
    if start == Start::Line && is_rule(text) {
        return text.chars().map(|c| if c.is_whitespace() { c.to_string() } else { format!("\\{c}") }).collect();
    }
    let mut out = Out { text: String::with_capacity(text.len() + 8), start, token_ended: false };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if c == '`' {
            backticks(&mut out, rest)
        } else if c.is_whitespace() {
            out.text.push(c);
            out.token_ended = false;
            c.len_utf8()
        } else {
            let word = &rest[..word_length(rest)];
            self::word(&mut out, word);
            word.len()
        };
        rest = &rest[length..];
        out.start = Start::Middle;
    }
    out.text
}

struct Out {
    text: String,
    start: Start,
    /// Whether the last thing written is the closing backtick of a word made code by us.
    token_ended: bool,
}

/// Writes the code span that `rest` begins with, or its backticks as characters.
fn backticks(out: &mut Out, rest: &str) -> usize {
    let run = run_length(rest);
    if let Some(content) = span(rest, run)
        && !out.token_ended
        && !begins_with_token(&rest[2 * run + content.len()..])
    {
        let more = usize::from(is_token(content));
        let ticks = "`".repeat(run + more);
        out.text.push_str(&ticks);
        out.text.push_str(content);
        out.text.push_str(&ticks);
        out.token_ended = false;
        return 2 * run + content.len();
    }
    out.text.push_str(&"\\`".repeat(run));
    out.token_ended = false;
    run
}

/// The content of the code span that `rest` begins with, if its `run` backticks are closed on this line.
fn span(rest: &str, run: usize) -> Option<&str> {
    let mut at = run;
    while let Some(next) = rest[at..].find('`') {
        let length = run_length(&rest[at + next..]);
        if length == run {
            return Some(&rest[run..at + next]);
        }
        at += next + length;
    }
    None
}

/// The content of the code span that a text begins with, and what stands behind it.
pub(super) fn leading_span(text: &str) -> Option<(&str, &str)> {
    let run = run_length(text);
    let content = span(text, run).filter(|_| run > 0)?;
    Some((content, &text[2 * run + content.len()..]))
}

fn run_length(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b'`').count()
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| c == '`' || c.is_whitespace()).unwrap_or(text.len())
}

fn begins_with_token(text: &str) -> bool {
    let word = &text[..word_length(text)];
    let (lead, core, _) = trimmed(word);
    lead.is_empty() && acts(core)
}

/// Writes a word: as code if GitHub would act on it, else with a `\` where needed.
fn word(out: &mut Out, word: &str) {
    let (lead, core, trail) = trimmed(word);
    if !acts(core) {
        return plain(out, word);
    }
    plain(out, lead);
    out.text.push('`');
    out.text.push_str(core);
    out.text.push('`');
    out.start = Start::Middle;
    out.token_ended = true;
    plain(out, trail);
}

/// Writes characters that belong to no code.
fn plain(out: &mut Out, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek();
        let escaped = match c {
            '<' | '[' | '|' | '$' => true,
            '&' => next.is_some_and(|next| next.is_ascii_alphanumeric() || *next == '#'),
            // A single `\` stays one only where it cannot be read as the escape of what follows.
            '\\' => !next.is_some_and(|next| next.is_alphanumeric()),
            '#' | '>' | '/' => out.start == Start::Line,
            '~' => out.start == Start::Line && text.starts_with("~~~"),
            _ => false,
        };
        if escaped {
            out.text.push('\\');
        }
        out.text.push(c);
        out.start = Start::Middle;
        out.token_ended = false;
    }
}

/// A word as its leading punctuation, its core and its trailing punctuation.
fn trimmed(word: &str) -> (&str, &str, &str) {
    let punctuation = |c: char| "()[]{}<>.,;!?'\"*_~|\\$".contains(c);
    let tail = word.trim_start_matches(punctuation);
    let core = tail.trim_end_matches(punctuation);
    (&word[..word.len() - tail.len()], core, &tail[core.len()..])
}

/// Whether the content of a code span is a word that [`word`] would have made code.
fn is_token(content: &str) -> bool {
    word_length(content) == content.len() && trimmed(content).1 == content && acts(content)
}

/// Whether GitHub, or another bot, does something at this word: mentions, references, addresses, emoji, `bors`.
fn acts(core: &str) -> bool {
    let lower = core.to_ascii_lowercase();
    let numbered = |sign: &str| {
        lower.match_indices(sign).any(|(at, _)| lower[at + sign.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    core.find('@').is_some_and(|at| at + 1 < core.len())
        || numbered("#")
        || numbered("gh-")
        || lower.contains("://")
        || lower.contains("www.")
        || lower == "bors"
        || is_emoji(core)
}

/// Text in which no word makes GitHub act, without Markdown: `@ login`, `# 1`, `https:// example.org`, `[ skip ci]`.
pub(super) fn taken_apart(text: &str) -> String {
    let text = without_skips(text);
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(char::is_whitespace) {
        if acts(trimmed(part.trim_end()).1) {
            for piece in part.split_inclusive(['@', '#', '/', '-', '.']) {
                out.push_str(piece);
                let ends = |tail: &str| {
                    let cut = out.len().checked_sub(tail.len()).and_then(|at| out.get(at..));
                    cut.is_some_and(|end| end.eq_ignore_ascii_case(tail))
                };
                if piece.ends_with(['@', '#']) || ends("://") || ends("gh-") || ends("www.") {
                    out.push(' ');
                }
            }
        } else {
            out.push_str(part);
        }
    }
    out
}

/// Text in which nothing keeps CI from running: no `[skip ci]` and what others have made of it, no `***NO_CI***`, no
/// `skip-checks: true`. What stands in brackets may go over several lines, which become one in a title.
fn without_skips(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(']') {
        match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((_, inside)) if skips(inside) => out.push_str(&part.replace('[', "[ ")),
            Some(_) | None => out.push_str(part),
        }
    }
    part_between("***", "no_ci", &part_between("skip-", "checks", &out))
}

fn skips(inside: &str) -> bool {
    let lower = inside.to_ascii_lowercase();
    let has = |wanted: &[&str]| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| wanted.contains(&word));
    has(&["skip", "skipci", "ciskip", "noci"]) || (has(&["no"]) && has(&["ci"]))
}

/// Puts a space wherever `left` is followed by `right`, in any case.
fn part_between(left: &str, right: &str, text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (at, _) in lower.match_indices(&format!("{left}{right}")) {
        let middle = at + left.len();
        out.extend([&text[done..middle], " "]);
        done = middle;
    }
    out + &text[done..]
}

/// Whether `:name:` stands in the word.
fn is_emoji(core: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
    };
    let parts: Vec<&str> = core.split(':').collect();
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(|part| name(part))
}

/// Whether a line would be a rule, an underline, an empty list item or the second line of a table.
fn is_rule(text: &str) -> bool {
    let signs = || text.chars().filter(|c| !c.is_whitespace());
    let same = signs().next().is_some_and(|first| "-=*_+~".contains(first) && signs().all(|c| c == first));
    same || (signs().any(|c| c == '-') && signs().all(|c| matches!(c, ':' | '-')))
}

/// The text that [`fn@line`] was given. Reads what people write as well: other escapes and the common entities.
pub(super) fn text_of(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' => escaped(&mut out, rest),
            '`' => ticked(&mut out, rest),
            '&' => entity(&mut out, rest),
            _ => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

fn escaped(out: &mut String, rest: &str) -> usize {
    match rest[1..].chars().next() {
        Some(next) if next.is_ascii_punctuation() => {
            out.push(next);
            2
        }
        Some(_) | None => {
            out.push('\\');
            1
        }
    }
}

fn ticked(out: &mut String, rest: &str) -> usize {
    let run = run_length(rest);
    let Some(content) = span(rest, run) else {
        out.push_str(&rest[..run]);
        return run;
    };
    let ticks = if is_token(content) { run - 1 } else { run };
    let ticks = "`".repeat(ticks);
    out.push_str(&ticks);
    out.push_str(content);
    out.push_str(&ticks);
    2 * run + content.len()
}

fn entity(out: &mut String, rest: &str) -> usize {
    let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"')];
    match known.iter().find(|(name, _)| rest.starts_with(name)) {
        Some((name, c)) => {
            out.push(*c);
            name.len()
        }
        None => {
            out.push('&');
            1
        }
    }
}
