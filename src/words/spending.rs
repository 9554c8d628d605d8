//! What models have cost, and which limit leaves no room.
//!
//! Promise: an unknown price is never shown as nothing, and hides no sum that is known.

use super::escape::{code, inline};
use super::figures::{count, dollars, many, moment};
use super::{NotRaised, trouble};
use crate::ids::Timestamp;
use crate::workflow::command::Prefix;
use crate::workflow::spending::{DayReached, Full, Limit, Whose};

/// What one model's work in one phase has cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseCost {
    /// The phase: `plan`, `revise`, `execute`, `review`.
    pub phase: String,
    /// Provider and model.
    pub model: String,
    /// Tokens sent, cached ones included.
    pub input_tokens: u64,
    /// Tokens sent that came from the vendor's cache.
    pub cached_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// What those calls cost whose price is known, in millionths of a dollar.
    pub micro_dollars: u64,
    /// How many calls have no known price.
    pub unpriced: u64,
}

/// What models have cost, phase by phase, in one line.
pub(super) fn cost(costs: &[PhaseCost]) -> String {
    let part = |cost: &PhaseCost| {
        let PhaseCost { phase, model, input_tokens, cached_tokens, output_tokens, .. } = cost;
        format!(
            "{} ({}) {} in ({} cached), {} out, {}",
            inline(phase),
            code(model),
            count(*input_tokens),
            count(*cached_tokens),
            count(*output_tokens),
            price(cost.micro_dollars, cost.unpriced)
        )
    };
    let line = format!("Tokens: {}", costs.iter().map(part).collect::<Vec<_>>().join("; "));
    if costs.len() < 2 {
        return line + ".";
    }
    let known = costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(cost.micro_dollars));
    let unpriced = costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(cost.unpriced));
    format!("{line}; in all {}.", price(known, unpriced))
}

/// What is known of a price.
pub(super) fn price(micro_dollars: u64, unpriced: u64) -> String {
    match (micro_dollars, unpriced) {
        (known, 0) => dollars(known),
        (0, _) => "price not known".to_owned(),
        (known, calls) => format!("{} and {} without a known price", dollars(known), many(calls, "call")),
    }
}

/// Which limit of a day is reached, as a sentence.
pub(super) fn day(reached: &DayReached) -> String {
    let what = match reached.limit {
        Limit::Money => "money",
        Limit::Tokens => "tokens",
        Limit::Turns => "calls of models",
        Limit::Minutes => "time",
    };
    let whose = match reached.whose {
        Whose::Person => "one person's runs",
        Whose::Repository => "the runs in this repository",
        Whose::Server => "this server",
    };
    format!("The limit of {what} that {whose} may use within 24 hours is reached.")
}

/// When there is room again, and who could make it sooner.
pub(super) fn room(until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("There is room again at {}. The operator of this App sets the limit.", moment(until)),
        None => "The limit is too low for a single call; the operator of this App sets it.".to_owned(),
    }
}

/// The work rests because of a limit.
pub(super) fn rests(full: &Full, prefix: &Prefix) -> String {
    let (cause, help) = resting(full, prefix);
    format!("The work rests, and what is done is kept. {cause} {help} {}", prefix.tell("`/cancel` ends the run."))
}

/// Why work rests, and what lets it go on.
pub(super) fn resting(full: &Full, prefix: &Prefix) -> (String, String) {
    match full {
        Full::Budget { limit } => (
            format!("The approved budget is used up ({limit}): there is no room for another call of the model."),
            prefix.tell(
                "`/budget +2.50` by somebody who may approve grants $2.50 more, and turns, tokens and minutes in the same \
                 proportion; then the work goes on.",
            ),
        ),
        Full::Day { reached } => {
            (format!("{} {}", day(reached), room(reached.until)), prefix.tell("`/resume` goes on when there is room."))
        }
    }
}

/// The answer to whoever granted more.
pub(super) fn raised(who: &str, micro_dollars: u64, goes_on: bool, prefix: &Prefix) -> String {
    let granted = format!("{who}, {} more for this work.", dollars(micro_dollars));
    let then =
        if goes_on { "It goes on with what is done.".to_owned() } else { prefix.tell("`/resume` goes on with it.") };
    format!("{granted} {then}")
}

/// The answer to whoever granted more while the work is up for review.
pub(super) fn raised_for_review(who: &str, micro_dollars: u64, prefix: &Prefix) -> String {
    let granted = format!("{who}, {} more for what is done about the review.", dollars(micro_dollars));
    format!("{granted} {}", prefix.tell("`/fix` takes up what was said."))
}

/// The answer to whoever may not.
pub(super) fn not_raised(who: &str, why: &NotRaised, prefix: &Prefix) -> String {
    let why = match why {
        NotRaised::NotEligible { reason } => {
            format!("More can be granted by whoever could approve the version. {}", trouble::unknown(reason, prefix))
        }
        NotRaised::TooMuch { most } => format!(
            "The operator of this App lets people grant at most {} in all beyond the budget of one execution.",
            dollars(*most)
        ),
        NotRaised::NotJudged => {
            "Whether you may grant more could not be found out here, again and again. Please say it once more."
                .to_owned()
        }
    };
    format!("{who}, the budget stays as it is. {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_price_hides_no_known_one() {
        let part = |phase: &str, micro_dollars, unpriced| PhaseCost {
            phase: phase.to_owned(),
            model: "a/b".to_owned(),
            input_tokens: 1_000,
            cached_tokens: 10,
            output_tokens: 5,
            micro_dollars,
            unpriced,
        };
        assert_eq!(
            cost(&[part("plan", 20_000, 0), part("execute", 0, 3)]),
            "Tokens: plan (`a/b`) 1,000 in (10 cached), 5 out, $0.02; execute (`a/b`) 1,000 in (10 cached), 5 out, price \
             not known; in all $0.02 and 3 calls without a known price."
        );
    }

    #[test]
    fn a_full_day_says_whose_it_is_and_when_there_is_room() {
        let reached = DayReached { whose: Whose::Person, limit: Limit::Tokens, until: Some(Timestamp(0)) };
        assert_eq!(day(&reached), "The limit of tokens that one person's runs may use within 24 hours is reached.");
        assert_eq!(
            room(reached.until),
            "There is room again at 1970-01-01 00:00:00 UTC. The operator of this App sets the limit."
        );
    }
}
