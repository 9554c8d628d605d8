//! What a person did that bears on approval, as it arrived, before anyone asked whether they may.

use serde::{Deserialize, Serialize};

use crate::ids::{CommitSha, Person, Timestamp};

/// One act of one person. Never changed after it was recorded but for `voided`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The object on GitHub that carries the act; an object is one act, however often it is delivered.
    pub id: ActId,
    /// What was done.
    pub kind: ActKind,
    /// Who did it.
    pub by: Person,
    /// When, by GitHub's clock, in whole seconds.
    pub at: Timestamp,
    /// Where an answer belongs.
    pub place: Place,
    /// Whether an App did it in the person's name: such an act has no authority (E2).
    pub via_app: bool,
    /// Why it no longer counts, if it was edited, deleted or dismissed afterwards.
    pub voided: Option<Voided>,
}

/// The object on GitHub that carries an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActId {
    /// A comment, by its id.
    Comment(i64),
    /// A review, by its id.
    Review(i64),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// An approving review on the plan pull request, for the commit that the delivery named.
    ApproveByReview {
        /// `commit_id` of the submitted delivery; null if GitHub named none.
        commit: Option<CommitSha>,
    },
    /// `/approve <hex>`: for the version whose digest starts so.
    ApproveByDigest {
        /// 12 to 64 lower-case hex digits, or whatever stood there instead.
        prefix: String,
    },
    /// `/approve` alone: for the newest version published before it.
    ApproveBare,
    /// A review that requests changes, or `/reject`.
    Veto {
        /// The person's words.
        why: String,
    },
    /// `/unapprove`.
    Withdraw,
    /// `/lift @login`: an administrator sets that person's objection aside (rule D).
    Lift {
        /// Whose, as it was typed without the `@`.
        login: String,
    },
    /// Nothing that is known yet: the object was edited, deleted or dismissed before its creation was told of (F04). What
    /// it was takes this one's place when it is told.
    Overtaken {
        /// Whether it was done by someone who may end an objection by it (D16). An approval ends by anyone.
        lifts: bool,
    },
}

/// Where something was said, and so where it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On the issue.
    Issue,
    /// On the plan pull request.
    PlanPull,
    /// On the pull request with the work.
    WorkPull,
}

/// Why a recorded act no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voided {
    /// The comment or review was edited (D27). It ends only what approves: an edit says nothing (rule D).
    Edited,
    /// The comment was deleted (D27). Of an objection that is its author's way to take it back, as `/unapprove` is.
    Deleted,
    /// The review was dismissed (D10, D13).
    Dismissed,
    /// An earlier run of the same version was started on it (rule K).
    Used,
    /// The plan pull request was merged after it (D50).
    PlanMerged,
}

impl ActKind {
    /// Whether the act is one of the ways to approve.
    #[must_use]
    pub fn approves(&self) -> bool {
        match self {
            ActKind::ApproveByReview { .. } | ActKind::ApproveByDigest { .. } | ActKind::ApproveBare => true,
            ActKind::Veto { .. } | ActKind::Withdraw | ActKind::Lift { .. } | ActKind::Overtaken { .. } => false,
        }
    }

    /// Whether an act of this kind ends when its object is taken back so. An approval ends by anything; what stands against
    /// one, or sets an objection aside, stays whatever becomes of its text (rule D).
    #[must_use]
    pub fn ends_by(&self, how: Voided) -> bool {
        self.approves() || how != Voided::Edited
    }

    /// Whether something is known of it only because it was taken back.
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        matches!(self, ActKind::Overtaken { .. })
    }
}

impl Act {
    /// The order of acts: GitHub's time, then what takes authority after what gives it, then the object (Q16).
    #[must_use]
    pub fn order(&self) -> (Timestamp, bool, ActId) {
        (self.at, !self.kind.approves(), self.id)
    }

    /// What is known of an object that two deliveries told of, the same in whichever order they came: what was done, and
    /// whether it was taken back. What is told twice counts as it was told first.
    #[must_use]
    pub fn told_also(&self, other: &Act) -> Act {
        match (self.overtaken(), other.overtaken()) {
            (None, None) => self.clone(),
            (None, Some(lifts)) => self.taken_back(other.voided, lifts),
            (Some(lifts), None) => other.taken_back(self.voided, lifts),
            (Some(one), Some(two)) => {
                // Of several ends the one that ends more is kept.
                let voided = if two && !one { other.voided } else { self.voided };
                Act { kind: ActKind::Overtaken { lifts: one || two }, voided, ..self.clone() }
            }
        }
    }

    /// Whether the end that came before its act ends an objection, too; `None` where the act is known.
    fn overtaken(&self) -> Option<bool> {
        match &self.kind {
            ActKind::Overtaken { lifts } => Some(*lifts && self.voided != Some(Voided::Edited)),
            ActKind::ApproveByReview { .. }
            | ActKind::ApproveByDigest { .. }
            | ActKind::ApproveBare
            | ActKind::Veto { .. }
            | ActKind::Withdraw
            | ActKind::Lift { .. } => None,
        }
    }

    /// An approval ends by whoever took it back; anything else only by one who may.
    fn taken_back(&self, how: Option<Voided>, lifts: bool) -> Act {
        let ends = self.kind.approves() || lifts;
        Act { voided: self.voided.or(how.filter(|_| ends)), ..self.clone() }
    }
}
