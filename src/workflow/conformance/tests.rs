#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::workflow::deviation::DeviationKind;
use crate::workflow::plan::PlanStep;

const CHECK: &str = "make test";

fn path(name: &str) -> RepoPath {
    name.parse().unwrap()
}

/// A plan whose steps change these files, in a scope that covers `src` and `README.md`.
fn plan(steps: &[&[(&str, FileChange)]]) -> Plan {
    let steps: Vec<_> = (1..)
        .zip(steps)
        .map(|(n, files)| {
            let files: Vec<_> = files.iter().map(|(path, change)| json!({"path": path, "change": change})).collect();
            json!({"id": format!("s{n}"), "title": format!("Step {n}"), "files": files, "what": "Do.", "verify": "Look."})
        })
        .collect();
    serde_json::from_value(json!({
        "title": "T", "goal": "G", "approach": "A", "findings": [], "alternatives": [], "steps": steps,
        "checks": [{"command": CHECK}],
        "scope": {"paths": ["src/**", "README.md"], "max_files": 9, "max_bytes": 9000},
        "out_of_scope": [], "risks": [], "questions": [], "estimate": {"tokens": 1, "minutes": 1},
    }))
    .unwrap()
}

fn changes(files: &[(&str, FileChange)]) -> BTreeMap<RepoPath, FileChange> {
    files.iter().map(|(name, change)| (path(name), *change)).collect()
}

fn ticked(id: &str, own: &[(&str, FileChange)]) -> BuiltStep {
    BuiltStep { id: id.to_owned(), ticked: true, own: changes(own) }
}

/// What was built by these steps, all checks green.
fn built(steps: Vec<BuiltStep>, files: &[(&str, FileChange)]) -> Built {
    let checks = vec![BuiltCheck { command: CHECK.to_owned(), before: Some(1), after: Some(0) }];
    Built { steps, files: changes(files), checks, ..Built::default() }
}

fn deviation(step: &str, kind: DeviationKind) -> Deviation {
    Deviation { step: step.to_owned(), kind, what: "So.".to_owned(), why: "Because.".to_owned() }
}

fn verdicts(plan: &Plan, built: &Built) -> (Verdict, Vec<StepVerdict>) {
    let found = conformance(plan, &[], built);
    (found.verdict, found.steps.iter().map(|step| step.verdict).collect())
}

use FileChange::{Change, Create, Delete};
use StepVerdict::{Claimed, Done, DoneDifferently, NotDone, NotPlanned};

const A: (&str, FileChange) = ("src/a.rs", Change);
const B: (&str, FileChange) = ("src/b.rs", Create);
const README: (&str, FileChange) = ("README.md", Change);

#[test]
fn what_is_as_planned_is_said_to_be_and_nothing_else_is() {
    let plan = plan(&[&[A], &[B]]);
    let all = built(vec![ticked("s1", &[A]), ticked("s2", &[B])], &[A, B]);
    assert_eq!(verdicts(&plan, &all), (Verdict::AsPlanned, vec![Done, Done]));

    let red = |after| {
        let checks = vec![BuiltCheck { command: CHECK.to_owned(), before: None, after }];
        conformance(&plan, &[], &Built { checks, ..all.clone() })
    };
    assert_eq!((red(Some(1)).verdict, red(Some(1)).checks[0].verdict), (Verdict::FallsShort, CheckVerdict::Failed));
    assert_eq!(red(None).checks[0].verdict, CheckVerdict::Failed, "a limit ended it");
    let unrun = conformance(&plan, &[], &Built { checks: vec![], ..all.clone() });
    assert_eq!((unrun.verdict, unrun.checks[0].verdict), (Verdict::FallsShort, CheckVerdict::NotRun));

    let half = built(vec![ticked("s1", &[A])], &[A]);
    assert_eq!(verdicts(&plan, &half), (Verdict::FallsShort, vec![Done, NotDone]));
}

#[test]
fn a_tick_without_a_change_is_a_claim_unless_something_proves_it() {
    let mut plan = plan(&[&[A], &[README]]);
    let claimed = built(vec![ticked("s1", &[A]), ticked("s2", &[])], &[A]);
    assert_eq!(verdicts(&plan, &claimed), (Verdict::FallsShort, vec![Done, Claimed]));

    // A reason excuses it, and does not make it done.
    let excused = Built { deviations: vec![deviation("s2", DeviationKind::Minor)], ..claimed.clone() };
    assert_eq!(verdicts(&plan, &excused), (Verdict::Differs, vec![Done, Claimed]));

    // Its file changed in the course of a step that does not list it.
    let early = built(vec![ticked("s1", &[A, README]), ticked("s2", &[])], &[A, README]);
    assert_eq!(verdicts(&plan, &early), (Verdict::Differs, vec![DoneDifferently, DoneDifferently]));

    // A check that it names turned green; one that was green before proves nothing.
    plan.steps[1].verify = format!("`{CHECK}` passes.");
    assert_eq!(verdicts(&plan, &claimed).1, vec![Done, DoneDifferently]);
    let mut green = claimed;
    green.checks[0].before = Some(0);
    assert_eq!(verdicts(&plan, &green).1, vec![Done, Claimed]);
}

#[test]
fn the_change_of_one_step_proves_no_other_that_lists_the_same_file() {
    let plan = plan(&[&[A], &[A]]);
    let built = built(vec![ticked("s1", &[A]), ticked("s2", &[])], &[A]);
    assert_eq!(verdicts(&plan, &built), (Verdict::FallsShort, vec![Done, Claimed]));
}

#[test]
fn other_files_and_other_changes_are_differences() {
    let plan = plan(&[&[A, B]]);
    let extra = built(vec![ticked("s1", &[A, B, README])], &[A, B, README]);
    assert_eq!(verdicts(&plan, &extra), (Verdict::Differs, vec![DoneDifferently]));
    let found = conformance(&plan, &[], &extra);
    assert_eq!((found.files[0].verdict, found.files[0].in_scope), (FileVerdict::Unplanned, true));
    assert_eq!(found.steps[0].extra, [path("README.md")]);

    let changed = [A, ("src/b.rs", Change)];
    let found = conformance(&plan, &[], &built(vec![ticked("s1", &changed)], &changed));
    assert_eq!((found.verdict, &found.steps[0].otherwise), (Verdict::Differs, &vec![path("src/b.rs")]));

    // A planned file that nobody gives a reason for.
    let found = conformance(&plan, &[], &built(vec![ticked("s1", &[A])], &[A]));
    assert_eq!((found.verdict, found.steps[0].verdict), (Verdict::FallsShort, DoneDifferently));
    assert_eq!(found.files[1].verdict, FileVerdict::PlannedAndUntouched);

    let outside = built(vec![ticked("s1", &[A, B, ("tests/x", Change)])], &[A, B, ("tests/x", Change)]);
    assert_eq!(verdicts(&plan, &outside).0, Verdict::FallsShort);
}

#[test]
fn repairs_belong_to_the_steps_whose_files_they_touch_and_else_to_none() {
    let plan = plan(&[&[A], &[README]]);
    let steps = vec![ticked("s1", &[A]), ticked("s2", &[README])];
    let mended = Built { repairs: changes(&[A]), ..built(steps.clone(), &[A, README]) };
    assert_eq!(verdicts(&plan, &mended), (Verdict::AsPlanned, vec![Done, Done]));

    let more = Built { repairs: changes(&[B]), ..built(steps, &[A, README, B]) };
    assert_eq!(verdicts(&plan, &more), (Verdict::Differs, vec![Done, Done, NotPlanned]));
    assert_eq!(conformance(&plan, &[], &more).steps[2].extra, [path("src/b.rs")]);
}

#[test]
fn a_file_that_one_step_makes_and_the_next_removes_is_as_planned() {
    let plan = plan(&[&[A, B], &[("src/b.rs", Delete)]]);
    let all = built(vec![ticked("s1", &[A, B]), ticked("s2", &[("src/b.rs", Delete)])], &[A]);
    assert_eq!(verdicts(&plan, &all), (Verdict::AsPlanned, vec![Done, Done]));

    // Removed without a plan for that, it is missing.
    let plan = self::plan(&[&[A, B], &[README]]);
    let undone = [README, ("src/b.rs", Delete)];
    let all = built(vec![ticked("s1", &[A, B]), ticked("s2", &undone)], &[A, README]);
    assert_eq!(verdicts(&plan, &all), (Verdict::FallsShort, vec![DoneDifferently, DoneDifferently]));
}

#[test]
fn a_step_that_was_declared_needless_is_not_done_and_explained() {
    let plan = plan(&[&[A], &[README]]);
    let needless = BuiltStep { id: "s2".to_owned(), ticked: false, own: BTreeMap::new() };
    let deviations = vec![deviation("s2", DeviationKind::NotNeeded)];
    let all = Built { deviations, ..built(vec![ticked("s1", &[A]), needless], &[A]) };
    assert_eq!(verdicts(&plan, &all), (Verdict::Differs, vec![Done, NotDone]));
}

#[test]
fn a_path_that_the_policy_guards_is_outside() {
    let plan = plan(&[&[A]]);
    let all = built(vec![ticked("s1", &[A])], &[A]);
    assert_eq!(conformance(&plan, &["src/*".to_owned()], &all).verdict, Verdict::FallsShort);
}

#[test]
fn a_second_reader_can_only_lower() {
    let plan = plan(&[&[A]]);
    let best = conformance(&plan, &[], &built(vec![ticked("s1", &[A])], &[A]));
    assert_eq!(best.clone().at_best(Verdict::Differs).verdict, Verdict::Differs);
    let worst = Conformance { verdict: Verdict::FallsShort, ..best };
    assert_eq!(worst.at_best(Verdict::AsPlanned).verdict, Verdict::FallsShort);
}

const PATHS: [&str; 4] = ["src/a.rs", "src/b.rs", "README.md", "tests/x"];

fn any_changes() -> impl Strategy<Value = BTreeMap<RepoPath, FileChange>> {
    let change = prop_oneof![Just(Create), Just(Change), Just(Delete)];
    proptest::collection::btree_map((0..PATHS.len()).prop_map(|n| path(PATHS[n])), change, 0..4)
}

/// A plan and something built, which may or may not fit it.
fn any_case() -> impl Strategy<Value = (Plan, Built)> {
    let plans = proptest::collection::vec(any_changes(), 1..4);
    let steps = proptest::collection::vec((1..5_u32, any::<bool>(), any_changes()), 0..4);
    let declared = proptest::collection::vec(1..5_u32, 0..3);
    let exit = prop_oneof![Just(None), Just(Some(0)), Just(Some(1))];
    let checks = proptest::collection::vec((exit.clone(), exit), 0..2);
    (plans, steps, any_changes(), any_changes(), declared, checks).prop_map(
        |(plans, steps, repairs, files, declared, checks)| {
            let mut plan = plan(&[]);
            plan.steps = (1..)
                .zip(plans)
                .map(|(n, files)| {
                    let files = files.into_iter().map(|(path, change)| json!({"path": path, "change": change}));
                    let files: Vec<_> = files.collect();
                    let verify = if n == 1 { format!("`{CHECK}`") } else { String::new() };
                    let step =
                        json!({"id": format!("s{n}"), "title": "", "files": files, "what": "", "verify": verify});
                    serde_json::from_value::<PlanStep>(step).unwrap()
                })
                .collect();
            let step = |(n, ticked, own)| BuiltStep { id: format!("s{n}"), ticked, own };
            let check = |(before, after)| BuiltCheck { command: CHECK.to_owned(), before, after };
            let built = Built {
                steps: steps.into_iter().map(step).collect(),
                repairs,
                files,
                checks: checks.into_iter().map(check).collect(),
                deviations: declared.into_iter().map(|n| deviation(&format!("s{n}"), DeviationKind::Minor)).collect(),
                refusals: Refusals::default(),
            };
            (plan, built)
        },
    )
}

proptest! {
    #[test]
    fn everything_has_one_verdict_and_the_whole_is_no_better_than_its_parts((plan, built) in any_case()) {
        let found = conformance(&plan, &[], &built);

        let ids: Vec<&str> = found.steps.iter().filter_map(|step| step.id.as_deref()).collect();
        let planned: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
        prop_assert_eq!(&ids[..planned.len()], &planned[..]);
        let paths: BTreeSet<&RepoPath> = found.files.iter().map(|file| &file.path).collect();
        prop_assert_eq!(paths.len(), found.files.len());
        prop_assert!(built.files.keys().all(|path| paths.contains(path)));
        prop_assert_eq!(found.checks.len(), plan.checks.len());

        let all_best = found.steps.iter().all(|step| step.verdict == Done)
            && found.files.iter().all(|file| file.verdict == FileVerdict::PlannedAndChanged && file.in_scope)
            && found.checks.iter().all(|check| check.verdict == CheckVerdict::Passed);
        prop_assert!(found.verdict != Verdict::AsPlanned || all_best && built.deviations.is_empty(), "{found:?}");
        let red = found.checks.iter().any(|check| check.verdict != CheckVerdict::Passed);
        prop_assert!(!red || found.verdict == Verdict::FallsShort);
        // A step is done only by a change of its own.
        for step in found.steps.iter().filter(|step| step.verdict == Done) {
            let id = step.id.as_deref().unwrap();
            let own = built.steps.iter().filter(|done| done.id == id && done.ticked).any(|done| !done.own.is_empty());
            let planned = plan.steps.iter().find(|planned| planned.id == id).unwrap();
            let mended = planned.files.iter().any(|file| built.repairs.contains_key(&file.path));
            prop_assert!(own || mended, "{step:?}");
        }
    }

    #[test]
    fn less_work_and_redder_checks_never_make_a_better_verdict((plan, built) in any_case(), at in 0..4_usize) {
        let before = conformance(&plan, &[], &built).verdict;
        let mut red = built.clone();
        red.checks.iter_mut().for_each(|check| check.after = Some(1));
        prop_assert!(conformance(&plan, &[], &red).verdict >= before);

        // Not to have ticked a step the plan has is never better than to have.
        let mut less = built.clone();
        if at < less.steps.len() && less.deviations.is_empty() {
            less.steps.remove(at);
            let unticked = plan.steps.iter().any(|step| less.steps.iter().all(|done| done.id != step.id));
            prop_assert!(!unticked || conformance(&plan, &[], &less).verdict == Verdict::FallsShort);
        }
    }

    #[test]
    fn a_reason_never_makes_anything_as_planned((plan, built) in any_case(), n in 1..4_u32) {
        let mut excused = built;
        excused.deviations.push(deviation(&format!("s{n}"), DeviationKind::Minor));
        prop_assert!(conformance(&plan, &[], &excused).verdict != Verdict::AsPlanned);
    }

    #[test]
    fn a_plan_that_was_carried_out_to_the_letter_is_as_planned(
        files in proptest::collection::btree_map("src/[a-z]{1,3}", prop_oneof![Just(Create), Just(Change), Just(Delete)], 1..6),
    ) {
        let steps: Vec<(&str, FileChange)> = files.iter().map(|(path, change)| (path.as_str(), *change)).collect();
        let one_each: Vec<&[(&str, FileChange)]> = steps.chunks(1).collect();
        let plan = plan(&one_each);
        let done = (1..).zip(&one_each).map(|(n, own)| ticked(&format!("s{n}"), own)).collect();
        prop_assert_eq!(conformance(&plan, &[], &built(done, &steps)).verdict, Verdict::AsPlanned);
    }
}
