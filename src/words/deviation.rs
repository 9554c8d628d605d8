//! What is said where the work has left the plan, and what the planner and the next approvers are told of it.

use super::escape::{code, quoted};
use super::figures::{and, many};
use super::plan::Dropped;
use crate::ids::IssueNumber;
use crate::workflow::command::Prefix;
use crate::workflow::deviation::{Deviation, DeviationKind, Response, Responses};

fn kind(kind: DeviationKind) -> &'static str {
    match kind {
        DeviationKind::Minor => "a detail is otherwise than planned",
        DeviationKind::ExtraFile => "a file is needed that the step does not list",
        DeviationKind::NotNeeded => "the step is not needed",
        DeviationKind::NotPossible => "the step is not possible",
        DeviationKind::PlanIsWrong => "the plan rests on something that is not so",
    }
}

fn told(deviation: &Deviation) -> String {
    let (step, kind) = (code(&deviation.step), kind(deviation.kind));
    format!("In {step}, {kind}: {} Why: {}", quoted(&deviation.what), quoted(&deviation.why))
}

fn kept(steps: &[String]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| code(step)).collect();
    if steps.is_empty() { "What is done is kept".to_owned() } else { format!("What is done is kept ({})", and(&steps)) }
}

/// Another plan was asked for while work is kept.
pub(super) fn in_the_way(who: &str, version: u32, steps: &[String], prefix: &Prefix) -> String {
    format!(
        "{who}, the work on v{version} rests, so the plan stays as it is. {}: {} {}",
        kept(steps),
        prefix.tell("`/continue` and what you want goes on from there."),
        prefix.tell("To drop it and plan anew, write `/cancel`, then `/plan` and what you want.")
    )
}

/// Kept work that the next version does not go on from, because a person wanted another plan.
pub(super) fn dropped(Dropped { version, steps, files, bytes }: &Dropped) -> String {
    let steps: Vec<String> = steps.iter().map(|step| code(step)).collect();
    let size = (*files > 0).then(|| format!("{} with {}", many(*files, "changed file"), many(*bytes, "byte")));
    let of_it: Vec<String> = (!steps.is_empty()).then(|| and(&steps)).into_iter().chain(size).collect();
    let of_it = if of_it.is_empty() { String::new() } else { format!(" ({})", of_it.join("; ")) };
    format!("What was done for v{version}{of_it} is dropped, because another plan was asked for")
}

/// The work has stopped, and the next version is on its way.
pub(super) fn stopped(version: u32, deviation: &Deviation, steps: &[String]) -> String {
    format!(
        "The work on v{version} has stopped: the plan does not fit. {}\n\n{}. I write v{} from what was learnt; it needs an \
         approval of its own, and then the work goes on from there.",
        told(deviation),
        kept(steps),
        version + 1
    )
}

/// What was said of the work needs more than its plan allows.
pub(super) fn needs_more(version: u32, deviation: &Deviation, issue: IssueNumber) -> String {
    format!(
        "This needs more than the approved plan allows, so it is not done yet: {} Why: {}\n\nI propose v{version} of the plan \
         on #{issue}. Once it is approved, what was said here is taken up inside it; until then the work stays as it is.",
        quoted(&deviation.what),
        quoted(&deviation.why)
    )
}

/// The work rests until people say how it goes on.
pub(super) fn asks(deviation: &Deviation, prefix: &Prefix) -> String {
    format!("The work rests, because it would leave the plan. {}\n\n{}", told(deviation), ways_on(prefix))
}

/// Why the work rests, and what lets it go on.
pub(super) fn resting(deviation: &Deviation, prefix: &Prefix) -> (String, String) {
    (format!("The work would leave the plan. {}", told(deviation)), ways_on(prefix))
}

fn ways_on(prefix: &Prefix) -> String {
    prefix.tell(
        "`/continue` by someone with write access lets it, `/continue` and your words say what to do instead, inside what \
         was approved; `/cancel` ends the run.",
    )
}

/// The note that the planner is to answer with the next version.
#[must_use]
pub fn for_the_planner(version: u32, deviation: &Deviation, steps: &[String]) -> String {
    let done = if steps.is_empty() { "none".to_owned() } else { steps.join(", ") };
    format!(
        "The execution of v{version} stopped in step {}: {}. {} Why: {}\nSteps that are done and kept: {done}.",
        deviation.step,
        kind(deviation.kind),
        deviation.what,
        deviation.why
    )
}

/// The same where a review asks for more than the plan allows. `said` is who asked for what.
#[must_use]
pub fn for_a_review(version: u32, deviation: &Deviation, said: &[(&str, &str)]) -> String {
    let said: Vec<String> = said.iter().map(|(who, what)| format!("{who}: {what}")).collect();
    format!(
        "The work on v{version} is up for review, and what is asked for there needs more than the plan allows. {} Why: {}\nAsked for:\n{}",
        deviation.what,
        deviation.why,
        said.join("\n")
    )
}

/// What the policy has follow from deviations, for whoever approves; empty where it says nothing of its own.
#[must_use]
pub(in crate::words) fn responses(responses: &Responses) -> String {
    if responses.are_usual() {
        return String::new();
    }
    let word = |response| match response {
        Response::Record => "is recorded",
        Response::Ask => "asks you",
        Response::Stop => "stops the work",
    };
    let Responses { minor, extra_file, not_needed, not_possible, plan_is_wrong } = *responses;
    let rows = [
        ("a detail", minor),
        ("another file", extra_file),
        ("a needless step", not_needed),
        ("an impossible step", not_possible),
        ("a wrong plan", plan_is_wrong),
    ];
    rows.map(|(what, response)| format!("{what} {}", word(response))).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(kind: DeviationKind) -> Deviation {
        let (what, why) = ("`rg` is missing.".to_owned(), "The image has none.".to_owned());
        Deviation { step: "s2".to_owned(), kind, what, why }
    }

    #[test]
    fn what_another_plan_drops_is_told_and_how_it_is_not_dropped() {
        let whole = Dropped { version: 1, steps: vec!["s1".to_owned(), "s2".to_owned()], files: 3, bytes: 1_234 };
        insta::assert_snapshot!(dropped(&whole), @"What was done for v1 (`s1` and `s2`; 3 changed files with 1,234 bytes) is dropped, because another plan was asked for");
        let nothing_counted = Dropped { version: 2, ..Dropped::default() };
        insta::assert_snapshot!(dropped(&nothing_counted), @"What was done for v2 is dropped, because another plan was asked for");
        let prefix = Prefix::default();
        insta::assert_snapshot!(in_the_way("@ann", 2, &["s1".to_owned()], &prefix), @"@ann, the work on v2 rests, so the plan stays as it is. What is done is kept (`s1`): `/continue` and what you want goes on from there. To drop it and plan anew, write `/cancel`, then `/plan` and what you want.");
    }

    #[test]
    fn a_stop_says_what_is_kept_and_what_comes_next() {
        insta::assert_snapshot!(stopped(1, &deviation(DeviationKind::NotPossible), &["s1".to_owned()]), @r"
        The work on v1 has stopped: the plan does not fit. In `s2`, the step is not possible: `rg` is missing. Why: The image has none.

        What is done is kept (`s1`). I write v2 from what was learnt; it needs an approval of its own, and then the work goes on from there.
        ");
    }

    #[test]
    fn a_review_that_needs_more_is_told_where_it_is_decided() {
        insta::assert_snapshot!(needs_more(2, &deviation(DeviationKind::PlanIsWrong), IssueNumber(42)), @r"
        This needs more than the approved plan allows, so it is not done yet: `rg` is missing. Why: The image has none.

        I propose v2 of the plan on #42. Once it is approved, what was said here is taken up inside it; until then the work stays as it is.
        ");
    }

    #[test]
    fn a_question_names_the_ways_on() {
        insta::assert_snapshot!(asks(&deviation(DeviationKind::Minor), &Prefix::default()), @r"
        The work rests, because it would leave the plan. In `s2`, a detail is otherwise than planned: `rg` is missing. Why: The image has none.

        `/continue` by someone with write access lets it, `/continue` and your words say what to do instead, inside what was approved; `/cancel` ends the run.
        ");
    }

    #[test]
    fn approvers_see_what_follows_where_it_is_not_the_usual() {
        assert_eq!(responses(&Responses::default()), "");
        let strict = Responses { minor: Response::Ask, ..Responses::default() };
        insta::assert_snapshot!(responses(&strict), @"a detail asks you, another file is recorded, a needless step is recorded, an impossible step stops the work, a wrong plan stops the work");
    }
}
