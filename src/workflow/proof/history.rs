//! What may happen around one run, as a list: who did what, how long after the deed before, and whether it is told late.
//!
//! Biased as it hurts: four people, three versions, times within seconds, and pairs such as an edit next to an approval.

use crate::workflow::act::Voided;
use crate::workflow::approval::{Level, Membership};

/// The people: 1 asked for the run.
pub(super) const PEOPLE: [i64; 4] = [1, 2, 3, 4];

/// A deed, `after` so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) after: i64,
    /// Told only by a later [`Deed::Tell`].
    pub(super) late: bool,
    pub(super) deed: Deed,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A person does something that bears on approval, perhaps through an App.
    Act { who: i64, does: Does, app: bool },
    /// The act of so many acts ago is edited, deleted or dismissed.
    Take { ago: usize, how: Voided },
    /// The newest delivery that is late arrives.
    Tell,
    /// Someone else moves the plan branch.
    Push(Head),
    /// `/plan`.
    Plan { who: i64, guidance: bool },
    /// Something is said about the plan.
    Note { who: i64 },
    /// What the plan was made from is changed by someone who may write, or by nobody knows whom.
    Edit { by: Option<i64> },
    /// What a person may changes; `None` is an answer that does not come.
    Stand { who: i64, level: Option<Level> },
    /// Whether a person is in the team.
    Join { who: i64, membership: Membership },
    /// GitHub answers another question otherwise from now on.
    Answer(Answer),
    /// The product does the next thing that is due.
    Work,
    /// It does everything that is due.
    Settle,
    /// It asks once more what was unknown.
    Again,
    /// Time passes until an approval has expired.
    Wait,
    /// It comes as far as the execution, if nothing is in the way.
    Start,
    /// So it does, and the execution fails.
    Fail,
    /// `/retry` with the digest.
    Retry { who: i64 },
    /// It comes as far as the execution, and that stops because the plan does not fit, or asks people.
    Deviate { asks: bool },
    /// It comes as far as the execution, and someone stops that.
    Stop,
    /// `/continue`.
    Continue { who: i64 },
}

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// An approving review of the version so many versions before the newest.
    Review(u32),
    /// An approving review without a commit.
    Unbound,
    /// `/approve` with the digest of the version so many versions before the newest.
    Digest(u32),
    /// `/approve` with digits of no version.
    Wrong,
    /// `/approve`.
    Bare,
    /// A review that requests changes.
    Veto,
    /// `/unapprove`.
    Withdraw,
    /// `/lift`.
    Lift(i64),
}

/// Where someone else puts the plan branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Elsewhere,
    Gone,
    Back,
}

/// What GitHub answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    BranchUnknown,
    BranchKnown,
    BaseUnknown,
    BaseSame,
    BaseTouched,
    BaseGone,
    ClockUnknown,
    ClockKnown,
    PolicySame,
    PolicyOther(u8),
    PolicyBroken,
    PolicyUnknown,
    Owners(u8),
    OneWriter,
    SeveralWriters,
}

/// Numbers by chance, the same ones for the same seed (splitmix64).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(super) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        let at = self.below(items.len() as u64);
        items[usize::try_from(at).unwrap_or(0)]
    }
}

/// A random history.
pub(super) fn random(chance: &mut Chance) -> Vec<Next> {
    let mut all = vec![];
    for _ in 0..2 + chance.below(9) {
        let deed = deed(chance);
        all.push(next(chance, deed));
        // What hurts comes close to each other.
        if chance.below(3) == 0 {
            let deed = partner(chance, deed);
            all.push(Next { after: 0, late: chance.below(4) == 0, deed });
        }
        if chance.below(2) == 0 {
            let deed = chance.of(&[Deed::Work, Deed::Work, Deed::Start, Deed::Settle, Deed::Settle, Deed::Again]);
            all.push(next(chance, deed));
        }
    }
    all
}

fn next(chance: &mut Chance, deed: Deed) -> Next {
    Next { after: chance.of(&[0, 0, 1, 1, 2]), late: chance.below(6) == 0, deed }
}

fn deed(chance: &mut Chance) -> Deed {
    let who = chance.of(&PEOPLE);
    match chance.below(44) {
        0..=19 => act(chance, who),
        20..=22 => take(chance),
        23 => Deed::Push(chance.of(&[Head::Elsewhere, Head::Elsewhere, Head::Gone, Head::Back])),
        24 => Deed::Plan { who, guidance: chance.below(2) == 0 },
        25 => Deed::Note { who },
        26 => Deed::Edit { by: chance.of(&[None, Some(2)]) },
        27..=29 => stand(chance, who),
        30 => Deed::Join { who, membership: chance.of(&MEMBERSHIPS) },
        31..=33 => Deed::Answer(answer(chance)),
        34 => Deed::Tell,
        35 => Deed::Wait,
        36..=38 => Deed::Fail,
        39 | 40 => Deed::Deviate { asks: chance.below(2) == 0 },
        41 => Deed::Stop,
        42 => Deed::Continue { who },
        _ => Deed::Retry { who },
    }
}

/// What hurts next to a deed.
fn partner(chance: &mut Chance, deed: Deed) -> Deed {
    let who = match deed {
        Deed::Act { who, .. } | Deed::Plan { who, .. } | Deed::Stand { who, .. } | Deed::Join { who, .. } => who,
        Deed::Take { .. }
        | Deed::Tell
        | Deed::Push(_)
        | Deed::Note { .. }
        | Deed::Edit { .. }
        | Deed::Answer(_)
        | Deed::Work
        | Deed::Settle
        | Deed::Again
        | Deed::Wait
        | Deed::Start
        | Deed::Fail
        | Deed::Retry { .. }
        | Deed::Deviate { .. }
        | Deed::Stop
        | Deed::Continue { .. } => chance.of(&PEOPLE),
    };
    if deed == Deed::Fail {
        return Deed::Retry { who };
    }
    if matches!(deed, Deed::Stop | Deed::Deviate { asks: true }) && chance.below(2) == 0 {
        return Deed::Continue { who };
    }
    match chance.below(8) {
        0..=2 => act(chance, who),
        3 => take(chance),
        4 => stand(chance, who),
        5 => Deed::Push(chance.of(&[Head::Elsewhere, Head::Back])),
        6 => Deed::Edit { by: None },
        _ => Deed::Work,
    }
}

fn act(chance: &mut Chance, who: i64) -> Deed {
    let does = match chance.below(20) {
        0..=5 => Does::Digest(0),
        6..=8 => Does::Review(0),
        9 => Does::Review(1),
        10 => Does::Digest(1),
        11 => Does::Bare,
        12..=14 => Does::Veto,
        15 | 16 => Does::Withdraw,
        17 | 18 => Does::Lift(chance.of(&PEOPLE)),
        _ => chance.of(&[Does::Unbound, Does::Wrong]),
    };
    Deed::Act { who, does, app: chance.below(12) == 0 }
}

fn take(chance: &mut Chance) -> Deed {
    let how = chance.of(&[Voided::Edited, Voided::Deleted, Voided::Dismissed]);
    Deed::Take { ago: usize::try_from(chance.below(3)).unwrap_or(0), how }
}

fn stand(chance: &mut Chance, who: i64) -> Deed {
    let level =
        chance.of(&[None, None, Some(Level::Read), Some(Level::Triage), Some(Level::Write), Some(Level::Admin)]);
    Deed::Stand { who, level }
}

const MEMBERSHIPS: [Membership; 4] = [Membership::Active, Membership::Pending, Membership::No, Membership::Unknown];

fn answer(chance: &mut Chance) -> Answer {
    let which = u8::try_from(chance.below(6)).unwrap_or(0);
    chance.of(&[
        Answer::BranchUnknown,
        Answer::BranchKnown,
        Answer::BaseUnknown,
        Answer::BaseSame,
        Answer::BaseSame,
        Answer::BaseTouched,
        Answer::BaseGone,
        Answer::ClockUnknown,
        Answer::ClockKnown,
        Answer::PolicySame,
        Answer::PolicyOther(which),
        Answer::PolicyOther(which),
        Answer::PolicyBroken,
        Answer::PolicyUnknown,
        Answer::Owners(which),
        Answer::OneWriter,
        Answer::SeveralWriters,
    ])
}
