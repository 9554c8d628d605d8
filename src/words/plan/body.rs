//! The plan's text: the sections in their order, those with nothing in them left out.

use crate::words::escape::{block, cell_code, code, inline};
use crate::words::figures::{count, many};
use crate::workflow::plan::{Alternative, FileChange, Finding, Plan, PlanStep, PlannedFile};

/// What the quote below a step says first.
pub(super) const DONE_WHEN: &str = "**Done when:** ";
/// What the quote below an alternative says first.
pub(super) const NOT_TAKEN: &str = "**Not taken:** ";

/// The plan as Markdown. This is the text that an approval's digest covers.
#[must_use]
pub fn plan_body(plan: &Plan) -> String {
    let Plan {
        title,
        goal,
        findings,
        approach,
        alternatives,
        steps,
        checks,
        scope: _,
        out_of_scope,
        risks,
        questions,
        estimate,
    } = plan;
    let checks: Vec<String> = checks.iter().map(|check| format!("- {}", code(&check.command))).collect();
    let estimate =
        format!("About {} and {}.", many(estimate.tokens, "token"), many(u64::from(estimate.minutes), "minute"));
    let mut parts = vec![format!("## {}", inline(title))];
    for (name, text) in [
        ("Goal", block(goal)),
        ("Findings", joined(findings.iter().map(finding), "\n")),
        ("Approach", block(approach)),
        ("Alternatives", joined(alternatives.iter().map(alternative), "\n")),
        ("Steps", joined(steps.iter().map(step), "\n\n")),
        ("Checks", checks.join("\n")),
        ("Scope", scope(plan)),
        ("Out of scope", joined(out_of_scope.iter().map(|text| item("- ", &block(text))), "\n")),
        ("Risks", joined(risks.iter().map(|text| item("- ", &block(text))), "\n")),
        ("Questions", joined(questions.iter().map(|text| item("- ", &block(text))), "\n")),
        ("Estimate", estimate),
    ] {
        if !text.is_empty() {
            parts.push(format!("### {name}\n\n{text}"));
        }
    }
    parts.join("\n\n") + "\n"
}

fn joined(items: impl Iterator<Item = String>, between: &str) -> String {
    items.collect::<Vec<_>>().join(between)
}

/// A list item whose further lines are indented below `marker`.
pub(in crate::words) fn item(marker: &str, text: &str) -> String {
    indented(marker, &" ".repeat(marker.len()), text)
}

/// `text` with `first` before its first line and `rest` before the others that are not empty.
fn indented(first: &str, rest: &str, text: &str) -> String {
    let mut out = first.to_owned();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
            out.push_str(if line.is_empty() { rest.trim_end() } else { rest });
        }
        out.push_str(line);
    }
    out
}

/// `label` and `text` in one paragraph, or in two where the text begins with fenced code or a list: these have to stand
/// at the beginning of a line to be what they are.
fn labelled(label: &str, text: &str) -> String {
    let apart =
        text.starts_with("```") || text.starts_with(['-', '*', '+']) || text.starts_with(|c: char| c.is_ascii_digit());
    if apart { format!("{}\n\n{text}", label.trim_end()) } else { format!("{label}{text}") }
}

fn quote(indent: &str, label: &str, text: &str) -> String {
    let prefix = format!("{indent}> ");
    indented(&prefix, &prefix, &labelled(label, text))
}

fn finding(finding: &Finding) -> String {
    let place = code(&format!("{}:{}", finding.path, finding.line));
    item("- ", &labelled(&format!("{place}: "), &block(&finding.text)))
}

fn alternative(other: &Alternative) -> String {
    format!("{}\n\n{}", item("- ", &block(&other.option)), quote("  ", NOT_TAKEN, &block(&other.reason)))
}

fn step(step: &PlanStep) -> String {
    format!("#### {} · {}\n\n{}", code(&step.id), inline(&step.title), work(step))
}

/// What a step says below its title.
pub(in crate::words) fn work(step: &PlanStep) -> String {
    let files: Vec<String> = step.files.iter().map(file).collect();
    let files = if files.is_empty() { "nothing".to_owned() } else { files.join(", ") };
    let done = quote("", DONE_WHEN, &block(&step.verify));
    format!("Files: {files}\n\n{}\n\n{done}", block(&step.what))
}

fn file(file: &PlannedFile) -> String {
    format!("{} {}", change(file.change), code(file.path.as_str()))
}

/// What happens to a file, in the imperative.
pub(in crate::words) fn change(change: FileChange) -> &'static str {
    match change {
        FileChange::Create => "create",
        FileChange::Change => "change",
        FileChange::Delete => "delete",
    }
}

fn scope(plan: &Plan) -> String {
    let scope = &plan.scope;
    let paths: Vec<String> = scope.paths.iter().map(|path| cell_code(path)).collect();
    let paths = if paths.is_empty() { "nothing".to_owned() } else { paths.join(", ") };
    let may = |yes: bool| if yes { "**may change**" } else { "must not change" };
    [
        "| What | Limit |".to_owned(),
        "| --- | --- |".to_owned(),
        format!("| May change | {paths} |"),
        format!("| Files | {} |", count(u64::from(scope.max_files))),
        format!("| Bytes | {} |", count(scope.max_bytes)),
        format!("| Dependencies | {} |", may(scope.dependencies)),
        format!("| Protected files | {} |", may(scope.protected)),
    ]
    .join("\n")
}
