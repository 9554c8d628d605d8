//! What a delivery hints at: copies of what GitHub said, before anything is known about who may do what.
//!
//! A hint is no fact: it may be old, replayed, or about a repository we do not serve. Whoever acts on one asks GitHub
//! first. Addresses in payloads are not read at all.

use super::meaning;
use crate::ids::{
    BranchName, CommentId, CommitSha, InstallationId, IssueId, IssueNumber, Person, PullNumber, RepoId, RepoName,
    ReviewCommentId, ReviewId, Timestamp,
};

/// A delivery, before the facts behind it are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Through which installation it came.
    pub installation: InstallationId,
    /// Where it happened.
    pub repo: RepoFacts,
    /// Who caused it; nobody when the account is gone.
    pub sender: Option<Person>,
    /// What happened.
    pub about: About,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFacts {
    /// Stays when it is renamed.
    pub id: RepoId,
    /// Its name at that time.
    pub name: RepoName,
    /// The branch that work begins from.
    pub default_branch: BranchName,
    /// Whether only some may read it.
    pub private: bool,
    /// Whether nobody may write to it.
    pub archived: bool,
}

/// What happened, one variant for each pair of event and action that may matter; all other pairs are none of our
/// business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An issue was opened.
    IssueOpened {
        /// The issue.
        issue: IssueFacts,
    },
    /// A label was put on an issue, or on a pull request.
    IssueLabeled {
        /// The issue.
        issue: IssueFacts,
        /// The label.
        label: String,
    },
    /// A label was taken off an issue.
    IssueUnlabeled {
        /// The issue.
        issue: IssueFacts,
        /// The label.
        label: String,
    },
    /// An issue was closed.
    IssueClosed {
        /// The issue.
        issue: IssueFacts,
    },
    /// An issue's title or text was changed.
    IssueEdited {
        /// The issue.
        issue: IssueFacts,
        /// Whether its title was changed by this.
        title: bool,
        /// Whether its text was changed by this.
        body: bool,
    },
    /// A comment was written below an issue or a pull request.
    CommentCreated {
        /// The issue, or the pull request's issue.
        issue: IssueFacts,
        /// The comment.
        comment: CommentFacts,
    },
    /// A comment was changed.
    CommentEdited {
        /// The issue, or the pull request's issue.
        issue: IssueFacts,
        /// The comment, as it is now.
        comment: CommentFacts,
    },
    /// A comment was removed.
    CommentDeleted {
        /// The issue, or the pull request's issue.
        issue: IssueFacts,
        /// The comment, as it was.
        comment: CommentFacts,
    },
    /// A review of a pull request was submitted.
    ReviewSubmitted {
        /// The pull request.
        pull: PullFacts,
        /// The review.
        review: ReviewFacts,
    },
    /// A review of a pull request was dismissed.
    ReviewDismissed {
        /// The pull request.
        pull: PullFacts,
        /// The review.
        review: ReviewFacts,
    },
    /// A comment was written on a line of a pull request.
    ReviewCommentCreated {
        /// The pull request.
        pull: PullFacts,
        /// The comment.
        comment: ReviewCommentFacts,
    },
    /// A comment on a line of a pull request was changed.
    ReviewCommentEdited {
        /// The pull request.
        pull: PullFacts,
        /// The comment, as it is now.
        comment: ReviewCommentFacts,
    },
    /// A comment on a line of a pull request was removed.
    ReviewCommentDeleted {
        /// The pull request.
        pull: PullFacts,
        /// The comment, as it was.
        comment: ReviewCommentFacts,
    },
    /// A pull request was closed or merged.
    PullClosed {
        /// The pull request.
        pull: PullFacts,
        /// When it was changed last.
        updated_at: Timestamp,
    },
    /// A pull request's branch has another head.
    PullSynchronized {
        /// The pull request.
        pull: PullFacts,
        /// The head before.
        before: CommitSha,
        /// The head now.
        after: CommitSha,
        /// When it was changed last.
        updated_at: Timestamp,
    },
    /// A branch was pushed, made or deleted.
    BranchPushed {
        /// The branch.
        branch: BranchName,
        /// The head before; all zeros when it was made.
        before: CommitSha,
        /// The head now; all zeros when it was deleted.
        after: CommitSha,
        /// Whether it is gone.
        deleted: bool,
        /// Whether the old head is no ancestor of the new one.
        forced: bool,
        /// GitHub's time of the push, as it was written.
        pushed_at: String,
        /// What its commits say they take back.
        reverts: Vec<Reverts>,
    },
    /// A pull request was opened, or opened again.
    PullOpened {
        /// The pull request.
        pull: PullFacts,
        /// When it was changed last.
        updated_at: Timestamp,
    },
    /// An issue was deleted, or transferred to another repository.
    IssueGone {
        /// The issue, as it was.
        issue: IssueFacts,
    },
    /// A pull request goes into another branch than before.
    PullRetargeted {
        /// The pull request.
        pull: PullFacts,
        /// When it was changed last.
        updated_at: Timestamp,
    },
    /// Another branch is the repository's default branch, or the same by another name.
    DefaultBranchChanged {
        /// What it was called before.
        from: BranchName,
        /// When the repository was changed last, as it was written.
        at: String,
    },
    /// A check on a commit has ended.
    CheckEnded {
        /// The check run.
        id: i64,
        /// The commit.
        head: CommitSha,
        /// The App that runs it, where GitHub says so.
        app: Option<u64>,
        /// How it ended, in GitHub's word.
        conclusion: String,
    },
    /// A commit has a status, and not one that waits.
    StatusSet {
        /// The status.
        id: i64,
        /// The commit.
        head: CommitSha,
        /// What it says, in GitHub's word.
        state: String,
    },
    /// Everybody can read the repository now.
    RepoPublicized {
        /// When the repository was changed last, as it was written.
        at: String,
    },
    /// Nobody can write to the repository any more.
    RepoArchived {
        /// When the repository was changed last, as it was written.
        at: String,
    },
}

/// What happened to an installation: such a delivery is about no repository, or about several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationHint {
    /// Which.
    pub installation: InstallationId,
    /// Who caused it; nobody when the account is gone.
    pub sender: Option<Person>,
    /// What happened.
    pub about: InstallationAbout,
}

/// What happened to an installation. That it works again needs no word: what rests looks for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallationAbout {
    /// The App may do nothing there for now.
    Suspended,
    /// The App was uninstalled.
    Deleted,
    /// The App no longer has some repositories.
    Removed {
        /// Which.
        repos: Vec<RepoId>,
    },
}

/// An issue, or the issue side of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueFacts {
    /// The same in all of GitHub.
    pub id: IssueId,
    /// The number in its repository.
    pub number: IssueNumber,
    /// Its title.
    pub title: String,
    /// Its text; empty when there is none.
    pub body: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether only members may comment.
    pub locked: bool,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// Who wrote it; nobody when the account is gone.
    pub author: Option<Person>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// How many comments it has.
    pub comments: u64,
    /// Whether it is a pull request's issue side.
    pub is_pull: bool,
}

/// A comment below an issue or a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentFacts {
    /// Its id.
    pub id: CommentId,
    /// Its text.
    pub body: String,
    /// Who wrote it; nobody when the account is gone.
    pub author: Option<Person>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Whether an App wrote it in the author's name.
    pub via_app: bool,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullFacts {
    /// The number in its repository.
    pub number: PullNumber,
    /// The branch it brings.
    pub head_ref: BranchName,
    /// That branch's head.
    pub head_sha: CommitSha,
    /// The repository of that branch; another one for a fork, none when it is gone.
    pub head_repo: Option<RepoId>,
    /// The branch it goes into.
    pub base_ref: BranchName,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged; false in events that do not say.
    pub merged: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// Who opened it; nobody when the account is gone.
    pub author: Option<Person>,
    /// The pull request of the same repository that its text says it takes back.
    pub reverts: Option<PullNumber>,
}

/// A commit that says that it takes another one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverts {
    /// The commit that says so.
    pub commit: CommitSha,
    /// The commit that it takes back.
    pub what: CommitSha,
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewFacts {
    /// Its id.
    pub id: ReviewId,
    /// What it says.
    pub state: ReviewState,
    /// The commit it was written for, where GitHub says so.
    pub commit_id: Option<CommitSha>,
    /// Its text; empty when there is none.
    pub body: String,
    /// Who wrote it; nobody when the account is gone.
    pub author: Option<Person>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Whether an App submitted it in the author's name.
    pub via_app: bool,
}

/// What a review says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Neither.
    Commented,
    /// No longer anything.
    Dismissed,
    /// A state that GitHub has not told us about; never an approval.
    Other(String),
}

/// A comment on a line of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCommentFacts {
    /// Its id.
    pub id: ReviewCommentId,
    /// The review it belongs to, where GitHub says so.
    pub review_id: Option<ReviewId>,
    /// The file.
    pub path: String,
    /// The (last) line in the file as it was at `commit`; none for a comment on the whole file.
    pub line: Option<u32>,
    /// The first line, if it is about several.
    pub start_line: Option<u32>,
    /// The commit it was written on, where GitHub says so.
    pub commit: Option<CommitSha>,
    /// Which side of the difference the line is on.
    pub side: Side,
    /// The part of the difference it was written at.
    pub diff_hunk: String,
    /// Its text.
    pub body: String,
    /// Who wrote it; nobody when the account is gone.
    pub author: Option<Person>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The comment it answers.
    pub in_reply_to: Option<ReviewCommentId>,
}

/// A side of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As it was.
    Left,
    /// As it is.
    Right,
}

impl ReviewCommentFacts {
    /// What the creation of this comment means, whether it is heard of by itself or with its review.
    #[must_use]
    pub fn creation(&self, repo: RepoId) -> String {
        format!("{repo} review comment created {}", self.id)
    }
}

impl Hint {
    /// What this says, apart from how it was delivered: kind, repository, object, action and the object's own time.
    /// Two deliveries with the same meaning are one, whatever their ids.
    #[must_use]
    pub fn meaning(&self) -> String {
        format!("{} {}", self.repo.id, self.about.meaning())
    }
}

impl About {
    fn meaning(&self) -> String {
        let issue_at = |action, issue: &IssueFacts| format!("issue {action} {} {}", issue.id, issue.updated_at.0);
        match self {
            About::IssueOpened { issue } => format!("issue opened {}", issue.id),
            About::IssueLabeled { issue, label } => format!("{} {label}", issue_at("labeled", issue)),
            About::IssueUnlabeled { issue, label } => format!("{} {label}", issue_at("unlabeled", issue)),
            About::IssueClosed { issue } => issue_at("closed", issue),
            About::IssueEdited { issue, title, body } => format!("{} {title} {body}", issue_at("edited", issue)),
            About::CommentCreated { comment, .. } => meaning::created(comment.id),
            About::CommentEdited { comment, .. } => format!("comment edited {} {}", comment.id, comment.updated_at.0),
            About::CommentDeleted { comment, .. } => format!("comment deleted {}", comment.id),
            About::ReviewSubmitted { review, .. } => meaning::submitted(review.id),
            About::ReviewDismissed { review, .. } => format!("review dismissed {}", review.id),
            About::ReviewCommentCreated { comment, .. } => format!("review comment created {}", comment.id),
            About::ReviewCommentEdited { comment, .. } => {
                format!("review comment edited {} {}", comment.id, comment.updated_at.0)
            }
            About::ReviewCommentDeleted { comment, .. } => format!("review comment deleted {}", comment.id),
            About::PullClosed { pull, updated_at } => format!("pull closed {} {}", pull.number, updated_at.0),
            About::PullSynchronized { pull, before, after, updated_at } => {
                format!("pull synchronized {} {before} {after} {}", pull.number, updated_at.0)
            }
            About::BranchPushed { branch, before, after, pushed_at, .. } => {
                format!("branch pushed {branch} {before} {after} {pushed_at}")
            }
            About::PullOpened { pull, updated_at } => format!("pull opened {} {}", pull.number, updated_at.0),
            About::IssueGone { issue } => format!("issue gone {}", issue.id),
            About::PullRetargeted { pull, updated_at } => {
                format!("pull retargeted {} {} {}", pull.number, pull.base_ref, updated_at.0)
            }
            About::DefaultBranchChanged { from, at } => format!("default branch changed {from} {at}"),
            About::CheckEnded { id, conclusion, .. } => format!("check ended {id} {conclusion}"),
            About::StatusSet { id, state, .. } => format!("status set {id} {state}"),
            About::RepoPublicized { at } => format!("publicized {at}"),
            About::RepoArchived { at } => format!("archived {at}"),
        }
    }
}
