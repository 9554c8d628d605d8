//! Starts our own program as a server beside us, for the demo, and starts it again when it dies.
//!
//! It is the program itself with arguments of ours, so there are no walls around it. Refuses to leave it behind: when
//! the handle is dropped, it is killed.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// Our own program, running as a server; what it logs is copied to a file.
#[derive(Debug)]
pub(crate) struct OwnServer {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    copy: tokio::fs::File,
}

impl OwnServer {
    /// Starts `program` with `args`, with an environment of no more than `PATH`, logging to `log`.
    ///
    /// # Errors
    /// When it cannot be started or the log cannot be written.
    pub(crate) async fn start(program: &Path, args: &[&str], log: &Path) -> io::Result<OwnServer> {
        let copy = tokio::fs::OpenOptions::new().create(true).append(true).open(log).await?;
        let mut command = Command::new(program);
        command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let mut child = command.kill_on_drop(true).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("the server has no stderr"))?;
        Ok(OwnServer { child, log: BufReader::new(stderr).lines(), copy })
    }

    /// The next line it logs; `None` when it has ended.
    ///
    /// # Errors
    /// When the log cannot be copied.
    pub(crate) async fn line(&mut self) -> io::Result<Option<String>> {
        let line = self.log.next_line().await?;
        if let Some(line) = &line {
            self.copy.write_all(format!("{line}\n").as_bytes()).await?;
        }
        Ok(line)
    }

    /// Asks it to stop in good order, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be told or waited for.
    pub(crate) async fn stop(mut self) -> io::Result<ExitStatus> {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        }
        while self.line().await?.is_some() {}
        self.child.wait().await
    }
}
