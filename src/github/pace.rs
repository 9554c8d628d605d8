//! Keeps writes below the rate GitHub documents, and keeps still where GitHub told us to.
//!
//! GitHub allows 80 content-creating requests a minute and 500 an hour; we stay at three quarters of that, counted
//! over sliding windows for each installation, so that a burst passes at once and no window is ever over the limit.
//! Nothing sleeps here: a full window is an error that names the moment it opens. The count is this process's own; a
//! second replica has another, and GitHub's answer closes the door for each when they are too many together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ids::{InstallationId, Timestamp};

const MINUTE: (Duration, usize) = (Duration::from_secs(60), 60);
const HOUR: (Duration, usize) = (Duration::from_secs(3600), 400);

#[derive(Debug, Default)]
pub(super) struct Pace {
    doors: Mutex<HashMap<InstallationId, Door>>,
}

/// What one installation has written in the last hour, and until when GitHub wants to hear nothing.
#[derive(Debug, Default)]
struct Door {
    writes: VecDeque<Timestamp>,
    closed_until: Option<Timestamp>,
}

impl Pace {
    /// Lets a read through unless GitHub has told this installation to wait.
    pub(super) fn admit_read(&self, installation: InstallationId, now: Timestamp) -> Result<(), Timestamp> {
        self.with(installation, |door| door.open(now))
    }

    /// Counts a write, or says when there is room for it.
    pub(super) fn admit_write(&self, installation: InstallationId, now: Timestamp) -> Result<(), Timestamp> {
        self.with(installation, |door| {
            door.open(now)?;
            door.forget_old(now);
            for (window, most) in [MINUTE, HOUR] {
                let oldest_that_counts = door.writes.len().checked_sub(most).and_then(|at| door.writes.get(at));
                if let Some(oldest) = oldest_that_counts
                    && now.since(*oldest) < window
                {
                    return Err(oldest.plus(window));
                }
            }
            door.writes.push_back(now);
            Ok(())
        })
    }

    /// Keeps still until `until`, as GitHub has asked.
    pub(super) fn close(&self, installation: InstallationId, until: Timestamp) {
        self.with(installation, |door| door.closed_until = door.closed_until.max(Some(until)));
    }

    fn with<T>(&self, installation: InstallationId, act: impl FnOnce(&mut Door) -> T) -> T {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        act(doors.entry(installation).or_default())
    }
}

impl Door {
    fn open(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self.closed_until {
            Some(until) if until > now => Err(until),
            Some(_) | None => {
                self.closed_until = None;
                Ok(())
            }
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        // A clock that was set back must not leave writes in the future, where they would count for too long.
        for write in &mut self.writes {
            *write = now.min(*write);
        }
        while self.writes.front().is_some_and(|first| now.since(*first) >= HOUR.0) {
            self.writes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: InstallationId = InstallationId(1);

    fn seconds(s: i64) -> Timestamp {
        Timestamp(s * 1000)
    }

    #[test]
    fn f29_a_burst_passes_and_the_next_write_waits_for_the_window() {
        let pace = Pace::default();
        for n in 0..60 {
            assert_eq!(pace.admit_write(HERE, seconds(n / 30)), Ok(()), "{n}");
        }

        assert_eq!(pace.admit_write(HERE, seconds(5)), Err(seconds(60)));
        assert_eq!(pace.admit_read(HERE, seconds(5)), Ok(()));
        assert_eq!(pace.admit_write(InstallationId(2), seconds(5)), Ok(()));
        assert_eq!(pace.admit_write(HERE, seconds(60)), Ok(()));
    }

    #[test]
    fn k16_no_hour_sees_more_than_400_writes_of_one_installation() {
        let pace = Pace::default();
        let mut done: Vec<i64> = Vec::new();
        for second in 0..10_000 {
            if pace.admit_write(HERE, seconds(second)).is_ok() {
                done.push(second);
            }
        }
        let in_window = |start: i64, length: i64| done.iter().filter(|t| (start..start + length).contains(*t)).count();

        assert_eq!((0..6_400).map(|start| in_window(start, 3600)).max(), Some(400));
        assert_eq!((0..9_940).map(|start| in_window(start, 60)).max(), Some(60));
    }

    #[test]
    fn f29_a_door_closed_by_github_stays_closed_for_reads_too() {
        let pace = Pace::default();
        pace.close(HERE, seconds(90));
        pace.close(HERE, seconds(30));

        assert_eq!(pace.admit_read(HERE, seconds(89)), Err(seconds(90)));
        assert_eq!(pace.admit_read(HERE, seconds(90)), Ok(()));
    }

    #[test]
    fn f25_a_clock_set_back_by_a_day_does_not_stop_writing_for_a_day() {
        let pace = Pace::default();
        for _ in 0..60 {
            assert_eq!(pace.admit_write(HERE, seconds(86_400)), Ok(()));
        }

        assert_eq!(pace.admit_write(HERE, seconds(0)), Err(seconds(60)));
        assert_eq!(pace.admit_write(HERE, seconds(60)), Ok(()));
    }
}
