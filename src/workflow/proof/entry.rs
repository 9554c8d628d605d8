//! What the naive evaluator knows: everything that has happened, as a list.

use crate::ids::{CommitSha, Digest};
use crate::workflow::approval::{BaseFact, Level, Membership, OwnersFact, PolicyFact, Rules};

/// One thing that has happened, in the order the product learnt of it. Times are GitHub's, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// A version began to be written, because of this.
    Began(Cause),
    /// Its file was committed to the plan branch.
    Committed,
    /// It became public.
    Published {
        digest: Digest,
        commit: CommitSha,
        at: i64,
        rules: Rules,
    },
    /// `/plan`.
    Asked {
        by: i64,
        guidance: bool,
    },
    /// A person did something that bears on approval.
    Acted {
        id: i64,
        by: i64,
        kind: Kind,
        app: bool,
        at: i64,
    },
    /// An act was edited, deleted or dismissed by someone whose right that is.
    Taken {
        id: i64,
        edited: bool,
    },
    /// Someone else moved the plan branch.
    Pushed,
    /// What the plan was made from was changed by someone who may, or perhaps may.
    Edited {
        at: i64,
    },
    /// The run failed, and someone asked for the same version once more: what was approved until then is used up.
    Retried {
        id: i64,
        at: i64,
    },
    /// From now on GitHub answers so.
    Level(i64, Option<Level>),
    Member(i64, Membership),
    Owners(Vec<OwnersFact>),
    /// `None` is unknown, `Some(None)` gone.
    Branch(Option<Option<CommitSha>>),
    Base(BaseFact),
    Policy(PolicyFact),
    SeveralWriters(Option<bool>),
    Clock(Option<i64>),
}

/// Why a version is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cause {
    Trigger(i64),
    Plan(i64),
    Notes,
    Again,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Review(Option<CommitSha>),
    Digest(String),
    Bare,
    Veto,
    Withdraw,
    Lift(i64),
}
