//! Everything that happened to a run, by the event log, oldest first.
//!
//! Events are read as data and not as [`Event`](crate::workflow::event::Event): a log may be older or newer than this
//! program, and what it does not know is shown by its name.

use maud::{Markup, html};
use serde_json::Value;

use super::super::{phase, prose, time};
use super::work::dollars;
use crate::store::EventRow;
use crate::words;
use crate::workflow::approval::Reason;
use crate::workflow::command::Prefix;
use crate::workflow::run::Outcome;

/// How many events are shown; of more, the newest.
const MOST: usize = 400;

/// What an event is to a reader.
struct Told {
    who: String,
    what: Markup,
    /// Whether it is one of the things a person looks for.
    weighty: bool,
}

/// The timeline.
pub(super) fn timeline(events: &[EventRow], prefix: &Prefix) -> Markup {
    let (writes, told): (Vec<&EventRow>, Vec<&EventRow>) = events.iter().partition(|event| event.kind == "wrote");
    let skipped = told.len().saturating_sub(MOST);
    let mut before = String::new();
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            @if skipped > 0 { p.sub { (skipped) " older events are in the audit trail." } }
            ol.timeline { @for event in told.iter().skip(skipped) { (entry(event, &mut before, prefix)) } }
            p.sub {
                @match writes.len() { 1 => "One write to GitHub, by its hash, is", many => { (many) " writes to GitHub, each by its hash, are" } }
                " in the audit trail: " code { "assentry audit export" }
            }
        }
    }
}

/// An entry. The minute stands only where it is another than that of the entry before.
fn entry(event: &EventRow, before: &mut String, prefix: &Prefix) -> Markup {
    let minute = time::minute(event.at);
    let is_new = *before != minute;
    *before = minute;
    let body: Value = serde_json::from_str(&event.json).unwrap_or_default();
    let Told { who, what, weighty } = told(&event.kind, &body, prefix);
    let (from, to) = (text(&body["led"]["from"]), text(&body["led"]["to"]));
    html! {
        li.weighty[weighty] value=(event.seq) {
            span.when { @if is_new { (time::moment(event.at)) } }
            div.what {
                @if !who.is_empty() { strong { (prose::visible(&who)) } " " }
                (what)
                @if from != to && !to.is_empty() { " " span.arrow { "→ " (prose::visible(phase::name(to))) } }
            }
        }
    }
}

fn told(kind: &str, body: &Value, prefix: &Prefix) -> Told {
    let who = |place: &Value| text(&place["login"]).to_owned();
    let weighty = |who: String, what: Markup| Told { who, what, weighty: true };
    let light = |what: Markup| Told { who: String::new(), what, weighty: false };
    match kind {
        "opened" => weighty(who(&body["by"]), html! { "asked for a plan" }),
        "plan_asked" => weighty(who(&body["by"]), html! { "asked for a plan anew" (quoted(text(&body["guidance"]))) }),
        "plan_written" => {
            weighty(String::new(), html! { "Version " (number(&body["version"])) " was written " (digest(body)) })
        }
        "plan_kept" => weighty(String::new(), html! { "The remarks were answered; the plan stays as it is" }),
        "questions_asked" => weighty(
            String::new(),
            html! {
                "The planner asks"
                ul { @for question in list(&body["questions"]) { li { (prose::inline(text(question))) } } }
            },
        ),
        "plan_committed" => light(html! { "The plan file was committed " (commit(&body["commit"])) }),
        "plan_pull_opened" => light(html! { "The plan pull request #" (number(&body["pull"])) " was opened" }),
        "plan_posted" => weighty(String::new(), html! { "Version " (number(&body["version"])) " was posted" }),
        "noted" => {
            let note = &body["note"];
            weighty(who(&note["by"]), html! { "remarked" (quoted(text(&note["text"]))) })
        }
        "acted" => {
            let act = &body["act"];
            weighty(who(&act["by"]), html! { (acted(&act["kind"])) })
        }
        "act_voided" => light(html! { "A decision was " (prose::visible(text(&body["how"]))) }),
        "judged" => judged(body, prefix),
        "plan_offered" => weighty(who(&body["offer"]["by"]), html! { "wrote the plan" }),
        "plan_refused" => weighty(who(&body["by"]), html! { "pushed a plan that is not sound" }),
        "plan_branch_moved" => weighty(String::new(), html! { "Somebody else moved the plan branch" }),
        "cancelled" => weighty(who(&body["by"]), html! { "ended the run (" (words_of(text(&body["why"]))) ")" }),
        "step_ticked" => {
            weighty(String::new(), html! { "Step " code { (prose::visible(text(&body["step"]))) } " is done" })
        }
        "stop_asked" => weighty(who(&body["stop"]["by"]), html! { "asked the work to stop" }),
        "rested" => light(html! { "The work rests" }),
        "resume_asked" => weighty(who(&body["by"]), html! { "asked the work to go on" }),
        "deviated" => {
            let Some(one) = body.get("deviation") else { return light(html! { "The executor left the plan" }) };
            weighty(String::new(), html! { "The executor left the plan" (quoted(text(&one["what"]))) })
        }
        "executed" => weighty(String::new(), html! { "The plan was executed" }),
        "stopped" => stopped(body, prefix),
        "judgement_aged" => light(html! { "The last judgement was too old to push on" }),
        "pushed" => {
            let commits = list(&body["commits"]).count();
            weighty(
                String::new(),
                html! {
                    "The work was pushed, "
                    @if commits == 1 { "one commit, " } @else { (commits) " commits, the last " }
                    (commit(&body["head"]))
                },
            )
        }
        "pull_opened" => weighty(String::new(), html! { "Pull request #" (number(&body["pull"])) " was opened" }),
        "plan_pull_closed" => light(html! { "The plan pull request was closed" }),
        "burst_ended" => light(html! { "Nobody has remarked anything for a while" }),
        "batch_ended" => light(html! { "All that the review says is noted" }),
        "note_withdrawn" => light(html! { "A remark was deleted" }),
        "out_of_budget" => weighty(String::new(), html! { "What was granted is used up" }),
        "raise_asked" => {
            weighty(who(&body["raise"]["by"]), html! { "wants to grant " (granted(&body["raise"])) " more" })
        }
        "budget_raised" => weighty(who(&body["raise"]["by"]), html! { "granted " (granted(&body["raise"])) " more" }),
        "work_noted" => {
            let note = &body["note"];
            weighty(who(&note["by"]), html! { "remarked on the work" (quoted(text(&note["text"]))) })
        }
        "fix_asked" => {
            weighty(who(&body["by"]), html! { "asked for a follow-up" (quoted(text(&body["note"]["text"]))) })
        }
        "checks_red" => weighty(String::new(), html! { "Checks of others are red on " (commit(&body["head"])) }),
        "followed_up" => {
            let said = if body["changed"] == true { "The follow-up is done" } else { "The follow-up changed nothing" };
            weighty(String::new(), html! { (said) })
        }
        "work_ended" => fate(&body["fate"]),
        "split_asked" => weighty(
            who(&body["by"]),
            html! { "asked for an issue of each step of version " (number(&body["version"])) },
        ),
        "answered" => light(html! { "Somebody was answered" }),
        "left_behind" => light(html! { "Branches were left without a pull request" }),
        "changed" => light(changed(&body["change"])),
        other => light(html! { (words_of(other)) }),
    }
}

fn fate(fate: &Value) -> Told {
    let by = text(&fate["by"]["login"]).to_owned();
    let what = match (text(&fate["became"]), by.is_empty()) {
        ("merged", false) => "merged the work",
        ("merged", true) => "The work was merged",
        ("closed", false) => "closed the pull request without merging it",
        ("closed", true) => "The pull request was closed and not merged",
        ("reverted", _) => "What was merged was taken back",
        _ => "Nobody looks at the pull request any more",
    };
    Told { who: by, what: html! { (what) }, weighty: true }
}

fn granted(raise: &Value) -> String {
    dollars(number(&raise["micro_dollars"]))
}

/// What happened around a run, in a few words.
fn changed(change: &Value) -> Markup {
    let what = match text(&change["what"]) {
        "input" => "Something that the plan is made from was changed",
        "input_by_outsider" => "Somebody without write access changed something that the plan is made from",
        "plan_pull_retargeted" => "The plan pull request goes into another branch now",
        "plan_pull_merged" => "The plan pull request was merged, which decides nothing",
        "base_moved" => "Somebody pushed to the base branch",
        "base_seen" => "The base branch was looked at",
        "base_renamed" => "The base branch was renamed",
        "issue_gone" => "The issue was deleted or moved away",
        "issue_closed" => "The issue was closed",
        "made_public" => "Everybody can read the repository now",
        "outdated" => "Models or prompts of this server are others than the version names",
        "parked" => "Nothing can be written to the repository for now",
        "unparked" => "The repository can be written to again",
        "restored" => "The database came back from a copy",
        "reminder_due" => "Nobody has approved the version for a while",
        "time_up" => "Nobody has approved the version for too long",
        other => return html! { "Around the run: " (words_of(other)) },
    };
    html! { (what) }
}

fn acted(kind: &Value) -> Markup {
    let by = |name: &str| kind.get(name);
    if by("approve_by_review").is_some() {
        return html! { "approved with a review" };
    }
    if let Some(act) = by("approve_by_digest") {
        return html! { "approved " code.digest { (prose::visible(&prose::cut(text(&act["prefix"]), 64))) } };
    }
    if let Some(act) = by("veto") {
        return html! { "objected" (quoted(text(&act["why"]))) };
    }
    if let Some(act) = by("lift") {
        return html! { "set the objection of " (prose::visible(text(&act["login"]))) " aside" };
    }
    match kind.as_str() {
        Some("approve_bare") => html! { "approved" },
        Some("withdraw") => html! { "took back what they had said" },
        _ => html! { "did something that was taken back" },
    }
}

fn judged(body: &Value, prefix: &Prefix) -> Told {
    let logins = |which: &str| -> Vec<&str> { list(&body["led"][which]).map(|one| text(&one["login"])).collect() };
    let (by, own) = (logins("approved_by"), logins("self_approved"));
    let missing: Vec<Reason> = serde_json::from_value(body["led"]["missing"].clone()).unwrap_or_default();
    let gate = match text(&body["gate"]) {
        "start" => "Judged before the start",
        "push" => "Judged before the push",
        _ => "Judged",
    };
    let what = html! {
        (gate)
        @if !by.is_empty() { ": approved by " (prose::visible(&by.join(", "))) }
        @if !own.is_empty() { ", self-approved by " (prose::visible(&own.join(", "))) }
        @if !missing.is_empty() {
            ul { @for reason in &missing { li { (prose::ours(&words::because(reason, prefix))) } } }
        }
    };
    Told { who: String::new(), what, weighty: !by.is_empty() || !missing.is_empty() }
}

fn stopped(body: &Value, prefix: &Prefix) -> Told {
    let outcome: Option<Outcome> = serde_json::from_value(body["outcome"].clone()).ok();
    let said = outcome.map(|outcome| words::ending(&outcome, None, prefix)).unwrap_or_default();
    let what = html! {
        @match said.first() { Some(cause) => (prose::ours(cause)), None => "It came to an end" }
    };
    Told { who: String::new(), what, weighty: true }
}

fn quoted(said: &str) -> Markup {
    html! { @if !said.trim().is_empty() { blockquote { (prose::block(&prose::cut(said, 1_500))) } } }
}

fn digest(body: &Value) -> Markup {
    html! { code.digest { (text(&body["digest"]).chars().take(12).collect::<String>()) } }
}

fn commit(sha: &Value) -> Markup {
    html! { code.digest { (text(sha).chars().take(10).collect::<String>()) } }
}

fn words_of(name: &str) -> String {
    prose::visible(&name.replace('_', " "))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
