//! What holds for every case, whatever the rules are: Q1 to Q24 as far as they are about the gate alone.

use super::case::{Asked, approve, at, veto};
use super::history::{Chance, PEOPLE};
use super::setting::{person, sha, team};
use crate::ids::{AccountKind, Person, UserId};
use crate::workflow::act::{Act, ActKind, Voided};
use crate::workflow::approval::*;

/// Tries a property on many random cases.
fn always(property: impl Fn(&mut Chance, Asked)) {
    let mut chance = Chance::new(super::number("GATE_SEED", 1));
    for _ in 0..super::number("GATE_CASES", 3_000) {
        let asked = Asked::random(&mut chance);
        property(&mut chance, asked);
    }
}

/// Someone who is not among [`PEOPLE`].
fn stranger(asked: &mut Asked, level: Level) -> Person {
    asked.facts.people.insert(UserId(9), Standing::Known { kind: AccountKind::User, level });
    person(9)
}

#[test]
fn q1_the_same_question_has_the_same_answer() {
    always(|_, asked| assert_eq!(asked.verdict(), asked.clone().verdict()));
}

#[test]
fn q2_the_order_of_arrival_changes_no_verdict() {
    always(|chance, asked| {
        let mut other = asked.clone();
        let turn = usize::try_from(chance.below(5)).unwrap() % asked.acts.len();
        other.acts.rotate_left(turn);
        other.acts.reverse();
        let sorted = |asked: &Asked| {
            let mut reasons: Vec<String> = asked.reasons().iter().map(|reason| format!("{reason:?}")).collect();
            reasons.sort();
            (std::mem::discriminant(&asked.verdict()), asked.by(), reasons)
        };
        assert_eq!(sorted(&asked), sorted(&other), "{asked:?}");
    });
}

#[test]
fn q3_an_act_told_twice_is_one_act() {
    always(|chance, asked| {
        let mut other = asked.clone();
        let again = chance.below(asked.acts.len() as u64);
        other.acts.push(asked.acts[usize::try_from(again).unwrap()].clone());
        assert_eq!(asked.by(), other.by(), "{asked:?}");
        assert_eq!(std::mem::discriminant(&asked.verdict()), std::mem::discriminant(&other.verdict()));
    });
}

#[test]
fn q4_nobody_approves_but_by_an_act_of_their_own_that_names_this_version_and_only_who_may() {
    always(|_, asked| {
        for who in asked.by() {
            let Some(Standing::Known { level, .. }) = asked.facts.people.get(&UserId(who)) else {
                panic!("unknown, and counted: {asked:?}")
            };
            assert!(*level >= Level::Write, "{asked:?}");
            assert!(asked.acts.iter().any(|act| act.by.id.0 == who && names_it(act)), "{asked:?}");
        }
    });
}

fn names_it(act: &Act) -> bool {
    let bound = match &act.kind {
        ActKind::ApproveByReview { commit } => *commit == Some(sha(2)),
        kind @ ActKind::ApproveByDigest { .. } => *kind == approve(2),
        ActKind::ApproveBare => true,
        ActKind::Veto { .. } | ActKind::Withdraw | ActKind::Lift { .. } | ActKind::Overtaken { .. } => false,
    };
    bound && act.at > at(100) && act.voided.is_none() && !act.via_app
}

#[test]
fn q5_strangers_cannot_grant() {
    always(|chance, mut asked| {
        let by = stranger(&mut asked, chance.of(&[Level::None, Level::Read, Level::Triage]));
        let mut more = asked.clone();
        (0..3).for_each(|_| more.adds(chance, &by));
        assert!(asked.approved() || !more.approved(), "{more:?}");
    });
}

#[test]
fn q5b_strangers_cannot_block() {
    always(|chance, mut asked| {
        let by = stranger(&mut asked, chance.of(&[Level::None, Level::Read]));
        let mut more = asked.clone();
        (0..3).for_each(|_| more.adds(chance, &by));
        assert_eq!(asked.by(), more.by(), "{more:?}");
    });
}

#[test]
fn q6_bots_and_apps_are_powerless_also_in_a_persons_name() {
    always(|chance, asked| {
        let mut more = asked.clone();
        let who = person(chance.of(&PEOPLE));
        for _ in 0..3 {
            more.adds(chance, &who);
            let last = more.acts.last_mut().unwrap();
            match chance.below(2) {
                0 => last.via_app = true,
                _ => last.by.kind = AccountKind::Bot,
            }
        }
        assert_eq!(asked.by(), more.by(), "{more:?}");
    });
}

#[test]
fn q6_an_account_that_is_no_person_by_the_api_is_none() {
    for kind in [AccountKind::Bot, AccountKind::Organization, AccountKind::Mannequin, AccountKind::Other("x".into())] {
        let mut asked = Asked::plain().with(2, approve(2), 102);
        assert!(asked.approved());
        asked.facts.people.insert(UserId(2), Standing::Known { kind, level: Level::Admin });
        assert!(asked.reasons().contains(&Reason::NotAPerson { act: asked.acts[0].id }));
    }
}

#[test]
fn q7_unknown_is_not_yes() {
    always(|_, asked| {
        if asked.approved() {
            return;
        }
        for unknown in forgotten(&asked) {
            assert!(!unknown.approved(), "{unknown:?}");
        }
    });
}

/// The same with one answer missing, for each of the answers.
fn forgotten(asked: &Asked) -> Vec<Asked> {
    let with = |forget: &dyn Fn(&mut Facts)| {
        let mut asked = asked.clone();
        forget(&mut asked.facts);
        asked
    };
    let mut all = vec![
        with(&|facts| facts.now = None),
        with(&|facts| facts.branch = BranchFact::Unknown),
        with(&|facts| facts.base = BaseFact::Unknown),
        with(&|facts| facts.several_writers = None),
        with(&|facts| facts.policy = PolicyFact::Unknown),
        with(&|facts| facts.around = AroundFact::Unknown),
        with(&|facts| facts.owners = vec![]),
        with(&|facts| facts.owners = vec![OwnersFact::Unknown]),
        with(&|facts| facts.teams.clear()),
    ];
    for who in PEOPLE.map(UserId) {
        all.push(with(&|facts| facts.people.retain(|known, _| *known != who)));
        all.push(with(&|facts| facts.people.extend([(who, Standing::Unknown)])));
        all.push(with(&|facts| {
            facts.teams.get_mut(&team()).into_iter().for_each(|team| team.retain(|known, _| *known != who))
        }));
    }
    all
}

#[test]
fn q8_an_objection_beats_any_number_of_approvals() {
    always(|chance, mut asked| {
        let who = chance.of(&PEOPLE);
        let may = Standing::Known { kind: AccountKind::User, level: Level::Write };
        asked.facts.people.insert(UserId(who), may);
        asked.rules = Rules { approvers: None, denied: vec![], ..asked.rules };
        assert!(!asked.with(who, veto(), 104).approved(), "{asked:?}");
    });
}

#[test]
fn q9_taking_back_never_revives_an_older_approval_of_the_same_person() {
    always(|chance, asked| {
        let who = chance.of(&PEOPLE);
        assert!(!asked.with(who, ActKind::Withdraw, 104).by().contains(&who), "{asked:?}");
        let mut dismissed = asked.with(who, approve(2), 104);
        dismissed.acts.last_mut().unwrap().voided = Some(Voided::Dismissed);
        assert!(!dismissed.by().contains(&who), "{asked:?}");
        let mut dismissed = asked.with(who, veto(), 104);
        dismissed.acts.last_mut().unwrap().voided = Some(Voided::Dismissed);
        assert!(!dismissed.by().contains(&who), "{asked:?}");
    });
}

#[test]
fn q10_an_approval_of_one_version_counts_for_no_other() {
    always(|_, mut asked| {
        asked.acts.retain(|act| act.kind != ActKind::ApproveBare);
        let next = Subject { version: 3, digest: super::setting::digest(3), commit: sha(3), ..asked.subject.clone() };
        asked.facts.branch = BranchFact::At(sha(3));
        assert!(!Asked { subject: next, ..asked.clone() }.approved(), "{asked:?}");
    });
}

/// The same with one act taken back, where it ends by that.
fn taken_back(asked: &Asked, which: usize, how: Voided) -> Asked {
    let mut after = asked.clone();
    let act = &mut after.acts[which];
    act.voided = act.voided.or(act.kind.ends_by(how).then_some(how));
    after
}

#[test]
fn q12_no_edit_makes_more_approvals_count_nor_approves_what_was_not_approved() {
    always(|chance, asked| {
        let which = usize::try_from(chance.below(asked.acts.len() as u64)).unwrap();
        let edited = taken_back(&asked, which, Voided::Edited);
        assert!(edited.by().iter().all(|who| asked.by().contains(who)), "{asked:?}");
        assert!(asked.approved() || !edited.approved(), "{asked:?}");
    });
}

#[test]
fn q10_q24_an_approval_of_another_version_or_one_that_was_taken_back_is_told_why_it_is_none() {
    let asked = Asked::plain().with(2, approve(2), 102).with(3, approve(1), 103);
    let why = |asked: &Asked, which: usize| {
        let Asked { subject, rules, edited, retry, acts, .. } = asked;
        why_not(Case { subject, rules, edited: edited.as_ref(), retry: retry.as_ref(), acts }, &acts[which])
    };
    assert_eq!(why(&asked, 0), None);
    assert!(matches!(why(&asked, 1), Some(Reason::EarlierVersion { act, .. }) if act == asked.acts[1].id));
    let (act, how) = (asked.acts[0].id, Voided::Edited);
    assert_eq!(why(&taken_back(&asked, 0, how), 0), Some(Reason::TakenBack { act, how }));
}

#[test]
fn q12_an_edited_objection_still_blocks_and_a_deleted_one_does_not() {
    let asked = Asked::plain().with(2, approve(2), 102).with(3, veto(), 103);
    assert_eq!(taken_back(&asked, 1, Voided::Edited).by(), [0; 0]);
    assert_eq!(taken_back(&asked, 1, Voided::Deleted).by(), [2]);
}

#[test]
fn q14_a_review_is_the_commit_it_was_submitted_for() {
    let bound = |commit| ActKind::ApproveByReview { commit };
    assert!(Asked::plain().with(2, bound(Some(sha(2))), 102).approved());
    for commit in [None, Some(sha(1)), Some(sha(9))] {
        assert!(!Asked::plain().with(2, bound(commit), 102).approved());
    }
}

#[test]
fn q15_another_time_zone_of_githubs_clock_changes_nothing() {
    always(|chance, asked| {
        let shift = std::time::Duration::from_secs(chance.below(1_000_000));
        let mut other = asked.clone();
        other.acts.iter_mut().for_each(|act| act.at = act.at.plus(shift));
        other.subject.published_at = other.subject.published_at.plus(shift);
        other.facts.now = other.facts.now.map(|now| now.plus(shift));
        other.edited = other.edited.map(|edit| Edit { at: edit.at.plus(shift), ..edit });
        other.retry = other.retry.map(|retry| Retry { at: retry.at.plus(shift), ..retry });
        assert_eq!(asked.verdict(), other.verdict());
    });
}

#[test]
fn q15_an_approval_of_the_last_second_counts_and_one_second_later_no_more() {
    let mut asked = Asked::plain().with(2, approve(2), 102);
    asked.rules.expires = std::time::Duration::from_secs(8);
    assert!(asked.approved());
    asked.facts.now = Some(at(111));
    assert_eq!(asked.reasons()[0], Reason::Expired { act: asked.acts[0].id, by: person(2) });
    asked.gate = Gate::Push;
    assert!(asked.approved(), "what has started does not expire");
}

#[test]
fn q16_in_a_tie_the_approval_loses() {
    let approved = |second| Asked::plain().with(2, approve(2), second);
    assert!(!approved(100).approved(), "publication");
    assert!(approved(101).approved());
    for against in [veto(), ActKind::Withdraw] {
        assert!(!approved(102).with(2, against.clone(), 102).approved());
        // Also if the approval has the higher number.
        assert!(!Asked::plain().with(2, against, 102).with(2, approve(2), 102).approved());
    }
    let mut edited = approved(102);
    edited.edited = Some(Edit { by: None, at: at(102) });
    assert!(!edited.approved(), "edit");
    edited.edited = Some(Edit { by: None, at: at(101) });
    assert!(edited.approved());
}

/// Of acts that only approve or withdraw: an objection counts for less where fewer people may object.
#[test]
fn q17_a_stricter_policy_approves_nothing_more() {
    always(|_, mut asked| {
        asked.facts.policy = PolicyFact::Same;
        asked.acts.retain(|act| !matches!(act.kind, ActKind::Veto { .. }));
        asked.acts.iter_mut().filter(|act| act.kind == ActKind::ApproveBare).for_each(|act| act.voided = None);
        let lax = asked.approved();
        for rules in stricter(&asked.rules) {
            let strict = Asked { rules, ..asked.clone() };
            assert!(lax || !strict.approved(), "{strict:?}");
        }
    });
}

fn stricter(rules: &Rules) -> Vec<Rules> {
    let listed = |id| Listed { login: person(id).login, id: UserId(id) };
    let approvers = match rules.approvers.clone() {
        None => Approvers { users: vec![listed(2), listed(3)], ..Approvers::default() },
        Some(list) => Approvers { users: list.users.into_iter().skip(1).collect(), ..list },
    };
    let separation = match rules.separation {
        Separation::Open => Separation::Auto,
        Separation::Auto => Separation::TwoPerson,
        Separation::TwoPerson | Separation::Owners => Separation::Owners,
    };
    vec![
        Rules { required: rules.required + 1, ..rules.clone() },
        Rules { separation, ..rules.clone() },
        Rules { require_digest: true, ..rules.clone() },
        Rules { approvers: Some(approvers), ..rules.clone() },
        Rules { denied: [rules.denied.clone(), vec![UserId(2)]].concat(), ..rules.clone() },
        Rules { expires: rules.expires / 2, ..rules.clone() },
    ]
}

#[test]
fn q18_where_two_persons_are_asked_for_two_took_part() {
    always(|_, mut asked| {
        asked.rules.separation = Separation::TwoPerson;
        let by = asked.by();
        let others = by.iter().filter(|who| !asked.subject.requesters.contains(&UserId(**who)));
        assert!(by.is_empty() || others.count() > 0, "{asked:?}");
    });
}

#[test]
fn q19_where_owners_are_asked_for_each_path_has_an_owner_who_approved() {
    always(|_, mut asked| {
        asked.rules.separation = Separation::Owners;
        let by = asked.by();
        let member = |who: &i64| asked.facts.teams[&team()].get(&UserId(*who)) == Some(&Membership::Active);
        let owns = |owner: &Owner| match owner {
            Owner::Person(owner) => by.contains(&owner.id.0),
            Owner::Team(_) => by.iter().any(member),
            _ => false,
        };
        for file in &asked.facts.owners {
            let paths = match file {
                OwnersFact::Known(paths) => paths,
                _ => {
                    assert_eq!(by, [0; 0], "{asked:?}");
                    continue;
                }
            };
            assert!(by.is_empty() || paths.iter().all(|path| path.owners.iter().any(owns)), "{asked:?}");
        }
    });
}

#[test]
fn q21_what_passes_at_the_push_would_pass_at_the_gates_before() {
    always(|_, asked| {
        let at_gate = |gate| Asked { gate, ..asked.clone() }.approved();
        let expires = asked.rules.expires.as_secs() < 60;
        assert!(expires || !at_gate(Gate::Push) || at_gate(Gate::Start));
        assert!(!at_gate(Gate::Start) || at_gate(Gate::Act));
    });
}

#[test]
fn q23_one_approval_by_one_who_may_is_enough_where_nothing_is_against_it() {
    for kind in [approve(2), ActKind::ApproveByReview { commit: Some(sha(2)) }, ActKind::ApproveBare] {
        for who in [2, 3, 4] {
            assert_eq!(Asked::plain().with(who, kind.clone(), 101).by(), [who]);
        }
    }
}

#[test]
fn q24_every_no_and_every_hold_has_a_reason_and_it_is_about_an_act_that_there_was() {
    always(|_, asked| {
        let reasons = asked.reasons();
        assert_eq!(asked.approved(), reasons.is_empty(), "{asked:?}");
        for act in reasons.iter().filter_map(Reason::act) {
            assert!(asked.acts.iter().any(|known| known.id == act), "{asked:?}");
        }
        let unique = reasons.iter().enumerate().all(|(n, reason)| !reasons[..n].contains(reason));
        assert!(unique, "{reasons:?}");
    });
}

#[test]
fn an_administrator_who_did_not_ask_lifts_an_objection_later_than_it_was_made() {
    let mut asked = Asked::plain().with(2, approve(2), 102).with(3, veto(), 103);
    let lift = ActKind::Lift { login: "P3".to_owned() };
    assert!(!asked.with(4, lift.clone(), 104).approved(), "write is not enough");
    for admin in [1, 4] {
        asked.facts.people.insert(UserId(admin), Standing::Known { kind: AccountKind::User, level: Level::Admin });
    }
    assert_eq!(asked.with(4, lift.clone(), 104).by(), [2]);
    assert!(!asked.with(4, lift.clone(), 103).approved(), "in a tie the objection wins");
    assert!(!asked.with(1, lift.clone(), 104).approved(), "who asked for the version does not");
    asked.rules.denied.push(UserId(4));
    assert!(!asked.with(4, lift, 104).approved(), "who is denied does not");
}

#[test]
fn where_nobody_has_approved_no_owner_is_named() {
    let mut asked = Asked::plain();
    asked.rules.separation = Separation::Owners;
    asked.facts.owners = super::setting::owners(1);
    assert_eq!(asked.reasons(), [Reason::NobodyApproved]);
}

#[test]
fn gates_have_names() {
    assert_eq!([Gate::Act, Gate::Start, Gate::Push].map(Gate::name), ["act", "start", "push"]);
}
