//! Walks directories that a hostile process wrote, by handles and never by path.
//!
//! Promises: no link is followed, nothing outside the directory is opened or removed, and neither depth nor number of
//! entries takes the core down.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, renameat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmodat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};

/// Directories below each other at most; every level costs an open handle.
pub(super) const DEEPEST: usize = 100;
/// Entries at most before a tree counts as too large, whatever their size.
const MOST_ENTRIES: u64 = 1_000_000;

/// What an entry is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    Special,
}

/// One name in a directory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: CString,
    pub(super) kind: Kind,
    pub(super) stat: FileStat,
}

/// Opens a directory by path. For directories that the core made, in places that only the core can change.
pub(super) fn open_root(dir: &Path) -> nix::Result<OwnedFd> {
    open(dir, DIRECTORY, Mode::empty())
}

/// Opens a directory below another one, if it is one and not a link to one.
pub(super) fn open_dir(parent: impl AsFd, name: &CString) -> nix::Result<OwnedFd> {
    openat(parent, name.as_c_str(), DIRECTORY, Mode::empty())
}

const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// The entries of a directory, sorted by name.
pub(super) fn entries(dir: impl AsFd) -> nix::Result<Vec<Entry>> {
    let dir = dir.as_fd();
    let own = openat(dir, ".", DIRECTORY, Mode::empty())?;
    let mut found = Vec::new();
    for entry in Dir::from_fd(own)?.iter() {
        let name = entry?.file_name().to_owned();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match fstatat(dir, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => found.push(Entry { name, kind: kind(&stat), stat }),
            Err(Errno::ENOENT) => {}
            Err(e) => return Err(e),
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

pub(super) fn kind(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Directory,
        SFlag::S_IFLNK => Kind::Link,
        _ => Kind::Special,
    }
}

/// Whether what is in a directory takes more than `bytes` on disk, or is too deep or too much to be counted.
pub(super) fn is_larger(dir: &Path, bytes: u64) -> bool {
    let Ok(root) = open_root(dir) else { return false };
    let mut left = Left { bytes, entries: MOST_ENTRIES };
    left.take(&root, 0).is_none()
}

struct Left {
    bytes: u64,
    entries: u64,
}

impl Left {
    /// `None` as soon as nothing is left.
    fn take(&mut self, dir: &OwnedFd, depth: usize) -> Option<()> {
        // What cannot be listed has changed meanwhile; the next look sees more.
        for entry in entries(dir).unwrap_or_default() {
            self.entries = self.entries.checked_sub(1)?;
            let blocks = u64::try_from(entry.stat.st_blocks).unwrap_or(0);
            self.bytes = self.bytes.checked_sub(blocks.saturating_mul(512))?;
            if entry.kind == Kind::Directory {
                (depth < DEEPEST).then_some(())?;
                if let Ok(below) = open_dir(dir, &entry.name) {
                    self.take(&below, depth + 1)?;
                }
            }
        }
        Some(())
    }
}

/// Removes a directory with all that is in it, however deep and whatever its permissions. It may be gone already.
///
/// # Errors
/// When something cannot be removed.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Ok(()) => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
    }
    let root = open_root(dir)?;
    let mut hoisted = 0;
    // Each round flattens what was too deep for the one before.
    while !entries(&root)?.is_empty() {
        clear(&root, &root, 0, &mut hoisted)?;
    }
    std::fs::remove_dir(dir)
}

fn clear(root: &OwnedFd, dir: &OwnedFd, depth: usize, hoisted: &mut u64) -> nix::Result<()> {
    for entry in entries(dir)? {
        if entry.kind != Kind::Directory {
            unlinkat(dir, entry.name.as_c_str(), UnlinkatFlags::NoRemoveDir)?;
            continue;
        }
        fchmodat(dir, entry.name.as_c_str(), Mode::S_IRWXU, FchmodatFlags::FollowSymlink)?;
        if depth == DEEPEST {
            *hoisted += 1;
            renameat(dir, entry.name.as_c_str(), root, format!("hoisted-{hoisted}").as_str())?;
            continue;
        }
        clear(root, &open_dir(dir, &entry.name)?, depth + 1, hoisted)?;
        unlinkat(dir, entry.name.as_c_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use std::os::unix::fs::symlink;

    use nix::sys::stat::mkdirat;

    use super::*;

    #[test]
    fn t52_a_tree_of_any_depth_is_removed_and_nothing_its_links_point_to() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("kept"), "kept").unwrap();
        let hostile = dir.path().join("hostile");
        std::fs::create_dir(&hostile).unwrap();
        symlink(&outside, hostile.join("link")).unwrap();
        let mut at = open_root(&hostile).unwrap();
        let name = CString::new("d").unwrap();
        for _ in 0..3000 {
            mkdirat(&at, name.as_c_str(), Mode::S_IRWXU).unwrap();
            at = open_dir(&at, &name).unwrap();
        }
        drop(at);

        assert!(is_larger(&hostile, u64::MAX));
        remove(&hostile).unwrap();

        assert!(!hostile.exists());
        assert_eq!(std::fs::read_to_string(outside.join("kept")).unwrap(), "kept");
    }

    #[test]
    fn a_hole_in_a_file_takes_no_space() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::File::create(dir.path().join("sparse")).unwrap().set_len(10 << 30).unwrap();

        assert!(!is_larger(dir.path(), 1 << 20));
    }
}
