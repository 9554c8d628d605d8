//! What a call costs, in whole micro-dollars: no floating point, always rounded up, so that a budget is never passed unseen.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::conversation::Usage;
use super::profile::Provider;

/// What a model's tokens cost, in micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens read that were neither in the cache nor written to it.
    pub input: u64,
    /// Tokens read from the cache.
    pub cached: u64,
    /// Tokens written to the cache.
    pub cache_write: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Other rates for long prompts, where the vendor has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongPrompt>,
}

/// The rates of a call whose whole prompt is longer than `above` tokens; they hold for all of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    /// The longest prompt, in tokens, that is still billed at the usual rates.
    pub above: u64,
    /// As in [`Price`].
    pub input: u64,
    /// As in [`Price`].
    pub cached: u64,
    /// As in [`Price`].
    pub cache_write: u64,
    /// As in [`Price`].
    pub output: u64,
}

/// An amount of money: millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroDollars(pub u64);

impl fmt::Display for MicroDollars {
    /// Writes dollars and at least two, at most six decimal places: `$0.0123`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = format!("{:06}", self.0 % 1_000_000);
        let (cents, rest) = places.split_at(2);
        write!(f, "${}.{cents}{}", self.0 / 1_000_000, rest.trim_end_matches('0'))
    }
}

/// Works out what one call cost. Not for the sum of several calls: a long prompt has rates of its own.
#[must_use]
pub fn cost(usage: &Usage, price: &Price) -> MicroDollars {
    let rates = match price.long {
        Some(long) if usage.input_tokens > long.above => [long.input, long.cached, long.cache_write, long.output],
        Some(_) | None => [price.input, price.cached, price.cache_write, price.output],
    };
    let plain = usage.input_tokens.saturating_sub(usage.cached_tokens).saturating_sub(usage.cache_write_tokens);
    let tokens = [plain, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens];
    // A product of two u64 fits u128, and so do four of them unless an endpoint reports absurd numbers.
    let sum = tokens
        .into_iter()
        .zip(rates)
        .fold(0_u128, |sum, (count, rate)| sum.saturating_add(u128::from(count) * u128::from(rate)));
    MicroDollars(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

/// Looks a model up in the list that ships with this version; a dated id (`…-20260724`, `…-2026-07-24`) is its model's.
#[must_use]
pub fn shipped_price(provider: Provider, model: &str) -> Option<Price> {
    let listed = |id: &str| LIST.model.iter().find(|row| row.provider == provider && row.id == id).map(|row| row.price);
    listed(model).or_else(|| listed(without_date(model)?))
}

/// The day on which the shipped list was compared with the vendors' pages.
#[must_use]
pub fn price_list_date() -> &'static str {
    &LIST.date
}

fn without_date(model: &str) -> Option<&str> {
    let cut = model.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let date = model.get(cut.len()..)?;
    // The model's own version may end in digits too, so only the last eight digits are looked at.
    [9, 11].into_iter().find_map(|len| {
        let at = date.len().checked_sub(len)?;
        let tail = date.get(at..)?;
        let digits = tail.bytes().filter(u8::is_ascii_digit).count();
        (tail.starts_with("-20") && digits == 8).then(|| model.get(..cut.len() + at)).flatten()
    })
}

#[derive(Default, Deserialize)]
struct List {
    date: String,
    model: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    provider: Provider,
    id: String,
    price: Price,
}

// A list that does not parse is caught by the test below; in production it would mean "no price known".
static LIST: LazyLock<List> = LazyLock::new(|| toml::from_str(include_str!("prices.toml")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SONNET: Price =
        Price { input: 3_000_000, cached: 300_000, cache_write: 3_750_000, output: 15_000_000, long: None };

    #[test]
    fn a_call_costs_each_kind_of_token_at_its_own_rate() {
        let usage = Usage { input_tokens: 10_000, cached_tokens: 8_000, cache_write_tokens: 1_000, output_tokens: 500 };
        // 1,000 at $3, 8,000 at $0.30, 1,000 at $3.75 and 500 at $15 a million.
        assert_eq!(cost(&usage, &SONNET), MicroDollars(3_000 + 2_400 + 3_750 + 7_500));
    }

    #[test]
    fn t56_a_part_of_a_micro_dollar_counts_as_a_whole_one() {
        let usage = Usage { cached_tokens: 1, input_tokens: 1, ..Usage::default() };
        assert_eq!(cost(&usage, &SONNET), MicroDollars(1));
        assert_eq!(cost(&Usage::default(), &SONNET), MicroDollars(0));
    }

    #[test]
    fn a_long_prompt_is_billed_at_its_own_rates_for_every_token() {
        let long = LongPrompt { above: 100, input: 5_000_000, cached: 1, cache_write: 1, output: 9_000_000 };
        let price = Price { long: Some(long), ..SONNET };
        let usage = |input_tokens| Usage { input_tokens, output_tokens: 1, ..Usage::default() };
        assert_eq!(cost(&usage(100), &price), MicroDollars(300 + 15));
        assert_eq!(cost(&usage(101), &price), MicroDollars(505 + 9));
    }

    #[test]
    fn money_is_shown_with_cents_and_no_idle_zeros() {
        let shown = [0, 10_000, 12_300, 1_500_000, 1].map(|amount| MicroDollars(amount).to_string());
        assert_eq!(shown, ["$0.00", "$0.01", "$0.0123", "$1.50", "$0.000001"]);
    }

    #[test]
    fn the_shipped_list_knows_dated_ids_and_is_silent_on_strangers() {
        assert_eq!(price_list_date(), "2026-11-22");
        assert_eq!(shipped_price(Provider::Anthropic, "claude-sonnet-4-6"), Some(SONNET));
        assert_eq!(shipped_price(Provider::Anthropic, "claude-sonnet-4-6-20260217"), Some(SONNET));
        assert!(shipped_price(Provider::OpenAi, "gpt-6-sol-2026-09-22").is_some());
        assert_ne!(
            shipped_price(Provider::Anthropic, "claude-opus-5"),
            shipped_price(Provider::Anthropic, "claude-opus-5-5")
        );
        for stranger in ["claude-sonnet-4-7", "llama-4", "", "-20260101", "claude-sonnet-4-6-fast"] {
            assert_eq!(shipped_price(Provider::Anthropic, stranger), None, "{stranger}");
        }
        assert_eq!(shipped_price(Provider::OpenAi, "claude-sonnet-4-6"), None);
    }

    proptest! {
        #[test]
        fn t56_no_report_of_tokens_makes_the_sum_wrap_round(
            input_tokens: u64, cached_tokens: u64, cache_write_tokens: u64, output_tokens: u64
        ) {
            let usage = Usage { input_tokens, cached_tokens, cache_write_tokens, output_tokens };
            let floor = u128::from(output_tokens) * 15;
            let paid = u128::from(cost(&usage, &SONNET).0);
            prop_assert!(paid >= floor || paid == u128::from(u64::MAX));
        }
    }
}
