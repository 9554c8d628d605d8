//! One file a subcommand; [`wiring`] puts the parts together for those that work.

pub mod audit;
pub mod backup;
pub mod completions;
pub mod config;
pub mod costs;
#[cfg(feature = "demo")]
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod execute;
#[cfg(feature = "demo")]
pub mod github_sim;
pub mod init;
pub mod local;
pub mod man;
#[cfg(feature = "demo")]
pub mod model_sim;
mod operator;
pub mod pipe;
pub mod plan;
mod recovery;
pub mod replay;
pub mod restore;
pub mod run;
pub mod runs;
pub mod schema;
pub mod serve;
mod telemetry;
pub mod wiring;

use tokio_util::sync::CancellationToken;

use crate::ids::Timestamp;

/// The clock of this host.
fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}

/// Does something that a Ctrl-C calls off; it is waited for, so that nothing is left running.
async fn until_interrupted<T>(cancel: &CancellationToken, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => done,
        _ = tokio::signal::ctrl_c() => {
            cancel.cancel();
            work.await
        }
    }
}
