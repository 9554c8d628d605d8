//! `assentry run`: one run, with all that the server can tell of it.

pub(super) mod print;
mod stop;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::config::Config;
use crate::ids::RunId;
use crate::store::Store;
use crate::worker::account;

/// Tells of one run.
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
    /// Shows versions, decisions, how the work stands to the plan, checks, cost and links.
    Show {
        /// The run's number, as in the status comment.
        run: RunId,
        /// Prints JSON, with what the checks printed.
        #[arg(long)]
        json: bool,
    },
    /// Ends it as `/cancel` does. People are told that the operator did; the log says who.
    Stop {
        /// The run's number.
        run: RunId,
    },
}

/// Shows or ends a run.
///
/// # Errors
/// When there is no such run or it has ended before, or the database cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    match args.what {
        What::Show { run, json } => show(&config, run, json).await,
        What::Stop { run } => stop::stop(&config, run).await,
    }
}

async fn show(config: &Config, run: RunId, json: bool) -> anyhow::Result<()> {
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let row = store.run(run).await?;
    let row = row.with_context(|| format!("there is no run {run}; `assentry runs` lists them"))?;
    let web = config.github.web_url.as_str().trim_end_matches('/');
    let account = account(&store, row, web).await.with_context(|| format!("run {run} cannot be read"))?;
    store.close().await;
    let mut out = anstream::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&account)?)?;
    } else {
        write!(out, "{}", print::account(&account))?;
    }
    Ok(())
}
