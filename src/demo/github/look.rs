//! What a test or the demo wants to see, without asking over the wire and without being counted.

use std::collections::BTreeMap;

use super::GitHub;
use super::call::Outcome;
use super::history;
use super::objects::Commit;
use super::places::Place;
use super::pull_shapes::verdict;
use super::state::{Issue, Reaction, State};
use super::threads;

/// An issue, or the issue half of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueView {
    pub number: i64,
    pub title: String,
    pub body: String,
    pub author: String,
    pub open: bool,
    pub locked: bool,
    pub labels: Vec<String>,
    /// Who reacted with what.
    pub reactions: Vec<(String, String)>,
}

/// A comment, on an issue or on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentView {
    pub id: i64,
    pub author: String,
    pub body: String,
    /// The line comment that this one answers.
    pub reply_to: Option<i64>,
    /// Who reacted with what.
    pub reactions: Vec<(String, String)>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullView {
    pub number: i64,
    pub title: String,
    pub body: String,
    pub author: String,
    pub head: String,
    pub head_sha: String,
    pub base: String,
    pub draft: bool,
    pub open: bool,
    pub merged: bool,
    /// The address for people.
    pub url: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitView {
    pub sha: String,
    pub message: String,
    pub author: String,
    pub parents: Vec<String>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewView {
    pub id: i64,
    pub author: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED` or `PENDING`.
    pub state: String,
    pub body: String,
    pub commit: String,
}

/// A conversation on a file of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadView {
    /// The comment that began it.
    pub first: i64,
    pub path: String,
    /// The last line it is about now; none for the whole file and once it is outdated.
    pub line: Option<i64>,
    pub outdated: bool,
    pub resolved: bool,
    /// Who said what, in order.
    pub said: Vec<(String, String)>,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    pub name: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub title: String,
    pub summary: String,
}

impl GitHub {
    /// An issue or a pull request by number, in `owner/name`.
    #[must_use]
    pub fn issue(&self, repo: &str, number: i64) -> Option<IssueView> {
        self.look(|state| {
            let issue = state.issue(state.repo_id(repo)?, number)?;
            Ok(IssueView {
                number,
                title: issue.title.clone(),
                body: issue.body.clone().unwrap_or_default(),
                author: state.login(issue.author).to_owned(),
                open: issue.closed.is_none(),
                locked: issue.locked.is_some(),
                labels: issue.labels.clone(),
                reactions: reactions(state, &issue.reactions),
            })
        })
    }

    /// The comments on an issue or a pull request, oldest first.
    #[must_use]
    pub fn issue_comments(&self, repo: &str, number: i64) -> Vec<CommentView> {
        self.look(|state| {
            let comments = &state.issue(state.repo_id(repo)?, number)?.comments;
            let view = |comment: &super::state::Comment| CommentView {
                id: comment.id,
                author: state.login(comment.author).to_owned(),
                body: comment.body.clone(),
                reply_to: None,
                reactions: reactions(state, &comment.reactions),
            };
            Ok(comments.iter().map(view).collect())
        })
        .unwrap_or_default()
    }

    /// All pull requests, oldest first.
    #[must_use]
    pub fn pulls(&self, repo: &str) -> Vec<PullView> {
        self.look(|state| {
            let found = state.repo(state.repo_id(repo)?)?;
            Ok(found.issues.values().filter_map(|issue| pull_view(state, repo, issue)).collect())
        })
        .unwrap_or_default()
    }

    /// A pull request by number.
    #[must_use]
    pub fn pull(&self, repo: &str, number: i64) -> Option<PullView> {
        self.pulls(repo).into_iter().find(|pull| pull.number == number)
    }

    /// The paths that a pull request changes, in order.
    #[must_use]
    pub fn changed_files(&self, repo: &str, pull: i64) -> Vec<String> {
        self.look(|state| {
            let id = state.repo_id(repo)?;
            let (_, pull) = state.pull(id, pull)?;
            let changes = history::changed_files(&state.repo(id)?.objects, &pull.base_sha, &pull.head_sha);
            Ok(changes.into_iter().map(|change| change.path).collect())
        })
        .unwrap_or_default()
    }

    /// The commits of a pull request, oldest first.
    #[must_use]
    pub fn pull_commits(&self, repo: &str, pull: i64) -> Vec<CommitView> {
        self.look(|state| {
            let id = state.repo_id(repo)?;
            let (_, pull) = state.pull(id, pull)?;
            Ok(views(history::commits_between(&state.repo(id)?.objects, &pull.base_sha, &pull.head_sha)))
        })
        .unwrap_or_default()
    }

    /// The whole history of a branch, oldest first.
    #[must_use]
    pub fn commits(&self, repo: &str, branch: &str) -> Vec<CommitView> {
        self.look(|state| {
            let found = state.repo(state.repo_id(repo)?)?;
            let head = found.branch(branch).cloned().unwrap_or_default();
            Ok(views(history::commits_between(&found.objects, "", &head)))
        })
        .unwrap_or_default()
    }

    /// The branches and their commits.
    #[must_use]
    pub fn branches(&self, repo: &str) -> Vec<(String, String)> {
        self.look(|state| {
            let refs = &state.repo(state.repo_id(repo)?)?.refs;
            let branch =
                |(name, sha): (&String, &String)| Some((name.strip_prefix("refs/heads/")?.to_owned(), sha.clone()));
            Ok(refs.iter().filter_map(branch).collect())
        })
        .unwrap_or_default()
    }

    /// All references, also those that are no branches, and what they point to.
    #[must_use]
    pub fn references(&self, repo: &str) -> Vec<(String, String)> {
        self.look(|state| {
            let refs = &state.repo(state.repo_id(repo)?)?.refs;
            Ok(refs.iter().map(|(name, sha)| (name.clone(), sha.clone())).collect())
        })
        .unwrap_or_default()
    }

    /// The whole tree of a branch, tag or commit: path, then mode and blob.
    #[must_use]
    pub fn tree(&self, repo: &str, reference: &str) -> BTreeMap<String, (String, String)> {
        self.look(|state| {
            let found = state.repo(state.repo_id(repo)?)?;
            let commit = found.resolve(reference).and_then(|sha| found.objects.commit(&sha));
            Ok(commit.map(|commit| found.objects.files(&commit.tree)).unwrap_or_default())
        })
        .unwrap_or_default()
    }

    /// A file at a branch, tag or commit.
    #[must_use]
    pub fn file(&self, repo: &str, reference: &str, path: &str) -> Option<String> {
        self.look(|state| {
            let found = state.repo(state.repo_id(repo)?)?;
            let missing = super::call::Refusal::not_found;
            let commit = found.resolve(reference).and_then(|sha| found.objects.commit(&sha)).ok_or_else(missing)?;
            let files = found.objects.files(&commit.tree);
            let bytes = files.get(path).and_then(|(_, sha)| found.objects.blob(sha)).ok_or_else(missing)?;
            Ok(String::from_utf8_lossy(bytes).into_owned())
        })
    }

    /// The reviews of a pull request, oldest first.
    #[must_use]
    pub fn reviews(&self, repo: &str, pull: i64) -> Vec<ReviewView> {
        self.look(|state| {
            let (_, pull) = state.pull(state.repo_id(repo)?, pull)?;
            let view = |review: &super::state::Review| ReviewView {
                id: review.id,
                author: state.login(review.author).to_owned(),
                state: verdict(review.verdict).to_owned(),
                body: review.body.clone(),
                commit: review.commit.clone(),
            };
            Ok(pull.reviews.iter().map(view).collect())
        })
        .unwrap_or_default()
    }

    /// The line comments of a pull request, oldest first.
    #[must_use]
    pub fn line_comments(&self, repo: &str, pull: i64) -> Vec<CommentView> {
        self.look(|state| {
            let (_, pull) = state.pull(state.repo_id(repo)?, pull)?;
            let view = |comment: &super::state::ReviewComment| CommentView {
                id: comment.id,
                author: state.login(comment.author).to_owned(),
                body: comment.body.clone(),
                reply_to: comment.reply_to,
                reactions: Vec::new(),
            };
            Ok(pull.comments.iter().map(view).collect())
        })
        .unwrap_or_default()
    }

    /// The threads of a pull request, in the order in which they were begun.
    #[must_use]
    pub fn threads(&self, repo: &str, pull: i64) -> Vec<ThreadView> {
        self.look(|state| {
            let (_, pull) = state.pull(state.repo_id(repo)?, pull)?;
            let said =
                |comment: &super::state::ReviewComment| (state.login(comment.author).to_owned(), comment.body.clone());
            let view = |first: &super::state::ReviewComment| ThreadView {
                first: first.id,
                path: first.path.clone(),
                line: match &first.place {
                    Some(Place::Lines { line, .. }) => Some(*line),
                    Some(Place::File) | None => None,
                },
                outdated: first.place.is_none(),
                resolved: first.resolved_by.is_some(),
                said: threads::members(pull, first.id).map(said).collect(),
            };
            Ok(threads::first_comments(pull).map(view).collect())
        })
        .unwrap_or_default()
    }

    /// The check runs on a commit, oldest first.
    #[must_use]
    pub fn checks(&self, repo: &str, sha: &str) -> Vec<CheckView> {
        self.look(|state| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let view = |check: &super::state::Check| CheckView {
                name: check.name.clone(),
                status: check.status.clone(),
                conclusion: check.conclusion.clone(),
                title: text(&check.output["title"]),
                summary: text(&check.output["summary"]),
            };
            let checks = &state.repo(state.repo_id(repo)?)?.checks;
            Ok(checks.iter().filter(|check| check.head_sha == sha).map(view).collect())
        })
        .unwrap_or_default()
    }

    pub(super) fn look<T>(&self, at: impl FnOnce(&State) -> Outcome<T>) -> Option<T> {
        at(&self.hub.lock()).ok()
    }
}

fn pull_view(state: &State, repo: &str, issue: &Issue) -> Option<PullView> {
    let pull = issue.pull.as_ref()?;
    Some(PullView {
        number: issue.number,
        title: issue.title.clone(),
        body: issue.body.clone().unwrap_or_default(),
        author: state.login(issue.author).to_owned(),
        head: pull.head_ref.clone(),
        head_sha: pull.head_sha.clone(),
        base: pull.base_ref.clone(),
        draft: pull.draft,
        open: issue.closed.is_none(),
        merged: pull.merged.is_some(),
        url: format!("{}/{repo}/pull/{}", state.url, issue.number),
    })
}

fn views(commits: Vec<(String, Commit)>) -> Vec<CommitView> {
    let view = |(sha, commit): (String, Commit)| CommitView {
        sha,
        message: commit.message,
        author: commit.author.name,
        parents: commit.parents,
    };
    commits.into_iter().map(view).collect()
}

fn reactions(state: &State, reactions: &[Reaction]) -> Vec<(String, String)> {
    reactions.iter().map(|reaction| (state.login(reaction.by).to_owned(), reaction.content.clone())).collect()
}
