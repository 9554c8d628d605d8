//! Arguments, wiring, exit codes.

use std::process::ExitCode;

use assentry::cli;
use clap::Parser;

/// Plans an issue with a model and, once a person approves the plan, turns it into a pull request.
#[derive(Debug, Parser)]
#[command(version, about)]
enum Command {
    #[cfg(feature = "demo")]
    /// Serves a simulated GitHub for any client, until it is stopped.
    GithubSim(cli::github_sim::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    // First of all: the sandbox's helper is this program too, and must not have a thread yet.
    if let Some(code) = assentry::sandbox::child::main(assentry::agent::tools::answer) {
        return Ok(code);
    }
    let command = Command::parse();
    assentry::github::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            #[cfg(feature = "demo")]
            Command::GithubSim(args) => cli::github_sim::run(args).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
