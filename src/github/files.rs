//! One file, one commit, one call: how a plan version gets onto its branch.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::branches::ours;
use super::wire::encode;
use super::{Attempt, Authored, GithubError, Repository};
use crate::ids::{BranchName, CommitSha, RepoPath};

/// A file to write as one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile<'a> {
    pub branch: &'a BranchName,
    pub path: &'a RepoPath,
    pub bytes: &'a [u8],
    /// The commit's message. No author is named, so that GitHub signs the commit as the App's.
    pub message: &'a str,
    /// The blob that is replaced; `None` for a new file.
    pub previous: Option<&'a CommitSha>,
}

/// What writing a file has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWritten {
    pub commit: CommitSha,
    pub blob: CommitSha,
}

/// A file as it is at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    pub bytes: Vec<u8>,
    pub blob: CommitSha,
}

impl Repository<'_> {
    /// Reads a file as it is on the default branch now: `GET /repos/{owner}/{repo}/contents/{path}`. `None` when there is
    /// no such file there.
    ///
    /// # Errors
    /// As for [`Repository::file_at`].
    pub async fn file_now(&self, path: &RepoPath) -> Result<Option<FileRead>, GithubError> {
        let what = self.what(format!("read {path} on the default branch"));
        self.read_file(&format!("/contents/{}", encode(path.as_str())), what).await
    }

    /// Reads a file as it is at a commit: `GET /repos/{owner}/{repo}/contents/{path}?ref={commit}`. `None` when there is
    /// no such file there.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Invalid`] for a directory, a link, or a file above GitHub's 1 MB.
    pub async fn file_at(&self, commit: &CommitSha, path: &RepoPath) -> Result<Option<FileRead>, GithubError> {
        let what = self.what(format!("read {path} at {}", commit.short()));
        self.read_file(&format!("/contents/{}?ref={commit}", encode(path.as_str())), what).await
    }

    async fn read_file(&self, address: &str, what: String) -> Result<Option<FileRead>, GithubError> {
        let there: Contents = match self.get(address, what.clone()).await {
            Ok(there) => there,
            Err(GithubError::Gone { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (kind, sha, encoding, content) = match there {
            Contents::Entry { kind, sha, encoding, content } => (kind, sha, encoding, content),
            Contents::Directory(entries) => {
                return Err(GithubError::Invalid { what, why: format!("it is a directory of {}", entries.len()) });
            }
        };
        if kind != "file" || encoding != "base64" {
            return Err(GithubError::Invalid { what, why: format!("it is a {kind} in encoding {encoding:?}") });
        }
        let packed: String = content.split_ascii_whitespace().collect();
        match STANDARD.decode(packed) {
            Ok(bytes) => Ok(Some(FileRead { bytes, blob: sha })),
            Err(error) => Err(GithubError::Flaky { what, why: error.to_string() }),
        }
    }

    /// Writes a file: `PUT /repos/{owner}/{repo}/contents/{path}`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Conflict`] or [`GithubError::Invalid`] when `previous` is not what is there.
    pub async fn put_file(&self, file: &NewFile<'_>) -> Result<FileWritten, GithubError> {
        let what = self.what_file(file);
        ours(file.branch, &what)?;
        let mut body =
            json!({ "branch": file.branch, "message": file.message, "content": STANDARD.encode(file.bytes) });
        if let Some(previous) = file.previous {
            body["sha"] = json!(previous);
        }
        let path = format!("/contents/{}", encode(file.path.as_str()));
        let written: Written = self.create(Method::PUT, &path, body, what).await?;
        Ok(FileWritten { commit: written.commit.sha, blob: written.content.sha })
    }

    /// Writes a file once: after an earlier try, or when GitHub says that something else is there, the branch is looked
    /// at, and a head commit by us with our message and our bytes is taken.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Conflict`] when somebody else has changed the branch.
    pub async fn ensure_file(&self, file: &NewFile<'_>, attempt: Attempt) -> Result<FileWritten, GithubError> {
        if attempt == Attempt::Again
            && let Some(written) = self.find_file(file).await?
        {
            return Ok(written);
        }
        match self.put_file(file).await {
            Err(error @ (GithubError::Conflict { .. } | GithubError::Invalid { .. })) => {
                self.find_file(file).await?.ok_or(error)
            }
            result => result,
        }
    }

    /// Looks whether the file is on its branch as we would write it: `GET /repos/{owner}/{repo}/contents/{path}`, then
    /// the head commit. `None` when what is there is still what the write replaces.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Conflict`] when there is something else.
    pub async fn find_file(&self, file: &NewFile<'_>) -> Result<Option<FileWritten>, GithubError> {
        let query: String = url::form_urlencoded::byte_serialize(file.branch.as_str().as_bytes()).collect();
        let path = format!("/contents/{}?ref={query}", encode(file.path.as_str()));
        let there = match self.get::<Named>(&path, self.what_file(file)).await {
            Ok(there) => Some(there.sha),
            Err(GithubError::Gone { .. }) => None,
            Err(error) => return Err(error),
        };
        if there.as_ref() == file.previous {
            return Ok(None);
        }
        if let Some(blob) = there
            && blob.as_str() == blob_id(file.bytes, &blob)
            && let Some(head) = self.branch_head(file.branch).await?
        {
            let Authored { commit, author } = self.authored_commit(&head).await?;
            let us = self.app.identity(self.now).await?.bot_id;
            if commit.message.trim_end() == file.message.trim_end() && author.is_some_and(|author| author.id == us) {
                return Ok(Some(FileWritten { commit: head, blob }));
            }
        }
        let why = "somebody else has changed it".to_owned();
        Err(GithubError::Conflict { what: self.what_file(file), why })
    }

    fn what_file(&self, file: &NewFile<'_>) -> String {
        self.what(format!("write {} on branch {}", file.path, file.branch))
    }
}

/// The id git gives to these bytes, by the hash that `like` was made with.
fn blob_id(bytes: &[u8], like: &CommitSha) -> String {
    let algorithm = if like.as_str().len() == 40 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 };
    let mut context = Context::new(algorithm);
    context.update(format!("blob {}\0", bytes.len()).as_bytes());
    context.update(bytes);
    hex::encode(context.finish())
}

#[derive(Deserialize)]
struct Written {
    content: Named,
    commit: Named,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Contents {
    Entry {
        #[serde(rename = "type")]
        kind: String,
        sha: CommitSha,
        #[serde(default)]
        encoding: String,
        #[serde(default)]
        content: String,
    },
    Directory(Vec<IgnoredAny>),
}

#[derive(Deserialize)]
struct Named {
    sha: CommitSha,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError, sha};

    const HELLO: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    /// What stands on the branch: the file's blob, the head commit's message.
    type There = Arc<Mutex<(Option<String>, String)>>;

    /// A branch on which a write is done, whatever is then answered.
    async fn branch(there: &There, answer: u16) -> Result<Fake, TestError> {
        let there = Arc::clone(there);
        let script = move |seen: &Seen| {
            let mut there = there.lock().unwrap_or_else(PoisonError::into_inner);
            let (method, path) = seen.line.split_once(' ')?;
            match (method, path.strip_prefix("/repos/acme/tool/")?) {
                ("PUT", "contents/plans/42%20%C3%BC.md") => {
                    *there = (Some(HELLO.to_owned()), seen.body["message"].as_str()?.to_owned());
                    let done = json!({ "content": { "sha": HELLO }, "commit": { "sha": sha('c') } });
                    Some(Reply::new(answer, if answer == 201 { &done } else { &json!(null) }))
                }
                ("GET", "contents/plans/42%20%C3%BC.md?ref=assentry%2F42-x") => Some(match &there.0 {
                    Some(blob) => Reply::new(200, &json!({ "type": "file", "sha": blob })),
                    None => Reply::new(404, &json!({})),
                }),
                ("GET", "git/ref/heads/assentry/42-x") => {
                    Some(Reply::new(200, &json!({ "object": { "sha": sha('c') } })))
                }
                ("GET", path) if path == format!("commits/{}", sha('c')) => {
                    let author = json!({ "id": 9, "login": "assentry[bot]", "type": "Bot" });
                    let commit = json!({ "message": there.1, "tree": { "sha": sha('d') } });
                    let commit = json!({ "sha": sha('c'), "commit": commit, "author": author });
                    Some(Reply::new(200, &commit))
                }
                _ => None,
            }
        };
        Fake::start(script).await
    }

    fn there(blob: Option<&str>, message: &str) -> There {
        Arc::new(Mutex::new((blob.map(str::to_owned), message.to_owned())))
    }

    #[tokio::test]
    async fn f27_a_file_written_before_a_lost_answer_is_not_written_again() -> Result<(), TestError> {
        let fake = branch(&there(None, "base"), 502).await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        let (branch, path) = ("assentry/42-x".parse()?, "plans/42 ü.md".parse()?);
        let file = NewFile { branch: &branch, path: &path, bytes: b"hello\n", message: "Plan v1", previous: None };

        assert!(matches!(here.ensure_file(&file, Attempt::First).await, Err(GithubError::Unknown { .. })));
        let written = FileWritten { commit: sha('c'), blob: HELLO.parse()? };
        assert_eq!(here.ensure_file(&file, Attempt::Again).await, Ok(written));
        assert_eq!(fake.lines().iter().filter(|line| line.starts_with("PUT")).count(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn a_file_is_written_with_one_call_and_without_an_author() -> Result<(), TestError> {
        let fake = branch(&there(None, "base"), 201).await?;
        let app = fake.app()?;
        let (branch, path, previous) = ("assentry/42-x".parse()?, "plans/42 ü.md".parse()?, sha('e'));
        let file =
            NewFile { branch: &branch, path: &path, bytes: b"hello\n", message: "Plan v2", previous: Some(&previous) };

        let written = FileWritten { commit: sha('c'), blob: HELLO.parse()? };
        let here = app.repository(&fake.at, Step::Write, NOW);
        assert_eq!(here.ensure_file(&file, Attempt::First).await, Ok(written));
        let sent = json!({ "branch": branch, "message": "Plan v2", "content": "aGVsbG8K", "sha": previous });
        assert_eq!(fake.seen().pop().map(|seen| seen.body), Some(sent));
        Ok(())
    }

    #[tokio::test]
    async fn f33_a_plan_branch_that_somebody_else_wrote_to_is_left_alone() -> Result<(), TestError> {
        let (branch_name, path) = ("assentry/42-x".parse()?, "plans/42 ü.md".parse()?);
        let file = NewFile { branch: &branch_name, path: &path, bytes: b"hello\n", message: "Plan v1", previous: None };
        for (blob, message) in [(HELLO, "My own"), (sha('f').as_str(), "Plan v1")] {
            let fake = branch(&there(Some(blob), message), 201).await?;
            let app = fake.app()?;
            let result = app.repository(&fake.at, Step::Write, NOW).ensure_file(&file, Attempt::Again).await;
            assert!(matches!(result, Err(GithubError::Conflict { .. })), "{blob} {message}: {result:?}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_file_is_read_whole_and_nothing_else_passes_for_one() -> Result<(), TestError> {
        let entry = |kind: &str, encoding: &str, content: &str| json!({ "type": kind, "encoding": encoding, "content": content, "sha": sha('b') });
        for (status, answer, expected) in [
            (200, entry("file", "base64", "aGVs\nbG8K\n"), Ok(Some("hello\n"))),
            (200, entry("file", "none", ""), Err(())),
            (200, entry("symlink", "base64", "aGVs"), Err(())),
            (200, json!([entry("file", "", "")]), Err(())),
            (404, json!({ "message": "Not Found" }), Ok(None)),
        ] {
            let fake =
                Fake::start(move |seen| seen.line.contains("/contents/").then(|| Reply::new(status, &answer))).await?;
            let app = fake.app()?;
            let read = app.repository(&fake.at, Step::Read, NOW).file_at(&sha('a'), &"a/b.md".parse()?).await;
            let expected = expected.map(|text| text.map(|text| FileRead { bytes: text.into(), blob: sha('b') }));
            assert_eq!(
                read.map_err(|error| assert!(matches!(error, GithubError::Invalid { .. }), "{error}")),
                expected
            );
        }
        Ok(())
    }

    #[test]
    fn a_blob_is_named_as_git_names_it() -> Result<(), crate::ids::BadName> {
        let like = "0".repeat(40).parse()?;

        assert_eq!(blob_id(b"hello\n", &like), "ce013625030ba8dba906f756967f9e9ca394464a");
        Ok(())
    }
}
