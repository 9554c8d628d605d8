//! Makes sure, before a server works, that its database is the one that was here last (F21).

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::now;
use crate::store::Past;
use crate::worker::{Core, Trouble};

/// How often is looked whether another replica has come to the end, and noted how long the log is.
const PAUSE: Duration = Duration::from_secs(5);
/// For how long one replica looks at what came back, before another may.
const TURN: Duration = Duration::from_secs(60);

/// Sets `sure` when work may begin, and notes from then on how long the event log is.
pub(super) async fn watch(core: Core, may_talk: bool, sure: CancellationToken) {
    loop {
        match step(&core, may_talk).await {
            Ok(true) => sure.cancel(),
            Ok(false) => {
                tracing::warn!("the database came back from a copy: nothing is worked on before it was looked at")
            }
            Err(error) => tracing::error!(%error, "it is not known whether the database came back from a copy"),
        }
        while sure.is_cancelled() && !core.stop.is_cancelled() {
            pause(&core).await;
            if let Err(error) = core.store.note_epoch().await {
                tracing::warn!(%error, "how long the event log is was not noted beside the database");
            }
        }
        if core.stop.is_cancelled() {
            return;
        }
        pause(&core).await;
    }
}

/// Whether work may begin; where it may not, does what is needed, if no other replica does.
async fn step(core: &Core, may_talk: bool) -> Result<bool, Trouble> {
    let Past::Copy { at } = core.store.past().await? else { return Ok(true) };
    if !may_talk || !core.store.take_chore("recovery", now(), TURN).await? {
        return Ok(false);
    }
    let runs = core.recover(at, now()).await?;
    tracing::warn!(runs, "the database came back from a copy: {runs} open runs were held against GitHub");
    Ok(true)
}

async fn pause(core: &Core) {
    tokio::select! {
        () = core.stop.cancelled() => {}
        () = tokio::time::sleep(PAUSE) => {}
    }
}
