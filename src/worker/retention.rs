//! Forgets what is older than the operator keeps it.

use super::{Core, Trouble};
use crate::ids::Timestamp;
use crate::store::Forgettable;

impl Core {
    /// Forgets old deliveries, transcripts and outputs; the event log and the plans stay.
    ///
    /// # Errors
    /// When the store does not answer; the next time goes on.
    pub async fn forget_what_is_old(&self, now: Timestamp) -> Result<(), Trouble> {
        let keep = &self.settings.retention;
        let before = |span: std::time::Duration| {
            Timestamp(now.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
        };
        let deliveries = self.store.prune(before(keep.deliveries)).await?;
        let transcripts = self.store.forget(Forgettable::Transcripts, before(keep.transcripts), now).await?;
        let outputs = self.store.forget(Forgettable::Outputs, before(keep.outputs), now).await?;
        if deliveries + transcripts + outputs > 0 {
            tracing::info!(deliveries, transcripts, outputs, "forgot what is older than [retention] keeps it");
        }
        Ok(())
    }
}
