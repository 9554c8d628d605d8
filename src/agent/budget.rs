//! What holds an agent back: turns, time, and whoever calls it off (F51). Tokens and money are held against their limits
//! where each call is reserved, see [`Journal::reserve`](super::Journal::reserve) (T56).

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use crate::model::Usage;
use crate::workflow::plan::Budget;
use crate::workflow::spending::Limit;

/// What holds an agent back: its budget, its deadline and whoever may call it off.
#[derive(Debug, Clone)]
pub struct Leash {
    /// The budget; stored turns count as well.
    pub budget: Budget,
    /// When the budget's minutes are over.
    pub until: Instant,
    /// Calls the agent off.
    pub cancel: CancellationToken,
}

/// What a conversation has used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Answers of the model.
    pub turns: u32,
    /// Their tokens; those of calls without an answer are not among them.
    pub usage: Usage,
}

impl Spent {
    /// Counts an answer.
    pub(super) fn add(&mut self, usage: &Usage) {
        self.turns += 1;
        self.usage = self.usage.plus(*usage);
    }
}

impl Leash {
    /// What stops one piece of work.
    pub(super) fn stop(&self) -> CancellationToken {
        self.cancel.child_token()
    }

    /// Waits for `work`, which must end soon after `stop` is cancelled; says by whom it was stopped, if it was.
    pub(super) async fn hold<T>(&self, stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, Ending> {
        let (done, held) = self.watch(stop, work).await;
        held.map(|()| done)
    }

    /// The same, with what came of the work also where it was stopped.
    pub(super) async fn watch<T>(
        &self,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> (T, Result<(), Ending>) {
        let timer = async {
            tokio::time::sleep_until(self.until).await;
            stop.cancel();
            std::future::pending::<std::convert::Infallible>().await
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            never = timer => match never {},
        };
        let held = match (self.cancel.is_cancelled(), stop.is_cancelled()) {
            (true, _) => Err(Ending::Cancelled),
            (false, true) => Err(Ending::OverBudget(Limit::Minutes)),
            (false, false) => Ok(()),
        };
        (done, held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { turns: 3, tokens: 1_000, micro_dollars: 500, minutes: 1 };

    fn leash(cancel: &CancellationToken) -> Leash {
        Leash { budget: BUDGET, until: Instant::now(), cancel: cancel.clone() }
    }

    #[tokio::test]
    async fn f51_time_that_is_over_stops_what_waits() {
        let leash = leash(&CancellationToken::new());
        let stop = leash.stop();
        let stopped = leash.hold(&stop, stop.cancelled()).await;
        assert!(matches!(stopped, Err(Ending::OverBudget(Limit::Minutes))), "{stopped:?}");
    }

    #[tokio::test]
    async fn a_cancelled_agent_says_that_it_was_cancelled() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let stop = leash(&cancel).stop();
        let stopped = leash(&cancel).hold(&stop, stop.cancelled()).await;
        assert!(matches!(stopped, Err(Ending::Cancelled)), "{stopped:?}");
    }
}
