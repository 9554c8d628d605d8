//! `assentry schema`: the JSON schema of what people write, and of what they are given.

use std::io::Write as _;

use super::audit;
use crate::config::schema;

/// Prints the JSON schema of a file that people write, or of what a command prints.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of what.
    #[arg(value_enum, default_value = "policy")]
    what: What,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// A repository's `.github/assentry.toml`.
    Policy,
    /// The server's `assentry.toml`.
    Config,
    /// A plan as data.
    Plan,
    /// How an execution stands to its plan, as `assentry run show --json` prints it.
    Conformance,
    /// One line of `assentry audit export`.
    Audit,
    /// The body of a webhook that the server sends, see `[hooks]` in its configuration.
    Webhook,
}

/// Prints the schema.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let schema = match args.what {
        What::Policy => schema::policy(),
        What::Config => schema::server(),
        What::Plan => schema::plan(),
        What::Conformance => schema::conformance(),
        What::Audit => audit::schema(),
        What::Webhook => serde_json::to_value(schemars::schema_for!(crate::worker::Announcement))?,
    };
    writeln!(anstream::stdout(), "{schema:#}")?;
    Ok(())
}
