//! Every sentence shown to people on GitHub.
//!
//! Promises: the same facts give the same text; text that is not ours is shown whole or said to be cut, and does nothing
//! (see `escape`); nothing said is a command (T16), and only the person who is answered is mentioned (T62). Refuses to
//! decide anything: what is said comes in as [`Words`] or as facts. Nothing here reads a clock, a file or the network.

mod around;
pub mod commit;
pub mod conformance;
pub mod deviation;
mod escape;
mod figures;
pub mod history;
pub mod place;
pub mod plan;
pub mod policy;
pub mod pull;
pub mod reply;
pub mod review;
pub mod revision;
pub mod shown;
pub mod spending;
pub mod split;
pub mod status;
mod trouble;

use serde::{Deserialize, Serialize};

use self::history::Past;
use self::plan::{Hints, ParseFault};
use self::split::SplitPart;
use crate::ids::{BranchName, Digest, Person, PullNumber, RepoName};
use crate::workflow::approval::Reason;
use crate::workflow::change::{Change, Input};
use crate::workflow::command::Prefix;
use crate::workflow::deviation::Deviation;
use crate::workflow::limit::LimitReached;
use crate::workflow::outcome::Outcome;
use crate::workflow::run::{Rest, Trouble};
use crate::workflow::spending::Full;

pub(crate) use escape::fence;
pub use policy::Flaw;

/// Why nothing more is granted to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum NotRaised {
    /// The person could not approve the version either.
    NotEligible {
        /// What keeps them from it.
        reason: Reason,
    },
    /// The operator lets people grant only so much.
    TooMuch {
        /// How much in all, in millionths of a dollar.
        most: u64,
    },
    /// Whether the person may could not be found out.
    NotJudged,
}

/// What to say, decided by the core; how it is said stands below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "say")]
pub enum Words {
    /// What can be typed.
    Help,
    /// A command is not known.
    UnknownCommand {
        /// What was typed; the whole line, where nothing is near.
        typed: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// Someone may not do what they asked for.
    NotAllowed {
        /// Who.
        who: Person,
        /// What they asked for, as a command without the slash, or `label`.
        wanted: String,
    },
    /// An approval does not count, or not yet.
    NotApproved {
        /// Whose.
        who: Person,
        /// Why, the reasons of this act first.
        reasons: Vec<Reason>,
        /// The version that could be approved.
        version: u32,
        /// Its digest.
        digest: Digest,
    },
    /// An approval or another act came when nothing waits for it.
    NothingToApprove {
        /// Who.
        who: Person,
        /// What they asked for.
        wanted: String,
        /// The run's phase.
        phase: String,
    },
    /// An approval came while the work is up for review, and is recorded.
    ApprovedForReview {
        /// Whose.
        who: Person,
        /// The pull request with the work.
        pull: PullNumber,
    },
    /// The work has stopped as this person wished.
    Rests {
        /// Who.
        who: Person,
    },
    /// The work rests because a limit leaves no room for more.
    OutOfBudget {
        /// Which.
        full: Full,
    },
    /// The work has stopped because the plan does not fit, and the next version is being written.
    Deviates {
        /// The version.
        version: u32,
        /// How it does not fit.
        deviation: Box<Deviation>,
        /// Ids of the steps that are done.
        steps: Vec<String>,
    },
    /// The work rests because it would leave the plan.
    AsksToDeviate {
        /// How.
        deviation: Box<Deviation>,
    },
    /// More was granted to the work.
    Raised {
        /// By whom.
        who: Person,
        /// How much more, in millionths of a dollar.
        micro_dollars: u64,
        /// Whether the work goes on by it.
        goes_on: bool,
    },
    /// More was granted to what is done about a review.
    RaisedForReview {
        /// By whom.
        who: Person,
        /// How much more, in millionths of a dollar.
        micro_dollars: u64,
    },
    /// Nothing more is granted.
    NotRaised {
        /// Who wanted to.
        who: Person,
        /// Why not.
        why: Box<NotRaised>,
    },
    /// The version was approved; execution starts.
    Started {
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
        /// By whom.
        by: Vec<Person>,
    },
    /// The planner needs answers.
    Questions {
        /// What it asks.
        questions: Vec<String>,
    },
    /// The version can no longer be approved.
    VersionVoid {
        /// The version.
        version: u32,
        /// Why.
        reason: Reason,
    },
    /// A note came too late for the version that is being executed.
    TooLate {
        /// Whose.
        who: Person,
    },
    /// Another plan was asked for while the work on this one rests.
    WorkIsKept {
        /// By whom.
        who: Person,
        /// The version that is built.
        version: u32,
        /// Ids of the steps that are done.
        steps: Vec<String>,
    },
    /// Another plan was asked for while the work on this one is up for review.
    WorkIsUp {
        /// By whom.
        who: Person,
        /// The pull request with the work.
        pull: PullNumber,
    },
    /// There is no run here to act on.
    NoRun {
        /// Who.
        who: Person,
        /// What they asked for.
        wanted: String,
    },
    /// A command that needs words came without.
    NeedsText {
        /// The command, without the slash.
        wanted: String,
    },
    /// A command stood in a review, where none is read.
    ReviewIsNoCommand {
        /// Whose.
        who: Person,
    },
    /// Where the run stands, with the way to the status comment.
    Status {
        /// The run's phase.
        phase: String,
    },
    /// For a day GitHub has not said what a gate turns on; nobody asks any more until somebody acts.
    StillUnknown {
        /// What is not known.
        reasons: Vec<Reason>,
        /// The digest of the version that waits.
        digest: Digest,
        /// Whether GitHub has answered nothing at all, and for as long as what is finished is kept.
        #[serde(default)]
        away: bool,
    },
    /// An approval was found that no webhook told of, and that proves too little.
    LearntLate {
        /// Whose.
        who: Person,
    },
    /// A run that ended half-way has left branches without a pull request.
    LeftBehind {
        /// Which.
        branches: Vec<BranchName>,
    },
    /// An objection blocks nothing, because its author could not approve either.
    OnlyAdvice {
        /// Who objected.
        who: Person,
        /// Why it blocks nothing.
        reason: Reason,
    },
    /// A review that objects was dismissed by someone who may not set the objection aside.
    DismissalLiftsNothing {
        /// Who dismissed it.
        who: Person,
        /// Whose review it is.
        author: Person,
    },
    /// There is no objection to set aside.
    NothingToLift {
        /// Who wanted to.
        who: Person,
        /// Whose objection, as it was typed.
        login: String,
    },
    /// So many revisions were made in a row that a person must ask for the next.
    RoundsOver {
        /// How many.
        rounds: u32,
    },
    /// So many follow-ups were made in a row that a person must ask for the next.
    FollowUpsOver {
        /// How many.
        rounds: u32,
    },
    /// Checks of others are red again after they were mended, or are not to be mended without a person's word.
    ChecksStayRed {
        /// How many.
        checks: usize,
    },
    /// The approval does not hold, so nothing is done about what was said of the work.
    FollowUpRefused {
        /// What it misses.
        reasons: Vec<Reason>,
        /// The digest of the version, where an approval of it would mend that.
        #[serde(default)]
        digest: Option<Digest>,
    },
    /// A follow-up came to an end that is not a result.
    FollowUpFailed {
        /// Why.
        why: Trouble,
    },
    /// What was said of the work needs more than the approved plan, and the next version is proposed.
    NeedsMore {
        /// Its number.
        version: u32,
        /// What it needs.
        deviation: Box<Deviation>,
    },
    /// The version that was proposed for a review came to nothing, so the work stays as it is.
    NotWidened {
        /// The version that it is built by.
        version: u32,
        /// What became of the other one.
        outcome: Box<Outcome>,
    },
    /// A follow-up has stopped as this person wished.
    FollowUpStopped {
        /// Who.
        who: Person,
    },
    /// The plan has no step of that name to begin with again.
    NoSuchStep {
        /// Who asked.
        who: Person,
        /// What they named.
        step: String,
        /// The plan's steps.
        steps: Vec<String>,
    },
    /// A plan that a person wrote is not sound.
    PlanNotSound {
        /// Who.
        who: Person,
        /// What is wrong, line by line.
        faults: Vec<ParseFault>,
    },
    /// A file that was to be adopted is not there.
    NoSuchFile {
        /// Who.
        who: Person,
        /// The path as it was typed.
        path: String,
    },
    /// A note was edited; what it said at first is what counts.
    EditIsNotRead {
        /// Whose.
        who: Person,
    },
    /// The difference between two versions.
    Difference {
        /// The one.
        from: u32,
        /// The other.
        to: u32,
        /// The difference, as Markdown of ours.
        text: String,
    },
    /// A version that was asked for is not there.
    NoSuchVersion {
        /// Who.
        who: Person,
        /// The versions there are.
        newest: u32,
    },
    /// The policy of the repository has mistakes, so nothing goes on.
    PolicyBroken {
        /// The repository whose file it is.
        repo: RepoName,
        /// What is wrong.
        flaws: Vec<Flaw>,
    },
    /// The policy of the repository lets other people ask for runs.
    MayNotAsk {
        /// Who asked.
        who: Person,
        /// The repository whose policy says so.
        repo: RepoName,
        /// Who may, in words.
        may: Vec<String>,
    },
    /// A comment was edited into a command.
    EditIsNoCommand {
        /// Who edited it.
        who: Person,
        /// The command, without the slash.
        wanted: String,
    },
    /// The run's versions, and what people decided about them.
    History {
        /// All of it.
        past: Past,
    },
    /// The issues for the steps of a version.
    Split {
        /// The version.
        version: u32,
        /// Each step, in order.
        parts: Vec<SplitPart>,
    },
    /// The issue has no room for so many issues below it.
    NoRoomToSplit {
        /// Who wanted them.
        who: Person,
        /// How many are wanted.
        steps: usize,
        /// How many more GitHub takes.
        room: usize,
    },
    /// An empty plan to fill in.
    Template {
        /// What is known of the repository.
        hints: Hints,
    },
    /// Someone who may changed what a version was made from, and people are asked how it goes on.
    InputChanged {
        /// Who, if GitHub said so.
        who: Option<Person>,
        /// What.
        inputs: Vec<Input>,
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
    },
    /// The database came back from a copy: the version has to be approved anew.
    Restored {
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
    },
    /// A version is out of date, and no other is written without a person asking.
    StaysStale {
        /// The version.
        version: u32,
        /// Why it is out of date.
        reason: Reason,
    },
    /// Someone merged the plan pull request, which approves nothing (D50).
    PlanPullMerged {
        /// Who, if GitHub said so.
        who: Option<Person>,
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
    },
    /// A version has waited for a while.
    Reminder {
        /// The version.
        version: u32,
        /// Its digest.
        digest: Digest,
    },
    /// Something changed after the pull request with the work was opened.
    ChangedAfter {
        /// What.
        change: Change,
    },
    /// So many runs were begun that there is no room for another yet.
    LimitReached {
        /// Who wanted one.
        who: Person,
        /// Which limit, and until when.
        reached: LimitReached,
    },
}

/// Why something does not count, or not yet: a sentence of Markdown.
#[must_use]
pub fn because(reason: &Reason, prefix: &Prefix) -> String {
    trouble::reason(reason, prefix)
}

/// How a run ended, in a word or a few: the same wherever it is told.
#[must_use]
pub fn ended_as(outcome: &Outcome) -> &'static str {
    status::ended_as(outcome)
}

/// Why work rests, and what lets it go on: sentences of Markdown.
#[must_use]
pub fn resting(why: &Rest, prefix: &Prefix) -> Vec<String> {
    let (cause, help) = status::rest(why, prefix);
    vec![cause, help]
}

/// How a run ended and what a person can do about it: sentences of Markdown. `digest` is that of the version people saw
/// last, shortened.
#[must_use]
pub fn ending(outcome: &Outcome, digest: Option<&str>, prefix: &Prefix) -> Vec<String> {
    let account = trouble::outcome(outcome, digest, prefix);
    [account.cause, account.help].into_iter().filter(|text| !text.is_empty()).collect()
}
