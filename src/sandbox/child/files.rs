//! Makes a file system of its own for a process in a new mount namespace: only what the view names is in it.
//!
//! Promises: everything but the checkout and the temporary directory is read-only, also what was mounted below a
//! directory that is shown; nothing of the old tree can be reached afterwards.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{chdir, pivot_root, sethostname};

use super::super::job::Access;
use super::super::spec::Spec;

const NONE: Option<&str> = None;
const OLD: &str = "/old";
const NEW: &str = "/new";

/// Replaces the whole file system by what the view of `spec` shows.
pub(super) fn build(spec: &Spec) -> Result<(), String> {
    try_build(spec).map_err(|e| format!("cannot make a file system: {e}"))
}

fn try_build(spec: &Spec) -> io::Result<()> {
    let view = &spec.view;
    // What is mounted from now on stays in here.
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    step_aside()?;
    tmpfs(Path::new(NEW), 0o755, 1 << 20)?;
    fs::create_dir(below(NEW, Path::new("/tmp")))?;
    tmpfs(&below(NEW, Path::new("/tmp")), 0o1777, spec.limits.tmp_bytes())?;
    let mut shown = Vec::new();
    for (from, to) in &view.read_only {
        shown.push(bind(from, to)?);
    }
    for (link, target) in &view.links {
        let link = below(NEW, link);
        make_parent(&link)?;
        symlink(target, link)?;
    }
    special_files()?;
    let work = bind(&view.checkout, Path::new("/work"))?;
    let home = view.home.as_ref().map(|home| bind(home, Path::new("/tmp/home"))).transpose()?;
    if view.access == Access::ReadOnly {
        shown.push(work);
        shown.extend(home);
    }
    make_read_only(&shown)?;
    remount(Path::new(NEW))?;
    // The old tree lies over the new one for a moment and is then let go.
    chdir(NEW)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    let _ = sethostname("sandbox");
    Ok(())
}

/// Moves the old tree to `/old`, below a small tree of our own, so that nothing hides what is to be shown.
fn step_aside() -> io::Result<()> {
    tmpfs(Path::new("/tmp"), 0o755, 1 << 20)?;
    fs::create_dir("/tmp/old")?;
    fs::create_dir("/tmp/new")?;
    pivot_root("/tmp", "/tmp/old")?;
    chdir("/")?;
    Ok(())
}

fn tmpfs(at: &Path, mode: u32, bytes: u64) -> io::Result<()> {
    let options = format!("mode={mode:o},size={bytes}");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    Ok(mount(Some("tmpfs"), at, Some("tmpfs"), flags, Some(options.as_str()))?)
}

fn bind(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let (from, to) = (below(OLD, from), below(NEW, to));
    make_parent(&to)?;
    if fs::metadata(&from)?.is_dir() {
        fs::create_dir_all(&to)?;
    } else {
        File::create(&to)?;
    }
    // With all that is mounted below: a user namespace may not tear mounts apart.
    mount(Some(&from), &to, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    Ok(to)
}

/// A process file system of this pid namespace, and the devices every program expects.
fn special_files() -> io::Result<()> {
    let (proc, dev) = (below(NEW, Path::new("/proc")), below(NEW, Path::new("/dev")));
    fs::create_dir(&proc)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &proc, Some("proc"), flags, NONE)?;
    fs::create_dir(&dev)?;
    for name in ["null", "zero", "full", "random", "urandom"] {
        bind(&Path::new("/dev").join(name), &Path::new("/dev").join(name))?;
    }
    fs::create_dir(dev.join("shm"))?;
    tmpfs(&dev.join("shm"), 0o1777, 64 << 20)?;
    for (link, target) in
        [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "fd/2")]
    {
        symlink(target, dev.join(link))?;
    }
    Ok(())
}

/// Makes the given mounts read-only, and whatever is mounted below them.
fn make_read_only(shown: &[PathBuf]) -> io::Result<()> {
    let table = fs::read_to_string(below(OLD, Path::new("/proc/self/mountinfo")))?;
    let mounted = table.lines().filter_map(|line| line.split(' ').nth(4)).map(|field| PathBuf::from(unescape(field)));
    for point in mounted.filter(|point| shown.iter().any(|top| point.starts_with(top))) {
        remount(&point)?;
    }
    Ok(())
}

fn remount(point: &Path) -> io::Result<()> {
    let flags = kept_flags(point)? | MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    Ok(mount(NONE, point, NONE, flags, NONE)?)
}

/// The flags a mount has: a user namespace may add to them, but not take one away.
fn kept_flags(point: &Path) -> io::Result<MsFlags> {
    let has = statvfs(point)?.flags();
    let pairs = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    let kept = pairs.into_iter().filter(|(flag, _)| has.contains(*flag)).map(|(_, flag)| flag);
    Ok(kept.fold(MsFlags::empty(), |all, flag| all | flag))
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn below(root: &str, path: &Path) -> PathBuf {
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

/// The kernel writes blanks in mount points as `\040`.
fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(field.to_owned(), |text, (code, plain)| text.replace(code, plain))
}
