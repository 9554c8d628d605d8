//! What an agent may use up, reserved before each call so that a limit stops the work inside the run (F51, T56).

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ending::{Ending, Limit};
use crate::model::{Price, Usage, cost};
use crate::workflow::plan::Budget;

/// What holds an agent back: its budget, its deadline and whoever may call it off.
#[derive(Debug, Clone)]
pub struct Leash {
    /// The budget; what the stored turns have used counts as well.
    pub budget: Budget,
    /// When the budget's minutes are over.
    pub until: Instant,
    /// Calls the agent off.
    pub cancel: CancellationToken,
}

/// What has been used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Answers of the model.
    pub turns: u32,
    /// Their tokens.
    pub usage: Usage,
    /// Their price, if it is known, in millionths of a dollar.
    pub micro_dollars: u64,
}

impl Spent {
    /// Counts what one call has used.
    pub(super) fn add(&mut self, usage: &Usage, price: Option<&Price>) {
        self.usage = self.usage.plus(*usage);
        let price = price.map_or(0, |price| cost(usage, price).0);
        self.micro_dollars = self.micro_dollars.saturating_add(price);
    }

    /// Asks whether one more call fits into the budget, by what it will presumably read.
    ///
    /// What it will write is not foreseen: the longest answer allowed would end work that can be paid for. So a budget is
    /// passed by the words of one call at most.
    pub(super) fn reserve(&self, budget: &Budget, foreseen: &Usage, price: Option<&Price>) -> Result<(), Ending> {
        let input_tokens = foreseen.input_tokens;
        // Priced as read from the cache, as most of a long conversation is.
        let next = Usage { input_tokens, cached_tokens: input_tokens, ..Usage::default() };
        let tokens = |usage: Usage| usage.input_tokens.saturating_add(usage.output_tokens);
        if self.turns >= budget.turns {
            return Err(Ending::OverBudget(Limit::Turns));
        }
        if tokens(self.usage.plus(next)) > budget.tokens {
            return Err(Ending::OverBudget(Limit::Tokens));
        }
        let mut then = *self;
        then.add(&next, price);
        if then.micro_dollars > budget.micro_dollars {
            return Err(Ending::OverBudget(Limit::Money));
        }
        Ok(())
    }
}

impl Leash {
    /// What stops one piece of work.
    pub(super) fn stop(&self) -> CancellationToken {
        self.cancel.child_token()
    }

    /// Waits for `work`, which must end soon after `stop` is cancelled; says by whom it was stopped, if it was.
    pub(super) async fn hold<T>(&self, stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, Ending> {
        let timer = async {
            tokio::time::sleep_until(self.until).await;
            stop.cancel();
            std::future::pending::<()>().await;
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            () = timer => return Err(Ending::OverBudget(Limit::Minutes)),
        };
        match (self.cancel.is_cancelled(), stop.is_cancelled()) {
            (true, _) => Err(Ending::Cancelled),
            (false, true) => Err(Ending::OverBudget(Limit::Minutes)),
            (false, false) => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { turns: 3, tokens: 1_000, micro_dollars: 500, minutes: 1 };
    const PRICE: Price = Price { input: 1_000_000, cached: 100_000, cache_write: 0, output: 1_000_000, long: None };

    fn after(turns: u32, input_tokens: u64, price: Option<&Price>) -> Option<Limit> {
        let mut spent = Spent { turns, ..Spent::default() };
        spent.add(&Usage { input_tokens, ..Usage::default() }, price);
        match spent.reserve(&BUDGET, &Usage { input_tokens: 100, output_tokens: 9_999, ..Usage::default() }, price) {
            Err(Ending::OverBudget(limit)) => Some(limit),
            _ => None,
        }
    }

    #[test]
    fn f51_a_call_that_would_pass_a_limit_is_not_made() {
        assert_eq!(after(2, 100, None), None);
        assert_eq!(after(3, 0, None), Some(Limit::Turns));
        assert_eq!(after(0, 950, None), Some(Limit::Tokens));
        assert_eq!(after(0, 495, Some(&PRICE)), Some(Limit::Money));
        assert_eq!(after(0, 400, Some(&PRICE)), None);
    }

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
