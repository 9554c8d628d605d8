//! What the agent says and does: everything so far, and by server-sent events what comes.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::super::frame::{Part, page};
use super::super::guard::Viewer;
use super::super::page::Refused;
use super::super::runs::Told;
use super::super::{Dashboard, prose, time};
use super::head;
use crate::ids::{RunId, Timestamp};
use crate::model::{Answer, Arguments, Part as Said, ToolCall};
use crate::store::{LoggedTurn, Store, StoreError};

/// How many turns are shown and sent at one time.
const MOST: u32 = 200;
/// How much of one text is shown.
const LONGEST: usize = 4_000;
/// How often the store is looked at while nothing rings.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stream lives. The browser asks again then, and whether it may is asked again too.
const LIFE: Duration = Duration::from_secs(240);

/// One thing the agent said or did, or was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Entry {
    /// Its name on the page.
    key: String,
    /// `says`, `does` or `answer`.
    kind: &'static str,
    /// Where it belongs.
    head: String,
    /// What it is.
    text: String,
}

/// Where a stream begins.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web::dashboard) struct From {
    #[serde(default)]
    since: i64,
}

/// Shows the log so far.
pub(in crate::web::dashboard) async fn show(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path(run): Path<i64>,
) -> Result<Markup, Refused> {
    let told = Told::of(dashboard.run_for(&viewer, RunId(run)).await?);
    let since = dashboard.store().newest_turns(told.row.id, MOST).await?;
    let turns = dashboard.store().turns_since(told.row.id, since, MOST).await?;
    let last = turns.last().map_or(since, |turn| turn.at);
    let entries: Vec<Entry> = turns.iter().flat_map(entries).collect();
    let stream = told.row.open.then(|| format!("/runs/{run}/log/stream?since={}", last.0));
    let main = html! {
        (head(&dashboard, &told))
        h2 { "The agent's log" }
        @if since.0 > 0 && turns.len() >= MOST as usize { p.sub { "The newest " (MOST) " turns, since " (time::moment(since)) "." } }
        @if told.row.open {
            p.sub data-live="" role="status" { "Load the page again to see more." }
        }
        ol.log data-stream=[stream] aria-live="off" { @for entry in &entries { (written(entry)) } }
        @if entries.is_empty() { p.empty data-empty="" { "The agent has not said anything yet." } }
    };
    Ok(page(&viewer, Part::Runs, &format!("Log of run {run}"), &main))
}

fn written(entry: &Entry) -> Markup {
    html! {
        li.(entry.kind) data-key=(entry.key) {
            span.head { (entry.head) }
            @if !entry.text.is_empty() { pre { (entry.text) } }
        }
    }
}

/// Sends what comes, until the run ends, the server stops, or the stream has lived its life.
pub(in crate::web::dashboard) async fn stream(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Path(run): Path<i64>,
    Query(from): Query<From>,
) -> Result<Response, Refused> {
    let row = dashboard.run_for(&viewer, RunId(run)).await?;
    let place = dashboard.0.streams.clone().try_acquire_owned().map_err(|_| Refused::Busy)?;
    let live = Live {
        store: dashboard.store().clone(),
        run: row.id,
        since: Timestamp(from.since),
        sent: BTreeSet::new(),
        until: Instant::now() + LIFE,
        stop: dashboard.0.parts.stop.clone(),
        over: false,
        _place: place,
    };
    Ok(Sse::new(live.events()).keep_alive(KeepAlive::default()).into_response())
}

struct Live {
    store: Store,
    run: RunId,
    since: Timestamp,
    /// What was sent since then.
    sent: BTreeSet<String>,
    until: Instant,
    stop: tokio_util::sync::CancellationToken,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl Live {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let batches = futures::stream::unfold(self, |mut live| async move {
            if live.over {
                return None;
            }
            let batch = live.next().await;
            Some((batch, live))
        });
        futures::StreamExt::flat_map(batches, |batch| futures::stream::iter(batch.into_iter().map(Ok)))
    }

    /// Waits until there is something to send; `end` is the last of it.
    async fn next(&mut self) -> Vec<Event> {
        let mut news = self.store.news();
        loop {
            news.mark_unchanged();
            let (open, fresh) = match self.look().await {
                Ok(found) => found,
                // The browser asks again.
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a live log broke off");
                    self.over = true;
                    return vec![];
                }
            };
            let mut events: Vec<Event> = fresh.iter().filter_map(|entry| event(entry).ok()).collect();
            if !open {
                self.over = true;
                events.push(Event::default().event("end").data("The run has ended."));
            }
            if !events.is_empty() {
                return events;
            }
            tokio::select! {
                () = self.stop.cancelled() => self.over = true,
                () = tokio::time::sleep_until(self.until) => self.over = true,
                _ = news.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.over {
                return vec![];
            }
        }
    }

    async fn look(&mut self) -> Result<(bool, Vec<Entry>), StoreError> {
        // First whether it is open: what was said before its end is there by then.
        let open = self.store.run(self.run).await?.is_some_and(|run| run.open);
        let turns = self.store.turns_since(self.run, self.since, MOST).await?;
        let found: Vec<Entry> = turns.iter().flat_map(entries).collect();
        let fresh: Vec<Entry> = found.into_iter().filter(|entry| self.sent.insert(entry.key.clone())).collect();
        // Turns before one that still waits for its tools are over.
        let waits = turns.iter().find(|turn| turn.results.is_none()).or(turns.last());
        if let Some(turn) = waits {
            self.since = turn.at;
        }
        Ok((open, fresh))
    }
}

fn event(entry: &Entry) -> Result<Event, axum::Error> {
    Event::default().event("entry").json_data(entry)
}

/// What a turn is to a reader.
fn entries(turn: &LoggedTurn) -> Vec<Entry> {
    let name = |what: &str| format!("{}-{}-{what}", turn.task, turn.seq);
    let head = |what: &str| prose::visible(&format!("{} · turn {} · {what}", task(&turn.task), turn.seq + 1));
    let mut out = vec![];
    let answer: Option<Answer> = serde_json::from_str(&turn.answer).ok();
    let (text, calls) = answer.map(|answer| (answer.text, answer.calls)).unwrap_or_default();
    if !text.trim().is_empty() {
        out.push(Entry { key: name("says"), kind: "says", head: head("says"), text: short(&text) });
    }
    for (at, call) in calls.iter().enumerate() {
        let does = head(&format!("calls {}", prose::cut(&call.name, 64)));
        out.push(Entry { key: name(&format!("call-{at}")), kind: "does", head: does, text: arguments(call) });
    }
    let results: Vec<Said> =
        turn.results.as_ref().and_then(|results| serde_json::from_str(results).ok()).unwrap_or_default();
    for (at, part) in results.iter().enumerate() {
        let (what, text) = match part {
            Said::Text { text } => ("is told", text),
            Said::ToolResult { text, failed: true, .. } => ("failed", text),
            Said::ToolResult { text, failed: false, .. } => ("gets", text),
        };
        out.push(Entry { key: name(&format!("result-{at}")), kind: "answer", head: head(what), text: short(text) });
    }
    out
}

/// What a task is to a reader; its name is `plan-1`, `execute-2` or `fix-3`, with what it was made from behind it.
fn task(name: &str) -> String {
    let mut parts = name.split('-');
    match (parts.next(), parts.next()) {
        (Some("plan"), Some(version)) => format!("Planner, v{version}"),
        (Some("execute"), Some(version)) => format!("Executor, v{version}"),
        (Some("fix"), Some(number)) => format!("Follow-up {number}"),
        _ => name.to_owned(),
    }
}

fn arguments(call: &ToolCall) -> String {
    match &call.arguments {
        Arguments::Json(value) => {
            let fields = value.as_object().into_iter().flatten();
            let written = fields.map(|(name, value)| match value.as_str() {
                Some(text) if text.contains('\n') => format!("{name}:\n{text}"),
                Some(text) => format!("{name}: {text}"),
                None if value.is_object() || value.is_array() => format!("{name}:\n{value:#}"),
                None => format!("{name}: {value}"),
            });
            short(&written.collect::<Vec<_>>().join("\n"))
        }
        Arguments::Broken { text, why } => short(&format!("{text}\n({why})")),
    }
}

fn short(text: &str) -> String {
    prose::visible(&prose::cut(text.trim_end(), LONGEST))
}
