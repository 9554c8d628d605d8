//! The repositories that a person may see, and what goes on in each.

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::run::work::{count, dollars};
use super::{Dashboard, time};

/// How many repositories are listed.
const MOST: u32 = 500;

/// Lists repositories.
pub(super) async fn list(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Markup, Refused> {
    let by = dashboard.look(&viewer).await?;
    let rows = dashboard.store().seen_repositories(by, MOST).await?;
    let now = dashboard.now();
    let main = html! {
        h1 { "Repositories" }
        @if rows.is_empty() { p.empty { "There is no repository with runs that GitHub lets you read." } }
        @else {
            table.list role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { "Repository" }
                        th.num role="columnheader" scope="col" { "Runs" }
                        th.num role="columnheader" scope="col" { "Waiting" }
                        th.num role="columnheader" scope="col" { "Open" }
                        th.num role="columnheader" scope="col" { "Delivered" }
                        th.num role="columnheader" scope="col" { "Cost" }
                        th.num role="columnheader" scope="col" { "Last" }
                    }
                }
                tbody role="rowgroup" {
                    @for row in &rows {
                        tr role="row" {
                            td.main role="cell" {
                                a.title href=(format!("/runs?repo={}", row.at.repo)) { (row.at.name) }
                                span.sub { "you may " (level(row.level)) " · " a href=(format!("/costs?repo={}", row.at.repo)) { "costs" } }
                            }
                            td.num role="cell" data-label="runs" { (count(row.runs)) }
                            td.num role="cell" data-label="waiting" { (count(row.waiting)) }
                            td.num role="cell" data-label="open" { (count(row.open)) }
                            td.num role="cell" data-label="delivered" { (count(row.delivered)) }
                            td.num role="cell" data-label="cost" { (dollars(row.cost_micro_dollars)) }
                            td.num role="cell" data-label="last" { (time::ago(row.updated_at, now)) }
                        }
                    }
                }
            }
        }
    };
    Ok(page(&viewer, Part::Repositories, "Repositories", &main))
}

fn level(level: u8) -> &'static str {
    match level {
        0 | 1 => "read",
        2 => "triage",
        3 => "write",
        4 => "maintain",
        _ => "administer",
    }
}
