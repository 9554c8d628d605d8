//! What holds an agent back: turns, time, and whoever calls it off (F51). Tokens and money are held against their limits
//! where each call is reserved, see [`Journal::reserve`](super::Journal::reserve) (T56).

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use crate::model::{Price, Usage, cost};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Answers of the model.
    pub turns: u32,
    /// Their tokens, and those of calls without an answer since the last start.
    pub usage: Usage,
    /// Their price in millionths of a dollar; `None` once there is one that is not known.
    pub micro_dollars: Option<u64>,
}

impl Default for Spent {
    fn default() -> Spent {
        Spent { turns: 0, usage: Usage::default(), micro_dollars: Some(0) }
    }
}

impl Spent {
    /// Counts what a call has used.
    pub(super) fn add(&mut self, usage: &Usage, price: Option<&Price>) {
        self.usage = self.usage.plus(*usage);
        let price = priced(usage, price);
        self.micro_dollars = self.micro_dollars.zip(price).map(|(sum, more)| sum.saturating_add(more));
    }
}

/// What tokens cost, in millionths of a dollar: an unknown price is not nothing, but no tokens cost nothing.
#[must_use]
pub fn priced(usage: &Usage, price: Option<&Price>) -> Option<u64> {
    price.map(|price| cost(usage, price).0).or((*usage == Usage::default()).then_some(0))
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

    #[test]
    fn an_unknown_price_is_not_nothing_and_no_tokens_cost_nothing() {
        let (none, some) = (Usage::default(), Usage { output_tokens: 1_000_000, ..Usage::default() });
        let known = Price { input: 1, cached: 1, cache_write: 1, output: 7, long: None };
        let mut spent = Spent::default();
        spent.add(&some, Some(&known));
        spent.add(&none, None);
        assert_eq!(spent.micro_dollars, Some(7));
        spent.add(&some, None);
        assert_eq!(spent.micro_dollars, None);
    }

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
