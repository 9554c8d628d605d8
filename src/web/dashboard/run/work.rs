//! What was done: steps, deviations, checks, and what it cost.

use maud::{Markup, html};

use super::super::{prose, time};
use crate::agent::executor::{CheckRun, Deviation, DeviationKind, Work};
use crate::store::Costs;
use crate::workflow::run::State;
use crate::workflow::terms::Terms;

/// The plan's steps while they are worked on; afterwards conformance tells of them.
pub(super) fn steps(terms: &Terms, state: Option<&State>) -> Markup {
    let ticked: &[String] = match state {
        Some(State::Executing(executing)) => &executing.ticked,
        Some(State::Resting(resting)) => &resting.ticked,
        _ => &[],
    };
    html! {
        section aria-labelledby="steps" {
            h2 #steps { "Steps" }
            ol.steps {
                @for step in &terms.plan.steps {
                    @let done = ticked.contains(&step.id);
                    li.(if done { "good" } else { "past" }) {
                        div.line {
                            code { (prose::visible(&step.id)) }
                            span { (prose::inline(&step.title)) }
                            span.state { (if done { "done" } else { "not done yet" }) }
                        }
                    }
                }
            }
        }
    }
}

/// What the agent tried and was not let do.
pub(super) fn refusals(work: &Work) -> Markup {
    html! {
        @if work.refusals.all > 0 {
            section aria-labelledby="refusals" {
                h2 #refusals { "Refused" }
                ul.acts {
                    @for one in &work.refusals.first {
                        li.bad {
                            div.line { code { (prose::visible(&one.by)) } code { (prose::visible(&one.what)) } }
                            div.sub { (prose::inline(&one.rule)) @if one.times > 1 { ", " (one.times) " times" } }
                        }
                    }
                }
            }
        }
    }
}

/// What was done otherwise than planned.
pub(super) fn deviations(work: &Work) -> Markup {
    html! {
        section aria-labelledby="deviations" {
            h2 #deviations { "Deviations" }
            @if work.deviations.is_empty() { p.empty { "None: what was done is what was planned." } }
            @else { ul.acts { @for one in &work.deviations { (deviation(one)) } } }
        }
    }
}

fn deviation(one: &Deviation) -> Markup {
    let (tone, kind) = match one.kind {
        DeviationKind::Minor => ("open", "a detail"),
        DeviationKind::ExtraFile => ("open", "a file the step does not name"),
        DeviationKind::NotNeeded => ("open", "a step that is not needed"),
        DeviationKind::NotPossible => ("bad", "a step that cannot be done"),
        DeviationKind::PlanIsWrong => ("bad", "the plan rests on something that is not so"),
    };
    html! {
        li.(tone) {
            div.line { code { (prose::visible(&one.step)) } strong { (kind) } }
            (prose::block(&one.what))
            div.sub { "Why: " (prose::inline(&one.why)) }
        }
    }
}

/// The plan's checks, before and after.
pub(super) fn checks(work: &Work) -> Markup {
    html! {
        section aria-labelledby="checks" {
            h2 #checks { "Checks" }
            @if work.checks.is_empty() { p.empty { "The plan has none, or they have not been run." } }
            @for check in &work.checks { (one_check(check)) }
        }
    }
}

fn one_check(check: &CheckRun) -> Markup {
    let code = |code: Option<i32>| code.map_or("ended by a limit".to_owned(), |code| format!("exit code {code}"));
    let tone = if check.passed() { "good" } else { "bad" };
    let took = time::millis(i64::try_from(check.elapsed_ms).unwrap_or(i64::MAX));
    html! {
        details.check.(tone) {
            summary {
                code { (prose::visible(&check.command)) } " "
                span.state { @if check.passed() { "passed" } @else { "failed" } ", " (took) }
            }
            p.sub { "Before the work: " (code(check.before)) ". After it: " (code(check.exit_code)) "." }
            (prose::verbatim(&check.output))
        }
    }
}

/// What the agent's commands left outside of the scope.
pub(super) fn left(work: &Work) -> Markup {
    html! {
        @if !work.left.is_empty() {
            section aria-labelledby="left" {
                h2 #left { "Not taken" }
                p { "Commands changed these paths outside of the scope; none of it was taken." }
                ul.paths { @for path in &work.left { li { code { (prose::visible(path.as_str())) } } } }
            }
        }
    }
}

/// What each phase has cost, and what the budget was.
pub(super) fn costs(costs: &[Costs], terms: Option<&Terms>) -> Markup {
    let sum = |of: fn(&Costs) -> i64| costs.iter().map(of).sum::<i64>();
    let row = |name: &str, calls: i64, (input, cached, output): (i64, i64, i64), micro: i64| {
        html! {
            tr {
                th scope="row" { (prose::visible(name)) }
                td.num { (calls) }
                td.num { (count(input)) @if cached > 0 { span.sub { (share(cached, input)) " cached" } } }
                td.num { (count(output)) }
                td.num { (dollars(micro)) }
            }
        }
    };
    html! {
        section aria-labelledby="cost" {
            h2 #cost { "Cost" }
            @if costs.is_empty() { p.empty { "Nothing yet." } }
            @else {
                div.scroll tabindex="0" role="region" aria-label="Cost by part of the work" {
                    table.small {
                        thead { tr {
                            th scope="col" { "Part" } th.num scope="col" { "Calls" } th.num scope="col" { "In" }
                            th.num scope="col" { "Out" } th.num scope="col" { "Dollars" }
                        } }
                        tbody {
                            @for one in costs {
                                (row(&one.phase, one.calls, (one.usage.input, one.usage.cached, one.usage.output), one.micro_dollars))
                            }
                        }
                        tfoot {
                            (row("all", sum(|c| c.calls), (sum(|c| c.usage.input), 0, sum(|c| c.usage.output)), sum(|c| c.micro_dollars)))
                        }
                    }
                }
                @if let Some(terms) = terms {
                    p.sub {
                        "Approval grants the execution " (count(i64::from(terms.budget.turns))) " turns, "
                        (count(i64::try_from(terms.budget.tokens).unwrap_or(i64::MAX))) " tokens, "
                        (dollars(i64::try_from(terms.budget.micro_dollars).unwrap_or(i64::MAX))) " and "
                        (terms.budget.minutes) " minutes. Models: " code { (prose::visible(&terms.models.plan)) } " plans, "
                        code { (prose::visible(&terms.models.execute)) } " executes."
                    }
                }
            }
        }
    }
}

fn share(part: i64, whole: i64) -> String {
    format!("{} %", if whole > 0 { part * 100 / whole } else { 0 })
}

pub(in crate::web::dashboard) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

/// Millionths of a dollar as dollars and cents, rounded up: a cost is never shown as less than it is.
pub(in crate::web::dashboard) fn dollars(micro: i64) -> String {
    let cents = micro.max(0).unsigned_abs().div_ceil(10_000);
    format!("${}.{:02}", count(i64::try_from(cents / 100).unwrap_or(i64::MAX)), cents % 100)
}
