//! The gate once more, from the text of its rules: no state, nothing shared with the product, everything from the whole
//! history each time. What is unknown is tried in every way it may turn out: a yes must hold in all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Cause, Entry, Kind};
use super::history::PEOPLE;
use crate::ids::{CommitSha, Digest, UserId};
use crate::workflow::approval::{
    BaseFact, Gate, Level, Membership, OwnedPath, Owner, OwnersFact, PolicyFact, Rules, Separation,
};

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    /// Approved, however what is unknown turns out; these people's approvals count in any case.
    Yes(BTreeSet<i64>),
    /// Not approved, however it turns out.
    No,
    Depends,
    /// The version is spent.
    Void,
}

/// Decides about the version published last, as of the end of the history.
pub(super) fn decide(history: &[Entry], gate: Gate) -> Option<Decision> {
    let from = history.iter().rposition(|entry| matches!(entry, Entry::Published { .. }))?;
    let Entry::Published { digest, commit, at, rules } = &history[from] else { return None };
    let case = Case { history, gate, digest, commit, published: *at, asked: asked(&history[..from]), from };
    let world = World::of(history);
    let committed = history[..from].iter().rposition(|entry| *entry == Entry::Committed)?;
    let pushed = history[committed..].contains(&Entry::Pushed);
    let elsewhere = world.branch.as_ref().is_some_and(|head| head.as_ref() != Some(commit));
    if pushed || elsewhere || !case.based(&world) && world.base != BaseFact::Unknown {
        return Some(Decision::Void);
    }
    let ways: Vec<Option<BTreeSet<i64>>> =
        world.ways(history, commit, *at).iter().map(|world| case.approved(world, rules)).collect();
    if ways.iter().all(Option::is_none) {
        return Some(Decision::No);
    }
    let all: Option<Vec<BTreeSet<i64>>> = ways.into_iter().collect();
    let common = all.and_then(|all| all.into_iter().reduce(|some, more| &some & &more));
    Some(common.map_or(Decision::Depends, Decision::Yes))
}

/// Whether anything is unknown, or must hold everything.
pub(super) fn unsure(history: &[Entry]) -> bool {
    let world = World::of(history);
    let nobody = |file: &OwnersFact| match file {
        OwnersFact::Known(paths) => paths
            .iter()
            .any(|path| path.owners.iter().any(|owner| matches!(owner, Owner::Nobody(_) | Owner::Unsaid(_)))),
        OwnersFact::Unknown | OwnersFact::TooLarge => true,
    };
    world.level.values().any(Option::is_none)
        || world.member.values().any(|member| *member == Membership::Unknown)
        || world.owners.iter().any(nobody)
        || world.branch.is_none()
        || world.base == BaseFact::Unknown
        || world.now.is_none()
        || matches!(world.policy, PolicyFact::Unknown | PolicyFact::Broken)
}

/// Whose request is in the version whose publication comes next: rule C.
pub(super) fn asked(before: &[Entry]) -> BTreeSet<i64> {
    let (mut asked, mut guidance, mut writing) = (BTreeSet::new(), BTreeSet::new(), true);
    for entry in before {
        match entry {
            Entry::Began(cause) => {
                writing = true;
                match cause {
                    Cause::Trigger(by) | Cause::Plan(by) => asked.extend([*by]),
                    Cause::Notes => asked.append(&mut guidance),
                    Cause::Again => {}
                }
            }
            Entry::Published { .. } => writing = false,
            // Guidance that comes while a version is written is in the next one that takes notes up.
            Entry::Asked { by, guidance: true } if writing => guidance.extend([*by]),
            _ => {}
        }
    }
    asked
}

struct Case<'a> {
    history: &'a [Entry],
    gate: Gate,
    digest: &'a Digest,
    commit: &'a CommitSha,
    published: i64,
    asked: BTreeSet<i64>,
    from: usize,
}

impl Case<'_> {
    /// Rule G.
    fn based(&self, world: &World) -> bool {
        match &world.base {
            BaseFact::Contains { overlap } => self.gate == Gate::Act || overlap.is_empty(),
            BaseFact::Gone | BaseFact::Unknown => false,
        }
    }

    /// Who approves it in a world without anything unknown; rules F, G and H.
    fn approved(&self, world: &World, published: &Rules) -> Option<BTreeSet<i64>> {
        if world.branch != Some(Some(self.commit.clone())) || !self.based(world) {
            return None;
        }
        let then = self.enough(world, published)?;
        match &world.policy {
            PolicyFact::Same => Some(then),
            PolicyFact::Changed(now) => Some(&then | &self.enough(world, now)?),
            PolicyFact::Broken | PolicyFact::Unknown => None,
        }
    }

    /// Rules A to E, I, J, L and M, for one policy.
    fn enough(&self, world: &World, rules: &Rules) -> Option<BTreeSet<i64>> {
        let mut approving = BTreeSet::new();
        for person in PEOPLE {
            let Some((at, kind, taken)) = self.latest(person, rules) else { continue };
            if taken || kind == Kind::Withdraw || !eligible(person, world, rules) {
                continue;
            }
            if kind == Kind::Veto {
                if !self.lifted(person, at, world, rules) {
                    return None;
                }
                continue;
            }
            let two = match rules.separation {
                Separation::Open => false,
                Separation::TwoPerson | Separation::Owners => true,
                Separation::Auto => world.several,
            };
            let edited =
                self.history[self.from..].iter().any(|entry| matches!(entry, Entry::Edited { at: e } if *e >= at));
            let limit = i64::try_from(rules.expires.as_secs()).unwrap_or(i64::MAX);
            let expired = self.gate != Gate::Push && world.now.is_none_or(|now| now - at > limit);
            let own = two && self.asked.contains(&person);
            if !own && !edited && !expired {
                approving.insert(person);
            }
        }
        let enough = approving.len() >= usize::try_from(rules.required).unwrap_or(usize::MAX).max(1);
        (enough && (rules.separation != Separation::Owners || owned(&approving, world))).then_some(approving)
    }

    /// The latest of a person's approvals of this version, objections and withdrawals, and whether it was taken back.
    fn latest(&self, person: i64, rules: &Rules) -> Option<(i64, Kind, bool)> {
        let retry = self.history.iter().rev().find(|entry| matches!(entry, Entry::Retried { .. }));
        let mut acts = vec![];
        for entry in self.history {
            let Entry::Acted { id, by, kind, app: false, at } = entry else { continue };
            let counts = match kind {
                Kind::Review(commit) => commit.as_ref() == Some(self.commit) && *at > self.published,
                Kind::Digest(digits) => self.names(digits) && *at > self.published,
                Kind::Bare => !rules.require_digest && *at > self.published,
                Kind::Veto | Kind::Withdraw => true,
                Kind::Lift(_) => false,
            };
            let against = matches!(kind, Kind::Veto | Kind::Withdraw);
            let used = matches!(retry, Some(Entry::Retried { id: retry, at: since }) if id != retry && at <= since);
            if *by == person && counts && (against || !used) {
                let taken = self.taken(*id, !against);
                acts.push((*at, against, *id, kind.clone(), taken));
            }
        }
        acts.sort_by_key(|(at, against, id, ..)| (*at, *against, *id));
        acts.pop().map(|(at, _, _, kind, taken)| (at, kind, taken))
    }

    /// Whether digits are those of this version and of no other.
    fn names(&self, digits: &str) -> bool {
        let fit = |entry: &Entry| match entry {
            Entry::Published { digest, .. } => digest.as_str().starts_with(digits).then(|| digest.clone()),
            _ => None,
        };
        let which: BTreeSet<Digest> = self.history.iter().filter_map(fit).collect();
        digits.len() >= 12 && which.len() == 1 && which.contains(self.digest)
    }

    /// Rule D: its author, or an administrator who is neither requester nor bot, set the objection aside later.
    fn lifted(&self, person: i64, made: i64, world: &World, rules: &Rules) -> bool {
        self.history.iter().any(|entry| {
            let Entry::Acted { id, by, kind: Kind::Lift(whose), app: false, at } = entry else { return false };
            let admin = world.level[by] == Some(Level::Admin) && !rules.denied.contains(&UserId(*by));
            let may = *by == person || admin && !self.asked.contains(by);
            *whose == person && may && *at > made && !self.taken(*id, false)
        })
    }

    /// Whether an act was taken back. An edit takes back only what approves.
    fn taken(&self, act: i64, approves: bool) -> bool {
        self.history
            .iter()
            .any(|entry| matches!(entry, Entry::Taken { id, edited } if *id == act && (approves || !edited)))
    }
}

/// E1 to E4 and E6; E2 is about the act.
fn eligible(person: i64, world: &World, rules: &Rules) -> bool {
    let level = world.level[&person];
    let listed = rules.approvers.as_ref().is_none_or(|list| {
        list.users.iter().any(|user| user.id.0 == person)
            || list.level.is_some_and(|least| level >= Some(least))
            || !list.teams.is_empty() && world.member[&person] == Membership::Active
    });
    level >= Some(Level::Write) && listed && !rules.denied.contains(&UserId(person))
}

/// Rule M: each path in each file that counts has an owner among those who approve.
fn owned(approving: &BTreeSet<i64>, world: &World) -> bool {
    let owns = |person: &i64, owner: &Owner| match owner {
        Owner::Person(owner) => owner.id.0 == *person,
        Owner::Team(_) => world.member[person] == Membership::Active,
        Owner::Nobody(_) | Owner::Unsaid(_) => false,
    };
    world.owners.iter().all(|file| match file {
        OwnersFact::Known(paths) => {
            paths.iter().all(|path| path.owners.iter().any(|owner| approving.iter().any(|person| owns(person, owner))))
        }
        OwnersFact::Unknown | OwnersFact::TooLarge => false,
    })
}

/// What GitHub answers at one moment. There is one team.
#[derive(Clone)]
struct World {
    level: BTreeMap<i64, Option<Level>>,
    member: BTreeMap<i64, Membership>,
    owners: Vec<OwnersFact>,
    branch: Option<Option<CommitSha>>,
    base: BaseFact,
    policy: PolicyFact,
    several: bool,
    now: Option<i64>,
}

impl World {
    /// What was answered last.
    fn of(history: &[Entry]) -> World {
        let mut world = World {
            level: BTreeMap::new(),
            member: BTreeMap::new(),
            owners: vec![],
            branch: None,
            base: BaseFact::Unknown,
            policy: PolicyFact::Unknown,
            several: true,
            now: None,
        };
        for entry in history {
            match entry {
                Entry::Level(who, level) => world.level.extend([(*who, *level)]),
                Entry::Member(who, member) => world.member.extend([(*who, *member)]),
                Entry::Owners(owners) => world.owners.clone_from(owners),
                Entry::Branch(head) => world.branch.clone_from(head),
                Entry::Base(base) => world.base.clone_from(base),
                Entry::Policy(policy) => world.policy.clone_from(policy),
                // Unknown counts as several: rule C.
                Entry::SeveralWriters(several) => world.several = several.unwrap_or(true),
                Entry::Clock(now) => world.now = *now,
                _ => {}
            }
        }
        world
    }

    /// Every way in which what is unknown may turn out, as far as it is about someone who acted.
    fn ways(&self, history: &[Entry], commit: &CommitSha, published: i64) -> Vec<World> {
        let mut ways = vec![self.clone()];
        let mut split = |unknown: bool, ends: &[&dyn Fn(&mut World)]| {
            if unknown {
                let with = |world: &World, end: &dyn Fn(&mut World)| {
                    let mut world = world.clone();
                    end(&mut world);
                    world
                };
                ways = ways.iter().flat_map(|world| ends.iter().map(move |end| with(world, *end))).collect();
            }
        };
        let acted = |who| history.iter().any(|entry| matches!(entry, Entry::Acted { by, .. } if *by == who));
        for who in PEOPLE.into_iter().filter(|who| acted(*who)) {
            let level = |level| move |world: &mut World| world.level.extend([(who, Some(level))]);
            let (none, write, admin) = (level(Level::None), level(Level::Write), level(Level::Admin));
            split(self.level[&who].is_none(), &[&none, &write, &admin]);
            let member = |member| move |world: &mut World| world.member.extend([(who, member)]);
            let (no, yes) = (member(Membership::No), member(Membership::Active));
            split(self.member[&who] == Membership::Unknown, &[&no, &yes]);
        }
        split(self.branch.is_none(), &[&|w| w.branch = Some(Some(commit.clone())), &|w| w.branch = Some(None)]);
        split(self.base == BaseFact::Unknown, &[&|w| w.base = BaseFact::Contains { overlap: vec![] }, &|_| {}]);
        split(self.policy == PolicyFact::Unknown, &[&|w| w.policy = PolicyFact::Same, &|_| {}]);
        split(self.now.is_none(), &[&|w| w.now = Some(published), &|w| w.now = Some(i64::MAX)]);
        let said = |path: &OwnedPath| !path.owners.iter().any(|owner| matches!(owner, Owner::Unsaid(_)));
        let satisfied = |file: &mut OwnersFact| match file {
            OwnersFact::Unknown => *file = OwnersFact::Known(vec![]),
            OwnersFact::Known(paths) => paths.retain(said),
            OwnersFact::TooLarge => {}
        };
        split(true, &[&|w| w.owners.iter_mut().for_each(satisfied), &|_| {}]);
        ways
    }
}
