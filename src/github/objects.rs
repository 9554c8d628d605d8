//! Trees and commits through the Git data API, so that GitHub signs them as the App's.
//!
//! Nobody sees an object before a branch leads to it, and the same tree is the same object: all of these may be sent
//! twice. Refuses modes other than plain and executable files; links and submodules cannot be expressed (T59).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GithubError, Repository, fields};
use crate::ids::{CommitSha, Person, RepoPath};

/// How a file stands in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// `100644`
    Plain,
    /// `100755`
    Executable,
}

/// A change of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The file has these bytes from now on.
    Write { path: RepoPath, mode: FileMode, bytes: Vec<u8> },
    /// The file is gone.
    Delete { path: RepoPath },
}

/// A commit as git stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitObject {
    pub sha: CommitSha,
    pub message: String,
    pub tree: CommitSha,
    pub parents: Vec<CommitSha>,
}

/// A commit with the account GitHub finds behind its author's address; absent when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authored {
    pub commit: CommitObject,
    pub author: Option<Person>,
}

impl Repository<'_> {
    /// Makes a tree from another by some changes: `POST /repos/{owner}/{repo}/git/trees`. Text travels in that call;
    /// each file that is not text takes one more (`POST …/git/blobs`).
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when `base` is unknown or a deleted file is not in it.
    pub async fn create_tree(&self, base: &CommitSha, entries: &[Entry]) -> Result<CommitSha, GithubError> {
        let mut tree = Vec::with_capacity(entries.len());
        for entry in entries {
            tree.push(self.tree_entry(entry).await?);
        }
        let body = json!({ "base_tree": base, "tree": tree });
        let made: Made = self.set(Method::POST, "/git/trees", body, self.what("create a tree")).await?;
        Ok(made.sha)
    }

    /// Makes a commit: `POST /repos/{owner}/{repo}/git/commits`. Neither author nor committer is named, so that both are
    /// the App and GitHub signs (T67).
    ///
    /// # Errors
    /// As for any write.
    pub async fn create_commit(
        &self,
        message: &str,
        tree: &CommitSha,
        parents: &[CommitSha],
    ) -> Result<CommitSha, GithubError> {
        let body = json!({ "message": message, "tree": tree, "parents": parents });
        let made: Made = self.set(Method::POST, "/git/commits", body, self.what("create a commit")).await?;
        Ok(made.sha)
    }

    /// Reads a commit: `GET /repos/{owner}/{repo}/git/commits/{commit_sha}`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn commit(&self, sha: &CommitSha) -> Result<CommitObject, GithubError> {
        let what = self.what(format!("read commit {}", sha.short()));
        let read: CommitWire = self.get(&format!("/git/commits/{sha}"), what).await?;
        Ok(CommitObject {
            sha: read.sha,
            message: read.message,
            tree: read.tree.sha,
            parents: read.parents.into_iter().map(|parent| parent.sha).collect(),
        })
    }

    /// Reads a commit with its author's account: `GET /repos/{owner}/{repo}/commits/{ref}`.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Invalid`] when there is no such commit.
    pub async fn authored_commit(&self, sha: &CommitSha) -> Result<Authored, GithubError> {
        let what = self.what(format!("read commit {}", sha.short()));
        let read: AuthoredWire = self.get(&format!("/commits/{sha}"), what).await?;
        let commit = CommitObject {
            sha: read.sha,
            message: read.commit.message,
            tree: read.commit.tree.sha,
            parents: read.parents.into_iter().map(|parent| parent.sha).collect(),
        };
        Ok(Authored { commit, author: read.author })
    }

    async fn tree_entry(&self, entry: &Entry) -> Result<Value, GithubError> {
        let (path, mode, bytes) = match entry {
            Entry::Delete { path } => {
                return Ok(json!({ "path": path, "mode": "100644", "type": "blob", "sha": null }));
            }
            Entry::Write { path, mode, bytes } => (path, mode, bytes),
        };
        let mode = match mode {
            FileMode::Plain => "100644",
            FileMode::Executable => "100755",
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => {
                Ok(json!({ "path": path, "mode": mode, "type": "blob", "content": text }))
            }
            Ok(_) | Err(_) => {
                let body = json!({ "content": STANDARD.encode(bytes), "encoding": "base64" });
                let what = self.what(format!("store the content of {path}"));
                let blob: Made = self.set(Method::POST, "/git/blobs", body, what).await?;
                Ok(json!({ "path": path, "mode": mode, "type": "blob", "sha": blob.sha }))
            }
        }
    }
}

#[derive(Deserialize)]
struct Made {
    sha: CommitSha,
}

#[derive(Deserialize)]
struct AuthoredWire {
    sha: CommitSha,
    commit: InnerWire,
    #[serde(default)]
    parents: Vec<Made>,
    #[serde(default, deserialize_with = "fields::person")]
    author: Option<Person>,
}

#[derive(Deserialize)]
struct InnerWire {
    message: String,
    tree: Made,
}

#[derive(Deserialize)]
struct CommitWire {
    sha: CommitSha,
    message: String,
    tree: Made,
    #[serde(default)]
    parents: Vec<Made>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};

    #[tokio::test]
    async fn t59_a_tree_is_made_of_plain_and_executable_files_and_deletions() -> Result<(), TestError> {
        let fake = Fake::start(|seen| match seen.line.as_str() {
            "POST /repos/acme/tool/git/blobs" => Some(Reply::new(201, &json!({ "sha": sha('b') }))),
            "POST /repos/acme/tool/git/trees" => Some(Reply::new(201, &json!({ "sha": sha('d') }))),
            _ => None,
        })
        .await?;
        let app = fake.app()?;
        let entries = [
            Entry::Write { path: "a.rs".parse()?, mode: FileMode::Plain, bytes: "ü\n".into() },
            Entry::Write { path: "run".parse()?, mode: FileMode::Executable, bytes: vec![0xff, 0x00] },
            Entry::Delete { path: "old/b.rs".parse()? },
        ];
        assert_eq!(app.repository(&fake.at, Step::Write, NOW).create_tree(&sha('e'), &entries).await, Ok(sha('d')));

        let sent: Vec<Value> = fake.seen().into_iter().rev().take(2).map(|seen| seen.body).collect();
        let tree = json!({ "base_tree": sha('e'), "tree": [
            { "path": "a.rs", "mode": "100644", "type": "blob", "content": "ü\n" },
            { "path": "run", "mode": "100755", "type": "blob", "sha": sha('b') },
            { "path": "old/b.rs", "mode": "100644", "type": "blob", "sha": null },
        ]});
        assert_eq!(sent, [tree, json!({ "content": "/wA=", "encoding": "base64" })]);
        Ok(())
    }

    #[tokio::test]
    async fn t67_a_commit_names_no_author_so_that_github_signs_it_as_ours() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            (seen.line == "POST /repos/acme/tool/git/commits").then(|| Reply::new(201, &json!({ "sha": sha('c') })))
        })
        .await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        assert_eq!(here.create_commit("Do it", &sha('d'), &[sha('a')]).await, Ok(sha('c')));

        let sent = json!({ "message": "Do it", "tree": sha('d'), "parents": [sha('a')] });
        assert_eq!(fake.seen().pop().map(|seen| seen.body), Some(sent));
        Ok(())
    }

    #[tokio::test]
    async fn f27_an_object_nobody_sees_yet_may_be_made_again() -> Result<(), TestError> {
        let fake = Fake::start(|seen| seen.line.contains("/git/").then(|| Reply::new(502, &json!({})))).await?;
        let app = fake.app()?;
        let made = app.repository(&fake.at, Step::Write, NOW).create_commit("Do it", &sha('d'), &[]).await;

        assert!(matches!(made, Err(GithubError::Flaky { .. })), "{made:?}");
        Ok(())
    }
}
