//! Where a version's text is shown: in the plan file and in the comment, with version and digest above it.

use super::made_from::{MadeFrom, made_from};
use super::plan_body;
use crate::ids::{CommitSha, Digest, IssueNumber, PullNumber, RepoPath};
use crate::words::deviation;
use crate::words::escape::{cell_code, code, fence, inline};
use crate::words::figures::{count, dollars, many};
use crate::words::place::Home;
use crate::words::spending::{PhaseCost, cost};
use crate::workflow::approval::{Rules, Separation};
use crate::workflow::command::Prefix;
use crate::workflow::terms::Terms;

/// How many characters a comment may have; GitHub takes 65,536, and the caller adds its marker (F43).
const MAX_COMMENT: usize = 60_000;
/// How many pieces of hidden text are listed, and how much of each is quoted, in characters.
const MAX_HIDDEN: usize = 10;
const MAX_EXCERPT: usize = 300;

/// The line of the plan file on which the plan's own words begin, from 1: below one line that names the version.
pub(super) const BODY_STARTS: u32 = 3;

/// One version.
#[derive(Debug, Clone, Copy)]
pub struct PlanFacts<'a> {
    /// What an approval covers.
    pub terms: &'a Terms,
    /// Its digest.
    pub digest: &'a Digest,
    /// The issue it is for.
    pub issue: IssueNumber,
    /// The repository.
    pub home: &'a Home,
    /// What it was made from.
    pub made_from: &'a MadeFrom,
}

/// How a version is put up for approval.
#[derive(Debug, Clone, Copy)]
pub struct Posting<'a> {
    /// The plan pull request.
    pub pull: PullNumber,
    /// The plan file.
    pub path: &'a RepoPath,
    /// The commit that holds it.
    pub commit: &'a CommitSha,
    /// Who may approve.
    pub rules: &'a Rules,
    /// What the planner did not get to read, because people do not see it either (T24, T25).
    pub hidden: &'a [Hidden],
    /// How commands are spelt here.
    pub prefix: &'a Prefix,
    /// What planning has cost so far.
    pub costs: &'a [PhaseCost],
    /// What the plan's own estimate of the execution costs at most, in millionths of a dollar, where prices are known.
    pub estimate: Option<u64>,
    /// Why work that was kept is not gone on from, where there is some.
    pub begins_anew: Option<&'a Anew>,
}

/// Why a version does not go on from work that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anew {
    /// The version stands on another commit of the base.
    Moved {
        /// The version whose work was kept.
        before: u32,
    },
    /// A person wanted another plan.
    Asked(Dropped),
}

/// Kept work that is not gone on from, because a person wanted another plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The version that it was done for.
    pub version: u32,
    /// Ids of the steps that were done.
    pub steps: Vec<String>,
    /// How many files it had changed; 0 if that was not counted.
    pub files: u64,
    /// How large these were.
    pub bytes: u64,
}

/// Something that was taken out of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Where: `the issue`, `comment 17`.
    pub place: String,
    /// What kind of thing.
    pub kind: HiddenKind,
    /// How many characters.
    pub characters: usize,
    /// Its beginning.
    pub excerpt: String,
}

/// Ways to put text where readers do not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenKind {
    /// Code points without a shape.
    InvisibleCharacters,
    /// An HTML comment, declaration or processing instruction.
    HtmlComment,
    /// Attributes of an HTML tag, or the content of one that is not shown.
    HtmlTag,
    /// The text, title and address of an image.
    Image,
    /// The title of a link, or a link without text.
    Link,
    /// A link reference definition.
    Definition,
}

/// The plan file: the text that is hashed, between the version above and what approval grants below.
#[must_use]
pub fn plan_file(facts: &PlanFacts<'_>) -> String {
    let issue = format!("[issue #{}]({})", facts.issue, facts.home.issue(facts.issue));
    format!(
        "{}\n\n{}\n{}{}\n",
        header(facts, &issue),
        facts.terms.text.trim_end_matches('\n'),
        granted(facts.terms),
        made_from(facts.made_from, facts.issue, facts.home)
    )
}

/// The comment that puts a version up for approval; at most 60,000 characters, whole or with the way to the rest.
#[must_use]
pub fn plan_comment(facts: &PlanFacts<'_>, posting: &Posting<'_>) -> String {
    let above = header(facts, &format!("#{}", facts.issue));
    let below = format!(
        "{}{}{}{}{}{}",
        granted(facts.terms),
        spent(facts.terms, posting),
        made_from(facts.made_from, facts.issue, facts.home),
        disclosed(posting.hidden),
        begins_anew(facts.terms, posting),
        how_to_go_on(facts, posting)
    );
    let whole = format!("{above}\n\n{}\n{below}", facts.terms.text.trim_end_matches('\n'));
    if whole.chars().count() <= MAX_COMMENT {
        return whole;
    }
    let short = format!("{above}\n\n{}\n{below}", outline(facts, posting));
    if short.chars().count() <= MAX_COMMENT {
        return short;
    }
    let (elsewhere, anew) = (elsewhere(facts, posting), begins_anew(facts.terms, posting));
    format!("{above}\n\n{elsewhere}\n\n{anew}{}", how_to_go_on(facts, posting))
}

/// `v1 · 3fa9c1d2e07b` as code.
pub(in crate::words) fn version(number: u32, digest: &Digest) -> String {
    code(&format!("v{number} · {}", digest.short()))
}

fn header(facts: &PlanFacts<'_>, issue: &str) -> String {
    let Terms { version: number, base_branch, base, .. } = facts.terms;
    let (branch, commit) = (code(base_branch.as_str()), code(base.short()));
    format!("**Plan** {} for {issue}, against {branch} at {commit}", version(*number, facts.digest))
}

/// What approval grants beyond the plan's own words.
fn granted(terms: &Terms) -> String {
    let budget = &terms.budget;
    let network = match terms.network.as_slice() {
        [] => "none".to_owned(),
        hosts => {
            let hosts: Vec<String> = hosts.iter().map(|host| cell_code(host)).collect();
            format!("none, but the set-up commands may fetch from {}", hosts.join(", "))
        }
    };
    let rows = [
        ("Tokens", count(budget.tokens)),
        ("Turns", count(u64::from(budget.turns))),
        ("Money", dollars(budget.micro_dollars)),
        ("Time", many(u64::from(budget.minutes), "minute")),
        ("Network", network),
        ("Planned by", cell_code(&terms.models.plan)),
        ("Executed by", cell_code(&terms.models.execute)),
    ];
    // What the repository's policy adds is under the digest as well, and so never left out.
    let cells = |texts: &[String], between| texts.iter().map(|text| cell_code(text)).collect::<Vec<_>>().join(between);
    let policy = [
        (
            "Run in the image",
            terms.image.as_ref().map(|image| cell_code(&format!("sha256:{image}"))).unwrap_or_default(),
        ),
        ("Set-up commands", cells(&terms.set_up, ", then ")),
        ("Protected by the policy", cells(&terms.protected, ", ")),
        ("Where the work leaves the plan", deviation::responses(&terms.responses)),
    ];
    let policy = policy.into_iter().filter(|(_, texts)| !texts.is_empty());
    let rows: Vec<String> =
        rows.into_iter().chain(policy).map(|(what, limit)| format!("| {what} | {limit} |")).collect();
    format!("\n### What approval grants\n\n| What | At most |\n| --- | --- |\n{}\n", rows.join("\n"))
}

/// What planning has cost, and what the execution is estimated to cost.
fn spent(terms: &Terms, posting: &Posting<'_>) -> String {
    let tokens = many(terms.plan.estimate.tokens, "token");
    let estimate = match posting.estimate {
        Some(most) => format!("The execution is estimated at {tokens}, which cost {} at most.", dollars(most)),
        None => format!("The execution is estimated at {tokens}; its model's price is not known."),
    };
    if posting.costs.is_empty() {
        return format!("\n### Cost\n\n{estimate}\n");
    }
    format!("\n### Cost\n\nSo far: {} {estimate}\n", cost(posting.costs))
}

fn disclosed(hidden: &[Hidden]) -> String {
    if hidden.is_empty() {
        return String::new();
    }
    let mut out = "\n### Hidden text in the input\n\nReaders do not see it on GitHub, so it was not used:\n".to_owned();
    for Hidden { place, kind, characters, excerpt } in hidden.iter().take(MAX_HIDDEN) {
        let size = many(*characters as u64, "character");
        let line = format!("\n- {} in {}, {size}:\n\n", hidden_kind(*kind), inline(place));
        out.push_str(&line);
        for line in fence("text", &excerpt.chars().take(MAX_EXCERPT).collect::<String>()).lines() {
            out.push_str("  ");
            out.push_str(line);
            out.push('\n');
        }
    }
    if hidden.len() > MAX_HIDDEN {
        let more = many((hidden.len() - MAX_HIDDEN) as u64, "more piece");
        out = format!("{out}\nAnd {more} of hidden text; the server's audit trail has them all.\n");
    }
    out
}

fn hidden_kind(kind: HiddenKind) -> &'static str {
    match kind {
        HiddenKind::InvisibleCharacters => "Invisible characters",
        HiddenKind::HtmlComment => "An HTML comment",
        HiddenKind::HtmlTag => "HTML that is not shown",
        HiddenKind::Image => "An image's text or address",
        HiddenKind::Link => "A link's title or a link without text",
        HiddenKind::Definition => "A link definition",
    }
}

/// What becomes of work that was kept, where this version cannot go on from it.
fn begins_anew(terms: &Terms, posting: &Posting<'_>) -> String {
    let (number, branch, base) = (terms.version, code(terms.base_branch.as_str()), code(terms.base.short()));
    let why = match posting.begins_anew {
        None => return String::new(),
        Some(Anew::Moved { before }) => format!(
            "What was done for v{before} was kept, and v{number} does not go on from it: {branch} has moved since, and \
             v{number} is written against {base}."
        ),
        Some(Anew::Asked(dropped)) => format!("{}.", deviation::dropped(dropped)),
    };
    format!("\n### The work begins anew\n\n{why} Once v{number} is approved, all of it is built and paid for again.\n")
}

fn how_to_go_on(facts: &PlanFacts<'_>, posting: &Posting<'_>) -> String {
    format!(
        "\n### What now\n\nRead it, then **approve** it with an approving review on #{pull}, or with this as a comment:\n\n{approve}\n\n\
         {who} To **change** it, comment on a line in #{pull}, request changes there, or {others}",
        pull = posting.pull,
        approve = fence("text", &posting.prefix.spell(&format!("approve {}", facts.digest.short()))),
        others = posting.prefix.tell("write `/revise` and what you want. `/reject` objects, `/cancel` ends it."),
        who = who_may(posting.rules),
    )
}

/// Whose approval is needed, in a sentence.
pub(in crate::words) fn who_may(rules: &Rules) -> String {
    let people = match rules.required {
        0 | 1 => format!("One {} must approve", whom(rules, "person")),
        more => format!("{more} {} must approve", whom(rules, "people")),
    };
    match rules.separation {
        Separation::Open => format!("{people}; it may be whoever asked for the plan."),
        Separation::TwoPerson => format!("{people}; not whoever asked for the plan."),
        Separation::Owners => {
            format!("{people}; not whoever asked for the plan, and the owners of the planned paths are among them.")
        }
        Separation::Auto => format!("{people}; not whoever asked for the plan, unless nobody else can write here."),
    }
}

fn whom(rules: &Rules, people: &str) -> String {
    match rules.approvers {
        None => format!("{people} with write access"),
        Some(_) => format!("{people} on this repository's list of approvers"),
    }
}

/// What stands in for a text that is too long for a comment.
fn outline(facts: &PlanFacts<'_>, posting: &Posting<'_>) -> String {
    let plan = &facts.terms.plan;
    let short = crate::workflow::plan::Plan {
        findings: Vec::new(),
        approach: String::new(),
        alternatives: Vec::new(),
        steps: Vec::new(),
        risks: Vec::new(),
        questions: Vec::new(),
        out_of_scope: Vec::new(),
        ..plan.clone()
    };
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("- {} · {}", code(&step.id), inline(&step.title))).collect();
    format!("{}\n\n{}\n### Steps\n\n{}\n", elsewhere(facts, posting), plan_body(&short), steps.join("\n"))
}

fn elsewhere(facts: &PlanFacts<'_>, posting: &Posting<'_>) -> String {
    format!(
        "This plan is too long for a comment. **An approval covers all of it**: read the whole in [the plan file]({}).",
        facts.home.file(posting.commit, posting.path)
    )
}
