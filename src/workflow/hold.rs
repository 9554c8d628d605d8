//! A gate that does not know enough: it asks again, for a day at most, and then says so in public (rule P).
//!
//! A day in which GitHub answers, that is, and does not say what the gate turns on. While GitHub is away altogether nobody
//! can be told anything there, and what is finished is kept for longer (F31): then the gate asks for as long.
//!
//! However often people act meanwhile, one chain of questions runs: each time the gate still does not know, the question
//! that is to come gets the next number, and one with another number than the hold's asks nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::approval::Gate;
use super::effect::Effect;
use crate::ids::Timestamp;

/// How long a gate asks again by itself.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How long it does where GitHub answers nothing at all: as long as what is finished is kept.
const PATIENCE_WHILE_AWAY: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest time between two questions, unless the operator chose a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What a pause counts for at least, where the time is not known.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// A gate that waits for GitHub's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when; `None` if not even the time is known.
    since: Option<Timestamp>,
    /// The pauses between the questions so far, for as long as GitHub does not say what time it is.
    #[serde(default)]
    paused: Duration,
    /// The number of the next question.
    asked: u32,
    /// Whether it asks no more by itself, and has said so in public.
    given_up: bool,
    /// Whether GitHub answered nothing at all when it was asked last.
    #[serde(default)]
    away: bool,
}

/// What a gate does that does not know enough.
pub(super) enum Next {
    /// It asks again after a while.
    Ask(Hold, Effect),
    /// It says in public that it asks no more.
    Tell(Hold),
}

impl Hold {
    /// What follows when the gate does not know enough at `now`, having held like `before`.
    pub(super) fn next(before: Option<Hold>, gate: Gate, now: Option<Timestamp>) -> Next {
        let asked = before.map_or(0, |hold| hold.asked).wrapping_add(1);
        // Whoever acts after it was told in public begins a new day of asking.
        let asking = before.filter(|hold| !hold.given_up);
        let since = asking.and_then(|hold| hold.since).or(now);
        let paused = asking.map_or(Duration::ZERO, |hold| hold.paused);
        // Every answer of GitHub's tells its time.
        let away = now.is_none();
        let held = now.zip(since).map_or(paused, |(now, since)| now.since(since));
        if held >= if away { PATIENCE_WHILE_AWAY } else { PATIENCE } {
            return Next::Tell(Hold { since, paused, asked, given_up: true, away });
        }
        let pause = (held / 4).min(LONGEST_PAUSE);
        let paused = paused + pause.max(SHORTEST_PAUSE);
        Next::Ask(Hold { since, paused, asked, given_up: false, away }, Effect::JudgeAgain { gate, asked, pause })
    }

    /// Whether a question of this number is the one to be asked.
    #[must_use]
    pub fn awaits(&self, asked: u32) -> bool {
        self.asked == asked && !self.given_up
    }

    /// How many questions there were, the next one included.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// Whether it asks no more by itself.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether GitHub answered nothing at all when it was asked last.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds until it is told in public; returns how often it asked, and when it told.
    fn day(first: i64, clock: impl Fn(i64) -> Option<Timestamp>) -> (u32, i64, Hold) {
        let (mut now, mut hold, mut asks) = (first, None, 0);
        loop {
            match Hold::next(hold, Gate::Act, clock(now)) {
                Next::Ask(next, Effect::JudgeAgain { asked, pause, .. }) => {
                    assert!(next.awaits(asked) && !hold.is_some_and(|hold| hold.awaits(asked)));
                    asks += 1;
                    now += i64::try_from(pause.as_millis().max(20_000)).unwrap_or(i64::MAX);
                    hold = Some(next);
                }
                Next::Ask(hold, _) => return (0, now, hold),
                Next::Tell(next) => return (asks, now - first, next),
            }
        }
    }

    #[test]
    fn a_hold_asks_for_a_day_less_and_less_often_and_then_tells() {
        let (asks, after, hold) = day(1_000, |now| Some(Timestamp(now)));

        assert!((24 * 3_600_000..25 * 3_600_000).contains(&after), "{after}");
        assert!((90..130).contains(&asks), "{asks}");
        assert!(hold.has_given_up() && !hold.is_away());
    }

    #[test]
    fn f31_while_github_is_away_a_hold_asks_for_as_long_as_work_is_kept() {
        let (asks, after, hold) = day(1_000, |_| None);

        assert!((7 * 24 * 3_600_000..170 * 3_600_000).contains(&after), "{after}");
        assert!((600..750).contains(&asks), "{asks}");
        assert!(hold.has_given_up() && hold.is_away());

        // It begins to count its day when GitHub is back, and as before where it was there at first.
        let back = |now: i64| (now > 3 * 24 * 3_600_000).then_some(Timestamp(now));
        let (_, after, hold) = day(0, back);
        assert!((4 * 24 * 3_600_000..98 * 3_600_000).contains(&after), "{after}");
        assert!(hold.has_given_up() && !hold.is_away());
    }

    #[test]
    fn whoever_acts_afterwards_begins_a_new_day() {
        let (_, after, hold) = day(0, |now| Some(Timestamp(now)));

        let next = Hold::next(Some(hold), Gate::Act, Some(Timestamp(after + 1)));
        assert!(matches!(next, Next::Ask(hold, _) if hold.since == Some(Timestamp(after + 1))));
    }
}
