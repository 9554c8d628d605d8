//! What holds for every plan, whatever its fields hold.

use std::collections::{BTreeMap, BTreeSet};

use comrak::nodes::NodeValue;
use proptest::prelude::*;

use crate::words::plan::{parse_plan, part_at, plan_body};
use crate::workflow::plan::revision::{Part, Patch, changed};
use crate::workflow::plan::{Alternative, Check, Estimate, FileChange, Finding, Plan, PlanStep, PlannedFile, Scope};

/// What fields hold in the worst case: Markdown of every kind, also what looks like our own sections.
fn field() -> impl Strategy<Value = String> {
    let pieces = "(### Goal\n|## T\n|> \\*\\*Done when:\\*\\* |- |  |\n|```|```rust\n|```\n|`a`|`@b`|@c|#1|[a-c1-3`>|\\\\*:<&#.]|1\\. |\\|| ){1,20}";
    pieces.prop_map(|text| text.trim().to_owned()).prop_filter("empty", |text| !text.is_empty())
}

fn line() -> impl Strategy<Value = String> {
    field().prop_map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let list = || proptest::collection::vec(field(), 0..3);
    let glob = || proptest::collection::vec("[a-z*/`|, ]{0,6}[a-z`]", 0..3);
    let texts = (line(), field(), field(), list(), list(), list());
    let scope = (glob(), 0..u32::MAX, 0..u64::MAX, proptest::bool::ANY, proptest::bool::ANY);
    let pairs = proptest::collection::vec((line(), field(), field()), 0..3);
    (texts, scope, pairs, glob(), 0..u64::MAX, 0..u32::MAX).prop_map(
        |((title, goal, approach, out_of_scope, risks, questions), scope, pairs, commands, tokens, minutes)| {
            let (paths, max_files, max_bytes, dependencies, protected) = scope;
            let path = || "a`b c/d".parse().unwrap();
            let file = |change| PlannedFile { path: path(), change };
            let finding = |(_, text, _): &(_, String, _)| Finding { text: text.clone(), path: path(), line: 1 };
            let other = |(_, option, reason): &(_, String, String)| Alternative {
                option: option.clone(),
                reason: reason.clone(),
            };
            let step = |(title, what, verify): &(String, String, String)| PlanStep {
                id: "s-1".to_owned(),
                title: title.clone(),
                files: vec![file(FileChange::Create), file(FileChange::Change), file(FileChange::Delete)],
                what: what.clone(),
                verify: verify.clone(),
            };
            Plan {
                title,
                goal,
                findings: pairs.iter().map(finding).collect(),
                approach,
                alternatives: pairs.iter().map(other).collect(),
                steps: pairs.iter().map(step).collect(),
                checks: commands.into_iter().map(|command| Check { command }).collect(),
                scope: Scope { paths, max_files, max_bytes, dependencies, protected },
                out_of_scope,
                risks,
                questions,
                estimate: Estimate { tokens, minutes },
            }
        },
    )
}

/// The plan with a name of its own for each step.
fn numbered(mut plan: Plan) -> Plan {
    for (n, step) in plan.steps.iter_mut().enumerate() {
        step.id = format!("s{}", n + 1);
    }
    plan
}

/// The lines of each part of a plan's text.
fn parts(text: &str) -> BTreeMap<Part, String> {
    let mut parts: BTreeMap<Part, String> = BTreeMap::new();
    for (line, n) in text.lines().zip(1..) {
        if let Some(part) = part_at(text, n) {
            let lines = parts.entry(part).or_default();
            lines.push_str(line);
            lines.push('\n');
        }
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(50) })]

    #[test]
    fn a_revision_leaves_what_it_does_not_name_byte_for_byte(old in any_plan(), new in any_plan(), named in 0..1_u32 << 11) {
        let (old, new) = (numbered(old), numbered(new));
        let names = |bit: u32| named & (1 << bit) != 0;
        let patch = Patch {
            title: names(0).then(|| new.title.clone()),
            goal: names(1).then(|| new.goal.clone()),
            findings: names(2).then(|| new.findings.clone()),
            approach: names(3).then(|| new.approach.clone()),
            steps: names(4).then(|| new.steps.iter().take(1).cloned().collect()),
            checks: names(5).then(|| new.checks.clone()),
            scope: names(6).then(|| new.scope.clone()),
            out_of_scope: names(7).then(|| new.out_of_scope.clone()),
            risks: names(8).then(|| new.risks.clone()),
            questions: names(9).then(|| new.questions.clone()),
            estimate: names(10).then_some(new.estimate),
            ..Patch::default()
        };
        let revised = patch.apply(&old).unwrap();
        let all = [
            Part::Title, Part::Goal, Part::Findings, Part::Approach, Part::Step("s1".to_owned()), Part::Checks,
            Part::Scope, Part::OutOfScope, Part::Risks, Part::Questions, Part::Estimate,
        ];
        let named: BTreeSet<Part> = (0..).zip(all).filter_map(|(bit, part)| names(bit).then_some(part)).collect();
        prop_assert!(changed(&old, &revised).is_subset(&named));
        let (before, after) = (parts(&plan_body(&old)), parts(&plan_body(&revised)));
        for part in before.keys().chain(after.keys()).filter(|part| !named.contains(part)) {
            prop_assert_eq!(before.get(part), after.get(part), "{}", part);
        }
        // The test sees what it is about: a part that stands in both stands there with its text.
        prop_assert!(before.contains_key(&Part::Goal) && after.contains_key(&Part::Scope));
    }

    #[test]
    fn a_plan_survives_the_way_through_its_markdown(plan in any_plan()) {
        let text = plan_body(&plan);
        prop_assert_eq!(parse_plan(&text), Ok(plan), "{}", text);
    }

    #[test]
    fn t22_no_field_of_a_plan_can_pose_as_another_part_of_it(plan in any_plan()) {
        let text = plan_body(&plan);
        let arena = comrak::Arena::new();
        let mut options = comrak::Options::default();
        options.extension.table = true;
        options.extension.autolink = true;
        let (mut headings, mut other) = (0, Vec::new());
        for node in comrak::parse_document(&arena, &text, &options).descendants() {
            match &node.data.borrow().value {
                NodeValue::Heading(_) => headings += 1,
                value @ (NodeValue::HtmlBlock(_)
                | NodeValue::HtmlInline(_)
                | NodeValue::Image(_)
                | NodeValue::Link(_)
                | NodeValue::ThematicBreak) => other.push(format!("{value:?}")),
                _ => {}
            }
        }
        let lists = [plan.out_of_scope.len(), plan.risks.len(), plan.questions.len(), plan.checks.len()];
        let pairs = [plan.findings.len(), plan.alternatives.len(), plan.steps.len()];
        let sections = lists.iter().chain(&pairs).filter(|length| **length > 0).count();
        // Title, goal, approach, scope and estimate are always there.
        let ours = 5 + sections + plan.steps.len();
        prop_assert_eq!(other, Vec::<String>::new(), "{}", &text);
        prop_assert_eq!(headings, ours, "{}", &text);
    }

    #[test]
    fn any_text_at_all_is_a_plan_or_has_faults(text in "(## |### |Goal|Scope|Steps|#### |`s1` · |Files: |> |- |\n|\\| |[a-z`: ]){0,60}") {
        let faults = parse_plan(&text).map_or_else(|faults| faults.len(), |_| 1);
        prop_assert!(faults > 0);
    }
}
