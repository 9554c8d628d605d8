//! `assentry model-sim`: the demo's scripted model as a program of its own, behind both vendors' wire formats.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;

use crate::demo::model::ScriptedModel;
use crate::demo::story;

/// Serves the scripted model of the demo until it is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
}

/// Starts it, prints its address, and serves until Ctrl-C.
///
/// # Errors
/// When the address is taken.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let model = ScriptedModel::start(args.listen, story::script()).await;
    let model = model.with_context(|| format!("cannot listen on {}", args.listen))?;
    let mut out = anstream::stdout();
    writeln!(out, "The scripted model answers at {}; it takes any key.", model.url())?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
