//! One bare copy of a repository, from which trees are read and checkouts are made.
//!
//! Promises: the copy is partial (files are fetched when a commit is looked at, in one batch); the token is handed to
//! git through its environment for one fetch, so that neither the process list nor any file holds it; the remote's
//! address is not stored either. Git runs only in this directory, which no stranger's process ever sees, with no
//! configuration but ours, no hooks, no filters, no submodules, and follows no redirect.

pub(super) mod error;
mod materialise;
mod merge;
mod objects;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use error::MirrorError;
pub use merge::{Merged, has_marks};
pub use objects::{Tree, TreeEntry, TreeMode};

use super::process::{Git, GitOutput};
use crate::ids::{BranchName, CommitSha, RepoId, RepoPath};

/// How long one fetch may take.
const FETCH: Duration = Duration::from_secs(900);
/// A commit whose files have more bytes is not checked out.
const LARGEST_TREE: u64 = 4 << 30;
/// Bytes of names that are read at most when commits are compared.
const MOST_NAMES: u64 = 32 << 20;
/// A file read by [`Mirror::read`] has at most this many bytes.
const LARGEST_READ: u64 = 4 << 20;

/// The bare copy of one repository on this host.
#[derive(Debug, Clone)]
pub struct Mirror {
    dir: PathBuf,
}

/// Where a repository is fetched from, and with what right.
#[derive(Debug, Clone)]
pub struct FetchFrom {
    /// The address without credentials, such as `https://github.com/owner/name.git`.
    pub url: Url,
    /// An installation token that may read contents; none for what everyone may read.
    pub token: Option<SecretString>,
}

impl Mirror {
    /// Opens the copy below `data_dir`, or makes an empty one.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] when it cannot be made.
    pub async fn open(data_dir: &Path, repository: RepoId) -> Result<Mirror, MirrorError> {
        let parent = std::path::absolute(data_dir)?.join("mirrors");
        std::fs::create_dir_all(&parent)?;
        let mirror = Mirror { dir: parent.join(format!("{repository}.git")) };
        let _lock = mirror.lock().await?;
        if !mirror.dir.is_dir() {
            let half = mirror.dir.with_extension("part");
            super::tree::remove(&half)?;
            std::fs::create_dir(&half)?;
            for args in [
                &["init", "--quiet", "--bare", "."][..],
                &["config", "core.repositoryFormatVersion", "1"],
                &["config", "extensions.partialClone", "origin"],
                &["config", "remote.origin.promisor", "true"],
                &["config", "remote.origin.partialCloneFilter", "blob:none"],
            ] {
                error::succeed(Git::new(&half).args(args).run().await?)?;
            }
            std::fs::rename(half, &mirror.dir)?;
        }
        Ok(mirror)
    }

    /// Brings the named branches up to date and says where they are. A branch that is not there is not in the answer;
    /// a repository without commits has none.
    ///
    /// # Errors
    /// [`MirrorError`], sorted by what to do next.
    pub async fn fetch(
        &self,
        from: &FetchFrom,
        branches: &[BranchName],
    ) -> Result<BTreeMap<BranchName, CommitSha>, MirrorError> {
        let _lock = self.lock().await?;
        let there = self.remote_heads(from, branches).await?;
        let mut wanted = String::new();
        for (branch, sha) in &there {
            if self.head(branch).await?.as_ref() != Some(sha) {
                wanted.extend(["+refs/heads/", branch.as_str(), ":refs/heads/", branch.as_str(), "\n"]);
            }
        }
        if !wanted.is_empty() {
            self.fetch_lines(from, &wanted).await?;
        }
        let mut heads = BTreeMap::new();
        for branch in there.into_keys() {
            // It may have moved between the two questions; what is here now is what counts.
            if let Some(sha) = self.head(&branch).await? {
                heads.insert(branch, sha);
            }
        }
        Ok(heads)
    }

    /// The tree of a commit that was fetched.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] or [`MirrorError::Bad`] when it is not here.
    pub async fn tree(&self, commit: &CommitSha) -> Result<CommitSha, MirrorError> {
        let named = format!("{commit}^{{tree}}");
        let output = error::succeed(self.git(&["rev-parse", "--verify", "--end-of-options", &named]).run().await?)?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map_err(|_| MirrorError::Bad(format!("git does not name the tree of {commit}")))
    }

    /// Whether `older` is `newer` or one of the commits before it.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] when a commit is not here.
    pub async fn is_ancestor(&self, older: &CommitSha, newer: &CommitSha) -> Result<bool, MirrorError> {
        let args = ["merge-base", "--is-ancestor", older.as_str(), newer.as_str()];
        let output = self.git(&args).run().await?;
        if output.status.code() == Some(1) {
            return Ok(false);
        }
        error::succeed(output).map(|_| true)
    }

    /// The paths that differ between two commits; bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] when a commit is not here, [`MirrorError::Bad`] when they are too many.
    pub async fn changed_between(&self, old: &CommitSha, new: &CommitSha) -> Result<Vec<String>, MirrorError> {
        let args = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", old.as_str(), new.as_str()];
        let names = error::succeed(self.git(&args).most(MOST_NAMES).run().await?)?.stdout;
        let names = names.split(|&b| b == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// The content of one file of a commit, if the commit has such a file and it is no link.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] when it has more than 4 MiB; otherwise as [`Mirror::fetch`].
    pub async fn read(
        &self,
        from: &FetchFrom,
        sha: &CommitSha,
        path: &RepoPath,
    ) -> Result<Option<Vec<u8>>, MirrorError> {
        let tree = self.list(sha).await?;
        let Some(entry) = tree.entries.iter().find(|entry| entry.path == *path) else { return Ok(None) };
        if !matches!(entry.mode, TreeMode::File(_)) {
            return Ok(None);
        }
        let blob = [entry.object.clone()];
        self.fetch_missing(from, sha, &blob).await?;
        match self.sizes(&blob).await?.first() {
            Some(size) if *size <= LARGEST_READ => Ok(self.blobs(&blob).await?.pop()),
            _ => Err(MirrorError::Bad(format!("{path} has more than {LARGEST_READ} bytes"))),
        }
    }

    async fn remote_heads(
        &self,
        from: &FetchFrom,
        branches: &[BranchName],
    ) -> Result<BTreeMap<BranchName, CommitSha>, MirrorError> {
        let full: Vec<String> = branches.iter().map(|branch| format!("refs/heads/{branch}")).collect();
        let args = ["ls-remote", "--quiet", "origin"].into_iter().chain(full.iter().map(String::as_str));
        let output = self.from(from).args(&args.collect::<Vec<_>>()).run().await?;
        let listed = String::from_utf8_lossy(&error::succeed(output)?.stdout).into_owned();
        // Git matches the end of names: `refs/heads/a` also finds `refs/x/refs/heads/a`.
        let head = |line: &str| {
            let (sha, name) = line.split_once('\t')?;
            let name = name.strip_prefix("refs/heads/")?;
            let branch = branches.iter().find(|branch| branch.as_str() == name)?;
            Some((branch.clone(), sha.parse().ok()?))
        };
        Ok(listed.lines().filter_map(head).collect())
    }

    async fn head(&self, branch: &BranchName) -> Result<Option<CommitSha>, MirrorError> {
        let name = format!("refs/heads/{branch}");
        let output = self.git(&["rev-parse", "--verify", "--quiet", &name]).run().await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
    }

    /// Fetches references or objects, one a line.
    async fn fetch_lines(&self, from: &FetchFrom, lines: &str) -> Result<(), MirrorError> {
        let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
        let more = ["--recurse-submodules=no", "--filter=blob:none", "--stdin", "origin"];
        let fetch = self.from(from).args(&args).args(&more).stdin(lines.as_bytes()).wall(FETCH);
        error::succeed(fetch.run().await?).map(drop)
    }

    fn git(&self, args: &[&str]) -> Git {
        Git::new(&self.dir).env("GIT_DIR", &self.dir.to_string_lossy()).args(args)
    }

    /// Git with an address and a credential, both for this one process.
    fn from(&self, from: &FetchFrom) -> Git {
        let plain = |text: &str| SecretString::from(text.to_owned());
        let git = self
            .git(&[])
            .env("GIT_ALLOW_PROTOCOL", from.url.scheme())
            .config("remote.origin.url", plain(from.url.as_str()))
            .config("protocol.version", plain("2"))
            .config("http.lowSpeedLimit", plain("1000"))
            .config("http.lowSpeedTime", plain("60"));
        let Some(token) = &from.token else { return git };
        let pair = STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
        // For this host only: a header without an address would go wherever git goes.
        let key = format!("http.{}/.extraHeader", from.url.origin().ascii_serialization());
        git.config(&key, SecretString::from(format!("Authorization: Basic {pair}")))
    }

    /// Waits until nobody else, also no other process, changes this copy.
    async fn lock(&self) -> io::Result<File> {
        let path = self.dir.with_extension("lock");
        let wait = move || {
            let file = File::options().create(true).append(true).open(path)?;
            file.lock()?;
            Ok(file)
        };
        tokio::task::spawn_blocking(wait).await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests;
