//! The names of what a run puts into a repository: its two branches and its plan file.
//!
//! Names are generated, never taken over: whatever an issue's title holds, a name is
//! `assentry/<number>-<slug>-<suffix>` of ASCII letters, digits and `-` (T60). The suffix is an argument, so that the
//! same question has the same answer.

use crate::ids::{BadName, BranchName, IssueNumber, RepoPath};

/// How many characters of a title a branch carries at most.
const MAX_SLUG: usize = 40;
/// What the slug of a plan branch begins with.
const PLAN: &str = "plan-";

/// Six lower-case letters or digits, made by chance, that keep two runs of one issue apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suffix(String);

/// The branches of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchNames {
    /// The branch that carries the plan.
    pub plan: BranchName,
    /// The branch that will carry the work.
    pub work: BranchName,
}

/// Names the branches of the run for issue `number` with this `title`.
///
/// # Errors
/// Never for an issue number that GitHub gives, which is positive and has at most 19 digits.
pub fn branch_names(number: IssueNumber, title: &str, suffix: &Suffix) -> Result<BranchNames, BadName> {
    let slug = slug(title);
    let plan = cut(&format!("{PLAN}{slug}")).to_owned();
    // Work whose title begins with "plan" must not look like a plan branch.
    let work = if slug == PLAN.trim_end_matches('-') || slug.starts_with(PLAN) { format!("do-{slug}") } else { slug };
    let named = |slug: &str| format!("assentry/{number}-{}-{}", cut(slug), suffix.0).parse();
    Ok(BranchNames { plan: named(&plan)?, work: named(&work)? })
}

/// The folder of the files that carry plans.
pub const PLANS: &str = ".assentry/plans/";

/// The file that carries the plan for issue `number` on the plan branch.
///
/// # Errors
/// Never: a number makes a sound path.
pub fn plan_path(number: IssueNumber) -> Result<RepoPath, BadName> {
    format!("{PLANS}{number}.md").parse()
}

impl Suffix {
    /// Makes a suffix of four random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 4]) -> Suffix {
        const DIGITS: [char; 36] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k',
            'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
        ];
        let mut rest = u32::from_be_bytes(bytes) as usize;
        let mut text = String::new();
        for _ in 0..6 {
            text.push(DIGITS[rest % 36]);
            rest /= 36;
        }
        Suffix(text)
    }
}

/// The ASCII letters and digits of `title` in lower case, everything between them as one `-`.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().take(400) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    match cut(&slug) {
        "" => "issue".to_owned(),
        short => short.to_owned(),
    }
}

/// At most [`MAX_SLUG`] characters of an ASCII text, not ending in `-`.
fn cut(slug: &str) -> &str {
    slug.get(..MAX_SLUG).unwrap_or(slug).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(title: &str) -> Option<(String, String)> {
        let names = branch_names(IssueNumber(42), title, &Suffix::from_random([1, 2, 3, 4])).ok()?;
        Some((names.plan.to_string(), names.work.to_string()))
    }

    /// `^assentry/[0-9]+-[a-z0-9-]{1,40}-[a-z0-9]{6}$`, spelt out.
    fn keeps_the_form(name: &str) -> bool {
        let Some((number, rest)) = name.strip_prefix("assentry/").and_then(|rest| rest.split_once('-')) else {
            return false;
        };
        let Some((slug, suffix)) = rest.rsplit_once('-') else { return false };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
            && (1..=40).contains(&slug.len())
            && slug.chars().all(|c| plain(c) || c == '-')
            && suffix.len() == 6
            && suffix.chars().all(plain)
    }

    #[test]
    fn a_branch_tells_the_issue_and_what_it_is_about() {
        assert_eq!(
            names("Counter is off by one"),
            Some((
                "assentry/42-plan-counter-is-off-by-one-44f2a0".to_owned(),
                "assentry/42-counter-is-off-by-one-44f2a0".to_owned()
            ))
        );
    }

    #[test]
    fn t60_no_title_gets_into_a_branch_name_but_as_letters_and_digits() {
        let long = "x".repeat(10_240);
        for title in [
            "--upload-pack=x",
            "$(id)",
            "`id`",
            "a\nb",
            "refs/heads/main",
            "..",
            "🎉",
            "",
            "plan",
            "Plan-the-work",
            &long,
            "größe.lock",
        ] {
            let Some((plan, work)) = names(title) else { panic!("{title:?}") };
            assert!(keeps_the_form(&plan) && plan.starts_with("assentry/42-plan-"), "{plan}");
            assert!(keeps_the_form(&work) && !work.starts_with("assentry/42-plan-"), "{work}");
        }
    }

    proptest! {
        #[test]
        fn t60_every_title_and_suffix_keeps_the_form(number in 1..i64::MAX, title: String, random: [u8; 4]) {
            let names = branch_names(IssueNumber(number), &title, &Suffix::from_random(random));
            let kept = names.map(|names| [names.plan, names.work].iter().all(|name| keeps_the_form(name.as_str())));
            prop_assert_eq!(kept, Ok(true));
        }
    }

    #[test]
    fn the_plan_file_is_named_after_the_issue() {
        assert_eq!(plan_path(IssueNumber(42)).map(String::from), Ok(".assentry/plans/42.md".to_owned()));
    }
}
