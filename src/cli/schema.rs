//! `assentry schema`: the JSON schema of what people write.

use std::io::Write as _;

use crate::config::schema;

/// Prints the JSON schema of a file that people write.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which file.
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
    };
    writeln!(anstream::stdout(), "{schema:#}")?;
    Ok(())
}
