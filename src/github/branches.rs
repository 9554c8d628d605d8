//! Branches: read anywhere, written only below `assentry/`, moved only forward.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::encode;
use super::{Attempt, Authored, GithubError, Repository};
use crate::ids::{BranchName, CommitSha};

/// Where our branches are. Nothing here writes to any other (T61).
pub const OUR_BRANCHES: &str = "assentry/";

impl Repository<'_> {
    /// Reads where a branch is: `GET /repos/{owner}/{repo}/git/ref/heads/{branch}`. `None` when there is no such branch,
    /// or no commit at all (GitHub answers 409 for an empty repository).
    ///
    /// # Errors
    /// As for any read.
    pub async fn branch_head(&self, branch: &BranchName) -> Result<Option<CommitSha>, GithubError> {
        let path = format!("/git/ref/heads/{}", encode(branch.as_str()));
        match self.get::<Ref>(&path, self.what(format!("read branch {branch}"))).await {
            Ok(found) => Ok(Some(found.object.sha)),
            Err(GithubError::Gone { .. } | GithubError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a branch of ours: `POST /repos/{owner}/{repo}/git/refs`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when the name is taken or the commit is unknown.
    pub async fn create_branch(&self, branch: &BranchName, at: &CommitSha) -> Result<(), GithubError> {
        let what = self.what(format!("create branch {branch}"));
        ours(branch, &what)?;
        let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": at });
        let _: Value = self.create(Method::POST, "/git/refs", body, what).await?;
        Ok(())
    }

    /// Moves a branch of ours forward: `PATCH /repos/{owner}/{repo}/git/refs/heads/{branch}`, never forced.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Conflict`] when it holds commits that `to` does not contain.
    pub async fn advance_branch(&self, branch: &BranchName, to: &CommitSha) -> Result<(), GithubError> {
        let what = self.what(format!("advance branch {branch}"));
        ours(branch, &what)?;
        let path = format!("/git/refs/heads/{}", encode(branch.as_str()));
        match self.set::<Value>(Method::PATCH, &path, json!({ "sha": to, "force": false }), what).await {
            Ok(_) => Ok(()),
            Err(GithubError::Invalid { what, why }) if why.to_ascii_lowercase().contains("fast forward") => {
                Err(GithubError::Conflict { what, why })
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a branch of ours once: one that is there already is taken when it is where we would have put it, and after
    /// an earlier try also when it is one commit of ours further, because the next step may have been done too.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Conflict`] when the name is taken by other commits. Then another name is
    /// needed: nobody's commits are overwritten (F33).
    pub async fn ensure_branch(
        &self,
        branch: &BranchName,
        at: &CommitSha,
        attempt: Attempt,
    ) -> Result<(), GithubError> {
        if attempt == Attempt::Again && self.is_there(branch, at, attempt).await? {
            return Ok(());
        }
        match self.create_branch(branch, at).await {
            Err(GithubError::Invalid { what, why }) => match self.is_there(branch, at, attempt).await? {
                true => Ok(()),
                false => Err(GithubError::Invalid { what, why }),
            },
            result => result,
        }
    }

    /// Whether the branch is as we would have left it; being elsewhere is a conflict, being nowhere is not.
    async fn is_there(&self, branch: &BranchName, at: &CommitSha, attempt: Attempt) -> Result<bool, GithubError> {
        let head = match self.branch_head(branch).await? {
            None => return Ok(false),
            Some(head) if head == *at => return Ok(true),
            Some(head) => head,
        };
        if attempt == Attempt::Again && self.is_our_step(&head, at).await? {
            return Ok(true);
        }
        let why = format!("it is at {} and not at {}", head.short(), at.short());
        Err(GithubError::Conflict { what: self.what(format!("create branch {branch}")), why })
    }

    /// Whether `head` is a commit of ours right on top of `from`.
    async fn is_our_step(&self, head: &CommitSha, from: &CommitSha) -> Result<bool, GithubError> {
        let Authored { commit, author } = self.authored_commit(head).await?;
        let us = self.app.identity(self.now).await?.bot_id;
        Ok(commit.parents == [from.clone()] && author.is_some_and(|author| author.id == us))
    }
}

/// Lets only branches of ours pass.
pub(super) fn ours(branch: &BranchName, what: &str) -> Result<(), GithubError> {
    if branch.as_str().starts_with(OUR_BRANCHES) {
        return Ok(());
    }
    Err(GithubError::Refused { what: what.to_owned(), why: format!("only branches below {OUR_BRANCHES} are written") })
}

#[derive(Deserialize)]
struct Ref {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: CommitSha,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};

    /// What every commit here stands on.
    fn base() -> CommitSha {
        sha('0')
    }

    /// A repository in which `there` is where our branch is, by whoever has the id `author`.
    async fn repository_with(there: Option<CommitSha>, author: i64) -> Result<Fake, TestError> {
        Fake::start(move |seen| match (seen.line.as_str(), &there) {
            ("GET /repos/acme/tool/git/ref/heads/assentry/42-x%23a", Some(sha)) => {
                Some(Reply::new(200, &json!({ "ref": "r", "object": { "type": "commit", "sha": sha } })))
            }
            ("GET /repos/acme/tool/git/ref/heads/assentry/42-x%23a", None) => Some(Reply::new(404, &json!({}))),
            (line, Some(sha)) if line == format!("GET /repos/acme/tool/commits/{sha}") => {
                let tree = json!({ "sha": sha });
                let author = json!({ "id": author, "login": "somebody", "type": "Bot" });
                let commit = json!({ "message": "m", "tree": tree });
                let parents = json!([{ "sha": base() }]);
                Some(Reply::new(200, &json!({ "sha": sha, "commit": commit, "parents": parents, "author": author })))
            }
            ("POST /repos/acme/tool/git/refs", Some(_)) => {
                Some(Reply::new(422, &json!({ "message": "Reference already exists" })))
            }
            ("POST /repos/acme/tool/git/refs", None) => Some(Reply::new(201, &json!({}))),
            ("PATCH /repos/acme/tool/git/refs/heads/assentry/42-x%23a", _) => {
                Some(Reply::new(422, &json!({ "message": "Update is not a fast forward" })))
            }
            _ => None,
        })
        .await
    }

    #[tokio::test]
    async fn f33_a_name_taken_by_others_is_a_conflict_and_by_us_is_done() -> Result<(), TestError> {
        let branch = "assentry/42-x#a".parse()?;
        for attempt in [Attempt::First, Attempt::Again] {
            let fake = repository_with(Some(sha('a')), 9).await?;
            let app = fake.app()?;
            let here = app.repository(&fake.at, Step::Write, NOW);
            assert_eq!(here.ensure_branch(&branch, &sha('a'), attempt).await, Ok(()));
            let why = "it is at aaaaaaaaaa and not at bbbbbbbbbb".to_owned();
            let what = "create branch assentry/42-x#a in acme/tool".to_owned();
            let taken = here.ensure_branch(&branch, &sha('b'), attempt).await;
            assert_eq!(taken, Err(GithubError::Conflict { what, why }));
        }
        Ok(())
    }

    #[tokio::test]
    async fn f13_a_branch_on_which_we_did_the_next_step_too_is_ours_and_a_strangers_is_not() -> Result<(), TestError> {
        let branch = "assentry/42-x#a".parse()?;
        for (author, attempt, taken) in
            [(9, Attempt::Again, true), (9, Attempt::First, false), (666, Attempt::Again, false)]
        {
            let fake = repository_with(Some(sha('a')), author).await?;
            let app = fake.app()?;
            let result = app.repository(&fake.at, Step::Write, NOW).ensure_branch(&branch, &base(), attempt).await;
            assert_eq!(result.is_ok(), taken, "{author} {attempt:?}: {result:?}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_branch_nobody_has_is_made_with_one_call() -> Result<(), TestError> {
        let fake = repository_with(None, 9).await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        assert_eq!(here.ensure_branch(&"assentry/42-x#a".parse()?, &sha('a'), Attempt::First).await, Ok(()));

        assert_eq!(fake.lines(), ["POST /repos/acme/tool/git/refs"]);
        let sent = json!({ "ref": "refs/heads/assentry/42-x#a", "sha": sha('a') });
        assert_eq!(fake.seen().pop().map(|seen| seen.body), Some(sent));
        Ok(())
    }

    #[tokio::test]
    async fn t61_a_branch_that_is_not_ours_is_refused_before_any_call() -> Result<(), TestError> {
        let fake = Fake::start(|_| None).await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        for branch in ["main", "assentry", "feature/assentry/1"] {
            let branch = branch.parse()?;
            for result in [here.create_branch(&branch, &sha('a')).await, here.advance_branch(&branch, &sha('a')).await]
            {
                assert!(matches!(result, Err(GithubError::Refused { .. })), "{result:?}");
            }
        }
        assert_eq!(fake.seen(), []);
        Ok(())
    }

    #[tokio::test]
    async fn t61_a_branch_that_holds_other_commits_is_never_forced() -> Result<(), TestError> {
        let fake = repository_with(Some(sha('a')), 9).await?;
        let app = fake.app()?;
        let moved =
            app.repository(&fake.at, Step::Write, NOW).advance_branch(&"assentry/42-x#a".parse()?, &sha('b')).await;

        assert!(matches!(moved, Err(GithubError::Conflict { .. })), "{moved:?}");
        assert_eq!(fake.seen().pop().map(|seen| seen.body), Some(json!({ "sha": sha('b'), "force": false })));
        Ok(())
    }

    #[tokio::test]
    async fn a_repository_without_commits_has_no_branch() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let empty = Reply::new(409, &json!({ "message": "Git Repository is empty." }));
            seen.line.contains("/git/ref/").then_some(empty)
        })
        .await?;
        let app = fake.app()?;
        assert_eq!(app.repository(&fake.at, Step::Read, NOW).branch_head(&"main".parse()?).await, Ok(None));
        Ok(())
    }
}
