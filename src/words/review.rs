//! What is said about the work while it is up for review: answers to what people said of it, and why nothing was done.

use super::escape::{block, code, fence};
use super::figures::many;
use super::trouble;
use crate::ids::{BranchName, CommitSha, Digest, IssueNumber, PullNumber};
use crate::workflow::approval::Reason;
use crate::workflow::command::Prefix;
use crate::workflow::run::{InReview, Outcome, ReviewStage, Trouble};

/// The answer to a note on the work. `commit` is the follow-up's, where it changed something.
#[must_use]
pub fn answer_work(done: bool, commit: Option<&CommitSha>, text: &str) -> String {
    let verdict = match (done, commit) {
        (true, Some(commit)) => format!("Done in {}.", code(commit.short())),
        (true, None) => "Answered; nothing had to change.".to_owned(),
        (false, _) => "Not done.".to_owned(),
    };
    let text = block(text);
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{verdict}{gap}{text}")
}

/// What is being done about the work, as the end of a sentence that begins with its pull request.
pub(super) fn doing(review: &InReview, rounds: u32, prefix: &Prefix) -> String {
    match &review.stage {
        ReviewStage::Open if review.notes.is_empty() => "holds the work and waits for your review.".to_owned(),
        ReviewStage::Open if review.rounds >= rounds => format!(
            "holds the work and waits for your review. What was said of it is taken up {}",
            prefix.tell("when someone with write access writes `/fix` there.")
        ),
        ReviewStage::Open => "holds the work; what was said of it is being gathered.".to_owned(),
        ReviewStage::Starting { .. } => {
            "holds the work; the approval is judged once more, then what was said of it is \
             taken up."
                .to_owned()
        }
        ReviewStage::Working { follow_up, .. } => format!(
            "holds the work; {} being worked on.",
            match follow_up.notes.len() {
                1 => "what was said of it is".to_owned(),
                several => format!("{several} notes on it are"),
            }
        ),
        ReviewStage::Judging { .. } | ReviewStage::Pushing { .. } => {
            "holds the work, and a follow-up is being added to it.".to_owned()
        }
    }
}

pub(super) fn over(rounds: u32, prefix: &Prefix) -> String {
    let ask = prefix.tell("writes `/fix`.");
    if rounds == 0 {
        return format!("I have noted what was said, and take it up when someone with write access {ask}");
    }
    let were = if rounds == 1 { "was" } else { "were" };
    format!(
        "{} {were} made in a row. I have noted what was said since, and take it up when someone with write access {ask}",
        many(u64::from(rounds), "follow-up"),
    )
}

pub(super) fn red(checks: usize, prefix: &Prefix) -> String {
    let are = if checks == 1 { "is" } else { "are" };
    format!(
        "{} {are} red here, and I do nothing more about it by myself. {}",
        many(u64::try_from(checks).unwrap_or(u64::MAX), "check"),
        prefix.tell("`/fix` by someone with write access takes it up.")
    )
}

/// The answer to `/update` where the base merged by itself, and the words for what was done.
#[must_use]
pub fn merged_cleanly(base: &BranchName, checks: usize) -> String {
    let checked = match checks {
        0 => "the plan names no checks",
        1 => "the plan's check is green on the result",
        _ => "the plan's checks are green on the result",
    };
    format!("{base} merged without a conflict, and {checked}. No model was asked.")
}

/// What was done about a red check, where there is no thread and nobody to mention.
#[must_use]
pub fn about_check(name: &str, answer: &str) -> String {
    format!("About the check {}: {answer}", code(name))
}

pub(super) fn refused(reasons: &[Reason], digest: Option<&Digest>, prefix: &Prefix) -> String {
    let missing: String = reasons.iter().map(|reason| format!("\n- {}", trouble::reason(reason, prefix))).collect();
    let help = match digest {
        None => prefix.tell("What was said is kept; `/fix` takes it up once that is mended."),
        Some(digest) => format!(
            "{}\n\n{}",
            prefix.tell(
                "What was said is kept; `/fix` takes it up once that is mended. Somebody who may approve the plan does so anew \
                 with this comment:"
            ),
            fence("text", &prefix.spell(&format!("approve {}", digest.short())))
        ),
    };
    format!(
        "The plan that this work rests on is not approved as it was, so nothing is added to the work:\n{missing}\n\n{help}"
    )
}

pub(super) fn approved(who: &str, pull: PullNumber, prefix: &Prefix) -> String {
    format!(
        "{who}, your approval is recorded. The work on this plan is up for review in #{pull}, so nothing begins by it; as far \
         as you may approve, what is done about the review rests on it as well. {}",
        prefix.tell("`/fix` there takes up what was said.")
    )
}

pub(super) fn failed(why: &Trouble, issue: IssueNumber, prefix: &Prefix) -> String {
    let cause = trouble::cause(why, prefix);
    if matches!(why, Trouble::PlanIsWrong { .. }) {
        return format!(
            "This needs more than the approved plan allows, so it was not done here. {cause}\n\nFor a new plan close this \
             pull request, and {} on #{issue}.",
            prefix.tell("write `/plan` and what to mind")
        );
    }
    if matches!(why, Trouble::OverBudget { .. }) {
        return format!(
            "I could not finish this, and the work is as it was. {cause}\n\n{}",
            prefix.tell(
                "`/budget +2.50` by somebody who may approve grants $2.50 more; then `/fix` goes on, and \
                 nothing is paid for twice."
            )
        );
    }
    format!(
        "I could not do this, and the work is as it was. {cause}\n\n{}",
        prefix.tell("What was said is kept; `/fix` and what to mind tries again.")
    )
}

pub(super) fn not_widened(version: u32, outcome: &Outcome, prefix: &Prefix) -> String {
    format!(
        "The plan stays at v{version}, so the work stays as it is. {} {}",
        trouble::outcome(outcome, None, prefix).cause,
        prefix.tell("What was said is kept; `/fix` and what to mind takes it up inside that version.")
    )
}

pub(super) fn stopped(who: &str, prefix: &Prefix) -> String {
    format!(
        "{who}, the follow-up has stopped, and the work is as it was. {}",
        prefix.tell("What was said is kept; `/fix` takes it up again.")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha() -> Option<CommitSha> {
        "2".repeat(40).parse().ok()
    }

    #[test]
    fn an_answer_says_whether_it_was_done_and_where() {
        insta::assert_snapshot!(answer_work(true, sha().as_ref(), "It is trimmed."), @r"
        Done in `2222222222`.

        It is trimmed.
        ");
        insta::assert_snapshot!(answer_work(true, None, ""), @"Answered; nothing had to change.");
        insta::assert_snapshot!(answer_work(false, sha().as_ref(), ""), @"Not done.");
        insta::assert_snapshot!(about_check("style", "Not done."), @"About the check `style`: Not done.");
    }

    #[test]
    fn what_is_not_done_by_itself_says_who_can_ask_for_it() {
        let prefix = Prefix::default();
        insta::assert_snapshot!(over(3, &prefix), @"3 follow-ups were made in a row. I have noted what was said since, and take it up when someone with write access writes `/fix`.");
        insta::assert_snapshot!(over(0, &prefix), @"I have noted what was said, and take it up when someone with write access writes `/fix`.");
        insta::assert_snapshot!(red(1, &prefix), @"1 check is red here, and I do nothing more about it by myself. `/fix` by someone with write access takes it up.");
    }

    #[test]
    fn a_follow_up_that_came_to_nothing_says_why_and_what_helps() {
        let prefix = Prefix::default();
        let issue = IssueNumber(42);
        insta::assert_snapshot!(refused(&[Reason::BranchMoved], None, &prefix), @r"
        The plan that this work rests on is not approved as it was, so nothing is added to the work:

        - Someone else pushed to the plan branch, so what stands there is not what was approved.

        What was said is kept; `/fix` takes it up once that is mended.
        ");
        let digest = Digest::from_bytes([0x3f; 32]);
        insta::assert_snapshot!(refused(&[Reason::NobodyApproved], Some(&digest), &prefix), @r"
        The plan that this work rests on is not approved as it was, so nothing is added to the work:

        - Nobody has approved this version yet.

        What was said is kept; `/fix` takes it up once that is mended. Somebody who may approve the plan does so anew with this comment:

        ```text
        /approve 3f3f3f3f3f3f
        ```
        ");
        insta::assert_snapshot!(approved("@cara", PullNumber(44), &prefix), @"@cara, your approval is recorded. The work on this plan is up for review in #44, so nothing begins by it; as far as you may approve, what is done about the review rests on it as well. `/fix` there takes up what was said.");
        insta::assert_snapshot!(failed(&Trouble::PlanIsWrong { text: "no".to_owned() }, issue, &prefix), @r"
        This needs more than the approved plan allows, so it was not done here. The plan turned out not to work: no

        For a new plan close this pull request, and write `/plan` and what to mind on #42.
        ");
        insta::assert_snapshot!(failed(&Trouble::EmptyIssue, issue, &prefix), @r"
        I could not do this, and the work is as it was. The issue does not say what should be done.

        What was said is kept; `/fix` and what to mind tries again.
        ");
        insta::assert_snapshot!(failed(&Trouble::OverBudget { what: "money".to_owned() }, issue, &prefix), @r"
        I could not finish this, and the work is as it was. The budget for this work is used up: money.

        `/budget +2.50` by somebody who may approve grants $2.50 more; then `/fix` goes on, and nothing is paid for twice.
        ");
        insta::assert_snapshot!(stopped("@ann", &prefix), @"@ann, the follow-up has stopped, and the work is as it was. What was said is kept; `/fix` takes it up again.");
    }
}
