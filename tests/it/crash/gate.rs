//! A gate that a command in the sandbox walks into and stays in: the test knows when it is in there, and when it is gone.
//!
//! It is a FIFO that the command reads: opening it for writing waits for a reader, and an error on it says that there is
//! none left.

use std::fs::{File, OpenOptions, Permissions};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

pub(crate) struct Gate {
    dir: TempDir,
}

/// Somebody is in the gate; they go on when this is dropped.
pub(crate) struct Entered(File);

impl Gate {
    pub(crate) fn new() -> Gate {
        let dir = tempfile::tempdir().unwrap();
        // Commands may run as another account.
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        mkfifo(&dir.path().join("gate"), Mode::from_bits_truncate(0o644)).unwrap();
        std::fs::set_permissions(dir.path().join("gate"), Permissions::from_mode(0o644)).unwrap();
        Gate { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("gate")
    }

    /// A command that walks into it.
    pub(crate) fn command(&self) -> String {
        format!("cat < {}", self.path().display())
    }

    /// What the configuration needs so that commands see it.
    pub(crate) fn config(&self) -> String {
        format!("[sandbox]\nread_only = ['{}']", self.dir.path().display())
    }

    /// Waits until somebody is in it.
    pub(crate) async fn is_entered(&self) -> Entered {
        let path = self.path();
        Entered(spawn_blocking(move || OpenOptions::new().write(true).open(path)).await.unwrap().unwrap())
    }
}

impl Entered {
    /// Waits until nobody is in it any more.
    pub(crate) async fn until_left(self) {
        let waited =
            spawn_blocking(move || poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::empty())], PollTimeout::NONE));
        assert_eq!(waited.await.unwrap(), Ok(1));
    }
}
