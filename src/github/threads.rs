//! Threads of line comments: resolved through GraphQL, because REST has no word for it.
//!
//! GitHub lets an App resolve a thread only with write access to contents, however strange that is; [`super::Step::Write`]
//! has it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::Asked;
use super::wire::Kind;
use super::{GithubError, Repository};
use crate::ids::{PullNumber, ReviewCommentId};

/// Pages of a hundred threads that are looked through.
const PAGES: usize = 20;

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { \
    reviewThreads(first: 100, after: $after) { \
    nodes { id isResolved comments(first: 1) { nodes { databaseId } } } pageInfo { hasNextPage endCursor } } } } }";
const RESOLVE: &str = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id isResolved } } }";

impl Repository<'_> {
    /// Resolves the thread that a line comment opened; one that is resolved already stays so:
    /// `PullRequest.reviewThreads` and `resolveReviewThread` of GitHub's GraphQL API.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Gone`] when there is no such thread any more.
    pub async fn resolve_thread(&self, pull: PullNumber, opened_by: ReviewCommentId) -> Result<(), GithubError> {
        let what = self.what(format!("resolve the thread of line comment {opened_by} of #{pull}"));
        let Some(thread) = self.thread(pull, opened_by, &what).await? else { return Err(GithubError::Gone { what }) };
        if thread.is_resolved {
            return Ok(());
        }
        let _: Asked<Value> = self.graphql(Kind::Set, RESOLVE, json!({ "id": thread.id }), what).await?;
        Ok(())
    }

    async fn thread(
        &self,
        pull: PullNumber,
        opened_by: ReviewCommentId,
        what: &str,
    ) -> Result<Option<ThreadWire>, GithubError> {
        let (owner, name) = self.at.name.as_str().split_once('/').unwrap_or_default();
        let mut after = Value::Null;
        for _ in 0..PAGES {
            let variables = json!({ "owner": owner, "name": name, "number": pull.0, "after": after });
            let Asked { data: found, .. }: Asked<Found> =
                self.graphql(Kind::Read, THREADS, variables, what.to_owned()).await?;
            let Some(threads) = found.repository.and_then(|repository| repository.pull) else { return Ok(None) };
            let ours = |thread: &ThreadWire| thread.comments.nodes.first().is_some_and(|c| c.id == opened_by);
            if let Some(thread) = threads.threads.nodes.into_iter().find(ours) {
                return Ok(Some(thread));
            }
            match threads.threads.page {
                PageWire { has_next_page: true, end_cursor: Some(cursor) } => after = json!(cursor),
                PageWire { .. } => return Ok(None),
            }
        }
        Ok(None)
    }
}

#[derive(Deserialize)]
struct Found {
    repository: Option<RepositoryWire>,
}

#[derive(Deserialize)]
struct RepositoryWire {
    #[serde(rename = "pullRequest")]
    pull: Option<PullWire>,
}

#[derive(Deserialize)]
struct PullWire {
    #[serde(rename = "reviewThreads")]
    threads: ThreadsWire,
}

#[derive(Deserialize)]
struct ThreadsWire {
    nodes: Vec<ThreadWire>,
    #[serde(rename = "pageInfo")]
    page: PageWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadWire {
    id: String,
    is_resolved: bool,
    comments: CommentsWire,
}

#[derive(Deserialize)]
struct CommentsWire {
    nodes: Vec<CommentWire>,
}

#[derive(Deserialize)]
struct CommentWire {
    #[serde(rename = "databaseId")]
    id: ReviewCommentId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageWire {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};
    use crate::github::{App, GithubConfig, Step};

    fn page(threads: &[(&str, i64, bool)], next: Option<&str>) -> Value {
        let node = |(id, first, resolved): &(&str, i64, bool)| {
            json!({
                "id": id, "isResolved": resolved, "comments": { "nodes": [{ "databaseId": first }] },
            })
        };
        let nodes: Vec<Value> = threads.iter().map(node).collect();
        let page = json!({ "hasNextPage": next.is_some(), "endCursor": next });
        json!({ "data": { "repository": { "pullRequest": { "reviewThreads": { "nodes": nodes, "pageInfo": page } } } } })
    }

    #[tokio::test]
    async fn a_thread_is_found_by_its_first_comment_and_resolved_once() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let query = seen.body["query"].as_str().unwrap_or_default();
            let answer = match (seen.line.as_str(), seen.body["variables"]["after"].as_str()) {
                ("POST /graphql", _) if query.contains("mutation") => {
                    assert_eq!(seen.body["variables"], json!({ "id": "PRRT_2" }));
                    json!({ "data": { "resolveReviewThread": { "thread": { "id": "PRRT_2", "isResolved": true } } } })
                }
                ("POST /graphql", None) => page(&[("PRRT_1", 11, false)], Some("c1")),
                ("POST /graphql", Some("c1")) => page(&[("PRRT_2", 12, false), ("PRRT_3", 13, true)], None),
                _ => return None,
            };
            Some(Reply::new(200, &answer))
        })
        .await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        let asked = || fake.lines().iter().filter(|line| line.ends_with("/graphql")).count();

        here.resolve_thread(PullNumber(43), ReviewCommentId(12)).await?;
        assert_eq!(asked(), 3);
        here.resolve_thread(PullNumber(43), ReviewCommentId(13)).await?;
        assert_eq!(asked(), 5, "what is resolved is left alone");
        let gone = here.resolve_thread(PullNumber(43), ReviewCommentId(14)).await;
        assert!(matches!(gone, Err(GithubError::Gone { .. })), "{gone:?}");
        Ok(())
    }

    #[tokio::test]
    async fn a_refusal_stands_in_an_answer_that_looks_like_a_success() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let errors = json!([{ "type": "FORBIDDEN", "message": "Resource not accessible by integration" }]);
            (seen.line == "POST /graphql").then(|| Reply::new(200, &json!({ "data": null, "errors": errors })))
        })
        .await?;
        let app = fake.app()?;
        let refused =
            app.repository(&fake.at, Step::Write, NOW).resolve_thread(PullNumber(43), ReviewCommentId(1)).await;
        assert!(matches!(refused, Err(GithubError::Refused { .. })), "{refused:?}");
        Ok(())
    }

    #[tokio::test]
    async fn an_enterprise_server_has_its_graphql_beside_its_rest() -> Result<(), TestError> {
        let fake = Fake::start(|seen| match seen.line.as_str() {
            "POST /api/v3/app/installations/5/access_tokens" => Some(Reply::new(201, &json!({ "token": "t" }))),
            "POST /api/graphql" => Some(Reply::new(200, &page(&[("PRRT_1", 1, true)], None))),
            _ => None,
        })
        .await?;
        let app = App::new(&GithubConfig {
            api_url: format!("{}/api/v3/", fake.address).parse()?,
            web_url: "https://ghe.test/".parse()?,
            app_id: 7,
            key_pem: crate::github::testing::key_pem()?,
        })?;
        app.repository(&fake.at, Step::Write, NOW).resolve_thread(PullNumber(43), ReviewCommentId(1)).await?;
        Ok(())
    }
}
