//! What the core tells the helper, and what the helper tells the core: lengths and JSON on a socket.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::job::{Access, Limits};

/// The first argument of our own program that makes it the helper.
pub(crate) const COMMAND: &str = "sandbox-child";

/// The kinds of walls, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Walls {
    /// `bwrap` makes the namespaces and the file system; our helper does the rest inside.
    Bubblewrap,
    /// Our helper makes the namespaces and the file system.
    Namespaces,
    /// No namespaces: landlock, seccomp and, as root, another uid.
    Landlock,
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Walls::Bubblewrap => "bubblewrap",
            Walls::Namespaces => "helper in namespaces",
            Walls::Landlock => "helper with landlock",
        })
    }
}

/// One thing to be done behind the walls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) walls: Walls,
    pub(crate) action: Action,
    pub(crate) environment: Vec<(String, String)>,
    /// Whether there is a way out, through a socket of the core.
    pub(crate) proxy: bool,
    /// Whether its standard output is a protocol, so that what it complains of must not be among it.
    pub(crate) talks: bool,
    /// The directory to start in, relative to the checkout.
    pub(crate) cwd: PathBuf,
    pub(crate) view: View,
    pub(crate) limits: Limits,
    /// Whether a cgroup limits memory; if not, the helper does as well as it can.
    pub(crate) memory_by_cgroup: bool,
    pub(crate) account: Account,
}

/// Whose rights a stranger's process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether the helper starts as root and must become this account.
    pub(crate) change: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Action {
    Command { argv: Vec<String> },
    Tool,
    Probe(Probe),
}

/// What the self-test tries, all of which must fail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) connect: std::net::SocketAddr,
}

/// What the self-test found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) breaches: Vec<String>,
    pub(crate) environment: Vec<String>,
}

/// Pairs of paths.
pub(crate) type Pairs = Vec<(PathBuf, PathBuf)>;

/// What of the host's files is seen, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct View {
    /// Host path and path inside.
    pub(crate) read_only: Pairs,
    /// Path inside and what it points to.
    pub(crate) links: Pairs,
    pub(crate) checkout: PathBuf,
    /// A home directory that the commands in a checkout share; without one, each has an empty one of its own.
    pub(crate) home: Option<PathBuf>,
    pub(crate) access: Access,
    /// A directory on the host; without a file system of its own, the sandbox's temporary directory.
    pub(crate) scratch: PathBuf,
}

impl View {
    /// Where the checkout is inside.
    pub(crate) fn work(&self, walls: Walls) -> PathBuf {
        match walls {
            Walls::Bubblewrap | Walls::Namespaces => PathBuf::from("/work"),
            Walls::Landlock => self.checkout.clone(),
        }
    }

    /// Where the home directory is inside.
    pub(crate) fn home(&self, walls: Walls) -> PathBuf {
        match (walls, &self.home) {
            (Walls::Landlock, Some(home)) => home.clone(),
            (Walls::Bubblewrap | Walls::Namespaces | Walls::Landlock, _) => self.tmp(walls).join("home"),
        }
    }

    /// Where the private temporary directory is inside.
    pub(crate) fn tmp(&self, walls: Walls) -> PathBuf {
        match walls {
            Walls::Bubblewrap | Walls::Namespaces => PathBuf::from("/tmp"),
            Walls::Landlock => self.scratch.clone(),
        }
    }
}

/// What the helper says, one JSON line each; other lines are a program's own complaints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    /// The last words that a process which is talked with wrote to its standard error; its end follows.
    Words(String),
    Code(i32),
    Signal(i32),
    /// The walls could not be put up; nothing was run.
    Failed(String),
}
