//! One run: where it stands, its versions, what people decided, what was done, and everything that happened.

pub(super) mod compare;
mod conformance;
pub(super) mod log;
pub(super) mod plan;
mod timeline;
pub(super) mod work;

use axum::Extension;
use axum::extract::{Path, State};
use maud::{Markup, html};

use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::runs::Told;
use super::{Dashboard, phase, prose, time};
use crate::ids::RunId;
use crate::store::EventRow;
use crate::words;
use crate::words::history::{Did, Past, PastAct, PastVersion, Verdict};
use crate::worker;
use crate::workflow::act::{ActId, Voided};
use crate::workflow::run::{Origin, Run, State as RunState};

/// Shows a run.
pub(super) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path(run): Path<i64>,
) -> Result<Markup, Refused> {
    let told = Told::of(dashboard.run_for(&viewer, RunId(run)).await?);
    let store = dashboard.store();
    let events = store.events(told.row.id).await?;
    let past = match (&told.origin, &told.state) {
        (Some(origin), Some(state)) => {
            let run = Run { id: told.row.id, origin: origin.clone(), state: state.clone() };
            worker::past(store, &run).await.ok()
        }
        _ => None,
    };
    let terms = plan::newest_terms(store, told.row.id, told.state.as_ref()).await?;
    let done = worker::built(store, told.row.id).await.ok().flatten().filter(|built| built.finished);
    let costs = store.costs(told.row.id).await?;
    let main = html! {
        (head(&dashboard, &told))
        (standing(&dashboard, &told))
        div.columns {
            div {
                @if let Some(past) = &past {
                    (versions(told.row.id, &past.versions))
                    (decisions(&dashboard, &told, past))
                }
                @match (&terms, &done) {
                    (_, Some(done)) => (conformance::shown(done)),
                    (Some(terms), None) => (work::steps(terms, told.state.as_ref())),
                    (None, None) => {},
                }
                @if let Some(done) = &done {
                    (work::deviations(&done.work))
                    (work::refusals(&done.work))
                    (work::checks(&done.work))
                    (work::left(&done.work))
                }
            }
            aside {
                (facts(&dashboard, &told, &events))
                (work::costs(&costs, terms.as_ref()))
            }
        }
        (timeline::timeline(&events, &dashboard.0.prefix))
    };
    Ok(page(&viewer, Part::Runs, &format!("Run {}: {}", told.row.id, prose::cut(told.title(), 80)), &main))
}

/// The title of a page about a run, and where the page is.
pub(super) fn head(dashboard: &Dashboard, told: &Told) -> Markup {
    let (row, run) = (&told.row, told.row.id);
    let issue = dashboard.on_github(&format!("{}/issues/{}", row.repo_name, row.issue_number));
    html! {
        p.crumb {
            a href="/runs" { "Runs" } " / "
            a href=(format!("/runs?repo={}", row.repo)) { (row.repo_name) } " / "
            a href=(format!("/runs/{run}")) { "run " (run) }
        }
        h1 { (prose::line(told.title())) " " a.num href=(issue) { "#" (row.issue_number) } }
    }
}

fn standing(dashboard: &Dashboard, told: &Told) -> Markup {
    let awaited = told.state.as_ref().map(phase::awaited).unwrap_or_default();
    let said = told.state.as_ref().map(|state| phase::said(state, &dashboard.0.prefix)).unwrap_or_default();
    let since = time::ago(told.row.phase_since, dashboard.now());
    html! {
        div.standing {
            p.now {
                (told.badge())
                @if awaited.is_empty() { span { (since) " ago" } }
                @else { span { "Waits for " strong { (awaited) } ", for " (since) } }
            }
            @for sentence in said { p { (sentence) } }
            p.links {
                @if let Some((there, name)) = told.state.as_ref().and_then(|state| next_step(dashboard, told, state)) {
                    a href=(there) { (name) } " "
                }
                a href=(format!("/runs/{}/log", told.row.id)) { "The agent's log" }
            }
        }
    }
}

/// Where on GitHub a person does what is waited for.
fn next_step(dashboard: &Dashboard, told: &Told, state: &RunState) -> Option<(String, String)> {
    let pull = |number: i64| dashboard.on_github(&format!("{}/pull/{number}", told.row.repo_name));
    match state {
        RunState::AwaitingAnswer(_) | RunState::Resting(_) => {
            let number = told.row.issue_number;
            let issue = dashboard.on_github(&format!("{}/issues/{number}", told.row.repo_name));
            Some((issue, format!("Go on in #{number}")))
        }
        RunState::AwaitingApproval(waiting) => {
            let number = waiting.shown.pull.0;
            Some((pull(number), format!("Review the plan in #{number}")))
        }
        RunState::InReview(review) => Some((pull(review.pull.0), format!("Review the work in #{}", review.pull))),
        RunState::Planning(_)
        | RunState::Publishing(_)
        | RunState::Starting(_)
        | RunState::Executing(_)
        | RunState::Delivering(_)
        | RunState::Ended(_) => None,
    }
}

fn versions(run: RunId, versions: &[PastVersion]) -> Markup {
    html! {
        section aria-labelledby="versions" {
            h2 #versions { "Plan" }
            @if versions.is_empty() { p.empty { "There is no version yet." } }
            @else {
                ol.versions reversed {
                    @for (at, one) in versions.iter().enumerate().rev() {
                        li {
                            div.line {
                                a.title href=(format!("/runs/{run}/versions/{}", one.version)) { "v" (one.version) }
                                code.digest { (one.digest.short()) }
                                (time::moment(one.at))
                                @if at > 0 {
                                    a href=(format!("/runs/{run}/compare/{}/{}", one.version - 1, one.version)) {
                                        "what changed" span.hidden { " in v" (one.version) }
                                    }
                                }
                            }
                            @if !one.asked.is_empty() {
                                div.sub {
                                    "asked for by "
                                    @for (at, login) in one.asked.iter().enumerate() { @if at > 0 { ", " } (login) }
                                }
                            }
                            @if !one.changes.trim().is_empty() { div { (prose::block(&one.changes)) } }
                        }
                    }
                }
            }
        }
    }
}

fn decisions(dashboard: &Dashboard, told: &Told, past: &Past) -> Markup {
    html! {
        section aria-labelledby="decisions" {
            h2 #decisions { "Decisions" }
            @if past.acts.is_empty() { p.empty { "Nobody has decided anything yet." } }
            @else { ul.acts { @for act in &past.acts { (decision(dashboard, told, past, act)) } } }
        }
    }
}

fn decision(dashboard: &Dashboard, told: &Told, past: &Past, act: &PastAct) -> Markup {
    let did = match act.did {
        Did::Approved => "approved",
        Did::Objected => "objected",
        Did::TookBack => "took back what they had said",
        Did::Lifted => "set an objection aside",
    };
    let (tone, verdict) = match &act.verdict {
        Verdict::Open => ("open", html! { "Not judged, or nothing waited for it." }),
        Verdict::Counted { version, self_approved } => {
            ("good", html! { "Counts for v" (version) @if *self_approved { ", self-approved" } "." })
        }
        Verdict::Refused { reason } => {
            ("bad", html! { "Does not count. " (prose::ours(&words::because(reason, &dashboard.0.prefix))) })
        }
        Verdict::Voided { how } => ("bad", html! { "Was " (voided(*how)) " and counts no more." }),
    };
    let thread = match past.pull_of(act.place) {
        Some(pull) => format!("{}/pull/{pull}", told.row.repo_name),
        None => format!("{}/issues/{}", told.row.repo_name, told.row.issue_number),
    };
    let anchor = match act.id {
        ActId::Comment(id) => format!("issuecomment-{id}"),
        ActId::Review(id) => format!("pullrequestreview-{id}"),
    };
    html! {
        li.(tone) {
            div.line {
                strong { (act.by) }
                a href=(dashboard.on_github(&format!("{thread}#{anchor}"))) { (did) }
                (time::moment(act.at))
            }
            div.verdict { (verdict) }
        }
    }
}

fn voided(how: Voided) -> &'static str {
    match how {
        Voided::Edited => "edited",
        Voided::Deleted => "deleted",
        Voided::Dismissed => "dismissed",
        Voided::Used => "used for an earlier run",
        Voided::PlanMerged => "followed by a merge of the plan pull request",
    }
}

fn facts(dashboard: &Dashboard, told: &Told, events: &[EventRow]) -> Markup {
    let row = &told.row;
    let pull = |number: i64| {
        let url = dashboard.on_github(&format!("{}/pull/{number}", row.repo_name));
        html! { a href=(url) { "#" (number) } }
    };
    let work = told.state.as_ref().and_then(RunState::work_pull).map(|pull| pull.0);
    let Some(Origin { requester, label, base_branch, retry_of, .. }) = &told.origin else { return html! {} };
    let last = events.last();
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "Facts" }
            dl.facts {
                dt { "Asked for by" } dd { (requester.login) @if let Some(label) = label { " with " code { (prose::visible(label)) } } }
                dt { "Begun" } dd { (time::moment(row.opened_at)) }
                @if !row.open { dt { "Took" } dd { (time::span(row.phase_since.since(row.opened_at))) } }
                dt { "For branch" } dd { code { (base_branch) } }
                @if let Some(plan) = told.state.as_ref().and_then(RunState::plan_pull) {
                    dt { "Plan pull request" } dd { (pull(plan.0)) }
                }
                @if let Some(work) = work { dt { "Pull request" } dd { (pull(work)) } }
                @if let Some(before) = retry_of { dt { "Tries again" } dd { a href=(format!("/runs/{before}")) { "run " (before) } } }
                @if let Some(last) = last {
                    dt { "Audit trail" } dd { (events.len()) " events, the last is no. " (last.seq) " " code.digest { (last.hash.get(..12).unwrap_or_default()) } }
                }
            }
        }
    }
}
