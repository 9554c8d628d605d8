//! What is said about the policy of a repository: in the issue that it holds, and beside the change that breaks it.

use serde::{Deserialize, Serialize};

use super::escape::code;
use super::place::Home;
use crate::ids::{Person, RepoName};
use crate::workflow::command::Prefix;

/// Mistakes that are listed at most.
const MOST: usize = 20;

/// One thing wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    /// The line, from 1, where there is one.
    pub line: Option<u32>,
    /// The key and what would be right, as a fragment; it may quote the file.
    pub text: String,
}

/// A check's title and summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
}

/// That nothing goes on because of a broken policy.
pub(super) fn broken(home: &Home, repo: &RepoName, flaws: &[Flaw]) -> String {
    let whose = if *repo == home.repo {
        "This repository's policy".to_owned()
    } else {
        format!("The policy that this repository takes from {}", code(repo.as_str()))
    };
    format!(
        "{whose}, [`.github/assentry.toml`]({}/{repo}/blob/HEAD/.github/assentry.toml), has mistakes, and nothing goes on \
         here until they are mended:\n\n{}\n\nOnce its default branch has a sound one, I go on by myself. `assentry \
         config check --repo .` finds mistakes before they are pushed.",
        home.web,
        listed(flaws)
    )
}

/// That somebody else has to ask for a run.
pub(super) fn may_not_ask(who: &Person, repo: &RepoName, may: &[String], prefix: &Prefix) -> String {
    let may: Vec<String> = may.iter().map(|may| code(may)).collect();
    format!(
        "@{}, by the policy in {} only some people may ask for a run: {}. One of them can put the label or {}",
        who.login,
        code(repo.as_str()),
        may.join(", "),
        prefix.tell("write `/plan`.")
    )
}

/// What the check beside a change of the policy says.
#[must_use]
pub fn report(flaws: &[Flaw]) -> Report {
    let count = flaws.len();
    if count == 0 {
        let summary = "The policy can be read, and asks for no less than this server does. It counts once it is on the \
                       default branch.";
        return Report { title: "The policy is sound".to_owned(), summary: summary.to_owned() };
    }
    let things = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    let summary = format!(
        "{}\n\nWith this on the default branch nothing would go on in this repository: no plan, no approval, no work.",
        listed(flaws)
    );
    Report { title: format!("The policy has {things}"), summary }
}

/// What the check says where the change removes the policy.
#[must_use]
pub fn report_removed() -> Report {
    Report {
        title: "The policy is removed".to_owned(),
        summary: "Without it, the organisation's policy counts, or else what this server asks of every repository."
            .to_owned(),
    }
}

fn listed(flaws: &[Flaw]) -> String {
    let line = |flaw: &Flaw| {
        let place = flaw.line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("- {place}{}", code(&flaw.text))
    };
    let mut lines: Vec<String> = flaws.iter().take(MOST).map(line).collect();
    if flaws.len() > MOST {
        lines.push(format!("- and {} more", flaws.len() - MOST));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(line: Option<u32>, text: &str) -> Flaw {
        Flaw { line, text: text.to_owned() }
    }

    #[test]
    fn a_broken_policy_is_told_with_every_mistake_and_the_way_to_the_file() -> Result<(), crate::ids::BadName> {
        let home = Home { web: "https://github.test".to_owned(), repo: "acme/slug".parse()? };
        let flaws =
            [flaw(Some(3), "approvals: there is no such key: did you mean `approval`?"), flaw(None, "@ann [x](y)")];
        insta::assert_snapshot!(broken(&home, &home.repo, &flaws), @r"
        This repository's policy, [`.github/assentry.toml`](https://github.test/acme/slug/blob/HEAD/.github/assentry.toml), has mistakes, and nothing goes on here until they are mended:

        - line 3: ``approvals: there is no such key: did you mean `approval`?``
        - `@ann [x](y)`

        Once its default branch has a sound one, I go on by myself. `assentry config check --repo .` finds mistakes before they are pushed.
        ");
        let elsewhere = broken(&home, &"acme/.github".parse()?, &flaws);
        assert!(elsewhere.starts_with("The policy that this repository takes from `acme/.github`, "), "{elsewhere}");
        Ok(())
    }

    #[test]
    fn the_check_says_what_would_follow() {
        let one = report(&[flaw(Some(1), "x")]);
        assert_eq!(one.title, "The policy has 1 mistake");
        assert!(one.summary.starts_with("- line 1: `x`\n\nWith this on the default branch nothing would go on"));
        let many: Vec<Flaw> = (0..25).map(|_| flaw(None, "x")).collect();
        assert!(report(&many).summary.contains("- and 5 more"));
        assert_eq!(report(&[]).title, "The policy is sound");
    }
}
