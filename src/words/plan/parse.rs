//! Reads a plan back from its Markdown, as the core wrote it or as a person edited it.

use super::body::{DONE_WHEN, NOT_TAKEN};
use super::lines::line_of;
use super::outline::{Line, ParseFault, Section, items, lines, quote, sections, text};
use crate::words::escape::{text_of_code, text_of_inline};
use crate::workflow::plan::{Alternative, Check, Estimate, FileChange, Finding, Plan, PlanStep, PlannedFile, Scope};

/// Sections of the plan file and comment that are not the plan's own words.
const OURS: [&str; 5] = ["Cost", "What approval grants", "Made from", "Hidden text in the input", "What now"];

/// Reads a plan. What it says is not judged here: `Plan::faults` does that.
///
/// # Errors
/// When a section is unknown, stands twice or does not have its form; every fault with its line.
pub fn parse_plan(markdown: &str) -> Result<Plan, Vec<ParseFault>> {
    let lines = lines(markdown);
    let (_, mut titles) = sections(&lines, "## ");
    if titles.len() != 1 {
        let line = titles.get(1).map_or(1, |second| second.number);
        return Err(vec![ParseFault::new(line, "a plan has one title, a line that begins with `## `")]);
    }
    let title = titles.remove(0);
    let (before, sections) = sections(&title.lines, "### ");
    let mut reader = Reader { plan: empty(text_of_inline(title.heading)), faults: Vec::new(), seen: Vec::new() };
    if let Some(line) = before.iter().find(|line| !line.is_blank()) {
        reader
            .faults
            .push(ParseFault::new(line.number, "text below the title belongs into a section such as `### Goal`"));
    }
    for section in &sections {
        if let Err(fault) = reader.section(section) {
            reader.faults.push(fault);
        }
    }
    for needed in ["Scope", "Estimate"] {
        if !reader.seen.contains(&needed.to_owned()) {
            reader.faults.push(ParseFault::new(title.number, format!("the section `### {needed}` is missing")));
        }
    }
    if reader.faults.is_empty() { Ok(reader.plan) } else { Err(reader.faults) }
}

/// Reads a plan that a person wrote or edited, and judges it: what is returned may be published. `shown` is the plan file
/// it was edited from, if there is one; what stands there around the plan's own words may stay or go, and not change.
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub fn read_plan(markdown: &str, shown: Option<&str>) -> Result<Plan, Vec<ParseFault>> {
    let markdown = markdown.replace("\r\n", "\n");
    let all = lines(&markdown);
    let heading = |marker: &str, line: &Line<'_>| !line.in_code && line.text.starts_with(marker);
    let start = all.iter().position(|line| heading("## ", line)).unwrap_or(0);
    let end = all.iter().position(is_ours).unwrap_or(all.len());
    let mut faults = Vec::new();
    if let Some(line) = all[..start].iter().find(|line| !line.is_blank() && !line.text.starts_with("**Plan** `")) {
        faults.push(ParseFault::new(line.number, "nothing stands above the title, a line that begins with `## `"));
    }
    if let Some(line) = all.get(end)
        && shown.is_none_or(|shown| tail(&lines(shown)) != tail(&all))
    {
        let what =
            "what approval grants is set by the server's configuration; leave this part as it is, or leave it out";
        faults.push(ParseFault::new(line.number, what));
    }
    // What stands above is blanked, so that all lines keep their numbers.
    let own = all[start..end.max(start)].iter().map(|line| line.text);
    let own = std::iter::repeat_n("", start).chain(own).collect::<Vec<_>>().join("\n");
    let plan = match parse_plan(&own) {
        Ok(plan) => plan,
        Err(more) => {
            faults.extend(more);
            return Err(faults);
        }
    };
    faults.extend(
        plan.faults()
            .iter()
            .map(|fault| ParseFault::new(line_of(&own, fault), format!("{}: {}", fault.at, fault.what))),
    );
    if faults.is_empty() { Ok(plan) } else { Err(faults) }
}

/// What stands below the plan's own words.
fn tail<'a>(all: &[Line<'a>]) -> Vec<&'a str> {
    let first = all.iter().position(is_ours).unwrap_or(all.len());
    all[first..].iter().map(|line| line.text.trim_end()).filter(|text| !text.is_empty()).collect()
}

/// Whether a line is the heading of a section that is not the plan's own.
fn is_ours(line: &Line<'_>) -> bool {
    !line.in_code && line.text.strip_prefix("### ").is_some_and(|heading| OURS.contains(&heading.trim()))
}

fn empty(title: String) -> Plan {
    Plan {
        title,
        goal: String::new(),
        findings: Vec::new(),
        approach: String::new(),
        alternatives: Vec::new(),
        steps: Vec::new(),
        checks: Vec::new(),
        scope: Scope { paths: Vec::new(), max_files: 0, max_bytes: 0, dependencies: false, protected: false },
        out_of_scope: Vec::new(),
        risks: Vec::new(),
        questions: Vec::new(),
        estimate: Estimate { tokens: 0, minutes: 0 },
    }
}

struct Reader {
    plan: Plan,
    faults: Vec<ParseFault>,
    seen: Vec<String>,
}

impl Reader {
    fn section(&mut self, section: &Section<'_>) -> Result<(), ParseFault> {
        let name = section.heading;
        if OURS.contains(&name) {
            return Ok(());
        }
        if self.seen.contains(&name.to_owned()) {
            return Err(ParseFault::new(section.number, format!("the section {name:?} stands twice")));
        }
        self.seen.push(name.to_owned());
        let plan = &mut self.plan;
        match name {
            "Goal" => plan.goal = text(&section.lines),
            "Approach" => plan.approach = text(&section.lines),
            "Findings" => plan.findings = each(section, finding)?,
            "Alternatives" => plan.alternatives = each(section, alternative)?,
            "Checks" => plan.checks = each(section, check)?,
            "Out of scope" => plan.out_of_scope = each(section, |item| Ok(text(item)))?,
            "Risks" => plan.risks = each(section, |item| Ok(text(item)))?,
            "Questions" => plan.questions = each(section, |item| Ok(text(item)))?,
            "Scope" => plan.scope = scope(section)?,
            "Estimate" => plan.estimate = estimate(section)?,
            "Steps" => self.steps(section),
            other => return Err(ParseFault::new(section.number, format!("a plan has no section {other:?}"))),
        }
        Ok(())
    }

    fn steps(&mut self, section: &Section<'_>) {
        let (before, steps) = sections(&section.lines, "#### ");
        if let Some(line) = before.iter().find(|line| !line.is_blank()) {
            self.faults.push(ParseFault::new(line.number, "begin each step with a line such as #### `s1` · Title"));
        }
        for section in &steps {
            match step(section) {
                Ok(step) => self.plan.steps.push(step),
                Err(fault) => self.faults.push(fault),
            }
        }
    }
}

/// Reads each item of a section that is a list.
fn each<T>(section: &Section<'_>, read: impl Fn(&[Line<'_>]) -> Result<T, ParseFault>) -> Result<Vec<T>, ParseFault> {
    items(&section.lines)?.iter().map(|item| read(item)).collect()
}

fn finding(item: &[Line<'_>]) -> Result<Finding, ParseFault> {
    let (first, rest) = first(item)?;
    let bad =
        || ParseFault::new(first.number, "a finding begins with its place, such as `src/main.rs:12`, and a colon");
    let (place, behind) = text_of_code(first.text).ok_or_else(bad)?;
    let (path, line) = place.rsplit_once(':').ok_or_else(bad)?;
    let behind = behind.strip_prefix(':').ok_or_else(bad)?;
    let mut lines = vec![Line { text: behind.trim_start(), ..*first }];
    lines.extend_from_slice(rest);
    Ok(Finding { text: text(&lines), path: path.parse().map_err(|_| bad())?, line: line.parse().map_err(|_| bad())? })
}

fn alternative(item: &[Line<'_>]) -> Result<Alternative, ParseFault> {
    let (option, reason) = quote(item, NOT_TAKEN)?;
    Ok(Alternative { option: text(&option), reason })
}

fn check(item: &[Line<'_>]) -> Result<Check, ParseFault> {
    let (first, rest) = first(item)?;
    match text_of_code(first.text) {
        Some((command, behind)) if behind.trim().is_empty() && rest.iter().all(Line::is_blank) => Ok(Check { command }),
        Some(_) | None => Err(ParseFault::new(first.number, "a check is one command as code, such as `cargo test`")),
    }
}

fn first<'a, 'b>(item: &'b [Line<'a>]) -> Result<(&'b Line<'a>, &'b [Line<'a>]), ParseFault> {
    item.split_first().ok_or_else(|| ParseFault::new(1, "an item is empty"))
}

fn step(section: &Section<'_>) -> Result<PlanStep, ParseFault> {
    let bad = || ParseFault::new(section.number, "a step begins with its id as code and its title: #### `s1` · Title");
    let (id, title) = text_of_code(section.heading).ok_or_else(bad)?;
    let title = title.trim_start().strip_prefix('·').ok_or_else(bad)?;
    let at = section.lines.iter().position(|line| !line.is_blank()).unwrap_or(0);
    let files = section.lines.get(at).and_then(|line| Some((line, line.text.strip_prefix("Files:")?)));
    let Some((line, list)) = files else {
        return Err(ParseFault::new(
            section.number,
            "below a step's title stands `Files:` and what happens to which file",
        ));
    };
    let files = planned_files(list).ok_or_else(|| {
        ParseFault::new(
            line.number,
            "files are listed as create, change or delete and a path as code: change `src/main.rs`",
        )
    })?;
    let (what, verify) = quote(&section.lines[at + 1..], DONE_WHEN)?;
    Ok(PlanStep { id, title: text_of_inline(title), files, what: text(&what), verify })
}

fn planned_files(list: &str) -> Option<Vec<PlannedFile>> {
    let mut rest = list.trim();
    let mut files = Vec::new();
    if rest == "nothing" {
        return Some(files);
    }
    loop {
        let (word, behind) = rest.split_once(' ')?;
        let change = match word {
            "create" => FileChange::Create,
            "change" => FileChange::Change,
            "delete" => FileChange::Delete,
            _ => return None,
        };
        let (path, behind) = text_of_code(behind)?;
        files.push(PlannedFile { path: path.parse().ok()?, change });
        match behind.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return behind.trim().is_empty().then_some(files),
        }
    }
}

fn scope(section: &Section<'_>) -> Result<Scope, ParseFault> {
    let mut scope = empty(String::new()).scope;
    for line in section.lines.iter().filter(|line| !line.is_blank()) {
        let bad = |what: &str| ParseFault::new(line.number, what.to_owned());
        let row = line.text.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|'));
        let (name, limit) = row.and_then(|row| row.split_once('|')).ok_or_else(|| bad("the scope is a table"))?;
        let limit = limit.trim();
        match name.trim() {
            "What" | "---" => {}
            "May change" => {
                scope.paths = patterns(limit).ok_or_else(|| bad("paths stand as code, with commas between them"))?;
            }
            "Files" => scope.max_files = number(limit).ok_or_else(|| bad("`Files` is a number"))?,
            "Bytes" => scope.max_bytes = number(limit).ok_or_else(|| bad("`Bytes` is a number"))?,
            "Dependencies" => scope.dependencies = may(limit).ok_or_else(|| bad(MAY))?,
            "Protected files" => scope.protected = may(limit).ok_or_else(|| bad(MAY))?,
            other => return Err(ParseFault::new(line.number, format!("a scope has no row {other:?}"))),
        }
    }
    Ok(scope)
}

const MAY: &str = "this is either `may change` or `must not change`";

fn may(limit: &str) -> Option<bool> {
    match limit.trim_matches('*') {
        "may change" => Some(true),
        "must not change" => Some(false),
        _ => None,
    }
}

fn patterns(list: &str) -> Option<Vec<String>> {
    let list = list.replace("\\|", "|");
    let mut rest = list.as_str();
    let mut paths = Vec::new();
    if rest == "nothing" {
        return Some(paths);
    }
    loop {
        let (path, behind) = text_of_code(rest.trim_start())?;
        paths.push(path);
        match behind.trim_start().strip_prefix(',') {
            Some(more) => rest = more,
            None => return behind.trim().is_empty().then_some(paths),
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().replace(',', "").parse().ok()
}

fn estimate(section: &Section<'_>) -> Result<Estimate, ParseFault> {
    let said = text(&section.lines);
    let mut numbers = said.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let mut next = || numbers.next();
    let read = (next().and_then(number), next().and_then(number));
    match read {
        (Some(tokens), Some(minutes)) => Ok(Estimate { tokens, minutes }),
        (None | Some(_), _) => {
            Err(ParseFault::new(section.number, "an estimate reads: About 30,000 tokens and 5 minutes."))
        }
    }
}
