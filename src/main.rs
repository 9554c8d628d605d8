//! Arguments, wiring, exit codes.

use std::process::ExitCode;

use assentry::cli;
use clap::{CommandFactory as _, Parser};

/// Plans an issue with a model and, once a person approves the plan, turns it into a pull request.
#[derive(Debug, Parser)]
#[command(version, about)]
enum Command {
    /// Runs the server.
    Serve(cli::serve::Args),
    /// Lists runs, newest first.
    #[command(alias = "status")]
    Runs(cli::runs::Args),
    /// Tells of one run: versions, decisions, how the work stands to the plan, cost; or ends it.
    Run(cli::run::Args),
    /// Creates the App on GitHub by way of a page in the browser, and writes the configuration.
    #[command(alias = "setup")]
    Init(cli::init::Args),
    /// Looks at everything that can be wrong, and says how to mend it.
    Doctor(cli::doctor::Args),
    /// Proves that nobody rewrote the event log, or prints it.
    Audit(cli::audit::Args),
    /// Adds up what calls of models have cost.
    Costs(cli::costs::Args),
    /// Copies the database into a file, while servers work on it.
    Backup(cli::backup::Args),
    /// Puts a copy of the database back; the next server holds every open run against GitHub and asks people anew.
    Restore(cli::restore::Args),
    /// Takes a delivery once more, or has GitHub send it again if it is not stored.
    Replay(cli::replay::Args),
    /// Reads what people wrote before a server does: its configuration, and a repository's policy.
    Config(cli::config::Args),
    /// Writes a plan for an issue in a file, on a checkout on this host.
    Plan(cli::plan::Args),
    /// Executes a plan in a checkout on this host, onto a new branch.
    Execute(cli::execute::Args),
    /// Has a set of tasks done, and says how well, at what price and in what time.
    Eval(cli::eval::Args),
    /// Prints the JSON schema of a policy, of the configuration, of a plan, or of what commands print.
    Schema(cli::schema::Args),
    /// Prints what a shell completes commands and options with.
    Completions(cli::completions::Args),
    /// Writes manual pages into a folder.
    Man(cli::man::Args),
    #[cfg(feature = "demo")]
    /// Tells the whole story offline: simulated GitHub, scripted model, real git, sandbox and database.
    Demo(cli::demo::Args),
    #[cfg(feature = "demo")]
    /// Serves a simulated GitHub for any client, until it is stopped.
    GithubSim(cli::github_sim::Args),
    #[cfg(feature = "demo")]
    /// Serves the demo's scripted model for any client, until it is stopped.
    ModelSim(cli::model_sim::Args),
}

fn main() -> ExitCode {
    // First of all: the sandbox's helper is this program too, and must not have a thread yet.
    if let Some(code) = assentry::sandbox::child::main(assentry::agent::tools::answer) {
        return code;
    }
    let command = Command::parse();
    assentry::github::install_crypto();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Serve(args) => cli::serve::run(&args).await,
            Command::Runs(args) => cli::runs::run(&args).await,
            Command::Run(args) => cli::run::run(&args).await,
            Command::Init(args) => cli::init::run(&args).await,
            Command::Doctor(args) => cli::doctor::run(&args).await,
            Command::Audit(args) => cli::audit::run(&args).await,
            Command::Costs(args) => cli::costs::run(&args).await,
            Command::Backup(args) => cli::backup::run(&args).await,
            Command::Restore(args) => cli::restore::run(&args).await,
            Command::Replay(args) => cli::replay::run(&args).await,
            Command::Config(args) => cli::config::run(&args),
            Command::Plan(args) => cli::plan::run(&args).await,
            Command::Execute(args) => cli::execute::run(&args).await,
            Command::Eval(args) => cli::eval::run(&args).await,
            Command::Schema(args) => cli::schema::run(&args),
            Command::Completions(args) => cli::completions::run(&args, Command::command()),
            Command::Man(args) => cli::man::run(&args, Command::command()),
            #[cfg(feature = "demo")]
            Command::Demo(args) => cli::demo::run(&args).await,
            #[cfg(feature = "demo")]
            Command::GithubSim(args) => cli::github_sim::run(args).await,
            #[cfg(feature = "demo")]
            Command::ModelSim(args) => cli::model_sim::run(&args).await,
        }
    });
    done.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

/// Exit code 2 for a configuration that cannot be used, 1 for everything else. Where nobody reads on (`| head`) there is
/// nothing to say: the code is the one that a shell shows for what SIGPIPE has ended.
fn failed(error: &anyhow::Error) -> ExitCode {
    if cli::pipe::is_no_longer_read(error) {
        return ExitCode::from(128 + 13);
    }
    anstream::eprintln!("assentry: {error:#}");
    ExitCode::from(if cli::serve::is_bad_config(error) { 2 } else { 1 })
}
