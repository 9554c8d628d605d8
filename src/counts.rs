//! Counts what this process does, for `/metrics`.
//!
//! Counting is all that happens here: nothing is decided by a count, and a process that ends takes its counts with it, as
//! Prometheus expects. What the database knows is not counted here but read when it is asked for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

type Labels = Vec<(&'static str, String)>;

/// The counts of one process; clones share them.
#[derive(Clone)]
pub struct Counts {
    effects: Family<Labels, Counter>,
    effect_seconds: Family<Labels, Histogram, fn() -> Histogram>,
    deliveries: Family<Labels, Counter>,
    webhook_seconds: Family<Labels, Histogram, fn() -> Histogram>,
    model_calls: Family<Labels, Counter>,
    model_tokens: Family<Labels, Counter>,
    model_dollars: Family<Labels, Counter<f64, AtomicU64>>,
    sandbox_failures: Counter,
    registry: Arc<Registry>,
}

/// How a try of an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is done.
    Done,
    /// It will be tried again.
    Again,
    /// It will not.
    GaveUp,
}

/// What one answer of a model took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Tokens read, those from the cache included.
    pub input: u64,
    /// Of these, those from the cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// Millionths of a dollar.
    pub micro_dollars: u64,
}

impl Default for Counts {
    fn default() -> Counts {
        let mut counts = Counts {
            effects: Family::default(),
            effect_seconds: Family::new_with_constructor(long),
            deliveries: Family::default(),
            webhook_seconds: Family::new_with_constructor(short),
            model_calls: Family::default(),
            model_tokens: Family::default(),
            model_dollars: Family::default(),
            sandbox_failures: Counter::default(),
            registry: Arc::default(),
        };
        let mut registry = Registry::with_prefix("assentry");
        registry.register("effects", "Tries of effects, by kind and result", counts.effects.clone());
        registry.register("effect_seconds", "How long tries of effects took", counts.effect_seconds.clone());
        registry.register("deliveries", "Deliveries dealt with, by result", counts.deliveries.clone());
        registry.register("webhook_seconds", "Until a webhook was answered, by status", counts.webhook_seconds.clone());
        registry.register("model_calls", "Answers of models", counts.model_calls.clone());
        registry.register("model_tokens", "Tokens of models, by kind", counts.model_tokens.clone());
        registry.register("model_cost_dollars", "What models cost", counts.model_dollars.clone());
        let failures = counts.sandbox_failures.clone();
        registry.register("sandbox_failures", "Pieces of work for which the sandbox did not start", failures);
        counts.registry = Arc::new(registry);
        counts
    }
}

impl Counts {
    /// All of it, to be written out.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A try of an effect has ended.
    pub fn tried(&self, effect: &'static str, how: Tried, took: Duration) {
        let result = match how {
            Tried::Done => "done",
            Tried::Again => "again",
            Tried::GaveUp => "gave_up",
        };
        self.effects.get_or_create(&vec![("effect", effect.to_owned()), ("result", result.to_owned())]).inc();
        self.effect_seconds.get_or_create(&vec![("effect", effect.to_owned())]).observe(took.as_secs_f64());
    }

    /// A delivery was dealt with, or not.
    pub fn took_delivery(&self, well: bool) {
        let result = if well { "done" } else { "failed" };
        self.deliveries.get_or_create(&vec![("result", result.to_owned())]).inc();
    }

    /// A webhook was answered.
    pub fn answered_webhook(&self, status: u16, took: Duration) {
        let status = vec![("status", status.to_string())];
        self.webhook_seconds.get_or_create(&status).observe(took.as_secs_f64());
    }

    /// A model has answered.
    pub fn model_answered(&self, model: &str, taken: Taken) {
        let of = |kind: &str| vec![("model", model.to_owned()), ("kind", kind.to_owned())];
        self.model_calls.get_or_create(&vec![("model", model.to_owned())]).inc();
        let fresh = taken.input.saturating_sub(taken.cached);
        for (kind, tokens) in [("input", fresh), ("cached", taken.cached), ("output", taken.output)] {
            self.model_tokens.get_or_create(&of(kind)).inc_by(tokens);
        }
        let dollars = u32::try_from(taken.micro_dollars).map_or(f64::from(u32::MAX), f64::from) / 1e6;
        self.model_dollars.get_or_create(&vec![("model", model.to_owned())]).inc_by(dollars);
    }

    /// The sandbox did not start.
    pub fn sandbox_failed(&self) {
        self.sandbox_failures.inc();
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

/// From a millisecond to four seconds.
fn short() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 13))
}

/// From ten milliseconds to three hours.
fn long() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 11))
}
