//! Starts git for the core itself, in directories that only the core has written.
//!
//! Promises: an argument list and never a shell; an environment that is emptied and then filled; no configuration of
//! the system or the user, no hooks, no prompts; limits of time and of output, after which the whole process group is
//! killed; nothing left running when the future is dropped. Refuses nothing by itself: it is for trusted arguments. What a stranger
//! wrote is run by [`super::Sandbox`] and never here.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What git printed and how it ended. A status other than zero is not an error here.
#[derive(Debug, Clone)]
pub(crate) struct GitOutput {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// One run of git.
#[derive(Debug)]
pub(crate) struct Git {
    dir: PathBuf,
    args: Vec<String>,
    stdin: Vec<u8>,
    config: Vec<(String, SecretString)>,
    env: Vec<(&'static str, String)>,
    wall: Duration,
    most: u64,
}

/// Bytes of output that are read at most, unless somebody says otherwise.
const MOST_OUTPUT: u64 = 256 << 20;

impl Git {
    pub(crate) fn new(dir: &Path) -> Git {
        Git {
            dir: dir.to_owned(),
            args: Vec::new(),
            stdin: Vec::new(),
            config: Vec::new(),
            env: Vec::new(),
            wall: Duration::from_secs(120),
            most: MOST_OUTPUT,
        }
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Git {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Git {
        bytes.clone_into(&mut self.stdin);
        self
    }

    /// Sets a configuration value through the environment, where the process list does not show it to others.
    pub(crate) fn config(mut self, key: &str, value: SecretString) -> Git {
        self.config.push((key.to_owned(), value));
        self
    }

    /// Adds a variable to the fixed list, such as `GIT_PROTOCOL`.
    pub(crate) fn env(mut self, key: &'static str, value: &str) -> Git {
        self.env.push((key, value.to_owned()));
        self
    }

    pub(crate) fn wall(mut self, wall: Duration) -> Git {
        self.wall = wall;
        self
    }

    /// How many bytes it may print.
    pub(crate) fn most(mut self, bytes: u64) -> Git {
        self.most = bytes;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When git cannot be started, does not end in time ([`io::ErrorKind::TimedOut`]) or prints more than it may
    /// ([`io::ErrorKind::FileTooLarge`]).
    pub(crate) async fn run(self) -> io::Result<GitOutput> {
        let mut group = Group::start(&mut self.command())?;
        let (stdin, stdout, stderr) = (group.child.stdin.take(), group.child.stdout.take(), group.child.stderr.take());
        let write = async {
            if let Some(mut pipe) = stdin {
                // git may end before it has read everything; its status says what that means.
                let _ = pipe.write_all(&self.stdin).await;
            }
            Ok(())
        };
        let work = async {
            let (out, err) = (read(stdout, self.most), read(stderr, self.most));
            let ((), stdout, stderr, status) = tokio::try_join!(write, out, err, group.child.wait())?;
            Ok(GitOutput { status, stdout, stderr })
        };
        let ended = timeout(self.wall, work).await;
        let late = || io::Error::new(io::ErrorKind::TimedOut, format!("git did not end within {:?}", self.wall));
        let output = ended.map_err(|_elapsed| late())?;
        group.ended = output.is_ok();
        output
    }

    fn command(&self) -> Command {
        let mut git = Command::new(PROGRAM.as_path());
        git.current_dir(&self.dir)
            .args(&self.args)
            .env_clear()
            .envs(ENVIRONMENT)
            .envs(inherited())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(parent) = self.dir.parent() {
            git.env("GIT_CEILING_DIRECTORIES", parent);
        }
        for (key, value) in &self.env {
            git.env(key, value);
        }
        let fixed = FIXED_CONFIG.iter().map(|(key, value)| (*key, *value));
        let given = self.config.iter().map(|(key, value)| (key.as_str(), value.expose_secret()));
        for (n, (key, value)) in fixed.clone().chain(given.clone()).enumerate() {
            git.env(format!("GIT_CONFIG_KEY_{n}"), key).env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        git.env("GIT_CONFIG_COUNT", (fixed.count() + given.count()).to_string());
        git
    }
}

/// Where git is. With a path and not a name the standard library starts it by `vfork`, which copies no page tables: in a
/// server of some size that is most of what a short command costs.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| which::which("git").unwrap_or_else(|_missing| "git".into()));

const ENVIRONMENT: [(&str, &str); 12] = [
    ("HOME", "/nonexistent"),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("GIT_OPTIONAL_LOCKS", "0"),
    // Missing objects are fetched in one batch and with a credential, or not at all.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

/// Stronger than what a repository's own configuration says.
const FIXED_CONFIG: [(&str, &str); 11] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("credential.helper", ""),
    ("protocol.ext.allow", "never"),
    ("http.followRedirects", "false"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    // The directories are named by the core, also where another account owns them (a volume, a mounted disk).
    ("safe.directory", "*"),
    ("advice.detachedHead", "false"),
];

/// What the operator sets for every program on the host: where programs are, the proxy, the authorities to trust.
fn inherited() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    const NAMES: [&str; 12] = [
        "PATH",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "https_proxy",
        "http_proxy",
        "all_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
    ];
    NAMES.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)))
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most.saturating_add(1)).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > most {
        let why = format!("git printed more than {most} bytes, which is all that is read of it");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// A process and its helpers (`git-remote-https`, `index-pack`), which die with it.
struct Group {
    child: Child,
    leader: Option<Pid>,
    ended: bool,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Group> {
        let child = command.spawn()?;
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Group { child, leader, ended: false })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After an orderly end the number may belong to somebody else.
        if let (false, Some(leader)) = (self.ended, self.leader) {
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;

    async fn git(dir: &Path, args: &[&str], stdin: &[u8]) -> io::Result<GitOutput> {
        Git::new(dir).args(args).stdin(stdin).run().await
    }

    #[tokio::test]
    async fn an_object_written_through_stdin_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--bare", "-q"], b"").await.unwrap();

        let id = git(dir.path(), &["hash-object", "-w", "--stdin"], b"hello").await.unwrap().stdout;
        let id = String::from_utf8(id).unwrap();
        let back = git(dir.path(), &["cat-file", "blob", id.trim()], b"").await.unwrap();

        assert_eq!((back.status.success(), back.stdout), (true, b"hello".to_vec()));
    }

    #[tokio::test]
    async fn git_sees_no_configuration_but_ours() {
        let dir = tempfile::tempdir().unwrap();

        let shown = git(dir.path(), &["config", "--list", "--show-origin"], b"").await.unwrap();

        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(text.lines().all(|line| line.starts_with("command line:")), "{text}");
    }

    #[tokio::test]
    async fn f54_a_git_that_does_not_end_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--bare", "-q"], b"").await.unwrap();

        let late = Git::new(dir.path())
            .args(&["-c", "alias.stuck=!sleep 1000 & wait", "stuck"])
            .wall(Duration::from_millis(200))
            .run()
            .await;

        assert_eq!(late.map(|_| ()).map_err(|e| e.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn t55_a_git_that_prints_too_much_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let yes = |most| Git::new(dir.path()).args(&["-c", "alias.much=!yes", "much"]).most(most).run();

        let flooded = yes(1 << 20).await.unwrap_err();

        assert_eq!(flooded.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(flooded.to_string(), "git printed more than 1048576 bytes, which is all that is read of it");
        let exact =
            Git::new(dir.path()).args(&["hash-object", "--stdin"]).stdin(b"hello").most(41).run().await.unwrap();
        assert_eq!(exact.stdout.len(), 41);
    }
}
