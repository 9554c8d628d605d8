//! What is to be done, in the imperative: a row in the store before it is a deed. Each may happen twice and is made to bear it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::act::{ActId, Place};
use super::approval::Gate;
use super::news::News;
use super::run::{Note, Raise, Reply};
use crate::ids::{CommentId, CommitSha, Person, PullNumber, ReviewCommentId};
use crate::words::Words;
use crate::words::plan::ParseFault;

/// Something to be done for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Show that it was seen.
    React {
        /// To what.
        to: ReactTo,
    },
    /// Say something, once.
    Say {
        /// What.
        words: Words,
        /// Where.
        place: Place,
        /// The name it has within the run.
        key: String,
    },
    /// Bring the status comment up to date.
    ShowStatus,
    /// Bring the status comment up to date after a little while, together with what else happens in it.
    ShowStatusSoon,
    /// Have the planner write a version.
    WritePlan {
        /// Which.
        version: u32,
    },
    /// Commit the plan file to the plan branch.
    CommitPlan {
        /// Which version.
        version: u32,
    },
    /// Open the plan pull request.
    OpenPlanPull {
        /// The version it opens with.
        version: u32,
    },
    /// Post the plan comment.
    PostPlan {
        /// Which version.
        version: u32,
    },
    /// Answer a note where it was made.
    AnswerNote {
        /// The version that answers it.
        version: u32,
        /// The note.
        note: Box<Note>,
    },
    /// Wait for the end of a burst of notes.
    EndBurst {
        /// How many notes there are so far.
        notes: usize,
    },
    /// Ask GitHub what a gate asks.
    Judge {
        /// Which gate.
        gate: Gate,
        /// The act that is the occasion.
        because: Option<ActId>,
    },
    /// Ask once more after a while, because something was unknown.
    JudgeAgain {
        /// Which gate.
        gate: Gate,
        /// The number of the question; another one than the hold's is not asked.
        asked: u32,
        /// After how long at least.
        pause: Duration,
    },
    /// Have the executor execute the approved version.
    Execute {
        /// Which.
        version: u32,
    },
    /// Make the commits and set the branch.
    Push {
        /// The version that was executed.
        version: u32,
    },
    /// Open the pull request with the work.
    OpenPull {
        /// The version that was executed.
        version: u32,
        /// The last commit.
        head: CommitSha,
    },
    /// Say beside the merge button how the work stands to the plan.
    ReportConformance {
        /// The version that was executed.
        version: u32,
        /// The commit it is said of.
        head: CommitSha,
    },
    /// Close the plan pull request.
    ClosePlanPull {
        /// Which.
        plan_pull: PullNumber,
        /// The pull request to point to.
        pull: Option<PullNumber>,
    },
    /// Have the executor follow up on what people said of the work.
    FollowUp {
        /// Its number.
        number: u32,
    },
    /// Make the commit of a follow-up and move the branch to it.
    PushMore {
        /// Its number.
        number: u32,
    },
    /// Answer a note on the work.
    AnswerWork {
        /// The follow-up that took it up.
        number: u32,
        /// The commit that answers it; `None` if nothing was changed.
        commit: Option<CommitSha>,
        /// The answer.
        reply: Box<Reply>,
    },
    /// Bring the text of the pull request with the work up to date.
    TellWork,
    /// Delete the run's branches, as long as they are where we left them, and its files on this machine.
    CleanUp {
        /// The last commit that we wrote to the plan branch.
        plan: CommitSha,
        /// The last commit that we wrote to the branch with the work.
        work: CommitSha,
    },
    /// Look for what a run that ended half-way has made without being told, and put it away.
    TidyUp,
    /// Answer a note that led to no new version.
    AnswerKept {
        /// The version that stays.
        version: u32,
        /// The answer.
        reply: Box<Reply>,
    },
    /// Show what is wrong with a pushed plan, on the lines where it is.
    MarkFaults {
        /// The commit that holds it.
        head: CommitSha,
        /// Who pushed it.
        by: Person,
        /// What is wrong.
        faults: Vec<ParseFault>,
    },
    /// Look what became of the base branch.
    LookAtBase,
    /// Remind people of a version that waits.
    Remind {
        /// Which.
        version: u32,
    },
    /// Close a version that nobody has approved for long.
    TimeOut {
        /// Which.
        version: u32,
    },
    /// Ask GitHub whether someone may grant more.
    JudgeRaise {
        /// Who, how much, and where.
        raise: Box<Raise>,
    },
    /// End a run whose work has rested for long.
    EndRest,
    /// Say something on the pull request with the work, once.
    SayOnPull {
        /// What.
        words: Words,
        /// Where.
        pull: PullNumber,
        /// The name it has within the run.
        key: String,
    },
    /// Open an issue for a step of a plan, below the run's issue.
    OpenSubIssue {
        /// The version.
        version: u32,
        /// The step's id.
        step: String,
    },
    /// List the issues for the steps of a plan, once.
    TellSplit {
        /// The version.
        version: u32,
        /// Where.
        place: Place,
        /// The name it has within the run.
        key: String,
    },
    /// Tell a receiver of webhooks that the run went from one phase to another.
    Announce {
        /// The receiver's name in the configuration.
        hook: String,
        /// What happened.
        news: Box<News>,
    },
}

/// What to react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReactTo {
    /// The issue.
    Issue,
    /// A comment on the issue or the plan pull request.
    Comment(CommentId),
    /// A comment on a line.
    ReviewComment(ReviewCommentId),
}

/// Which effects wait for which: those of one run in one lane are done in order, lanes do not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Calls to GitHub that take moments: comments, labels, branches.
    Talk,
    /// Model and sandbox: minutes to hours.
    Work,
    /// Something to look at later; not ordered.
    Timer,
    /// Calls to GitHub that a person wants done whatever becomes of the run; other calls need not wait for them.
    Aside,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Lane; 4] = [Lane::Talk, Lane::Work, Lane::Timer, Lane::Aside];

    /// The name, as rows and logs know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Talk => "talk",
            Lane::Work => "work",
            Lane::Timer => "timer",
            Lane::Aside => "aside",
        }
    }
}

impl Effect {
    /// The lane it runs in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Effect::WritePlan { .. } | Effect::Execute { .. } | Effect::FollowUp { .. } => Lane::Work,
            Effect::EndBurst { .. }
            | Effect::JudgeAgain { .. }
            | Effect::ShowStatusSoon
            | Effect::TidyUp
            | Effect::LookAtBase
            | Effect::Remind { .. }
            | Effect::TimeOut { .. }
            | Effect::EndRest
            | Effect::Announce { .. } => Lane::Timer,
            Effect::React { .. }
            | Effect::Say { .. }
            | Effect::ShowStatus
            | Effect::CommitPlan { .. }
            | Effect::OpenPlanPull { .. }
            | Effect::PostPlan { .. }
            | Effect::AnswerNote { .. }
            | Effect::Judge { .. }
            | Effect::Push { .. }
            | Effect::OpenPull { .. }
            | Effect::ReportConformance { .. }
            | Effect::ClosePlanPull { .. }
            | Effect::PushMore { .. }
            | Effect::AnswerWork { .. }
            | Effect::TellWork
            | Effect::CleanUp { .. }
            | Effect::AnswerKept { .. }
            | Effect::MarkFaults { .. }
            | Effect::JudgeRaise { .. }
            | Effect::SayOnPull { .. } => Lane::Talk,
            Effect::OpenSubIssue { .. } | Effect::TellSplit { .. } => Lane::Aside,
        }
    }

    /// The effect's kind, for logs and the audit trail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Effect::React { .. } => "react",
            Effect::Say { .. } => "say",
            Effect::ShowStatus => "show_status",
            Effect::ShowStatusSoon => "show_status_soon",
            Effect::WritePlan { .. } => "write_plan",
            Effect::CommitPlan { .. } => "commit_plan",
            Effect::OpenPlanPull { .. } => "open_plan_pull",
            Effect::PostPlan { .. } => "post_plan",
            Effect::AnswerNote { .. } => "answer_note",
            Effect::EndBurst { .. } => "end_burst",
            Effect::Judge { .. } => "judge",
            Effect::JudgeAgain { .. } => "judge_again",
            Effect::Execute { .. } => "execute",
            Effect::Push { .. } => "push",
            Effect::OpenPull { .. } => "open_pull",
            Effect::ReportConformance { .. } => "report_conformance",
            Effect::ClosePlanPull { .. } => "close_plan_pull",
            Effect::FollowUp { .. } => "follow_up",
            Effect::PushMore { .. } => "push_more",
            Effect::AnswerWork { .. } => "answer_work",
            Effect::TellWork => "tell_work",
            Effect::CleanUp { .. } => "clean_up",
            Effect::TidyUp => "tidy_up",
            Effect::AnswerKept { .. } => "answer_kept",
            Effect::MarkFaults { .. } => "mark_faults",
            Effect::LookAtBase => "look_at_base",
            Effect::Remind { .. } => "remind",
            Effect::TimeOut { .. } => "time_out",
            Effect::JudgeRaise { .. } => "judge_raise",
            Effect::EndRest => "end_rest",
            Effect::SayOnPull { .. } => "say_on_pull",
            Effect::OpenSubIssue { .. } => "open_sub_issue",
            Effect::TellSplit { .. } => "tell_split",
            Effect::Announce { .. } => "announce",
        }
    }
}
