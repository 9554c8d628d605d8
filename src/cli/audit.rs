//! `assentry audit`: the event log, proved and printed.

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::github::Write;
use crate::ids::RunId;
use crate::store::{EventRow, Store, Verdict};
use crate::worker::{Record, Unbound, verify_records};

/// Proves that nobody rewrote the event log, or prints it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    what: What,
    /// The server's configuration, which names the database.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE", global = true)]
    config: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Checks that no event was changed, removed, inserted or moved, and that the conversations and results they bind are
    /// what they were; names the first that is not.
    Verify {
        /// Also checks that the log once stood here, as a pull request says: a log that was rewritten as a whole did not.
        #[arg(long, value_name = "EVENT:HASH")]
        at: Option<Place>,
    },
    /// Prints events as lines of JSON, each with its hash and that of the one before.
    Export {
        /// Only the events of this run.
        #[arg(long, value_name = "RUN")]
        run: Option<RunId>,
    },
}

/// A place in the log: an event's number and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    event: i64,
    hash: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let (event, hash) = text.split_once(':').unwrap_or_default();
        let is_hash = hash.len() == 64 && hash.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        match event.parse() {
            Ok(event) if event > 0 && is_hash => Ok(Place { event, hash: hash.to_owned() }),
            _ => Err("it takes an event's number, a colon, and the 64 hex digits of its hash".to_owned()),
        }
    }
}

/// Verifies or exports.
///
/// # Errors
/// When the log is broken, or cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let mut out = anstream::stdout();
    match &args.what {
        What::Verify { at } => match store.verify().await? {
            Verdict::Whole(verified) => {
                if let Some(at) = at {
                    stood(&store, at).await?;
                }
                if let Some(Unbound { seq, what }) = verify_records(&store).await? {
                    anyhow::bail!("the event log is whole, and what event {seq} binds is not: {what}");
                }
                writeln!(out, "whole: {} events, the last one has hash {}", verified.rows, verified.head)?;
                if let Some(Place { event, hash }) = at {
                    writeln!(out, "event {event} is the one that was named: {hash}")?;
                }
            }
            Verdict::Broken(broken) => {
                anyhow::bail!("the event log is broken at event {}: {}", broken.seq, broken.what)
            }
        },
        What::Export { run: Some(run) } => {
            for event in store.events(*run).await? {
                writeln!(out, "{}", line(&event)?)?;
            }
        }
        What::Export { run: None } => {
            let mut after = 0;
            loop {
                let events = store.events_after(after).await?;
                let Some(last) = events.last() else { break };
                after = last.seq;
                for event in &events {
                    writeln!(out, "{}", line(event)?)?;
                }
            }
        }
    }
    store.close().await;
    Ok(())
}

/// Whether the event of a place has the hash that was noted elsewhere.
async fn stood(store: &Store, at: &Place) -> anyhow::Result<()> {
    let found = store.events_after(at.event - 1).await?;
    match found.first() {
        Some(row) if row.hash == at.hash => Ok(()),
        Some(row) => {
            let Place { event, hash } = at;
            anyhow::bail!("the event log was rewritten: event {event} has hash {}, and had {hash}", row.hash)
        }
        None => anyhow::bail!("the event log was cut off or is another one: there is no event {}", at.event),
    }
}

/// One event as it was hashed: the JSON of the event itself is printed byte for byte.
#[derive(Serialize, JsonSchema)]
struct Line<'a> {
    /// Counted from 1, without gaps.
    seq: i64,
    /// The run it happened to, if it happened to one.
    run: Option<RunId>,
    /// When it was written, in milliseconds since 1970, UTC.
    at_ms: i64,
    /// The event's name, such as `plan_written`, `acted`, `judged`, `executed`, `pushed` or `wrote`.
    kind: &'a str,
    /// What has happened.
    #[schemars(with = "Happened")]
    event: &'a RawValue,
    /// The hash of the line before; 64 zeros for the first.
    prev_hash: &'a str,
    /// SHA-256, in hex, over `prev_hash`, `seq`, `run` (empty if there is none), `at_ms`, `kind` and the bytes of `event`:
    /// each as text, with its length in bytes in front as eight bytes, the highest first.
    hash: &'a str,
}

/// What has happened, with further fields by its kind.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; what is printed are the bytes that were hashed")]
struct Happened {
    /// The event's name, as in `kind`.
    event: String,
    /// What it led to; for events that can move a run.
    #[schemars(default)]
    led: Option<Led>,
    /// What it binds besides itself: the model's conversations and what was built; for the outcome of paid work.
    #[schemars(default)]
    record: Option<Record>,
    /// What went out to GitHub; for `wrote`.
    #[schemars(default)]
    writes: Option<Vec<Write>>,
}

/// What an event led to.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; what is printed are the bytes that were hashed")]
struct Led {
    /// The phase the run was in.
    from: String,
    /// The phase it is in.
    to: String,
    /// The digest of the version that people see from then on.
    digest: Option<String>,
    /// The digest of the approval rules that were judged by; for `judged`.
    #[schemars(default)]
    rules: Option<String>,
    /// Who approved that version, where it is approved.
    approved_by: Vec<Value>,
    /// Who of them had asked for it, where somebody had: it is self-approved by them.
    #[schemars(default)]
    self_approved: Option<Vec<Value>>,
    /// Why it is not, where that was judged.
    missing: Vec<Value>,
}

/// The schema of one line.
pub(super) fn schema() -> Value {
    SchemaGenerator::default().into_root_schema_for::<Line<'_>>().to_value()
}

fn line(event: &EventRow) -> anyhow::Result<String> {
    let EventRow { seq, run, at, kind, json, prev_hash, hash } = event;
    let event: &RawValue = serde_json::from_str(json).with_context(|| format!("event {seq} is no JSON"))?;
    Ok(serde_json::to_string(&Line { seq: *seq, run: *run, at_ms: at.0, kind, event, prev_hash, hash })?)
}
