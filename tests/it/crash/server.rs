//! The real program as a child process, and what it logs.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// A running `assentry serve`; it is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    log: Log,
}

/// The lines that a server has logged so far.
#[derive(Clone)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    news: watch::Receiver<usize>,
}

impl Server {
    /// Starts one and waits until it listens.
    pub(crate) async fn start(config: &Path) -> Server {
        let server = Server::begin(config, &[]);
        assert!(server.log().shows("listening on").await, "it did not start: {:#?}", server.log.lines());
        server
    }

    /// Starts one with these variables, and waits until it listens.
    pub(crate) async fn with_variables(config: &Path, more: &[&str], variables: &[(&str, &Path)]) -> Server {
        let mut program = Command::new(env!("CARGO_BIN_EXE_assentry"));
        let server = Server::begin_by(program.envs(variables.iter().copied()), config, more);
        assert!(server.log().shows("listening on").await, "it did not start: {:#?}", server.log.lines());
        server
    }

    /// Starts one whose data is on a small disk of its own, and waits until it listens.
    pub(crate) async fn on_small_disk(config: &Path, data: &Path, more: &[&str]) -> Server {
        let mut program = Command::new("unshare");
        let script = "mount -t tmpfs -o size=12m tmpfs \"$1\" && shift && exec \"$@\"";
        program.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(data);
        let server = Server::begin_by(program.arg(env!("CARGO_BIN_EXE_assentry")), config, more);
        assert!(server.log().shows("listening on").await, "it did not start: {:#?}", server.log.lines());
        server
    }

    /// Starts one with these arguments.
    pub(crate) fn begin(config: &Path, more: &[&str]) -> Server {
        Server::begin_by(&mut Command::new(env!("CARGO_BIN_EXE_assentry")), config, more)
    }

    fn begin_by(program: &mut Command, config: &Path, more: &[&str]) -> Server {
        let mut child = program
            .args(["serve", "--config"])
            .arg(config)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (tell, news) = watch::channel(0);
        let log = Log { lines: Arc::default(), news };
        let (lines, mut stderr) = (Arc::clone(&log.lines), BufReader::new(child.stderr.take().unwrap()).lines());
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                lines.lock().unwrap().push(line);
                tell.send_modify(|count| *count += 1);
            }
        });
        Server { child, log }
    }

    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.child.id().expect("it runs")).unwrap()
    }

    /// SIGKILL: no last word.
    pub(crate) async fn ends_by_force(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, and its exit.
    pub(crate) async fn stops(self) -> ExitStatus {
        kill(Pid::from_raw(self.id()), Signal::SIGTERM).unwrap();
        self.ends().await
    }

    /// Waits for its exit.
    pub(crate) async fn ends(mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line with this in it; false when the log ends without.
    pub(crate) async fn shows(&mut self, text: &str) -> bool {
        loop {
            self.news.mark_unchanged();
            if self.lines().iter().any(|line| line.contains(text)) {
                return true;
            }
            if !self.grows().await {
                return self.lines().iter().any(|line| line.contains(text));
            }
        }
    }

    /// Waits for another line; false when there will be none.
    pub(crate) async fn grows(&mut self) -> bool {
        self.news.changed().await.is_ok()
    }

    /// Waits for its end and says what was in it.
    pub(crate) async fn whole(mut self) -> String {
        while self.grows().await {}
        self.lines().join("\n")
    }
}
