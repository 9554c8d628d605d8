//! Costs, times and rounds over the weeks.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::chart::{Bar, Chart};
use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::run::work::{count, dollars};
use super::{Dashboard, time};
use crate::ids::{RepoId, Timestamp};
use crate::store::Week;

/// How many weeks are shown.
const WEEKS: u32 = 16;
/// How many runs that have just ended are counted for a page; the server counts the others by itself.
const FEW: u32 = 10;
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whose costs.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    repo: Option<i64>,
}

/// Shows the charts.
pub(super) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Refused> {
    let by = dashboard.look(&viewer).await?;
    let more = dashboard.count_ended_runs(FEW).await?;
    let repo = asked.repo.map(RepoId);
    let first = monday(dashboard.now()).0 - i64::from(WEEKS - 1) * 604_800_000;
    let known = dashboard.store().weeks(by, Timestamp(first), repo).await?;
    let weeks: Vec<Week> = (0..WEEKS).map(|at| week(&known, Timestamp(first).plus(WEEK * at))).collect();
    let name = match repo {
        Some(repo) => {
            let rows = dashboard.store().seen_repositories(by, 500).await?;
            rows.into_iter().find(|row| row.at.repo == repo).map(|row| row.at.name.to_string())
        }
        None => None,
    };
    let (open, so_far) = dashboard.store().spent_so_far(by, repo).await?;
    let sum = |of: fn(&Week) -> i64| weeks.iter().map(of).sum::<i64>();
    let main = html! {
        h1 { "Costs" @if let Some(name) = &name { span.of { " in " (name) } } }
        p.lead {
            "Of the last " (WEEKS) " weeks: " strong { (many(sum(|w| w.runs), "run")) } " ended, "
            strong { (count(sum(|w| w.delivered))) } " of them with a pull request, "
            strong { (count(sum(|w| w.merged))) } " of which were merged, for "
            strong { (dollars(sum(|w| w.cost_micro_dollars))) } " in all."
        }
        @if open > 0 {
            p { strong { (many(open, "run")) } " still open, for " strong { (dollars(so_far)) } " so far; the charts have them once they end." }
        }
        @if more { p.sub { "Older runs are still being counted; load the page again in a moment." } }
        @if repo.is_some() { p { a href="/costs" { "All repositories" } } }
        div.charts { @for chart in charts(&weeks) { (chart.draw()) } }
    };
    Ok(page(&viewer, Part::Costs, "Costs", &main))
}

fn charts(weeks: &[Week]) -> Vec<Chart<'static>> {
    let bars = |of: &dyn Fn(&Week) -> (i64, i64), shown: &dyn Fn(f64) -> String, things: &str| {
        let bar = |week: &Week| {
            let (parts, sum) = of(week);
            let value = (parts > 0).then(|| float(sum) / float(parts));
            let from = many(parts, things);
            Bar { label: time::day(week.begins), value, shown: value.map_or("–".to_owned(), shown), from }
        };
        weeks.iter().map(bar).collect::<Vec<Bar>>()
    };
    let money = |micro: f64| format!("${:.2}", micro / 1e6);
    vec![
        Chart {
            id: "cost",
            title: "Cost per merged pull request",
            about: "What all runs that ended in the week cost, shared by the pull requests that were merged.",
            bars: bars(&|week| (week.merged, week.cost_micro_dollars), &money, "merged pull request"),
            axis: |micro| format!("${:.2}", micro / 1e6),
            least: 10_000.0,
        },
        Chart {
            id: "plan",
            title: "From label to plan",
            about: "Until the first version was posted, on average.",
            bars: bars(&|week| week.planned, &|ms| time::millis(whole(ms)), "plan"),
            axis: |ms| time::millis(whole(ms)),
            least: 1_000.0,
        },
        Chart {
            id: "rounds",
            title: "Versions until approval",
            about: "How many versions an approved plan took, on average.",
            bars: bars(&|week| week.approved, &|versions| format!("{versions:.1}"), "approved plan"),
            axis: |versions| format!("{versions:.1}"),
            least: 2.0,
        },
        Chart {
            id: "deviations",
            title: "Runs with deviations",
            about: "The share of executed plans from which something was done otherwise.",
            bars: bars(&|week| (week.executed.0, week.executed.1 * 100), &|share| format!("{share:.0} %"), "execution"),
            axis: |share| format!("{share:.0} %"),
            least: 10.0,
        },
    ]
}

fn many(number: i64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

fn week(known: &[Week], begins: Timestamp) -> Week {
    let nothing = Week {
        begins,
        runs: 0,
        delivered: 0,
        merged: 0,
        cost_micro_dollars: 0,
        planned: (0, 0),
        approved: (0, 0),
        executed: (0, 0),
    };
    known.iter().find(|week| week.begins == begins).copied().unwrap_or(nothing)
}

/// The Monday at or before a moment; 1970 began on a Thursday.
fn monday(at: Timestamp) -> Timestamp {
    Timestamp((at.0 + 259_200_000).div_euclid(604_800_000) * 604_800_000 - 259_200_000)
}

#[expect(clippy::cast_precision_loss, reason = "a chart is drawn from it")]
fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds on a chart")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_monday() -> Result<(), crate::ids::BadName> {
        for (at, begins) in [("2026-11-29T08:00:00Z", "2026-11-23"), ("2026-11-23T00:00:00Z", "2026-11-23")] {
            assert_eq!(time::day(monday(Timestamp::from_rfc3339(at)?)), begins);
        }
        Ok(())
    }
}
