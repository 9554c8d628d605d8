//! Walks directories that a hostile process wrote, by handles and never by path.
//!
//! Promises: no link is followed, nothing outside the directory is opened or removed, and neither depth nor number of
//! entries takes the core down.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;

use nix::NixPath;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmod, fchmodat, fstat, fstatat};
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

/// Whether what is in a directory takes more than `bytes` on disk, or is too deep or too much to be counted, or cannot be
/// looked at. What only its permissions hide is looked at all the same.
pub(super) fn is_larger(dir: &Path, bytes: u64) -> bool {
    let mut left = Left { bytes, entries: MOST_ENTRIES };
    let fits = match reach(AT_FDCWD, dir) {
        Ok(root) => left.take(&root.dir, 0),
        Err(Errno::ENOENT) => Some(()),
        Err(_) => None,
    };
    fits.is_none()
}

struct Left {
    bytes: u64,
    entries: u64,
}

impl Left {
    /// `None` as soon as nothing is left.
    fn take(&mut self, dir: &OwnedFd, depth: usize) -> Option<()> {
        let entries = match entries(dir) {
            Ok(entries) => entries,
            // It was removed meanwhile.
            Err(Errno::ENOENT) => return Some(()),
            Err(_) => return None,
        };
        for entry in entries {
            self.entries = self.entries.checked_sub(1)?;
            let blocks = u64::try_from(entry.stat.st_blocks).unwrap_or(0);
            self.bytes = self.bytes.checked_sub(blocks.saturating_mul(512))?;
            if entry.kind == Kind::Directory {
                (depth < DEEPEST).then_some(())?;
                match reach(dir, entry.name.as_c_str()) {
                    Ok(below) => self.take(&below.dir, depth + 1)?,
                    // It is another thing by now, or nothing; the next look sees more.
                    Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {}
                    Err(_) => return None,
                }
            }
        }
        Some(())
    }
}

/// A directory opened whatever its permissions. If they had to be changed for that, they are put back when it is dropped.
struct Reached {
    dir: OwnedFd,
    was: Option<Mode>,
}

impl Drop for Reached {
    fn drop(&mut self) {
        if let Some(was) = self.was {
            let _ = fchmod(&self.dir, was);
        }
    }
}

/// What its owner needs to list a directory and to look at what is in it.
const LISTS: Mode = Mode::S_IRUSR.union(Mode::S_IXUSR);

fn reach<P: NixPath + ?Sized>(parent: impl AsFd, name: &P) -> nix::Result<Reached> {
    let handle = handle(parent, name)?;
    let mode = Mode::from_bits_truncate(fstat(&handle)?.st_mode & 0o7777);
    let was = if mode.contains(LISTS) {
        None
    } else {
        change_mode(&handle, mode | LISTS)?;
        Some(mode)
    };
    Ok(Reached { dir: openat(&handle, ".", DIRECTORY, Mode::empty())?, was })
}

/// A handle of a directory that cannot be read by it, for which its permissions do not matter.
fn handle<P: NixPath + ?Sized>(parent: impl AsFd, name: &P) -> nix::Result<OwnedFd> {
    openat(parent, name, DIRECTORY.union(OFlag::O_PATH), Mode::empty())
}

/// By name the kernel would follow a link that has taken the directory's place meanwhile.
fn change_mode(handle: &OwnedFd, mode: Mode) -> nix::Result<()> {
    let name = format!("/proc/self/fd/{}", handle.as_raw_fd());
    // Where there is no `/proc`, the directory is there all the same.
    fchmodat(AT_FDCWD, name.as_str(), mode, FchmodatFlags::FollowSymlink).map_err(|_no| Errno::EACCES)
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
    let root = take_over(AT_FDCWD, dir)?;
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
        let below = take_over(dir, entry.name.as_c_str())?;
        if depth == DEEPEST {
            *hoisted += 1;
            renameat(dir, entry.name.as_c_str(), root, format!("hoisted-{hoisted}").as_str())?;
            continue;
        }
        clear(root, &below, depth + 1, hoisted)?;
        unlinkat(dir, entry.name.as_c_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

/// Opens a directory with all rights to it, for good.
fn take_over<P: NixPath + ?Sized>(parent: impl AsFd, name: &P) -> nix::Result<OwnedFd> {
    let handle = handle(parent, name)?;
    change_mode(&handle, Mode::S_IRWXU)?;
    openat(&handle, ".", DIRECTORY, Mode::empty())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use nix::sys::stat::mkdirat;
    use nix::unistd::{Gid, Uid, setfsgid, setfsuid};

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

    /// Does something as an account that permissions hold for, on a thread of its own.
    fn as_nobody_special(work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::spawn(|| {
            if Uid::effective().is_root() {
                // What this thread does with files; the first call gives the account before, the second the one now.
                setfsgid(Gid::from_raw(59_742));
                setfsuid(Uid::from_raw(59_742));
                assert_eq!(setfsuid(Uid::from_raw(59_742)), Uid::from_raw(59_742));
            }
            work();
        });
        thread.join().unwrap();
    }

    fn permit(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A directory of that account, with 4 MiB below `hidden`.
    fn hiding(mode: u32) -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (root, hidden) = (dir.path().join("root"), dir.path().join("root/hidden"));
        std::fs::create_dir_all(&hidden).unwrap();
        std::fs::write(hidden.join("large"), vec![b'x'; 4 << 20]).unwrap();
        permit(&hidden, mode);
        (dir, root, hidden)
    }

    #[test]
    fn t55_what_permissions_hide_counts_and_they_stay_as_they_are() {
        as_nobody_special(|| {
            for mode in [0o000, 0o100, 0o200, 0o300, 0o400, 0o600] {
                let (_dir, root, hidden) = hiding(mode);
                assert!(std::fs::read(hidden.join("large")).is_err() || mode & 0o100 != 0, "permissions hold here");

                assert!(is_larger(&root, 1 << 20), "{mode:o}");
                assert!(!is_larger(&root, 8 << 20), "{mode:o}");
                assert_eq!(hidden.symlink_metadata().unwrap().permissions().mode() & 0o7777, mode);

                permit(&root, mode);
                assert!(is_larger(&root, 1 << 20), "{mode:o} for all");
                assert_eq!(root.symlink_metadata().unwrap().permissions().mode() & 0o7777, mode);
                remove(&root).unwrap();
                assert!(!root.exists(), "{mode:o}");
            }
        });
    }

    #[test]
    fn t55_what_cannot_be_looked_at_is_too_large_and_what_is_not_there_is_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();

        assert!(is_larger(&dir.path().join("file"), u64::MAX));
        assert!(!is_larger(&dir.path().join("none"), 0));
    }
}
