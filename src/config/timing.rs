//! How long is waited for people, and for GitHub.

use std::time::Duration;

use super::strict::Table;

/// How long is waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimingConfig {
    /// After the last note before a revision begins, so that a burst becomes one revision.
    pub burst: Duration,
    /// Before a gate asks again what GitHub did not say.
    pub ask_again: Duration,
    /// After a write whose outcome is unclear, each time before GitHub is looked at; after the last it is repeated if
    /// it still cannot be seen. GitHub's reads lag behind its writes.
    pub look_ups: Vec<Duration>,
}

pub(super) fn read(table: Table<'_>) -> TimingConfig {
    let seconds = Duration::from_secs;
    let config = TimingConfig {
        burst: table.parsed("burst", span).unwrap_or(seconds(10)),
        ask_again: table.parsed("ask_again", span).unwrap_or(seconds(60)),
        look_ups: table.list("look_ups", span).unwrap_or_else(|| vec![seconds(10), seconds(60), seconds(300)]),
    };
    table.finish();
    config
}

fn span(text: &str) -> Result<Duration, String> {
    let day = Duration::from_secs(24 * 3600);
    match humantime::parse_duration(text) {
        Ok(span) if span <= day => Ok(span),
        Ok(_) | Err(_) => Err(format!("{text:?} must be a time such as 500ms, 10s or 5m, at most a day")),
    }
}
