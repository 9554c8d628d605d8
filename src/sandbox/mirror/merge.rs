//! Merges one commit into another, file by file, without git's index and without a working copy of git's.
//!
//! Promises: only what one side changed and the other did not is taken without a word; what both changed is merged by
//! lines, and where that does not go the path is named. Nothing is followed: links and submodules are never merged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{FetchFrom, LARGEST_READ, Mirror, MirrorError, TreeMode};
use crate::ids::{CommitSha, RepoPath};
use crate::sandbox::checkout::{Change, ChangeKind};
use crate::sandbox::process::Git;

/// A merge that large is for people.
const MOST_PATHS: usize = 5_000;

/// What a commit becomes by the merge of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// What differs from the merged commit afterwards; lines in conflict stand between git's marks.
    pub changes: Vec<Change>,
    /// The paths in conflict.
    pub conflicts: Vec<RepoPath>,
}

type Files = BTreeMap<RepoPath, (TreeMode, CommitSha)>;

impl Mirror {
    /// Merges `theirs` into `ours`; both were fetched. What comes of it is told as what differs from `theirs`.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] when they have no commit in common or a file is too large; otherwise as [`Mirror::fetch`].
    pub async fn merge(&self, from: &FetchFrom, ours: &CommitSha, theirs: &CommitSha) -> Result<Merged, MirrorError> {
        let base = self.common(ours, theirs).await?;
        let (then, mine, other) = (self.files(&base).await?, self.files(ours).await?, self.files(theirs).await?);
        let paths: BTreeSet<&RepoPath> = then.keys().chain(mine.keys()).collect();
        let paths: Vec<&RepoPath> = paths
            .into_iter()
            .filter(|path| then.get(*path) != mine.get(*path) && mine.get(*path) != other.get(*path))
            .collect();
        if paths.len() > MOST_PATHS {
            return Err(MirrorError::Bad(format!("{} files would have to be merged", paths.len())));
        }
        for (commit, files) in [(&base, &then), (ours, &mine), (theirs, &other)] {
            let blobs: Vec<CommitSha> =
                paths.iter().filter_map(|path| files.get(*path)).map(|file| file.1.clone()).collect();
            self.fetch_missing(from, commit, &blobs).await?;
        }
        let mut merged = Merged::default();
        for path in paths {
            let (before, now, there) = (then.get(path), mine.get(path), other.get(path));
            let (change, fits) = match (now, there) {
                _ if there == before => (self.as_it_is(path, now).await?, true),
                (Some((TreeMode::File(mode), now)), Some((TreeMode::File(_), there))) => {
                    let before = before.filter(|(mode, _)| matches!(mode, TreeMode::File(_))).map(|(_, blob)| blob);
                    let (bytes, fits) = self.by_lines(path, [Some(now), before, Some(there)]).await?;
                    (Some(ChangeKind::Put { mode: *mode, bytes }), fits)
                }
                // The one side removed what the other changed: both are kept apart, and somebody has to say which it is.
                (Some(_), _) => (self.as_it_is(path, now).await?, false),
                (None, _) => (None, false),
            };
            merged.changes.extend(change.map(|change| Change { path: path.clone(), change }));
            if !fits {
                merged.conflicts.push(path.clone());
            }
        }
        Ok(merged)
    }

    /// The newest commit that both have.
    async fn common(&self, one: &CommitSha, other: &CommitSha) -> Result<CommitSha, MirrorError> {
        let output = self.git(&["merge-base", one.as_str(), other.as_str()]).run().await?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse().map_err(|_| MirrorError::Bad(format!("{one} and {other} have no commit in common")))
    }

    async fn files(&self, commit: &CommitSha) -> Result<Files, MirrorError> {
        let entries = self.list(commit).await?.entries.into_iter();
        Ok(entries.map(|entry| (entry.path, (entry.mode, entry.object))).collect())
    }

    /// A file as a commit has it; nothing for what no checkout may hold.
    async fn as_it_is(
        &self,
        path: &RepoPath,
        file: Option<&(TreeMode, CommitSha)>,
    ) -> Result<Option<ChangeKind>, MirrorError> {
        match file {
            None => Ok(Some(ChangeKind::Delete)),
            Some((TreeMode::File(mode), blob)) => {
                Ok(Some(ChangeKind::Put { mode: *mode, bytes: self.content(path, blob).await? }))
            }
            Some((TreeMode::Link | TreeMode::Submodule, _)) => {
                Err(MirrorError::Bad(format!("{path} is a link or a submodule, which is not merged here")))
            }
        }
    }

    async fn content(&self, path: &RepoPath, blob: &CommitSha) -> Result<Vec<u8>, MirrorError> {
        let blob = [blob.clone()];
        match self.sizes(&blob).await?.first() {
            Some(size) if *size <= LARGEST_READ => Ok(self.blobs(&blob).await?.pop().unwrap_or_default()),
            Some(_) | None => Err(MirrorError::Bad(format!("{path} has more than {LARGEST_READ} bytes"))),
        }
    }

    /// Merges a file by lines (`git merge-file`), and says whether that went without a conflict. What has no lines stays as
    /// the work has it.
    async fn by_lines(&self, path: &RepoPath, blobs: [Option<&CommitSha>; 3]) -> Result<(Vec<u8>, bool), MirrorError> {
        let dir = tempfile::tempdir()?;
        let mut work = Vec::new();
        for (blob, name) in blobs.into_iter().zip(["ours", "before", "theirs"]) {
            let bytes = match blob {
                Some(blob) => self.content(path, blob).await?,
                None => vec![],
            };
            write(dir.path(), name, &bytes)?;
            if name == "ours" {
                work = bytes;
            }
        }
        let labels = ["-L", "the work", "-L", "before", "-L", "the base"];
        let git = Git::new(dir.path()).args(&["merge-file", "-p", "-q"]).args(&labels);
        let output = git.args(&["--", "ours", "before", "theirs"]).run().await?;
        match output.status.code() {
            Some(0) => Ok((output.stdout, true)),
            Some(1..=127) => Ok((output.stdout, false)),
            _ => Ok((work, false)),
        }
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), MirrorError> {
    Ok(std::fs::write(dir.join(name), bytes)?)
}

/// Whether lines of a file still stand between git's marks of a conflict.
#[must_use]
pub fn has_marks(bytes: &[u8]) -> bool {
    let mark = |line: &[u8]| line.starts_with(b"<<<<<<< the work") || line.starts_with(b">>>>>>> the base");
    bytes.split(|&b| b == b'\n').any(mark)
}
