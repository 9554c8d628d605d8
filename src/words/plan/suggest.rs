//! Suggestion blocks in comments on the plan file: found, applied to the lines they were made on, and judged.
//!
//! Promises: what is adopted is what the block says, in the place of exactly the lines that the comment hangs on; no model
//! has a say in it. All suggestions are taken together; where that makes no plan, one after the other in the order they
//! were made, and those that do not fit are refused with the reason.

use super::shown::BODY_STARTS;
use super::{part_at, read_plan};
use crate::ids::CommitSha;
use crate::workflow::plan::Plan;
use crate::workflow::plan::revision::Part;
use crate::workflow::run::{Lines, Note};

/// The version that suggestions are made on.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its text.
    pub text: &'a str,
    /// The commit that shows it.
    pub commit: &'a CommitSha,
}

/// What became of the notes of a burst that hold a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The plan with everything that was adopted.
    pub plan: Plan,
    /// Each suggestion, in the order they were made.
    pub answers: Vec<Taken>,
    /// The notes that hold none.
    pub rest: Vec<Note>,
}

/// What became of one suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The note's id.
    pub note: String,
    /// The answer, in a sentence.
    pub text: String,
    /// Whether it was adopted.
    pub done: bool,
    /// The names of the parts it stands in.
    pub changed: Vec<String>,
}

/// A suggestion that can be applied: lines of the plan's text, from 0, and what stands there instead.
#[derive(Debug, Clone)]
struct Edit<'a> {
    note: &'a Note,
    first: usize,
    last: usize,
    lines: Vec<&'a str>,
}

/// Adopts the suggestions among some notes.
#[must_use]
pub fn adopt(base: &Base<'_>, notes: &[Note]) -> Suggested {
    let old: Vec<&str> = base.text.trim_end_matches('\n').split('\n').collect();
    let (mut edits, mut refused, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        match edit(base, &old, note) {
            None => rest.push(note.clone()),
            Some(Ok(edit)) => edits.push(edit),
            Some(Err(why)) => refused.push((note, why)),
        }
    }
    let mut taken: Vec<Edit<'_>> = Vec::new();
    for edit in edits {
        match taken.iter().find(|other| edit.first <= other.last && other.first <= edit.last) {
            Some(other) => {
                let who = &other.note.by.login;
                refused.push((
                    edit.note,
                    format!("A suggestion by {who} for the same lines was made before and is taken."),
                ));
            }
            None => taken.push(edit),
        }
    }
    let plan = match applied(&old, &taken) {
        Ok(plan) => plan,
        Err(_) => one_by_one(base, &old, &mut taken, &mut refused),
    };
    let place = |note: &Note| notes.iter().position(|other| other.id == note.id);
    let mut answers: Vec<(Option<usize>, Taken)> = Vec::new();
    for edit in &taken {
        answers.push((place(edit.note), adopted(base, edit)));
    }
    for (note, why) in refused {
        let text = format!("{why} Nothing was changed for this.");
        answers.push((place(note), Taken { note: note.id.clone(), text, done: false, changed: vec![] }));
    }
    answers.sort_by_key(|(place, _)| *place);
    Suggested { plan, answers: answers.into_iter().map(|(_, answer)| answer).collect(), rest }
}

/// The part of the plan that a note stands at, where it was made on this version.
#[must_use]
pub fn place(base: &Base<'_>, note: &Note) -> Option<Part> {
    let on = note.on.as_ref().filter(|on| on.commit.as_ref() == Some(base.commit))?;
    part_at(base.text, on.last.checked_sub(BODY_STARTS - 1)?)
}

/// Takes what fits, in the order it was made.
fn one_by_one<'a>(
    base: &Base<'_>,
    old: &[&str],
    taken: &mut Vec<Edit<'a>>,
    refused: &mut Vec<(&'a Note, String)>,
) -> Plan {
    let mut plan = base.plan.clone();
    let mut fitting: Vec<Edit<'a>> = Vec::new();
    for edit in taken.drain(..) {
        let with: Vec<Edit<'_>> = fitting.iter().cloned().chain([edit.clone()]).collect();
        match applied(old, &with) {
            Ok(next) => {
                plan = next;
                fitting.push(edit);
            }
            Err(why) => refused.push((edit.note, format!("With it this is no sound plan: {why}."))),
        }
    }
    *taken = fitting;
    plan
}

/// The plan with these edits, or the first thing that is wrong with it.
fn applied(old: &[&str], edits: &[Edit<'_>]) -> Result<Plan, String> {
    let mut lines: Vec<&str> = Vec::new();
    for (at, line) in old.iter().enumerate() {
        match edits.iter().find(|edit| edit.first <= at && at <= edit.last) {
            Some(edit) if edit.first == at => lines.extend(&edit.lines),
            Some(_) => {}
            None => lines.push(line),
        }
    }
    read_plan(&(lines.join("\n") + "\n"), None)
        .map_err(|faults| faults.first().map_or_else(String::new, |fault| fault.what.clone()))
}

fn adopted(base: &Base<'_>, edit: &Edit<'_>) -> Taken {
    let mut changed: Vec<String> = Vec::new();
    for at in edit.first..=edit.last {
        let part = u32::try_from(at + 1).ok().and_then(|line| part_at(base.text, line));
        changed.extend(part.map(|part| part.to_string()));
    }
    changed.dedup();
    let more =
        if says_more(&edit.note.text) { " What stands beside it was not taken as a request of its own." } else { "" };
    Taken { note: edit.note.id.clone(), text: format!("Adopted as suggested.{more}"), done: true, changed }
}

/// The edit that a note asks for, or why it cannot be made; `None` where it holds no suggestion.
fn edit<'a>(base: &Base<'_>, old: &[&str], note: &'a Note) -> Option<Result<Edit<'a>, String>> {
    let mut blocks = suggestions(&note.text);
    let lines = blocks.pop()?;
    if !blocks.is_empty() {
        return Some(Err("It holds several suggestions for the same lines; please leave the one you want.".to_owned()));
    }
    let Some(on) = &note.on else {
        return Some(Err(
            "It does not stand on lines of the plan that are still there; please make it on the lines it is for."
                .to_owned(),
        ));
    };
    Some(range(base, old, on).map(|(first, last)| Edit { note, first, last, lines }))
}

fn range(base: &Base<'_>, old: &[&str], on: &Lines) -> Result<(usize, usize), String> {
    let outside =
        || "Only the plan's own words can be changed by a suggestion; these lines are not among them.".to_owned();
    let first = on.first.checked_sub(BODY_STARTS).ok_or_else(outside)? as usize;
    let last = on.last.checked_sub(BODY_STARTS).ok_or_else(outside)? as usize;
    let now = old.get(first..=last).filter(|_| first <= last);
    if on.commit.as_ref() != Some(base.commit)
        && now.is_none_or(|now| on.quoted.is_empty() || now.join("\n") != on.quoted)
    {
        return Err(
            "It was made on an older version, and these lines are others by now; please make it again on the newest."
                .to_owned(),
        );
    }
    now.map(|_| (first, last)).ok_or_else(outside)
}

/// The contents of the suggestion blocks of a comment, line by line.
fn suggestions(body: &str) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut open: Option<(Fence, bool)> = None;
    for line in body.lines() {
        match (&open, Fence::of(line)) {
            (Some((fence, _)), Some((end, ""))) if end.closes(*fence) => open = None,
            (Some((_, true)), _) => found.iter_mut().last().into_iter().for_each(|block| block.push(line)),
            (Some((_, false)), _) => {}
            (None, Some((fence, info))) => {
                let suggests = info.split_whitespace().next() == Some("suggestion");
                if suggests {
                    found.push(Vec::new());
                }
                open = Some((fence, suggests));
            }
            (None, None) => {}
        }
    }
    found
}

/// Whether a comment says anything beside its suggestion.
fn says_more(body: &str) -> bool {
    let before = body.lines().take_while(|line| Fence::of(line).is_none());
    let after = body.lines().rev().take_while(|line| Fence::of(line).is_none());
    before.chain(after).any(|line| !line.trim().is_empty())
}

/// The marks that open or close fenced code.
#[derive(Debug, Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// The fence that a line is, and what stands behind it.
    fn of(line: &str) -> Option<(Fence, &str)> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        let fits = line.len() - text.len() <= 3 && length >= 3 && (mark == '~' || !info.contains('`'));
        fits.then_some((Fence { mark, length }, info.trim()))
    }

    fn closes(self, open: Fence) -> bool {
        self.mark == open.mark && self.length >= open.length
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use proptest::prelude::*;

    use super::super::tests::plan;
    use super::super::{line_of, plan_body};
    use super::*;
    use crate::ids::{AccountKind, Person, ReviewCommentId, Timestamp, UserId};
    use crate::workflow::plan::Fault;
    use crate::workflow::plan::revision::changed;
    use crate::workflow::run::Thread;

    fn commit(digit: &str) -> CommitSha {
        digit.repeat(40).parse().unwrap()
    }

    /// The line of the plan file that begins with this.
    fn line(text: &str, start: &str) -> u32 {
        let at = text.lines().position(|line| line.starts_with(start)).unwrap();
        u32::try_from(at).unwrap() + BODY_STARTS
    }

    fn note(id: i64, body: &str, lines: (u32, u32)) -> Note {
        Note {
            id: format!("line-{id}"),
            by: Person { id: UserId(id), login: "bob".parse().unwrap(), kind: AccountKind::User },
            at: Timestamp(id),
            text: body.to_owned(),
            on: Some(Lines {
                path: None,
                first: lines.0,
                last: lines.1,
                quoted: String::new(),
                commit: Some(commit("a")),
            }),
            review: None,
            thread: Thread::Line(ReviewCommentId(id)),
        }
    }

    fn suggested(notes: &[Note]) -> Suggested {
        let (plan, commit) = (plan(), commit("a"));
        adopt(&Base { plan: &plan, text: &plan_body(&plan), commit: &commit }, notes)
    }

    fn block(text: &str) -> String {
        format!("```suggestion\n{text}\n```")
    }

    #[test]
    fn a_suggestion_is_taken_word_for_word_and_changes_nothing_else() {
        let text = plan_body(&plan());
        let at = line(&text, "- Scripts that rely");
        let taken = suggested(&[note(
            1,
            &format!("Clearer:\r\n{}\r\n", block("- Scripts that count.").replace('\n', "\r\n")),
            (at, at),
        )]);
        let expected = Plan { risks: vec!["Scripts that count.".to_owned()], ..plan() };
        assert_eq!((&taken.plan, &taken.rest), (&expected, &vec![]));
        let answer = &taken.answers[0];
        assert_eq!((answer.done, answer.changed.as_slice()), (true, &["risks".to_owned()][..]));
        insta::assert_snapshot!(answer.text, @"Adopted as suggested. What stands beside it was not taken as a request of its own.");
    }

    #[test]
    fn suggestions_that_are_a_plan_only_together_are_taken_together() {
        let text = plan_body(&plan());
        let (files, scope) = (line(&text, "Files:"), line(&text, "| May change"));
        let notes = [
            note(1, &block("Files: change `src/lines.rs`"), (files, files)),
            note(2, &block("| May change | `src/lines.rs` |"), (scope, scope)),
        ];
        let taken = suggested(&notes);
        assert!(taken.answers.iter().all(|answer| answer.done), "{:?}", taken.answers);
        assert_eq!(taken.plan.scope.paths, ["src/lines.rs"]);
        let alone = suggested(&notes[..1]);
        assert_eq!((alone.answers[0].done, alone.plan), (false, plan()));
        insta::assert_snapshot!(alone.answers[0].text, @"With it this is no sound plan: steps[0].files[0].path: src/lines.rs is outside the plan's scope. Nothing was changed for this.");
    }

    #[test]
    fn what_cannot_be_adopted_is_refused_with_the_reason_and_the_rest_is_taken() {
        let text = plan_body(&plan());
        let (goal, risk) = (line(&text, "### Goal") + 2, line(&text, "- Scripts"));
        let mut stale = note(4, &block("x"), (goal, goal));
        stale.on.as_mut().unwrap().commit = Some(commit("b"));
        let mut homeless = note(5, &block("x"), (goal, goal));
        homeless.on = None;
        let notes = [
            note(1, &block("- One."), (risk, risk)),
            note(2, &block("- Two."), (risk, risk)),
            note(3, &block("### Budget"), (goal, goal)),
            stale,
            homeless,
            note(6, &block("**Plan** `v9`"), (1, 1)),
            note(7, &[block("a"), block("b")].join("\n"), (goal, goal)),
            note(8, &block("### What approval grants"), (goal, goal)),
            note(9, "Only words, and ```suggestion``` in a line", (goal, goal)),
        ];
        let taken = suggested(&notes);
        assert_eq!(taken.plan, Plan { risks: vec!["One.".to_owned()], ..plan() });
        assert_eq!(taken.rest, [notes[8].clone()]);
        let told: Vec<String> =
            taken.answers.iter().map(|answer| format!("{} {}: {}", answer.note, answer.done, answer.text)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        line-1 true: Adopted as suggested.
        line-2 false: A suggestion by bob for the same lines was made before and is taken. Nothing was changed for this.
        line-3 false: With it this is no sound plan: a plan has no section "Budget". Nothing was changed for this.
        line-4 false: It was made on an older version, and these lines are others by now; please make it again on the newest. Nothing was changed for this.
        line-5 false: It does not stand on lines of the plan that are still there; please make it on the lines it is for. Nothing was changed for this.
        line-6 false: Only the plan's own words can be changed by a suggestion; these lines are not among them. Nothing was changed for this.
        line-7 false: It holds several suggestions for the same lines; please leave the one you want. Nothing was changed for this.
        line-8 false: A suggestion by bob for the same lines was made before and is taken. Nothing was changed for this.
        "#);
    }

    #[test]
    fn a_suggestion_on_an_older_version_is_taken_where_the_lines_are_still_the_same() {
        let text = plan_body(&plan());
        let at = line(&text, "- Scripts that rely");
        let mut old = note(1, &block("- Nothing."), (at, at));
        let on = old.on.as_mut().unwrap();
        (on.commit, on.quoted) = (Some(commit("b")), "- Scripts that rely on the old number.".to_owned());
        assert_eq!(suggested(&[old]).plan.risks, ["Nothing."]);
    }

    #[test]
    fn each_line_of_a_plan_is_known_for_the_part_it_is() {
        let text = plan_body(&plan());
        let parts: Vec<String> = (1..=u32::try_from(text.lines().count()).unwrap())
            .map(|line| part_at(&text, line).map_or_else(|| "none".to_owned(), |part| part.to_string()))
            .collect();
        let mut seen = parts.clone();
        seen.dedup();
        let expected = [
            "title",
            "goal",
            "findings",
            "approach",
            "alternatives",
            "none",
            "steps/s1",
            "checks",
            "scope",
            "risks",
            "estimate",
        ];
        assert_eq!(seen, expected);
        let at = |at: &str| line_of(&text, &Fault { at: at.to_owned(), what: String::new() });
        let line = |start: &str| line(&text, start) + 1 - BODY_STARTS;
        assert_eq!(at("steps[0].files[1].path"), line("#### `s1`"));
        assert_eq!(at("risks[0]"), line("- Scripts"));
        assert_eq!((at("scope.max_files"), at("title"), at("plan")), (line("### Scope"), 1, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What is adopted is what the text with the suggestion in it says, and nothing around it is touched.
        #[test]
        fn a_suggestion_is_the_same_as_editing_the_text(
            first in 0..60_usize,
            more in 0..3_usize,
            lines in proptest::collection::vec(
                prop_oneof!["[a-z `*#|>~-]{0,20}", "- [a-z]{1,9}", "### (Risks|Goal|Steps|Budget)", Just("> **Done when:** x".to_owned())],
                0..4,
            ),
        ) {
            let (plan, commit) = (plan(), commit("a"));
            let text = plan_body(&plan);
            let old: Vec<&str> = text.trim_end().lines().collect();
            let first = first % old.len();
            let last = (first + more).min(old.len() - 1);
            // A longer fence lets a suggestion hold fences itself.
            let body = format!("~~~~~~~~suggestion\n{}{}~~~~~~~~", lines.join("\n"), if lines.is_empty() { "" } else { "\n" });
            let file = |at: usize| u32::try_from(at).unwrap() + BODY_STARTS;
            let taken = adopt(&Base { plan: &plan, text: &text, commit: &commit }, &[note(1, &body, (file(first), file(last)))]);
            let edited: Vec<&str> =
                old[..first].iter().copied().chain(lines.iter().map(String::as_str)).chain(old[last + 1..].iter().copied()).collect();
            match read_plan(&(edited.join("\n") + "\n"), None) {
                Ok(by_hand) => {
                    prop_assert!(taken.answers[0].done);
                    prop_assert_eq!(&taken.plan, &by_hand);
                    let untouched = |part: &Part| !taken.answers[0].changed.contains(&part.to_string());
                    let reaches_further = lines.iter().any(|line| line.contains('#') || line.contains("```") || line.contains("~~~"));
                    let heading = old[first..=last].iter().any(|line| line.starts_with('#'));
                    if !reaches_further && !heading {
                        prop_assert!(!changed(&plan, &taken.plan).iter().any(untouched), "{:?}", taken.answers);
                    }
                }
                Err(_) => {
                    prop_assert!(!taken.answers[0].done);
                    prop_assert_eq!(&taken.plan, &plan);
                }
            }
        }
    }
}
