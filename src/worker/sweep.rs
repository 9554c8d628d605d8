//! Looks for deliveries that GitHub could not bring, and asks for them again (F05).

use super::{Core, Trouble};
use crate::ids::Timestamp;

/// A delivery that did not arrive in so many tries is refused for a reason that more tries do not mend.
const MOST_TRIES: usize = 10;

impl Core {
    /// Asks GitHub for another try at deliveries that failed lately. A delivery that does arrive twice counts once.
    ///
    /// # Errors
    /// When GitHub or the store does not answer; the next sweep goes on.
    pub async fn sweep(&self, now: Timestamp) -> Result<u32, Trouble> {
        let since = Timestamp(now.0 - 3 * 24 * 3600 * 1000);
        let listed = self.app.hook_deliveries(since, now).await?;
        let mut asked = 0;
        for delivery in &listed.items {
            let arrived = listed.items.iter().any(|other| other.guid == delivery.guid && other.succeeded());
            let tries = listed.items.iter().filter(|other| other.guid == delivery.guid);
            let newest = tries.clone().map(|other| other.id.0).max();
            if !arrived && newest == Some(delivery.id.0) && tries.count() < MOST_TRIES {
                self.app.redeliver(delivery.id, now).await?;
                asked += 1;
            }
        }
        if asked > 0 {
            tracing::info!(asked, "asked GitHub for {asked} deliveries that did not arrive");
        }
        Ok(asked)
    }
}
