//! Pull requests: opened once for each branch, found again by it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::branches::ours;
use super::comments::within_limit;
use super::{Attempt, GithubError, Listing, OpenState, Repository, fields};
use crate::ids::{BranchName, CommitSha, Person, PullNumber, RepoId, Timestamp};

/// GitHub's limit for a title.
const TITLE_LIMIT: usize = 256;

/// A pull request to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPull<'a> {
    pub title: &'a str,
    /// A branch of ours in the same repository.
    pub head: &'a BranchName,
    pub base: &'a BranchName,
    pub body: &'a str,
    /// Opened as a draft, where the repository has drafts.
    pub draft: bool,
}

/// What became of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    Open,
    Closed,
    Merged,
}

/// A pull request as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    pub number: PullNumber,
    pub html_url: String,
    pub title: String,
    pub body: String,
    pub state: PullState,
    pub draft: bool,
    pub author: Option<Person>,
    pub created_at: Timestamp,
    /// The branch it comes from; a name we did not give may be one we would not accept.
    pub head_branch: String,
    pub head_sha: CommitSha,
    /// The repository it comes from; absent when that is deleted.
    pub head_repo: Option<RepoId>,
    pub base_branch: String,
    /// Who merged it; only the reading of one pull request tells, and not its lists.
    pub merged_by: Option<Person>,
    /// The commit on the base branch that brought it, once it is merged. Before that GitHub means a trial merge by it.
    pub merge_commit: Option<CommitSha>,
}

impl Repository<'_> {
    /// Opens a pull request: `POST /repos/{owner}/{repo}/pulls`. Where drafts are not to be had, it is opened without.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when there is one already or nothing to compare.
    pub async fn create_pull(&self, new: &NewPull<'_>) -> Result<Pull, GithubError> {
        let what = self.what_pull(new.head);
        ours(new.head, &what)?;
        within_limit(new.body, &what)?;
        if new.title.chars().count() > TITLE_LIMIT {
            return Err(GithubError::Invalid {
                what,
                why: format!("the title has more than {TITLE_LIMIT} characters"),
            });
        }
        let mut body = json!({
            "title": new.title, "head": new.head, "base": new.base, "body": new.body, "draft": new.draft,
        });
        match self.create::<PullWire>(Method::POST, "/pulls", body.clone(), what.clone()).await {
            Err(GithubError::Invalid { why, .. }) if new.draft && says_no_drafts(&why) => {
                body["draft"] = json!(false);
                self.create::<PullWire>(Method::POST, "/pulls", body, what).await.map(Pull::from)
            }
            result => result.map(Pull::from),
        }
    }

    /// Reads a pull request: `GET /repos/{owner}/{repo}/pulls/{pull_number}`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn pull(&self, number: PullNumber) -> Result<Pull, GithubError> {
        let what = self.what(format!("read pull request #{number}"));
        self.get::<PullWire>(&format!("/pulls/{number}"), what).await.map(Pull::from)
    }

    /// Lists the files that a pull request changes, also the old names of those it renames:
    /// `GET /repos/{owner}/{repo}/pulls/{pull_number}/files`, at most 3000 of them.
    ///
    /// # Errors
    /// As for any read.
    pub async fn changed_files(&self, number: PullNumber) -> Result<Listing<String>, GithubError> {
        let what = self.what(format!("list the files of pull request #{number}"));
        let Listing { items, complete } = self.list::<FileWire>(&format!("/pulls/{number}/files"), what).await?;
        let complete = complete && items.len() < 3000;
        let names = |file: FileWire| [Some(file.filename), file.previous_filename];
        Ok(Listing { items: items.into_iter().flat_map(names).flatten().collect(), complete })
    }

    /// Looks for the newest pull request from a branch of this repository, open or not:
    /// `GET /repos/{owner}/{repo}/pulls?head={owner}:{branch}&state=all`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn pull_with_head(&self, head: &BranchName) -> Result<Option<Pull>, GithubError> {
        let filter = format!("{}:{head}", self.at.name.owner());
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let path = format!("/pulls?state=all&sort=created&direction=desc&per_page=100&head={filter}");
        let what = self.what(format!("look for a pull request from {head}"));
        let found: Vec<PullWire> = self.get(&path, what).await?;
        // GitHub ignores a filter that it does not understand, and then lists everything.
        let from_here = |pull: &Pull| pull.head_branch == head.as_str() && pull.head_repo == Some(self.at.id);
        Ok(found.into_iter().map(Pull::from).find(from_here))
    }

    /// Changes a pull request of ours: `PATCH /repos/{owner}/{repo}/pulls/{pull_number}`. What is `None` stays.
    ///
    /// # Errors
    /// As for any write.
    pub async fn edit_pull(
        &self,
        number: PullNumber,
        body: Option<&str>,
        state: Option<OpenState>,
    ) -> Result<Pull, GithubError> {
        let what = self.what(format!("edit pull request #{number}"));
        let mut edit = Map::new();
        if let Some(body) = body {
            within_limit(body, &what)?;
            edit.insert("body".to_owned(), json!(body));
        }
        if let Some(state) = state {
            let state = match state {
                OpenState::Open => "open",
                OpenState::Closed => "closed",
            };
            edit.insert("state".to_owned(), json!(state));
        }
        self.set::<PullWire>(Method::PATCH, &format!("/pulls/{number}"), Value::Object(edit), what)
            .await
            .map(Pull::from)
    }

    /// Opens a pull request once: after an earlier try, or when GitHub says that there is one, it is looked for by its
    /// branch and taken when we are its author (F34).
    ///
    /// # Errors
    /// As for any write; [`GithubError::Conflict`] when somebody else has opened one from our branch.
    pub async fn ensure_pull(&self, new: &NewPull<'_>, attempt: Attempt) -> Result<Pull, GithubError> {
        if attempt == Attempt::Again
            && let Some(pull) = self.our_pull(new.head).await?
        {
            return Ok(pull);
        }
        match self.create_pull(new).await {
            Err(GithubError::Invalid { what, why }) => match self.our_pull(new.head).await? {
                Some(pull) => Ok(pull),
                // The list does not show it yet; it does soon.
                None if says_exists(&why) => Err(GithubError::Unknown { what, why }),
                None => Err(GithubError::Invalid { what, why }),
            },
            result => result,
        }
    }

    /// Looks for the newest pull request from a branch of ours. Whoever may read can open one from it too; theirs is not
    /// taken for ours.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Conflict`] when somebody else has opened it.
    pub async fn our_pull(&self, head: &BranchName) -> Result<Option<Pull>, GithubError> {
        let Some(pull) = self.pull_with_head(head).await? else { return Ok(None) };
        let us = self.app.identity(self.now).await?.bot_id;
        if pull.author.as_ref().is_some_and(|author| author.id == us) {
            return Ok(Some(pull));
        }
        let why = format!("#{} is there and was opened by somebody else", pull.number);
        Err(GithubError::Conflict { what: self.what_pull(head), why })
    }

    fn what_pull(&self, head: &BranchName) -> String {
        self.what(format!("open a pull request from {head}"))
    }
}

/// GitHub writes "A pull request already exists for owner:branch.".
fn says_exists(why: &str) -> bool {
    why.to_ascii_lowercase().contains("a pull request already exists")
}

/// GitHub writes "Draft pull requests are not supported in this repository.".
fn says_no_drafts(why: &str) -> bool {
    why.to_ascii_lowercase().contains("draft pull requests are not supported")
}

impl From<PullWire> for Pull {
    fn from(wire: PullWire) -> Pull {
        let state = match (wire.state, wire.merged_at) {
            (OpenState::Open, _) => PullState::Open,
            (OpenState::Closed, None) => PullState::Closed,
            (OpenState::Closed, Some(_)) => PullState::Merged,
        };
        Pull {
            number: wire.number,
            html_url: wire.html_url,
            title: wire.title,
            body: wire.body,
            state,
            draft: wire.draft,
            author: wire.user,
            created_at: wire.created_at,
            head_branch: wire.head.name,
            head_sha: wire.head.sha,
            head_repo: wire.head.repo.map(|repo| repo.id),
            base_branch: wire.base.name,
            merged_by: wire.merged_by,
            merge_commit: wire.merge_commit_sha.filter(|_| state == PullState::Merged),
        }
    }
}

#[derive(Deserialize)]
struct FileWire {
    filename: String,
    #[serde(default)]
    previous_filename: Option<String>,
}

#[derive(Deserialize)]
struct PullWire {
    number: PullNumber,
    html_url: String,
    #[serde(default, deserialize_with = "fields::text")]
    title: String,
    #[serde(default, deserialize_with = "fields::text")]
    body: String,
    state: OpenState,
    #[serde(default)]
    draft: bool,
    #[serde(default, deserialize_with = "fields::maybe_time")]
    merged_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "fields::person")]
    user: Option<Person>,
    #[serde(default, deserialize_with = "fields::person")]
    merged_by: Option<Person>,
    #[serde(default)]
    merge_commit_sha: Option<CommitSha>,
    #[serde(deserialize_with = "fields::time")]
    created_at: Timestamp,
    head: End,
    base: End,
}

/// One end of a pull request.
#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    name: String,
    sha: CommitSha,
    #[serde(default)]
    repo: Option<EndRepo>,
}

#[derive(Deserialize)]
struct EndRepo {
    id: RepoId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError, sha};

    const POST: &str = "POST /repos/acme/tool/pulls";
    const LOOK: &str =
        "GET /repos/acme/tool/pulls?state=all&sort=created&direction=desc&per_page=100&head=acme%3Aassentry%2F42-x";

    fn pull(number: i64, author: i64, repo: i64) -> Value {
        json!({
            "number": number, "html_url": "u", "title": "T", "body": null, "state": "closed", "draft": true,
            "merged_at": null, "user": { "id": author, "login": "somebody", "type": "Bot" },
            "created_at": "2026-11-22T14:41:00Z", "base": { "ref": "main", "sha": sha('b') },
            "head": { "ref": "assentry/42-x", "sha": sha('a'), "repo": { "id": repo } },
        })
    }

    /// A repository with these pull requests, in which a try to open another gets this answer.
    async fn repository_with(pulls: Value, status: u16, answer: Value) -> Result<Fake, TestError> {
        Fake::start(move |seen| match seen.line.as_str() {
            POST => Some(Reply::new(status, &answer)),
            LOOK => Some(Reply::new(200, &pulls)),
            _ => None,
        })
        .await
    }

    async fn ensured(fake: &Fake, attempt: Attempt) -> Result<Result<PullNumber, GithubError>, TestError> {
        let (head, base) = ("assentry/42-x".parse()?, "main".parse()?);
        let new = NewPull { title: "T", head: &head, base: &base, body: "B", draft: true };
        let app = fake.app()?;
        let ensured = app.repository(&fake.at, Step::Write, NOW).ensure_pull(&new, attempt).await;
        Ok(ensured.map(|pull| pull.number))
    }

    fn exists() -> Value {
        json!({ "message": "Validation Failed", "errors": [{ "message": "A pull request already exists for acme:assentry/42-x." }] })
    }

    #[tokio::test]
    async fn f34_a_pull_request_that_exists_already_is_adopted_at_any_attempt() -> Result<(), TestError> {
        for attempt in [Attempt::First, Attempt::Again] {
            let others = json!([pull(3, 9, 500), pull(2, 9, 77)]);
            let fake = repository_with(others, 422, exists()).await?;
            assert_eq!(ensured(&fake, attempt).await?, Ok(PullNumber(2)));
        }
        Ok(())
    }

    #[tokio::test]
    async fn f34_a_pull_request_that_exists_and_is_not_listed_yet_is_looked_for_again() -> Result<(), TestError> {
        let fake = repository_with(json!([]), 422, exists()).await?;
        let found = ensured(&fake, Attempt::Again).await?;
        assert_eq!(found.map_err(|error| error.next()), Err(crate::github::Next::LookUp));
        Ok(())
    }

    #[tokio::test]
    async fn f34_somebody_elses_pull_request_from_our_branch_is_not_ours() -> Result<(), TestError> {
        let fake = repository_with(json!([pull(2, 666, 77)]), 422, exists()).await?;
        let what = "open a pull request from assentry/42-x in acme/tool".to_owned();
        let why = "#2 is there and was opened by somebody else".to_owned();

        assert_eq!(ensured(&fake, Attempt::First).await?, Err(GithubError::Conflict { what, why }));
        Ok(())
    }

    #[tokio::test]
    async fn f27_a_first_try_asks_once_and_a_second_looks_first() -> Result<(), TestError> {
        let fake = repository_with(json!([pull(4, 9, 77)]), 502, json!({})).await?;
        assert!(matches!(ensured(&fake, Attempt::First).await?, Err(GithubError::Unknown { .. })));
        assert_eq!(ensured(&fake, Attempt::Again).await?, Ok(PullNumber(4)));

        assert_eq!(fake.lines(), [POST, LOOK]);
        Ok(())
    }

    #[tokio::test]
    async fn where_drafts_are_not_to_be_had_a_pull_request_is_opened_without() -> Result<(), TestError> {
        let fake = Fake::start(|seen: &Seen| {
            let refusal = json!({ "message": "Draft pull requests are not supported in this repository." });
            (seen.line == POST).then(|| match seen.body["draft"].as_bool() {
                Some(true) => Reply::new(422, &refusal),
                Some(false) | None => Reply::new(201, &pull(5, 9, 77)),
            })
        })
        .await?;

        assert_eq!(ensured(&fake, Attempt::First).await?, Ok(PullNumber(5)));
        Ok(())
    }
}
