//! `assentry completions`: what a shell proposes.

use std::io::Write as _;

/// Prints what a shell completes commands and options with.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints it for `program`.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args, mut program: clap::Command) -> anyhow::Result<()> {
    let mut text = vec![];
    clap_complete::generate(args.shell, &mut program, "assentry", &mut text);
    anstream::stdout().write_all(&text)?;
    Ok(())
}
