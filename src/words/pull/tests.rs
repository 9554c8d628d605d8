#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use super::*;
use crate::ids::AccountKind;
use crate::workflow::command::Prefix;
use crate::workflow::conformance::{Built, BuiltCheck, BuiltStep, conformance};
use crate::workflow::deviation::{Deviation, DeviationKind};
use crate::workflow::plan::{Check, Estimate, FileChange, PlanStep, PlannedFile, Scope};

fn path(text: &str) -> RepoPath {
    text.parse().unwrap()
}

fn plan() -> Plan {
    let step = PlanStep {
        id: "s1".to_owned(),
        title: "Count with str::lines".to_owned(),
        files: vec![
            PlannedFile { path: path("src/count.rs"), change: FileChange::Change },
            PlannedFile { path: path("tests/count.rs"), change: FileChange::Create },
        ],
        what: String::new(),
        verify: String::new(),
    };
    Plan {
        title: "Count the last line, fixes #9".to_owned(),
        goal: "The last line counts.".to_owned(),
        findings: vec![],
        approach: String::new(),
        alternatives: vec![],
        steps: vec![step],
        checks: vec![Check { command: "cargo test".to_owned() }],
        scope: Scope {
            paths: vec!["src/**".to_owned()],
            max_files: 1,
            max_bytes: 1,
            dependencies: false,
            protected: false,
        },
        out_of_scope: vec![],
        risks: vec![],
        questions: vec![],
        estimate: Estimate { tokens: 1, minutes: 1 },
    }
}

fn check(output: &str) -> CheckResult {
    CheckResult { command: "cargo test".to_owned(), before: Some(101), after: Some(0), output: output.to_owned() }
}

fn opened(checks: &[CheckResult], why: &str) -> PullText {
    let person = |id, login: &str| Person { id: UserId(id), login: login.parse().unwrap(), kind: AccountKind::User };
    let files = [(path("src/count.rs"), FileChange::Change), (path("src/lib.rs"), FileChange::Change)];
    let (step, what) = ("s1".to_owned(), "`lib.rs` had to export it".to_owned());
    let mut built = Built {
        steps: vec![BuiltStep { id: "s1".to_owned(), ticked: true, own: files.clone().into() }],
        files: files.into(),
        checks: vec![BuiltCheck { command: "cargo test".to_owned(), before: Some(101), after: Some(0) }],
        deviations: vec![Deviation { step, kind: DeviationKind::ExtraFile, what, why: why.to_owned() }],
        ..Built::default()
    };
    built.refusals.add("edit", "CODEOWNERS", "CODEOWNERS is outside the plan's scope");
    let cost = PhaseCost {
        phase: "execute".to_owned(),
        model: "a/b".to_owned(),
        input_tokens: 41_200,
        cached_tokens: 30_000,
        output_tokens: 2_100,
        micro_dollars: 50_000,
        unpriced: 0,
    };
    work_pull(&PullFacts {
        run: RunId(7),
        issue: IssueNumber(42),
        plan: &plan(),
        version: 2,
        digest: &Digest::from_bytes([0x3f; 32]),
        plan_pull: PullNumber(43),
        approvers: &[person(7, "bob"), person(8, "ann")],
        requesters: &[UserId(8)],
        conformance: &conformance(&plan(), &[], &built),
        checks,
        costs: &[cost],
        sub_issues: &[],
        follow_ups: &[],
        trial: None,
        record: (57, &"7e".repeat(32)),
        prefix: &Prefix::default(),
    })
}

#[test]
fn the_work_is_told_against_the_plan() {
    let PullText { title, body } = opened(&[check("ok\n```\n<b>")], "Replaced the loop; closes #8, thanks @ann.");
    insta::assert_snapshot!(format!("{title}\n\n{body}"), @r"
    Count the last line, fixes # 9

    Closes #42, as planned in #43: `v2 · 3f3f3f3f3f3f`, approved by `bob` and `ann` (self-approved), carried out by run 7.

    The last line counts.

    ### Conformance

    **Differs from the plan.** Every check passed, and all that was planned is there or a reason is given for what is not. What is different is for a person to judge.

    | Step | Verdict | Different from the plan |
    | --- | --- | --- |
    | `s1` · Count with str::lines | 🔶 done differently | unchanged: `tests/count.rs`; not planned here: `src/lib.rs`; with a reason |

    ### Files

    | File | Planned | Actual |
    | --- | --- | --- |
    | `src/count.rs` | change | change |
    | `src/lib.rs` | – | change (unplanned) |
    | `tests/count.rs` | create | – (untouched) |

    ### Deviations

    - In `s1`, by another file:

      `lib.rs` had to export it: Replaced the loop; closes `#8`, thanks `@ann`.

    ### Refused

    The agent tried this and was not allowed to; nothing of it is in here.

    - `edit` `CODEOWNERS`: CODEOWNERS is outside the plan's scope

    ### Checks

    `cargo test` ✅ passed, failed before

    <details><summary>Output</summary>

    ````text
    ok
    ```
    <b>
    ````

    </details>

    ### Cost

    Tokens: execute (`a/b`) 41,200 in (30,000 cached), 2,100 out, $0.05.

    ### What now

    To have something mended, request changes in a review, comment on a line, or write `/fix` and what; each note is answered. Other comments change nothing. `/update` merges the base branch in. Merging or closing this ends the run.

    ### Record

    On the server, `assentry audit verify --at 57:7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e` proves that nobody rewrote what led here.
    ");
}

#[test]
fn t62_the_only_issue_the_work_closes_is_its_own() {
    let PullText { title, body } = opened(&[], "Fixes #1 and resolves acme/other#2.");
    assert_eq!(title, "Count the last line, fixes # 9");
    assert!(body.starts_with("Closes #42,") && body.contains("Fixes `#1` and resolves `acme/other#2`"), "{body}");
}

#[test]
fn f43_a_work_pull_request_fits_and_says_what_it_leaves_out() {
    let flood = [check(&"𝄞".repeat(100_000))];
    let one = opened(&flood, "x");
    assert!(one.body.contains("without its first 96,000 characters"), "{}", one.body);
    let more = vec![check(&"𝄞".repeat(5_000)); 50];
    let most = vec![check(&"𝄞".repeat(300)); 500];
    for text in [opened(&more, "x"), opened(&more, &"x".repeat(80_000)), opened(&most, "x")] {
        assert!(text.body.chars().count() <= 60_000 && text.body.starts_with("Closes #42,"), "{}", text.body.len());
    }
}

#[test]
fn a_plan_pull_request_holds_for_all_versions_and_closes_nothing() {
    let PullText { title, body } =
        plan_pull(IssueNumber(42), "Fixes #1\n@ann", &path(".assentry/plans/42.md"), &Prefix::default());
    insta::assert_snapshot!(format!("{title}\n\n{body}"), @r"
    Plan for #42: Fixes # 1 @ ann

    This is the plan for #42, as one file: `.assentry/plans/42.md`. Nothing is built before a person approves it.

    - **Read** it under *Files changed*, or in the comment on #42.
    - **Change** it: comment on a line, request changes in a review, or write `/revise` and what you want. Each note is answered. Other comments change nothing.
    - **Approve** it with an approving review here, or with `/approve` and the digest that stands above the plan. That approves exactly the version shown; any later change needs a new approval.

    This pull request is never merged. When the work is done it is closed with a link to it. Where the run stands is told by the status comment on #42.
    ");
}

#[test]
fn a_closed_plan_pull_request_says_why() {
    insta::assert_snapshot!(plan_pull_closed(Some(PullNumber(44))), @"The plan was carried out in #44, so this is closed. The plan stays readable here.");
    insta::assert_snapshot!(plan_pull_closed(None), @"The run has ended without a pull request, so this is closed. The plan stays readable here.");
}

#[test]
fn t16_no_text_of_a_pull_request_is_a_command() {
    let plan = plan_pull(IssueNumber(42), "/approve", &path("a.md"), &Prefix::default());
    let work = opened(&[], "/approve");
    for text in
        [plan.title, plan.body, work.title, work.body, plan_pull_closed(None), plan_pull_closed(Some(PullNumber(1)))]
    {
        assert_eq!(crate::workflow::command::parse(&text), None, "{text}");
    }
}

#[test]
fn f35_what_conflicts_with_the_base_is_named() {
    let conflicts = (0..12).map(|n| path(&format!("src/{n}.rs"))).collect();
    let found = Trial { base: "main".parse().unwrap(), at: "4".repeat(40).parse().unwrap(), conflicts };
    let text = trial(&found, &Prefix::default());
    let named: Vec<String> = (0..10).map(|n| format!("`src/{n}.rs`")).collect();
    let expected = format!(
        "On trial it merged with conflicts in {} and 2 more, at `4444444444`. `/update` merges it into this branch and \
         settles what conflicts inside the scope.",
        named.join(", ")
    );
    assert!(text.ends_with(&expected), "{text}");
}
