//! `assentry man`: manual pages.

use std::path::PathBuf;

use anyhow::Context as _;

/// Writes manual pages into a folder, one a subcommand.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder, such as /usr/local/share/man/man1; it is made when missing.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes those of `program`.
///
/// # Errors
/// When the folder cannot be written to.
pub fn run(args: &Args, program: clap::Command) -> anyhow::Result<()> {
    let dir = &args.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    clap_mangen::generate_to(program, dir).with_context(|| format!("cannot write into {}", dir.display()))
}
