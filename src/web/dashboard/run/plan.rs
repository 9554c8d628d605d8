//! A version of a plan, written from its fields.

use axum::Extension;
use axum::extract::{Path, State};
use maud::{Markup, html};

use super::super::frame::{Part, page};
use super::super::guard::Viewer;
use super::super::page::Refused;
use super::super::runs::Told;
use super::super::{Dashboard, prose, time};
use super::head;
use super::work::{count, dollars};
use crate::ids::RunId;
use crate::store::{PlanRow, Store};
use crate::workflow::plan::{FileChange, Plan, PlanStep, Scope};
use crate::workflow::run::State as RunState;
use crate::workflow::terms::Terms;

/// Shows a version.
pub(in crate::web::dashboard) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path((run, version)): Path<(i64, u32)>,
) -> Result<Markup, Refused> {
    let told = Told::of(dashboard.run_for(&viewer, RunId(run)).await?);
    let all = dashboard.store().plans(told.row.id).await?;
    let row = all.iter().find(|row| row.version == version).ok_or(Refused::NotThere)?;
    let terms: Option<Terms> = serde_json::from_str(&row.terms).ok();
    let main = html! {
        (head(&dashboard, &told))
        (versions(&told, &all, version))
        @match &terms {
            Some(terms) => (plan(terms, row)),
            None => section { h2 { "Version " (version) } (prose::verbatim(&row.markdown)) },
        }
    };
    Ok(page(&viewer, Part::Runs, &format!("Plan v{version} of run {run}"), &main))
}

/// What approval of the newest version covers, if there is one.
pub(super) async fn newest_terms(
    store: &Store,
    run: RunId,
    state: Option<&RunState>,
) -> Result<Option<Terms>, Refused> {
    let Some(shown) = state.and_then(RunState::shown) else { return Ok(None) };
    let row = store.plan(run, shown.subject.version).await?;
    Ok(row.and_then(|row| serde_json::from_str(&row.terms).ok()))
}

fn versions(told: &Told, all: &[PlanRow], current: u32) -> Markup {
    let run = told.row.id;
    html! {
        nav.filters aria-label="Versions" {
            ul {
                @for row in all {
                    li {
                        a href=(format!("/runs/{run}/versions/{}", row.version))
                            aria-current=[(row.version == current).then_some("page")] { "v" (row.version) }
                    }
                }
                @if current > 1 {
                    li { a href=(format!("/runs/{run}/compare/{}/{current}", current - 1)) { "What changed since v" (current - 1) } }
                }
            }
        }
    }
}

fn plan(terms: &Terms, row: &PlanRow) -> Markup {
    let Terms { plan, budget, models, base_branch, base, set_up, protected, .. } = terms;
    let Plan {
        title,
        goal,
        findings,
        approach,
        alternatives,
        steps,
        checks,
        scope,
        out_of_scope,
        risks,
        questions,
        estimate,
    } = plan;
    let list = |name: &str, items: &[String]| {
        html! { @if !items.is_empty() { h3 { (name) } ul { @for item in items { li { (prose::block(item)) } } } } }
    };
    html! {
        article.plan {
            h2 { (prose::inline(title)) }
            p.sub { "v" (row.version) " " code.digest { (row.digest.short()) } ", written " (time::moment(row.made_at)) }
            h3 { "Goal" } (prose::block(goal))
            @if !findings.is_empty() {
                h3 { "Findings" }
                ul { @for one in findings {
                    li { code { (prose::visible(one.path.as_str())) ":" (one.line) } (prose::block(&one.text)) }
                } }
            }
            h3 { "Approach" } (prose::block(approach))
            @if !alternatives.is_empty() {
                h3 { "Alternatives" }
                ul { @for one in alternatives {
                    li { (prose::block(&one.option)) blockquote { p { strong { "Not taken: " } (prose::inline(&one.reason)) } } }
                } }
            }
            h3 { "Steps" }
            ol.plan-steps { @for one in steps { (step(one)) } }
            @if !checks.is_empty() {
                h3 { "Checks" }
                ul { @for check in checks { li { code { (prose::visible(&check.command)) } } } }
            }
            h3 { "Scope" } (limits(scope))
            (list("Out of scope", out_of_scope))
            (list("Risks", risks))
            (list("Questions", questions))
            h3 { "Estimate and budget" }
            p {
                "About " (count(i64::try_from(estimate.tokens).unwrap_or(i64::MAX))) " tokens and " (estimate.minutes)
                " minutes. Approval grants " (budget.turns) " turns, "
                (count(i64::try_from(budget.tokens).unwrap_or(i64::MAX))) " tokens, "
                (dollars(i64::try_from(budget.micro_dollars).unwrap_or(i64::MAX))) " and " (budget.minutes) " minutes."
            }
            h3 { "Made from" }
            dl.facts {
                dt { "Base" } dd { code { (base_branch) } " at " code { (base.short()) } }
                dt { "Written by" } dd { code { (prose::visible(&models.plan)) } }
                dt { "Executed by" } dd { code { (prose::visible(&models.execute)) } }
                dt { "Digest" } dd { code.digest { (row.digest) } }
                @if !set_up.is_empty() { dt { "Prepared with" } dd { @for one in set_up { code { (prose::visible(one)) } " " } } }
                @if !protected.is_empty() { dt { "Protected" } dd { @for one in protected { code { (prose::visible(one)) } " " } } }
            }
        }
    }
}

fn step(step: &PlanStep) -> Markup {
    let change = |change: FileChange| match change {
        FileChange::Create => "create",
        FileChange::Change => "change",
        FileChange::Delete => "delete",
    };
    html! {
        li {
            h4 { code { (prose::visible(&step.id)) } " " (prose::inline(&step.title)) }
            @if !step.files.is_empty() {
                ul.paths { @for file in &step.files {
                    li { (change(file.change)) " " code { (prose::visible(file.path.as_str())) } }
                } }
            }
            (prose::block(&step.what))
            blockquote { p { strong { "Done when: " } } (prose::block(&step.verify)) }
        }
    }
}

fn limits(scope: &Scope) -> Markup {
    let may = |yes: bool| if yes { "may change" } else { "must not change" };
    html! {
        dl.facts {
            dt { "May change" } dd { @for path in &scope.paths { code { (prose::visible(path)) } " " } }
            dt { "Files" } dd { (scope.max_files) }
            dt { "Bytes" } dd { (count(i64::try_from(scope.max_bytes).unwrap_or(i64::MAX))) }
            dt { "Dependencies" } dd { (may(scope.dependencies)) }
            dt { "Protected files" } dd { (may(scope.protected)) }
        }
    }
}
