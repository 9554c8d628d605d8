//! Two versions of a plan side by side.

use axum::Extension;
use axum::extract::{Path, State};
use maud::{Markup, html};
use similar::{ChangeTag, DiffOp, InlineChange, TextDiff};

use super::super::frame::{Part, page};
use super::super::guard::Viewer;
use super::super::page::Refused;
use super::super::runs::Told;
use super::super::{Dashboard, prose};
use super::head;
use crate::ids::RunId;

/// How many lines are shown around a change.
const AROUND: usize = 3;

/// Shows what differs between two versions.
pub(in crate::web::dashboard) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path((run, old, new)): Path<(i64, u32, u32)>,
) -> Result<Markup, Refused> {
    let told = Told::of(dashboard.run_for(&viewer, RunId(run)).await?);
    let version = async |version: u32| {
        let row = dashboard.store().plan(told.row.id, version).await?;
        row.map(|row| row.markdown).ok_or(Refused::NotThere)
    };
    let (before, after) = (version(old).await?, version(new).await?);
    let main = html! {
        (head(&dashboard, &told))
        nav.filters aria-label="Versions" {
            ul {
                li { a href=(format!("/runs/{run}/versions/{old}")) { "v" (old) } }
                li { a href=(format!("/runs/{run}/versions/{new}")) { "v" (new) } }
            }
        }
        h2 { "From v" (old) " to v" (new) }
        (difference(&prose::visible(&before), &prose::visible(&after), (old, new)))
    };
    Ok(page(&viewer, Part::Runs, &format!("Run {run}: v{old} and v{new}"), &main))
}

/// One side of a row: the line's number and its words, those that changed marked.
type Side = Option<(usize, Vec<(bool, String)>)>;

enum Row {
    Same(Side, Side),
    Changed(Side, Side),
}

fn difference(before: &str, after: &str, (old, new): (u32, u32)) -> Markup {
    let diff = TextDiff::from_lines(before, after);
    let groups = diff.grouped_ops(AROUND);
    html! {
        @if groups.is_empty() { p.empty { "The two are the same, word for word." } }
        @else {
            table.diff {
                caption.hidden { "Lines of v" (old) " on the left, of v" (new) " on the right" }
                thead { tr {
                    th scope="col" { span.hidden { "Line" } } th scope="col" { "v" (old) }
                    th scope="col" { span.hidden { "Line" } } th scope="col" { "v" (new) }
                } }
                @for group in &groups {
                    tbody { @for op in group { @for row in rows(&diff, op) { (written(&row)) } } }
                }
            }
        }
    }
}

/// The rows of one difference: what was replaced stands beside what replaced it.
fn rows(diff: &TextDiff<'_, '_, str>, op: &DiffOp) -> Vec<Row> {
    let changes: Vec<InlineChange<'_, str>> = diff.iter_inline_changes(op).collect();
    let side = |change: &InlineChange<'_, str>, index: Option<usize>| {
        let words =
            change.iter_strings_lossy().map(|(changed, text)| (changed, text.trim_end_matches('\n').to_owned()));
        index.map(|index| (index + 1, words.collect()))
    };
    let of = |tag: ChangeTag| changes.iter().filter(move |change| change.tag() == tag);
    let mut rows: Vec<Row> =
        of(ChangeTag::Equal).map(|c| Row::Same(side(c, c.old_index()), side(c, c.new_index()))).collect();
    let old: Vec<Side> = of(ChangeTag::Delete).map(|change| side(change, change.old_index())).collect();
    let new: Vec<Side> = of(ChangeTag::Insert).map(|change| side(change, change.new_index())).collect();
    for at in 0..old.len().max(new.len()) {
        rows.push(Row::Changed(old.get(at).cloned().flatten(), new.get(at).cloned().flatten()));
    }
    rows
}

fn written(row: &Row) -> Markup {
    let (changed, old, new) = match row {
        Row::Same(old, new) => (false, old, new),
        Row::Changed(old, new) => (true, old, new),
    };
    let cell = |side: &Side, tone: &'static str, word: &'static str| {
        html! {
            @match side {
                Some((number, words)) => {
                    td.number { (number) }
                    td.(if changed { tone } else { "same" }) {
                        @if changed { span.hidden { (word) ": " } }
                        @for (marked, text) in words {
                            @if *marked && changed { mark { (text) } } @else { (text) }
                        }
                    }
                }
                None => { td.number {} td.none {} }
            }
        }
    };
    html! { tr { (cell(old, "removed", "removed")) (cell(new, "added", "added")) } }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn what_was_replaced_stands_beside_what_replaced_it() {
        let html = difference("a\nkeep the dash\nz\n", "a\nkeep no dash\nz\nmore\n", (1, 2)).into_string();
        let row = "<tr><td class=\"number\">2</td><td class=\"removed\"><span class=\"hidden\">removed: </span>keep \
                   <mark>the</mark> dash</td><td class=\"number\">2</td><td class=\"added\"><span class=\"hidden\">added: \
                   </span>keep <mark>no</mark> dash</td></tr>";
        assert!(html.contains(row), "{html}");
        let row = "<tr><td class=\"number\"></td><td class=\"none\"></td><td class=\"number\">4</td>";
        assert!(html.contains(row), "{html}");
        assert!(!difference("a\n", "a\n", (1, 2)).into_string().contains("<table"));
    }

    #[test]
    fn t69_a_hostile_line_is_text() {
        let html = difference("<script>alert(1)</script>\n", "<script>alert(2)</script>\n", (1, 2)).into_string();
        assert!(!html.contains("<script"), "{html}");
    }
}
