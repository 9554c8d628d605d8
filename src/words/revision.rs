//! What is said about a new version: the answer to each note, and what changed since the version before.

use similar::TextDiff;

use super::escape::{block, code, fence};
use super::figures::many;
use super::plan::{item, version};
use crate::ids::Digest;

/// How much of the difference is shown, in characters.
const MAX_DIFF: usize = 40_000;
/// How much of a note is quoted back, in characters.
const MAX_QUOTE: usize = 200;

/// What became of one note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The plan was changed as asked.
    Done,
    /// The plan stays as it is here, for a reason.
    Declined,
    /// The note was a question, and this is the answer.
    Explained,
}

/// One note and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Who made the note.
    pub by: &'a str,
    /// What the note says.
    pub note: &'a str,
    /// What became of it.
    pub answer: Answer,
    /// In the planner's words.
    pub text: &'a str,
}

/// The reply in the thread of a note.
#[must_use]
pub fn answer_note(number: u32, digest: &Digest, answer: Answer, text: &str) -> String {
    let text = block(text);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{} {}.{gap}{text}", verdict(answer), version(number, digest))
}

fn verdict(answer: Answer) -> &'static str {
    match answer {
        Answer::Done => "Done in",
        Answer::Declined => "Not changed in",
        Answer::Explained => "Answered with",
    }
}

/// What changed from one version to the next: the notes and their answers, and the difference of the texts, folded.
#[must_use]
pub fn version_summary(old: (u32, &str), new: (u32, &str), digest: &Digest, answers: &[Answered<'_>]) -> String {
    let mut parts = vec![format!("{} replaces v{}.", version(new.0, digest), old.0)];
    if !answers.is_empty() {
        parts.push(answers.iter().map(answered).collect::<Vec<_>>().join("\n"));
    }
    parts.push(difference(old, new));
    parts.join("\n\n") + "\n"
}

fn answered(answered: &Answered<'_>) -> String {
    let short: String = answered.note.chars().take(MAX_QUOTE).collect();
    let more = if short.len() < answered.note.len() { " …" } else { "" };
    let note = super::escape::inline(&short);
    let verdict = match answered.answer {
        Answer::Done => "done",
        Answer::Declined => "not changed",
        Answer::Explained => "answered",
    };
    let text = block(answered.text);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    item("- ", &format!("{}: {note}{more} — **{verdict}**{gap}{text}", code(answered.by)))
}

/// The difference between two versions' texts, folded.
#[must_use]
pub fn difference(old: (u32, &str), new: (u32, &str)) -> String {
    let (from, to) = (format!("v{}", old.0), format!("v{}", new.0));
    let diff = TextDiff::from_lines(old.1, new.1).unified_diff().context_radius(2).header(&from, &to).to_string();
    if diff.trim().is_empty() {
        return format!("The texts of {from} and {to} are the same.");
    }
    let changed = |sign: char| diff.lines().skip(2).filter(|line| line.starts_with(sign)).count() as u64;
    let size = format!("{} added, {} removed", many(changed('+'), "line"), changed('-'));
    if diff.chars().count() > MAX_DIFF {
        return format!("{size}: too much to show here. The plan pull request's commits show the difference.");
    }
    format!("<details><summary>What changed: {size}</summary>\n\n{}\n\n</details>", fence("diff", &diff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::command::parse;

    fn digest() -> Digest {
        Digest::from_bytes([0x3f; 32])
    }

    #[test]
    fn a_note_is_answered_with_its_version() {
        let said = answer_note(2, &digest(), Answer::Done, "Step `s2` keeps the flag.\n/approve");
        assert_eq!(parse(&said), None);
        insta::assert_snapshot!(said, @r"
        Done in `v2 · 3f3f3f3f3f3f`.

        Step `s2` keeps the flag.
        \/approve
        ");
        insta::assert_snapshot!(answer_note(2, &digest(), Answer::Declined, "It breaks @ann's tests."), @r"
        Not changed in `v2 · 3f3f3f3f3f3f`.

        It breaks `@ann's` tests.
        ");
        insta::assert_snapshot!(answer_note(2, &digest(), Answer::Explained, ""), @"Answered with `v2 · 3f3f3f3f3f3f`.");
    }

    #[test]
    fn a_new_version_says_what_changed_and_why() {
        let note = Answered { by: "ann", note: "Keep the flag", answer: Answer::Done, text: "It stays." };
        let said = version_summary((1, "a\nb\n```\n"), (2, "a\nc\n```\n"), &digest(), &[note]);
        assert_eq!(parse(&said), None);
        insta::assert_snapshot!(said, @r"
        `v2 · 3f3f3f3f3f3f` replaces v1.

        - `ann`: Keep the flag — **done**

          It stays.

        <details><summary>What changed: 1 line added, 1 removed</summary>

        ````diff
        --- v1
        +++ v2
        @@ -1,3 +1,3 @@
         a
        -b
        +c
         ```
        ````

        </details>
        ");
    }

    #[test]
    fn f43_a_difference_too_long_to_show_says_where_it_is() {
        let long = "x\n".repeat(60_000);
        insta::assert_snapshot!(difference((1, ""), (2, &long)), @"60,000 lines added, 0 removed: too much to show here. The plan pull request's commits show the difference.");
        insta::assert_snapshot!(difference((1, "a"), (2, "a")), @"The texts of v1 and v2 are the same.");
    }
}
