//! `assentry replay`: takes a delivery once more.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::operator::operator;
use super::wiring::wire_without_sandbox;
use crate::config::Config;
use crate::ids::{DeliveryId, Timestamp};
use crate::store::Replayed;

/// How far GitHub's list of deliveries is looked through; it keeps them for three days.
const BACK: Duration = Duration::from_secs(3 * 24 * 3600);

/// Takes a delivery once more, or has GitHub send it again if it is not stored. What it meant counts once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The delivery's id, as in the log and under "Recent deliveries" in the App's settings.
    #[arg(value_name = "DELIVERY")]
    delivery: DeliveryId,
    /// The server's configuration.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
}

/// Puts it in line, or asks GitHub for it.
///
/// # Errors
/// When neither the store nor GitHub knows the delivery, or one of them does not answer.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let core = wire_without_sandbox(&config, Path::new(""), CancellationToken::new()).await?;
    let (id, now) = (&args.delivery, super::now());
    let said = match core.store.replay(id, &operator(), now).await? {
        Replayed::Again => format!("{id} is taken once more"),
        Replayed::Waits => format!("{id} waits to be taken; it does so without a pause from now on"),
        Replayed::Unknown => {
            let since = Timestamp(now.0 - i64::try_from(BACK.as_millis()).unwrap_or_default());
            let listed = core.app.hook_deliveries(since, now).await.context("GitHub does not list its deliveries")?;
            let newest = listed.items.iter().filter(|tried| tried.guid == *id).max_by_key(|tried| tried.id);
            let Some(newest) = newest else {
                anyhow::bail!("{id} is neither stored here nor among GitHub's deliveries of the last three days");
            };
            core.app.redeliver(newest.id, now).await.context("GitHub does not deliver it again")?;
            format!("{id} is not stored; GitHub was asked to deliver it again")
        }
    };
    core.store.close().await;
    writeln!(anstream::stdout(), "{said}")?;
    Ok(())
}
