//! A directory with a commit's plain files, and the list of what they were, so that changes can be taken out of it.
//!
//! Promises: there is no git directory in it, and the list lies beside it where the sandbox cannot write. It can be
//! opened again after a crash, and removed without a trace.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{below, changes, copy, layout, names, tree};
use crate::ids::{CommitSha, RepoPath};

/// A directory for a stranger's process to work in.
#[derive(Debug, Clone)]
pub struct Checkout {
    dir: PathBuf,
    base: Base,
}

/// What was in the directory at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The files and links that were written.
    pub files: BTreeMap<RepoPath, BaseFile>,
    /// Files that set-up commands added and git would not ignore: no changes as long as they stay so.
    #[serde(default)]
    pub prepared: BTreeMap<RepoPath, BaseFile>,
    /// What the commit has and the directory has not: submodules, links that lead out, names that are refused.
    pub left_out: Vec<String>,
}

/// One file of the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseFile {
    pub mode: BaseMode,
    /// The blob's id.
    pub blob: CommitSha,
    /// In bytes.
    pub size: u64,
}

/// What a tree of git may hold and a checkout shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BaseMode {
    File(FileMode),
    Link,
}

/// The two modes of a file that may leave the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FileMode {
    /// 100644.
    Regular,
    /// 100755.
    Executable,
}

impl FileMode {
    /// The mode as git writes it.
    #[must_use]
    pub fn as_git(self) -> &'static str {
        match self {
            FileMode::Regular => "100644",
            FileMode::Executable => "100755",
        }
    }

    fn permissions(self) -> u32 {
        match self {
            FileMode::Regular => 0o644,
            FileMode::Executable => 0o755,
        }
    }
}

/// One difference from the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub path: RepoPath,
    pub change: ChangeKind,
}

/// What became of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    Put {
        mode: FileMode,
        /// Stored as base64: as a list of numbers they would take four times their size.
        #[serde(with = "as_base64")]
        bytes: Vec<u8>,
    },
    Delete,
}

mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// Why changes were not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The directory holds what may not leave it.
    #[error("{path}: {rule}")]
    Hostile { path: String, rule: Rule },
    /// The directory cannot be read.
    #[error("cannot read the checkout: {0}")]
    Unreadable(#[from] io::Error),
}

/// What a file must be to leave the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    #[error("a name must be UTF-8")]
    NotText,
    #[error("a name must not hold control or invisible characters or a backslash")]
    Control,
    #[error("a path has at most 1,024 bytes, a name 255")]
    TooLong,
    #[error("no name may mean .git")]
    DotGit,
    #[error("differs from {with} in case or Unicode composition only")]
    Collision { with: String },
    #[error("a link must be unchanged from the base")]
    Link,
    #[error("only regular files may leave the sandbox")]
    Special,
    #[error("a file must not have a second name (hard link)")]
    HardLink,
    #[error("a changed file has at most {} bytes", changes::LARGEST_FILE)]
    TooLarge,
    #[error("changes have at most {} bytes together", changes::LARGEST_CHANGE)]
    TooMuch,
    #[error("too many files or directories within each other")]
    TooMany,
}

/// Whether a file with this name may leave the sandbox, as far as the name goes.
///
/// # Errors
/// The rule it breaks.
pub fn may_be_named(path: &RepoPath) -> Result<(), Rule> {
    names::parse(path.as_str().as_bytes()).map(drop)
}

/// Removes a directory of checkouts, whatever a stranger's process made of them. One that is not there is no error.
///
/// # Errors
/// When something cannot be removed.
pub fn remove_all(dir: &Path) -> io::Result<()> {
    tree::remove(dir)
}

impl Checkout {
    /// An empty directory with nothing in its base. The directory must not exist.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn empty(dir: &Path) -> io::Result<Checkout> {
        Checkout::create(dir)?.seal(Base::default())
    }

    /// Opens a checkout that was completed before.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, or none that was completed.
    pub fn open(dir: &Path) -> io::Result<Checkout> {
        let base = serde_json::from_slice(&std::fs::read(manifest(dir))?)?;
        drop(tree::open_root(dir)?);
        Ok(Checkout { dir: dir.to_owned(), base })
    }

    /// The directory on the host.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was in it at first.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// What differs from the base, sorted by path. New files that the checkout's `.gitignore` files name are not
    /// looked at. Safe while a hostile process writes; what it returns is then some moment's state of each file.
    ///
    /// # Errors
    /// [`Refused`] names the first path that may not leave the sandbox.
    pub fn changes(&self) -> Result<Vec<Change>, Refused> {
        changes::changes(&self.dir, &self.base)
    }

    /// Applies changes to a checkout in which no process is at work. What set-up commands have left there, links above all,
    /// is never gone through.
    ///
    /// # Errors
    /// When a file cannot be written or removed, or its path leads through something that is not a directory.
    pub fn restore(&self, changes: &[Change]) -> io::Result<()> {
        let deletes = changes.iter().filter(|change| change.change == ChangeKind::Delete);
        for change in deletes {
            below::remove(&self.dir, &change.path)?;
        }
        for change in changes {
            if let ChangeKind::Put { mode, bytes } = &change.change {
                below::clear(&self.dir, &change.path)?;
                self.write(&change.path, *mode, bytes)?;
            }
        }
        Ok(())
    }

    /// Copies all that is in it, also what git would ignore, and the home that belongs to it; what an earlier try left at
    /// `dir` is removed. No process may be at work in it.
    ///
    /// # Errors
    /// When it has more than `most` bytes, or cannot be read or written.
    pub fn copy_to(&self, dir: &Path, most: u64) -> io::Result<Checkout> {
        let copied = Checkout::create(dir)?;
        let fill = || {
            copy::add(&self.dir, &copied.dir, most)?;
            self.home().map_or(Ok(()), |home| copy::add(&home, &copied.make_home()?, most))
        };
        match fill() {
            Ok(()) => copied.seal(self.base.clone()),
            Err(error) => {
                copied.remove()?;
                Err(error)
            }
        }
    }

    /// The same as a copy that is removed with its handle.
    ///
    /// # Errors
    /// As [`Checkout::copy_to`].
    pub fn duplicate(&self, dir: &Path, most: u64) -> io::Result<Duplicate> {
        self.copy_to(dir, most).map(Duplicate)
    }

    /// The home directory that commands in this checkout share, if it has one.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let home = layout::home_of(&self.dir);
        home.is_dir().then_some(home)
    }

    /// Makes an empty home directory for it.
    pub(super) fn make_home(&self) -> io::Result<PathBuf> {
        let home = layout::home_of(&self.dir);
        std::fs::DirBuilder::new().mode(0o700).create(&home)?;
        layout::give_away(&home)?;
        Ok(home)
    }

    /// Removes the directory with its home and its list.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        tree::remove(&self.dir)?;
        tree::remove(&layout::home_of(&self.dir))?;
        match std::fs::remove_file(manifest(&self.dir)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes the directory, empty and not yet complete. What an earlier try left there is removed.
    pub(super) fn create(dir: &Path) -> io::Result<Checkout> {
        let checkout = Checkout { dir: std::path::absolute(dir)?, base: Base::default() };
        checkout.clone().remove()?;
        std::fs::DirBuilder::new().mode(0o755).create(&checkout.dir)?;
        layout::give_away(&checkout.dir)?;
        Ok(checkout)
    }

    /// Declares it complete.
    pub(super) fn seal(mut self, base: Base) -> io::Result<Checkout> {
        let (done, half) = (manifest(&self.dir), manifest(&self.dir).with_extension("part"));
        std::fs::write(&half, serde_json::to_vec(&base)?)?;
        std::fs::rename(half, done)?;
        self.base = base;
        Ok(self)
    }

    /// Writes a new file with the directories above it.
    pub(super) fn write(&self, path: &RepoPath, mode: FileMode, bytes: &[u8]) -> io::Result<()> {
        below::write(&self.dir, path, mode.permissions(), bytes)
    }

    /// Writes a link, which the caller has found to stay inside.
    pub(super) fn link(&self, path: &RepoPath, target: &str) -> io::Result<()> {
        below::link(&self.dir, path, target)
    }
}

/// A copy of a checkout, removed when it is dropped.
#[derive(Debug)]
pub struct Duplicate(Checkout);

impl Duplicate {
    /// Another handle, which does not keep it from being removed.
    #[must_use]
    pub fn checkout(&self) -> Checkout {
        self.0.clone()
    }
}

impl std::ops::Deref for Duplicate {
    type Target = Checkout;

    fn deref(&self) -> &Checkout {
        &self.0
    }
}

impl Drop for Duplicate {
    fn drop(&mut self) {
        if let Err(error) = self.0.clone().remove() {
            tracing::warn!(path = %self.0.dir.display(), "could not remove a copy of a checkout: {error}");
        }
    }
}

/// Where the list lies: beside the directory, not in it.
fn manifest(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".base.json");
    dir.with_file_name(name)
}
