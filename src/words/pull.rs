//! Titles and bodies of the two pull requests of a run: the one that carries the plan, and the one that carries the work.
//!
//! Promises: the only closing keywords are ours, on the work, for the run's issue and those of its steps; what tools printed is folded, fenced and
//! never cut without saying so (F43).

use super::conformance;
use super::escape::{bare_line, block, code, fence};
use super::figures::{and, approvers, count};
use super::plan::version;
use super::spending::{PhaseCost, cost};
use crate::ids::{BranchName, CommitSha, Digest, IssueNumber, Login, Person, PullNumber, RepoPath, RunId, UserId};
use crate::workflow::command::Prefix;
use crate::workflow::conformance::Conformance;
use crate::workflow::plan::Plan;

/// How long a title may be, in characters; GitHub takes 256.
const MAX_TITLE: usize = 200;
/// How long a body may be, in characters; GitHub takes 65,536.
const MAX_BODY: usize = 60_000;
/// How much of a check's output is shown, in characters.
const MAX_OUTPUT: usize = 4_000;

/// How many files in conflict are named.
const MOST_CONFLICTS: usize = 10;

/// A title and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullText {
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// What the pull request with the work tells.
#[derive(Debug, Clone, Copy)]
pub struct PullFacts<'a> {
    /// The run.
    pub run: RunId,
    /// The issue that the work resolves.
    pub issue: IssueNumber,
    /// The plan that was executed.
    pub plan: &'a Plan,
    /// Its version.
    pub version: u32,
    /// Its digest.
    pub digest: &'a Digest,
    /// Where it was reviewed.
    pub plan_pull: PullNumber,
    /// Who approved it.
    pub approvers: &'a [Person],
    /// Who asked for it.
    pub requesters: &'a [UserId],
    /// How it stands to the plan.
    pub conformance: &'a Conformance,
    /// What the checks said.
    pub checks: &'a [CheckResult],
    /// The issues of the steps that are done.
    pub sub_issues: &'a [IssueNumber],
    /// What was done since about what people said of it, oldest first.
    pub follow_ups: &'a [DoneLater],
    /// What a merge would come to, where the base branch has moved on.
    pub trial: Option<&'a Trial>,
    /// What each phase has cost.
    pub costs: &'a [PhaseCost],
    /// The newest event of the server's log, and its hash.
    pub record: (i64, &'a str),
    /// How commands are spelt here.
    pub prefix: &'a Prefix,
}

/// A merge with the base branch that was made on trial and kept nowhere (F35).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The base branch.
    pub base: BranchName,
    /// Its newest commit.
    pub at: CommitSha,
    /// The files that both sides changed in ways that do not fit.
    pub conflicts: Vec<RepoPath>,
}

/// A commit that answers what people said of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneLater {
    /// The commit.
    pub commit: CommitSha,
    /// Who had said something.
    pub by: Vec<Login>,
    /// The files that it changed.
    pub files: Vec<RepoPath>,
    /// What was done, in the agent's words.
    pub summary: String,
}

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// The command.
    pub command: String,
    /// Its exit code before the work; `None` if it was not run or did not end.
    pub before: Option<i32>,
    /// Its exit code after the work; `None` if it did not end.
    pub after: Option<i32>,
    /// What it printed after the work, perhaps only the end of it.
    pub output: String,
}

/// The pull request that carries the plan. It holds for all versions: the file and the status comment tell the rest.
#[must_use]
pub fn plan_pull(issue: IssueNumber, issue_title: &str, path: &RepoPath, prefix: &Prefix) -> PullText {
    let title = format!("Plan for #{issue}: {}", bare_line(issue_title, MAX_TITLE));
    let body = format!(
        "This is the plan for #{issue}, as one file: {path}. Nothing is built before a person approves it.\n\n\
         - **Read** it under *Files changed*, or in the comment on #{issue}.\n\
         - **Change** it: comment on a line, request changes in a review, or {revise} Each note is answered. Other comments \
         change nothing.\n\
         - **Approve** it with an approving review here, or with {approve} and the digest that stands above the plan. \
         That approves exactly the version shown; any later change needs a new approval.\n\n\
         This pull request is never merged. When the work is done it is closed with a link to it. Where the run stands is \
         told by the status comment on #{issue}.\n",
        path = code(path.as_str()),
        revise = prefix.tell("write `/revise` and what you want."),
        approve = code(&prefix.spell("approve")),
    );
    PullText { title, body }
}

/// What is said when the plan pull request is closed.
#[must_use]
pub fn plan_pull_closed(pull: Option<PullNumber>) -> String {
    match pull {
        Some(pull) => format!("The plan was carried out in #{pull}, so this is closed. The plan stays readable here."),
        None => "The run has ended without a pull request, so this is closed. The plan stays readable here.".to_owned(),
    }
}

/// The pull request that carries the work.
#[must_use]
pub fn work_pull(facts: &PullFacts<'_>) -> PullText {
    let title = bare_line(&facts.plan.title, MAX_TITLE);
    let body = body(facts, MAX_OUTPUT);
    if body.chars().count() <= MAX_BODY {
        return PullText { title, body };
    }
    // What the agent says of its own work and what checks printed is what the audit trail tells as well.
    let shorter = Conformance { deviations: vec![], second: None, ..facts.conformance.clone() };
    let body = self::body(&PullFacts { conformance: &shorter, ..*facts }, 200);
    if body.chars().count() <= MAX_BODY {
        return PullText { title, body };
    }
    let body = format!(
        "{}\n\n{}\n\nThe full account of this run is too long for a description; {} prints it on the server.\n\n{}\n",
        opening(facts),
        conformance::section(facts.conformance),
        code(&format!("assentry run show {}", facts.run)),
        record(facts.record)
    );
    PullText { title, body }
}

fn opening(facts: &PullFacts<'_>) -> String {
    let steps: Vec<String> = facts.sub_issues.iter().map(|issue| format!("closes #{issue}")).collect();
    let steps = if steps.is_empty() { String::new() } else { format!(" With its steps it {}.", and(&steps)) };
    format!(
        "Closes #{issue}, as planned in #{plan}: {version}, approved by {approvers}, carried out by run {run}.{steps}",
        issue = facts.issue,
        plan = facts.plan_pull,
        version = version(facts.version, facts.digest),
        approvers = approvers(facts.approvers, facts.requesters),
        run = facts.run,
    )
}

fn body(facts: &PullFacts<'_>, output: usize) -> String {
    let mut parts = vec![opening(facts), block(&facts.plan.goal)];
    let found = facts.conformance;
    parts.push(conformance::section(found));
    parts.push(conformance::files_table(&found.files));
    parts.extend(conformance::deviations(&found.deviations));
    parts.extend(conformance::refusals(&found.refusals));
    parts.extend(conformance::second(found.second.as_ref()));
    parts.extend(done_since(facts.follow_ups));
    if !facts.checks.is_empty() {
        let checks: Vec<String> = facts.checks.iter().map(|check| self::check(check, output)).collect();
        parts.push(format!("### Checks\n\n{}", checks.join("\n\n")));
    }
    parts.extend(facts.trial.map(|found| trial(found, facts.prefix)));
    if !facts.costs.is_empty() {
        parts.push(format!("### Cost\n\n{}", cost(facts.costs)));
    }
    parts.push(what_now(facts.prefix));
    parts.push(record(facts.record));
    parts.join("\n\n") + "\n"
}

/// Where the server's log stood, so that one that was rewritten is found out.
fn record((event, hash): (i64, &str)) -> String {
    let command = code(&format!("assentry audit verify --at {event}:{hash}"));
    format!("### Record\n\nOn the server, {command} proves that nobody rewrote what led here.")
}

/// How a reviewer has something done about it.
fn what_now(prefix: &Prefix) -> String {
    let told = prefix.tell(
        "To have something mended, request changes in a review, comment on a line, or write `/fix` and what; each note is \
         answered. Other comments change nothing. `/update` merges the base branch in. Merging or closing this ends the run.",
    );
    format!("### What now\n\n{told}")
}

fn trial(Trial { base, at, conflicts }: &Trial, prefix: &Prefix) -> String {
    let (base, at) = (code(base.as_str()), code(at.short()));
    let mut help = String::new();
    let outcome = match &conflicts[..] {
        [] => "without a conflict".to_owned(),
        paths => {
            let named: Vec<String> = paths.iter().take(MOST_CONFLICTS).map(|path| code(path.as_str())).collect();
            let more = paths.len().saturating_sub(MOST_CONFLICTS);
            let more = if more > 0 { format!(" and {} more", count(more as u64)) } else { String::new() };
            help = prefix.tell(" `/update` merges it into this branch and settles what conflicts inside the scope.");
            format!("with conflicts in {}{more}", named.join(", "))
        }
    };
    format!("### Base\n\n{base} has moved on since this was begun. On trial it merged {outcome}, at {at}.{help}")
}

/// The commits that answer what people said of the work.
fn done_since(follow_ups: &[DoneLater]) -> Option<String> {
    let items: Vec<String> = follow_ups.iter().map(done_later).collect();
    (!items.is_empty()).then(|| format!("### Done since\n\n{}", items.join("\n")))
}

fn done_later(later: &DoneLater) -> String {
    let by: Vec<String> = later.by.iter().map(|login| code(login.as_str())).collect();
    let files: Vec<String> = later.files.iter().map(|path| code(path.as_str())).collect();
    let commit = code(later.commit.short());
    let text = format!("{commit} for {}, in {}\n\n{}", and(&by), and(&files), block(&later.summary));
    super::plan::item("- ", &text)
}

fn check(check: &CheckResult, most: usize) -> String {
    let CheckResult { command, before, after, output } = check;
    let verdict = match after {
        Some(0) => "✅ passed".to_owned(),
        Some(other) => format!("❌ failed with exit code {other}"),
        None => "❌ did not end".to_owned(),
    };
    let before = match before {
        Some(0) => ", passed before",
        Some(_) => ", failed before",
        None => "",
    };
    let length = output.chars().count();
    let shown: String = output.chars().skip(length.saturating_sub(most)).collect();
    let cut = length.saturating_sub(most);
    let summary = if cut == 0 {
        "Output".to_owned()
    } else {
        format!("Output, without its first {} characters", count(cut as u64))
    };
    // The fold is ours and holds nothing that was approved.
    let folded = if output.trim().is_empty() {
        String::new()
    } else {
        format!("\n\n<details><summary>{summary}</summary>\n\n{}\n\n</details>", fence("text", &shown))
    };
    format!("{} {verdict}{before}{folded}", code(command))
}

#[cfg(test)]
mod tests;
