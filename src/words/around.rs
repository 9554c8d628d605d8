//! What is said when something changed around a run: what it means for the version, and who can say how it goes on.

use super::escape::{code, fence};
use super::figures::{and, moment};
use super::place::Home;
use super::plan::version;
use super::trouble;
use crate::ids::{Digest, IssueNumber, Person};
use crate::workflow::approval::{BaseFact, Reason};
use crate::workflow::change::{Around, Change, Input};
use crate::workflow::command::Prefix;

/// How many changes by people without write access the status comment lists.
const MOST_NOTICES: usize = 3;
/// How many paths a notice about the base names.
const MOST_PATHS: usize = 5;

pub(super) fn input_changed(
    who: Option<&Person>,
    inputs: &[Input],
    (number, digest): (u32, &Digest),
    prefix: &Prefix,
) -> String {
    format!(
        "{} changed {} after v{number} was written. To go on with the text that {} was made from, approve it once more:\
         \n\n{}\n\n{}",
        name(who),
        named(inputs),
        version(number, digest),
        approve(digest, prefix),
        prefix.tell("To plan with the new text, write `/plan`.")
    )
}

pub(super) fn stays_stale(number: u32, reason: &Reason, prefix: &Prefix) -> String {
    format!(
        "v{number} is out of date. {} The versions before it were written without anyone asking, so the next one waits \
         for a person: {}",
        trouble::reason(reason, prefix),
        prefix.tell("`/plan` makes it.")
    )
}

pub(super) fn plan_pull_merged(who: Option<&Person>, number: u32, digest: &Digest, prefix: &Prefix) -> String {
    format!(
        "{} merged the plan pull request. Merging approves nothing, and approvals given before it no longer count. If \
         {} is to be built, approve it once more with a comment; if not, {}\n\n{}",
        name(who),
        version(number, digest),
        prefix.tell("`/plan` makes a new one."),
        approve(digest, prefix)
    )
}

pub(super) fn reminder(number: u32, digest: &Digest, prefix: &Prefix) -> String {
    format!(
        "The plan {} still waits for approval: an approving review, or this comment.\n\n{}\n\n{} There will be no other \
         reminder.",
        version(number, digest),
        approve(digest, prefix),
        prefix.tell("If nobody approves it, it will be closed; `/cancel` closes it now.")
    )
}

pub(super) fn restored(number: u32, digest: &Digest, prefix: &Prefix) -> String {
    format!(
        "The database of this server was put back from a backup, so what happened here since is not known to it. Nothing is \
         built on approvals from before. To have {} built, approve it once more:\n\n{}\n\n{}",
        version(number, digest),
        approve(digest, prefix),
        prefix.tell("If it has been built already, `/cancel` ends this run.")
    )
}

fn approve(digest: &Digest, prefix: &Prefix) -> String {
    fence("text", &prefix.spell(&format!("approve {}", digest.short())))
}

/// What changed after the pull request with the work was opened; people decide there.
pub(super) fn changed_after(change: &Change, issue: IssueNumber, home: &Home, prefix: &Prefix) -> String {
    let at = home.issue(issue);
    let what = match change {
        Change::Input { edits } => {
            let inputs: Vec<Input> = edits.iter().map(|edit| edit.what).collect();
            let who = name(edits.last().and_then(|edit| edit.by.as_ref()));
            format!("{who} changed {} of [issue #{issue}]({at}) after this work was done.", named(&inputs))
        }
        Change::IssueGone => format!("Issue #{issue}, which this work is for, was deleted or moved."),
        Change::IssueClosed => format!("[Issue #{issue}]({at}), which this work is for, was closed."),
        Change::MadePublic => {
            "The repository was made public after this work was done: please look for what should not be seen."
                .to_owned()
        }
        Change::BaseSeen { base: BaseFact::Contains { overlap } } => {
            let shown: Vec<String> = overlap.iter().take(MOST_PATHS).map(|path| code(path)).collect();
            let more = overlap.len().saturating_sub(shown.len());
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            format!(
                "The base branch has changed, and this work conflicts with it in {}{more}. {}",
                and(&shown),
                prefix.tell("`/update` here merges it, and settles what conflicts inside the plan's scope.")
            )
        }
        Change::BaseSeen { base: BaseFact::Gone | BaseFact::Unknown } => {
            "The base branch was moved away from the commit that this work was built on.".to_owned()
        }
        Change::InputByOutsider { .. }
        | Change::PlanPullRetargeted
        | Change::PlanPullMerged { .. }
        | Change::BaseMoved
        | Change::BaseRenamed { .. }
        | Change::Outdated
        | Change::Parked
        | Change::Unparked
        | Change::Restored { .. }
        | Change::ReminderDue { .. }
        | Change::TimeUp { .. } => "Something changed after this work was done.".to_owned(),
    };
    format!("{what} Nothing was done about it; whether to merge is decided here.")
}

/// What people without write access changed since, as a paragraph of the status comment; empty if nothing.
pub(super) fn notices(around: &Around, prefix: &Prefix) -> String {
    let lines = around.notices.iter().rev().take(MOST_NOTICES);
    let shown: Vec<String> = lines
        .map(|notice| format!("{} by {} on {}", named(&[notice.what]), name(notice.by.as_ref()), moment(notice.at)))
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    let more = around.notices.len().saturating_sub(MOST_NOTICES);
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    format!(
        "Changed since by people without write access: {}{more}. {}",
        and(&shown),
        prefix.tell("The plan keeps to the text as it was; `/plan` by someone with write access reads it anew.")
    )
}

fn name(who: Option<&Person>) -> String {
    who.map_or_else(|| "Someone".to_owned(), |person| code(person.login.as_str()))
}

fn named(inputs: &[Input]) -> String {
    let one = |input: &Input| match input {
        Input::Title => "the title".to_owned(),
        Input::Body => "the text".to_owned(),
        Input::Comment(id) => format!("comment {id}"),
    };
    and(&inputs.iter().map(one).collect::<Vec<_>>())
}
