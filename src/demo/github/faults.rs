//! Faults that a test orders: a list of rules, each for a number of requests or deliveries.
//!
//! Nothing here is on by itself, and nothing of it strikes the people of a test: only the App and nobody. A rule names a method and a part of the path; it is used up when it has struck as often as
//! ordered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::call::{Answer, Outcome, Refusal};
use super::door::Asked;
use crate::ids::Timestamp;

/// One order: which requests, how often, and what goes wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `GET`, `POST` ...; empty for any.
    pub method: &'static str,
    /// A part of the path, such as `/pulls`.
    pub path: String,
    /// How many requests it strikes.
    pub times: u32,
    /// What happens to them.
    pub wrong: Wrong,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Answered with this status, nothing done.
    RefusedBefore(u16),
    /// Done, then answered with this status (F27).
    RefusedAfter(u16),
    /// "REST: Rate limits, secondary rate limits": 403 or 429 with `retry-after` in seconds (F29).
    SecondaryLimit { status: u16, retry_after: u64 },
    /// Reads lag behind writes (F11): lists leave out what is younger than this, and reading such a thing is answered 404.
    /// `times` does not count here.
    Lag(Duration),
    /// Reads lag behind writes (F11): a read is answered as it was the first time after this was ordered, so many times.
    Frozen,
}

/// What happens to the next deliveries of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Never sent; the delivery log shows it as failed.
    Lost,
    /// Sent twice with the same id.
    Doubled,
}

#[derive(Debug)]
pub(super) struct Faults {
    pub(super) rules: Vec<Fault>,
    /// Event (empty for any), how often, what.
    pub(super) mishaps: Vec<(String, u32, Mishap)>,
    pub(super) hourly_limit: u64,
    /// Writes by Apps allowed in a minute and in an hour.
    pub(super) content_limits: (usize, usize),
    written: Vec<Timestamp>,
    /// The first answers while reads are frozen, by path and query.
    kept: BTreeMap<String, Answer>,
}

impl Faults {
    pub(super) fn none() -> Faults {
        Faults {
            rules: Vec::new(),
            mishaps: Vec::new(),
            hourly_limit: 5_000,
            content_limits: (80, 500),
            written: Vec::new(),
            kept: BTreeMap::new(),
        }
    }

    pub(super) fn before(&mut self, method: &str, path: &str) -> Option<Refusal> {
        match self
            .strike(method, path, |wrong| matches!(wrong, Wrong::RefusedBefore(_) | Wrong::SecondaryLimit { .. }))?
        {
            Wrong::RefusedBefore(status) => Some(broken(status)),
            Wrong::SecondaryLimit { status, retry_after } => Some(secondary(status, retry_after)),
            Wrong::RefusedAfter(_) | Wrong::Lag(_) | Wrong::Frozen => None,
        }
    }

    pub(super) fn after(&mut self, method: &str, path: &str) -> Option<Refusal> {
        match self.strike(method, path, |wrong| matches!(wrong, Wrong::RefusedAfter(_)))? {
            Wrong::RefusedAfter(status) => Some(broken(status)),
            Wrong::RefusedBefore(_) | Wrong::SecondaryLimit { .. } | Wrong::Lag(_) | Wrong::Frozen => None,
        }
    }

    /// What a read shows while reads lag behind writes.
    pub(super) fn stale(&mut self, asked: &Asked, answer: Answer, now: Timestamp) -> Outcome<Answer> {
        if asked.method != "GET" {
            return Ok(answer);
        }
        let answer = self.frozen(asked, answer);
        let lag = self.rules.iter().find_map(|rule| match rule.wrong {
            Wrong::Lag(span) if asked.path.contains(&rule.path) => Some(span),
            Wrong::Lag(_)
            | Wrong::Frozen
            | Wrong::RefusedBefore(_)
            | Wrong::RefusedAfter(_)
            | Wrong::SecondaryLimit { .. } => None,
        });
        let Some(lag) = lag else { return Ok(answer) };
        let old = |item: &Value| {
            item["created_at"]
                .as_str()
                .and_then(|text| Timestamp::from_rfc3339(text).ok())
                .is_none_or(|created| now.since(created) >= lag)
        };
        match answer {
            Answer::List(items) => Ok(Answer::List(items.into_iter().filter(old).collect())),
            Answer::Wrapped(key, items) => Ok(Answer::Wrapped(key, items.into_iter().filter(old).collect())),
            Answer::Json(_, ref item) if !old(item) => Err(Refusal::not_found()),
            Answer::Json(..) | Answer::Empty(_) => Ok(answer),
        }
    }

    fn frozen(&mut self, asked: &Asked, answer: Answer) -> Answer {
        let fits = |rule: &&mut Fault| rule.wrong == Wrong::Frozen && rule.times > 0 && asked.path.contains(&rule.path);
        let Some(rule) = self.rules.iter_mut().find(fits) else { return answer };
        let key = format!("{}?{}", asked.path, asked.query);
        match self.kept.get(&key) {
            Some(first) => {
                rule.times -= 1;
                first.clone()
            }
            None => {
                self.kept.insert(key, answer.clone());
                answer
            }
        }
    }

    /// "REST: Rate limits, secondary rate limits": no more than 80 content-generating requests a minute and 500 an hour.
    pub(super) fn content(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.written.retain(|at| now.since(*at) < Duration::from_secs(3600));
        let minute = self.written.iter().filter(|at| now.since(**at) < Duration::from_secs(60)).count();
        let wait = match self.content_limits {
            (_, hourly) if self.written.len() >= hourly => 3600,
            (minutely, _) if minute >= minutely => 60,
            (_, _) => {
                self.written.push(now);
                return Ok(());
            }
        };
        Err(secondary(403, wait))
    }

    pub(super) fn mishap(&mut self, event: &str) -> Option<Mishap> {
        let rule = self.mishaps.iter_mut().find(|(name, left, _)| *left > 0 && (name.is_empty() || name == event))?;
        rule.1 -= 1;
        Some(rule.2)
    }

    fn strike(&mut self, method: &str, path: &str, fits: fn(Wrong) -> bool) -> Option<Wrong> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.times > 0
                && fits(rule.wrong)
                && (rule.method.is_empty() || rule.method == method)
                && path.contains(&rule.path)
        })?;
        rule.times -= 1;
        Some(rule.wrong)
    }
}

fn secondary(status: u16, retry_after: u64) -> Refusal {
    Refusal {
        retry_after: Some(retry_after),
        ..Refusal::new(
            status,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        )
    }
}

fn broken(status: u16) -> Refusal {
    Refusal::new(status, if status >= 500 { "Server Error" } else { "Refused as ordered" })
}
