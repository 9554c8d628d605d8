//! Why a run ended or waits, as sentences: the cause, then what a person can do about it.

use super::escape::{code, quoted};
use super::figures::{and, moment};
use super::spending;
use crate::ids::{Person, PullNumber, Timestamp};
use crate::workflow::act::{ActId, Voided};
use crate::workflow::approval::Reason;
use crate::workflow::command::Prefix;
use crate::workflow::run::{CancelledBy, Fate, Finished, Outcome, Revert, Trouble};

/// What happened, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// The cause, as sentences.
    pub(super) cause: String,
    /// What a person can do, as sentences; empty if nothing is left to do.
    pub(super) help: String,
}

fn account(cause: impl Into<String>, help: impl Into<String>) -> Account {
    Account { cause: cause.into(), help: help.into() }
}

/// How a run ended. `digest` is that of the version people saw last, shortened.
pub(super) fn outcome(outcome: &Outcome, digest: Option<&str>, prefix: &Prefix) -> Account {
    match outcome {
        Outcome::Done { pull, fate, .. } => fate_of(*pull, fate, prefix),
        Outcome::Cancelled { by, why } => account(cancelled(by.as_ref(), *why), prefix.tell("`/plan` starts over.")),
        Outcome::NeedsNewPlan { why } => {
            let Account { cause, .. } = trouble(why, digest, prefix);
            account(cause, prefix.tell("The plan has to change: `/plan` and what to mind makes a new one."))
        }
        Outcome::Failed { why } => trouble(why, digest, prefix),
    }
}

/// What became of the pull request with the work.
fn fate_of(pull: PullNumber, fate: &Fate, prefix: &Prefix) -> Account {
    let by = |by: &Option<Person>| {
        by.as_ref().map_or_else(String::new, |person| format!(" by {}", code(person.login.as_str())))
    };
    match fate {
        Fate::Unknown => account(format!("#{pull} holds the work."), "It waits for your review."),
        Fate::Merged { by: who, commit } => {
            let at = commit.as_ref().map_or_else(String::new, |commit| format!(" as {}", code(commit.short())));
            account(format!("The work was merged{} in #{pull}{at}.", by(who)), "")
        }
        Fate::Closed { by: who } => account(
            format!("#{pull}, which held the work, was closed{} without a merge.", by(who)),
            prefix.tell("`/plan` starts over."),
        ),
        Fate::Reverted { by } => {
            let how = match by {
                Revert::Commit(commit) => format!("commit {}", code(commit.short())),
                Revert::Pull(number) => format!("#{number}"),
            };
            account(
                format!("The work was merged in #{pull}, and {how} took it back."),
                prefix.tell("`/plan` and what to mind makes a new plan."),
            )
        }
    }
}

fn cancelled(by: Option<&Person>, why: CancelledBy) -> String {
    let who = by.map_or_else(|| "Someone".to_owned(), |person| code(person.login.as_str()));
    match why {
        CancelledBy::Command => format!("{who} cancelled the run."),
        CancelledBy::Unlabelled => format!("{who} removed the label, which ended the run."),
        CancelledBy::IssueClosed => format!("{who} closed the issue, which ended the run."),
        CancelledBy::NobodyDecided => "Nobody approved the plan for a long time, so it was closed.".to_owned(),
        CancelledBy::NobodyWentOn => {
            "The work rested for a long time and nobody went on with it, so the run was ended.".to_owned()
        }
        CancelledBy::PlanPullClosed => format!("{who} closed the plan pull request, which ended the run."),
        CancelledBy::Operator => "The operator of this server ended the run.".to_owned(),
        CancelledBy::Uninstalled => "The App was removed from this repository, which ended the run.".to_owned(),
    }
}

fn trouble(trouble: &Trouble, digest: Option<&str>, prefix: &Prefix) -> Account {
    let retry = digest.map_or_else(
        || prefix.tell("`/plan` tries again."),
        |digest| {
            let retry = code(&prefix.spell(&format!("retry {digest}")));
            format!("{retry} approves that version and runs it, {}", prefix.tell("`/plan` starts over."))
        },
    );
    match trouble {
        Trouble::EmptyRepository => account(
            "The repository has no commit to work on.",
            prefix.tell("Push a first commit to the default branch, then write `/plan`."),
        ),
        Trouble::EmptyIssue => account(
            "The issue does not say what should be done.",
            prefix.tell("Describe it in the issue, then write `/plan`; or write `/plan` and what you want."),
        ),
        Trouble::Refused { text } => account(
            format!("The model declined to do this: {}", quoted(text)),
            prefix.tell("Put the issue in other words and write `/plan`, or ask the operator for another model."),
        ),
        Trouble::NoChange { text } => account(
            format!("There is nothing to change: {}", quoted(text)),
            prefix.tell("If something is missing all the same, write `/plan` and what it is."),
        ),
        Trouble::OverBudget { what } => account(
            format!("The budget for this work is used up: {}.", quoted(what)),
            format!("{retry} More than this only the operator can grant, in the configuration."),
        ),
        Trouble::DayIsFull { reached } => {
            account(spending::day(reached), format!("{} {retry}", spending::room(reached.until)))
        }
        Trouble::Lost { text } => account(format!("The agent got stuck and was stopped: {}", quoted(text)), retry),
        Trouble::Model { text } => account(
            format!("The model's endpoint did not answer as it should: {}", quoted(text)),
            format!("The operator can see why in the log. {retry}"),
        ),
        Trouble::NoSandbox { text } => account(
            format!("The sandbox did not start, so nothing was run: {}", quoted(text)),
            format!("The operator has to mend the host. {retry}"),
        ),
        Trouble::NoImage { text } => account(
            format!(
                "The image that the repository's policy names could not be used, so nothing was run: {}",
                quoted(text)
            ),
            format!("The operator has to mend that, or the policy has to name another image. {retry}"),
        ),
        Trouble::SetUpFailed { command, output } => account(
            format!(
                "A set-up command of the repository's policy failed, so the work was not begun: {}. It said: {}",
                code(command),
                quoted(output)
            ),
            format!("Mend the command in the policy, or what it needs. {retry}"),
        ),
        Trouble::ChecksFailed { commands } => {
            let commands: Vec<String> = commands.iter().map(|command| code(command)).collect();
            account(format!("The plan's checks still fail: {}.", and(&commands)), retry)
        }
        Trouble::PlanIsWrong { text } => account(
            format!("The plan turned out not to work: {}", quoted(text)),
            prefix.tell("`/plan` and what to mind makes a new one."),
        ),
        Trouble::Forbidden { text } => account(
            format!("The result broke a rule and was not pushed: {}", quoted(text)),
            prefix.tell("If the change is wanted, write `/plan` and say so: the plan has to allow it."),
        ),
        Trouble::Void { reason } => account(
            format!("The approved version no longer holds. {}", self::reason(reason, prefix)),
            prefix.tell("`/plan` makes a new version."),
        ),
        Trouble::Github { text } => account(
            format!("GitHub refused a write: {}", quoted(text)),
            format!("Someone who administers the App or the repository can allow it. {retry}"),
        ),
        Trouble::GithubAway { since, finished, text } => away(*since, (*finished, text), &retry, prefix),
        Trouble::GaveUp { text } => account(
            format!("After many tries this did not succeed: {}", quoted(text)),
            format!("The operator can see why in the log. {retry}"),
        ),
    }
}

/// GitHub was away for as long as what is finished is kept.
fn away(since: Timestamp, (finished, text): (Finished, &str), retry: &str, prefix: &Prefix) -> Account {
    let what = match finished {
        Finished::Nothing => "so this run could not go on",
        Finished::Plan => "so the plan that was written could not be brought there",
        Finished::Work => "so the finished work could not be brought there",
    };
    let cause = format!(
        "GitHub could not be reached, or did not do its part, for seven days, since {}, {what}. The last answer: {}",
        moment(since),
        quoted(text)
    );
    let help = match finished {
        Finished::Nothing => retry.to_owned(),
        Finished::Plan => prefix
            .tell("The plan is kept on this server: `/retry` publishes it and approves nothing, `/plan` starts over."),
        Finished::Work => format!(
            "The work is kept on this server. {retry} The retry goes on from that work and does none of its steps again."
        ),
    };
    account(cause, help)
}

/// What happened, without what would help a run that ended by it.
pub(super) fn cause(why: &Trouble, prefix: &Prefix) -> String {
    trouble(why, None, prefix).cause
}

/// A reason as a sentence that says what is missing and who can give it.
pub(super) fn reason(reason: &Reason, prefix: &Prefix) -> String {
    let login = |person: &Person| code(person.login.as_str());
    match reason {
        Reason::NobodyApproved => "Nobody has approved this version yet.".to_owned(),
        Reason::TooFew { have, need } => {
            format!("{have} of {need} approvals are there; another person with write access can give one.")
        }
        Reason::EarlierVersion { versions: Some((old, new)), .. } => format!(
            "That approval is for an earlier version, v{old}; {} shows what is different in v{new}. Please read that, and \
             approve the current one.",
            code(&prefix.spell(&format!("diff v{old} v{new}")))
        ),
        Reason::EarlierVersion { versions: None, .. } => prefix.tell(
            "That approval is for an earlier version; `/diff` shows what changed last. Please read the current one, and \
             approve that.",
        ),
        Reason::UnboundReview { .. } => {
            prefix.tell("GitHub did not say which commit that review is for; `/approve` with the digest says it.")
        }
        Reason::BeforePublication { .. } => {
            "That approval was made before this version was there to be read; please approve once more.".to_owned()
        }
        Reason::BeforeRetry { .. } => prefix.tell(
            "That approval is not later than `/retry`, so it belongs to the run before; please approve once more.",
        ),
        Reason::NotADigest { .. } => prefix.tell(
            "What stands behind `/approve` is not a digest: it takes 12 to 64 digits of 0-9 and a-f, after one space.",
        ),
        Reason::UnknownDigest { .. } => "No version of this plan has that digest.".to_owned(),
        Reason::DigestRequired { .. } => {
            prefix.tell("Here `/approve` has to name the digest, so that it is certain what is approved.")
        }
        Reason::NoWriteAccess { by, .. } => {
            format!("{} has no write access to this repository; someone who has can approve.", login(by))
        }
        Reason::NotAPerson { .. } => {
            "Only people approve; an App or bot, or an App in a person's name, does not count.".to_owned()
        }
        Reason::AskedForIt { by, .. } => {
            format!("{} asked for this plan, so another person with write access must approve it.", login(by))
        }
        Reason::TakenBack { how, .. } => format!("That approval was {} and no longer counts.", voided(*how)),
        Reason::Vetoed { by, act: ActId::Review(_) } => format!(
            "{by} has requested changes. {by} can approve, or take that back with {unapprove}; an administrator who did \
             not ask for the plan can dismiss the review or write {lift}.",
            unapprove = code(&prefix.spell("unapprove")),
            lift = code(&prefix.spell(&format!("lift @{}", by.login))),
            by = login(by)
        ),
        Reason::Vetoed { by, act: ActId::Comment(_) } => format!(
            "{by} has objected. {by} can take that back with {unapprove} or approve; an administrator who did not ask \
             for the plan can set it aside with {lift}.",
            unapprove = code(&prefix.spell("unapprove")),
            lift = code(&prefix.spell(&format!("lift @{}", by.login))),
            by = login(by)
        ),
        Reason::PermissionUnknown { by, .. } => {
            format!("GitHub does not say at the moment what {} may do here; it is asked again.", login(by))
        }
        Reason::BranchUnknown => {
            "GitHub does not say at the moment where the plan branch is; it is asked again.".to_owned()
        }
        Reason::BaseUnknown => {
            "GitHub does not say at the moment where the base branch is; it is asked again.".to_owned()
        }
        Reason::BranchMoved => {
            "Someone else pushed to the plan branch, so what stands there is not what was approved.".to_owned()
        }
        Reason::BranchGone => "The plan branch was deleted.".to_owned(),
        Reason::BaseGone => {
            "The base branch no longer contains the commit that the plan was written against.".to_owned()
        }
        Reason::BaseMoved { paths } => {
            let shown: Vec<String> = paths.iter().take(5).map(|path| code(path)).collect();
            let more = paths.len().saturating_sub(shown.len());
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("The base branch has changed in files that this plan rests on: {}{more}.", shown.join(", "))
        }
        Reason::NotListed { by, .. } => {
            format!("{} is not on this repository's list of approvers; someone who is can approve.", login(by))
        }
        Reason::AnotherAccount { by, .. } => format!(
            "The list of approvers names {}, and meant another account: it binds by number. Someone who may change \
             the repository's policy can list this account.",
            login(by)
        ),
        Reason::PendingMember { by, team, .. } => format!(
            "{} was invited to {} and has not accepted yet; after that, please approve once more.",
            login(by),
            code(team.as_str())
        ),
        Reason::TeamUnknown { by, team, .. } => format!(
            "GitHub does not say at the moment whether {} is in {}; it is asked again.",
            login(by),
            code(team.as_str())
        ),
        Reason::Denied { by, .. } => {
            format!("The operator of this server does not let {} decide here; someone else can approve.", login(by))
        }
        Reason::Expired { by, .. } => {
            format!("The approval of {} is too old to start work on; please approve once more.", login(by))
        }
        Reason::InputChanged { by, .. } => {
            let who = by.as_ref().map_or_else(|| "Someone".to_owned(), login);
            format!(
                "{who} changed the issue after that approval. Approving once more goes on with the text the plan was \
                 made from; {} starts over with the new one.",
                code(&prefix.spell("plan"))
            )
        }
        Reason::OwnerMissing { path, owners } => {
            format!("{} needs an approval by one of its owners: {}.", code(path), listed(owners))
        }
        Reason::OwnerUnclear { path, owners } => format!(
            "The owners' file names only {} for {}, and none of them can approve; whoever may change that file on the \
             default branch can mend it.",
            listed(owners),
            code(path)
        ),
        Reason::OwnersUnknown => {
            "GitHub does not say at the moment who owns the planned paths; it is asked again.".to_owned()
        }
        Reason::PolicyBroken => {
            "This repository's `.github/assentry.toml` has mistakes; nothing goes on until they are mended.".to_owned()
        }
        Reason::PolicyUnknown => {
            "GitHub does not say at the moment what this repository's policy is; it is asked again.".to_owned()
        }
        Reason::Retargeted => "The plan pull request was pointed at another branch.".to_owned(),
        Reason::PlanMerged => "The plan pull request was merged; merging approves nothing.".to_owned(),
        Reason::IssueGone => "The issue was deleted or moved to another repository.".to_owned(),
        Reason::MadePublic => {
            "The repository was made public, and this was planned when only some could read it.".to_owned()
        }
        Reason::BaseRenamed { to } => format!("The base branch is called {} now.", code(to.as_str())),
        Reason::Restored => "The database of this server was put back from a backup, and more has happened here since than \
                             it knows of."
            .to_owned(),
        Reason::Outdated => "The models or prompts that this version names are no longer in use here.".to_owned(),
        Reason::RepositoryUnknown => {
            "GitHub does not say at the moment what became of the repository and the plan pull request; it is asked again."
                .to_owned()
        }
        Reason::TimeUnknown => {
            "GitHub does not say at the moment what time it is, so the approval's age is unknown; it is asked again."
                .to_owned()
        }
        Reason::OwnersTooLarge => {
            "The owners' file is too large to be heeded: GitHub takes up to 3 MB, and the planned paths may have up to 50 \
             different owners. Whoever may change it on the default branch can mend it; a plan with a smaller scope may do."
                .to_owned()
        }
    }
}

/// A reason alone, told to who cannot be helped by somebody else's approval.
pub(super) fn alone(reason: &Reason, prefix: &Prefix) -> String {
    let text = self::reason(reason, prefix);
    text.split_once("; someone").map_or_else(|| text.clone(), |(what, _)| format!("{what}."))
}

/// A reason that stays as it is: nobody asks again by itself.
pub(super) fn unknown(reason: &Reason, prefix: &Prefix) -> String {
    let text = self::reason(reason, prefix);
    text.strip_suffix("; it is asked again.").map_or_else(|| text.clone(), |known| format!("{known}."))
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| code(name)).collect();
    shown.join(", ")
}

pub(super) fn voided(how: Voided) -> &'static str {
    match how {
        Voided::Edited => "edited",
        Voided::Deleted => "deleted",
        Voided::Dismissed => "dismissed",
        Voided::Used => "used for an earlier run",
        Voided::PlanMerged => "followed by a merge of the plan pull request, which approves nothing,",
    }
}
