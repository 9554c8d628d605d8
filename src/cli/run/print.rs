//! A run as lines for a terminal. Text that is not ours is cleaned: none of it moves a cursor or sets a colour.

use crate::agent::text::visible;
use crate::ids::{RepoPath, Timestamp};
use crate::words::ended_as;
use crate::words::history::{Did, PastAct, PastVersion, Verdict as ActVerdict};
use crate::worker::{Account, Execution, Overview};
use crate::workflow::conformance::{CheckVerdict, Conformance, StepReport, StepVerdict, Verdict};
use crate::workflow::plan::FileChange;
use crate::workflow::run::Outcome;

/// The whole account.
pub(super) fn account(account: &Account) -> String {
    let Account { overview, requester, versions, acts, execution, costs, links } = account;
    let mut lines = vec![
        format!("Run {} · {}#{} · {}", overview.run, overview.repository, overview.issue, state(overview)),
        format!("  {}", line(&overview.title, 200)),
        format!(
            "  asked for by {requester}, {} UTC; moved last {} UTC",
            time(overview.opened_at),
            time(overview.updated_at)
        ),
    ];
    section(&mut lines, "Versions", versions.iter().map(version));
    section(&mut lines, "Decisions", acts.iter().map(act));
    if let Some(execution) = execution {
        executed(&mut lines, execution);
    }
    let cost = |cost: &crate::worker::Cost| {
        let (calls, input, cached) = (cost.calls, cost.input_tokens, cost.cached_tokens);
        let (output, mut money) = (cost.output_tokens, dollars(cost.micro_dollars));
        if cost.calls_without_price > 0 {
            money = format!("{money} and {} calls without a known price", cost.calls_without_price);
        }
        let what = format!("{} ({})", cost.phase, cost.model);
        format!("{what}: {calls} calls, {input} tokens in ({cached} cached), {output} out, {money}")
    };
    section(&mut lines, "Cost", costs.iter().map(cost));
    let links = [("issue", Some(&links.issue)), ("plan", links.plan_pull.as_ref()), ("work", links.pull.as_ref())];
    section(&mut lines, "Links", links.iter().filter_map(|(what, link)| link.map(|link| format!("{what}: {link}"))));
    lines.join("\n") + "\n"
}

fn executed(lines: &mut Vec<String>, execution: &Execution) {
    let Execution { version, finished, conformance, checks: _, summary } = execution;
    let Conformance { verdict, steps, files, checks, deviations, refusals, second } = conformance;
    let finished = if *finished { "" } else { ", stopped before its end" };
    let verdict = match verdict {
        Verdict::AsPlanned => "as planned",
        Verdict::Differs => "differs from the plan",
        Verdict::FallsShort => "falls short of the plan",
    };
    lines.push(String::new());
    lines.push(format!("Conformance of v{version}{finished}: {verdict}"));
    lines.extend(steps.iter().map(|one| format!("  {}", step(one))));
    let file = |file: &crate::workflow::conformance::FileReport| {
        let outside = if file.in_scope { "" } else { ", outside the scope" };
        format!("{}: planned {}, actual {}{outside}", file.path, word(file.planned), word(file.actual))
    };
    if let Some(second) = second {
        lines.push(format!("Read again by {}", line(&second.by, 80)));
        let remark = |remark: &crate::workflow::conformance::Remark| {
            format!("{} {}", line(&remark.place, 120), line(&remark.text, 300))
        };
        section(lines, "Remarks", second.remarks.iter().map(remark));
    }
    section(lines, "Files", files.iter().map(file));
    let check = |check: &crate::workflow::conformance::CheckReport| {
        let verdict = match check.verdict {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Failed => "failed",
            CheckVerdict::NotRun => "not run",
        };
        let before = match check.passed_before {
            Some(true) => ", passed before",
            Some(false) => ", failed before",
            None => "",
        };
        format!("{}: {verdict}{before}", line(&check.command, 120))
    };
    section(lines, "Checks", checks.iter().map(check));
    let deviation = |deviation: &crate::workflow::deviation::Deviation| {
        format!("{}: {} ({})", line(&deviation.step, 40), line(&deviation.what, 300), line(&deviation.why, 300))
    };
    section(lines, "Deviations", deviations.iter().map(deviation));
    let refusal = |refusal: &crate::workflow::deviation::Refusal| {
        let times = if refusal.times > 1 { format!(" ({} times)", refusal.times) } else { String::new() };
        format!("{} {}{times}: {}", line(&refusal.by, 40), line(&refusal.what, 120), line(&refusal.rule, 200))
    };
    let more = refusals.uncounted();
    let more = (more > 0).then(|| format!("and {more} more"));
    section(lines, "Refused", refusals.first.iter().map(refusal).chain(more));
    section(lines, "The agent's own words", summary.lines().map(|text| line(text, 2_000)));
}

fn step(step: &StepReport) -> String {
    let verdict = match step.verdict {
        StepVerdict::Done => "done",
        StepVerdict::DoneDifferently => "done differently",
        StepVerdict::Claimed => "claimed",
        StepVerdict::NotDone => "not done",
        StepVerdict::NotPlanned => "not planned",
    };
    let parts = [
        ("unchanged", &step.missing),
        ("not planned here", &step.extra),
        ("changed in another step", &step.elsewhere),
        ("changed in another way", &step.otherwise),
    ];
    let paths = |paths: &[RepoPath]| paths.iter().map(RepoPath::as_str).collect::<Vec<_>>().join(", ");
    let parts = parts.iter().filter(|(_, list)| !list.is_empty());
    let mut more: Vec<String> = parts.map(|(what, list)| format!("{what}: {}", paths(list))).collect();
    more.extend(step.explained.then(|| "with a reason".to_owned()));
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    let id = step.id.as_deref().unwrap_or("after the last step");
    format!("{} {}: {verdict}{more}", line(id, 40), line(&step.title, 100))
}

fn version(version: &PastVersion) -> String {
    let asked: Vec<&str> = version.asked.iter().map(crate::ids::Login::as_str).collect();
    let asked = if asked.is_empty() { String::new() } else { format!(", asked for by {}", asked.join(", ")) };
    let changes = line(&version.changes, 300);
    let changes = if changes.is_empty() { changes } else { format!(": {changes}") };
    format!("v{} {} {} UTC{asked}{changes}", version.version, version.digest, time(version.at))
}

fn act(act: &PastAct) -> String {
    let did = match act.did {
        Did::Approved => "approved",
        Did::Objected => "objected",
        Did::TookBack => "took back what they had said",
        Did::Lifted => "set an objection aside",
    };
    let verdict = match &act.verdict {
        ActVerdict::Open => "not judged".to_owned(),
        ActVerdict::Counted { version, self_approved: false } => format!("counted for v{version}"),
        ActVerdict::Counted { version, self_approved: true } => format!("counted for v{version}, self-approved"),
        ActVerdict::Refused { reason } => format!("refused: {}", name_of(reason)),
        ActVerdict::Voided { how } => format!("void: {}", name_of(how)),
    };
    format!("{} {} {did}: {verdict}", time(act.at), act.by)
}

/// The name that a value has in JSON.
fn name_of(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().or_else(|| value["code"].as_str()).unwrap_or("see --json").to_owned()
}

/// Where a run stands, and how it ended.
pub(in crate::cli) fn state(run: &Overview) -> String {
    match &run.outcome {
        None => match run.pull {
            Some(pull) => format!("{} in #{pull}", run.phase),
            None => run.phase.clone(),
        },
        Some(outcome @ Outcome::Done { pull, .. }) => format!("{}, #{pull}", ended_as(outcome)),
        Some(outcome) => ended_as(outcome).to_owned(),
    }
}

fn word(change: Option<FileChange>) -> &'static str {
    match change {
        None => "nothing",
        Some(FileChange::Create) => "create",
        Some(FileChange::Change) => "change",
        Some(FileChange::Delete) => "delete",
    }
}

fn section(lines: &mut Vec<String>, name: &str, items: impl Iterator<Item = String>) {
    let before = lines.len();
    lines.extend(items.map(|item| format!("  {item}")));
    if lines.len() > before {
        lines.splice(before..before, [String::new(), name.to_owned()]);
    }
}

/// Millionths of a dollar as dollars and cents, rounded up.
pub(in crate::cli) fn dollars(micro: i64) -> String {
    let cents = u64::try_from(micro).unwrap_or(0).div_ceil(10_000);
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// To the minute.
pub(in crate::cli) fn time(at: Timestamp) -> String {
    let text = at.to_rfc3339().replace('T', " ");
    text.get(..16).unwrap_or(&text).to_owned()
}

/// A stranger's text as one line without anything that a terminal acts on.
pub(in crate::cli) fn line(text: &str, most: usize) -> String {
    let text = visible(text).text;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Rows as columns, each as wide as its widest cell.
pub(in crate::cli) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_one_line_that_does_nothing_to_a_terminal() {
        assert_eq!(line("a\u{1b}[31mred\u{7}\nb \u{202e}c", 80), "a[31mred b c");
        assert_eq!(line(&"x".repeat(50), 10), "xxxxxxxxx…");
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [["RUN", "TITLE"], ["1200", "a"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "RUN   TITLE\n1200  a\n");
    }
}
