//! Decides which of the host's files a stranger's process sees, and which environment it gets.
//!
//! Shown read-only: the system's programs and libraries, the few files of `/etc` that they need, the operator's
//! toolchains; or an image in the place of all these. Not shown: everything else, above all homes, `/run`, `/var`, `/etc` and the data directory.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, lchown};
use std::path::{Path, PathBuf};

use nix::fcntl::AtFlags;
use nix::unistd::{Gid, Uid, fchownat};

use super::config::SandboxConfig;
use super::job::Access;
use super::spec::{Account, Pairs, View, Walls};
use super::{cgroup, image, tree};

/// The account that runs strangers' processes when the core is root. It needs no entry in `/etc/passwd`.
const UNPRIVILEGED: u32 = 59_742;

const SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/run/current-system"];

const ETC: [&str; 12] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
];

/// The account strangers' processes get: another one than root's, or the core's own.
pub(crate) fn account() -> Account {
    if Uid::effective().is_root() {
        return Account { uid: UNPRIVILEGED, gid: UNPRIVILEGED, change: true };
    }
    Account { uid: Uid::effective().as_raw(), gid: Gid::effective().as_raw(), change: false }
}

/// Gives a file made by the core to the account that works on it. Links are not followed.
pub(crate) fn give_away(path: &Path) -> io::Result<()> {
    let account = account();
    if account.change { lchown(path, Some(account.uid), Some(account.gid)) } else { Ok(()) }
}

/// The same for what lies below an open directory.
pub(super) fn give_away_in(dir: &OwnedFd, name: &CString) -> io::Result<()> {
    let account = account();
    if !account.change {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    Ok(fchownat(dir, name.as_c_str(), Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)?)
}

/// Makes the directories the sandbox keeps on the host. To be called before the first job, once.
pub(crate) fn prepare(config: &SandboxConfig) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(scratch_root(config))?;
    sweep(&scratch_root(config))?;
    cgroup::sweep();
    image::sweep(config)?;
    accounts().iter().try_for_each(|(name, text)| write_if_new(&scratch_root(config).join(name), text))
}

/// The files below `/etc` that name the account of strangers' processes.
pub(super) fn accounts() -> [(&'static str, String); 2] {
    let Account { uid, gid, .. } = account();
    [("passwd", format!("sandbox:x:{uid}:{gid}::/tmp/home:/bin/sh\n")), ("group", format!("sandbox:x:{gid}:\n"))]
}

/// Removes what a core that was killed has left, or this one's number in an earlier life.
fn sweep(root: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_left_over) {
            tree::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether a name from [`scratch_prefix`] was given by a process that is no more.
pub(crate) fn is_left_over(name: &str) -> bool {
    let id = name.strip_prefix("job-").and_then(|rest| rest.split('-').next()).and_then(|id| id.parse::<u32>().ok());
    id.is_some_and(|id| id == std::process::id() || !Path::new("/proc").join(id.to_string()).exists())
}

/// How names of private temporary directories begin.
pub(crate) fn scratch_prefix() -> String {
    format!("job-{}-", std::process::id())
}

/// Where private temporary directories are made.
pub(crate) fn scratch_root(config: &SandboxConfig) -> PathBuf {
    config.data_dir.join("sandbox")
}

/// Where the home directory of a checkout lies: beside it.
pub(crate) fn home_of(checkout: &Path) -> PathBuf {
    let mut name = checkout.file_name().unwrap_or_default().to_owned();
    name.push(".home");
    checkout.with_file_name(name)
}

/// What is seen of the host for one job.
pub(crate) fn view(config: &SandboxConfig, checkout: &Path, access: Access, scratch: &Path) -> View {
    let (read_only, links) = match &config.root {
        Some(root) => image::shown(root),
        None => host(config),
    };
    let home = Some(home_of(checkout)).filter(|home| home.is_dir());
    View { read_only, links, checkout: checkout.to_owned(), home, access, scratch: scratch.to_owned() }
}

/// The host's own system and toolchains: files with their places, and links.
fn host(config: &SandboxConfig) -> (Pairs, Pairs) {
    let mut read_only = Vec::new();
    let mut links = Vec::new();
    for path in SYSTEM.iter().chain(&ETC).map(Path::new) {
        match path.read_link() {
            Ok(target) => links.push((path.to_owned(), target)),
            Err(_) if path.exists() => read_only.push((path.to_owned(), path.to_owned())),
            Err(_) => {}
        }
    }
    for name in ["passwd", "group"] {
        read_only.push((scratch_root(config).join(name), Path::new("/etc").join(name)));
    }
    let tools = config.read_only.iter().filter(|path| path.exists());
    read_only.extend(tools.map(|path| (path.clone(), path.clone())));
    (read_only, links)
}

/// The whole environment of a stranger's process: a fixed list, then what the operator adds.
pub(crate) fn environment(config: &SandboxConfig, view: &View, walls: Walls) -> Vec<(String, String)> {
    let tmp = view.tmp(walls).display().to_string();
    // An image brings its own toolchains.
    let (path, toolchains): (&[PathBuf], &[_]) = match config.root {
        Some(_) => (&[], &[]),
        None => (&config.path, &config.toolchains),
    };
    let path: Vec<String> = path
        .iter()
        .map(|dir| dir.display().to_string())
        .chain(["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"].map(str::to_owned))
        .collect();
    let fixed = [
        ("PATH", path.join(":")),
        ("HOME", view.home(walls).display().to_string()),
        ("TMPDIR", tmp),
        ("LANG", "C.UTF-8".to_owned()),
        ("TERM", "dumb".to_owned()),
        ("CI", "true".to_owned()),
    ];
    // What set-up has fetched lies in the home; the host's own stays out of the way.
    let is_dir = |path: PathBuf| path.symlink_metadata().is_ok_and(|about| about.is_dir());
    let fetched = view.home.as_ref().is_some_and(|home| is_dir(home.join(".cargo")));
    let given = toolchains.iter().chain(&config.environment).cloned().map(|(name, value)| match name.as_str() {
        "CARGO_HOME" if fetched => (name, view.home(walls).join(".cargo").display().to_string()),
        _ => (name, value),
    });
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(given).collect()
}

/// Replaces a small file only when its text differs, so that jobs that read it meanwhile are not disturbed.
fn write_if_new(path: &Path, text: &str) -> io::Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::write(path, text)
}
