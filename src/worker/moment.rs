//! What time it is, from the loop's point of view.

use std::time::Instant;

use crate::ids::Timestamp;

/// A moment that goes on: the time the loop was given, and what has passed since by a clock that never jumps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    began: Timestamp,
    since: Instant,
}

impl Moment {
    /// Begins at the time given.
    pub(crate) fn begin(now: Timestamp) -> Moment {
        Moment { began: now, since: Instant::now() }
    }

    /// The time it began with.
    pub(crate) fn start(&self) -> Timestamp {
        self.began
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.began.plus(self.since.elapsed())
    }
}
