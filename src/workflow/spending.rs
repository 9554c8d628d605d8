//! What the work on runs may use up, and which limit leaves no room for one more call (T56).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Budget;
use crate::ids::Timestamp;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Turns of a model; in a day, its calls.
    Turns,
    /// Tokens, in and out together.
    Tokens,
    /// Money.
    Money,
    /// Time.
    Minutes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Turns => "turns",
            Limit::Tokens => "tokens",
            Limit::Money => "money",
            Limit::Minutes => "minutes",
        })
    }
}

/// How a call of a model came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// With an answer.
    Answered,
    /// Without one.
    Failed,
    /// It was called off while the model worked; that is no failure of the model's.
    CalledOff,
}

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// What one person asked for, in all repositories.
    Person,
    /// What is done for one repository.
    Repository,
    /// All that the server does.
    Server,
}

/// The most that may be used up within any 24 hours; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Most {
    /// Millionths of a dollar; calls of models without a known price do not count.
    pub micro_dollars: Option<u64>,
    /// Tokens, in and out together.
    pub tokens: Option<u64>,
    /// Calls of models.
    pub calls: Option<u64>,
}

/// What may be used up within any 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayLimits {
    /// By what one person asked for.
    pub person: Most,
    /// For one repository.
    pub repository: Most,
    /// By the whole server.
    pub server: Most,
}

/// A limit of a day that leaves no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReached {
    /// Whose.
    pub whose: Whose,
    /// Of what.
    pub limit: Limit,
    /// From when on there is room again; `None` if the limit is too low for a single call.
    pub until: Option<Timestamp>,
}

/// Why there is no room for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Full {
    /// The budget of the work at hand is used up.
    Budget {
        /// Which part of it.
        limit: Limit,
    },
    /// So much was used up within a day.
    Day {
        /// Which limit.
        reached: DayReached,
    },
}

/// Reads an amount in dollars, such as `2.50`, to the last millionth: digits alone, with at most six behind one point.
#[must_use]
pub fn micro_dollars(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) || whole.len() > 9 || places.len() > 6 {
        return None;
    }
    format!("{whole}{places:0<6}").parse().ok()
}

/// A budget with so many millionths of a dollar more; turns, tokens and minutes grow by the same part, rounded up.
///
/// A budget without money grows by the whole of its other parts, for there is nothing to take a part of.
#[must_use]
pub fn raised(budget: &Budget, more: u64) -> Budget {
    if more == 0 {
        return *budget;
    }
    let grown = |amount: u64| {
        let (amount, more, of) = (u128::from(amount), u128::from(more), u128::from(budget.micro_dollars));
        let extra = if of == 0 { amount } else { (amount * more).div_ceil(of) };
        u64::try_from(amount + extra).unwrap_or(u64::MAX)
    };
    let small = |amount: u32| u32::try_from(grown(u64::from(amount))).unwrap_or(u32::MAX);
    Budget {
        turns: small(budget.turns),
        tokens: grown(budget.tokens),
        micro_dollars: budget.micro_dollars.saturating_add(more),
        minutes: small(budget.minutes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raise_lets_every_part_of_a_budget_grow_alike() {
        let budget = Budget { turns: 150, tokens: 10_000_000, micro_dollars: 10_000_000, minutes: 60 };
        let more = Budget { turns: 188, tokens: 12_500_000, micro_dollars: 12_500_000, minutes: 75 };
        assert_eq!(raised(&budget, 2_500_000), more);
        assert_eq!(raised(&budget, 0), budget);
        let free = Budget { micro_dollars: 0, ..budget };
        assert_eq!(raised(&free, 1), Budget { turns: 300, tokens: 20_000_000, micro_dollars: 1, minutes: 120 });
        assert_eq!(raised(&budget, u64::MAX).tokens, u64::MAX);
    }
}
