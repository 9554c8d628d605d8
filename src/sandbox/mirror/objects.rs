//! Lists and reads git's objects, and fetches those that a partial copy lacks.

use std::collections::HashSet;

use super::{FetchFrom, LARGEST_TREE, Mirror, MirrorError, error};
use crate::ids::{CommitSha, RepoPath};
use crate::sandbox::checkout::FileMode;
use crate::sandbox::names;

/// All files of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// In git's order.
    pub entries: Vec<TreeEntry>,
    /// Names that no checkout may have, made printable.
    pub unnameable: Vec<String>,
}

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    pub path: RepoPath,
    pub mode: TreeMode,
    /// The id of a blob, or of a commit for a submodule.
    pub object: CommitSha,
}

/// What git calls the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeMode {
    File(FileMode),
    Link,
    Submodule,
}

/// A commit that has more is not looked at.
const MOST_FILES: usize = 300_000;

impl Mirror {
    /// Lists all files of a commit, for which no file needs to be fetched.
    ///
    /// # Errors
    /// [`MirrorError::Gone`] when the commit is not here, [`MirrorError::Bad`] when it has too many files.
    pub async fn list(&self, sha: &CommitSha) -> Result<Tree, MirrorError> {
        let output = self.git(&["ls-tree", "-r", "-z", "--full-tree", sha.as_str()]).run().await?;
        let listed = error::succeed(output)?.stdout;
        let mut tree = Tree::default();
        // A few kilobytes of trees that hold each other name as many files as they like.
        if listed.iter().filter(|&&b| b == 0).count() > MOST_FILES {
            return Err(MirrorError::Bad(format!("the commit has more than {MOST_FILES} files")));
        }
        for line in listed.split(|&b| b == 0).filter(|line| !line.is_empty()) {
            match entry(line) {
                Some(entry) => tree.entries.push(entry),
                None => tree.unnameable.push(String::from_utf8_lossy(line).escape_debug().to_string()),
            }
        }
        Ok(tree)
    }

    /// Fetches those of the blobs of a commit that are not here, all at once.
    pub(super) async fn fetch_missing(
        &self,
        from: &FetchFrom,
        sha: &CommitSha,
        blobs: &[CommitSha],
    ) -> Result<(), MirrorError> {
        let missing = self.missing(sha, blobs).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let _lock = self.lock().await?;
        self.fetch_lines(from, &missing).await
    }

    /// The sizes of blobs that are here, in the same order.
    pub(super) async fn sizes(&self, blobs: &[CommitSha]) -> Result<Vec<u64>, MirrorError> {
        let output =
            self.git(&["cat-file", "--batch-check=%(objectsize)"]).stdin(lines(blobs).as_bytes()).run().await?;
        let text = String::from_utf8_lossy(&error::succeed(output)?.stdout).into_owned();
        let sizes: Option<Vec<u64>> = text.lines().map(|line| line.parse().ok()).collect();
        sizes
            .filter(|sizes| sizes.len() == blobs.len())
            .ok_or_else(|| MirrorError::Flaky("a file is not here".to_owned()))
    }

    /// The content of blobs that are here, in the same order.
    pub(super) async fn blobs(&self, blobs: &[CommitSha]) -> Result<Vec<Vec<u8>>, MirrorError> {
        // The caller has asked for their sizes before.
        let git = self.git(&["cat-file", "--batch=%(objectsize)"]).most(LARGEST_TREE.saturating_mul(2));
        let output = git.stdin(lines(blobs).as_bytes()).run().await?;
        let stdout = error::succeed(output)?.stdout;
        let mut rest = stdout.as_slice();
        let mut contents = Vec::with_capacity(blobs.len());
        for _ in blobs {
            let (content, after) = split(rest).ok_or_else(|| MirrorError::Flaky("a file is not here".to_owned()))?;
            contents.push(content.to_vec());
            rest = after;
        }
        Ok(contents)
    }

    pub(super) async fn missing(&self, sha: &CommitSha, blobs: &[CommitSha]) -> Result<String, MirrorError> {
        let tree = format!("{sha}^{{tree}}");
        let args = ["rev-list", "--objects", "--missing=print", "--no-object-names", &tree];
        let output = error::succeed(self.git(&args).run().await?)?.stdout;
        let listed = String::from_utf8_lossy(&output).into_owned();
        let missing: HashSet<&str> = listed.lines().filter_map(|line| line.strip_prefix('?')).collect();
        let mut wanted: Vec<CommitSha> = blobs.iter().filter(|id| missing.contains(id.as_str())).cloned().collect();
        wanted.sort();
        wanted.dedup();
        Ok(lines(&wanted))
    }
}

/// Reads `mode type id<TAB>path`.
fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|&b| b == b'\t')?;
    let (head, path) = (std::str::from_utf8(&line[..tab]).ok()?, &line[tab + 1..]);
    let mut words = head.split(' ');
    let mode = match words.next()? {
        "100644" | "100664" => TreeMode::File(FileMode::Regular),
        "100755" => TreeMode::File(FileMode::Executable),
        "120000" => TreeMode::Link,
        "160000" => TreeMode::Submodule,
        _ => return None,
    };
    let object = words.nth(1)?.parse().ok()?;
    Some(TreeEntry { path: names::parse(path).ok()?, mode, object })
}

/// Takes `size<LF>content<LF>` off the front.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = bytes.iter().position(|&b| b == b'\n')?;
    let size: usize = std::str::from_utf8(&bytes[..line]).ok()?.parse().ok()?;
    let end = (line + 1).checked_add(size)?;
    Some((bytes.get(line + 1..end)?, bytes.get(end + 1..)?))
}

fn lines(ids: &[CommitSha]) -> String {
    ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect()
}
