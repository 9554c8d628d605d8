//! What GitHub sent, and what became of it; for administrators, who may have one dealt with again.

use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::session::Bare;
use super::{Dashboard, prose, time};
use crate::ids::{DeliveryId, Timestamp};
use crate::store::{Parcel, Replayed};

/// How many deliveries a page lists.
const PAGE: u32 = 50;

/// The states there are, as the store names them and as people read them.
const STATES: [(&str, &str); 5] =
    [("due", "waiting"), ("done", "done"), ("ignored", "no concern"), ("gave_up", "given up"), ("aside", "set aside")];

/// What of the deliveries is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    state: Option<String>,
    before: Option<i64>,
    id: Option<String>,
}

/// Lists deliveries.
pub(super) async fn list(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Refused> {
    viewer.administrator()?;
    let state = STATES.iter().find(|(name, _)| asked.state.as_deref() == Some(name)).map(|(name, _)| *name);
    let id: Option<DeliveryId> = asked.id.as_ref().and_then(|id| id.parse().ok());
    let before = asked.before.map(Timestamp).zip(id.as_ref());
    let found = dashboard.store().parcels(before, state, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    let rows = found.get(..PAGE as usize).unwrap_or(&found);
    let now = dashboard.now();
    let main = html! {
        h1 { "Deliveries" }
        p.lead { "What GitHub has sent. One that is dealt with again does nothing twice: what it meant is remembered." }
        nav.filters aria-label="Filter" {
            ul {
                li { a href="/deliveries" aria-current=[state.is_none().then_some("true")] { "All" } }
                @for (name, said) in STATES {
                    li { a href=(format!("/deliveries?state={name}")) aria-current=[(state == Some(name)).then_some("true")] { (prose::capital(said)) } }
                }
            }
        }
        @if rows.is_empty() { p.empty { "There is no such delivery." } } @else { (table(rows, &viewer, now)) }
        @if let Some(last) = rows.last().filter(|_| more) {
            nav.pages aria-label="Pages" {
                a rel="next" href=(older(state, last)) { "Older" }
            }
        }
    };
    Ok(page(&viewer, Part::Deliveries, "Deliveries", &main))
}

/// Has a delivery dealt with again.
pub(super) async fn again(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path(delivery): Path<String>,
    Form(form): Form<Bare>,
) -> Result<Redirect, Refused> {
    viewer.administrator()?;
    viewer.sent(&form.token)?;
    let id: DeliveryId = delivery.parse().map_err(|_| Refused::NotThere)?;
    match dashboard.store().replay(&id, viewer.login.as_str(), dashboard.now()).await? {
        Replayed::Again | Replayed::Waits => {}
        Replayed::Unknown => return Err(Refused::NotThere),
    }
    tracing::info!(login = %viewer.login, delivery.id = %id, "{} has delivery {id} dealt with again", viewer.login);
    Ok(Redirect::to("/deliveries"))
}

fn older(state: Option<&str>, last: &Parcel) -> String {
    let state = state.map_or(String::new(), |state| format!("state={state}&"));
    format!("/deliveries?{state}before={}&id={}", last.received_at.0, last.id)
}

fn table(rows: &[Parcel], viewer: &Viewer, now: Timestamp) -> Markup {
    html! {
        table.list role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Delivery" }
                    th role="columnheader" scope="col" { "State" }
                    th.num role="columnheader" scope="col" { "Received" }
                    th.num role="columnheader" scope="col" { "Tries" }
                    th role="columnheader" scope="col" { span.hidden { "Again" } }
                }
            }
            tbody role="rowgroup" { @for row in rows { (line(row, viewer, now)) } }
        }
    }
}

fn line(row: &Parcel, viewer: &Viewer, now: Timestamp) -> Markup {
    let tone = match row.state.as_str() {
        "due" => "works",
        "done" => "good",
        "gave_up" | "aside" => "bad",
        _ => "past",
    };
    let said = STATES.iter().find(|(name, _)| *name == row.state).map_or(row.state.as_str(), |(_, said)| said);
    html! {
        tr role="row" {
            td.main role="cell" {
                span.title { (row.event) @if let Some(action) = &row.action { "." (action) } }
                span.sub { code { (row.id) } }
                @if let Some(why) = &row.why { span.sub { (prose::line(&prose::cut(why, 300))) } }
            }
            td role="cell" { span.badge.(tone) { (said) } }
            td.num role="cell" data-label="received" { (time::ago(row.received_at, now)) }
            td.num role="cell" data-label="tries" { (row.attempts) }
            td.act role="cell" {
                @if row.state != "due" {
                    form method="post" action=(format!("/deliveries/{}/again", row.id)) {
                        input type="hidden" name="token" value=(viewer.token);
                        button type="submit" { "Again" span.hidden { " for " (row.event) " " (row.id) } }
                    }
                }
            }
        }
    }
}
