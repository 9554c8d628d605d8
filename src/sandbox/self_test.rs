//! Tries to get out of the walls, and is content only when every try failed.

use std::io::{self, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::job::{Access, Limits, SandboxError};
use super::spec::{Action, Found, Probe};
use super::{Sandbox, launch, layout};
use crate::sandbox::checkout::Checkout;

/// Runs the test once.
pub(super) async fn self_test(sandbox: &Sandbox) -> Result<(), SandboxError> {
    let bait = Bait::lay(sandbox).map_err(|e| SandboxError::Unavailable(format!("self-test: {e}")))?;
    let limits = Limits { wall: Duration::from_secs(20), output_bytes: 1 << 20, ..Limits::default() };
    let request = launch::Request {
        action: Action::Probe(Probe { read: bait.paths(), connect: bait.address }),
        cwd: PathBuf::new(),
        checkout: &bait.checkout,
        access: Access::Writable,
        limits,
        streams: launch::Streams::Whole(b""),
        way: None,
    };
    let answer = launch::launch(sandbox, request, &CancellationToken::new()).await?.answer()?;
    let mut found: Found =
        serde_json::from_slice(&answer).map_err(|e| SandboxError::Unavailable(format!("self-test: {e}")))?;
    found.breaches.extend(bait.taken());
    found.breaches.extend(surplus(sandbox, &found.environment, &bait.checkout));
    match found.breaches.as_slice() {
        [] => Ok(()),
        breaches => Err(SandboxError::Breached(breaches.join(", "))),
    }
}

/// What lies outside and must not be reached.
struct Bait {
    canaries: Vec<NamedTempFile>,
    tcp: TcpListener,
    udp: UdpSocket,
    address: std::net::SocketAddr,
    checkout: Checkout,
    _dir: tempfile::TempDir,
}

impl Bait {
    fn lay(sandbox: &Sandbox) -> io::Result<Bait> {
        let data_dir = &sandbox.config.data_dir;
        let mut canaries = vec![canary(data_dir)?];
        // A service may have no home it can write to; then there is nothing to be read from it either.
        canaries.extend(std::env::home_dir().and_then(|home| canary(&home).ok()));
        let tcp = TcpListener::bind("127.0.0.1:0")?;
        tcp.set_nonblocking(true)?;
        let address = tcp.local_addr()?;
        let udp = UdpSocket::bind(address)?;
        udp.set_nonblocking(true)?;
        let dir = tempfile::Builder::new()
            .prefix(&layout::scratch_prefix())
            .tempdir_in(layout::scratch_root(&sandbox.config))?;
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))?;
        let checkout = Checkout::empty(&dir.path().join("checkout"))?;
        Ok(Bait { canaries, tcp, udp, address, checkout, _dir: dir })
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.canaries.iter().map(|file| file.path().to_owned()).collect()
    }

    /// What arrived here although the sandbox said that nothing left.
    fn taken(&self) -> Vec<String> {
        let mut taken = Vec::new();
        if self.tcp.accept().is_ok() {
            taken.push("a connection arrived".to_owned());
        }
        if self.udp.recv_from(&mut [0; 16]).is_ok() {
            taken.push("a datagram arrived".to_owned());
        }
        taken
    }
}

/// A file that everyone may read, so that only the walls keep it from being read.
fn canary(dir: &Path) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".assentry-canary-").tempfile_in(dir)?;
    file.write_all(b"nobody may read this")?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    Ok(file)
}

/// How the environment differs from the list.
fn surplus(sandbox: &Sandbox, seen: &[String], checkout: &Checkout) -> Option<String> {
    let view = layout::view(&sandbox.config, checkout.dir(), Access::Writable, Path::new("/"));
    let want = layout::environment(&sandbox.config, &view, sandbox.walls);
    let names = |lines: Vec<&str>| {
        let mut names: Vec<String> =
            lines.iter().map(|line| line.split('=').next().unwrap_or_default().to_owned()).collect();
        names.sort();
        names
    };
    let want = names(want.iter().map(|(name, _)| name.as_str()).collect());
    let seen = names(seen.iter().map(String::as_str).collect());
    (want != seen).then(|| format!("the environment is {} and not {}", seen.join(" "), want.join(" ")))
}
