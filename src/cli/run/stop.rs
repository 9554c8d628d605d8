//! `assentry run stop`: ends a run past GitHub.

use std::io::Write as _;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::super::operator::operator;
use super::super::wiring::wire_without_sandbox;
use crate::config::Config;
use crate::ids::RunId;
use crate::worker::Stopped;

pub(super) async fn stop(config: &Config, run: RunId) -> anyhow::Result<()> {
    let core = wire_without_sandbox(config, Path::new(""), CancellationToken::new()).await?;
    let stopped = core.operator_stops(run, &operator(), super::super::now()).await?;
    core.store.close().await;
    match stopped {
        Stopped::Yes => writeln!(anstream::stdout(), "run {run} is ended; a server tells people")?,
        Stopped::HadEnded => anyhow::bail!("run {run} has ended before"),
        Stopped::Unknown => anyhow::bail!("there is no run {run}; `assentry runs` lists them"),
    }
    Ok(())
}
