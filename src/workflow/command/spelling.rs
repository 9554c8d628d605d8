//! How commands are spelt: the prefix that the operator chose, and the App's own name.
//!
//! Promises: our own sentences show the spelling in force, and text that is not ours is never respelt, because only
//! texts that stand in the source are taken.

use std::fmt;
use std::str::FromStr;

/// What stands before a command's name, such as `/`, or `/assentry ` where other bots read commands, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

/// Why something cannot stand before commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be \"/\" or \"!\", or one of them with a word of a-z, 0-9 and '-' and one space, such as \"/assentry \"")]
pub struct BadPrefix;

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix("/".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;

    /// Reads `/`, `!`, or one of them with a word and a space: what a sentence never begins with, so that nothing we say
    /// is read as a command (T16).
    fn from_str(text: &str) -> Result<Prefix, BadPrefix> {
        let behind = text.strip_prefix(['/', '!']).ok_or(BadPrefix)?;
        let word = |word: &str| {
            (1..=30).contains(&word.len())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let fits = behind.is_empty() || behind.strip_suffix(' ').is_some_and(word);
        if fits { Ok(Prefix(text.to_owned())) } else { Err(BadPrefix) }
    }
}

impl Prefix {
    /// A sentence of ours, in which commands stand as code that begins with `/`, with commands spelt as they are here.
    #[must_use]
    pub fn tell(&self, ours: &'static str) -> String {
        ours.replace("`/", &format!("`{}", self.0))
    }

    /// A command as it is to be typed; `command` is its name and what stands behind it, without the slash.
    #[must_use]
    pub fn spell(&self, command: &str) -> String {
        format!("{}{command}", self.0)
    }

    /// What stands behind the prefix. The prefix alone, where it holds a word, has nothing behind it.
    fn behind<'a>(&self, line: &'a str) -> Option<&'a str> {
        let word = self.0.trim_end_matches(' ');
        if word != self.0 && line == word { Some("") } else { line.strip_prefix(&self.0) }
    }
}

/// All ways to spell a command here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spelling {
    /// What stands before a command's name.
    pub prefix: Prefix,
    /// The App's slug, which people may mention instead of the prefix; none before it is known.
    pub slug: Option<String>,
}

impl Spelling {
    /// What stands behind the prefix or the mention in the first line of a comment, if one of them begins it.
    pub(super) fn behind<'a>(&self, line: &'a str) -> Option<&'a str> {
        if let Some(behind) = self.prefix.behind(line) {
            return Some(behind);
        }
        let behind = self.mentioned(line)?;
        if behind.is_empty() { Some(behind) } else { behind.strip_prefix(' ') }
    }

    /// Whether the line speaks to us by name, or with a prefix that holds a word: nobody else is meant then. A comma
    /// behind a name is how we speak to people, who might be called as we are.
    pub(super) fn is_for_us(&self, line: &str) -> bool {
        let by_word = self.prefix.0.ends_with(' ') && line.starts_with(&self.prefix.0);
        by_word || self.mentioned(line).is_some_and(|behind| behind.starts_with(' '))
    }

    /// What stands behind a mention of the App. GitHub takes no notice of the case of a name.
    fn mentioned<'a>(&self, line: &'a str) -> Option<&'a str> {
        let (behind, slug) = (line.strip_prefix('@')?, self.slug.as_ref()?);
        let (name, behind) = behind.split_at_checked(slug.len())?;
        name.eq_ignore_ascii_case(slug).then_some(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_one_sign_perhaps_with_a_word() {
        for good in ["/", "!", "/assentry ", "!plan-bot "] {
            assert_eq!(good.parse::<Prefix>().map(|prefix| prefix.to_string()), Ok(good.to_owned()));
        }
        for bad in
            ["", " ", "@bot ", "assentry ", "/assentry", "/ ", "//", "/Assentry ", "/a b ", "/assentry  ", "/é ", "`"]
        {
            assert_eq!(bad.parse::<Prefix>(), Err(BadPrefix), "{bad:?}");
        }
    }

    #[test]
    fn our_sentences_show_the_spelling_in_force() {
        let spelt = |prefix: &str| {
            prefix
                .parse::<Prefix>()
                .map(|prefix| [prefix.tell("Write `/plan` or `/plan anyway`; a/b stays."), prefix.spell("diff")])
        };
        let told = ["Write `/plan` or `/plan anyway`; a/b stays.", "/diff"].map(str::to_owned);
        assert_eq!(spelt("/"), Ok(told));
        let told =
            ["Write `/assentry plan` or `/assentry plan anyway`; a/b stays.", "/assentry diff"].map(str::to_owned);
        assert_eq!(spelt("/assentry "), Ok(told));
    }
}
