//! Random histories of a run: nothing is executed or pushed but an approved version, and the end is the end.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it breaks")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a history is made of what it names; the rest is noise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Step, begin, step};
use crate::ids::*;
use crate::workflow::act::{Act, ActId, ActKind, Place, Voided};
use crate::workflow::approval::*;
use crate::workflow::change::{Change, Input, InputEdit, Notice};
use crate::workflow::deviation::{Deviation, DeviationKind, Response};
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::event::Event;
use crate::workflow::run::*;
use crate::workflow::spending::{Full, Limit};

fn person(id: i64) -> Person {
    Person { id: UserId(id), login: format!("p{id}").parse().unwrap(), kind: AccountKind::User }
}

fn sha(n: u32) -> CommitSha {
    format!("{n:040x}").parse().unwrap()
}

fn digest(version: u32) -> Digest {
    format!("{version:x}{:063x}", 7).parse().unwrap()
}

fn run() -> Run {
    let (state, _) = begin(&person(1), None, false, ReactTo::Issue);
    let origin = Origin {
        installation: InstallationId(1),
        repo: RepoId(2),
        repo_name: "acme/tool".parse().unwrap(),
        issue: IssueId(3),
        number: IssueNumber(42),
        title: "t".into(),
        body: "b".into(),
        author: None,
        comments: 0,
        requester: person(1),
        label: Some("assentry".into()),
        asked_at: Timestamp(0),
        base_branch: "main".parse().unwrap(),
        plan_branch: "assentry/42-plan-t-abcdef".parse().unwrap(),
        work_branch: "assentry/42-t-abcdef".parse().unwrap(),
        private: false,
        retry_of: None,
        retry_from: None,
        rounds: 2,
        review: ReviewBounds { rounds: 2, ci_fixes: 1 },
    };
    Run { id: RunId(1), origin, state }
}

fn rules() -> Rules {
    Rules {
        required: 1,
        separation: Separation::TwoPerson,
        require_digest: true,
        approvers: None,
        denied: vec![],
        expires: EXPIRES,
    }
}

/// What the world may throw at a run: numbers that [`event`] turns into an event that fits, or just misses, the state.
#[derive(Debug, Clone)]
struct Throw {
    what: u8,
    who: i64,
    version: u32,
    level: u8,
    branch: u8,
    at: i64,
}

fn throws() -> impl Strategy<Value = Vec<Throw>> {
    let one = (0..42_u8, 1..4_i64, 1..4_u32, 0..4_u8, 0..8_u8, 0..12_i64)
        .prop_map(|(what, who, version, level, branch, at)| Throw { what, who, version, level, branch, at: at * 1000 });
    proptest::collection::vec(one, 1..60)
}

fn facts(throw: &Throw, shown: Option<&Shown>) -> Facts {
    let level = |n: u8| match n {
        0 => Standing::Unknown,
        1 => Standing::Known { kind: AccountKind::User, level: Level::Read },
        _ => Standing::Known { kind: AccountKind::User, level: Level::Write },
    };
    let people = (1..4).map(|id| (UserId(id), level((throw.level + u8::try_from(id).unwrap_or(0)) % 4))).collect();
    let head = shown.map_or_else(|| sha(0), |shown| shown.subject.commit.clone());
    let branch = match throw.branch {
        0 => BranchFact::Unknown,
        1 => BranchFact::At(sha(999)),
        _ => BranchFact::At(head),
    };
    Facts {
        now: Some(Timestamp(20_000)),
        people,
        teams: BTreeMap::new(),
        branch,
        base: BaseFact::Contains { overlap: vec![] },
        several_writers: Some(true),
        around: AroundFact::Fine,
        policy: PolicyFact::Same,
        owners: vec![],
    }
}

fn act(throw: &Throw, serial: i64) -> Act {
    let kind = match throw.what % 4 {
        0 => ActKind::ApproveByReview { commit: Some(sha(throw.version)) },
        1 => ActKind::ApproveByDigest { prefix: digest(throw.version).short().to_owned() },
        2 => ActKind::Veto { why: "no".into() },
        _ => ActKind::Withdraw,
    };
    let at = Timestamp(throw.at);
    Act {
        id: ActId::Comment(serial),
        kind,
        by: person(throw.who),
        at,
        place: Place::Issue,
        via_app: false,
        voided: None,
    }
}

fn event(throw: &Throw, state: &State, serial: i64) -> Event {
    let version = match state {
        State::Planning(planning) => planning.version,
        State::Publishing(publishing) => publishing.version,
        _ => throw.version,
    };
    match throw.what {
        0..=3 => Event::Acted { act: act(throw, serial) },
        4 => Event::ActVoided { id: ActId::Comment(serial - 1), how: Voided::Edited },
        5..=8 => {
            let gate = [Gate::Act, Gate::Start, Gate::Push][usize::from(throw.what % 3)];
            Event::Judged { gate, facts: facts(throw, state.shown()), because: None }
        }
        9 | 10 => Event::PlanWritten { version, digest: digest(version), base: sha(77), rules: rules() },
        11 | 12 => Event::PlanCommitted { version, commit: sha(version) },
        13 => Event::PlanPullOpened { pull: PullNumber(9), at: Timestamp(0) },
        14 | 15 => Event::PlanPosted { version, at: Timestamp(throw.at / 4) },
        16 => Event::BurstEnded { notes: usize::from(throw.level) },
        17 => Event::PlanBranchMoved { head: Some(sha(999)) },
        18 => Event::Executed,
        19 => Event::StepTicked { step: format!("s{}", throw.version) },
        20 => Event::Pushed { head: sha(5), commits: vec![sha(5)] },
        21 => Event::PullOpened { pull: PullNumber(10) },
        22 => Event::PlanPullClosed,
        28 => {
            let stop = Stop {
                by: person(throw.who),
                place: Place::Issue,
                comment: CommentId(serial),
                after: (throw.level == 0).then_some(0),
            };
            Event::StopAsked { stop: Box::new(stop) }
        }
        29 => Event::Rested,
        30 => {
            let guidance = (throw.level > 1).then(|| "mind this".to_owned());
            Event::ResumeAsked { by: person(throw.who), guidance }
        }
        31 => Event::OutOfBudget { full: Full::Budget { limit: Limit::Money }, raised: u64::from(throw.version) },
        32 => {
            let (by, at) = (person(throw.who), Timestamp(throw.at));
            let raise = Raise { by, micro_dollars: 1, place: Place::Issue, comment: CommentId(serial), at };
            Event::BudgetRaised { raise: Box::new(raise) }
        }
        33 if throw.level == 3 => Event::WorkEnded { fate: fate(throw) },
        34 => Event::WorkNoted { note: note(throw, serial) },
        35 => Event::FixAsked { by: person(throw.who), note: (throw.level > 0).then(|| note(throw, serial)) },
        36 if throw.branch == 0 => Event::ChecksRed { head: sha(5), notes: vec![note(throw, serial)] },
        36 | 37 => Event::FollowedUp { replies: vec![], changed: throw.level > 0 },
        38 => Event::Judged { gate: Gate::Push, facts: facts(throw, state.shown()), because: None },
        39 if throw.level > 1 => Event::JudgementAged,
        39 => Event::Stopped { outcome: Outcome::Failed { why: Trouble::EmptyIssue } },
        40 | 41 => {
            let response = if throw.level > 1 { Response::Stop } else { Response::Ask };
            let (what, why) = ("w".to_owned(), "y".to_owned());
            let deviation = Deviation { step: "s1".into(), kind: DeviationKind::NotPossible, what, why };
            let note = Note { id: super::deviated::note_id(version), ..note(throw, serial) };
            Event::Deviated { deviation: Box::new(deviation), response, note: Box::new(note) }
        }
        24..=27 => Event::Changed { change: change(throw, version) },
        _ if throw.level == 0 => Event::Cancelled { by: None, why: CancelledBy::Command },
        _ => Event::PlanAsked { by: person(throw.who), guidance: None, unasked: false, place: Place::Issue },
    }
}

fn note(throw: &Throw, serial: i64) -> Note {
    Note {
        id: format!("comment-{serial}"),
        by: person(throw.who),
        at: Timestamp(throw.at),
        text: "mend it".into(),
        on: None,
        review: None,
        thread: Thread::Summary(Place::WorkPull),
    }
}

fn fate(throw: &Throw) -> Fate {
    match throw.branch {
        0 => Fate::Unknown,
        1 => Fate::Closed { by: None },
        2 | 3 => Fate::Reverted { by: Revert::Commit(sha(6)) },
        _ => Fate::Merged { by: None, commit: None },
    }
}

fn change(throw: &Throw, version: u32) -> Change {
    let (by, at) = (Some(person(throw.who)), Timestamp(throw.at));
    let text = (throw.level > 0).then(|| throw.at.to_string());
    match throw.branch {
        0 | 1 => Change::Input { edits: vec![InputEdit { what: Input::Body, by, at, text }] },
        2 => Change::InputByOutsider { notices: vec![Notice { what: Input::Body, by, at }] },
        3 => Change::PlanPullMerged { by },
        4 if throw.what == 24 => Change::PlanPullRetargeted,
        4 => Change::BaseSeen { base: BaseFact::Contains { overlap: vec!["a".into()] } },
        5 if throw.what == 24 => Change::MadePublic,
        5 => Change::Outdated,
        6 if throw.what == 24 => Change::TimeUp { version },
        6 => Change::BaseRenamed { to: "trunk".parse().unwrap() },
        _ if throw.what == 24 => Change::IssueGone,
        _ if throw.what == 25 => Change::Unparked,
        _ if throw.what == 26 => Change::Restored { at: Timestamp(throw.at / 4), intact: throw.level > 0 },
        _ => Change::Parked,
    }
}

/// The rule in its plainest words, for the acts and facts of one moment: someone who may, and who did not ask for it,
/// approved this version after it was public, took nothing back since, and nobody who may objects.
fn plainly_approved(subject: &Subject, edited: Option<&Edit>, acts: &[Act], facts: &Facts) -> bool {
    let may =
        |id: UserId| matches!(facts.people.get(&id), Some(Standing::Known { level: Level::Write | Level::Admin, .. }));
    let perhaps = |id: UserId| may(id) || matches!(facts.people.get(&id), None | Some(Standing::Unknown));
    let binds = |act: &Act| match &act.kind {
        ActKind::ApproveByReview { commit } => {
            commit.as_ref() == Some(&subject.commit) && act.at > subject.published_at
        }
        ActKind::ApproveByDigest { prefix } => {
            subject.digest.as_str().starts_with(prefix) && act.at > subject.published_at
        }
        ActKind::ApproveBare => false,
        ActKind::Veto { .. } | ActKind::Withdraw => true,
        ActKind::Lift { .. } | ActKind::Overtaken { .. } => false,
    };
    let mut last: BTreeMap<UserId, &Act> = BTreeMap::new();
    for act in acts.iter().filter(|act| binds(act)) {
        let slot = last.entry(act.by.id).or_insert(act);
        if slot.order() < act.order() {
            *slot = act;
        }
    }
    let alive = |act: &&&Act| act.voided.is_none();
    let vetoed = last.values().filter(alive).any(|act| matches!(act.kind, ActKind::Veto { .. }) && perhaps(act.by.id));
    let approved = last
        .values()
        .filter(alive)
        .filter(|act| edited.is_none_or(|edit| act.at > edit.at))
        .any(|act| act.kind.approves() && may(act.by.id) && !subject.requesters.contains(&act.by.id));
    approved && !vetoed && facts.branch == BranchFact::At(subject.commit.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_executed_or_pushed_but_an_approved_version_and_the_end_is_the_end(throws in throws()) {
        let mut run = run();
        for (serial, throw) in throws.iter().enumerate() {
            let event = event(throw, &run.state, i64::try_from(serial).expect("few"));
            let before = run.state.clone();
            let (after, then) = match step(&run, &event) {
                Step::Move { to, then } => (to, then),
                Step::Stay { then } => (before.clone(), then),
                Step::Ignore => (before.clone(), vec![]),
            };
            for effect in &then {
                let gate = match effect {
                    Effect::Execute { version } => Some((Gate::Start, *version)),
                    Effect::Push { version } => Some((Gate::Push, *version)),
                    // Once the version that its review asked for is approved, the follow-up goes on behind the second gate.
                    Effect::FollowUp { .. } if !matches!(before, State::InReview(_)) => {
                        Some((Gate::Start, before.shown().expect("a version").subject.version))
                    }
                    Effect::FollowUp { .. } | Effect::PushMore { .. } => {
                        Some((Gate::Push, before.shown().expect("a version").subject.version))
                    }
                    _ => None,
                };
                let Some((gate, version)) = gate else { continue };
                // Work that rests is taken up again where it was judged before.
                if matches!((&before, &event), (State::Executing(_), Event::Changed { change: Change::Parked })) {
                    continue;
                }
                let Event::Judged { gate: judged, facts, .. } = &event else {
                    return Err(TestCaseError::fail(format!("{effect:?} without a judgement, by {event:?}")));
                };
                let Shown { subject, edited, .. } = before.shown().expect("a version");
                prop_assert_eq!((*judged, version), (gate, subject.version));
                prop_assert!(plainly_approved(subject, edited.as_ref(), before.acts(), facts), "{effect:?} by {event:?} in {before:?}");
            }
            if !before.is_open() {
                let (State::Ended(was), State::Ended(is)) = (&before, &after) else {
                    return Err(TestCaseError::fail(format!("{before:?} came to life by {event:?}")));
                };
                prop_assert_eq!(&was.shown, &is.shown);
                match (&was.outcome, &is.outcome) {
                    // What becomes of the work later is part of how the run ended.
                    (Outcome::Done { pull, fate, .. }, Outcome::Done { pull: same, fate: next, .. }) if fate != next => {
                        prop_assert!(pull == same && fate.leads_to(next), "{fate:?} {next:?}");
                        let told = matches!(event, Event::WorkEnded { .. });
                        prop_assert!(told);
                    }
                    (was, is) => prop_assert_eq!(was, is),
                }
                let harmless =
                    |effect: &Effect| matches!(effect, Effect::Say { .. } | Effect::ShowStatus | Effect::CleanUp { .. });
                prop_assert!(then.iter().all(harmless));
            }
            run.state = after;
        }
    }
}

#[test]
fn the_happy_path_reaches_execution() {
    let mut run = run();
    let subject_facts = |state: &State| {
        let throw = Throw { what: 0, who: 1, version: 1, level: 2, branch: 7, at: 0 };
        let mut facts = facts(&throw, state.shown());
        for id in 1..4 {
            facts.people.insert(UserId(id), Standing::Known { kind: AccountKind::User, level: Level::Write });
        }
        facts
    };
    let approval = Act {
        id: ActId::Review(5),
        kind: ActKind::ApproveByReview { commit: Some(sha(1)) },
        by: person(2),
        at: Timestamp(9_000),
        place: Place::PlanPull,
        via_app: false,
        voided: None,
    };
    let mut phases = vec![];
    for n in 0..13 {
        let facts = subject_facts(&run.state);
        let event = match n {
            0 => Event::PlanWritten { version: 1, digest: digest(1), base: sha(77), rules: rules() },
            1 => Event::PlanCommitted { version: 1, commit: sha(1) },
            2 => Event::PlanPullOpened { pull: PullNumber(9), at: Timestamp(1_000) },
            3 => Event::PlanPosted { version: 1, at: Timestamp(2_000) },
            4 => Event::Acted { act: approval.clone() },
            5 => Event::Judged { gate: Gate::Act, facts, because: None },
            6 => Event::Judged { gate: Gate::Start, facts, because: None },
            7 => Event::Executed,
            8 => Event::Judged { gate: Gate::Push, facts, because: None },
            9 => Event::Pushed { head: sha(5), commits: vec![sha(5)] },
            10 => Event::PullOpened { pull: PullNumber(10) },
            11 => Event::PlanPullClosed,
            _ => Event::WorkEnded { fate: Fate::Closed { by: None } },
        };
        if let Step::Move { to, .. } = step(&run, &event) {
            run.state = to;
        }
        phases.push(run.state.phase());
    }
    let expected = [
        "publishing",
        "publishing",
        "publishing",
        "awaiting_approval",
        "awaiting_approval",
        "starting",
        "executing",
        "delivering",
        "delivering",
        "delivering",
        "delivering",
        "in_review",
        "ended",
    ];
    assert_eq!(phases, expected);
}
