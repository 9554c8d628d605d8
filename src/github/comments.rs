//! Comments below an issue; those below a pull request's description are the same thing to GitHub.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::wire::Listing;
use super::{Attempt, GithubError, Marker, Repository, Trace, fields};
use crate::ids::{CommentId, IssueNumber, Person, PullNumber, Timestamp};

/// The longest text we send, in UTF-16 units. GitHub refuses more than 65,536 characters; the rest is for our mark (F43).
pub const TEXT_LIMIT: usize = 60_000;

/// Where a comment stands: below an issue or below a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thread {
    Issue(IssueNumber),
    Pull(PullNumber),
}

/// A comment as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    pub id: CommentId,
    /// Absent when the account is deleted.
    #[serde(default, rename = "user", deserialize_with = "fields::person")]
    pub author: Option<Person>,
    /// Whether an App wrote it in the author's name (E2).
    #[serde(default, rename = "performed_via_github_app", deserialize_with = "fields::is_there")]
    pub via_app: bool,
    #[serde(default, deserialize_with = "fields::text")]
    pub body: String,
    pub html_url: String,
    #[serde(deserialize_with = "fields::time")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "fields::time")]
    pub updated_at: Timestamp,
}

impl From<IssueNumber> for Thread {
    fn from(number: IssueNumber) -> Thread {
        Thread::Issue(number)
    }
}

impl From<PullNumber> for Thread {
    fn from(number: PullNumber) -> Thread {
        Thread::Pull(number)
    }
}

impl std::fmt::Display for Thread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.number())
    }
}

impl Thread {
    pub(super) fn number(self) -> i64 {
        match self {
            Thread::Issue(IssueNumber(number)) | Thread::Pull(PullNumber(number)) => number,
        }
    }
}

impl Repository<'_> {
    /// Lists comments changed at or after `since`, oldest first: `GET /repos/{owner}/{repo}/issues/{number}/comments`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn issue_comments(
        &self,
        on: impl Into<Thread>,
        since: Option<Timestamp>,
    ) -> Result<Listing<Comment>, GithubError> {
        let on = on.into();
        let since = since.map_or(String::new(), |since| format!("?since={}", since.to_rfc3339()));
        let path = format!("/issues/{}/comments{since}", on.number());
        self.list(&path, self.what(format!("list the comments of {on}"))).await
    }

    /// Reads one comment: `GET /repos/{owner}/{repo}/issues/comments/{comment_id}`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn comment(&self, id: CommentId) -> Result<Comment, GithubError> {
        self.get(&format!("/issues/comments/{id}"), self.what(format!("read comment {id}"))).await
    }

    /// Posts a comment: `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Locked`] when only collaborators may speak there.
    pub async fn create_comment(
        &self,
        on: impl Into<Thread>,
        text: &str,
        marker: &Marker,
    ) -> Result<Comment, GithubError> {
        let on = on.into();
        let what = self.what(format!("comment on {on}"));
        within_limit(text, &what)?;
        let path = format!("/issues/{}/comments", on.number());
        self.create(Method::POST, &path, json!({ "body": marker.on(text) }), what).await
    }

    /// Changes a comment of ours: `PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Gone`] when somebody has deleted it.
    pub async fn edit_comment(&self, id: CommentId, text: &str, marker: &Marker) -> Result<Comment, GithubError> {
        let what = self.what(format!("edit comment {id}"));
        within_limit(text, &what)?;
        let path = format!("/issues/comments/{id}");
        self.set(Method::PATCH, &path, json!({ "body": marker.on(text) }), what).await
    }

    /// Looks for a comment of ours by author and mark among those changed since the run began (T63).
    ///
    /// # Errors
    /// As for any read; [`GithubError::Unknown`] when there were too many comments to read them all.
    pub async fn find_comment(&self, on: impl Into<Thread>, trace: Trace<'_>) -> Result<Option<Comment>, GithubError> {
        let on = on.into();
        let us = self.app.identity(self.now).await?.bot_id;
        let listed = self.issue_comments(on, Some(trace.look_since())).await?;
        let complete = listed.complete;
        let ours = |c: &Comment| c.author.as_ref().is_some_and(|author| author.id == us) && trace.marker.is_on(&c.body);
        let found = listed.items.into_iter().find(ours);
        if found.is_none() && !complete {
            let why = "there are too many comments to look through".to_owned();
            return Err(GithubError::Unknown { what: self.what(format!("comment on {on}")), why });
        }
        Ok(found)
    }

    /// Posts a comment once: after an earlier try it is looked for, and one that is there is brought to this text.
    ///
    /// # Errors
    /// As for any write.
    pub async fn ensure_comment(
        &self,
        on: impl Into<Thread>,
        text: &str,
        trace: Trace<'_>,
        attempt: Attempt,
    ) -> Result<Comment, GithubError> {
        let on = on.into();
        let found = match attempt {
            Attempt::First => None,
            Attempt::Again => self.find_comment(on, trace).await?,
        };
        match found {
            Some(comment) if same_text(&comment.body, &trace.marker.on(text)) => Ok(comment),
            Some(comment) => self.edit_comment(comment.id, text, trace.marker).await,
            None => self.create_comment(on, text, trace.marker).await,
        }
    }
}

/// Refuses what GitHub would cut or refuse, before it is sent; whoever wrote the text knows best where to split it.
pub(super) fn within_limit(text: &str, what: &str) -> Result<(), GithubError> {
    let length = text.encode_utf16().count();
    if length > TEXT_LIMIT {
        let why = format!("the text has {length} characters, the limit is {TEXT_LIMIT}");
        return Err(GithubError::Invalid { what: what.to_owned(), why });
    }
    Ok(())
}

/// GitHub may turn line ends round and trim the end; nothing else is the same text.
fn same_text(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError};
    use crate::ids::RunId;

    const ISSUE: IssueNumber = IssueNumber(42);
    const SINCE: Timestamp = Timestamp(1_795_358_460_000);

    fn comment(id: i64, author: i64, body: &str) -> Value {
        json!({
            "id": id, "body": body, "html_url": format!("https://github.test/c{id}"), "user":
                { "id": author, "login": "somebody", "type": "Bot" },
            "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:41:00Z",
        })
    }

    #[tokio::test]
    async fn f13_a_comment_that_was_posted_before_a_lost_answer_is_found_and_not_repeated() -> Result<(), TestError> {
        let mut posted: Vec<Value> = Vec::new();
        let fake = Fake::start(move |seen| match seen.line.split_once(' ') {
            Some(("POST", "/repos/acme/tool/issues/42/comments")) => {
                posted.push(comment(1, 9, seen.body["body"].as_str().unwrap_or_default()));
                Some(Reply::new(502, &json!({})))
            }
            Some(("GET", path)) if path.starts_with("/repos/acme/tool/issues/42/comments") => {
                Some(Reply::new(200, &Value::Array(posted.clone())))
            }
            _ => None,
        })
        .await?;
        let app = fake.app()?;
        let mark = app.marker(RunId(1), "plan-v1");
        let trace = Trace { marker: &mark, since: SINCE };
        let here = app.repository(&fake.at, Step::Read, NOW);

        let first = here.ensure_comment(ISSUE, "The plan.", trace, Attempt::First).await;
        assert_eq!(first.map_err(|error| error.next()).err(), Some(crate::github::Next::LookUp));
        let again = here.ensure_comment(ISSUE, "The plan.", trace, Attempt::Again).await?;
        assert_eq!(again.id, CommentId(1));
        assert_eq!(
            fake.lines(),
            [
                "POST /repos/acme/tool/issues/42/comments",
                "GET /repos/acme/tool/issues/42/comments?since=2026-11-21T14:41:00Z&per_page=100",
            ]
        );
        Ok(())
    }

    #[tokio::test]
    async fn t63_a_mark_under_another_author_or_of_another_run_is_not_adopted() -> Result<(), TestError> {
        let key = crate::github::MarkerKey::derive(&crate::github::testing::key_pem()?);
        let (mark, other) = (Marker::new(&key, RunId(1), "plan-v1"), Marker::new(&key, RunId(2), "plan-v1"));
        let there = json!([comment(1, 666, &mark.on("Mine.")), comment(2, 9, &other.on("Elsewhere."))]);
        let fake = Fake::start(move |seen| match seen.line.starts_with("GET /repos") {
            true => Some(Reply::new(200, &there)),
            false => seen.line.starts_with("POST /repos").then(|| Reply::new(201, &comment(3, 9, "The plan."))),
        })
        .await?;
        let app = fake.app()?;
        assert_eq!(app.marker(RunId(1), "plan-v1"), mark);
        let trace = Trace { marker: &mark, since: SINCE };

        let here = app.repository(&fake.at, Step::Read, NOW);
        let posted = here.ensure_comment(ISSUE, "The plan.", trace, Attempt::Again).await?;
        assert_eq!(posted.id, CommentId(3));
        Ok(())
    }

    #[tokio::test]
    async fn a_second_page_is_asked_for_at_our_own_address_with_the_token() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let second = seen.line.contains("page=2");
            let next = r#"<https://evil.test/repositories/77/issues/42/comments?page=2>; rel="next", <https://evil.test/x>; rel="last""#;
            let page = Reply::new(200, &json!([comment(if second { 2 } else { 1 }, 9, "")]));
            seen.line.contains("/issues/42/comments").then(|| if second { page } else { page.with("link", next) })
        })
        .await?;
        let app = fake.app()?;

        let listed = app.repository(&fake.at, Step::Read, NOW).issue_comments(ISSUE, None).await?;
        assert_eq!(listed.items.iter().map(|c| c.id.0).collect::<Vec<_>>(), [1, 2]);
        assert!(listed.complete);
        let last = fake.seen().pop().map(|seen| (seen.line, seen.authorization));
        let expected = "GET /repositories/77/issues/42/comments?page=2".to_owned();
        assert_eq!(last, Some((expected, Some("Bearer ghs_canary1".into()))));
        Ok(())
    }

    #[tokio::test]
    async fn f27_a_list_too_long_to_read_leaves_a_lost_comment_unknown() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let page = Reply::new(200, &json!([comment(1, 3, "")]));
            seen.line
                .contains("comments")
                .then(|| page.with("link", r#"<http://x/repositories/77/comments?n>; rel="next""#))
        })
        .await?;
        let app = fake.app()?;
        let mark = app.marker(RunId(1), "plan-v1");
        let trace = Trace { marker: &mark, since: SINCE };

        let here = app.repository(&fake.at, Step::Read, NOW);
        let found = here.ensure_comment(ISSUE, "The plan.", trace, Attempt::Again).await;
        assert!(matches!(found, Err(GithubError::Unknown { .. })), "{found:?}");
        assert_eq!(fake.lines().len(), 20);
        Ok(())
    }

    #[tokio::test]
    async fn f43_a_text_that_github_would_refuse_is_not_sent() -> Result<(), TestError> {
        let posted = |seen: &Seen| seen.line.contains("/comments").then(|| Reply::new(201, &comment(1, 9, "")));
        let fake = Fake::start(posted).await?;
        let app = fake.app()?;
        let mark = app.marker(RunId(1), "plan-v1");
        let trace = Trace { marker: &mark, since: SINCE };
        let here = app.repository(&fake.at, Step::Read, NOW);

        for (text, sent) in [("a".repeat(60_001), false), ("😀".repeat(30_001), false), ("😀".repeat(30_000), true)]
        {
            let before = fake.lines().len();
            let result = here.ensure_comment(ISSUE, &text, trace, Attempt::First).await;
            assert_eq!(
                (fake.lines().len() - before == 1, !matches!(result, Err(GithubError::Invalid { .. }))),
                (sent, sent)
            );
        }
        Ok(())
    }
}
