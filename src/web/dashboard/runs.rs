//! The runs that a person may see, newest first.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::{Dashboard, phase, prose, time};
use crate::ids::{RepoId, RunId, Timestamp};
use crate::store::{Group, RunCounts, RunRow};
use crate::workflow::run::{Origin, State as RunState};

/// How many runs a page lists.
const PAGE: u32 = 50;

/// What of the runs is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    group: Option<String>,
    repo: Option<i64>,
    before: Option<i64>,
}

/// A run as lists and its own page show it.
pub(super) struct Told {
    pub(super) row: RunRow,
    /// Absent where this version cannot read it.
    pub(super) state: Option<RunState>,
    pub(super) origin: Option<Origin>,
}

impl Told {
    pub(super) fn of(row: RunRow) -> Told {
        let (state, origin) = (serde_json::from_str(&row.state).ok(), serde_json::from_str(&row.origin).ok());
        Told { row, state, origin }
    }

    /// The issue's title when the run began.
    pub(super) fn title(&self) -> &str {
        let title = self.origin.as_ref().map_or("", |origin| origin.title.trim());
        if title.is_empty() { "(without a title)" } else { title }
    }

    pub(super) fn badge(&self) -> Markup {
        phase::badge(&self.row.phase, self.state.as_ref())
    }
}

/// The first page is the runs.
pub(super) async fn first() -> Redirect {
    Redirect::to("/runs")
}

/// Lists runs.
pub(super) async fn list(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Refused> {
    let by = dashboard.look(&viewer).await?;
    let group = group(asked.group.as_deref());
    let repo = asked.repo.map(RepoId);
    let rows = dashboard.store().seen_runs(by, (group, repo), (asked.before.map(RunId), PAGE + 1)).await?;
    let counts = dashboard.store().seen_counts(by, repo).await?;
    let more = rows.len() > PAGE as usize;
    let runs: Vec<Told> = rows.into_iter().take(PAGE as usize).map(Told::of).collect();
    let repo_name = runs.first().filter(|_| repo.is_some()).map(|run| run.row.repo_name.to_string());
    let last = runs.last().filter(|_| more).map(|run| run.row.id);
    let main = html! {
        h1 { "Runs" @if let Some(name) = &repo_name { span.of { " in " (name) } } }
        (filters(group, repo, &counts))
        @if runs.is_empty() { (nothing(group)) } @else { (table(&runs, dashboard.now())) }
        @if asked.before.is_some() || last.is_some() {
            nav.pages aria-label="Pages" {
                @if asked.before.is_some() { a href=(address(group, repo, None)) { "Newest" } }
                @if let Some(last) = last { a rel="next" href=(address(group, repo, Some(last))) { "Older" } }
            }
        }
    };
    Ok(page(&viewer, Part::Runs, "Runs", &main))
}

/// A table of runs; each cell says on a small screen what it is.
pub(super) fn table(runs: &[Told], now: Timestamp) -> Markup {
    html! {
        table.list role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Run" }
                    th role="columnheader" scope="col" { "Phase" }
                    th role="columnheader" scope="col" { "Waiting for" }
                    th.num role="columnheader" scope="col" { "Since" }
                    th.num role="columnheader" scope="col" { "Age" }
                }
            }
            tbody role="rowgroup" {
                @for run in runs {
                    tr role="row" {
                        td.main role="cell" {
                            a.title href=(format!("/runs/{}", run.row.id)) { (prose::line(run.title())) }
                            span.sub { (run.row.repo_name) " #" (run.row.issue_number) }
                        }
                        td role="cell" { (run.badge()) }
                        td.wait role="cell" { (run.state.as_ref().map(phase::awaited).unwrap_or_default()) }
                        td.num role="cell" data-label="since" { (time::ago(run.row.phase_since, now)) }
                        td.num.age role="cell" data-label="age" { (time::ago(run.row.opened_at, now)) }
                    }
                }
            }
        }
    }
}

fn nothing(group: Group) -> Markup {
    let text = match group {
        Group::All => {
            "There is no run in the repositories that GitHub lets you read. Put the label on an issue to begin one."
        }
        Group::Waiting => "Nothing waits for people.",
        Group::Working => "Nothing is at work.",
        Group::Ended => "No run has ended yet.",
    };
    html! { p.empty { (text) } }
}

fn filters(group: Group, repo: Option<RepoId>, counts: &RunCounts) -> Markup {
    let all = counts.waiting + counts.working + counts.ended;
    let each = [
        (Group::All, "All", all),
        (Group::Waiting, "Waiting for people", counts.waiting),
        (Group::Working, "At work", counts.working),
        (Group::Ended, "Ended", counts.ended),
    ];
    html! {
        nav.filters aria-label="Filter" {
            ul {
                @for (one, name, count) in each {
                    li {
                        a href=(address(one, repo, None)) aria-current=[(one == group).then_some("true")] {
                            (name) " " span.count { (count) }
                        }
                    }
                }
                @if repo.is_some() { li { a href=(address(group, None, None)) { "All repositories" } } }
            }
        }
    }
}

fn address(group: Group, repo: Option<RepoId>, before: Option<RunId>) -> String {
    let mut query = vec![];
    let name = match group {
        Group::All => None,
        Group::Waiting => Some("waiting"),
        Group::Working => Some("working"),
        Group::Ended => Some("ended"),
    };
    query.extend(name.map(|name| format!("group={name}")));
    query.extend(repo.map(|repo| format!("repo={repo}")));
    query.extend(before.map(|before| format!("before={before}")));
    if query.is_empty() { "/runs".to_owned() } else { format!("/runs?{}", query.join("&")) }
}

fn group(name: Option<&str>) -> Group {
    match name {
        Some("waiting") => Group::Waiting,
        Some("working") => Group::Working,
        Some("ended") => Group::Ended,
        Some(_) | None => Group::All,
    }
}
