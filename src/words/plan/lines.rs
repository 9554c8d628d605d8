//! Which line of a plan's Markdown is which part of the plan, and the other way round.

use super::outline::{Section, items, lines, sections};
use crate::words::escape::text_of_code;
use crate::workflow::plan::Fault;
use crate::workflow::plan::revision::Part;

/// The part of the plan that a line of its text or file belongs to, counted from 1.
#[must_use]
pub fn part_at(markdown: &str, line: u32) -> Option<Part> {
    let lines = lines(markdown);
    let (_, titles) = sections(&lines, "## ");
    let title = titles.first().filter(|title| title.number <= line)?;
    let (_, parts) = sections(&title.lines, "### ");
    let Some(section) = parts.iter().rfind(|section| section.number <= line) else { return Some(Part::Title) };
    match section.heading {
        "Steps" => {
            let (_, steps) = sections(&section.lines, "#### ");
            let step = steps.iter().rfind(|step| step.number <= line)?;
            Some(Part::Step(text_of_code(step.heading)?.0))
        }
        heading => SECTIONS.iter().find(|(name, _)| *name == heading).and_then(|(_, field)| Part::named(field)),
    }
}

/// The line that a fault of a plan is about, or that of the nearest thing around it.
#[must_use]
pub fn line_of(markdown: &str, fault: &Fault) -> u32 {
    let lines = lines(markdown);
    let (_, titles) = sections(&lines, "## ");
    let Some(title) = titles.first() else { return 1 };
    let field = fault.at.split(['.', '[']).next().unwrap_or_default();
    let (_, parts) = sections(&title.lines, "### ");
    let name = SECTIONS.iter().find(|(_, known)| *known == field).map(|(name, _)| *name);
    let Some(section) = parts.iter().find(|section| Some(section.heading) == name) else { return title.number };
    let index = fault.at.split_once('[').and_then(|(_, rest)| rest.split_once(']')?.0.parse::<usize>().ok());
    index.and_then(|index| nth(section, index)).unwrap_or(section.number)
}

/// Where the nth step or item of a section begins.
fn nth(section: &Section<'_>, index: usize) -> Option<u32> {
    if section.heading == "Steps" {
        return sections(&section.lines, "#### ").1.get(index).map(|step| step.number);
    }
    // A pattern of the scope has no line of its own.
    let found = items(&section.lines).ok()?;
    found.get(index)?.first().map(|line| line.number)
}

/// The sections' headings and the fields they show.
const SECTIONS: [(&str, &str); 11] = [
    ("Goal", "goal"),
    ("Findings", "findings"),
    ("Approach", "approach"),
    ("Alternatives", "alternatives"),
    ("Steps", "steps"),
    ("Checks", "checks"),
    ("Scope", "scope"),
    ("Out of scope", "out_of_scope"),
    ("Risks", "risks"),
    ("Questions", "questions"),
    ("Estimate", "estimate"),
];
