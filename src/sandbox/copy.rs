//! Copies a tree in which no process runs any more: files, directories and links as they are, nothing else.
//!
//! Promises: the source is walked by handles and no link in it is followed; modes and times stay, so that a build finds its
//! products newer than their sources; where the file system can share blocks between files it does. Pipes, sockets and
//! devices are left out, and a second name of a file becomes a file of its own.

use std::ffi::OsStr;
use std::fs::{File, FileTimes, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;

use super::layout;
use super::tree::{self, Entry, Kind};

/// Entries that are copied at most.
const MOST_ENTRIES: u64 = 1_000_000;

/// Copies what is in `from` into `to`, a directory that only the core has written. What is there already stays, and takes
/// over the time of the file of that name, so that it is older than what was built from it.
///
/// # Errors
/// When the files have more than `most` bytes, holes counted; when something cannot be read or written.
pub(super) fn add(from: &Path, to: &Path, most: u64) -> io::Result<()> {
    let root = tree::open_root(from)?;
    Copy { bytes: most, entries: MOST_ENTRIES }.directory(&root, to, 0)
}

struct Copy {
    bytes: u64,
    entries: u64,
}

impl Copy {
    fn directory(&mut self, from: &OwnedFd, to: &Path, depth: usize) -> io::Result<()> {
        if depth > tree::DEEPEST {
            return Err(io::Error::other("too many directories within each other"));
        }
        for entry in tree::entries(from)? {
            let left = self.entries.checked_sub(1);
            self.entries = left.ok_or_else(|| io::Error::other("too many files"))?;
            let to = to.join(OsStr::from_bytes(entry.name.to_bytes()));
            let there = to.symlink_metadata().ok();
            match (entry.kind, there) {
                (Kind::Directory, Some(there)) if there.is_dir() => {
                    self.directory(&tree::open_dir(from, &entry.name)?, &to, depth + 1)?;
                }
                (Kind::Directory, None) => {
                    let below = tree::open_dir(from, &entry.name)?;
                    std::fs::DirBuilder::new().mode(0o700).create(&to)?;
                    self.directory(&below, &to, depth + 1)?;
                    std::fs::set_permissions(&to, permissions(&entry))?;
                    layout::give_away(&to)?;
                }
                (Kind::File, Some(there)) if there.is_file() => {
                    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.stat.st_mtime.max(0).unsigned_abs());
                    File::open(&to)?.set_modified(time)?;
                }
                (Kind::File, None) => self.file(from, &entry, &to)?,
                (Kind::Link, None) => {
                    std::os::unix::fs::symlink(readlinkat(from, entry.name.as_c_str())?, &to)?;
                    layout::give_away(&to)?;
                }
                (Kind::Special, _) | (_, Some(_)) => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &OwnedFd, entry: &Entry, to: &Path) -> io::Result<()> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut from = File::from(openat(from, entry.name.as_c_str(), flags, Mode::empty())?);
        let about = from.metadata()?;
        let left = self.bytes.checked_sub(about.len());
        self.bytes = left.ok_or_else(|| io::Error::other("too many bytes"))?;
        let mut copy = File::options().write(true).create_new(true).mode(0o600).open(to)?;
        io::copy(&mut from, &mut copy)?;
        copy.set_times(FileTimes::new().set_modified(about.modified()?))?;
        copy.set_permissions(permissions(entry))?;
        layout::give_away(to)
    }
}

/// The mode without what gives rights to whoever runs a file.
fn permissions(entry: &Entry) -> Permissions {
    Permissions::from_mode(entry.stat.st_mode & 0o777)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn a_copy_has_modes_times_and_links_and_nothing_that_is_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir_all(from.join("a/b")).unwrap();
        std::fs::write(from.join("a/b/tool"), "run me").unwrap();
        std::fs::set_permissions(from.join("a/b/tool"), Permissions::from_mode(0o4755)).unwrap();
        let old = SystemTime::now() - Duration::from_secs(9_000);
        File::options().write(true).open(from.join("a/b/tool")).unwrap().set_modified(old).unwrap();
        std::fs::hard_link(from.join("a/b/tool"), from.join("second")).unwrap();
        symlink("/etc", from.join("a/out")).unwrap();
        nix::unistd::mkfifo(&from.join("pipe"), Mode::S_IRWXU).unwrap();
        std::fs::create_dir(&to).unwrap();

        add(&from, &to, 1 << 20).unwrap();

        let about = to.join("a/b/tool").metadata().unwrap();
        assert_eq!((about.mode() & 0o7777, about.modified().unwrap(), about.nlink()), (0o755, old, 1));
        assert_eq!(std::fs::read_link(to.join("a/out")).unwrap(), Path::new("/etc"));
        assert_eq!(std::fs::read_to_string(to.join("second")).unwrap(), "run me");
        assert!(!to.join("pipe").exists());
    }

    #[test]
    fn t48_what_is_there_already_stays_and_no_link_is_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to, outside) = (dir.path().join("from"), dir.path().join("to"), dir.path().join("outside"));
        for made in [&outside, &to, &from.join("a"), &from.join("b")] {
            std::fs::create_dir_all(made).unwrap();
        }
        std::fs::write(from.join("a/new"), "new").unwrap();
        std::fs::write(from.join("kept"), "other").unwrap();
        std::fs::write(from.join("b/c"), "x").unwrap();
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(9_000);
        File::open(from.join("kept")).unwrap().set_modified(old).unwrap();
        std::fs::write(to.join("kept"), "mine").unwrap();
        symlink(&outside, to.join("a")).unwrap();
        std::fs::create_dir(to.join("b")).unwrap();

        add(&from, &to, 1 << 20).unwrap();

        assert_eq!(std::fs::read_to_string(to.join("kept")).unwrap(), "mine");
        assert_eq!(to.join("kept").metadata().unwrap().modified().unwrap(), old);
        assert_eq!(std::fs::read_to_string(to.join("b/c")).unwrap(), "x");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn t55_a_tree_that_is_larger_than_it_may_be_is_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir_all(&from).unwrap();
        std::fs::create_dir(&to).unwrap();
        File::create(from.join("hole")).unwrap().set_len(1 << 30).unwrap();

        assert!(add(&from, &to, 1 << 20).is_err());
        assert!(add(&from, &dir.path().join("none"), 1 << 40).is_err());
    }
}
