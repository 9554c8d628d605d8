//! Decides which names may leave the sandbox: names that mean the same file on every system, and nothing to git.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::checkout::Rule;
use crate::ids::RepoPath;

/// Reads a path found in a hostile directory.
///
/// # Errors
/// The rule it breaks.
pub(super) fn parse(path: &[u8]) -> Result<RepoPath, Rule> {
    let text = std::str::from_utf8(path).map_err(|_| Rule::NotText)?;
    if text.len() > 1024 || text.split('/').any(|part| part.len() > 255) {
        return Err(Rule::TooLong);
    }
    if text.chars().any(|c| c.is_control() || is_ignorable(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        // Before the check for `.git`, which such characters could hide.
        return Err(if text.split('/').any(is_dot_git) { Rule::DotGit } else { Rule::Control });
    }
    if text.split('/').any(is_dot_git) {
        return Err(Rule::DotGit);
    }
    text.parse().map_err(|_| Rule::Control)
}

/// Whether some file system or git takes this name for `.git`: in any case, with characters that HFS+ ignores, with the
/// dots, blanks and streams that NTFS drops, or in its short form `GIT~1`.
fn is_dot_git(name: &str) -> bool {
    let plain: String = name.nfkc().filter(|&c| !is_ignorable(c)).flat_map(char::to_lowercase).collect();
    let plain = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    let short = plain.strip_prefix("git~").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    plain == ".git" || short
}

fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The spellings in use, to find two that some file system cannot hold side by side.
#[derive(Debug, Default)]
pub(super) struct Spellings(BTreeMap<String, Vec<String>>);

impl Spellings {
    /// Notes a path and the directories above it, without a question.
    pub(super) fn note(&mut self, path: &RepoPath) {
        for part in prefixes(path.as_str()) {
            let spellings = self.0.entry(fold(part)).or_default();
            if !spellings.iter().any(|known| known == part) {
                spellings.push(part.to_owned());
            }
        }
    }

    /// Notes a new path unless it, or a directory above it, is in use in another spelling.
    pub(super) fn add(&mut self, path: &RepoPath) -> Result<(), Rule> {
        for part in prefixes(path.as_str()) {
            let known = self.0.get(&fold(part)).map_or(&[][..], Vec::as_slice);
            if let (false, Some(other)) = (known.iter().any(|known| known == part), known.first()) {
                return Err(Rule::Collision { with: other.clone() });
            }
        }
        self.note(path);
        Ok(())
    }
}

fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t59_no_spelling_of_dot_git_leaves_the_sandbox() {
        for name in [
            ".git",
            ".GIT",
            "a/.Git/hooks",
            ".g\u{200c}it",
            "git~1",
            "GIT~1",
            ".git.",
            ".git ",
            ".git::$INDEX",
            "．git",
        ] {
            assert_eq!(parse(name.as_bytes()), Err(Rule::DotGit), "{name:?}");
        }
        for name in [".gitignore", ".github/x", "git", "a.git", "digit~1"] {
            assert_eq!(parse(name.as_bytes()).map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn t59_a_name_is_short_text_without_control_characters() {
        assert_eq!(parse(b"a\xff"), Err(Rule::NotText));
        assert_eq!(parse(b"a\nb"), Err(Rule::Control));
        assert_eq!(parse("a\u{202e}b".as_bytes()), Err(Rule::Control));
        assert_eq!(parse(b"a\\b"), Err(Rule::Control));
        assert_eq!(parse("x/".repeat(5000).as_bytes()), Err(Rule::TooLong));
    }

    #[test]
    fn t59_names_that_differ_in_case_or_composition_only_collide() {
        let add = |known: &str, new: &str| {
            let mut spellings = Spellings::default();
            for path in parse(known.as_bytes()).iter() {
                spellings.note(path);
            }
            parse(new.as_bytes()).and_then(|new| spellings.add(&new))
        };

        let with = |other: &str| Err(Rule::Collision { with: other.to_owned() });
        assert_eq!(add("a", "A"), with("a"));
        assert_eq!(add("src/x", "Src/y"), with("src"));
        assert_eq!(add("\u{e9}", "e\u{301}"), with("\u{e9}"));
        assert_eq!(add("src/x", "src/y"), Ok(()));
    }
}
