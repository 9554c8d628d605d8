//! `assentry runs`: the runs the server knows, newest first.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::run::print::{self, line};
use crate::config::Config;
use crate::ids::RepoName;
use crate::store::Store;
use crate::worker::{Overview, overview};

/// How many runs are read at a time.
const PAGE: u32 = 100;

/// Lists runs from the database; no server has to run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only runs that stand here: `open`, `ended`, or a phase such as `awaiting_approval`.
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    state: Option<String>,
    /// Only runs of this repository, as owner/name.
    #[arg(long, value_name = "REPO")]
    repo: Option<RepoName>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Prints a JSON array.
    #[arg(long)]
    json: bool,
    /// The server's configuration, which names the database.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
}

const STATES: [&str; 12] = [
    "open",
    "ended",
    "planning",
    "awaiting_answer",
    "publishing",
    "awaiting_approval",
    "starting",
    "executing",
    "resting",
    "delivering",
    "in_review",
    "all",
];

/// Lists.
///
/// # Errors
/// When the database cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let found = find(&store, args).await?;
    store.close().await;
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?;
    } else {
        write!(out, "{}", table(&found))?;
    }
    Ok(())
}

async fn find(store: &Store, args: &Args) -> anyhow::Result<Vec<Overview>> {
    let (mut found, mut before) = (Vec::new(), None);
    while found.len() < args.limit {
        let page = store.runs(before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for row in page {
            let state = match args.state.as_deref() {
                None | Some("all") => true,
                Some("open") => row.open,
                Some(phase) => row.phase == phase,
            };
            let here = args.repo.as_ref().is_none_or(|repo| repo.as_str().eq_ignore_ascii_case(row.repo_name.as_str()));
            if state && here && found.len() < args.limit {
                let id = row.id;
                found.push(overview(store, row).await.with_context(|| format!("run {id} cannot be read"))?);
            }
        }
    }
    Ok(found)
}

fn table(found: &[Overview]) -> String {
    let head = ["RUN", "ISSUE", "STATE", "VERSION", "COST", "UPDATED (UTC)", "TITLE"].map(str::to_owned);
    let row = |run: &Overview| {
        [
            run.run.to_string(),
            format!("{}#{}", run.repository, run.issue),
            print::state(run),
            run.version.map_or_else(|| "–".to_owned(), |version| format!("v{version}")),
            print::dollars(run.micro_dollars),
            print::time(run.updated_at),
            line(&run.title, 60),
        ]
    };
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(found.iter().map(row)).collect();
    print::columns(&rows)
}
