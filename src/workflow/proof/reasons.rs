//! What the gate says beside yes and no: which reason, about which act, of which versions; and what a list of rules is
//! known by.

use super::case::{Asked, approve, at};
use super::setting::{Setting, digest, person, team};
use crate::ids::{CommentId, Login, TeamName, UserId};
use crate::workflow::act::{ActId, ActKind, Place, Voided};
use crate::workflow::approval::*;
use crate::workflow::run::Raise;

/// What an approval by digest is refused for.
fn refused(asked: &Asked, prefix: &str) -> Vec<Reason> {
    asked.with(2, ActKind::ApproveByDigest { prefix: prefix.to_owned() }, 105).reasons()
}

#[test]
fn d19_what_is_no_digest_is_told_apart_from_one_that_nobody_knows() {
    let act = ActId::Comment(0);
    let asked = Asked::plain();
    let current = digest(2);
    for prefix in [&current.as_str()[..11], "zzzzzzzzzzzz", "20000000000G"] {
        assert!(refused(&asked, prefix).contains(&Reason::NotADigest { act }), "{prefix}");
    }
    assert!(refused(&asked, "abcabcabcabc").contains(&Reason::UnknownDigest { act }));
    assert_eq!(refused(&asked, &current.as_str()[..12]), []);
}

#[test]
fn d18_an_approval_of_an_older_version_is_told_both_numbers_if_they_are_known() {
    let (act, mut asked) = (ActId::Comment(0), Asked::plain());
    let old = digest(1);
    let said = refused(&asked, old.short());
    assert!(said.contains(&Reason::EarlierVersion { act, versions: Some((1, 2)) }), "{said:?}");
    asked.subject.version = 4;
    let said = refused(&asked, old.short());
    assert!(said.contains(&Reason::EarlierVersion { act, versions: None }), "{said:?}");
}

#[test]
fn k_an_approval_that_is_not_later_than_the_retry_is_told_so() {
    let (act, mut asked) = (ActId::Comment(0), Asked::plain());
    for (retry, seconds, counts) in [(1, 104, true), (1, 105, false), (1, 106, false), (0, 105, true)] {
        asked.retry = Some(Retry { act: ActId::Comment(retry), at: at(seconds) });
        let refused = refused(&asked, digest(2).short());
        assert_eq!(refused.is_empty(), counts, "{retry} {seconds}");
        assert_eq!(refused.contains(&Reason::BeforeRetry { act }), !counts, "{refused:?}");
    }
}

#[test]
fn k_an_approval_that_was_used_up_does_not_stand_in_the_way_of_the_retry() {
    let mut asked = Asked::plain().with(2, approve(2), 104).with(2, approve(2), 110);
    asked.retry = Some(Retry { act: ActId::Comment(0), at: at(104) });
    asked.acts[1].voided = Some(Voided::Used);
    assert_eq!(asked.by(), [2]);
}

#[test]
fn only_who_could_approve_grants_more() {
    let asked = Asked::plain();
    let (comment, place, micro_dollars) = (CommentId(7), Place::Issue, 1);
    let act = ActId::Comment(7);
    let grants = |id: i64, separation: Separation| {
        let raise = Raise { by: person(id), micro_dollars, place, comment, at: at(120) };
        let rules = [Rules { separation, ..asked.rules.clone() }];
        may_raise(&raise, &asked.subject, &rules, asked.facts.people.clone(), asked.facts.teams.clone())
    };
    assert_eq!(grants(2, Separation::TwoPerson), Ok(()));
    assert_eq!(grants(2, Separation::Open), Ok(()));
    assert_eq!(grants(1, Separation::Open), Ok(()));
    assert_eq!(grants(1, Separation::TwoPerson), Err(Reason::AskedForIt { act, by: person(1) }));
}

#[test]
fn a_reason_names_its_act_and_says_whether_the_person_is_in_the_way() {
    let act = ActId::Comment(7);
    let cases = [
        (Reason::NoWriteAccess { act, by: person(2) }, Some(act), true),
        (Reason::Denied { act, by: person(2) }, Some(act), true),
        (Reason::UnknownDigest { act }, Some(act), false),
        (Reason::PermissionUnknown { act, by: person(2) }, Some(act), false),
        (Reason::NobodyApproved, None, false),
    ];
    for (reason, about, standing) in cases {
        assert_eq!((reason.act(), reason.is_about_standing()), (about, standing), "{reason:?}");
    }
}

#[test]
fn m_someone_of_whom_nothing_is_known_may_be_the_owner_who_is_missing() {
    let mut asked = Asked::plain().with(2, approve(2), 102).with(3, approve(2), 103);
    asked.rules.separation = Separation::Owners;
    let owner = Owner::Person(person(3));
    asked.facts.owners = vec![OwnersFact::Known(vec![OwnedPath { path: "src/a".to_owned(), owners: vec![owner] }])];
    assert_eq!(asked.by(), [2, 3]);
    asked.facts.people.insert(UserId(3), Standing::Unknown);
    assert!(matches!(asked.verdict(), Verdict::Hold(_)), "{:?}", asked.verdict());
    // Where the owner has approved, somebody else of whom nothing is known changes nothing.
    asked.facts.people.insert(UserId(3), Standing::Known { kind: crate::ids::AccountKind::User, level: Level::Write });
    asked.facts.people.insert(UserId(2), Standing::Unknown);
    assert_eq!(asked.by(), [3]);
}

#[test]
fn an_owner_is_called_what_the_file_calls_it() {
    let names = [
        Owner::Person(person(2)),
        Owner::Team(team()),
        Owner::Nobody("a@b.example".to_owned()),
        Owner::Unsaid("@who".to_owned()),
    ];
    let names = names.map(|owner| owner.name());
    let team: TeamName = team();
    assert_eq!(names, ["@p2".to_owned(), format!("@{team}"), "a@b.example".to_owned(), "@who".to_owned()]);
}

#[test]
fn t20_rules_are_known_by_all_they_say() {
    assert_eq!(EXPIRES.as_secs(), 604_800, "seven days");
    let plain = Setting::plain().rules;
    let listed = |id| Listed { login: "p2".parse::<Login>().unwrap(), id: UserId(id) };
    let users = |id| Some(Approvers { users: vec![listed(id)], teams: vec![], level: None });
    let all = [
        plain.clone(),
        Rules { required: 2, ..plain.clone() },
        Rules { separation: Separation::Owners, ..plain.clone() },
        Rules { require_digest: !plain.require_digest, ..plain.clone() },
        Rules { approvers: users(2), ..plain.clone() },
        Rules { approvers: users(3), ..plain.clone() },
        Rules { denied: vec![UserId(2)], ..plain.clone() },
        Rules { denied: vec![UserId(3)], ..plain.clone() },
        Rules { expires: plain.expires * 2, ..plain },
    ];
    let digests: std::collections::BTreeSet<String> = all.iter().map(|rules| rules.digest().to_string()).collect();
    assert_eq!(digests.len(), all.len());
}
