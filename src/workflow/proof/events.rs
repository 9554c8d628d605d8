//! What holds for the product event by event: Q3, Q13, Q14 and Q23.

use super::history::{Chance, Deed, Does, Head, Next};
use super::play::play;
use super::setting::{Setting, digest, origin, person, sha};
use crate::ids::{PullNumber, RunId, Timestamp};
use crate::workflow::act::{Act, ActId, ActKind, Place};
use crate::workflow::approval::{Rules, Separation, Subject};
use crate::workflow::event::Event;
use crate::workflow::run::{Run, Shown, State, Waiting};
use crate::workflow::step::{Step, step};

fn now(deed: Deed) -> Next {
    Next { after: 1, late: false, deed }
}

fn approval(who: i64) -> Next {
    now(Deed::Act { who, does: Does::Digest(0), app: false })
}

fn pushed(deeds: &[Next]) -> u64 {
    play(&Setting::plain(), deeds).map_or_else(|difference| panic!("{difference}"), |tally| tally.pushed)
}

#[test]
fn q13_after_a_foreign_push_a_version_is_never_built_also_after_pushing_back() {
    let mut chance = Chance::new(super::number("GATE_SEED", 1));
    for _ in 0..2_000 {
        // As far as the execution, with two who approve; whatever comes then, nobody approves the next version.
        let mut deeds = vec![approval(2), approval(3)];
        deeds.extend((0..chance.below(3)).map(|_| now(Deed::Work)));
        let late = chance.below(2) == 0;
        deeds.push(Next { after: 1, late, deed: Deed::Push(chance.of(&[Head::Elsewhere, Head::Gone])) });
        deeds.push(Next { after: 0, late: chance.below(2) == 0, deed: Deed::Push(Head::Back) });
        if late {
            deeds.push(now(Deed::Tell));
            deeds.push(now(Deed::Tell));
        }
        for _ in 0..chance.below(4) {
            deeds.push(now(chance.of(&[Deed::Work, Deed::Settle, Deed::Fail, Deed::Again])));
        }
        assert_eq!(pushed(&deeds), 0, "{deeds:?}");
    }
}

#[test]
fn q13_a_push_while_the_failed_run_waits_spends_the_version_too() {
    let failed = [approval(2), now(Deed::Fail)];
    let again = now(Deed::Retry { who: 3 });
    assert_eq!(pushed(&[&failed[..], &[again]].concat()), 1);
    let push = [now(Deed::Push(Head::Elsewhere)), now(Deed::Push(Head::Back))];
    assert_eq!(pushed(&[&failed[..], &push, &[again]].concat()), 0);
}

#[test]
fn q8_an_objection_outlives_the_run_it_was_made_in() {
    let again = now(Deed::Retry { who: 4 });
    let veto = now(Deed::Act { who: 3, does: Does::Veto, app: false });
    assert_eq!(pushed(&[approval(2), now(Deed::Start), veto, now(Deed::Fail), again]), 0);
    assert_eq!(pushed(&[approval(2), now(Deed::Fail), veto, again]), 0);
    let approves = approval(3);
    assert_eq!(pushed(&[approval(2), now(Deed::Fail), veto, again, approves]), 1);
}

#[test]
fn q20_an_approval_starts_one_run_and_each_retry_one_more() {
    let again = |who| now(Deed::Retry { who });
    let failed = [approval(2), approval(3), now(Deed::Fail)];
    assert_eq!(pushed(&failed), 0, "what was approved is used up");
    assert_eq!(pushed(&[&failed[..], &[again(2)]].concat()), 1);
    assert_eq!(pushed(&[&failed[..], &[again(2), now(Deed::Fail), again(3)]].concat()), 1);
    assert_eq!(pushed(&[&failed[..], &[again(1)]].concat()), 0, "who asked for it does not approve it");
}

#[test]
fn q2_q20_an_approval_of_the_run_before_counts_for_no_other_however_late_it_is_told_of() {
    let open = Setting { rules: Rules { separation: Separation::Open, ..Setting::plain().rules }, ..Setting::plain() };
    let two = Setting { rules: Rules { required: 2, ..open.rules.clone() }, ..open.clone() };
    let pushed = |setting: &Setting, deeds: &[Next]| {
        play(setting, deeds).map_or_else(|difference| panic!("{difference}"), |tally| tally.pushed)
    };
    let (fail, again) = (now(Deed::Fail), now(Deed::Retry { who: 1 }));
    let at_once = |next: Next| Next { after: 0, ..next };
    let review = now(Deed::Act { who: 1, does: Does::Review(0), app: false });
    // A review that nobody waited for, in the very second of the failure and of the retry, takes nothing from the retry.
    assert_eq!(pushed(&open, &[approval(2), fail, at_once(review), at_once(again)]), 1);
    // Of two who must approve, one did before the failure: told of in time or late, it is the same.
    let before = [approval(2), approval(3)];
    let late = Next { late: true, ..approval(4) };
    assert_eq!(pushed(&two, &[&before[..], &[approval(4), fail, again]].concat()), 0);
    assert_eq!(pushed(&two, &[&before[..], &[late, fail, again, now(Deed::Tell)]].concat()), 0);
    assert_eq!(pushed(&two, &[&before[..], &[fail, again, at_once(approval(4))]].concat()), 0);
    assert_eq!(pushed(&two, &[&before[..], &[fail, again, approval(4)]].concat()), 1);
}

#[test]
fn q23_an_approval_leads_to_approved_within_one_evaluation() {
    for who in [2, 3, 4] {
        for does in [Does::Digest(0), Does::Review(0), Does::Bare] {
            let act = now(Deed::Act { who, does, app: false });
            let tally = play(&Setting::plain(), &[act]).unwrap_or_else(|difference| panic!("{difference}"));
            // At each of the three gates once.
            assert_eq!((tally.approved, tally.waiting, tally.hold), (3, 0, 0));
        }
    }
}

#[test]
fn q23_an_approval_that_came_before_we_knew_of_our_own_comment_counts() {
    let setting = Setting { head_start: 4, ..Setting::plain() };
    let tally = play(&setting, &[approval(2)]).unwrap_or_else(|difference| panic!("{difference}"));
    assert_eq!(tally.pushed, 1);
}

/// A run whose version waits, and bob's review of it.
fn reviewed() -> (Run, Act) {
    let by = person(2);
    let act = Act {
        id: ActId::Review(5),
        kind: ActKind::ApproveByReview { commit: Some(sha(1)) },
        by,
        at: Timestamp(9_000),
        place: Place::PlanPull,
        via_app: false,
        voided: None,
    };
    let subject = Subject {
        version: 1,
        digest: digest(1),
        commit: sha(1),
        published_at: Timestamp(2_000),
        earlier: vec![],
        requesters: vec![],
    };
    let shown = Shown {
        subject,
        base: sha(77),
        rules: Setting::plain().rules,
        edited: None,
        retry: None,
        pull: PullNumber(9),
        around: Default::default(),
        requesters: vec![],
        rounds: 0,
        raised: 0,
        guidance: vec![],
    };
    let waiting = Waiting { shown, acts: vec![act.clone()], notes: vec![], missing: vec![], hold: None };
    (Run { id: RunId(1), origin: origin(), state: State::AwaitingApproval(waiting) }, act)
}

#[test]
fn q3_an_act_that_is_told_again_changes_nothing() {
    let (run, act) = reviewed();
    assert_eq!(step(&run, &Event::Acted { act }), Step::Ignore);
}

#[test]
fn q14_a_review_that_is_told_again_with_another_commit_stays_what_it_was() {
    let (run, act) = reviewed();
    for commit in [None, Some(sha(2))] {
        let kind = ActKind::ApproveByReview { commit };
        assert_eq!(step(&run, &Event::Acted { act: Act { kind, ..act.clone() } }), Step::Ignore);
    }
}
