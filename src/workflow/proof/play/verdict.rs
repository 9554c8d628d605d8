//! What the two evaluators say, side by side.

use std::collections::BTreeSet;
use std::fmt;

use super::super::entry::Entry;
use super::super::naive::{Decision, unsure};
use crate::ids::Person;
use crate::workflow::approval::Gate;
use crate::workflow::run::{DeliverStage, Delivering, State};

/// Where evaluators differ, and on what.
pub(in super::super) struct Difference {
    pub(super) gate: Gate,
    pub(super) product: Said,
    pub(super) naive: Option<Decision>,
    pub(super) history: Vec<Entry>,
    pub(super) state: State,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { gate, product, naive, history, state } = self;
        writeln!(f, "at {gate:?} the product says {product:?} and the text {naive:?}")?;
        history.iter().try_for_each(|entry| writeln!(f, "  {entry:?}"))?;
        writeln!(f, "{state:?}")
    }
}

/// What the product made of a judgement.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Approved(BTreeSet<i64>),
    Waiting,
    Hold,
    Void,
}

/// What was counted on the way, to see that the histories lead somewhere.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Tally {
    pub(in super::super) approved: u64,
    pub(in super::super) waiting: u64,
    pub(in super::super) hold: u64,
    pub(in super::super) void: u64,
    pub(in super::super) pushed: u64,
}

impl Tally {
    pub(super) fn count(&mut self, said: &Said) {
        match said {
            Said::Approved(_) => self.approved += 1,
            Said::Waiting => self.waiting += 1,
            Said::Hold => self.hold += 1,
            Said::Void => self.void += 1,
        }
    }

    pub(in super::super) fn plus(self, other: Tally) -> Tally {
        Tally {
            approved: self.approved + other.approved,
            waiting: self.waiting + other.waiting,
            hold: self.hold + other.hold,
            void: self.void + other.void,
            pushed: self.pushed + other.pushed,
        }
    }
}

impl Said {
    /// Whether that is what the text says. Where it says no however the unknown turns out, the product may still hold.
    pub(super) fn fits(&self, naive: Option<&Decision>, history: &[Entry]) -> bool {
        match (self, naive) {
            (Said::Approved(by), Some(Decision::Yes(common))) => by == common,
            (Said::Void, Some(Decision::Void))
            | (Said::Waiting, Some(Decision::No))
            | (Said::Hold, Some(Decision::Depends)) => true,
            (Said::Hold, Some(Decision::No)) => unsure(history),
            _ => false,
        }
    }
}

/// Reads the product's verdict off what it did; `None` if it was asked at the wrong time.
pub(super) fn said(gate: Gate, before: &State, after: &State) -> Option<Said> {
    let asked = match (gate, before) {
        // Both gates at once, or one after the other.
        (Gate::Act | Gate::Start, State::AwaitingApproval(_)) | (Gate::Start, State::Starting(_)) => true,
        (Gate::Push, State::Delivering(Delivering { stage, .. })) => matches!(stage, DeliverStage::Judging { .. }),
        _ => false,
    };
    let by = |people: &[Person]| Said::Approved(people.iter().map(|person| person.id.0).collect());
    let outcome = match after {
        State::Planning(_) | State::Ended(_) => Said::Void,
        _ if after.hold().is_some() && after.phase() == before.phase() => Said::Hold,
        State::Starting(approved) => by(&approved.by),
        State::Executing(executing) => by(&executing.approved.by),
        State::Delivering(Delivering { approved, stage: DeliverStage::Pushing }) => by(&approved.by),
        _ => Said::Waiting,
    };
    asked.then_some(outcome)
}
