//! `assentry restore`: puts a copy of the database back.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::Config;
use crate::store::{CopyError, Others, Store, without_password};

/// Puts a copy of the database back; the next server holds every open run against GitHub and asks people anew.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file that `assentry backup` made.
    #[arg(value_name = "FROM", required_unless_present = "in_place")]
    from: Option<PathBuf>,
    /// The copy was put back already, by pg_restore or from a snapshot of the disk: marks it as one.
    #[arg(long, conflicts_with = "from")]
    in_place: bool,
    /// The server's configuration, which names the database.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
}

/// Puts it back, or marks what was put back.
///
/// # Errors
/// When it cannot; the database is as it was.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let address = config.server.database_url.expose();
    match &args.from {
        Some(from) => put_back(from, address).await,
        None => mark(address).await,
    }
}

async fn put_back(from: &Path, address: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    match Store::put_back(from, address, super::now()).await {
        Ok((copied, before)) => {
            writeln!(out, "put back: {} runs, {} events", copied.runs, copied.events)?;
            if let Some(before) = before {
                writeln!(out, "what was there before: {}", before.display())?;
            }
            writeln!(out, "{NEXT}")?;
            Ok(())
        }
        Err(CopyError::Postgres) => anyhow::bail!(
            "the database is PostgreSQL. Stop all servers, then:\n\n  \
             pg_restore --clean --if-exists --no-owner --single-transaction --dbname='{}' '{}'\n  \
             assentry restore --in-place",
            without_password(address),
            from.display()
        ),
        Err(error) => Err(error.into()),
    }
}

async fn mark(address: &str) -> anyhow::Result<()> {
    let store = Store::open(address).await.context("cannot open the database")?;
    let others = store.take_over().await?;
    if matches!(others, Others::AtWork) {
        anyhow::bail!("a server works on the database: stop it first");
    }
    store.mark_as_copy(super::now()).await?;
    store.close().await;
    writeln!(anstream::stdout(), "marked as a copy\n{NEXT}")?;
    Ok(())
}

const NEXT: &str = "The next server holds every open run against GitHub before it goes on; approvals from before no \
                    longer count.";
