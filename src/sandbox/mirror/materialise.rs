//! Writes a commit's files into a directory of their own, without git there and without anything of git's that acts:
//! no filters, no line endings, no submodules, no large-file service.

use std::path::Path;

use super::{FetchFrom, LARGEST_TREE, Mirror, MirrorError, Tree, TreeEntry, TreeMode};
use crate::ids::{CommitSha, RepoPath};
use crate::sandbox::checkout::{Base, BaseFile, BaseMode, Checkout};

/// How much is held in memory at a time, unless one file is larger.
const BATCH: u64 = 32 << 20;

impl Mirror {
    /// Makes a checkout of a commit. What an earlier try left at `dir` is replaced. Links that would lead out of the
    /// directory, submodules and names that may not be are left out, and listed in the checkout's base.
    ///
    /// # Errors
    /// [`MirrorError::Bad`] when the commit is too large or a file cannot be written; otherwise as [`Mirror::fetch`].
    pub async fn checkout(&self, from: &FetchFrom, sha: &CommitSha, dir: &Path) -> Result<Checkout, MirrorError> {
        let Tree { entries, unnameable } = self.list(sha).await?;
        let (there, submodules): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.mode != TreeMode::Submodule);
        let blobs: Vec<CommitSha> = there.iter().map(|entry| entry.object.clone()).collect();
        self.fetch_missing(from, sha, &blobs).await?;
        let sizes = self.sizes(&blobs).await?;
        if sizes.iter().sum::<u64>() > LARGEST_TREE {
            return Err(MirrorError::Bad(format!("the commit has more than {LARGEST_TREE} bytes")));
        }
        let checkout = Checkout::create(dir)?;
        let mut base = Base { left_out: unnameable, ..Base::default() };
        base.left_out.extend(submodules.into_iter().map(|entry| entry.path.into()));
        let (mut files, mut links) = (Vec::new(), Vec::new());
        for (entry, size) in there.into_iter().zip(sizes) {
            if entry.mode == TreeMode::Link { &mut links } else { &mut files }.push((entry, size));
        }
        // Files first: no file can then be written through a link, whatever the tree says.
        for batch in batches(files).chain(batches(links)) {
            self.write(&checkout, &mut base, batch).await?;
        }
        Ok(checkout.seal(base)?)
    }

    async fn write(
        &self,
        checkout: &Checkout,
        base: &mut Base,
        batch: Vec<(TreeEntry, u64)>,
    ) -> Result<(), MirrorError> {
        let blobs: Vec<CommitSha> = batch.iter().map(|(entry, _)| entry.object.clone()).collect();
        let contents = self.blobs(&blobs).await?;
        for ((TreeEntry { path, mode, object }, size), bytes) in batch.into_iter().zip(contents) {
            let mode = match mode {
                TreeMode::File(mode) => {
                    checkout.write(&path, mode, &bytes)?;
                    BaseMode::File(mode)
                }
                TreeMode::Link => match std::str::from_utf8(&bytes) {
                    Ok(target) if stays_inside(&path, target) && checkout.link(&path, target).is_ok() => BaseMode::Link,
                    Ok(_) | Err(_) => {
                        base.left_out.push(path.into());
                        continue;
                    }
                },
                TreeMode::Submodule => continue,
            };
            base.files.insert(path, BaseFile { mode, blob: object, size });
        }
        Ok(())
    }
}

/// Cuts a list into pieces that fit into memory.
fn batches(files: Vec<(TreeEntry, u64)>) -> impl Iterator<Item = Vec<(TreeEntry, u64)>> {
    let mut files = files.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = vec![files.next()?];
        let mut bytes = batch.first().map_or(0, |(_, size)| *size);
        while let Some(file) = files.next_if(|(_, size)| bytes + size <= BATCH) {
            bytes += file.1;
            batch.push(file);
        }
        Some(batch)
    })
}

/// Whether a link can only lead to something inside.
///
/// `..` is taken at the start only, where what it leaves is a real directory. Behind another name it would leave
/// wherever that name leads, which may be a link itself.
fn stays_inside(path: &RepoPath, target: &str) -> bool {
    let depth = path.as_str().matches('/').count();
    let mut parts = target.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
    let mut up = 0;
    while parts.next_if_eq(&"..").is_some() {
        up += 1;
    }
    !target.is_empty() && !target.starts_with('/') && up <= depth && !parts.any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t48_a_link_is_kept_only_if_it_cannot_lead_out() {
        let stays = |path: &str, target: &str| path.parse().map(|path| stays_inside(&path, target));

        for (path, target) in [("a", "b"), ("a", "./b/c"), ("d/a", "../b"), ("d/e/a", "../../b")] {
            assert_eq!(stays(path, target), Ok(true), "{path} -> {target}");
        }
        for (path, target) in
            [("a", "/etc/passwd"), ("a", ".."), ("d/a", "../../x"), ("d/e/a", "b/../x"), ("a", ""), ("a", "b/../../x")]
        {
            assert_eq!(stays(path, target), Ok(false), "{path} -> {target}");
        }
    }
}
