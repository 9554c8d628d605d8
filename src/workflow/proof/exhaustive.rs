//! All histories of up to three deeds by three people, with everything that may come between them.

use super::history::{Answer, Deed, Does, Head, Next};
use super::setting::Setting;
use super::{agree, rank};
use crate::workflow::act::Voided;
use crate::workflow::approval::{Level, Separation};

/// What 1, who asked, and 2 and 3 may do, and what may happen to them.
fn alphabet() -> Vec<Deed> {
    let mut all = vec![
        Deed::Act { who: 2, does: Does::Review(0), app: false },
        Deed::Act { who: 2, does: Does::Bare, app: false },
        Deed::Act { who: 2, does: Does::Digest(0), app: true },
        Deed::Act { who: 2, does: Does::Digest(1), app: false },
        Deed::Act { who: 3, does: Does::Lift(2), app: false },
        Deed::Take { ago: 0, how: Voided::Edited },
        Deed::Take { ago: 1, how: Voided::Dismissed },
        Deed::Push(Head::Elsewhere),
        Deed::Push(Head::Back),
        Deed::Plan { who: 3, guidance: true },
        Deed::Edit { by: None },
        Deed::Stand { who: 2, level: Some(Level::Read) },
        Deed::Stand { who: 2, level: None },
        Deed::Stand { who: 3, level: Some(Level::Admin) },
        Deed::Answer(Answer::BaseTouched),
        Deed::Answer(Answer::PolicyOther(1)),
        Deed::Start,
        Deed::Fail,
        Deed::Retry { who: 2 },
    ];
    for who in [1, 2, 3] {
        for does in [Does::Digest(0), Does::Veto, Does::Withdraw] {
            all.push(Deed::Act { who, does, app: false });
        }
    }
    all
}

#[test]
fn two_evaluators_agree_on_all_histories_of_up_to_three_deeds_of_three_people() {
    let deeds = alphabet();
    let each = deeds.iter().copied().map(Some).chain([None]);
    let triples: Vec<[Option<Deed>; 3]> = each
        .flat_map(|one| deeds.iter().map(move |two| (one, *two)))
        .flat_map(|(one, two)| deeds.iter().map(move |three| [one, Some(two), Some(*three)]))
        .collect();
    rank::all(u64::try_from(triples.len()).unwrap(), |n| {
        let triple = &triples[usize::try_from(n).unwrap()];
        let setting = |separation| {
            let mut setting = Setting::plain();
            setting.rules.separation = separation;
            setting
        };
        let next = |after| move |deed| Next { after, late: false, deed };
        let history = || format!("history {n}");
        // All within a second and judged at the end, or a second apart and judged each time.
        let at_once: Vec<Next> = triple.iter().flatten().copied().map(next(0)).collect();
        let at_once = [&[Next { after: 1, late: false, deed: Deed::Work }], &at_once[..]].concat();
        let tally = agree(&setting(Separation::TwoPerson), &at_once, &history);
        let settled = |deed: Deed| [next(1)(deed), next(0)(Deed::Settle)];
        let one_by_one: Vec<Next> = triple.iter().flatten().copied().flat_map(settled).collect();
        tally.plus(agree(&setting(Separation::Open), &one_by_one, &history))
    });
}
