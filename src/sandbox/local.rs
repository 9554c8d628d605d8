//! A repository on this host that belongs to whoever started the program.
//!
//! Promises: its work tree, its index and the branches that are there are never touched; a result is a new branch, made
//! from bytes that were taken out of the sandbox. Refuses a branch that exists.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use super::mirror::{FetchFrom, MirrorError, error::succeed};
use super::process::{Git, GitOutput};
use super::{Change, ChangeKind};
use crate::ids::{BranchName, CommitSha, Timestamp};

/// Who the commits are by.
const WHO: &str = "Assentry <assentry@localhost>";

/// A repository with a work tree.
#[derive(Debug, Clone)]
pub struct LocalRepository {
    dir: PathBuf,
    git_dir: PathBuf,
}

/// One commit to be made.
#[derive(Debug, Clone)]
pub struct NewCommit<'a> {
    /// Its message.
    pub message: &'a str,
    /// Everything that differs from the base of the branch after it.
    pub changes: &'a [Change],
}

impl LocalRepository {
    /// Opens the repository whose work tree is `dir`.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] when there is none.
    pub async fn open(dir: &Path) -> Result<LocalRepository, MirrorError> {
        let missing = |why: &str| MirrorError::Gone(format!("{}: {why}", dir.display()));
        let dir = dir.canonicalize().map_err(|error| missing(&error.to_string()))?;
        let output = Git::new(&dir).args(&["rev-parse", "--path-format=absolute", "--git-common-dir"]).run().await?;
        let git_dir = said(output).map_err(|_| missing("is not the root folder of a git repository"))?;
        Ok(LocalRepository { dir, git_dir: git_dir.into() })
    }

    /// Makes a repository of a folder's files: a copy at `into`, which must not exist, with one commit on `main`.
    ///
    /// # Errors
    /// When a file cannot be copied or git fails.
    pub async fn of_folder(folder: &Path, into: &Path, now: Timestamp) -> Result<LocalRepository, MirrorError> {
        copy(folder, into)?;
        let when = format!("{} +0000", now.0.div_euclid(1000));
        let git = |args: &[&str]| {
            Git::new(into)
                .args(args)
                .config("user.name", SecretString::from("Assentry"))
                .config("user.email", SecretString::from("assentry@localhost"))
                .env("GIT_AUTHOR_DATE", &when)
                .env("GIT_COMMITTER_DATE", &when)
        };
        for args in [
            &["init", "--quiet", "--initial-branch=main", "."][..],
            &["add", "--all", "--force", "."],
            &["commit", "--quiet", "--allow-empty", "--message=As it was"],
        ] {
            succeed(git(args).run().await?)?;
        }
        LocalRepository::open(into).await
    }

    /// Where git keeps what is not part of the work tree, also for what this program keeps.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The branch that is checked out, and its newest commit.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] when no branch is checked out, or it has no commit.
    pub async fn head(&self) -> Result<(BranchName, CommitSha), MirrorError> {
        let gone = |why: &str| MirrorError::Gone(format!("{}: {why}", self.dir.display()));
        let branch = said(self.git(&["symbolic-ref", "--quiet", "--short", "HEAD"]).run().await?)
            .map_err(|_| gone("no branch is checked out: check one out first"))?;
        let commit = said(self.git(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).run().await?)
            .map_err(|_| gone("the branch has no commit: make one first"))?;
        let bad = |_| gone("git names no branch or commit");
        Ok((branch.parse().map_err(bad)?, commit.parse().map_err(bad)?))
    }

    /// Whether a branch is there.
    ///
    /// # Errors
    /// When git cannot be started.
    pub async fn has_branch(&self, name: &BranchName) -> Result<bool, MirrorError> {
        let full = format!("refs/heads/{name}");
        Ok(self.git(&["show-ref", "--verify", "--quiet", &full]).run().await?.status.success())
    }

    /// The address that a mirror fetches from.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] for a path that no address can name.
    pub fn address(&self) -> Result<FetchFrom, MirrorError> {
        let bad = |()| MirrorError::Bad(format!("{} cannot be named in an address", self.dir.display()));
        Ok(FetchFrom { url: Url::from_file_path(&self.dir).map_err(bad)?, token: None })
    }

    /// Makes commits on a new branch, one after the other, the first on `base`.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] when the branch exists or git does not take the commits; then there is no such branch.
    pub async fn commit(
        &self,
        branch: &BranchName,
        base: &CommitSha,
        commits: &[NewCommit<'_>],
        now: Timestamp,
    ) -> Result<Vec<CommitSha>, MirrorError> {
        if self.has_branch(branch).await? {
            return Err(MirrorError::Bad(format!("there is a branch {branch} already")));
        }
        let tree = said(self.git(&["rev-parse", "--verify", &format!("{base}^{{tree}}")]).run().await?)?;
        let stream = stream(branch, (base, &tree), commits, now);
        let output = self.git(&["fast-import", "--quiet", "--done", "--date-format=raw"]).stdin(&stream).run().await?;
        let marks = said(output)?;
        let made: Vec<CommitSha> = marks.lines().filter_map(|line| line.parse().ok()).collect();
        if made.len() == commits.len() {
            return Ok(made);
        }
        Err(MirrorError::Bad(format!("git made {} of {} commits", made.len(), commits.len())))
    }

    fn git(&self, args: &[&str]) -> Git {
        Git::new(&self.dir).env("GIT_DIR", &self.git_dir.to_string_lossy()).args(args)
    }
}

/// The commits in the language of `git fast-import`. Each tree is the base's with the commit's changes.
fn stream(branch: &BranchName, (base, tree): (&CommitSha, &str), commits: &[NewCommit<'_>], now: Timestamp) -> Vec<u8> {
    let when = now.0.div_euclid(1000);
    let mut out = Vec::new();
    let mut parent = base.to_string();
    for (n, commit) in commits.iter().enumerate() {
        let mark = format!(":{}", n + 1);
        out.extend(format!("commit refs/heads/{branch}\nmark {mark}\ncommitter {WHO} {when} +0000\n").bytes());
        data(&mut out, commit.message.as_bytes());
        out.extend(format!("from {parent}\nM 040000 {tree} \"\"\n").bytes());
        for change in commit.changes {
            let path = quoted(change.path.as_str());
            match &change.change {
                ChangeKind::Delete => out.extend(format!("D {path}\n").bytes()),
                ChangeKind::Put { mode, bytes } => {
                    out.extend(format!("M {} inline {path}\n", mode.as_git()).bytes());
                    data(&mut out, bytes);
                }
            }
        }
        out.extend(format!("\nget-mark {mark}\n").bytes());
        parent = mark;
    }
    out.extend(b"done\n");
    out
}

fn data(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(format!("data {}\n", bytes.len()).bytes());
    out.extend(bytes);
    out.push(b'\n');
}

/// A path as fast-import reads it whatever is in it.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// What git printed, without the newline at its end.
fn said(output: GitOutput) -> Result<String, MirrorError> {
    Ok(String::from_utf8_lossy(&succeed(output)?.stdout).trim_end().to_owned())
}

/// Copies plain files and folders; links and git's own folders stay behind.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if name == ".git" {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
