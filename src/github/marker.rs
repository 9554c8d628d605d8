//! The hidden mark by which we know our own comment again after a crash.
//!
//! A keyed hash of run and name in an HTML comment. It only finds what we wrote: a comment is ours when its author is
//! our App **and** its last line is the mark (T63); a stranger can copy a mark but not be us, and cannot make one.

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::ids::{RunId, Timestamp};

/// The key that marks are made with. Derived from the App's private key, so every replica has the same.
#[derive(Clone)]
pub struct MarkerKey(hmac::Key);

impl MarkerKey {
    /// Derives the key from a secret that all replicas share.
    #[must_use]
    pub fn derive(secret: &SecretString) -> MarkerKey {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        MarkerKey(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, b"assentry marker 1").as_ref()))
    }
}

/// The mark of one comment of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// Makes the mark of what `name` names within the run, for example `plan-v2` or an effect's number.
    #[must_use]
    pub fn new(key: &MarkerKey, run: RunId, name: &str) -> Marker {
        let tag = hmac::sign(&key.0, format!("{run}\n{name}").as_bytes());
        let short = tag.as_ref().get(..16).unwrap_or_default();
        Marker(format!("<!-- assentry {} -->", hex::encode(short)))
    }

    /// The text with the mark as its last line.
    #[must_use]
    pub fn on(&self, text: &str) -> String {
        format!("{}\n\n{}", text.trim_end(), self.0)
    }

    /// The last line of a text, if it has the form of a mark. Whose mark it is, it does not say.
    #[must_use]
    pub fn at_the_end_of(text: &str) -> Option<&str> {
        let line = text.trim_end().lines().next_back()?.trim();
        let tag = line.strip_prefix("<!-- assentry ")?.strip_suffix(" -->")?;
        let fits = tag.len() == 32 && tag.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then_some(line)
    }

    /// Whether the text's last line is this mark.
    #[must_use]
    pub fn is_on(&self, text: &str) -> bool {
        text.trim_end().lines().next_back().is_some_and(|line| line.trim() == self.0)
    }
}

/// How an earlier try is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace<'a> {
    /// The mark it would carry.
    pub marker: &'a Marker,
    /// The beginning of the run.
    pub since: Timestamp,
}

/// How far our clock may be ahead of GitHub's when an earlier try is looked for (F25).
const CLOCKS_DIFFER: i64 = 24 * 60 * 60 * 1000;

impl Trace<'_> {
    /// Since when, by GitHub's clock, an earlier try cannot be missed.
    pub(super) fn look_since(self) -> Timestamp {
        Timestamp(self.since.0.saturating_sub(CLOCKS_DIFFER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t63_a_mark_is_of_one_run_one_name_and_one_key() {
        let (ours, other) = (MarkerKey::derive(&"a key".into()), MarkerKey::derive(&"another".into()));
        let mark = Marker::new(&ours, RunId(7), "plan-v1");
        let text = mark.on("The plan.\n");

        assert!(mark.is_on(&text) && mark.is_on(&text.replace('\n', "\r\n")));
        for stranger in [
            Marker::new(&ours, RunId(8), "plan-v1"),
            Marker::new(&ours, RunId(7), "plan-v2"),
            Marker::new(&other, RunId(7), "plan-v1"),
        ] {
            assert!(!stranger.is_on(&text));
        }
    }

    #[test]
    fn a_mark_is_known_by_its_form_and_nothing_else_has_it() {
        let mark = Marker::new(&MarkerKey::derive(&"a key".into()), RunId(7), "plan-v1");
        let tag = "0123456789abcdef".repeat(2);

        assert_eq!(Marker::at_the_end_of(&mark.on("The plan.")), Some(mark.0.as_str()));
        for other in [
            format!("{}\nmore", mark.on("The plan.")),
            format!("The plan. <!-- assentry {tag} -->"),
            format!("<!-- assentry {tag}0 -->"),
            format!("<!-- assentry {} -->", tag.to_uppercase()),
            format!("<!-- assentry  {tag} -->"),
            "<!-- assentry push to main -->".to_owned(),
            String::new(),
        ] {
            assert_eq!(Marker::at_the_end_of(&other), None, "{other}");
        }
    }

    #[test]
    fn t63_a_mark_quoted_within_a_text_is_not_its_mark() {
        let mark = Marker::new(&MarkerKey::derive(&"a key".into()), RunId(7), "plan-v1");

        assert!(!mark.is_on(&format!("{} was posted before.", mark.on("The plan."))));
    }
}
