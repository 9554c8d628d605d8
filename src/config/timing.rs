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
    /// After a version was posted, before people are reminded of it, once.
    pub remind_after: Duration,
    /// After a version was posted, before it is closed if nobody has approved it.
    pub close_after: Duration,
    /// How long stopped work rests, before the run ends if nobody has gone on with it.
    pub rest_for: Duration,
}

pub(super) fn read(table: Table<'_>) -> TimingConfig {
    let seconds = Duration::from_secs;
    let config = TimingConfig {
        burst: table.parsed("burst", span).unwrap_or(seconds(10)),
        ask_again: table.parsed("ask_again", span).unwrap_or(seconds(60)),
        look_ups: table.list("look_ups", span).unwrap_or_else(|| vec![seconds(10), seconds(60), seconds(300)]),
        remind_after: table.parsed("remind_after", days).unwrap_or(seconds(5 * DAY)),
        close_after: table.parsed("close_after", days).unwrap_or(seconds(14 * DAY)),
        rest_for: table.parsed("rest_for", days).unwrap_or(seconds(14 * DAY)),
    };
    table.finish();
    config
}

const DAY: u64 = 24 * 3600;

fn span(text: &str) -> Result<Duration, String> {
    at_most(text, DAY).map_err(|()| format!("{text:?} must be a time such as 500ms, 10s or 5m, at most a day"))
}

fn days(text: &str) -> Result<Duration, String> {
    at_most(text, 365 * DAY).map_err(|()| format!("{text:?} must be a time such as 12h or 5d, at most a year"))
}

fn at_most(text: &str, seconds: u64) -> Result<Duration, ()> {
    let span = humantime::parse_duration(text).map_err(|_| ())?;
    if span <= Duration::from_secs(seconds) { Ok(span) } else { Err(()) }
}
