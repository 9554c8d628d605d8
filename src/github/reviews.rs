//! Reviews of a pull request, and the comments on its lines.

use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::comments::within_limit;
use super::wire::Listing;
use super::{Attempt, GithubError, Repository, Trace, fields};
use crate::ids::{CommitSha, Person, PullNumber, RepoPath, ReviewCommentId, ReviewId, Timestamp};

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    Approved,
    ChangesRequested,
    Commented,
    /// It said something and no longer does.
    Dismissed,
    /// Not submitted yet.
    Pending,
    /// Something GitHub has not told us about; it approves nothing.
    Other,
}

/// A review as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Review {
    pub id: ReviewId,
    #[serde(default, rename = "user", deserialize_with = "fields::person")]
    pub author: Option<Person>,
    /// Whether an App wrote it in the author's name (E2).
    #[serde(default, rename = "performed_via_github_app", deserialize_with = "fields::is_there")]
    pub via_app: bool,
    pub state: ReviewState,
    #[serde(default, deserialize_with = "fields::text")]
    pub body: String,
    /// The commit that was looked at.
    #[serde(default, rename = "commit_id", deserialize_with = "fields::maybe_commit")]
    pub commit: Option<CommitSha>,
    #[serde(default, deserialize_with = "fields::maybe_time")]
    pub submitted_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "fields::text")]
    pub html_url: String,
}

/// A comment on a line or a file of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReviewComment {
    pub id: ReviewCommentId,
    /// The review it came with.
    #[serde(default, rename = "pull_request_review_id")]
    pub review: Option<ReviewId>,
    /// The comment that opened the thread, if this one answers.
    #[serde(default, rename = "in_reply_to_id")]
    pub in_reply_to: Option<ReviewCommentId>,
    #[serde(default, rename = "user", deserialize_with = "fields::person")]
    pub author: Option<Person>,
    #[serde(default, rename = "performed_via_github_app", deserialize_with = "fields::is_there")]
    pub via_app: bool,
    #[serde(default, deserialize_with = "fields::text")]
    pub body: String,
    #[serde(default, deserialize_with = "fields::maybe_path")]
    pub path: Option<RepoPath>,
    /// The first line, when it is about several.
    #[serde(default)]
    pub start_line: Option<u64>,
    /// The last or only line in the file as it is at the head; absent when outdated or about the whole file.
    #[serde(default)]
    pub line: Option<u64>,
    /// The same in the file as it was when the comment was made.
    #[serde(default)]
    pub original_line: Option<u64>,
    /// The first line in the file as it was then, when it is about several.
    #[serde(default)]
    pub original_start_line: Option<u64>,
    /// Whether it is on the old side of the difference.
    #[serde(default, deserialize_with = "fields::text")]
    pub side: String,
    /// The commit the comment was made on.
    #[serde(default, rename = "original_commit_id", deserialize_with = "fields::maybe_commit")]
    pub commit: Option<CommitSha>,
    /// The lines around, as a diff.
    #[serde(default, deserialize_with = "fields::text")]
    pub diff_hunk: String,
    #[serde(default, deserialize_with = "fields::text")]
    pub html_url: String,
    #[serde(deserialize_with = "fields::time")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "fields::time")]
    pub updated_at: Timestamp,
}

/// Something to say about a line of a file that a pull request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRemark {
    pub line: u32,
    pub text: String,
}

impl<'de> Deserialize<'de> for ReviewState {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ReviewState, D::Error> {
        // Upper case in answers, lower case in webhooks.
        Ok(match String::deserialize(from)?.to_ascii_lowercase().as_str() {
            "approved" => ReviewState::Approved,
            "changes_requested" => ReviewState::ChangesRequested,
            "commented" => ReviewState::Commented,
            "dismissed" => ReviewState::Dismissed,
            "pending" => ReviewState::Pending,
            _ => ReviewState::Other,
        })
    }
}

impl Repository<'_> {
    /// Reads one review: `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn review(&self, pull: PullNumber, id: ReviewId) -> Result<Review, GithubError> {
        self.get(&format!("/pulls/{pull}/reviews/{id}"), self.what(format!("read review {id} of #{pull}"))).await
    }

    /// Lists the reviews in the order they were given: `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn reviews(&self, pull: PullNumber) -> Result<Listing<Review>, GithubError> {
        self.list(&format!("/pulls/{pull}/reviews"), self.what(format!("list the reviews of #{pull}"))).await
    }

    /// Lists what a review says about lines: `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn review_comments(
        &self,
        pull: PullNumber,
        review: ReviewId,
    ) -> Result<Listing<ReviewComment>, GithubError> {
        let what = self.what(format!("list the line comments of review {review} of #{pull}"));
        self.list(&format!("/pulls/{pull}/reviews/{review}/comments"), what).await
    }

    /// Lists comments on lines changed at or after `since`, whatever review they came with:
    /// `GET /repos/{owner}/{repo}/pulls/{pull_number}/comments`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn line_comments(
        &self,
        pull: PullNumber,
        since: Option<Timestamp>,
    ) -> Result<Listing<ReviewComment>, GithubError> {
        let since = since.map_or(String::new(), |since| format!("?since={}", since.to_rfc3339()));
        let what = self.what(format!("list the line comments of #{pull}"));
        self.list(&format!("/pulls/{pull}/comments{since}"), what).await
    }

    /// Remarks on lines of one file as it is at a commit, in one review that neither approves nor objects, once:
    /// `POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews`. After an earlier try the review is looked for by author
    /// and mark.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when a line is not part of the difference at that commit.
    pub async fn ensure_remarks(
        &self,
        pull: PullNumber,
        at: (&CommitSha, &RepoPath),
        says: (&str, &[LineRemark]),
        trace: Trace<'_>,
        attempt: Attempt,
    ) -> Result<(), GithubError> {
        let what = self.what(format!("remark on lines of #{pull}"));
        let (commit, path) = at;
        let (text, remarks) = says;
        within_limit(text, &what)?;
        if attempt == Attempt::Again {
            let us = self.app.identity(self.now).await?.bot_id;
            let listed = self.reviews(pull).await?;
            let ours = |r: &Review| r.author.as_ref().is_some_and(|by| by.id == us) && trace.marker.is_on(&r.body);
            if listed.items.iter().any(ours) {
                return Ok(());
            }
            if !listed.complete {
                return Err(GithubError::Unknown { what, why: "there are too many reviews to look through".into() });
            }
        }
        let comment =
            |remark: &LineRemark| json!({ "path": path, "line": remark.line, "side": "RIGHT", "body": remark.text });
        let comments: Vec<serde_json::Value> = remarks.iter().map(comment).collect();
        let body =
            json!({ "commit_id": commit, "event": "COMMENT", "body": trace.marker.on(text), "comments": comments });
        let _: serde_json::Value = self.create(Method::POST, &format!("/pulls/{pull}/reviews"), body, what).await?;
        Ok(())
    }

    /// Answers in a thread once: `POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies`. `to`
    /// must be the comment that opened the thread. After an earlier try the answer is looked for by author and mark.
    ///
    /// # Errors
    /// As for any write.
    pub async fn ensure_reply(
        &self,
        pull: PullNumber,
        to: ReviewCommentId,
        text: &str,
        trace: Trace<'_>,
        attempt: Attempt,
    ) -> Result<ReviewComment, GithubError> {
        let what = self.what(format!("answer line comment {to} of #{pull}"));
        within_limit(text, &what)?;
        if attempt == Attempt::Again {
            let us = self.app.identity(self.now).await?.bot_id;
            let listed = self.line_comments(pull, Some(trace.look_since())).await?;
            let ours = |c: &ReviewComment| {
                c.author.as_ref().is_some_and(|author| author.id == us) && trace.marker.is_on(&c.body)
            };
            if let Some(found) = listed.items.into_iter().find(ours) {
                return Ok(found);
            }
            if !listed.complete {
                return Err(GithubError::Unknown { what, why: "there are too many comments to look through".into() });
            }
        }
        let path = format!("/pulls/{pull}/comments/{to}/replies");
        self.create(Method::POST, &path, json!({ "body": trace.marker.on(text) }), what).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};
    use crate::ids::{RunId, UserId};

    fn line_comment(id: i64, author: i64, body: &str) -> Value {
        json!({
            "id": id, "pull_request_review_id": null, "in_reply_to_id": 1, "body": body, "path": "../odd",
            "user": { "id": author, "login": "somebody", "type": "Bot" }, "line": null, "original_line": 3,
            "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:41:00Z", "subject_type": "line",
        })
    }

    #[tokio::test]
    async fn f13_an_answer_in_a_thread_is_given_once() -> Result<(), TestError> {
        let mut posted: Vec<Value> = vec![line_comment(1, 3, "Why?")];
        let fake = Fake::start(move |seen| match seen.line.split_once(' ')? {
            ("POST", "/repos/acme/tool/pulls/43/comments/1/replies") => {
                posted.push(line_comment(2, 9, seen.body["body"].as_str()?));
                Some(Reply::new(500, &json!({})))
            }
            ("GET", "/repos/acme/tool/pulls/43/comments?since=2027-01-14T08:00:00Z&per_page=100") => {
                Some(Reply::new(200, &json!(posted)))
            }
            _ => None,
        })
        .await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        let mark = app.marker(RunId(1), "answer-1-v2");
        let trace = Trace { marker: &mark, since: NOW };
        let (pull, to) = (PullNumber(43), ReviewCommentId(1));

        let first = here.ensure_reply(pull, to, "Done in v2.", trace, Attempt::First).await;
        assert!(matches!(first, Err(GithubError::Unknown { .. })), "{first:?}");
        let again = here.ensure_reply(pull, to, "Done in v2.", trace, Attempt::Again).await?;
        assert_eq!((again.id, again.path, again.original_line), (ReviewCommentId(2), None, Some(3)));
        Ok(())
    }

    #[tokio::test]
    async fn a_review_is_read_with_who_what_and_which_commit() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let review = |state: &str, app: Value| {
                json!({
                    "id": 8, "user": { "id": 3, "login": "ann", "type": "User" }, "state": state, "body": null,
                    "commit_id": sha('a'), "submitted_at": "2026-11-22T14:41:00Z", "performed_via_github_app": app,
                })
            };
            let both = json!([review("APPROVED", Value::Null), review("NEW_STATE", json!({ "id": 1 }))]);
            seen.line.contains("/pulls/43/reviews").then(|| Reply::new(200, &both))
        })
        .await?;
        let app = fake.app()?;
        let reviews = app.repository(&fake.at, Step::Read, NOW).reviews(PullNumber(43)).await?;

        let read: Vec<_> = reviews
            .items
            .iter()
            .map(|r| (r.author.as_ref().map(|author| author.id), r.state, r.commit.clone(), r.via_app))
            .collect();
        let who = Some(UserId(3));
        let expected =
            [(who, ReviewState::Approved, Some(sha('a')), false), (who, ReviewState::Other, Some(sha('a')), true)];
        assert_eq!(read, expected);
        Ok(())
    }
}
