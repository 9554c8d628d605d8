//! Turns a conversation into the bytes that go to a vendor, the same bytes for the same conversation each time.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use crate::ids::Digest;

use super::conversation::Conversation;
use super::profile::{Profile, Provider};
use super::{anthropic, openai};

/// The body of the request for the next answer.
pub(super) fn body(conversation: &Conversation, profile: &Profile) -> String {
    match profile.provider {
        Provider::Anthropic => anthropic::body(conversation, profile),
        Provider::OpenAi => openai::body(conversation, profile),
    }
}

/// Hashes what would be asked of whom: SHA-256 over the wire format, the address and the body, with neither key nor time.
/// For the record, so that a stored answer can be told to be the answer to this very question.
#[must_use]
pub fn request_hash(conversation: &Conversation, profile: &Profile) -> Digest {
    hash_of(profile, &body(conversation, profile))
}

/// The same of a body that is there already.
pub(super) fn hash_of(profile: &Profile, body: &str) -> Digest {
    let provider = match profile.provider {
        Provider::Anthropic => "anthropic",
        Provider::OpenAi => "openai",
    };
    let whole = format!("{provider}\n{}\n{body}", profile.base_url);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, whole.as_bytes()).as_ref());
    Digest::from_bytes(bytes)
}

/// Writes a body. Texts, numbers and JSON values can always be written, so there is no error to pass on.
pub(super) fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// A tool's name as every vendor takes it back, whatever a model made of it: letters, digits, `_` and `-`, at most 64.
pub(super) fn sent_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let sent: String = name.chars().take(64).map(plain).collect();
    if sent.is_empty() { "unnamed".to_owned() } else { sent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::tests::profile;
    use crate::model::{Message, Part};

    #[test]
    fn the_hash_follows_what_is_asked_and_not_who_pays() {
        let ask = |text: &str| Conversation {
            messages: vec![Message::User { parts: vec![Part::Text { text: text.into() }] }],
            ..Conversation::default()
        };
        let ours = profile(Provider::Anthropic, "https://a.example");
        let other_key = Profile { api_key: "another".into(), ..ours.clone() };
        let other_model = Profile { model: "some-model-2".into(), ..ours.clone() };
        let hash = request_hash(&ask("a"), &ours);
        assert_eq!(request_hash(&ask("a"), &other_key), hash);
        assert_ne!(request_hash(&ask("b"), &ours), hash);
        assert_ne!(request_hash(&ask("a"), &other_model), hash);
        assert_ne!(request_hash(&ask("a"), &profile(Provider::OpenAi, "https://a.example")), hash);
    }

    #[test]
    fn f49_an_unknown_tool_with_an_odd_name_does_not_spoil_the_next_request() {
        assert_eq!(sent_name("functions.read file\n"), "functions_read_file_");
        assert_eq!(sent_name(""), "unnamed");
        assert_eq!(sent_name(&"ü".repeat(99)), "_".repeat(64));
    }
}
