//! Names of things, parsed once at the door and believed from then on.
//!
//! Text from outside becomes one of these types by a rule that lists what is allowed; inside, nobody checks again.
//! Invariant: nothing here reads a clock, a file, the network or a random number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct BadName {
    /// What was given, cut after 80 characters.
    pub text: String,
    /// The rule, as a noun: "a commit id: 40 or 64 lower-case hex digits".
    pub wanted: &'static str,
}

impl BadName {
    fn new(text: &str, wanted: &'static str) -> BadName {
        BadName { text: text.chars().take(80).collect(), wanted }
    }
}

/// A number that GitHub, or the store, gave to a thing and that never changes.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<$name, BadName> {
                text.parse().map($name).map_err(|_| BadName::new(text, "a whole number"))
            }
        }
    };
}

number!(
    /// A run: one issue's way from label to pull request. Given by the store, counted from 1.
    RunId
);
number!(
    /// GitHub's numeric id of a repository; stays when the repository is renamed.
    RepoId
);
number!(
    /// GitHub's numeric id of an App installation.
    InstallationId
);
number!(
    /// GitHub's numeric id of an account; stays when the login changes hands.
    UserId
);
number!(
    /// GitHub's numeric id of an issue, unlike [`IssueNumber`] unique in all of GitHub.
    IssueId
);
number!(
    /// The number of an issue within its repository, as in `#42`.
    IssueNumber
);
number!(
    /// The number of a pull request within its repository.
    PullNumber
);
number!(
    /// GitHub's numeric id of an issue comment.
    CommentId
);
number!(
    /// GitHub's numeric id of a pull request review.
    ReviewId
);
number!(
    /// GitHub's numeric id of a comment on a line of a pull request.
    ReviewCommentId
);
number!(
    /// The row of an effect in the store.
    EffectId
);

/// A moment in milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `span` after this one.
    #[must_use]
    pub fn plus(self, span: std::time::Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this moment; zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads the form GitHub writes in JSON: `2026-11-22T14:41:00Z`.
    ///
    /// # Errors
    /// When the text is not an RFC 3339 date and time.
    pub fn from_rfc3339(text: &str) -> Result<Timestamp, BadName> {
        chrono::DateTime::parse_from_rfc3339(text)
            .map(|t| Timestamp(t.timestamp_millis()))
            .map_err(|_| BadName::new(text, "a time such as 2026-11-22T14:41:00Z"))
    }

    /// Writes the form GitHub writes in JSON, in whole seconds.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        chrono::DateTime::from_timestamp_millis(self.0)
            .unwrap_or_default()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }
}

/// A text with a rule; `$check` says whether a text keeps it.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<$name, BadName> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok($name(text)) } else { Err(BadName::new(&text, $wanted)) }
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<$name, BadName> {
                $name::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A commit, or any other object of git, by its full id.
    CommitSha,
    "a commit id: 40 or 64 lower-case hex digits",
    |t| matches!(t.len(), 40 | 64) && is_lower_hex(t)
);
name!(
    /// A branch name that git takes as a name and never as an option, a range or a path out of `refs/heads`.
    BranchName,
    "a branch name of letters, digits, '.', '-', '_', '/', '+', '#' and '@', at most 200 characters",
    is_branch_name
);
name!(
    /// An account's login. Shown, never compared: identity is [`UserId`].
    Login,
    "a GitHub login of letters, digits and '-', '_', '.', perhaps ending in [bot]",
    is_login
);
name!(
    /// A repository as `owner/name`. Shown and used in addresses; identity is [`RepoId`].
    RepoName,
    "a repository as owner/name",
    is_repo_name
);
name!(
    /// A team as `organisation/slug`, in lower case: GitHub takes either, and two spellings are one team.
    TeamName,
    "a team as organisation/team in lower case, such as acme/security",
    is_team_name
);
name!(
    /// GitHub's unique id of a webhook delivery, from the header `X-GitHub-Delivery`.
    DeliveryId,
    "a delivery id of letters, digits and '-', at most 64 characters",
    |t| !t.is_empty() && t.len() <= 64 && t.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
);
name!(
    /// The name of a webhook event, from the header `X-GitHub-Event`; which ones mean something is decided elsewhere.
    EventName,
    "an event name of lower-case letters, digits and '_', at most 64 characters",
    |t| !t.is_empty() && t.len() <= 64 && t.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
);
name!(
    /// SHA-256 in 64 lower-case hex digits; of a plan's terms unless said otherwise.
    Digest,
    "a SHA-256 digest: 64 lower-case hex digits",
    |t| t.len() == 64 && is_lower_hex(t)
);
name!(
    /// A path inside a repository that cannot lead out of it: relative, `/` between parts, no `.`, `..`, empty part,
    /// backslash or control character. Whether git or the scope accept it is decided elsewhere.
    RepoPath,
    "a relative path inside the repository without '.', '..', '\\' or control characters, at most 1,024 bytes",
    is_repo_path
);

impl Digest {
    /// The first twelve digits, as people see it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    /// Writes 32 bytes as a digest.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Digest {
        Digest(hex::encode(bytes))
    }
}

impl CommitSha {
    /// The first ten digits, as people see it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl RepoName {
    /// The part before the slash.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The part behind the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

/// What sort of account a [`Person`] is, as GitHub's `type` field says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AccountKind {
    /// A human's account, or a machine user that GitHub cannot tell from one.
    User,
    /// A GitHub App acting as itself.
    Bot,
    /// An organization; it can own and send, never act or approve.
    Organization,
    /// A stand-in that an import left behind for an author without an account.
    Mannequin,
    /// A kind GitHub has not told us about; never treated as a person.
    Other(String),
}

impl From<String> for AccountKind {
    fn from(text: String) -> AccountKind {
        match text.as_str() {
            "User" => AccountKind::User,
            "Bot" => AccountKind::Bot,
            "Organization" => AccountKind::Organization,
            "Mannequin" => AccountKind::Mannequin,
            _ => AccountKind::Other(text.chars().take(40).collect()),
        }
    }
}

impl From<AccountKind> for String {
    fn from(kind: AccountKind) -> String {
        kind.to_string()
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccountKind::User => "User",
            AccountKind::Bot => "Bot",
            AccountKind::Organization => "Organization",
            AccountKind::Mannequin => "Mannequin",
            AccountKind::Other(text) => text,
        })
    }
}

/// An account as GitHub names it at one moment. Compared by `id` alone: the login may change hands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub id: UserId,
    /// What they are called now; for showing.
    pub login: Login,
    /// What sort of account it is.
    pub kind: AccountKind,
}

fn is_team_name(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
            && !part.starts_with('.')
    };
    matches!(text.split_once('/'), Some((organisation, team)) if plain(organisation) && plain(team))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_branch_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '+' | '#' | '@');
    !text.is_empty()
        && text.len() <= 200
        && text.chars().all(plain)
        && text.split('/').all(|part| {
            !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.') && !part.ends_with(".lock")
        })
        && !text.contains("..")
        && text != "@"
}

fn is_login(text: &str) -> bool {
    let base = text.strip_suffix("[bot]").unwrap_or(text);
    !base.is_empty()
        && text.len() <= 100
        && base.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_repo_name(text: &str) -> bool {
    let part = |t: &str| {
        !t.is_empty()
            && t.len() <= 100
            && t != "."
            && t != ".."
            && t.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

fn is_repo_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 1024
        && !text.chars().any(|c| c.is_control() || c == '\\')
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_name_is_never_an_option_a_range_or_a_way_out() {
        for bad in
            ["", "-x", "a..b", "a/-x", "a/../b", "/a", "a/", "a b", "a:b", "a~1", "a^", ".a", "a.lock", "@", "a\n"]
        {
            assert!(bad.parse::<BranchName>().is_err(), "{bad:?}");
        }
        for good in ["main", "release/1.2", "assentry/42-plan-fix-a1b2c3", "feature#7"] {
            assert!(good.parse::<BranchName>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_repository_path_cannot_lead_out_of_the_repository() {
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", "a\nb", "a/"] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad:?}");
        }
        assert!("src/größe.rs".parse::<RepoPath>().is_ok());
    }

    #[test]
    fn an_account_kind_survives_json_even_when_it_is_new() {
        for text in ["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"] {
            let json = format!("{text:?}");
            let kind: AccountKind = serde_json::from_str(&json).unwrap_or(AccountKind::Other(String::new()));
            assert_eq!(serde_json::to_string(&kind).ok(), Some(json));
        }
    }

    #[test]
    fn a_time_survives_the_way_through_githubs_form() {
        let text = "2026-11-22T14:41:07Z";
        assert_eq!(Timestamp::from_rfc3339(text).map(Timestamp::to_rfc3339), Ok(text.to_owned()));
    }
}
