//! What is said about a new version: the answer to each note, and what changed since the version before.

use similar::TextDiff;

use super::escape::{block, code, fence, quoted};
use super::figures::{and, many};
use super::plan::{ParseFault, item, version};
use crate::ids::{CommitSha, Digest, Person};

/// How much of the difference is shown, in characters.
const MAX_DIFF: usize = 40_000;
/// How much of a note is quoted back, in characters.
const MAX_QUOTE: usize = 200;
/// How many faults of a plan are told.
const MAX_FAULTS: usize = 20;

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
#[derive(Debug, Clone)]
pub struct Answered<'a> {
    /// Who made the note.
    pub by: &'a str,
    /// The note's address, of our own making; empty where it has none.
    pub link: String,
    /// What the note says.
    pub note: &'a str,
    /// What became of it.
    pub answer: Answer,
    /// In the planner's words.
    pub text: &'a str,
    /// The parts of the plan that it changed.
    pub changed: &'a [String],
}

/// What is told of a new version.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The person who wrote it, where no model did.
    pub by: Option<&'a str>,
    /// What is different, in one line of the model's; may be empty.
    pub changes: &'a str,
    /// The notes it answers.
    pub answers: &'a [Answered<'a>],
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

/// The reply in the thread of a note that led to no new version.
#[must_use]
pub fn answer_kept(number: u32, digest: &Digest, text: &str) -> String {
    let text = block(text);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{} stays as it is.{gap}{text}", version(number, digest))
}

/// The same where there is no thread: the answer names who it is for and what it answers.
#[must_use]
pub fn answer_in_public(by: &Person, link: &str, answer: &str) -> String {
    let note = if link.is_empty() { "your note".to_owned() } else { format!("[your note]({link})") };
    format!("@{}, about {note}: {answer}", by.login)
}

/// What changed from one version to the next: the notes and their answers, and the difference of the texts, folded.
#[must_use]
pub fn version_summary(old: (u32, &str), new: (u32, &str), digest: &Digest, told: &Told<'_>) -> String {
    let by = told.by.map_or_else(String::new, |by| format!(" It was written by {}.", code(by)));
    let changes = super::escape::inline(told.changes);
    let changes = if changes.is_empty() { changes } else { format!(" {changes}") };
    let mut parts = vec![format!("{} replaces v{}.{by}{changes}", version(new.0, digest), old.0)];
    if !told.answers.is_empty() {
        parts.push(told.answers.iter().map(answered).collect::<Vec<_>>().join("\n"));
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
    let by = code(answered.by);
    let by = if answered.link.is_empty() { by } else { format!("[{by}]({})", answered.link) };
    let parts: Vec<String> = answered.changed.iter().map(|part| code(part)).collect();
    let parts = if parts.is_empty() { String::new() } else { format!(", {}", and(&parts)) };
    let text = block(answered.text);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    item("- ", &format!("{by}: {note}{more} — **{verdict}**{parts}{gap}{text}"))
}

/// What is wrong with a plan, line by line; at most so many that it can be read.
#[must_use]
pub(in crate::words) fn faults(faults: &[ParseFault]) -> String {
    let line = |fault: &ParseFault| format!("- line {}: {}", fault.line, quoted(&fault.what));
    let mut lines: Vec<String> = faults.iter().take(MAX_FAULTS).map(line).collect();
    if faults.len() > MAX_FAULTS {
        lines.push(format!("- and {} more", faults.len() - MAX_FAULTS));
    }
    lines.join("\n")
}

/// What is wrong with a pushed plan, for each line that something is wrong with.
#[must_use]
pub fn on_lines(faults: &[ParseFault]) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, Vec<String>)> = Vec::new();
    for fault in faults.iter().take(MAX_FAULTS) {
        match lines.iter_mut().find(|(line, _)| *line == fault.line) {
            Some((_, texts)) => texts.push(quoted(&fault.what)),
            None => lines.push((fault.line, vec![quoted(&fault.what)])),
        }
    }
    lines
        .into_iter()
        .map(|(line, texts)| (line, format!("This line keeps the plan from being adopted: {}", texts.join("; "))))
        .collect()
}

/// Says that a pushed plan is not adopted; what is wrong stands on its lines.
#[must_use]
pub fn push_refused(by: &Person, head: &CommitSha, faults: usize) -> String {
    let things = many(faults as u64, "thing");
    let be = if faults == 1 { "is" } else { "are" };
    format!(
        "@{}, the plan in {} is not adopted: {things} in it {be} not sound, as said on the lines. The version before is published anew; please push again on top of it.",
        by.login,
        code(head.short())
    )
}

/// The same with everything in one comment, where the lines cannot be commented on.
#[must_use]
pub fn push_refused_whole(by: &Person, head: &CommitSha, wrong: &[ParseFault]) -> String {
    format!(
        "@{}, the plan in {} is not adopted:\n\n{}\n\nThe version before is published anew; please push again on top of it.",
        by.login,
        code(head.short()),
        faults(wrong)
    )
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
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;
    use crate::ids::{AccountKind, UserId};
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
        let note = Answered {
            by: "ann",
            link: "https://github.com/acme/widgets/pull/43#discussion_r7".to_owned(),
            note: "Keep the flag",
            answer: Answer::Done,
            text: "It stays.",
            changed: &["steps/s2".to_owned(), "scope".to_owned()],
        };
        let told = Told { by: None, changes: "The flag stays. /approve", answers: &[note] };
        let said = version_summary((1, "a\nb\n```\n"), (2, "a\nc\n```\n"), &digest(), &told);
        assert_eq!(parse(&said), None);
        insta::assert_snapshot!(said, @r"
        `v2 · 3f3f3f3f3f3f` replaces v1. The flag stays. /approve

        - [`ann`](https://github.com/acme/widgets/pull/43#discussion_r7): Keep the flag — **done**, `steps/s2` and `scope`

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
    fn a_note_without_a_version_and_a_refused_push_are_answered() {
        let bob = Person { id: UserId(7), login: "bob".parse().unwrap(), kind: AccountKind::User };
        let kept = answer_kept(2, &digest(), "It breaks `tests/run.sh:3`.");
        insta::assert_snapshot!(answer_in_public(&bob, "https://github.com/a/b/issues/1#issuecomment-3", &kept), @r"
        @bob, about [your note](https://github.com/a/b/issues/1#issuecomment-3): `v2 · 3f3f3f3f3f3f` stays as it is.

        It breaks `tests/run.sh:3`.
        ");
        let head: CommitSha = "ab".repeat(20).parse().unwrap();
        let fault = |line, what: &str| ParseFault { line, what: what.to_owned() };
        let wrong = [fault(4, "one"), fault(9, "two"), fault(4, "three")];
        insta::assert_snapshot!(push_refused(&bob, &head, 3), @"@bob, the plan in `ababababab` is not adopted: 3 things in it are not sound, as said on the lines. The version before is published anew; please push again on top of it.");
        insta::assert_snapshot!(push_refused_whole(&bob, &head, &wrong), @r"
        @bob, the plan in `ababababab` is not adopted:

        - line 4: one
        - line 9: two
        - line 4: three

        The version before is published anew; please push again on top of it.
        ");
        let lines = on_lines(&wrong).into_iter().map(|(line, text)| format!("{line}: {text}")).collect::<Vec<_>>();
        insta::assert_snapshot!(lines.join("\n"), @r"
        4: This line keeps the plan from being adopted: one; three
        9: This line keeps the plan from being adopted: two
        ");
    }

    #[test]
    fn f43_a_difference_too_long_to_show_says_where_it_is() {
        let long = "x\n".repeat(60_000);
        insta::assert_snapshot!(difference((1, ""), (2, &long)), @"60,000 lines added, 0 removed: too much to show here. The plan pull request's commits show the difference.");
        insta::assert_snapshot!(difference((1, "a"), (2, "a")), @"The texts of v1 and v2 are the same.");
    }
}
