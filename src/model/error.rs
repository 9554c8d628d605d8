//! Why a model did not answer, sorted by what the caller does next.
//!
//! Promise: no variant ever holds the key or a part of the conversation; `why` is our own words, or the vendor's after
//! they were held against both (T41).

use std::time::Duration;

use super::conversation::Usage;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not now: rate limit, overload, a fault of the vendor's, or no way to its address. Ask again later.
    #[error("the model is busy: {why}")]
    Busy {
        /// How long the vendor asks to wait, at most an hour.
        retry_after: Option<Duration>,
        /// What was the matter.
        why: String,
        /// What the call has cost so far.
        spent: Usage,
    },
    /// A quota, credit or spend limit is used up. Waiting does not help: park the run, an operator must act.
    #[error("the account with the model's vendor may not spend more: {why}")]
    Spent {
        /// What the vendor says.
        why: String,
    },
    /// The vendor does not have this model, or not any more. Never replaced by another one silently (F52).
    #[error("the model {model} is not there: {why}")]
    Gone {
        /// The id that was asked for.
        model: String,
        /// What the vendor says.
        why: String,
    },
    /// The key is wrong or may not do this. An operator must act.
    #[error("the model's vendor refused the key: {why}")]
    Refused {
        /// What the vendor says.
        why: String,
    },
    /// The conversation is longer than the model can read. Shorten it, or stop.
    #[error("the conversation is too long for the model: {why}")]
    TooLong {
        /// What the vendor says.
        why: String,
    },
    /// The request is wrong, by our fault or the configuration's. Asking again does not help.
    #[error("the model's vendor does not accept the request: {why}")]
    BadRequest {
        /// What the vendor says.
        why: String,
        /// What the call has cost so far.
        spent: Usage,
    },
    /// The answer broke off, is larger than any honest one or makes no sense as a stream. Ask again once or twice.
    #[error("the model's answer broke off: {why}")]
    CutOff {
        /// Where it ended.
        why: String,
        /// What the call has cost so far.
        spent: Usage,
    },
    /// Nothing came, or it came too slowly. Ask again once or twice.
    #[error("the model was silent: {limit}")]
    Silent {
        /// The limit that was reached.
        limit: Limit,
        /// What the call has cost so far.
        spent: Usage,
    },
    /// The caller cancelled; the connection has been closed.
    #[error("the call was cancelled")]
    Cancelled {
        /// What the call has cost so far.
        spent: Usage,
    },
}

/// Which of the [`super::Timeouts`] was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// No connection in time.
    #[error("no connection in time")]
    Connect,
    /// No first event in time.
    #[error("no beginning of an answer in time")]
    FirstByte,
    /// No further event in time.
    #[error("no more of the answer in time")]
    Idle,
    /// No end in time.
    #[error("no end of the answer in time")]
    Total,
}

impl ModelError {
    /// What the failed call has presumably cost: what the vendor had reported, else an estimate, when it failed.
    #[must_use]
    pub fn spent(&self) -> Usage {
        match self {
            ModelError::Busy { spent, .. }
            | ModelError::CutOff { spent, .. }
            | ModelError::Silent { spent, .. }
            | ModelError::BadRequest { spent, .. }
            | ModelError::Cancelled { spent } => *spent,
            ModelError::Spent { .. }
            | ModelError::Gone { .. }
            | ModelError::Refused { .. }
            | ModelError::TooLong { .. } => Usage::default(),
        }
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Says how long to wait before the same question is asked again; `None` when that does not help or patience is over.
///
/// `attempt` counts the failures so far, from 1. A busy model is given an hour in all, with waits that double from five
/// seconds to five minutes and are never shorter than the vendor asks for (F45, F46); an answer that broke off or never
/// came is asked for twice more, at once and after five seconds (F47, F48). Add [`spread`] so that runs do not wake together.
#[must_use]
pub fn retry_after(attempt: u32, error: &ModelError) -> Option<Duration> {
    match error {
        ModelError::Busy { retry_after, .. } => {
            let waited = (1..attempt).map(wait).fold(Duration::ZERO, Duration::saturating_add);
            (waited < PATIENCE).then(|| wait(attempt).max(retry_after.unwrap_or_default()))
        }
        ModelError::CutOff { .. } | ModelError::Silent { .. } => match attempt {
            0 | 1 => Some(Duration::ZERO),
            2 => Some(FIRST_WAIT),
            3.. => None,
        },
        ModelError::Spent { .. }
        | ModelError::Gone { .. }
        | ModelError::Refused { .. }
        | ModelError::TooLong { .. }
        | ModelError::BadRequest { .. }
        | ModelError::Cancelled { .. } => None,
    }
}

/// Lengthens a wait by up to a quarter; `dice` is any number that differs from run to run.
#[must_use]
pub fn spread(wait: Duration, dice: u64) -> Duration {
    let share = u32::try_from(dice % 1_000).unwrap_or_default();
    wait.saturating_add((wait / 4_000).saturating_mul(share))
}

fn wait(attempt: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1).min(16)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(seconds: Option<u64>) -> ModelError {
        ModelError::Busy {
            retry_after: seconds.map(Duration::from_secs),
            why: "overloaded".into(),
            spent: Usage::default(),
        }
    }

    /// All the waits for one error that goes on and on, in seconds.
    fn waits(error: &ModelError) -> Vec<u64> {
        (1..).map_while(|attempt| retry_after(attempt, error)).map(|wait| wait.as_secs()).collect()
    }

    #[test]
    fn f46_half_an_hour_of_overload_is_outwaited_and_two_hours_are_not() {
        let waits = waits(&busy(None));
        assert_eq!(waits[..8], [5, 10, 20, 40, 80, 160, 300, 300]);
        let sum: u64 = waits.iter().sum();
        assert!((3_600..=3_900).contains(&sum), "{sum}");
    }

    #[test]
    fn f45_a_wait_is_never_shorter_than_the_vendor_asks() {
        assert_eq!(retry_after(1, &busy(Some(90))), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(7, &busy(Some(90))), Some(Duration::from_secs(300)));
    }

    #[test]
    fn f48_a_broken_answer_is_asked_for_twice_more() {
        let spent = Usage::default();
        for error in [ModelError::CutOff { why: "cut".into(), spent }, ModelError::Silent { limit: Limit::Idle, spent }]
        {
            assert_eq!(waits(&error), [0, 5]);
        }
    }

    #[test]
    fn f45_what_only_a_person_can_mend_is_not_retried() {
        for error in [
            ModelError::Spent { why: String::new() },
            ModelError::Gone { model: String::new(), why: String::new() },
            ModelError::Refused { why: String::new() },
            ModelError::TooLong { why: String::new() },
            ModelError::BadRequest { why: String::new(), spent: Usage::default() },
            ModelError::Cancelled { spent: Usage::default() },
        ] {
            assert_eq!(retry_after(1, &error), None, "{error}");
        }
    }

    #[test]
    fn jitter_only_lengthens_and_by_a_quarter_at_most() {
        let wait = Duration::from_secs(100);
        for dice in [0, 1, 999, 1_000, u64::MAX] {
            assert!((100..=125).contains(&spread(wait, dice).as_secs()), "{dice}");
        }
    }
}
