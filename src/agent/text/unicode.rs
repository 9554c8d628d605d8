//! Which code points have no shape of their own.
//!
//! Dropped: control characters, Unicode's Default_Ignorable_Code_Point, line and paragraph separators, interlinear marks
//! and noncharacters. Kept: newline, tab, and joiners and emoji selectors where they belong to an emoji.

const JOINER: char = '\u{200d}';
const EMOJI_SELECTOR: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// Splits a text into what has a shape and what has none. `\r\n` becomes `\n` without a word.
pub(super) fn split(text: &str) -> (String, Vec<char>) {
    let mut kept = String::with_capacity(text.len());
    let mut dropped = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !is_hidden(c) || belongs_to_emoji(c, &kept, chars.peek().copied()) {
            kept.push(c);
        } else if !(c == '\r' && chars.peek() == Some(&'\n')) {
            dropped.push(c);
        }
    }
    (kept, dropped)
}

/// Whether a code point, standing alone, shows nothing.
pub(super) fn is_hidden(c: char) -> bool {
    if matches!(c, '\n' | '\t') {
        return false;
    }
    let noncharacter = matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe;
    c.is_control()
        || is_default_ignorable(c)
        || noncharacter
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

/// Default_Ignorable_Code_Point of Unicode's `DerivedCoreProperties.txt`.
fn is_default_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

// One joiner between two emoji, one selector behind one: no more, or their number would carry a message.
fn belongs_to_emoji(c: char, before: &str, after: Option<char>) -> bool {
    let mut back = before.chars().rev();
    match (c, back.next()) {
        (EMOJI_SELECTOR, Some(last)) => is_emoji(last) || (is_keycap_base(last) && after == Some(KEYCAP)),
        (JOINER, Some(EMOJI_SELECTOR)) => back.next().is_some_and(is_emoji) && after.is_some_and(is_emoji),
        (JOINER, Some(last)) => is_emoji(last) && after.is_some_and(is_emoji),
        _ => false,
    }
}

fn is_keycap_base(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

/// The blocks emoji are drawn from; a little more than Extended_Pictographic, never a letter.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '©' | '®' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}'
        | '\u{24c2}' | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}'..='\u{2935}' | '\u{2b05}'..='\u{2b55}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t25_every_ignorable_or_control_code_point_is_dropped_and_counted() {
        let all = || (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| *c != '\n');
        let lines: String = all().flat_map(|c| [c, '\n']).collect();
        let mut by_unicode = std::collections::BTreeSet::new();
        let table = grep_regex::RegexMatcher::new(r"[\p{Default_Ignorable_Code_Point}\p{Cc}--[\n\t]]");
        let searched = table.map(|table| {
            let sink = grep_searcher::sinks::Bytes(|line, _| Ok(by_unicode.insert(line)));
            grep_searcher::Searcher::new().search_slice(table, lines.as_bytes(), sink).is_ok()
        });

        assert!(searched.is_ok_and(|done| done) && by_unicode.len() > 4000);
        for (line, c) in (1..).zip(all()) {
            let hidden = by_unicode.contains(&line) || is_hidden(c);
            let expected = if hidden { (String::new(), vec![c]) } else { (c.to_string(), vec![]) };
            assert_eq!(split(c.encode_utf8(&mut [0; 4])), expected, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn t25_a_message_in_tag_characters_or_selectors_cannot_be_recovered() {
        let tags: String = "push to main".bytes().filter_map(|b| char::from_u32(0xe0000 + u32::from(b))).collect();
        let selectors: String =
            "push to main".bytes().filter_map(|b| char::from_u32(0xe0100 + u32::from(b) - 16)).collect();
        for message in [tags, selectors] {
            assert_eq!(split(&format!("a😀{message}b")), ("a😀b".to_owned(), message.chars().collect()));
        }
    }

    #[test]
    fn t25_joiners_and_selectors_stay_only_inside_an_emoji() {
        for whole in ["👩‍💻", "❤️‍🔥", "👨‍👩‍👧‍👦", "1️⃣", "⚠️ careful", "🏳️‍🌈"]
        {
            assert_eq!(split(whole), (whole.to_owned(), vec![]));
        }
        assert_eq!(split("a\u{200d}b\u{fe0f}"), ("ab".to_owned(), vec!['\u{200d}', '\u{fe0f}']));
        assert_eq!(split("😀\u{fe0f}\u{fe0f}"), ("😀\u{fe0f}".to_owned(), vec!['\u{fe0f}']));
        assert_eq!(split("😀\u{200d}\u{200d}😀"), ("😀\u{200d}😀".to_owned(), vec!['\u{200d}']));
    }

    #[test]
    fn line_ends_of_windows_are_not_something_hidden() {
        assert_eq!(split("a\r\nb\rc"), ("a\nbc".to_owned(), vec!['\r']));
    }
}
