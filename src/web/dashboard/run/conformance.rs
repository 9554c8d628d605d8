//! How the work stands to the plan: the verdict over all, and one for each step and file.

use maud::{Markup, html};

use super::super::prose;
use crate::ids::RepoPath;
use crate::words::conformance::{headline, meaning_of};
use crate::worker::Built;
use crate::workflow::conformance::{FileReport, FileVerdict, SecondReading, StepReport, StepVerdict, Verdict};
use crate::workflow::plan::FileChange;

/// How many files are listed.
const MOST: usize = 200;

/// The verdicts on what was built.
pub(super) fn shown(built: &Built) -> Markup {
    let found = &built.conformance;
    let tone = match found.verdict {
        Verdict::AsPlanned => "good",
        Verdict::Differs => "waits",
        Verdict::FallsShort => "bad",
    };
    html! {
        section aria-labelledby="conformance" {
            h2 #conformance { "Conformance to v" (built.version) }
            p { span.badge.(tone) { (headline(found.verdict)) } }
            p { (meaning_of(found)) }
            ol.steps { @for one in &found.steps { (step(one)) } }
            @if !found.files.is_empty() { (files(&found.files)) }
            @if let Some(second) = &found.second { (remarks(second)) }
        }
    }
}

/// What a second model said of the work: its words are shown as text.
fn remarks(second: &SecondReading) -> Markup {
    html! {
        p.sub { "Read again by " code { (prose::visible(&second.by)) } }
        ul.acts {
            @for remark in second.remarks.iter().take(MOST) {
                li.waits {
                    @if !remark.place.is_empty() { div.line { code { (prose::visible(&remark.place)) } } }
                    div.sub { (prose::inline(&remark.text)) }
                }
            }
        }
    }
}

fn step(step: &StepReport) -> Markup {
    let (tone, said) = match step.verdict {
        StepVerdict::Done => ("good", "done"),
        StepVerdict::DoneDifferently => ("waits", "done differently"),
        StepVerdict::Claimed => ("waits", "claimed: no change proves it"),
        StepVerdict::NotDone => ("bad", "not done"),
        StepVerdict::NotPlanned => ("waits", "not planned"),
    };
    let different = [
        ("Unchanged: ", &step.missing),
        ("Not planned here: ", &step.extra),
        ("Changed in another step: ", &step.elsewhere),
        ("Changed in another way: ", &step.otherwise),
    ];
    html! {
        li.(tone) {
            div.line {
                @match &step.id {
                    Some(id) => { code { (prose::visible(id)) } span { (prose::inline(&step.title)) } },
                    None => span { "After the last step" },
                }
                span.state { (said) @if step.explained { ", with a reason" } }
            }
            @for (name, paths) in different { @if !paths.is_empty() { div.sub { (name) (list(paths)) } } }
        }
    }
}

fn list(paths: &[RepoPath]) -> Markup {
    html! { @for (at, path) in paths.iter().enumerate() { @if at > 0 { ", " } code { (prose::visible(path.as_str())) } } }
}

fn files(files: &[FileReport]) -> Markup {
    let word = |change: Option<FileChange>| match change {
        Some(FileChange::Create) => "create",
        Some(FileChange::Change) => "change",
        Some(FileChange::Delete) => "delete",
        None => "–",
    };
    let more = files.len().saturating_sub(MOST);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Planned and changed files" {
            table.small {
                thead { tr { th scope="col" { "File" } th scope="col" { "Planned" } th scope="col" { "Done" } } }
                tbody {
                    @for file in files.iter().take(MOST) {
                        tr {
                            th scope="row" { code { (prose::visible(file.path.as_str())) } }
                            td { (word(file.planned)) }
                            td {
                                (word(file.actual))
                                @match file.verdict {
                                    FileVerdict::PlannedAndChanged => {},
                                    FileVerdict::PlannedAndUntouched => span.sub { "untouched" },
                                    FileVerdict::Unplanned => span.sub { "not planned" },
                                }
                                @if !file.in_scope && file.actual.is_some() { span.badge.bad { "outside the scope" } }
                            }
                        }
                    }
                }
            }
        }
        @if more > 0 { p.sub { "And " (more) " more." } }
    }
}
