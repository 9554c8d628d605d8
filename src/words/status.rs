//! The one comment on the issue that always says where the run stands.
//!
//! Promises: a headline, one paragraph, the steps while there are any, the cost, and what helps next. Nobody is mentioned.

use super::around;
use super::deviation;
use super::escape::{code, inline, quoted};
use super::figures::{approvers, many, moment};
use super::plan::{Dropped, version};
use super::review;
use super::spending::{self, PhaseCost, cost};
use super::trouble;
use crate::ids::{PullNumber, RunId, Timestamp};
use crate::workflow::approval::Reason;
use crate::workflow::command::Prefix;
use crate::workflow::hold::Hold;
use crate::workflow::plan::PlanStep;
use crate::workflow::run::{
    Approved, DeliverStage, Delivering, Fate, Outcome, Rest, ReviewBounds, State, Trouble, Waiting,
};

/// What the status comment tells.
#[derive(Debug, Clone, Copy)]
pub struct StatusFacts<'a> {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub state: &'a State,
    /// Since when.
    pub since: Timestamp,
    /// The steps of the version being executed, or executed last; may be empty.
    pub steps: &'a [PlanStep],
    /// Ids of the steps that are done.
    pub ticked: &'a [String],
    /// Work that was kept, and that the version which is being made does not go on from.
    pub dropped: Option<&'a Dropped>,
    /// What each phase has cost so far.
    pub costs: &'a [PhaseCost],
    /// How commands are spelt here.
    pub prefix: &'a Prefix,
    /// How many revisions in a row are made of remarks.
    pub rounds: u32,
    /// How much is done by itself while the work is up for review.
    pub review: ReviewBounds,
}

/// The status comment.
#[must_use]
pub fn status(facts: &StatusFacts<'_>) -> String {
    let told = told(facts);
    let since = moment(facts.since);
    let mut headline = format!("**Assentry: {}** · run {}", told.phase, facts.run);
    if let Some(shown) = facts.state.shown() {
        let version = version(shown.subject.version, &shown.subject.digest);
        headline = format!("{headline} · {version} · plan in #{}", shown.pull);
    } else if let Some(pull) = facts.state.plan_pull() {
        headline = format!("{headline} · plan in #{pull}");
    }
    let mut parts = vec![headline, told.what];
    if !facts.steps.is_empty() && told.with_steps {
        parts.push(checklist(facts));
    }
    if let Some(around) = facts.state.around().filter(|around| facts.state.is_open() && !around.notices.is_empty()) {
        parts.push(around::notices(around, facts.prefix));
    }
    if !facts.costs.is_empty() {
        parts.push(cost(facts.costs));
    }
    parts.push(if told.next.is_empty() { format!("Since {since}.") } else { format!("{} Since {since}.", told.next) });
    parts.join("\n\n") + "\n"
}

struct Told {
    phase: &'static str,
    what: String,
    next: String,
    with_steps: bool,
}

fn told(facts: &StatusFacts<'_>) -> Told {
    let cancel = facts.prefix.tell("`/cancel` ends it.");
    let tell = |phase, what: String, next: String, with_steps| Told { phase, what, next, with_steps };
    match facts.state {
        State::Planning(planning) => tell(
            "writing the plan",
            format!("Version {} is being written.{}", planning.version, dropped(facts)),
            format!("Nothing is needed from you. {cancel}"),
            false,
        ),
        State::AwaitingAnswer(waiting) => tell(
            "waiting for answers",
            format!("Before there can be a plan, somebody has to answer:\n\n{}", numbered(&waiting.questions)),
            format!(
                "{} {cancel}",
                facts.prefix.tell("Answer in a comment that begins with `1.`, or go on without: `/plan anyway`.")
            ),
            false,
        ),
        State::Publishing(publishing) => tell(
            "posting the plan",
            format!("Version {} is written and being posted.", publishing.version),
            "Nothing is needed from you.".to_owned(),
            false,
        ),
        State::AwaitingApproval(waiting) => {
            let approve = format!("approve {}", waiting.shown.subject.digest.short());
            let approve = code(&facts.prefix.spell(&approve));
            let others = facts.prefix.tell("`/revise` and your words change it, `/reject` objects.");
            tell(
                "waiting for approval",
                format!(
                    "{}{}{}",
                    super::plan::who_may(&waiting.shown.rules),
                    missing(&waiting.missing, waiting.hold, facts.prefix),
                    rounds_over(waiting, facts)
                ),
                format!("Approve #{} in a review or write {approve}; {others} {cancel}", waiting.shown.pull),
                false,
            )
        }
        State::Starting(approved) => tell(
            "approved",
            match approved.hold {
                Some(hold) if hold.has_given_up() => {
                    format!("Approved by {}. {}", people(approved), given_up(hold))
                }
                Some(_) => format!(
                    "Approved by {}; GitHub does not answer all that the start turns on, and is asked again.",
                    people(approved)
                ),
                None => {
                    format!("Approved by {}; the approval is judged once more, then the work starts.", people(approved))
                }
            },
            cancel,
            false,
        ),
        State::Executing(executing) if executing.parked => tell(
            "resting",
            format!(
                "Approved by {}. The repository is archived or the App suspended, so nothing can be written.",
                people(&executing.approved)
            ),
            format!("The work goes on by itself when that ends. {cancel}"),
            true,
        ),
        State::Executing(executing) => tell(
            "at work",
            format!("Approved by {}. {}", people(&executing.approved), progress(facts)),
            format!(
                "Nothing is needed from you. {}",
                facts.prefix.tell("`/stop` stops it and keeps what is done, `/cancel` ends the run.")
            ),
            true,
        ),
        State::Resting(resting) => tell(
            "resting",
            format!("{} {}", rest(&resting.why, facts.prefix).0, progress(facts)),
            format!("{} {cancel}", rest(&resting.why, facts.prefix).1),
            true,
        ),
        State::Delivering(delivering) => {
            tell("opening the pull request", stage(delivering, facts.prefix), String::new(), true)
        }
        State::InReview(in_review) => {
            let what = format!("#{} {}", in_review.pull, review::doing(in_review, facts.review.rounds, facts.prefix));
            let more = facts
                .prefix
                .tell("A review there that requests changes, a comment on a line, or `/fix` and what has it mended.");
            tell("in review", what, format!("{more} Merging or closing #{} ends the run.", in_review.pull), true)
        }
        State::Ended(ended) => {
            let digest = ended.shown.as_ref().map(|shown| shown.subject.digest.short());
            let account = trouble::outcome(&ended.outcome, digest, facts.prefix);
            let phase = ended_as(&ended.outcome);
            tell(phase, account.cause, account.help, !facts.ticked.is_empty())
        }
    }
}

fn dropped(facts: &StatusFacts<'_>) -> String {
    facts.dropped.map_or_else(String::new, |dropped| format!(" {}.", deviation::dropped(dropped)))
}

/// Why the work rests, and what lets it go on.
pub(super) fn rest(why: &Rest, prefix: &Prefix) -> (String, String) {
    match why {
        Rest::Stopped { stop } => (
            format!("{} stopped the work.", code(stop.by.login.as_str())),
            prefix.tell("`/resume` goes on with what is done."),
        ),
        Rest::OutOfBudget { full } => spending::resting(full, prefix),
        Rest::Asks { deviation } => deviation::resting(deviation, prefix),
    }
}

/// How it ended, in a word or a few.
pub(super) fn ended_as(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { fate, .. } => match fate {
            Fate::Unknown => "done",
            Fate::Merged { .. } => "merged",
            Fate::Closed { .. } => "closed without a merge",
            Fate::Reverted { .. } => "merged, then reverted",
        },
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::NeedsNewPlan { .. } => "stopped, a new plan is needed",
        Outcome::Failed { why } => match why {
            Trouble::NoChange { .. } => "nothing to do",
            Trouble::Refused { .. } => "declined",
            Trouble::OverBudget { .. } | Trouble::DayIsFull { .. } => "over budget",
            Trouble::Lost { .. } | Trouble::PlanIsWrong { .. } | Trouble::Void { .. } => "stopped",
            Trouble::EmptyRepository
            | Trouble::EmptyIssue
            | Trouble::Model { .. }
            | Trouble::NoSandbox { .. }
            | Trouble::NoImage { .. }
            | Trouble::SetUpFailed { .. }
            | Trouble::ChecksFailed { .. }
            | Trouble::Forbidden { .. }
            | Trouble::Github { .. }
            | Trouble::GithubAway { .. }
            | Trouble::GaveUp { .. } => "failed",
        },
    }
}

fn stage(delivering: &Delivering, prefix: &Prefix) -> String {
    let opened = |pull: &PullNumber| format!("#{pull} is open; the plan pull request is being closed.");
    match &delivering.stage {
        DeliverStage::Judging { missing } => {
            let missing = self::missing(missing, delivering.approved.hold, prefix);
            format!("The work is done; the approval is judged a last time.{missing}")
        }
        DeliverStage::Pushing => "The work is done and being pushed.".to_owned(),
        DeliverStage::Opening { .. } => "The work is pushed; its pull request is being opened.".to_owned(),
        DeliverStage::Closing { pull, .. } => opened(pull),
    }
}

/// What is said where a gate asks no more by itself.
fn given_up(hold: Hold) -> String {
    let how_long = if hold.is_away() { "seven days" } else { "a day" };
    format!("For {how_long} GitHub has not answered what this turns on; approving once more makes me ask anew.")
}

fn missing(missing: &[Reason], hold: Option<Hold>, prefix: &Prefix) -> String {
    if let Some(hold) = hold.filter(Hold::has_given_up) {
        let reasons: String = missing.iter().map(|reason| format!(" {}", trouble::unknown(reason, prefix))).collect();
        return format!("{reasons} {}", given_up(hold));
    }
    missing.iter().map(|reason| format!(" {}", trouble::reason(reason, prefix))).collect()
}

/// That no further revision begins by itself, where remarks wait for one.
fn rounds_over(waiting: &Waiting, facts: &StatusFacts<'_>) -> String {
    if waiting.notes.is_empty() || waiting.shown.rounds < facts.rounds {
        return String::new();
    }
    let ask = facts.prefix.tell("`/plan` by someone with write access takes it up.");
    let were = if facts.rounds == 1 { "was" } else { "were" };
    let made = many(u64::from(facts.rounds), "revision");
    format!(" {made} {were} made in a row; what was said since waits, and {ask}")
}

fn people(approved: &Approved) -> String {
    approvers(&approved.by, &approved.shown.subject.requesters)
}

fn numbered(questions: &[String]) -> String {
    let lines = questions.iter().enumerate().map(|(at, question)| format!("{}. {}", at + 1, quoted(question)));
    lines.collect::<Vec<_>>().join("\n")
}

fn progress(facts: &StatusFacts<'_>) -> String {
    let done = facts.steps.iter().filter(|step| facts.ticked.contains(&step.id)).count();
    match facts.steps.iter().find(|step| !facts.ticked.contains(&step.id)) {
        Some(next) => format!("{done} of {} steps are done, now {}.", facts.steps.len(), code(&next.id)),
        None => "All steps are done; the checks are being run.".to_owned(),
    }
}

/// How many steps the comment lists; a longer plan shows where it is.
const MOST_STEPS: usize = 12;

fn checklist(facts: &StatusFacts<'_>) -> String {
    let skipped = facts.ticked.len().saturating_sub(MOST_STEPS / 2).min(facts.steps.len().saturating_sub(MOST_STEPS));
    let shown = &facts.steps[skipped..(skipped + MOST_STEPS).min(facts.steps.len())];
    let mut lines: Vec<String> = Vec::new();
    if skipped > 0 {
        lines.push(format!("- … {skipped} before"));
    }
    for step in shown {
        let tick = if facts.ticked.contains(&step.id) { "x" } else { " " };
        lines.push(format!("- [{tick}] {} · {}", code(&step.id), inline(&step.title)));
    }
    let behind = facts.steps.len() - skipped - shown.len();
    if behind > 0 {
        lines.push(format!("- … {behind} behind"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
