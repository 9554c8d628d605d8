//! Decides what of a vendor's error text may be shown: nothing that repeats the request or the key (T41).
//!
//! Vendors quote what they did not like, and a hostile endpoint can send everything back. So a text that shares a longer
//! run of characters with what was sent is withheld as a whole.

use secrecy::{ExposeSecret, SecretString};

use super::conversation::Conversation;

const LONGEST: usize = 240;
const SHARED_TEXT: usize = 16;
const SHARED_KEY: usize = 8;
const WITHHELD: &str = "(the vendor's words repeat the request and are withheld)";

/// Returns the vendor's words on one line, cut, or a note that they cannot be shown.
pub(super) fn showable(words: &str, conversation: &Conversation, key: &SecretString) -> String {
    showable_beside(words, &conversation.texts().collect::<Vec<_>>(), key)
}

/// The same, where these texts were sent.
pub(super) fn showable_beside(words: &str, sent: &[&str], key: &SecretString) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let line = line.trim();
    // Line ends were turned into spaces, so what was sent is compared as it would look after that.
    let sent: Vec<String> = sent.iter().map(|text| flat(text)).collect();
    let key = key.expose_secret();
    let shows_key = (!key.is_empty() && line.contains(key)) || runs(line, SHARED_KEY).any(|run| key.contains(run));
    let shows_text = runs(line, SHARED_TEXT).any(|run| sent.iter().any(|text| text.contains(run)));
    if shows_key || shows_text { WITHHELD.to_owned() } else { line.to_owned() }
}

fn flat(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// All runs of `length` characters in a text.
fn runs(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    (length..starts.len()).filter_map(move |end| text.get(starts[end - length]..starts[end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, Part};

    fn shown(words: &str) -> String {
        let text = "Here is the\nprivate source of the customer: größe".to_owned();
        let conversation = Conversation {
            system: "You are a careful planner".into(),
            tools: vec![],
            messages: vec![Message::User { parts: vec![Part::Text { text }] }],
        };
        showable(words, &conversation, &SecretString::from("sk-canary-0123456789"))
    }

    #[test]
    fn t41_words_that_repeat_the_request_or_the_key_are_withheld() {
        for words in [
            "bad input: 'private source of the customer'",
            "bad input: 'is the private source'",
            "the customer: größe is not valid",
            "unknown: You are a careful planner",
            "Incorrect API key provided: sk-canary-0*********",
            "tail 23456789",
        ] {
            assert_eq!(shown(words), WITHHELD, "{words}");
        }
    }

    #[test]
    fn other_words_are_shown_on_one_line_and_cut() {
        assert_eq!(shown("max_tokens: 99 > 64\r\nis \u{1b}[31mtoo much"), "max_tokens: 99 > 64  is  [31mtoo much");
        assert_eq!(shown(&"é".repeat(1_000)), "é".repeat(LONGEST));
        assert_eq!(shown(""), "");
    }
}
