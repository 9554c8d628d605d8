//! A stranger's command as data, and every way in which it can end.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkout::Checkout;
use super::spec::Walls;
use crate::ids::RepoPath;

/// One command to be run in a checkout.
#[derive(Debug)]
pub struct Job<'a> {
    /// The program and its arguments. No shell, unless the program is one.
    pub argv: Vec<String>,
    /// The directory below the checkout to start in; the checkout itself if none.
    pub cwd: Option<RepoPath>,
    /// What the command reads.
    pub stdin: Vec<u8>,
    pub checkout: &'a Checkout,
    pub access: Access,
    pub limits: Limits,
}

/// What may be done with the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    ReadOnly,
    Writable,
}

/// Where a job is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Time on the wall clock, measured by the core.
    pub wall: Duration,
    /// How much output is kept, half of it from the start and half from the end. A job that prints
    /// [`Limits::FLOOD`] times as much is stopped.
    pub output_bytes: usize,
    /// Memory of all processes together where a cgroup can be used, else data memory of each.
    pub memory_bytes: u64,
    /// Processes and threads at a time. Where the kernel refuses user namespaces and no cgroup can be used, jobs that
    /// run beside each other count against each other.
    pub processes: u64,
    /// The size of one file.
    pub file_bytes: u64,
    /// The size of the checkout, looked at every half second and at the end, and that of the temporary directory.
    pub disk_bytes: u64,
}

impl Limits {
    /// How many times what is kept may be printed.
    pub const FLOOD: u64 = 256;

    /// The size of a temporary directory that lies in memory.
    pub(crate) fn tmp_bytes(&self) -> u64 {
        self.disk_bytes.min(self.memory_bytes)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wall: Duration::from_secs(600),
            output_bytes: 64 << 10,
            memory_bytes: 2 << 30,
            processes: 512,
            file_bytes: 512 << 20,
            disk_bytes: 4 << 30,
        }
    }
}

/// How a job ended and what it had printed by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub exit: Exit,
    pub output: Output,
    pub elapsed: Duration,
}

impl Ended {
    /// The whole output of something that answers, if it did.
    pub(crate) fn answer(self) -> Result<Vec<u8>, SandboxError> {
        if self.exit != Exit::Code(0) {
            return Err(SandboxError::Stopped(self.exit));
        }
        if self.output.dropped > 0 {
            return Err(SandboxError::Stopped(Exit::OutputFlood));
        }
        Ok(self.output.head)
    }
}

/// Why a job is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// It ended by itself with this status. 127: there is no such program; 126: it is not one.
    Code(i32),
    /// A signal ended it that none of our limits explains.
    Signal(i32),
    /// [`Limits::wall`] was over.
    TimedOut,
    /// It printed far more than is kept.
    OutputFlood,
    /// It used more than it may of something.
    ResourceLimit(Resource),
    /// The caller gave up on it.
    Cancelled,
}

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    Memory,
    Processes,
    FileSize,
    Disk,
}

/// What a job printed to either stream, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The first part; all of it if nothing was dropped.
    pub head: Vec<u8>,
    /// The last part, if something was dropped.
    pub tail: Vec<u8>,
    /// How many bytes between the two were not kept.
    pub dropped: u64,
}

impl Output {
    /// The output as text, with a line that says what is missing. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        let head = String::from_utf8_lossy(&self.head);
        if self.dropped == 0 {
            return head.into_owned();
        }
        format!("{head}\n[... {} bytes dropped ...]\n{}", self.dropped, String::from_utf8_lossy(&self.tail))
    }
}

/// Why nothing was run, or nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The walls do not hold: hold all runs and call a person.
    #[error("the sandbox does not hold: {0}")]
    Breached(String),
    /// The walls could not be put up: try again, elsewhere or later.
    #[error("the sandbox does not start: {0}")]
    Unavailable(String),
    /// The request itself is wrong: do not repeat it.
    #[error("not a job: {0}")]
    BadJob(String),
    /// A tool ended before it had answered.
    #[error("the tool was stopped: {0:?}")]
    Stopped(Exit),
}

/// No walls hold on this host; says how to fix that.
#[derive(Debug, thiserror::Error)]
#[error("no sandbox: {0}")]
pub struct NoSandbox(String);

impl NoSandbox {
    pub(crate) fn data_dir(dir: &Path, why: &std::io::Error) -> NoSandbox {
        NoSandbox(format!("cannot write below {}: {why}", dir.display()))
    }

    pub(crate) fn walls(tried: &[(Walls, SandboxError)]) -> NoSandbox {
        let tried: Vec<String> = tried.iter().map(|(walls, why)| format!("{walls}: {why}")).collect();
        NoSandbox(format!("{}\n{REMEDY}", tried.join("\n")))
    }
}

const REMEDY: &str = "\
Nothing is run without a sandbox. One of these makes one possible:
- install bubblewrap: apt-get install bubblewrap
- let ordinary users make namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), \
sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces above 0 (others)
- in a container: allow namespaces (--security-opt seccomp=unconfined --security-opt apparmor=unconfined), or use a \
kernel with landlock that can also refuse signals (Linux 6.12, landlock in the kernel's lsm= list)
- keep the data directory, if the service runs as root without namespaces, where other accounts can reach it";

/// The arguments that have a command line run inside the sandbox. Its text is an argument there and never part of a
/// command here.
#[must_use]
pub fn command_line(command: &str) -> Vec<String> {
    vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()]
}
