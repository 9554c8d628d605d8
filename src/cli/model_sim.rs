//! `assentry model-sim`: a scripted model as a program of its own, behind both vendors' wire formats.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use crate::demo::model::{Recordings, Script, ScriptedModel};
use crate::demo::story;

/// Serves the scripted model of the demo, or recorded answers, until it is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// Recordings conversations to answer from, in place of the demo's; may be given several times.
    #[arg(long, value_name = "FILE")]
    answers: Vec<PathBuf>,
}

/// Starts it, prints its address, and serves until Ctrl-C.
///
/// # Errors
/// When the address is taken or a recording cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let script: Arc<dyn Script> = if args.answers.is_empty() {
        story::script()
    } else {
        Arc::new(args.answers.iter().try_fold(Recordings::default(), |all, file| all.and(file))?)
    };
    let model = ScriptedModel::start(args.listen, script).await;
    let model = model.with_context(|| format!("cannot listen on {}", args.listen))?;
    let mut out = anstream::stdout();
    writeln!(out, "The scripted model answers at {}; it takes any key.", model.url())?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
