//! What a run may use: turns, tokens, money and time; and how many runs there may be.

use super::strict::Table;
use crate::workflow::spending::{self, DayLimits, Most};

/// What runs may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// How many runs work at one time; those that wait for a person do not count.
    pub concurrent_runs: u32,
    /// How many runs may be begun in a repository within 24 hours.
    pub runs_per_day: u32,
    /// How many runs one person may begin within 24 hours, in all repositories.
    pub runs_per_person_per_day: u32,
    /// What all calls of models may use up within 24 hours: one person's, a repository's, the server's.
    pub day: DayLimits,
    /// How much people may grant to one execution beyond its budget, in millionths of a dollar.
    pub raise: u64,
    /// For one version of a plan.
    pub plan: PhaseLimits,
    /// For one execution.
    pub execute: PhaseLimits,
    /// For one second reading.
    pub review: PhaseLimits,
}

/// What one phase may use; whichever ends first ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseLimits {
    /// Answers of the model.
    pub turns: u32,
    /// Tokens read and written, cached ones too.
    pub tokens: u64,
    /// Money, in millionths of a dollar.
    pub micro_dollars: u64,
    /// Time.
    pub minutes: u32,
}

const PLAN: PhaseLimits = PhaseLimits { turns: 60, tokens: 3_000_000, micro_dollars: 3_000_000, minutes: 20 };
pub(super) const EXECUTE: PhaseLimits =
    PhaseLimits { turns: 150, tokens: 10_000_000, micro_dollars: 10_000_000, minutes: 60 };

const REVIEW: PhaseLimits = PhaseLimits { turns: 5, tokens: 500_000, micro_dollars: 1_000_000, minutes: 10 };

pub(super) fn read(table: Table<'_>) -> LimitsConfig {
    let limits = LimitsConfig {
        concurrent_runs: small(&table, "concurrent_runs", 1000).unwrap_or(2),
        runs_per_day: small(&table, "runs_per_day", 100_000).unwrap_or(50),
        runs_per_person_per_day: small(&table, "runs_per_person_per_day", 100_000).unwrap_or(20),
        day: DayLimits {
            person: most(table.table("person"), 50_000_000),
            repository: most(table.table("repository"), 100_000_000),
            server: most(table.table("server"), 200_000_000),
        },
        raise: table.parsed("raise_dollars", micro_dollars).unwrap_or(20_000_000),
        plan: phase(table.table("plan"), PLAN),
        execute: phase(table.table("execute"), EXECUTE),
        review: phase(table.table("review"), REVIEW),
    };
    table.finish();
    limits
}

fn phase(table: Table<'_>, default: PhaseLimits) -> PhaseLimits {
    let limits = PhaseLimits {
        turns: small(&table, "turns", 10_000).unwrap_or(default.turns),
        tokens: table.integer("tokens", 1_000..=10_000_000_000).unwrap_or(default.tokens),
        micro_dollars: table.parsed("dollars", micro_dollars).unwrap_or(default.micro_dollars),
        minutes: small(&table, "minutes", 24 * 60).unwrap_or(default.minutes),
    };
    table.finish();
    limits
}

fn most(table: Table<'_>, micro_dollars: u64) -> Most {
    let most = Most {
        micro_dollars: table.parsed("dollars", self::micro_dollars).or(Some(micro_dollars)),
        tokens: table.integer("tokens", 1_000..=1_000_000_000_000),
        calls: table.integer("calls", 1..=100_000_000),
    };
    table.finish();
    most
}

fn small(table: &Table<'_>, key: &'static str, most: u32) -> Option<u32> {
    table.integer(key, 1..=u64::from(most)).and_then(|n| u32::try_from(n).ok())
}

/// An amount in dollars, as a text, so that no fraction of a cent is lost on the way.
pub(super) fn micro_dollars(text: &str) -> Result<u64, String> {
    spending::micro_dollars(text).ok_or_else(|| {
        format!("{text:?} must be an amount in dollars such as \"2.50\", at most six places behind the point")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_last_millionth() {
        let read = |text| micro_dollars(text).ok();
        assert_eq!(
            ["2.50", "0.000001", "3", "0", "999999999.999999"].map(read),
            [Some(2_500_000), Some(1), Some(3_000_000), Some(0), Some(999_999_999_999_999)]
        );
        for bad in ["", ".5", "5.", "-1", "1e3", "$2", "2,50", "0.0000001", "1234567890", "+1", "1.2.3"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
