//! What the operator of the server does to a run, past GitHub.

use super::apply::With;
use super::{Core, Trouble};
use crate::ids::{RunId, Timestamp};
use crate::workflow::event::Event;
use crate::workflow::run::CancelledBy;

/// What became of a run that was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It has ended; work under way stops within seconds.
    Yes,
    /// It had ended before.
    HadEnded,
    /// There is no such run.
    Unknown,
}

impl Core {
    /// Ends a run as `/cancel` does; people are told that the operator did.
    ///
    /// # Errors
    /// When the store does not answer, or what it holds cannot be read.
    pub async fn operator_stops(&self, id: RunId, operator: &str, now: Timestamp) -> Result<Stopped, Trouble> {
        match self.store.run(id).await? {
            None => return Ok(Stopped::Unknown),
            Some(row) if !row.open => return Ok(Stopped::HadEnded),
            Some(_) => {}
        }
        self.store.log_operator(id, "run stop", operator, now).await?;
        let event = Event::Cancelled { by: None, why: CancelledBy::Operator };
        let _ = self.apply(id, &event, With::default(), now).await?;
        Ok(Stopped::Yes)
    }
}
