//! Whether the server does its work; for administrators.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};
use tokio::time::Instant;

use super::frame::{Part, page};
use super::guard::Viewer;
use super::page::Refused;
use super::run::work::count;
use super::{Dashboard, prose, time};
use crate::ids::Timestamp;
use crate::store::{GivenUp, Queue};
use crate::workflow::effect::Effect;

/// What is due for longer than this is late.
const LATE: Duration = Duration::from_secs(120);

/// Shows how the server does.
pub(super) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Markup, Refused> {
    viewer.administrator()?;
    let store = dashboard.store();
    let began = Instant::now();
    let writes = store.ready().await.is_ok();
    let took = began.elapsed();
    let now = dashboard.now();
    let queues = store.queues(now).await?;
    let aside = store.deliveries_set_aside().await?;
    let given_up = store.given_up(20).await?;
    let calls = dashboard.0.parts.app.calls();
    let main = html! {
        h1 { "Health" }
        dl.facts.wide {
            dt { "Database" }
            dd { @if writes { span.badge.good { "takes writes" } " in " (took.as_millis()) " ms" } @else { span.badge.bad { "takes no writes" } } }
            dt { "Set aside" }
            dd {
                @if aside == 0 { "No delivery was set aside." }
                @else { span.badge.bad { (count(aside)) } " " a href="/deliveries?state=aside" { "deliveries" } " ended their process again and again." }
            }
            dt { "GitHub" }
            dd {
                "This process has read " (count(i64::try_from(calls.reads).unwrap_or(i64::MAX))) " times and written "
                (count(i64::try_from(calls.writes).unwrap_or(i64::MAX))) " times since its start."
            }
            dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) }
        }
        (waiting(&queues, now))
        (lost(&given_up, now))
    };
    Ok(page(&viewer, Part::Health, "Health", &main))
}

fn waiting(queues: &[Queue], now: Timestamp) -> Markup {
    let name = |queue: &str| match queue {
        "deliveries" => "Deliveries to be read",
        "talk" => "Calls to GitHub",
        "work" => "Planner and executor",
        "timer" => "Timers",
        _ => "Other",
    };
    html! {
        section aria-labelledby="queues" {
            h2 #queues { "Waiting now" }
            table.small {
                thead { tr { th scope="col" { "What" } th.num scope="col" { "Due" } th.num scope="col" { "Oldest" } } }
                tbody {
                    @for queue in queues {
                        tr {
                            th scope="row" { (name(&queue.name)) }
                            td.num { (count(queue.due)) }
                            td.num {
                                @match queue.oldest {
                                    Some(oldest) if now.since(oldest) > LATE => span.badge.bad { (time::span(now.since(oldest))) },
                                    Some(oldest) => (time::span(now.since(oldest))),
                                    None => "–",
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn lost(given_up: &[GivenUp], now: Timestamp) -> Markup {
    let name =
        |effect: &str| serde_json::from_str::<Effect>(effect).map_or("an unknown effect", |effect| effect.name());
    html! {
        section aria-labelledby="lost" {
            h2 #lost { "Given up last" }
            @if given_up.is_empty() { p.empty { "Nothing was given up." } }
            @else {
                ul.acts {
                    @for one in given_up {
                        li.bad {
                            div.line {
                                code { (name(&one.effect)) } a href=(format!("/runs/{}", one.run)) { "run " (one.run) }
                                @if let Some(at) = one.at { (time::ago(at, now)) }
                            }
                            div { (prose::line(&prose::cut(&one.why, 400))) }
                        }
                    }
                }
            }
        }
    }
}
