//! The helper's first life: outside the walls, it makes the namespaces or watches over the tree without them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Gid, Pid, Uid, setsid};

use super::super::spec::Told;
use super::{arguments, tell, wait_for_go};

/// Turns into `bwrap`, which starts the helper again inside.
pub(super) fn bubblewrap(mut argv: impl Iterator<Item = OsString>) -> Result<ExitCode, String> {
    start()?;
    let program = argv.next().ok_or("no bwrap")?;
    let failed = Command::new(&program).args(argv).exec();
    Err(format!("cannot start {}: {failed}", program.display()))
}

/// Makes namespaces and starts the helper again as their first process.
pub(super) fn namespaces() -> Result<ExitCode, String> {
    start()?;
    let (uid, gid) = (Uid::effective(), Gid::effective());
    let mut new = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    new.set(CloneFlags::CLONE_NEWUSER, !uid.is_root());
    unshare(new).map_err(|e| format!("the kernel refuses namespaces: {e}"))?;
    if !uid.is_root() {
        map_ids((0, uid.as_raw()), (0, gid.as_raw())).map_err(|e| format!("the kernel refuses to map ids: {e}"))?;
    }
    // This process may be killed at any time: the one inside asks the kernel to die with it.
    inner()?.wait().map_err(|e| e.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the helper again, and kills all that comes of it when it ends or the core is gone.
pub(super) fn landlock() -> Result<ExitCode, String> {
    start()?;
    // Whoever loses its parent in the tree becomes our child: nobody gets away by forking twice.
    prctl::set_child_subreaper(true).map_err(|e| format!("cannot adopt orphans: {e}"))?;
    let first = i32::try_from(inner()?.id()).map(Pid::from_raw).map_err(|e| e.to_string())?;
    std::thread::spawn(|| {
        wait_until_core_is_gone();
        kill_tree();
        std::process::exit(0);
    });
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == first => tell(&Told::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == first => tell(&Told::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(e) => return Err(format!("lost the job: {e}")),
        }
        kill_tree();
        return Ok(ExitCode::SUCCESS);
    }
}

fn start() -> Result<(), String> {
    // Away from the core's terminal and its signals, into a process group that the core can kill.
    setsid().map_err(|e| format!("cannot leave the core's session: {e}"))?;
    wait_for_go()
}

fn inner() -> Result<std::process::Child, String> {
    Command::new("/proc/self/exe")
        .args(arguments("inner"))
        .env_clear()
        .spawn()
        .map_err(|e| format!("cannot start the helper again: {e}"))
}

/// Maps one uid and one gid: inside to outside.
pub(super) fn map_ids(uid: (u32, u32), gid: (u32, u32)) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{} {} 1", uid.0, uid.1))?;
    fs::write("/proc/self/gid_map", format!("{} {} 1", gid.0, gid.1))
}

fn wait_until_core_is_gone() {
    let socket = io::stderr();
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::empty())];
    while matches!(poll(&mut fds, PollTimeout::NONE), Ok(0) | Err(Errno::EINTR)) {}
}

/// Kills every process below this one, again and again until there is none: they may fork meanwhile, but their
/// number is limited and ours is not.
fn kill_tree() {
    for _ in 0..5000 {
        for pid in descendants(Pid::this()) {
            let _ = kill(pid, Signal::SIGKILL);
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Err(Errno::ECHILD) => return,
                Ok(_) | Err(_) => {}
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn descendants(root: Pid) -> Vec<Pid> {
    let pairs: Vec<(Pid, Pid)> = processes().filter_map(|pid| Some((pid, parent_of(pid)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Pid::from_raw)
}

fn parent_of(pid: Pid) -> Option<Pid> {
    // The name of the program is in brackets and may hold anything, also brackets.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
}
