//! Who may grant more to the execution of a version: one person who could approve it.
//!
//! That the version needs several approvals, or those of owners, asks for no more than one here: it is approved already,
//! and its scope stays what it is.

use std::collections::BTreeMap;

use super::Subject;
use super::eligible::{Eligible, eligible};
use super::facts::{AroundFact, BaseFact, BranchFact, Facts, Membership, PolicyFact, Standing};
use super::reason::Reason;
use super::rules::{Rules, Separation};
use crate::ids::{TeamName, UserId};
use crate::workflow::act::{Act, ActId, ActKind};
use crate::workflow::run::Raise;

/// Whether the person behind a raise could approve the version by each of the rules: E1 to E4, E6 and rule C.
///
/// # Errors
/// With what keeps them from it; what is not known keeps them from it, too (rule P).
pub fn may_raise(
    raise: &Raise,
    subject: &Subject,
    rules: &[Rules],
    people: BTreeMap<UserId, Standing>,
    teams: BTreeMap<TeamName, BTreeMap<UserId, Membership>>,
) -> Result<(), Reason> {
    let id = ActId::Comment(raise.comment.0);
    let act = Act {
        id,
        kind: ActKind::ApproveBare,
        by: raise.by.clone(),
        at: raise.at,
        place: raise.place,
        via_app: false,
        voided: None,
    };
    // Only people and teams are looked at.
    let facts = Facts {
        now: None,
        people,
        teams,
        branch: BranchFact::Unknown,
        base: BaseFact::Unknown,
        several_writers: None,
        policy: PolicyFact::Unknown,
        owners: vec![],
        around: AroundFact::Unknown,
    };
    for rules in rules {
        match eligible(&act, rules, &facts) {
            Eligible::Yes => {}
            Eligible::No(reason) | Eligible::Unknown(reason) => return Err(reason),
        }
        if rules.separation != Separation::Open && subject.requesters.contains(&raise.by.id) {
            return Err(Reason::AskedForIt { act: id, by: raise.by.clone() });
        }
    }
    Ok(())
}
