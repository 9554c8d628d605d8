//! `assentry audit`: the event log, proved and printed.

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::ids::RunId;
use crate::store::{EventRow, Store, Verdict};

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
    /// Checks that no event was changed, removed, inserted or moved; names the first that was.
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
                writeln!(out, "whole: {} events, the last one has hash {}", verified.rows, verified.head)?;
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
#[derive(Serialize)]
struct Line<'a> {
    seq: i64,
    run: Option<RunId>,
    at_ms: i64,
    kind: &'a str,
    event: &'a RawValue,
    prev_hash: &'a str,
    hash: &'a str,
}

fn line(event: &EventRow) -> anyhow::Result<String> {
    let EventRow { seq, run, at, kind, json, prev_hash, hash } = event;
    let event: &RawValue = serde_json::from_str(json).with_context(|| format!("event {seq} is no JSON"))?;
    Ok(serde_json::to_string(&Line { seq: *seq, run: *run, at_ms: at.0, kind, event, prev_hash, hash })?)
}
