//! What has happened to a run, in the past tense. Every event stands in the log, also the ones that changed nothing.

use serde::{Deserialize, Serialize};

use super::act::{Act, ActId, Place, Voided};
use super::approval::{Facts, Gate, Rules};
use super::change::Change;
use super::deviation::{Deviation, Response};
use super::run::{CancelledBy, Fate, Note, Offer, Outcome, Raise, Reply, Stop};
use super::spending::Full;
use crate::ids::{BranchName, CommitSha, Digest, Person, PullNumber, Timestamp};
use crate::words::Words;
use crate::words::plan::ParseFault;

/// Something that has happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Someone who may asked for a plan; the run began.
    Opened {
        /// Who.
        by: Person,
    },
    /// The planner submitted a version that is sound; it stands in the store.
    PlanWritten {
        /// Its number.
        version: u32,
        /// Its digest.
        digest: Digest,
        /// The base it was written against.
        base: CommitSha,
        /// The rules it is published under.
        rules: Rules,
    },
    /// The planner asked instead.
    QuestionsAsked {
        /// What.
        questions: Vec<String>,
    },
    /// The plan file was committed to the plan branch.
    PlanCommitted {
        /// The version.
        version: u32,
        /// The commit.
        commit: CommitSha,
    },
    /// The plan pull request is there.
    PlanPullOpened {
        /// Its number.
        pull: PullNumber,
        /// When, by GitHub's clock.
        at: Timestamp,
    },
    /// The plan comment is there; the version is public.
    PlanPosted {
        /// The version.
        version: u32,
        /// When, by GitHub's clock.
        at: Timestamp,
    },
    /// Someone who may said something about the plan.
    Noted {
        /// What.
        note: Note,
    },
    /// Nobody has said anything for a while.
    BurstEnded {
        /// How many notes there were when the while began.
        notes: usize,
    },
    /// Someone who may asked for a plan anew.
    PlanAsked {
        /// Who.
        by: Person,
        /// What to mind.
        guidance: Option<String>,
        /// Whether the planner is to go on without asking people.
        #[serde(default)]
        unasked: bool,
        /// Where.
        place: Place,
    },
    /// Someone did something that bears on approval; whether they may is not known yet.
    Acted {
        /// What.
        act: Act,
    },
    /// An act was edited, deleted or dismissed.
    ActVoided {
        /// Which.
        id: ActId,
        /// How.
        how: Voided,
    },
    /// GitHub answered what a gate asks.
    Judged {
        /// Which gate. The second one's answers are the first one's as well, where both are asked at once.
        gate: Gate,
        /// The answers.
        facts: Facts,
        /// The act that was the occasion.
        because: Option<ActId>,
    },
    /// Someone else moved the plan branch, or removed it.
    PlanBranchMoved {
        /// Where it points; `None` if it is gone.
        head: Option<CommitSha>,
    },
    /// Someone who may ended the run.
    Cancelled {
        /// Who.
        by: Option<Person>,
        /// By what.
        why: CancelledBy,
    },
    /// The executor finished a step.
    StepTicked {
        /// The step's id.
        step: String,
    },
    /// Someone who may wants the work to stop; the agent may still be at it.
    StopAsked {
        /// Who, and where.
        stop: Box<Stop>,
    },
    /// The executor has stopped because it was to; nothing of it runs any more.
    Rested,
    /// The executor has left the plan in a way that the policy does not only want written down; nothing of it runs any more.
    Deviated {
        /// How.
        deviation: Box<Deviation>,
        /// What the policy has follow: to ask people, or to stop.
        response: Response,
        /// What the planner is told of it.
        note: Box<Note>,
    },
    /// A limit leaves no room for more of the executor's work; nothing of it runs any more.
    OutOfBudget {
        /// Which.
        full: Full,
        /// What had been granted beyond the approved budget when this part of the work began.
        raised: u64,
    },
    /// Someone wants to grant more; whether they may is not known yet.
    RaiseAsked {
        /// Who, how much, and where.
        raise: Box<Raise>,
    },
    /// Someone who may granted more.
    BudgetRaised {
        /// Who, how much, and where.
        raise: Box<Raise>,
    },
    /// Someone who may wants the stopped work to go on.
    ResumeAsked {
        /// Who.
        by: Person,
        /// What the work is to mind.
        #[serde(default)]
        guidance: Option<String>,
    },
    /// The executor finished; its result stands in the store.
    Executed,
    /// Planner, executor or an effect came to an end that is not a result.
    Stopped {
        /// How the run ends by it.
        outcome: Outcome,
    },
    /// The last judgement is too old to push on.
    JudgementAged,
    /// The branch with the work is on GitHub.
    Pushed {
        /// Its last commit.
        head: CommitSha,
        /// All commits, a step each.
        commits: Vec<CommitSha>,
    },
    /// The pull request with the work is there.
    PullOpened {
        /// Its number.
        pull: PullNumber,
    },
    /// The plan pull request was closed by us.
    PlanPullClosed,
    /// Someone who may said something about the work.
    WorkNoted {
        /// What.
        note: Note,
    },
    /// Someone who may asked for a follow-up by a command.
    FixAsked {
        /// Who.
        by: Person,
        /// What is to be mended besides what was noted before.
        note: Option<Note>,
    },
    /// Checks of others are red on the last commit that we wrote, and none is running any more.
    ChecksRed {
        /// The commit.
        head: CommitSha,
        /// What each says, as a note.
        notes: Vec<Note>,
    },
    /// The executor finished a follow-up; its result stands in the store.
    FollowedUp {
        /// What became of each note.
        replies: Vec<Reply>,
        /// Whether it changed anything.
        changed: bool,
    },
    /// The pull request with the work was merged or closed, or what was merged was taken back.
    WorkEnded {
        /// What became of it.
        fate: Fate,
    },
    /// Someone who may asked for an issue of each step of a version.
    SplitAsked {
        /// Who.
        by: Person,
        /// The version that people see.
        version: u32,
        /// Ids of the steps that have none yet.
        steps: Vec<String>,
        /// Where it was asked for.
        place: Place,
        /// The name the answer has, so that it is given once.
        key: String,
    },
    /// Someone asked for something that needs no decision, or may not have it; this is the answer.
    Answered {
        /// The answer.
        words: Words,
        /// Where.
        place: Place,
        /// The name the answer has, so that it is given once.
        key: String,
    },
    /// A run that ended half-way has left branches without a pull request; somebody may have pushed to them since.
    LeftBehind {
        /// Which.
        branches: Vec<BranchName>,
    },
    /// All that was said in a review is noted.
    BatchEnded {
        /// The review.
        review: i64,
    },
    /// The notes were answered, and the plan stays as it is.
    PlanKept {
        /// The version that was to be written.
        version: u32,
        /// What became of each note.
        replies: Vec<Reply>,
    },
    /// Someone who may wrote a plan that is sound.
    PlanOffered {
        /// What.
        offer: Box<Offer>,
    },
    /// Someone who may pushed a plan that is not sound.
    PlanRefused {
        /// Who.
        by: Person,
        /// The head of the plan branch.
        head: CommitSha,
        /// What is wrong with it, line by line.
        faults: Vec<ParseFault>,
    },
    /// A note was deleted.
    NoteWithdrawn {
        /// Its name.
        id: String,
    },
    /// Something changed around the run, and nobody decided anything.
    Changed {
        /// What.
        change: Change,
    },
}
