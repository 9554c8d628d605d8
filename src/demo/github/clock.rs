//! The simulated clock: it runs with the wall clock or stands until a test moves it.
//!
//! Everything GitHub dates (objects, token expiry, rate-limit windows, the `Date` header) is dated by it.

use std::time::{Duration, Instant};

use crate::ids::Timestamp;

/// How the simulated time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Starts at the given moment and runs as fast as real time.
    Running(Timestamp),
    /// Stands at the given moment until [`super::GitHub::advances`] moves it.
    ByHand(Timestamp),
}

impl Clock {
    /// A clock that runs and tells the time of the host. The simulator is a server of its own, so it may ask.
    #[must_use]
    pub fn of_the_host() -> Clock {
        Clock::Running(Timestamp(chrono::Utc::now().timestamp_millis()))
    }
}

/// A time as the header `Date` tells it, in whole seconds.
pub(super) fn http_date(at: Timestamp) -> String {
    let date = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[derive(Debug)]
pub(super) struct Time {
    clock: Clock,
    begun: Instant,
    moved: Duration,
}

impl Time {
    pub(super) fn new(clock: Clock) -> Time {
        Time { clock, begun: Instant::now(), moved: Duration::ZERO }
    }

    pub(super) fn now(&self) -> Timestamp {
        match self.clock {
            Clock::Running(start) => start.plus(self.begun.elapsed()).plus(self.moved),
            Clock::ByHand(start) => start.plus(self.moved),
        }
    }

    pub(super) fn advance(&mut self, span: Duration) {
        self.moved = self.moved.saturating_add(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_told_in_whole_seconds_of_greenwich() {
        assert_eq!(http_date(Timestamp(1_795_358_460_999)), "Sun, 22 Nov 2026 14:41:00 GMT");
    }

    #[test]
    fn a_clock_moved_by_hand_stands_still_otherwise() {
        let mut time = Time::new(Clock::ByHand(Timestamp(1_000)));
        time.advance(Duration::from_secs(2));

        assert_eq!((time.now(), time.now()), (Timestamp(3_000), Timestamp(3_000)));
    }
}
