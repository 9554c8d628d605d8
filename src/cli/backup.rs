//! `assentry backup`: copies the database while servers work on it.

use std::io::Write as _;
use std::path::PathBuf;

use crate::config::Config;
use crate::store::{CopyError, Store, without_password};

/// Copies the database into a file, while servers work on it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to make; what stands there is not replaced.
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// The server's configuration, which names the database.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
}

/// Makes the copy, and says what is in it.
///
/// # Errors
/// When there is none; the text says why, and for PostgreSQL what to use instead.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let address = config.server.database_url.expose();
    match Store::copy(address, &args.to, super::now()).await {
        Ok(copied) => {
            let (file, runs, events, head) = (args.to.display(), copied.runs, copied.events, copied.head);
            writeln!(anstream::stdout(), "{file}: {runs} runs, {events} events, the last one has hash {head}")?;
            Ok(())
        }
        Err(CopyError::Postgres) => anyhow::bail!(
            "the database is PostgreSQL, whose own program makes consistent copies while servers work:\n\n  \
             pg_dump --format=custom --no-owner --file='{}' --dbname='{}'",
            args.to.display(),
            without_password(address)
        ),
        Err(error) => Err(error.into()),
    }
}
