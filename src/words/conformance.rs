//! How the work stands to the plan: the table in the pull request, and what the check beside the merge button says.
//!
//! Promises: each verdict in a word and with what is behind it; text that is not ours fills one cell and no more.

use super::escape::{block, cell_code, code, inline};
use super::figures::many;
use crate::ids::RepoPath;
use crate::workflow::conformance::{
    CheckReport, CheckVerdict, Conformance, FileReport, FileVerdict, Remark, SecondReading, StepReport, StepVerdict,
    Verdict,
};
use crate::workflow::deviation::{Deviation, DeviationKind, Refusal, Refusals};
use crate::workflow::plan::FileChange;

/// Paths that are named at most where something is said about several.
const MOST_PATHS: usize = 5;
/// Rows of a table at most.
const MOST_ROWS: usize = 100;
/// Refusals that are shown at most.
const MOST_REFUSALS: usize = 10;
/// How long the summary of a check may be, in bytes; GitHub takes 65,535.
const MAX_SUMMARY: usize = 60_000;

/// What a verdict means that the second reader gave.
const READ_SO: &str = "The second reader judges so; what it remarks is for a person to look at.";

/// What the check `assentry/conformance` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub summary: String,
}

/// The check's title and summary.
#[must_use]
pub fn report(found: &Conformance) -> Report {
    let (steps, files, checks) = (found.steps.len() as u64, found.files.len() as u64, found.checks.len() as u64);
    let sizes = format!("{}, {}, {}", many(steps, "step"), many(files, "file"), many(checks, "check"));
    let title = format!("{}: {sizes}", headline(found.verdict));
    let mut parts = vec![meaning_of(found).to_owned(), steps_table(found), files_table(&found.files)];
    parts.extend(checks_table(&found.checks));
    parts.extend(deviations(&found.deviations));
    parts.extend(refusals(&found.refusals));
    parts.extend(second(found.second.as_ref()));
    let summary = parts.join("\n\n") + "\n";
    if summary.len() <= MAX_SUMMARY {
        return Report { title, summary };
    }
    let shorter = format!(
        "{}\n\nThe full account is too long for a check; on the server {} prints it.\n",
        meaning_of(found),
        code("assentry run show NUMBER")
    );
    Report { title, summary: shorter }
}

/// The verdict and the table of steps, as a section of the pull request.
pub(super) fn section(found: &Conformance) -> String {
    let headline = headline(found.verdict);
    format!("### Conformance\n\n**{headline}.** {}\n\n{}", meaning_of(found), steps_table(found))
}

/// The verdict in a few words.
#[must_use]
pub fn headline(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsPlanned => "As planned",
        Verdict::Differs => "Differs from the plan",
        Verdict::FallsShort => "Falls short of the plan",
    }
}

/// What the verdict over all means. Where the second reader gave it, the usual meaning might be untrue.
#[must_use]
pub fn meaning_of(found: &Conformance) -> &'static str {
    let read_so = found.second.as_ref().is_some_and(|reading| reading.verdict == found.verdict);
    if read_so && found.verdict != Verdict::AsPlanned { READ_SO } else { meaning(found.verdict) }
}

fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsPlanned => "Every step changed the files that were planned and no others, and every check passed.",
        Verdict::Differs => {
            "Every check passed, and all that was planned is there or a reason is given for what is not. What is \
             different is for a person to judge."
        }
        Verdict::FallsShort => {
            "Something that was planned is missing without a reason, a check has not passed, or a file outside the scope \
             changed."
        }
    }
}

fn steps_table(found: &Conformance) -> String {
    let rows = found.steps.iter().map(step_row);
    table("| Step | Verdict | Different from the plan |\n| --- | --- | --- |", rows, "step")
}

fn step_row(step: &StepReport) -> String {
    let name = match &step.id {
        Some(id) if step.title.is_empty() => cell_code(id),
        Some(id) => format!("{} · {}", cell_code(id), cell(&step.title)),
        None => "After the last step".to_owned(),
    };
    let verdict = match step.verdict {
        StepVerdict::Done => "✅ done",
        StepVerdict::DoneDifferently => "🔶 done differently",
        StepVerdict::Claimed => "❓ claimed: no change proves it",
        StepVerdict::NotDone => "❌ not done",
        StepVerdict::NotPlanned => "➕ not planned",
    };
    let parts = [
        ("unchanged", &step.missing),
        ("not planned here", &step.extra),
        ("changed in another step", &step.elsewhere),
        ("changed in another way", &step.otherwise),
    ];
    let mut parts: Vec<String> = parts.iter().filter_map(|(what, paths)| named(what, paths)).collect();
    parts.extend(step.explained.then(|| "with a reason".to_owned()));
    format!("| {name} | {verdict} | {} |", parts.join("; "))
}

fn named(what: &str, paths: &[RepoPath]) -> Option<String> {
    let names: Vec<String> = paths.iter().take(MOST_PATHS).map(|path| cell_code(path.as_str())).collect();
    let more = paths.len().saturating_sub(MOST_PATHS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!paths.is_empty()).then(|| format!("{what}: {}{more}", names.join(", ")))
}

/// Planned against actual files.
pub(super) fn files_table(files: &[FileReport]) -> String {
    let word = |change: Option<FileChange>| change.map_or("–", super::plan::change);
    let row = |file: &FileReport| {
        let outside = if file.in_scope || file.actual.is_none() { "" } else { " **outside the scope**" };
        let mark = match file.verdict {
            FileVerdict::PlannedAndChanged => "",
            FileVerdict::PlannedAndUntouched => " (untouched)",
            FileVerdict::Unplanned => " (unplanned)",
        };
        let path = cell_code(file.path.as_str());
        format!("| {path} | {} | {}{mark}{outside} |", word(file.planned), word(file.actual))
    };
    let rows = files.iter().map(row);
    format!("### Files\n\n{}", table("| File | Planned | Actual |\n| --- | --- | --- |", rows, "file"))
}

fn checks_table(checks: &[CheckReport]) -> Option<String> {
    let row = |check: &CheckReport| {
        let verdict = match check.verdict {
            CheckVerdict::Passed => "✅ passed",
            CheckVerdict::Failed => "❌ failed",
            CheckVerdict::NotRun => "❌ not run",
        };
        let before = match check.passed_before {
            Some(true) => "passed",
            Some(false) => "failed",
            None => "–",
        };
        format!("| {} | {before} | {verdict} |", cell_code(&check.command))
    };
    let rows = table("| Check | Before | After |\n| --- | --- | --- |", checks.iter().map(row), "check");
    (!checks.is_empty()).then(|| format!("### Checks\n\n{rows}"))
}

/// What the agent declared.
pub(super) fn deviations(deviations: &[Deviation]) -> Option<String> {
    let kind = |kind| match kind {
        DeviationKind::Minor => "in a detail",
        DeviationKind::ExtraFile => "by another file",
        DeviationKind::NotNeeded => "because it is not needed",
        DeviationKind::NotPossible => "because it is not possible",
        DeviationKind::PlanIsWrong => "because the plan is wrong",
    };
    let one = |deviation: &Deviation| {
        let what = block(&format!("{}: {}", deviation.what, deviation.why));
        super::plan::item("- ", &format!("In {}, {}:\n\n{what}", code(&deviation.step), kind(deviation.kind)))
    };
    let items: Vec<String> = deviations.iter().map(one).collect();
    (!items.is_empty()).then(|| format!("### Deviations\n\n{}", items.join("\n")))
}

/// What the second reader says.
pub(super) fn second(reading: Option<&SecondReading>) -> Option<String> {
    let reading = reading?;
    let one = |remark: &Remark| {
        let place = if remark.place.is_empty() { String::new() } else { format!("{}: ", code(&remark.place)) };
        super::plan::item("- ", &format!("{place}{}", block(&remark.text)))
    };
    let remarks: Vec<String> = reading.remarks.iter().map(one).collect();
    let remarks = if remarks.is_empty() { "It has no remarks.".to_owned() } else { remarks.join("\n") };
    Some(format!(
        "### Second reader\n\n{} has read this as well, and can only lower the verdict. Its own: **{}**.\n\n{remarks}",
        code(&reading.by),
        headline(reading.verdict).to_lowercase()
    ))
}

/// What the agent tried and was not let do.
pub(super) fn refusals(refusals: &Refusals) -> Option<String> {
    let one = |refusal: &Refusal| {
        let what = if refusal.what.is_empty() { String::new() } else { format!(" {}", code(&refusal.what)) };
        let times = if refusal.times > 1 { format!(", {} times", refusal.times) } else { String::new() };
        format!("- {}{what}{times}: {}", code(&refusal.by), inline(&refusal.rule))
    };
    let shown = refusals.first.iter().take(MOST_REFUSALS);
    let told = shown.clone().fold(0, |told: u32, refusal| told.saturating_add(refusal.times));
    let mut lines: Vec<String> = shown.map(one).collect();
    let more = refusals.all.saturating_sub(told);
    lines.extend((more > 0).then(|| format!("- and {more} more")));
    let heading = "### Refused\n\nThe agent tried this and was not allowed to; nothing of it is in here.";
    (refusals.all > 0).then(|| format!("{heading}\n\n{}", lines.join("\n")))
}

fn table(head: &str, rows: impl ExactSizeIterator<Item = String>, noun: &str) -> String {
    let more = rows.len().saturating_sub(MOST_ROWS);
    let mut lines: Vec<String> = std::iter::once(head.to_owned()).chain(rows.take(MOST_ROWS)).collect();
    lines.extend(
        (more > 0).then(|| format!("\nAnd {} that are not shown.", many(more as u64, &format!("more {noun}")))),
    );
    lines.join("\n")
}

/// A line of text inside a table: no code, so that no `|` in it can end the cell.
fn cell(text: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for c in inline(&text.replace('`', "'")).chars() {
        if c == '|' && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;

    fn path(path: &str) -> RepoPath {
        path.parse().unwrap()
    }

    fn step(id: Option<&str>, title: &str, verdict: StepVerdict) -> StepReport {
        StepReport {
            id: id.map(str::to_owned),
            title: title.to_owned(),
            verdict,
            missing: vec![],
            extra: vec![],
            elsewhere: vec![],
            otherwise: vec![],
            explained: false,
        }
    }

    fn found() -> Conformance {
        let mut refusals = Refusals::default();
        refusals.add("edit", ".github/workflows/x.yml", "never, says @ann; fixes #9");
        refusals.add("edit", ".github/workflows/x.yml", "never, says @ann; fixes #9");
        let different = StepReport {
            missing: vec![path("README.md")],
            extra: (0..7).map(|n| path(&format!("src/{n}.rs"))).collect(),
            explained: true,
            ..step(Some("s2"), "Tell | the `a|b` <b>", StepVerdict::DoneDifferently)
        };
        let file = |name: &str, planned, actual, verdict| FileReport {
            path: path(name),
            planned,
            actual,
            verdict,
            in_scope: name != "x",
        };
        Conformance {
            verdict: Verdict::Differs,
            steps: vec![step(Some("s1"), "Do", StepVerdict::Done), different, step(None, "", StepVerdict::NotPlanned)],
            files: vec![
                file("README.md", Some(FileChange::Change), None, FileVerdict::PlannedAndUntouched),
                file("x", None, Some(FileChange::Create), FileVerdict::Unplanned),
            ],
            checks: vec![CheckReport {
                command: "a | b".to_owned(),
                verdict: CheckVerdict::Passed,
                passed_before: Some(false),
            }],
            deviations: vec![Deviation {
                step: "s2".to_owned(),
                kind: DeviationKind::Minor,
                what: "Not /approve".to_owned(),
                why: "closes #8".to_owned(),
            }],
            refusals,
            second: None,
        }
    }

    #[test]
    fn the_check_tells_each_verdict_and_what_is_behind_it() {
        let Report { title, summary } = report(&found());
        insta::assert_snapshot!(format!("{title}\n\n{summary}"), @r"
        Differs from the plan: 3 steps, 2 files, 1 check

        Every check passed, and all that was planned is there or a reason is given for what is not. What is different is for a person to judge.

        | Step | Verdict | Different from the plan |
        | --- | --- | --- |
        | `s1` · Do | ✅ done |  |
        | `s2` · Tell \| the 'a\|b' \<b> | 🔶 done differently | unchanged: `README.md`; not planned here: `src/0.rs`, `src/1.rs`, `src/2.rs`, `src/3.rs`, `src/4.rs` and 2 more; with a reason |
        | After the last step | ➕ not planned |  |

        ### Files

        | File | Planned | Actual |
        | --- | --- | --- |
        | `README.md` | change | – (untouched) |
        | `x` | – | create (unplanned) **outside the scope** |

        ### Checks

        | Check | Before | After |
        | --- | --- | --- |
        | `a \| b` | failed | ✅ passed |

        ### Deviations

        - In `s2`, in a detail:

          Not /approve: closes `#8`

        ### Refused

        The agent tried this and was not allowed to; nothing of it is in here.

        - `edit` `.github/workflows/x.yml`, 2 times: never, says `@ann`; fixes `#9`
        ");
    }

    #[test]
    fn t22_a_title_fills_one_cell() {
        for title in ["a | b", "`a | b`", "\\| x", "http://x/|y", "a\n| b |", "@ann|@bob"] {
            let row = step_row(&step(Some("s1"), title, StepVerdict::Done));
            let bars = row.char_indices().filter(|(at, c)| *c == '|' && !row[..*at].ends_with('\\'));
            assert_eq!((bars.count(), row.lines().count()), (4, 1), "{row}");
        }
    }

    #[test]
    fn f43_a_long_account_fits_and_says_what_it_leaves_out() {
        let mut long = found();
        long.steps = vec![long.steps[1].clone(); 300];
        let summary = report(&long).summary;
        assert!(summary.contains("And 200 more steps that are not shown."), "{summary}");
        long.deviations = vec![Deviation { what: "x".repeat(1_000), ..long.deviations[0].clone() }; 100];
        assert!(report(&long).summary.len() < MAX_SUMMARY);
    }
}
