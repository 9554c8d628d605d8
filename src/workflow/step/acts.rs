//! What a run remembers of what people did: enough to judge by, and never more than so much.
//!
//! Anyone can write comments, so what is kept of one person and of all strangers together has a limit. What is forgotten
//! can only have been in favour: each person's latest approval and latest objection stay, so a decision never turns from
//! no to yes by it (rules A and B). That an object was an act is also remembered by what its delivery meant.

use std::collections::BTreeMap;

use crate::ids::UserId;
use crate::workflow::act::{Act, ActId, ActKind, Voided};
use crate::workflow::approval::{Facts, Level, Standing};

/// How many acts of one person are kept.
const MOST_OF_ONE: usize = 20;

/// Of how many objects it is kept that they were taken back before they were told of.
const MOST_OVERTAKEN: usize = 60;

/// Of how many people who may not write, or of whom no act counts, something is kept.
const MOST_STRANGERS: usize = 20;

/// Records an act once; an object on GitHub is one act, however often it arrives and in whichever order its creation and
/// its end do.
pub(super) fn with_act(acts: &[Act], act: &Act) -> Option<Vec<Act>> {
    let mut acts = acts.to_vec();
    if let Some(known) = acts.iter_mut().find(|known| known.id == act.id) {
        let both = known.told_also(act);
        if *known == both {
            return None;
        }
        *known = both;
    } else {
        acts.push(act.clone());
    }
    if act.kind.is_overtaken() {
        forget_overtaken(&mut acts)
    } else {
        forget_of_one(&mut acts, act)
    }
    Some(acts)
}

/// Whether an object is an act, as far as is known.
pub(super) fn is_known(acts: &[Act], id: ActId) -> bool {
    acts.iter().any(|act| act.id == id && !act.kind.is_overtaken())
}

fn forget_of_one(acts: &mut Vec<Act>, act: &Act) {
    let of_one: Vec<&Act> =
        acts.iter().filter(|known| known.by.id == act.by.id && !known.kind.is_overtaken()).collect();
    if of_one.len() > MOST_OF_ONE {
        let latest = latest(&of_one);
        let oldest = of_one.iter().filter(|act| !latest.contains(&act.id)).min_by_key(|act| act.order());
        let forgotten = oldest.map(|act| act.id);
        acts.retain(|act| Some(act.id) != forgotten);
    }
}

/// Forgets the oldest of whoever has the most of them, so that nobody pushes out what is kept of somebody else.
fn forget_overtaken(acts: &mut Vec<Act>) {
    let mut of_each: BTreeMap<UserId, Vec<&Act>> = BTreeMap::new();
    for act in acts.iter().filter(|act| act.kind.is_overtaken()) {
        of_each.entry(act.by.id).or_default().push(act);
    }
    if of_each.values().map(Vec::len).sum::<usize>() > MOST_OVERTAKEN {
        let most = of_each.values().max_by_key(|of_one| of_one.len());
        let oldest = most.and_then(|of_one| of_one.iter().min_by_key(|act| act.order()));
        let forgotten = oldest.map(|act| act.id);
        acts.retain(|act| Some(act.id) != forgotten);
    }
}

/// Marks an act as taken back, where it ends by that; nothing brings it back to life (rule B).
pub(super) fn with_voided(acts: &[Act], id: ActId, how: Voided) -> Option<Vec<Act>> {
    let mut acts = acts.to_vec();
    let act = acts.iter_mut().find(|act| act.id == id && act.voided.is_none() && act.kind.ends_by(how))?;
    act.voided = Some(how);
    Some(acts)
}

/// What stays of the acts when a new version is made: objections and their withdrawals (rule F), and what was taken back
/// before it was told of.
pub(super) fn objections(acts: &[Act]) -> Vec<Act> {
    acts.iter().filter(|act| !act.kind.approves()).cloned().collect()
}

/// What stays of the acts once it is known who may write: of those who may, everything; of those who may not, what the
/// latest of them did, because any of it may count once they may. Of what was taken back before it was told of nobody has
/// been asked yet who may.
pub(super) fn worth_keeping(acts: &[Act], facts: &Facts) -> Vec<Act> {
    let mut strangers: BTreeMap<UserId, Vec<&Act>> = BTreeMap::new();
    let forgotten = |act: &Act| is_stranger(act.by.id, facts) && !act.kind.is_overtaken();
    for act in acts.iter().filter(|act| forgotten(act)) {
        strangers.entry(act.by.id).or_default().push(act);
    }
    let mut strangers: Vec<Vec<&Act>> = strangers.into_values().collect();
    strangers.sort_by_key(|acts| std::cmp::Reverse(acts.iter().map(|act| act.order()).max()));
    let kept: Vec<ActId> = strangers.iter().take(MOST_STRANGERS).flatten().map(|act| act.id).collect();
    acts.iter().filter(|act| !forgotten(act) || kept.contains(&act.id)).cloned().collect()
}

/// Someone who may not write, or about whom nobody had to ask because no act of theirs counts.
fn is_stranger(person: UserId, facts: &Facts) -> bool {
    match facts.people.get(&person) {
        None => true,
        Some(Standing::Known { level, .. }) => *level < Level::Write,
        Some(Standing::Unknown) => false,
    }
}

/// The latest act of each kind that cannot stand for another.
fn latest(acts: &[&Act]) -> Vec<ActId> {
    let kinds: [fn(&ActKind) -> bool; 3] = [
        ActKind::approves,
        |kind| matches!(kind, ActKind::Lift { .. }),
        |kind| matches!(kind, ActKind::Veto { .. } | ActKind::Withdraw),
    ];
    let of = |is: fn(&ActKind) -> bool| acts.iter().filter(|act| is(&act.kind)).max_by_key(|act| act.order());
    kinds.into_iter().filter_map(of).map(|act| act.id).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use proptest::prelude::*;

    use super::*;
    use crate::ids::{AccountKind, CommitSha, Digest, Person, Timestamp};
    use crate::workflow::act::Place;
    use crate::workflow::approval::{
        AroundFact, BaseFact, BranchFact, Case, EXPIRES, Gate, PolicyFact, Rules, Separation, Subject, Verdict, judge,
    };

    fn act(serial: i64, who: i64, kind: ActKind) -> Act {
        let login = ["ann", "bob", "eve"].get(usize::try_from(who).unwrap()).copied().unwrap_or("one");
        let by = Person { id: UserId(who), login: login.parse().unwrap(), kind: AccountKind::User };
        let at = Timestamp(1_000_000 + serial * 500);
        Act { id: ActId::Comment(serial), kind, by, at, place: Place::Issue, via_app: false, voided: None }
    }

    fn yes() -> ActKind {
        ActKind::ApproveByDigest { prefix: Digest::from_bytes([2; 32]).as_str().to_owned() }
    }

    fn no() -> ActKind {
        ActKind::Veto { why: String::new() }
    }

    fn commit() -> CommitSha {
        "2".repeat(40).parse().unwrap()
    }

    fn facts(writers: &[i64], strangers: &[i64]) -> Facts {
        let known = |level| move |id: &i64| (UserId(*id), Standing::Known { kind: AccountKind::User, level });
        let people = writers.iter().map(known(Level::Write)).chain(strangers.iter().map(known(Level::Read))).collect();
        Facts {
            now: Some(Timestamp(2_000_000)),
            people,
            teams: BTreeMap::new(),
            branch: BranchFact::At(commit()),
            base: BaseFact::Contains { overlap: vec![] },
            several_writers: Some(true),
            around: AroundFact::Fine,
            policy: PolicyFact::Same,
            owners: vec![],
        }
    }

    fn approved(acts: &[Act], facts: &Facts) -> bool {
        let subject = Subject {
            version: 2,
            digest: Digest::from_bytes([2; 32]),
            commit: commit(),
            published_at: Timestamp(500),
            earlier: vec![],
            requesters: vec![],
        };
        let rules = Rules {
            required: 1,
            separation: Separation::Open,
            require_digest: true,
            approvers: None,
            denied: vec![],
            expires: EXPIRES,
        };
        let case = Case { subject: &subject, rules: &rules, edited: None, retry: None, acts };
        matches!(judge(case, facts, Gate::Act), Verdict::Approved { .. })
    }

    /// What a run remembers of acts that came in this order.
    fn recorded(acts: &[Act]) -> Vec<Act> {
        acts.iter().fold(vec![], |known, act| with_act(&known, act).unwrap_or(known))
    }

    #[test]
    fn what_one_person_does_again_and_again_is_kept_twenty_times() {
        let veto = act(0, 1, no());
        let all: Vec<Act> = std::iter::once(veto.clone()).chain((1..500).map(|n| act(n, 1, yes()))).collect();

        let kept = recorded(&all);
        assert_eq!((kept.len(), kept.contains(&veto), kept.last()), (MOST_OF_ONE, true, all.last()));
    }

    #[test]
    fn of_a_crowd_of_strangers_little_is_kept_and_of_writers_all() {
        let crowd: Vec<i64> = (10..1_000).collect();
        let mut all: Vec<Act> = crowd.iter().map(|who| act(*who, *who, yes())).collect();
        let theirs: Vec<Act> = (0..5).map(|n| act(n, 1, yes())).collect();
        all.extend(theirs.iter().cloned());

        let kept = worth_keeping(&all, &facts(&[1], &crowd));
        assert_eq!(kept.len(), MOST_STRANGERS + theirs.len());
        assert!(theirs.iter().all(|act| kept.contains(act)));
    }

    fn overtaken(serial: i64, who: i64) -> Act {
        Act { voided: Some(Voided::Deleted), ..act(serial, who, ActKind::Overtaken { lifts: false }) }
    }

    #[test]
    fn f04_many_ends_of_ones_own_comments_push_out_nothing_of_anybody_else() {
        let (dismissed, early) = (act(0, 1, yes()), overtaken(0, 1));
        let flood = (1..500).map(|n| overtaken(n, 2));
        let kept = recorded(&std::iter::once(early.clone()).chain(flood).collect::<Vec<_>>());
        assert_eq!((kept.len(), kept.first()), (MOST_OVERTAKEN, Some(&early)));

        let kept = worth_keeping(&kept, &facts(&[], &[2]));
        let told = with_act(&kept, &dismissed).unwrap();
        assert_eq!(told.first(), Some(&Act { voided: Some(Voided::Deleted), ..dismissed }));
    }

    #[test]
    fn d10_d16_an_end_means_the_same_before_and_after_what_it_ends() {
        for kind in [yes(), no(), ActKind::Withdraw] {
            for lifts in [false, true] {
                let (one, end) = (act(1, 1, kind.clone()), overtaken(1, 1));
                let end = Act { kind: ActKind::Overtaken { lifts }, ..end };
                assert_eq!(recorded(&[one.clone(), end.clone()]), recorded(&[end.clone(), one.clone()]));
                let ends = recorded(&[end, one])[0].voided.is_some();
                assert_eq!(ends, lifts || kind.approves());
            }
        }
    }

    #[test]
    fn rule_d_an_edit_ends_only_what_approves_whenever_it_is_told_of() {
        let lift = ActKind::Lift { login: "bob".to_owned() };
        for (kind, ends) in [(yes(), true), (no(), false), (ActKind::Withdraw, false), (lift, false)] {
            let one = act(1, 1, kind);
            let edit = Act { kind: ActKind::Overtaken { lifts: true }, voided: Some(Voided::Edited), ..one.clone() };
            let after = Act { voided: ends.then_some(Voided::Edited), ..one.clone() };
            let voided = with_voided(std::slice::from_ref(&one), one.id, Voided::Edited);
            assert_eq!(voided, ends.then(|| vec![after.clone()]));
            for order in [[&one, &edit], [&edit, &one]] {
                assert_eq!(recorded(&order.map(Clone::clone)), std::slice::from_ref(&after));
            }
        }
    }

    #[test]
    fn rule_d_a_deletion_ends_an_objection_also_after_an_edit_in_any_order() {
        let one = act(1, 1, no());
        let end = |how, lifts| Act { kind: ActKind::Overtaken { lifts }, voided: Some(how), ..one.clone() };
        let (edit, deletion) = (end(Voided::Edited, false), end(Voided::Deleted, true));
        for order in
            [[&one, &edit, &deletion], [&edit, &one, &deletion], [&edit, &deletion, &one], [&deletion, &edit, &one]]
        {
            let after = Act { voided: Some(Voided::Deleted), ..one.clone() };
            assert_eq!(recorded(&order.map(Clone::clone)), [after]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rule_b_what_is_forgotten_never_turns_no_into_yes(
            throws in prop::collection::vec((0_i64..3, 0_u8..5, any::<bool>()), 0..60),
            writers in prop::collection::vec(0_i64..3, 0..3),
            later in prop::collection::vec(0_i64..3, 0..4),
        ) {
            let kind = |kind: u8| match kind {
                0 | 1 => yes(),
                2 => ActKind::ApproveBare,
                3 => no(),
                _ => ActKind::Withdraw,
            };
            let mut all: Vec<Act> =
                throws.iter().zip(0..).map(|((who, what, _), n)| act(n, *who, kind(*what))).collect();
            for (act, (_, _, voided)) in all.iter_mut().zip(&throws) {
                act.voided = voided.then_some(Voided::Edited);
            }
            let strangers: Vec<i64> = (0..3).filter(|who| !writers.contains(who)).collect();
            let later_strangers: Vec<i64> = (0..3).filter(|who| !later.contains(who)).collect();

            let kept = worth_keeping(&recorded(&all), &facts(&writers, &strangers));
            for facts in [facts(&writers, &strangers), facts(&later, &later_strangers)] {
                prop_assert!(!approved(&kept, &facts) || approved(&all, &facts), "{all:#?}");
            }
        }
    }
}
