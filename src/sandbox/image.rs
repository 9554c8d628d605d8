//! Root file systems of the operator's, which commands see in the place of the host's own system.
//!
//! Promises: what is unpacked is what the digest names, or nothing; nothing outside of its folder is written, whatever
//! the archive says; it holds no device and nothing that gives rights, and has limits. It is unpacked once and kept until
//! the server starts without its archive.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::read::MultiGzDecoder;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, linkat, symlinkat, unlinkat};
use tar::Archive;

use super::config::SandboxConfig;
use super::spec::{Pairs, Walls};
use super::stock::archive_of;
use super::{Sandbox, layout, tree};
use crate::ids::Digest;

/// What an image may have.
const MOST: Most = Most { bytes: 32 << 30, entries: 1_000_000 };
/// Bytes between the contents of two files at most: headers and long names.
const MOST_BETWEEN: u64 = 1 << 20;

/// What the sandbox makes itself, whatever an image has there.
const OWN: [&str; 7] = [".assentry", "dev", "proc", "run", "sys", "tmp", "work"];

/// Why a root file system image is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum NoImage {
    /// It is not where images are.
    #[error("there is no {0}.tar and no {0}.tar.gz among the images of this server")]
    Missing(Digest),
    /// What it is named by is not its digest.
    #[error("the archive that is named {named} has the digest {found}")]
    Other {
        /// Its name.
        named: Digest,
        /// What it is.
        found: Digest,
    },
    /// It holds what no image may hold.
    #[error("the image {digest} cannot be used: {what}")]
    Bad {
        /// Which.
        digest: Digest,
        /// What, and where.
        what: String,
    },
    /// The walls on this host cannot put another system in the place of the host's.
    #[error("an image can be used only where the sandbox has namespaces of its own")]
    Walls,
    /// The disk did not do its part.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl Sandbox {
    /// The same walls with the image's system in the place of the host's; without an image, the host's.
    ///
    /// # Errors
    /// [`NoImage`]; then nothing of it is kept.
    pub async fn with_image(&self, image: Option<&Digest>) -> Result<Sandbox, NoImage> {
        let Some(digest) = image.cloned() else { return Ok(self.clone()) };
        if self.walls == Walls::Landlock {
            return Err(NoImage::Walls);
        }
        let config = Arc::clone(&self.config);
        let work = tokio::task::spawn_blocking(move || unpacked(&config, &digest));
        let root = Some(work.await.map_err(io::Error::other)??);
        let config = Arc::new(SandboxConfig { root, ..SandboxConfig::clone(&self.config) });
        Ok(Sandbox { config, ..self.clone() })
    }
}

/// Where images are kept unpacked.
fn kept(config: &SandboxConfig) -> PathBuf {
    config.data_dir.join("images")
}

/// Removes what is unpacked and has no archive any more. To be called before the first job, once.
pub(super) fn sweep(config: &SandboxConfig) -> io::Result<()> {
    let Ok(entries) = kept(config).read_dir() else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let digest = entry.file_name().to_str().and_then(|name| Digest::try_from(name.to_owned()).ok());
        if digest.is_some_and(|digest| archive(config, &digest).is_none()) {
            tree::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// What of an image is shown, as in [`super::spec::View`]: files with their places, and links.
pub(super) fn shown(root: &Path) -> (Pairs, Pairs) {
    let mut paths: Vec<PathBuf> = root.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let (mut files, mut links) = (vec![], vec![]);
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        let inside = Path::new("/").join(name);
        match path.read_link() {
            Ok(target) => links.push((inside, target)),
            Err(_) => files.push((path, inside)),
        }
    }
    (files, links)
}

fn archive(config: &SandboxConfig, digest: &Digest) -> Option<PathBuf> {
    archive_of(config.images.as_deref()?, digest)
}

fn unpacked(config: &SandboxConfig, digest: &Digest) -> Result<PathBuf, NoImage> {
    let (kept, half) = (kept(config), kept(config).join("half"));
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&kept)?;
    // Others who want an image, also in other processes, wait meanwhile.
    let lock = File::options().create(true).append(true).open(kept.join("lock"))?;
    lock.lock()?;
    let at = kept.join(digest.as_str());
    if at.is_dir() {
        return Ok(at);
    }
    let archive = archive(config, digest).ok_or_else(|| NoImage::Missing(digest.clone()))?;
    let mut bytes = Hashed { file: File::open(&archive)?, hash: Context::new(&SHA256) };
    tree::remove(&half)?;
    std::fs::DirBuilder::new().mode(0o755).create(&half)?;
    let done = match archive.extension().is_some_and(|ending| ending == "gz") {
        true => unpack(MultiGzDecoder::new(&mut bytes), &half, MOST),
        false => unpack(&mut bytes, &half, MOST),
    };
    io::copy(&mut bytes, &mut io::sink())?;
    let mut found = [0; 32];
    found.copy_from_slice(bytes.hash.finish().as_ref());
    let found = Digest::from_bytes(found);
    let done = match done {
        _ if found != *digest => Err(NoImage::Other { named: digest.clone(), found }),
        Ok(()) => std::fs::rename(&half, &at).map_err(NoImage::Disk),
        Err(what) => Err(NoImage::Bad { digest: digest.clone(), what }),
    };
    tree::remove(&half)?;
    done.map(|()| at)
}

/// A file, and the digest of what was read of it.
struct Hashed {
    file: File,
    hash: Context,
}

impl Read for Hashed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(into)?;
        self.hash.update(&into[..n]);
        Ok(n)
    }
}

/// A reader from which only so much can be read before it is given more.
struct Rationed<'a, R> {
    from: R,
    left: &'a std::cell::Cell<u64>,
}

impl<R: Read> Read for Rationed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(into)?;
        let left = self.left.get().checked_sub(n as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("it is too large"))?);
        Ok(n)
    }
}

/// Bytes of all files together, and entries, at most.
#[derive(Debug, Clone, Copy)]
struct Most {
    bytes: u64,
    entries: u64,
}

fn unpack(from: impl Read, into: &Path, most: Most) -> Result<(), String> {
    let root = tree::open_root(into).map_err(|e| e.to_string())?;
    let left = std::cell::Cell::new(MOST_BETWEEN);
    let mut archive = Archive::new(Rationed { from, left: &left });
    let Most { mut bytes, mut entries } = most;
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| e.to_string())?;
        left.set(bytes.saturating_add(MOST_BETWEEN));
        let path = entry.path_bytes().into_owned();
        let place = || String::from_utf8_lossy(&path).into_owned();
        entries = entries.checked_sub(1).ok_or("it has too many entries")?;
        let names = names(&path).map_err(|why| format!("{}: {why}", place()))?;
        let own = names.first().is_none_or(|first| OWN.iter().any(|own| first.as_bytes() == own.as_bytes()));
        if !own {
            let written = put(&root, &names, &mut entry, bytes).map_err(|why| format!("{}: {why}", place()))?;
            bytes = bytes.saturating_sub(written);
        }
        // What is left of it is passed over.
        let passed = io::copy(&mut entry.take(bytes), &mut io::sink()).map_err(|e| format!("{}: {e}", place()))?;
        bytes -= passed;
        left.set(MOST_BETWEEN);
    }
    know_the_account(&root).map_err(|e| format!("etc: {e}"))
}

/// The account that commands run as has a name and a home, as on the host.
fn know_the_account(root: &OwnedFd) -> io::Result<()> {
    let etc = parent(root, &[c"etc".to_owned(), CString::default()])?;
    for (name, text) in layout::accounts() {
        let name = CString::new(name)?;
        io::Write::write_all(&mut create(&etc, &name, 0o644)?, text.as_bytes())?;
    }
    Ok(())
}

/// Writes one entry and says how many bytes it has.
fn put(root: &OwnedFd, names: &[CString], entry: &mut tar::Entry<'_, impl Read>, most: u64) -> Result<u64, String> {
    let Some(name) = names.last() else { return Ok(0) };
    let text = |e: Errno| e.desc().to_owned();
    let kind = entry.header().entry_type();
    if kind.is_pax_global_extensions() {
        return Ok(0);
    }
    let dir = parent(root, names).map_err(text)?;
    match kind.as_byte() {
        b'5' => make_dir(&dir, name).map(drop).map_err(text)?,
        b'0' | 0 | b'7' | b'S' => {
            let mode = entry.header().mode().map_err(|e| e.to_string())?;
            let since = entry.header().mtime().unwrap_or(0);
            let mut file = create(&dir, name, if mode & 0o111 == 0 { 0o644 } else { 0o755 }).map_err(text)?;
            let written = io::copy(&mut entry.take(most + 1), &mut file).map_err(|e| e.to_string())?;
            if written > most {
                return Err("it is too large".to_owned());
            }
            // Some languages take what they have compiled for stale when the source has another time.
            if let Some(at) = UNIX_EPOCH.checked_add(Duration::from_secs(since)) {
                file.set_modified(at).map_err(|e| e.to_string())?;
            }
            return Ok(written);
        }
        b'2' => {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            if leaves(&target, names.len() - 1) {
                return Err(format!("a link to {}, outside of the image", String::from_utf8_lossy(&target)));
            }
            unlink(&dir, name).map_err(text)?;
            symlinkat(OsStr::from_bytes(&target), &dir, name.as_c_str()).map_err(text)?;
        }
        b'1' => {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            let there = self::names(&target).map_err(|why| format!("a link to a path that {why}"))?;
            let last = there.last().ok_or("a link to the image itself")?;
            let other = parent(root, &there).map_err(text)?;
            unlink(&dir, name).map_err(text)?;
            linkat(&other, last.as_c_str(), &dir, name.as_c_str(), AtFlags::empty()).map_err(text)?;
        }
        _ => return Err("neither a file nor a folder nor a link".to_owned()),
    }
    Ok(0)
}

/// The names on a path from the root of the image, and nothing else.
fn names(path: &[u8]) -> Result<Vec<CString>, &'static str> {
    let mut names = vec![];
    for part in Path::new(OsStr::from_bytes(path)).components() {
        match part {
            Component::Normal(name) => names.push(CString::new(name.as_bytes()).map_err(|_| "holds a zero byte")?),
            Component::CurDir => {}
            Component::ParentDir => return Err("goes up"),
            Component::RootDir | Component::Prefix(_) => return Err("begins at a root"),
        }
    }
    if names.len() > tree::DEEPEST { Err("is too deep") } else { Ok(names) }
}

/// Whether a link that lies so deep leads out of the image. One from the root on leads to the image's own.
fn leaves(target: &[u8], depth: usize) -> bool {
    let mut depth = Some(depth);
    for part in Path::new(OsStr::from_bytes(target)).components() {
        depth = match part {
            Component::RootDir | Component::Prefix(_) => Some(0),
            Component::ParentDir => depth.and_then(|depth| depth.checked_sub(1)),
            Component::Normal(_) => depth.map(|depth| depth + 1),
            Component::CurDir => depth,
        };
    }
    depth.is_none()
}

/// Opens the folder that holds the last of the names, made where it is missing. No link is followed.
fn parent(root: &OwnedFd, names: &[CString]) -> nix::Result<OwnedFd> {
    let mut at = root.try_clone().map_err(|_| Errno::EMFILE)?;
    for name in names.iter().take(names.len().saturating_sub(1)) {
        at = make_dir(&at, name)?;
    }
    Ok(at)
}

fn make_dir(dir: &OwnedFd, name: &CString) -> nix::Result<OwnedFd> {
    match mkdirat(dir, name.as_c_str(), Mode::from_bits_truncate(0o755)) {
        Ok(()) | Err(Errno::EEXIST) => tree::open_dir(dir, name),
        Err(e) => Err(e),
    }
}

/// What comes later in an archive takes the place of what came before.
fn create(dir: &OwnedFd, name: &CString, mode: u32) -> nix::Result<File> {
    unlink(dir, name)?;
    let how = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(File::from(openat(dir, name.as_c_str(), how, Mode::from_bits_truncate(mode))?))
}

fn unlink(dir: &OwnedFd, name: &CString) -> nix::Result<()> {
    match unlinkat(dir, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;

    fn archive(files: &[(&str, usize)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(vec![]);
        for (name, size) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(*size as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, vec![b'x'; *size].as_slice()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn an_image_has_as_many_files_and_bytes_as_it_may_and_no_more() {
        let tried = |files: &[(&str, usize)]| {
            let dir = tempfile::tempdir().unwrap();
            unpack(archive(files).as_slice(), dir.path(), Most { bytes: 10, entries: 2 })
        };
        assert_eq!(tried(&[("a", 4), ("b", 6)]), Ok(()));
        assert_eq!(tried(&[("a", 4), ("b", 7)]), Err("b: it is too large".to_owned()));
        assert_eq!(tried(&[("a", 1), ("b", 1), ("c", 1)]), Err("it has too many entries".to_owned()));
        assert!(tried(&[("dev/null", 3_000_000)]).unwrap_err().contains("it is too large"));
    }
}
