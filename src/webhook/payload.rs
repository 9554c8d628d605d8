//! GitHub's payloads, as far as we read them.
//!
//! Only the fields that are used; whatever may be missing or null is optional; what is added later is not seen. The
//! parts are read one by one, so that a part we do not need cannot spoil the whole.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A payload in its parts. Which of them are there tells one event from another.
#[derive(Deserialize)]
pub(super) struct Payload<'a> {
    pub(super) action: Option<String>,
    #[serde(borrow)]
    pub(super) installation: Option<&'a RawValue>,
    pub(super) repository: Option<&'a RawValue>,
    pub(super) sender: Option<&'a RawValue>,
    pub(super) issue: Option<&'a RawValue>,
    pub(super) comment: Option<&'a RawValue>,
    pub(super) label: Option<&'a RawValue>,
    pub(super) pull_request: Option<&'a RawValue>,
    pub(super) review: Option<&'a RawValue>,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<&'a RawValue>,
    pub(super) changes: Option<&'a RawValue>,
    pub(super) repositories_removed: Option<&'a RawValue>,
    pub(super) check_run: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct CheckRun {
    pub(super) id: i64,
    pub(super) head_sha: String,
    pub(super) conclusion: Option<String>,
    pub(super) app: Option<CheckApp>,
}

/// A commit status, which is the body itself.
#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) id: i64,
    pub(super) sha: String,
    pub(super) state: String,
}

#[derive(Deserialize)]
pub(super) struct CheckApp {
    pub(super) id: u64,
}

/// What an edit changed, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Changes {
    /// Of a pull request: the branch it goes into.
    pub(super) base: Option<serde::de::IgnoredAny>,
    /// Of a repository.
    pub(super) default_branch: Option<From>,
    /// Of an issue.
    pub(super) title: Option<serde::de::IgnoredAny>,
    /// Of an issue.
    pub(super) body: Option<serde::de::IgnoredAny>,
}

/// What something was before.
#[derive(Deserialize)]
pub(super) struct From {
    pub(super) from: String,
}

#[derive(Deserialize)]
pub(super) struct Installation {
    pub(super) id: i64,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub(super) id: i64,
    pub(super) full_name: String,
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    pub(super) private: bool,
    #[serde(default)]
    pub(super) archived: bool,
    /// A number in pushes, a text elsewhere.
    pub(super) pushed_at: Option<serde_json::Value>,
    pub(super) updated_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) login: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) id: i64,
    pub(super) number: i64,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) state: Option<String>,
    pub(super) locked: Option<bool>,
    pub(super) labels: Option<Vec<Label>>,
    pub(super) user: Option<User>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) comments: Option<u64>,
    pub(super) pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Comment {
    pub(super) id: i64,
    pub(super) body: Option<String>,
    pub(super) user: Option<User>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) performed_via_github_app: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Side {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) sha: String,
    pub(super) repo: Option<Installation>,
}

#[derive(Deserialize)]
pub(super) struct Pull {
    pub(super) number: i64,
    pub(super) head: Side,
    pub(super) base: Side,
    pub(super) state: Option<String>,
    pub(super) merged: Option<bool>,
    pub(super) merged_at: Option<String>,
    pub(super) draft: Option<bool>,
    pub(super) user: Option<User>,
    pub(super) updated_at: String,
    pub(super) body: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Review {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) commit_id: Option<String>,
    pub(super) body: Option<String>,
    pub(super) user: Option<User>,
    pub(super) submitted_at: Option<String>,
    pub(super) performed_via_github_app: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct ReviewComment {
    pub(super) id: i64,
    pub(super) pull_request_review_id: Option<i64>,
    pub(super) path: String,
    pub(super) line: Option<u32>,
    pub(super) start_line: Option<u32>,
    pub(super) original_line: Option<u32>,
    pub(super) original_start_line: Option<u32>,
    pub(super) commit_id: Option<String>,
    pub(super) original_commit_id: Option<String>,
    pub(super) side: Option<String>,
    pub(super) diff_hunk: Option<String>,
    pub(super) body: Option<String>,
    pub(super) user: Option<User>,
    pub(super) created_at: String,
    pub(super) updated_at: Option<String>,
    pub(super) in_reply_to_id: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Synchronize {
    pub(super) before: String,
    pub(super) after: String,
}

#[derive(Deserialize)]
pub(super) struct Push {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) before: String,
    pub(super) after: String,
    #[serde(default)]
    pub(super) deleted: bool,
    #[serde(default)]
    pub(super) forced: bool,
    #[serde(default)]
    pub(super) commits: Vec<PushedCommit>,
}

#[derive(Deserialize)]
pub(super) struct PushedCommit {
    pub(super) id: String,
    #[serde(default)]
    pub(super) message: String,
}
