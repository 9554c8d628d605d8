//! Who may: E1 to E4 and E6. Never by `author_association`, never by a name.

use super::facts::{Facts, Level, Membership, Standing};
use super::reason::Reason;
use super::rules::{Approvers, Rules};
use crate::ids::AccountKind;
use crate::workflow::act::Act;

/// Whether the person behind an act may approve and object.
pub(super) enum Eligible {
    Yes,
    No(Reason),
    Unknown(Reason),
}

/// E1 to E4 and E6: a person, acting for themselves, whom GitHub lets write, on the list if there is one, and not denied.
pub(super) fn eligible(act: &Act, rules: &Rules, facts: &Facts) -> Eligible {
    let (id, by) = (act.id, act.by.clone());
    let (level, unknown) = match level(act, facts) {
        Ok(level) => (Some(level), None),
        Err(Eligible::Unknown(reason)) => (None, Some(reason)),
        Err(no @ (Eligible::No(_) | Eligible::Yes)) => return no,
    };
    // Any no is a no, also where another answer did not come.
    if rules.denied.contains(&by.id) {
        return Eligible::No(Reason::Denied { act: id, by });
    }
    if level.is_some_and(|level| level < Level::Write) {
        return Eligible::No(Reason::NoWriteAccess { act: id, by });
    }
    let listed = rules.approvers.as_ref().map_or(Eligible::Yes, |approvers| listed(act, approvers, level, facts));
    match (listed, unknown) {
        (Eligible::Yes | Eligible::Unknown(_), Some(reason)) => Eligible::Unknown(reason),
        (listed, _) => listed,
    }
}

/// E1 and E2, as far as the act itself tells: a person's, and not an App's in the person's name.
pub(super) fn is_by_a_person(act: &Act) -> bool {
    !act.via_app && act.by.kind == AccountKind::User
}

/// E1 to E3: what GitHub lets the person do, if it is a person who acts for themselves.
pub(super) fn level(act: &Act, facts: &Facts) -> Result<Level, Eligible> {
    if !is_by_a_person(act) {
        return Err(Eligible::No(Reason::NotAPerson { act: act.id }));
    }
    match facts.people.get(&act.by.id) {
        Some(Standing::Known { kind: AccountKind::User, level }) => Ok(*level),
        Some(Standing::Known { .. }) => Err(Eligible::No(Reason::NotAPerson { act: act.id })),
        None | Some(Standing::Unknown) => {
            Err(Eligible::Unknown(Reason::PermissionUnknown { act: act.id, by: act.by.clone() }))
        }
    }
}

/// E4: on the list by id, by level, or as an active member of a team. An unknown level is taken for enough.
fn listed(act: &Act, approvers: &Approvers, level: Option<Level>, facts: &Facts) -> Eligible {
    let (id, by) = (act.id, act.by.clone());
    let Approvers { users, teams, level: enough } = approvers;
    if users.iter().any(|listed| listed.id == by.id)
        || enough.is_some_and(|enough| level.is_none_or(|level| level >= enough))
    {
        return Eligible::Yes;
    }
    let member = |team| facts.teams.get(team).and_then(|members| members.get(&by.id)).copied();
    let (mut unknown, mut pending) = (None, None);
    for team in teams {
        match member(team).unwrap_or(Membership::Unknown) {
            Membership::Active => return Eligible::Yes,
            Membership::Unknown => unknown = Some(team.clone()),
            Membership::Pending => pending = Some(team.clone()),
            Membership::No => {}
        }
    }
    if let Some(team) = unknown {
        return Eligible::Unknown(Reason::TeamUnknown { act: id, by, team });
    }
    if let Some(team) = pending {
        return Eligible::No(Reason::PendingMember { act: id, by, team });
    }
    let named = |login: &str| login.eq_ignore_ascii_case(by.login.as_str());
    if users.iter().any(|listed| named(listed.login.as_str())) {
        return Eligible::No(Reason::AnotherAccount { act: id, by });
    }
    Eligible::No(Reason::NotListed { act: id, by })
}
