//! Whether the owners of the planned paths are among those who approved (rule M).

use super::facts::{Facts, Membership, OwnedPath, Owner, OwnersFact};
use super::reason::Reason;
use crate::ids::Person;

/// What is missing.
#[derive(Default)]
pub(super) struct Owned {
    /// Paths whose owners have not approved.
    pub(super) missing: Vec<Reason>,
    /// What GitHub did not say, or the owners' file does not make clear.
    pub(super) unknown: Vec<Reason>,
}

/// Looks for an approving owner of each planned path, in each of the files that count (D39 to D41).
pub(super) fn owned(approvers: &[Person], facts: &Facts) -> Owned {
    let mut owned = Owned::default();
    if facts.owners.is_empty() {
        owned.unknown.push(Reason::OwnersUnknown);
    }
    for file in &facts.owners {
        match file {
            OwnersFact::Unknown => owned.unknown.push(Reason::OwnersUnknown),
            OwnersFact::TooLarge => owned.unknown.push(Reason::OwnersTooLarge),
            OwnersFact::Known(paths) => paths.iter().for_each(|path| look(path, approvers, facts, &mut owned)),
        }
    }
    owned.missing.dedup();
    owned.unknown.dedup();
    owned
}

fn look(path: &OwnedPath, approvers: &[Person], facts: &Facts, owned: &mut Owned) {
    let mut unknown = false;
    for owner in &path.owners {
        match owner {
            Owner::Person(owner) if approvers.iter().any(|person| person.id == owner.id) => return,
            Owner::Team(team) => {
                let members = facts.teams.get(team);
                for person in approvers {
                    match members.and_then(|members| members.get(&person.id)).unwrap_or(&Membership::Unknown) {
                        Membership::Active => return,
                        Membership::Unknown => unknown = true,
                        Membership::Pending | Membership::No => {}
                    }
                }
            }
            Owner::Unsaid(_) => unknown = true,
            Owner::Person(_) | Owner::Nobody(_) => {}
        }
    }
    let nobody = path.owners.iter().all(|owner| matches!(owner, Owner::Nobody(_)));
    let owners = path.owners.iter().map(Owner::name).collect();
    let path = path.path.clone();
    match (nobody, unknown) {
        (true, _) => owned.unknown.push(Reason::OwnerUnclear { path, owners }),
        (false, true) => owned.unknown.push(Reason::OwnersUnknown),
        (false, false) => owned.missing.push(Reason::OwnerMissing { path, owners }),
    }
}
