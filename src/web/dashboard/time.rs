//! Moments and spans as people read them.

use std::time::Duration;

use maud::{Markup, html};

use crate::ids::Timestamp;

/// A moment: how long ago, and the moment itself for whoever wants it.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let (text, exact) = (span(now.since(at)), exact(at));
    html! { time datetime=(at.to_rfc3339()) title=(exact) { (text) } }
}

/// A moment to the minute.
pub(super) fn moment(at: Timestamp) -> Markup {
    let (exact, minute) = (exact(at), minute(at));
    html! { time datetime=(at.to_rfc3339()) title=(exact) { (minute) } }
}

/// The minute of a moment, as in `2026-11-29 08:15`.
pub(super) fn minute(at: Timestamp) -> String {
    let exact = exact(at);
    exact.get(..16).unwrap_or(&exact).to_owned()
}

fn exact(at: Timestamp) -> String {
    at.to_rfc3339().replace('T', " ").replace('Z', " UTC")
}

/// A day, as in `2026-11-29`.
pub(super) fn day(at: Timestamp) -> String {
    at.to_rfc3339().get(..10).unwrap_or_default().to_owned()
}

/// A span in its largest unit, or the two largest where one would say too little.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..36_000 if minutes % 60 != 0 => format!("{hours} h {} min", minutes % 60),
        3600..172_800 => format!("{hours} h"),
        _ => format!("{days} d"),
    }
}

/// A span of milliseconds.
pub(super) fn millis(millis: i64) -> String {
    let millis = u64::try_from(millis).unwrap_or(0);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => span(Duration::from_millis(millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_at_a_glance() {
        let spans = [0, 59, 60, 3_599, 3_600, 5_400, 40_000, 86_400, 172_800, 864_000];
        let read: Vec<String> = spans.into_iter().map(|seconds| span(Duration::from_secs(seconds))).collect();
        assert_eq!(read, ["0 s", "59 s", "1 min", "59 min", "1 h", "1 h 30 min", "11 h", "24 h", "2 d", "10 d"]);
        let read = [-5, 999, 1_550, 10_000, 61_000].map(millis);
        assert_eq!(read, ["0 ms", "999 ms", "1.5 s", "10 s", "1 min"]);
    }
}
