//! Finds what a hostile process has changed in a checkout, and takes only what may leave it.
//!
//! Promises: each file is opened once, below its directory's handle and never through a link, and judged by what was
//! opened; no more is read than the limits allow. New files that a `.gitignore` names are passed over unread, whatever
//! they are: they do not leave the sandbox.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use aws_lc_rs::digest;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, fstat};

use super::checkout::{Base, BaseFile, BaseMode, Change, ChangeKind, FileMode, Refused, Rule};
use super::names::{self, Spellings};
use super::tree::{self, Entry, Kind};
use crate::ids::{CommitSha, RepoPath};

/// A changed file has at most this many bytes.
pub(super) const LARGEST_FILE: u64 = 16 << 20;
/// All changed files together.
pub(super) const LARGEST_CHANGE: u64 = 64 << 20;
const MOST_ENTRIES: usize = 500_000;
const LARGEST_IGNORE_FILE: u64 = 256 << 10;

/// What differs from `base`, sorted by path.
pub(super) fn changes(dir: &Path, base: &Base) -> Result<Vec<Change>, Refused> {
    let root = tree::open_root(dir).map_err(io::Error::from)?;
    let mut walk = Walk::new(base);
    walk.directory(&root, "", 0)?;
    let mut changes = walk.changes;
    let gone = base.files.keys().filter(|path| !walk.seen.contains(path));
    changes.extend(gone.map(|path| Change { path: path.clone(), change: ChangeKind::Delete }));
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    check_spellings(base, &changes)?;
    Ok(changes)
}

fn check_spellings(base: &Base, changes: &[Change]) -> Result<(), Refused> {
    let deleted: BTreeSet<&RepoPath> =
        changes.iter().filter(|change| change.change == ChangeKind::Delete).map(|change| &change.path).collect();
    let mut spellings = Spellings::default();
    base.files.keys().filter(|path| !deleted.contains(path)).for_each(|path| spellings.note(path));
    for change in changes.iter().filter(|change| change.change != ChangeKind::Delete) {
        spellings.add(&change.path).map_err(|rule| refused(change.path.as_str().as_bytes(), rule))?;
    }
    Ok(())
}

struct Walk<'a> {
    base: &'a Base,
    /// Directories that hold files of the base, which are looked at even if they are ignored.
    known_dirs: BTreeSet<&'a str>,
    /// The rules of the directories above, outermost first.
    ignores: Vec<Gitignore>,
    seen: BTreeSet<RepoPath>,
    changes: Vec<Change>,
    bytes: u64,
    entries: usize,
}

impl<'a> Walk<'a> {
    fn new(base: &'a Base) -> Walk<'a> {
        let above = |path: &'a RepoPath| path.as_str().match_indices('/').map(|(at, _)| &path.as_str()[..at]);
        Walk {
            base,
            known_dirs: base.files.keys().flat_map(above).collect(),
            ignores: Vec::new(),
            seen: BTreeSet::new(),
            changes: Vec::new(),
            bytes: 0,
            entries: 0,
        }
    }

    fn directory(&mut self, dir: &OwnedFd, prefix: &str, depth: usize) -> Result<(), Refused> {
        let entries = tree::entries(dir).map_err(io::Error::from)?;
        self.ignores.push(ignore_rules(dir, prefix));
        for entry in entries {
            self.entry(dir, prefix, depth, &entry)?;
        }
        self.ignores.pop();
        Ok(())
    }

    fn entry(&mut self, dir: &OwnedFd, prefix: &str, depth: usize, entry: &Entry) -> Result<(), Refused> {
        let raw = [prefix.as_bytes(), entry.name.to_bytes()].concat();
        self.entries += 1;
        if self.entries > MOST_ENTRIES || depth > tree::DEEPEST {
            return Err(refused(&raw, Rule::TooMany));
        }
        if self.passed_over(&raw, entry.kind) {
            return Ok(());
        }
        let path = names::parse(&raw).map_err(|rule| refused(&raw, rule))?;
        match entry.kind {
            Kind::Directory => match tree::open_dir(dir, &entry.name) {
                Ok(below) => self.directory(&below, &format!("{path}/"), depth + 1),
                // It was a directory a moment ago and is a link now, or nothing.
                Err(Errno::ELOOP | Errno::ENOTDIR | Errno::ENOENT) => Err(refused(&raw, Rule::Link)),
                Err(e) => Err(Refused::Unreadable(e.into())),
            },
            Kind::File => self.file(dir, entry, path),
            Kind::Link => self.link(dir, entry, path),
            Kind::Special => Err(refused(&raw, Rule::Special)),
        }
    }

    /// Whether this is new and ignored, which the names of the base never are.
    fn passed_over(&self, raw: &[u8], kind: Kind) -> bool {
        let Ok(text) = std::str::from_utf8(raw) else { return false };
        let known = match kind {
            Kind::Directory => self.known_dirs.contains(text),
            Kind::File | Kind::Link | Kind::Special => {
                text.parse().is_ok_and(|path| self.base.files.contains_key(&path))
            }
        };
        if known {
            return false;
        }
        let is_dir = kind == Kind::Directory;
        let deciding =
            self.ignores.iter().rev().map(|rules| rules.matched(text, is_dir)).find(|found| !found.is_none());
        deciding.is_some_and(|found| found.is_ignore())
    }

    fn file(&mut self, dir: &OwnedFd, entry: &Entry, path: RepoPath) -> Result<(), Refused> {
        let refuse = |rule| refused(path.as_str().as_bytes(), rule);
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = match openat(dir, entry.name.as_c_str(), flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::ELOOP) => return Err(refuse(Rule::Link)),
            Err(Errno::ENOENT) => return Ok(()),
            Err(e) => return Err(Refused::Unreadable(e.into())),
        };
        let stat = fstat(&file).map_err(io::Error::from)?;
        if tree::kind(&stat) != Kind::File {
            return Err(refuse(Rule::Special));
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let mode = if stat.st_mode & 0o100 == 0 { FileMode::Regular } else { FileMode::Executable };
        let base = self.base.files.get(&path);
        if let Some(base) = base.filter(|base| base.mode == BaseMode::File(mode) && base.size == size)
            && is_blob(&file, base)?
        {
            self.seen.insert(path);
            return Ok(());
        }
        if let Some(prepared) = self.base.prepared.get(&path)
            && prepared.mode == BaseMode::File(mode)
            && prepared.size == size
            && is_blob(&file, prepared)?
        {
            return Ok(());
        }
        if stat.st_nlink > 1 {
            return Err(refuse(Rule::HardLink));
        }
        if size > LARGEST_FILE {
            return Err(refuse(Rule::TooLarge));
        }
        let bytes = read_at_most(&file, LARGEST_FILE)?.ok_or_else(|| refuse(Rule::TooLarge))?;
        self.bytes += bytes.len() as u64;
        if self.bytes > LARGEST_CHANGE {
            return Err(refuse(Rule::TooMuch));
        }
        self.seen.insert(path.clone());
        self.changes.push(Change { path, change: ChangeKind::Put { mode, bytes } });
        Ok(())
    }

    fn link(&mut self, dir: &OwnedFd, entry: &Entry, path: RepoPath) -> Result<(), Refused> {
        let target = readlinkat(dir, entry.name.as_c_str()).map_err(io::Error::from)?;
        let base = self.base.files.get(&path).filter(|base| base.mode == BaseMode::Link);
        if base.is_none_or(|base| blob_id(target.as_encoded_bytes(), &base.blob) != base.blob.as_str()) {
            return Err(refused(path.as_str().as_bytes(), Rule::Link));
        }
        self.seen.insert(path);
        Ok(())
    }
}

/// The rules of one directory; what is not a small regular file has none.
fn ignore_rules(dir: &OwnedFd, prefix: &str) -> Gitignore {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let read = || -> io::Result<Option<Vec<u8>>> {
        let file = File::from(openat(dir, ".gitignore", flags, Mode::empty())?);
        if tree::kind(&fstat(&file)?) == Kind::File { read_at_most(&file, LARGEST_IGNORE_FILE) } else { Ok(None) }
    };
    let text = read().ok().flatten().unwrap_or_default();
    let mut builder = GitignoreBuilder::new(prefix);
    for line in String::from_utf8_lossy(&text).lines() {
        // A line that cannot be read ignores nothing, as for git.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Everything in the file, or nothing if that is more than `most`, however long the file said it was.
fn read_at_most(mut file: &File, most: u64) -> io::Result<Option<Vec<u8>>> {
    use std::io::Seek;

    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Whether a file of the right size is the blob, read piece by piece.
fn is_blob(file: &File, base: &BaseFile) -> io::Result<bool> {
    let mut hash = begin(&base.blob, base.size);
    let mut rest = file.take(base.size);
    let mut piece = vec![0; 64 << 10];
    loop {
        match rest.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finish()) == base.blob.as_str()),
            n => hash.update(&piece[..n]),
        }
    }
}

/// The id of a blob in a repository with ids such as `like`.
pub(super) fn blob_id(bytes: &[u8], like: &CommitSha) -> String {
    let mut hash = begin(like, bytes.len() as u64);
    hash.update(bytes);
    hex::encode(hash.finish())
}

/// Starts the hash git uses for a blob in a repository with ids such as `like`.
fn begin(like: &CommitSha, size: u64) -> digest::Context {
    let sha1 = like.as_str().len() == 40;
    let mut hash = digest::Context::new(if sha1 { &digest::SHA1_FOR_LEGACY_USE_ONLY } else { &digest::SHA256 });
    hash.update(format!("blob {size}\0").as_bytes());
    hash
}

/// Names the path as text in which nothing can hide.
fn refused(path: &[u8], rule: Rule) -> Refused {
    let path: String = String::from_utf8_lossy(path).chars().take(200).collect();
    Refused::Hostile { path: path.escape_debug().to_string(), rule }
}
