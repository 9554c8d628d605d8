//! Answers to what people did: what happened, what is missing, and who can give it.
//!
//! Promises: at most the person who is answered is mentioned; every message is whole sentences and no command (T16).

use super::deviation;
use super::escape::{code, fence, inline, quoted};
use super::figures::{and, many, moment};
use super::history::history;
use super::place::Home;
use super::plan::{template, version};
use super::policy;
use super::review;
use super::spending;
use super::split;
use super::trouble;
use super::{Words, around};
use crate::ids::{CommentId, Digest, IssueNumber, Person, PullNumber};
use crate::workflow::approval::Reason;
use crate::workflow::command::{Prefix, Spelling};
use crate::workflow::limit::{LimitOf, LimitReached};

/// Where an answer is given.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The repository.
    pub home: &'a Home,
    /// The run's issue.
    pub issue: IssueNumber,
    /// The status comment, once there is one.
    pub status: Option<CommentId>,
    /// The plan pull request, once there is one.
    pub plan_pull: Option<PullNumber>,
    /// How commands are spelt here.
    pub spelling: &'a Spelling,
}

/// Says it, as Markdown for one comment.
#[must_use]
pub fn say(words: &Words, setting: &Setting<'_>) -> String {
    let prefix = &setting.spelling.prefix;
    match words {
        Words::Help => help(setting.spelling),
        Words::UnknownCommand { typed, nearest: Some(nearest) } => format!(
            "I do not know {}. Did you mean {}? {}",
            command(typed, prefix),
            command(nearest, prefix),
            prefix.tell("`/help` lists what can be typed.")
        ),
        Words::UnknownCommand { typed, nearest: None } => {
            format!("I do not know {}. {}", code(typed), prefix.tell("`/help` lists what can be typed."))
        }
        Words::NeedsText { wanted } if wanted == "plan adopt" => prefix.tell(
            "Which plan? Write it below `/plan adopt` in the same comment, in the form of a plan file, or name a \
                 file on the default branch behind it. `/plan template` shows the form.",
        ),
        Words::NeedsText { wanted } => {
            let command = command(&format!("{wanted} what to change"), prefix);
            format!("What should change? Write it behind the command: {command}. It may go on over several lines.")
        }
        Words::ReviewIsNoCommand { who } => format!(
            "{}, commands are not read in reviews. To approve, submit the review as *Approve*, or {}",
            mention(who),
            prefix.tell("write `/approve` with the digest as a comment of its own.")
        ),
        Words::NotAllowed { who, wanted } => not_allowed(who, wanted, prefix),
        Words::PolicyBroken { repo, flaws } => policy::broken(setting.home, repo, flaws),
        Words::MayNotAsk { who, repo, may } => policy::may_not_ask(who, repo, may, prefix),
        Words::NotApproved { who, reasons, version, digest } => not_approved(who, reasons, *version, digest, setting),
        Words::NothingToApprove { who, wanted, phase } => format!(
            "{}, {} found nothing to act on: the run is {}. {}{}",
            mention(who),
            command(wanted, prefix),
            in_phase(phase),
            // What has failed can be tried again as well; the status comment tells how.
            if phase == "ended" {
                prefix.tell("`/plan` on the issue begins another, as long as the issue is open. ")
            } else {
                String::new()
            },
            where_it_stands(setting)
        ),
        Words::Rests { who } => format!(
            "{}, the work has stopped, and what is done is kept. {}",
            mention(who),
            prefix.tell("`/resume` goes on with it, `/cancel` ends the run.")
        ),
        Words::OutOfBudget { full } => spending::rests(full, prefix),
        Words::Deviates { version, deviation, steps } => deviation::stopped(*version, deviation, steps),
        Words::AsksToDeviate { deviation } => deviation::asks(deviation, prefix),
        Words::Raised { who, micro_dollars, goes_on } => {
            spending::raised(&mention(who), *micro_dollars, *goes_on, prefix)
        }
        Words::RaisedForReview { who, micro_dollars } => {
            spending::raised_for_review(&mention(who), *micro_dollars, prefix)
        }
        Words::NotRaised { who, why } => spending::not_raised(&mention(who), why, prefix),
        Words::Started { version: number, digest, by } => format!(
            "{} is approved by {}. The work starts now and changes only what the plan allows; {} {}",
            version(*number, digest),
            logins(by),
            prefix.tell("`/stop` stops it and keeps what is done, `/cancel` ends the run."),
            where_it_stands(setting)
        ),
        Words::Questions { questions } => {
            let lines = questions.iter().enumerate().map(|(at, question)| format!("{}. {}", at + 1, quoted(question)));
            format!(
                "Before I can write a plan I need to know:\n\n{}\n\n{}",
                lines.collect::<Vec<_>>().join("\n"),
                prefix.tell(
                    "Answer in a comment that begins with `1.`, as the list does; people with write access and the \
                     issue's author are heard. `/plan anyway` goes on without answers, on assumptions that the plan states.",
                )
            )
        }
        Words::VersionVoid { version: number, reason } => format!(
            "v{number} can no longer be approved. {} {}",
            trouble::reason(reason, prefix),
            prefix.tell("`/plan` makes a new version.")
        ),
        Words::TooLate { who } => format!(
            "{}, your note came when the work on this version had begun, so it does not change it. {} Or say it on the \
             pull request with the work, once it is there.",
            mention(who),
            prefix.tell(
                "If it fits what was approved, write `/stop`, then `/continue` and your words; for another plan \
                 `/cancel`, then `/plan` and what you want."
            )
        ),
        Words::WorkIsKept { who, version, steps } => deviation::in_the_way(&mention(who), *version, steps, prefix),
        Words::WorkIsUp { who, pull } => format!(
            "{}, the work on this plan is up for review in #{pull}, so the plan stays as it is. Say there what the work \
             lacks, or {} To plan anew, close #{pull} and {}",
            mention(who),
            prefix.tell("write `/fix` and what."),
            prefix.tell("write `/plan` here.")
        ),
        Words::NoRun { who, wanted } => format!(
            "{}, {} found no run on this issue. {}",
            mention(who),
            command(wanted, prefix),
            prefix.tell("Someone with write access can start one with `/plan`.")
        ),
        Words::EditIsNoCommand { who, wanted } => format!(
            "{}, I read a comment as it was first written, so nothing follows from editing it. Please write {} in a new \
             comment.",
            mention(who),
            command(wanted, prefix)
        ),
        Words::History { past } => history(past, setting.home, setting.issue, prefix),
        Words::Split { version, parts } => split::listed(*version, parts, setting.issue, prefix),
        Words::NoRoomToSplit { who, steps, room } => split::no_room(&mention(who), *steps, *room, setting.issue),
        Words::Template { hints } => template(hints, prefix),
        Words::InputChanged { who, inputs, version, digest } => {
            around::input_changed(who.as_ref(), inputs, (*version, digest), prefix)
        }
        Words::Restored { version, digest } => around::restored(*version, digest, prefix),
        Words::StaysStale { version, reason } => around::stays_stale(*version, reason, prefix),
        Words::PlanPullMerged { who, version, digest } => {
            around::plan_pull_merged(who.as_ref(), *version, digest, prefix)
        }
        Words::Reminder { version, digest } => around::reminder(*version, digest, prefix),
        Words::ChangedAfter { change } => around::changed_after(change, setting.issue, setting.home, prefix),
        Words::Status { phase } => format!("The run is {}. {}", in_phase(phase), where_it_stands(setting)),
        Words::StillUnknown { reasons, digest, away } => {
            let how_long = if *away { "For seven days GitHub answered nothing, and" } else { "For a day" };
            let reasons: String =
                reasons.iter().map(|reason| format!("\n- {}", trouble::unknown(reason, prefix))).collect();
            format!(
                "{how_long} I could not find out whether this version is approved, so nothing is done, and I ask no \
                 longer by myself:\n{reasons}\n\nWhen GitHub answers again, approve once more, with a review or with this \
                 comment, and I look anew. If it does not, the operator of this App can see why in its log.\n\n{}",
                fence("text", &prefix.spell(&format!("approve {}", digest.short())))
            )
        }
        Words::LearntLate { who } => format!(
            "{}, GitHub did not tell me of your approval when you gave it, and what I find now does not show for certain \
             what you approved. Please approve once more.",
            mention(who)
        ),
        Words::LeftBehind { branches } => {
            let names = and(&branches.iter().map(|branch| code(branch.as_str())).collect::<Vec<_>>());
            format!(
                "The run ended while something was being written to {names}. No pull request belongs to it. I do not \
                 delete what somebody may have pushed to: whoever has write access can, if nobody needs it."
            )
        }
        Words::OnlyAdvice { who, reason } => format!(
            "{}, an objection blocks a plan only if its author could approve it; yours stands here as advice. {}",
            mention(who),
            trouble::alone(reason, prefix)
        ),
        Words::DismissalLiftsNothing { who, author } => format!(
            "{}, dismissing the review of {} does not set the objection aside: that takes its author, or an administrator who \
             did not ask for the plan.",
            mention(who),
            code(author.login.as_str())
        ),
        Words::NothingToLift { who, login } => format!(
            "{}, nobody called {} has an objection here that could be set aside. {}",
            mention(who),
            code(login),
            where_it_stands(setting)
        ),
        Words::RoundsOver { rounds } => format!(
            "{} {} made in a row. I have noted what was said since, and begin the next when someone with write access {}",
            many(u64::from(*rounds), "revision"),
            if *rounds == 1 { "was" } else { "were" },
            prefix.tell("writes `/plan`.")
        ),
        Words::FollowUpsOver { rounds } => review::over(*rounds, prefix),
        Words::ChecksStayRed { checks } => review::red(*checks, prefix),
        Words::ApprovedForReview { who, pull } => review::approved(&mention(who), *pull, prefix),
        Words::FollowUpRefused { reasons, digest } => review::refused(reasons, digest.as_ref(), prefix),
        Words::FollowUpFailed { why } => review::failed(why, setting.issue, prefix),
        Words::NeedsMore { version, deviation } => deviation::needs_more(*version, deviation, setting.issue),
        Words::NotWidened { version, outcome } => review::not_widened(*version, outcome, prefix),
        Words::FollowUpStopped { who } => review::stopped(&mention(who), prefix),
        Words::NoSuchStep { who, step, steps } => {
            let steps: Vec<String> = steps.iter().map(|step| code(step)).collect();
            format!("{}, the plan has no step {}; its steps are {}.", mention(who), code(step), and(&steps))
        }
        Words::PlanNotSound { who, faults } => format!(
            "{}, this plan cannot be adopted as it is:\n\n{}\n\nPlease mend it and offer it again.",
            mention(who),
            super::revision::faults(faults)
        ),
        Words::NoSuchFile { who, path } => format!(
            "{}, there is no file {} on the default branch that I could adopt. Name one, or {}",
            mention(who),
            code(path),
            prefix.tell("write the plan below `/plan adopt` in the same comment.")
        ),
        Words::EditIsNotRead { who } => format!(
            "{}, what a note says when it is made is what counts; I do not read edits. Please say what is different in a comment of its own.",
            mention(who)
        ),
        Words::Difference { from, to, text } => format!("From v{from} to v{to}:\n\n{text}"),
        Words::NoSuchVersion { who, newest: 1 } => {
            format!("{}, there is only v1 so far, so there is nothing to compare.", mention(who))
        }
        Words::NoSuchVersion { who, newest } => format!(
            "{}, there is no such pair of versions; the newest is v{newest}. {}",
            mention(who),
            prefix.tell("`/diff` shows what changed last, `/diff v1 v2` any two.")
        ),
        Words::LimitReached { who, reached } => limit_reached(who, reached),
    }
}

/// Each command with what it takes, and what it does.
const COMMANDS: [(&str, &str); 23] = [
    ("plan [guidance]", "plans this issue, or plans it anew"),
    ("plan anyway", "plans without waiting for answers; the plan says what it assumes"),
    ("plan adopt [path]", "makes a version of the plan that you write below it, or of the file that it names"),
    ("plan template", "shows an empty plan to fill in yourself"),
    ("revise text", "makes a new version that answers this"),
    ("approve [digest]", "approves the version with this digest, as an approving review does"),
    ("unapprove", "takes your approval or objection back"),
    ("reject why", "objects, until you take it back"),
    ("lift @login", "sets someone's objection aside; an administrator can"),
    ("cancel", "ends the run; whoever asked for it and the issue's author can, too"),
    ("stop", "stops the work and keeps what is done; whoever may cancel can"),
    ("pause", "stops the work at the end of the step that is under way; whoever may cancel can"),
    ("resume", "goes on with work that was stopped"),
    ("continue [guidance]", "goes on with it and minds this, inside what was approved"),
    ("budget +2.50", "grants the work so many dollars more and goes on with it; whoever may approve can"),
    ("fix [what]", "mends the work under review, inside what was approved; alone it takes up what was said there"),
    ("update", "merges the base branch into the work, and settles what conflicts inside the scope"),
    (
        "retry [digest] [from step]",
        "runs the approved version again after a failure, from what is done or from that step",
    ),
    ("split", "opens an issue for each step of the plan, below this one; the run goes on as it is"),
    ("status", "says where the run stands; anyone can ask"),
    ("diff [v1 [v2]]", "shows what changed between two versions, or last; anyone can ask"),
    ("history", "lists the versions and what was decided; anyone can ask"),
    ("help", "shows this; anyone can ask"),
];

fn help(spelling: &Spelling) -> String {
    let prefix = &spelling.prefix;
    let rows = COMMANDS.iter().map(|(name, does)| format!("| {} | {does} |", command(name, prefix)));
    let rows: Vec<String> = rows.collect();
    let mention = spelling.slug.as_ref().map_or_else(String::new, |slug| {
        format!(" {} works as well as {}.", code(&format!("@{slug} plan")), command("plan", prefix))
    });
    format!(
        "Write one of these as the first line of a comment, here or on a pull request of this run:\n\n\
         | Command | What it does |\n| --- | --- |\n{}\n\n\
         What stands in [ ] may be left out. Where nothing else is said, it takes write access.{mention}",
        rows.join("\n")
    )
}

fn not_allowed(who: &Person, wanted: &str, prefix: &Prefix) -> String {
    let who = mention(who);
    match wanted {
        "label" => format!(
            "{who}, a plan begins when someone with write access sets the label. Please ask a maintainer to {}",
            prefix.tell("set it anew, or to write `/plan`.")
        ),
        "denied" => format!(
            "{who}, the operator of this server does not let you ask for plans. Someone else with write access can {}",
            prefix.tell("set the label, or write `/plan`.")
        ),
        "cancel" => format!(
            "{who}, only people with triage access, whoever asked for the plan and the author of the issue can cancel it."
        ),
        "stop" | "pause" => format!(
            "{who}, only people with triage access, whoever asked for the plan and the author of the issue can {other} it.",
            other = wanted
        ),
        "lift" => format!(
            "{who}, an objection is set aside by an administrator of the repository who did not ask for the plan, or taken \
             back by its author."
        ),
        other => format!(
            "{who}, {} needs write access to this repository. Somebody who has it can do it for you.",
            command(other, prefix)
        ),
    }
}

fn limit_reached(who: &Person, reached: &LimitReached) -> String {
    let (who, runs, until) = (mention(who), many(u64::from(reached.most), "run"), moment(reached.until));
    match reached.of {
        LimitOf::Repository => format!(
            "{who}, nothing was begun: {runs} may begin in this repository within 24 hours, and they have. There is room for \
             the next at {until}; please ask again then. Until then I only react to those who ask. The operator of this App \
             sets the limit."
        ),
        LimitOf::Person => format!(
            "{who}, nothing was begun: one person may begin {runs} within 24 hours, and you have. There is room for your next \
             at {until}; please ask again then. Until then I only react. The operator of this App sets the limit; somebody \
             else who may ask for plans need not wait."
        ),
    }
}

fn not_approved(who: &Person, reasons: &[Reason], number: u32, digest: &Digest, setting: &Setting<'_>) -> String {
    let prefix = &setting.spelling.prefix;
    let missing = match reasons {
        [] => "Something that is needed is not known yet.".to_owned(),
        [one] => trouble::reason(one, prefix),
        several => several.iter().map(|reason| format!("\n- {}", trouble::reason(reason, prefix))).collect(),
    };
    let standing = reasons.iter().any(Reason::is_about_standing);
    let gap = if missing.starts_with('\n') { "\n" } else { " " };
    let told = format!("{}, this is not approved yet.{gap}{missing}", mention(who));
    // How to approve is of no use to who may not.
    if standing {
        return told;
    }
    let review = setting.plan_pull.map_or_else(String::new, |pull| format!("an approving review on #{pull} or "));
    format!(
        "{told}\n\nUp for approval is {}. To approve it, give {review}this comment:\n\n{}",
        version(number, digest),
        fence("text", &prefix.spell(&format!("approve {}", digest.short())))
    )
}

/// A mention, of the person who is answered and nobody else. Logins of Apps mention nobody.
fn mention(who: &Person) -> String {
    if who.login.as_str().ends_with("[bot]") { code(who.login.as_str()) } else { format!("@{}", who.login) }
}

fn logins(people: &[Person]) -> String {
    and(&people.iter().map(|person| code(person.login.as_str())).collect::<Vec<_>>())
}

fn command(wanted: &str, prefix: &Prefix) -> String {
    if wanted == "label" { "the label".to_owned() } else { code(&prefix.spell(wanted)) }
}

/// A phase as the end of "the run is …".
fn in_phase(phase: &str) -> String {
    match phase {
        "planning" => "writing a plan".to_owned(),
        "awaiting_answer" => "waiting for answers".to_owned(),
        "publishing" => "posting a plan".to_owned(),
        "awaiting_approval" => "waiting for approval".to_owned(),
        "starting" => "approved and about to start".to_owned(),
        "executing" => "at work on an approved plan".to_owned(),
        "resting" => "resting, with what is done kept".to_owned(),
        "delivering" => "opening its pull request".to_owned(),
        "in_review" => "waiting for the review of its work".to_owned(),
        "ended" => "over".to_owned(),
        other => format!("in the phase {}", inline(other)),
    }
}

fn where_it_stands(setting: &Setting<'_>) -> String {
    let issue = setting.home.issue(setting.issue);
    match setting.status {
        Some(comment) => format!("[The status comment]({issue}#issuecomment-{comment}) tells the rest."),
        None => format!("The status comment on #{} tells the rest.", setting.issue),
    }
}

#[cfg(test)]
mod tests;
