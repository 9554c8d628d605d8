//! Starts the helper for one request, with everything that has to be there before and nothing that stays after.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cgroup::{self, Cgroup};
use super::checkout::Checkout;
use super::job::{Access, Ended, Limits, SandboxError};
use super::spec::{Action, Spec, Walls};
use super::way::Way;
use super::{Sandbox, bubblewrap, child, collect, layout, tree};

/// What is to be done, apart from the policy that allows it.
pub(super) struct Request<'a> {
    pub(super) action: Action,
    pub(super) cwd: PathBuf,
    pub(super) checkout: &'a Checkout,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) streams: Streams<'a>,
    /// The way out, if there is one.
    pub(super) way: Option<Way<'a>>,
}

/// What a job reads, and where what it prints goes.
pub(super) enum Streams<'a> {
    /// It reads these bytes, and what it prints is kept as far as the limits go.
    Whole(&'a [u8]),
    /// It is talked with: it reads what comes in, and what it prints is handed on as it comes.
    Live { input: mpsc::Receiver<Vec<u8>>, output: mpsc::Sender<Vec<u8>> },
}

/// Does it, from the first process to the last.
pub(super) async fn launch(
    sandbox: &Sandbox,
    request: Request<'_>,
    cancel: &CancellationToken,
) -> Result<Ended, SandboxError> {
    let began = Instant::now();
    if sandbox.absent {
        return Err(SandboxError::Unavailable("this process has no sandbox: the role runner runs commands".to_owned()));
    }
    if request.way.is_some() && sandbox.walls == Walls::Landlock {
        // Without a network of its own, a process that may open a socket may reach everything the host can.
        return Err(SandboxError::BadJob("without namespaces there is no way out that could be watched".to_owned()));
    }
    let scratch = Scratch::create(&layout::scratch_root(&sandbox.config)).map_err(unavailable)?;
    let name = format!("{}{}", cgroup::PREFIX, scratch.name());
    let mut cgroup = Cgroup::create(&name, &request.limits);
    let mut spec = spec(sandbox, &request, &scratch.0);
    let (mut helper, socket) = start(sandbox, &spec).map_err(unavailable)?;
    if cgroup.as_ref().zip(helper.id()).is_some_and(|(group, id)| group.add(id).is_err()) {
        cgroup = None;
    }
    spec.memory_by_cgroup = cgroup.as_ref().is_some_and(Cgroup::limits_memory);
    let mut socket = tokio::net::UnixStream::from_std(socket).map_err(unavailable)?;
    // If the helper is gone already, what it left on the socket says why.
    let _ = send(&mut socket, &spec).await;
    let watch = collect::Watch {
        limits: request.limits,
        disk: (request.access == Access::Writable).then(|| request.checkout.dir()),
        home: spec.view.home.as_deref().filter(|_| request.access == Access::Writable),
        private_tmp: (sandbox.walls == Walls::Landlock).then_some(scratch.0.as_path()),
        cancel,
    };
    let seen = collect::collect(&mut helper, socket, request.streams, &watch).await;
    let exit = seen.exit(cgroup.as_ref().and_then(Cgroup::exceeded))?;
    Ok(Ended { exit, output: seen.output, elapsed: began.elapsed() })
}

fn unavailable(why: io::Error) -> SandboxError {
    SandboxError::Unavailable(why.to_string())
}

fn spec(sandbox: &Sandbox, request: &Request<'_>, scratch: &Path) -> Spec {
    let mut view = layout::view(&sandbox.config, request.checkout.dir(), request.access, scratch);
    let mut environment = layout::environment(&sandbox.config, &view, sandbox.walls);
    if let Some(way) = &request.way {
        view.read_only.extend(way.shown());
        let more = way.environment();
        environment.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        environment.extend(more);
    }
    Spec {
        walls: sandbox.walls,
        action: request.action.clone(),
        environment,
        proxy: request.way.is_some(),
        talks: matches!(request.streams, Streams::Live { .. }),
        cwd: request.cwd.clone(),
        view,
        limits: request.limits,
        memory_by_cgroup: false,
        account: layout::account(),
    }
}

/// Starts the helper, which then waits for a word on the socket.
fn start(sandbox: &Sandbox, spec: &Spec) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let helper = &sandbox.config.helper;
    let (role, more): (&str, Vec<OsString>) = match sandbox.walls {
        Walls::Bubblewrap => ("bubblewrap", bubblewrap::argv(helper, spec)),
        Walls::Namespaces => ("namespaces", Vec::new()),
        Walls::Landlock => ("landlock", Vec::new()),
    };
    // Not killed on drop: it ends when the socket closes, after it has killed what is below it.
    let child = Command::new(helper)
        .args(child::arguments(role))
        .args(more)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    Ok((child, ours))
}

/// Says that the helper is in its cgroup, then what to do.
async fn send(socket: &mut tokio::net::UnixStream, spec: &Spec) -> io::Result<()> {
    let json = serde_json::to_vec(spec)?;
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    let mut message = vec![b'g'];
    message.extend(length.to_be_bytes());
    message.extend(json);
    socket.write_all(&message).await
}

/// A directory for one job, removed with whatever the job has put there.
struct Scratch(PathBuf);

impl Scratch {
    fn create(root: &Path) -> io::Result<Scratch> {
        let dir = tempfile::Builder::new().prefix(&layout::scratch_prefix()).tempdir_in(root)?.keep();
        let scratch = Scratch(dir);
        std::fs::DirBuilder::new().mode(0o700).create(scratch.0.join("home"))?;
        layout::give_away(&scratch.0.join("home"))?;
        layout::give_away(&scratch.0)?;
        Ok(scratch)
    }

    fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(e) = tree::remove(&self.0) {
            tracing::warn!(path = %self.0.display(), "could not remove a job's temporary directory: {e}");
        }
    }
}
