//! `assentry audit`: the event log, proved and printed.

use std::io::Write as _;
use std::path::PathBuf;

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
    Verify,
    /// Prints events as lines of JSON, each with its hash and that of the one before.
    Export {
        /// Only the events of this run.
        #[arg(long, value_name = "RUN")]
        run: Option<RunId>,
    },
}

/// Verifies or exports.
///
/// # Errors
/// When the log is broken, or cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let mut out = anstream::stdout();
    match args.what {
        What::Verify => match store.verify().await? {
            Verdict::Whole(verified) => {
                writeln!(out, "whole: {} events, the last one has hash {}", verified.rows, verified.head)?;
            }
            Verdict::Broken(broken) => {
                anyhow::bail!("the event log is broken at event {}: {}", broken.seq, broken.what)
            }
        },
        What::Export { run: Some(run) } => {
            for event in store.events(run).await? {
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
