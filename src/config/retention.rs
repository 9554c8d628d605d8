//! How long is kept what only serves to look into a run.

use std::time::Duration;

use super::strict::Table;

/// How long things are kept. The event log, the plans and what runs have cost are kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionConfig {
    /// What GitHub sent, once it was dealt with.
    pub deliveries: Duration,
    /// What models and tools said, after their run has ended.
    pub transcripts: Duration,
    /// What commands printed and changed, after their run has ended.
    pub outputs: Duration,
}

pub(super) fn read(table: Table<'_>) -> RetentionConfig {
    let days = |n: u64| Duration::from_secs(n * DAY);
    let config = RetentionConfig {
        deliveries: table.parsed("deliveries", span).unwrap_or(days(90)),
        transcripts: table.parsed("transcripts", span).unwrap_or(days(365)),
        outputs: table.parsed("outputs", span).unwrap_or(days(365)),
    };
    table.finish();
    config
}

const DAY: u64 = 24 * 3600;

fn span(text: &str) -> Result<Duration, String> {
    // GitHub delivers again for three days, and looking into a run takes some, too.
    let span = humantime::parse_duration(text).ok();
    let span = span.filter(|span| (7 * DAY..=36_500 * DAY).contains(&span.as_secs()));
    span.ok_or_else(|| format!("{text:?} must be a time such as 90d, from 7d to 100y"))
}
