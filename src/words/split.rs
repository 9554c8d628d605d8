//! The issues for the steps of a plan: their titles and texts, and the list of them.
//!
//! Promises: a step's own words do nothing where they stand, as in the plan itself (T62).

use serde::{Deserialize, Serialize};

use super::escape::{bare_line, code, quoted};
use super::figures::many;
use super::plan::{version, work};
use super::pull::PullText;
use crate::ids::{Digest, IssueNumber, PullNumber};
use crate::workflow::command::Prefix;
use crate::workflow::plan::PlanStep;

/// How long a title may be, in characters; GitHub takes 256.
const MAX_TITLE: usize = 200;

/// A step, and the issue that was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitPart {
    /// The step's id.
    pub step: String,
    /// Its title.
    pub title: String,
    /// Its issue; `None` if GitHub would not take one.
    pub issue: Option<PartIssue>,
}

/// The issue of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartIssue {
    /// Its number.
    pub number: IssueNumber,
    /// The version whose words it has, where these are others by now.
    pub outdated: Option<u32>,
    /// Whether GitHub shows it below the run's issue.
    pub below: bool,
}

/// The version that a step is of, and where it is discussed.
#[derive(Debug, Clone, Copy)]
pub struct StepOf<'a> {
    /// The run's issue.
    pub issue: IssueNumber,
    /// The version.
    pub version: u32,
    /// Its digest.
    pub digest: &'a Digest,
    /// The plan pull request.
    pub plan_pull: PullNumber,
}

/// The issue of a step.
#[must_use]
pub fn sub_issue(step: &PlanStep, of: &StepOf<'_>) -> PullText {
    let StepOf { issue, version: number, digest, plan_pull } = of;
    let (id, plan) = (code(&step.id), version(*number, digest));
    let title = bare_line(&step.title, MAX_TITLE);
    let title = if title.is_empty() { bare_line(&format!("Step {} of #{issue}", step.id), MAX_TITLE) } else { title };
    let body = format!("Step {id} of the plan for #{issue}, {plan} in #{plan_pull}.\n\n{}\n", work(step));
    PullText { title, body }
}

/// The steps of a version with their issues.
pub(super) fn listed(version: u32, parts: &[SplitPart], issue: IssueNumber, prefix: &Prefix) -> String {
    let lines: Vec<String> = parts.iter().map(|one| part(one, version, issue)).collect();
    let again = match parts.iter().all(|part| part.issue.is_some()) {
        true => "",
        false => &prefix.tell("\n\n`/split` tries again what GitHub did not take."),
    };
    format!(
        "The steps of v{version} as issues below #{issue}:\n\n{}{again}\n\nThis run goes on as it is, and its pull request \
         closes the issues of the steps that are done in it. They start nothing: to have one planned by itself, {} If they \
         are to take the place of this run, {}",
        lines.join("\n"),
        prefix.tell("write `/plan` there."),
        prefix.tell("write `/cancel` here.")
    )
}

fn part(part: &SplitPart, version: u32, parent: IssueNumber) -> String {
    let SplitPart { step, title, issue } = part;
    let (step, title) = (code(step), quoted(title));
    let Some(PartIssue { number, outdated, below }) = issue else {
        return format!("- {step} · {title}: GitHub did not take it.");
    };
    let old = outdated.map_or_else(String::new, |old| {
        format!(" It has the words of v{old}, and v{version} has others for this step; I do not change it.")
    });
    let beside = if *below { String::new() } else { format!(" GitHub did not take it as a sub-issue of #{parent}.") };
    format!("- #{number} · {step} · {title}{}{old}{beside}", if old.len() + beside.len() > 0 { "." } else { "" })
}

/// So many issues do not fit below one.
pub(super) fn no_room(who: &str, steps: usize, room: usize, issue: IssueNumber) -> String {
    format!(
        "{who}, nothing was made: the plan has {} without an issue, and GitHub takes {} more below #{issue}.",
        many(steps as u64, "step"),
        many(room as u64, "sub-issue")
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;
    use crate::workflow::plan::{FileChange, PlannedFile};

    const OF: IssueNumber = IssueNumber(42);

    #[test]
    fn t62_the_words_of_a_step_do_nothing_in_its_issue() {
        let files = vec![PlannedFile { path: "a.txt".parse().unwrap(), change: FileChange::Create }];
        let step = PlanStep {
            id: "s1".to_owned(),
            title: "Thank @ann, fixes #9".to_owned(),
            files,
            what: "/approve\n\nCloses #9, cc @acme/all <img src=x>".to_owned(),
            verify: "It is @bob's turn.".to_owned(),
        };
        let digest = Digest::from_bytes([1; 32]);
        let PullText { title, body } =
            sub_issue(&step, &StepOf { issue: OF, version: 2, digest: &digest, plan_pull: PullNumber(43) });
        insta::assert_snapshot!(format!("{title}\n\n{body}"), @r"
        Thank @ ann, fixes # 9

        Step `s1` of the plan for #42, `v2 · 010101010101` in #43.

        Files: create `a.txt`

        \/approve

        Closes `#9`, cc `@acme/all` \<img src=x>

        > **Done when:** It is `@bob's` turn.
        ");
    }

    #[test]
    fn what_is_there_what_is_old_and_what_could_not_be_made_are_told_apart() {
        let part = |step: &str, issue| SplitPart { step: step.to_owned(), title: "Do it".to_owned(), issue };
        let issue = |number, outdated, below| Some(PartIssue { number: IssueNumber(number), outdated, below });
        let parts = [
            part("s1", issue(50, None, true)),
            part("s2", issue(51, Some(1), true)),
            part("s3", issue(52, None, false)),
            part("s4", None),
        ];
        insta::assert_snapshot!(listed(2, &parts, OF, &Prefix::default()), @r"
        The steps of v2 as issues below #42:

        - #50 · `s1` · Do it
        - #51 · `s2` · Do it. It has the words of v1, and v2 has others for this step; I do not change it.
        - #52 · `s3` · Do it. GitHub did not take it as a sub-issue of #42.
        - `s4` · Do it: GitHub did not take it.

        `/split` tries again what GitHub did not take.

        This run goes on as it is, and its pull request closes the issues of the steps that are done in it. They start nothing: to have one planned by itself, write `/plan` there. If they are to take the place of this run, write `/cancel` here.
        ");
        assert_eq!(
            no_room("@ann", 3, 1, OF),
            "@ann, nothing was made: the plan has 3 steps without an issue, and GitHub takes 1 sub-issue more below #42."
        );
    }
}
