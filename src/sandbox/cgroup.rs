//! Limits memory and processes of a whole job by a cgroup, version 1 or 2, where the host gives us one.
//!
//! Promises: best effort, and says what it got, so that the helper sets its own limits for the rest. The group is
//! emptied and removed when dropped. Where neither version lets us make a group (no root, no delegation) there is none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::job::{Limits, Resource};
use super::layout;

/// How the names of our groups begin.
pub(crate) const PREFIX: &str = "assentry-";

/// Removes the groups of a core that was killed. A group with a process in it cannot be removed.
pub(crate) fn sweep() {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let groups = text.lines().filter_map(Parent::parse).filter_map(|parent| std::fs::read_dir(parent.dir).ok());
    for group in groups.flatten().flatten() {
        let name = group.file_name();
        let ours = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if ours.is_some_and(|name| layout::is_left_over(name) && !name.starts_with(&layout::scratch_prefix())) {
            let _ = std::fs::remove_dir(group.path());
        }
    }
}

/// A group for one job; in version 1 one directory a controller.
#[derive(Debug)]
pub(crate) struct Cgroup {
    dirs: Vec<PathBuf>,
    memory: bool,
}

impl Cgroup {
    /// Makes a group below the core's own, or none.
    pub(crate) fn create(name: &str, limits: &Limits) -> Option<Cgroup> {
        let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let (mut dirs, mut memory) = (Vec::new(), false);
        for parent in text.lines().filter_map(Parent::parse) {
            let dir = parent.dir.join(name);
            if parent.unified {
                let _ = std::fs::write(parent.dir.join("cgroup.subtree_control"), "+memory +pids");
            }
            if std::fs::create_dir(&dir).is_err() {
                continue;
            }
            memory |= limit(&dir, limits);
            dirs.push(dir);
        }
        (!dirs.is_empty()).then_some(Cgroup { dirs, memory })
    }

    /// Whether this group limits memory.
    pub(crate) fn limits_memory(&self) -> bool {
        self.memory
    }

    /// Puts a process, and everything it starts from now on, into the group.
    pub(crate) fn add(&self, pid: u32) -> std::io::Result<()> {
        self.dirs.iter().try_for_each(|dir| std::fs::write(dir.join("cgroup.procs"), pid.to_string()))
    }

    /// What the kernel refused or killed for.
    pub(crate) fn exceeded(&self) -> Option<Resource> {
        let counts = |file: &str, key: &str| self.dirs.iter().any(|dir| counter(&dir.join(file), key) > 0);
        if counts("memory.events", "oom_kill") || counts("memory.oom_control", "oom_kill") {
            return Some(Resource::Memory);
        }
        counts("pids.events", "max").then_some(Resource::Processes)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        kill_all(&self.dirs);
        if remove(&self.dirs) {
            return;
        }
        // A killed process leaves its group a moment later; nobody should have to wait for that here.
        let dirs = std::mem::take(&mut self.dirs);
        std::thread::spawn(move || {
            for _ in 0..50 {
                kill_all(&dirs);
                if remove(&dirs) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    }
}

fn kill_all(dirs: &[PathBuf]) {
    for dir in dirs {
        let _ = std::fs::write(dir.join("cgroup.kill"), "1");
        let listed = std::fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        for pid in listed.lines().filter_map(|line| line.parse().ok()).filter(|&pid| pid > 0) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// Removes what is empty and says whether nothing is left.
fn remove(dirs: &[PathBuf]) -> bool {
    dirs.iter().filter(|dir| std::fs::remove_dir(dir).is_err() && dir.exists()).count() == 0
}

struct Parent {
    dir: PathBuf,
    unified: bool,
}

impl Parent {
    /// Reads `4:memory:/path` (version 1) or `0::/path` (version 2).
    fn parse(line: &str) -> Option<Parent> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let root = Path::new("/sys/fs/cgroup");
        if controllers.is_empty() {
            let unified = root.join("unified");
            let root = if unified.is_dir() { unified } else { root.to_owned() };
            return Some(Parent { dir: root.join(path), unified: true });
        }
        let ours = controllers.split(',').any(|name| name == "memory" || name == "pids");
        ours.then(|| Parent { dir: root.join(controllers).join(path), unified: false })
    }
}

/// Sets what this directory can limit and says whether memory is among it.
fn limit(dir: &Path, limits: &Limits) -> bool {
    // Existing files only: they are the kernel's, and their presence says which controllers there are.
    let set = |file: &str, value: u64| {
        let path = dir.join(file);
        path.exists() && std::fs::write(path, value.to_string()).is_ok()
    };
    set("pids.max", limits.processes.saturating_add(4));
    set("memory.swap.max", 0);
    set("memory.oom.group", 1);
    let memory = set("memory.max", limits.memory_bytes) || set("memory.limit_in_bytes", limits.memory_bytes);
    set("memory.memsw.limit_in_bytes", limits.memory_bytes);
    memory
}

fn counter(file: &Path, key: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == key);
    found.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_name_the_cores_own_group() {
        let dir = |line| Parent::parse(line).map(|parent| (parent.dir, parent.unified));

        assert_eq!(dir("4:memory:/a/b"), Some(("/sys/fs/cgroup/memory/a/b".into(), false)));
        assert_eq!(dir("3:cpuset:/a"), None);
        assert_eq!(dir("0::/user.slice").map(|(_, unified)| unified), Some(true));
    }
}
