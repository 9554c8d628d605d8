//! Writes and removes files in a directory by handles and never through a link, whoever has put links there.
//!
//! Promises: what a path names lies in the directory itself, or nothing is touched.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

use super::{layout, tree};
use crate::ids::RepoPath;

/// Writes a new file with the directories above it.
pub(super) fn write(root: &Path, path: &RepoPath, permissions: u32, bytes: &[u8]) -> io::Result<()> {
    let how = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let put = || {
        let (dir, name) = parent(root, path.as_str(), Missing::IsMade)?;
        let mut file = File::from(openat(&dir, name.as_c_str(), how, Mode::from_bits_truncate(permissions))?);
        file.write_all(bytes)?;
        layout::give_away_in(&dir, &name)
    };
    put().map_err(|error| at(path, &error))
}

/// Makes a link with the directories above it.
pub(super) fn link(root: &Path, path: &RepoPath, target: &str) -> io::Result<()> {
    let put = || {
        let (dir, name) = parent(root, path.as_str(), Missing::IsMade)?;
        symlinkat(target, &dir, name.as_c_str())?;
        layout::give_away_in(&dir, &name)
    };
    put().map_err(|error| at(path, &error))
}

/// Makes way for a file: what has its name is removed, if it is no directory.
pub(super) fn clear(root: &Path, path: &RepoPath) -> io::Result<()> {
    match unlink(root, path.as_str(), UnlinkatFlags::NoRemoveDir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a file or a link, and the directories above it that are empty then.
pub(super) fn remove(root: &Path, path: &RepoPath) -> io::Result<()> {
    unlink(root, path.as_str(), UnlinkatFlags::NoRemoveDir).map_err(|error| at(path, &error))?;
    // Git knows no empty directories.
    let mut above = path.as_str();
    while let Some((dir, _)) = above.rsplit_once('/')
        && unlink(root, dir, UnlinkatFlags::RemoveDir).is_ok()
    {
        above = dir;
    }
    Ok(())
}

fn unlink(root: &Path, path: &str, how: UnlinkatFlags) -> io::Result<()> {
    let (dir, name) = parent(root, path, Missing::IsAnError)?;
    Ok(unlinkat(&dir, name.as_c_str(), how)?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsAnError,
}

/// Opens the directory that holds the last name of a path, and gives it with that name.
fn parent(root: &Path, path: &str, missing: Missing) -> io::Result<(OwnedFd, CString)> {
    let mut dir = tree::open_root(root)?;
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    for name in above.split('/').filter(|name| !name.is_empty()) {
        dir = open(&dir, &CString::new(name)?, missing)?;
    }
    Ok((dir, CString::new(name)?))
}

fn open(dir: &OwnedFd, name: &CString, missing: Missing) -> io::Result<OwnedFd> {
    if missing == Missing::IsMade {
        match mkdirat(dir, name.as_c_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) => layout::give_away_in(dir, name)?,
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tree::open_dir(dir, name)?)
}

/// The error with the path it is about.
fn at(path: &RepoPath, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn t48_no_link_on_the_way_to_a_file_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::create_dir_all(outside.join("deep")).unwrap();
        std::fs::write(outside.join("kept"), "kept").unwrap();
        symlink("../outside", root.join("build")).unwrap();
        symlink("../../outside", root.join("src/out")).unwrap();

        for path in ["build/kept", "src/out/kept", "build/deep/new"] {
            let path = path.parse().unwrap();
            for tried in
                [write(&root, &path, 0o644, b"x"), link(&root, &path, "x"), clear(&root, &path), remove(&root, &path)]
            {
                let error = tried.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{error}");
                assert!(error.to_string().starts_with(&format!("{path}: ")), "{error}");
            }
        }

        assert_eq!(std::fs::read_to_string(outside.join("kept")).unwrap(), "kept");
        assert!(outside.join("deep").read_dir().unwrap().next().is_none());
        // The link itself is in the directory.
        clear(&root, &"build".parse().unwrap()).unwrap();
        write(&root, &"build".parse().unwrap(), 0o644, b"x").unwrap();
        assert!(root.join("build").symlink_metadata().unwrap().is_file());
        assert!(outside.join("kept").exists());
    }

    #[test]
    fn a_removed_file_takes_the_directories_with_it_that_are_empty_then() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["a/kept", "a/b/c/gone"] {
            write(dir.path(), &path.parse().unwrap(), 0o644, b"x").unwrap();
        }

        remove(dir.path(), &"a/b/c/gone".parse().unwrap()).unwrap();

        assert!(dir.path().join("a/kept").is_file() && !dir.path().join("a/b").exists());
        let again = remove(dir.path(), &"a/b/c/gone".parse().unwrap()).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::NotFound);
    }
}
