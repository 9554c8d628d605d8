//! A bridge from inside the walls to a gateway of the core's, for one process that is talked with.
//!
//! ```text
//! process ─TCP─▶ 127.0.0.1 in its own network ─▶ helper ─unix socket─▶ whoever listens in the core
//! ```
//!
//! Promises: the process reaches this one socket and nothing else; the socket and what opens it are made anew for each
//! process, and end with it. Refuses to judge what is said over it: that is the listener's.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use secrecy::SecretString;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::launch::{self, Streams};
use super::spec::Action;
use super::way::Way;
use super::{Ended, Job, Sandbox, SandboxError, layout};

/// Where the gateway is inside.
pub const GATEWAY: &str = "http://127.0.0.1:3128";

/// Where the checkout of such a process is inside.
pub const WORK: &str = "/work";

/// The socket of one process, gone when this is dropped.
#[derive(Debug)]
pub struct Bridge {
    dir: tempfile::TempDir,
    token: SecretString,
}

/// What a process that is talked with has besides what every job has.
#[derive(Debug, Clone, Copy)]
pub struct Talk<'a> {
    /// Further paths of the host that it may read: its own program.
    pub read_only: &'a [PathBuf],
    /// Variables added to the fixed list.
    pub environment: &'a [(String, String)],
}

impl Bridge {
    /// Where the socket is on the host.
    pub(super) fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    /// The throw-away token that whoever comes over the bridge has to show. It is worth nothing anywhere else.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }
}

impl Sandbox {
    /// Makes a bridge, and what listens at its outer end.
    ///
    /// # Errors
    /// When the socket or the token cannot be made.
    pub fn bridge(&self) -> io::Result<(Bridge, UnixListener)> {
        let root = layout::scratch_root(&self.config);
        let dir = tempfile::Builder::new().prefix(&layout::scratch_prefix()).tempdir_in(root)?;
        let listener = UnixListener::bind(dir.path().join("socket"))?;
        std::fs::set_permissions(dir.path().join("socket"), std::fs::Permissions::from_mode(0o666))?;
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| io::Error::other("the system gives no random bytes"))?;
        Ok((Bridge { dir, token: hex::encode(random).into() }, listener))
    }

    /// Runs one process to its end and talks with it meanwhile: it reads what comes in by `input`, and what it prints is
    /// handed to `output` as it comes. Its own last complaints are the output of how it ended.
    ///
    /// # Errors
    /// As [`Sandbox::run`]; also where there are no walls behind which a network of its own could be.
    pub async fn converse(
        &self,
        (bridge, talk): (&Bridge, Talk<'_>),
        job: Job<'_>,
        (input, output): (mpsc::Receiver<Vec<u8>>, mpsc::Sender<Vec<u8>>),
        cancel: &CancellationToken,
    ) -> Result<Ended, SandboxError> {
        if job.argv.first().is_none_or(String::is_empty) {
            return Err(SandboxError::BadJob("no command".to_owned()));
        }
        let request = launch::Request {
            action: Action::Command { argv: job.argv },
            cwd: PathBuf::new(),
            checkout: job.checkout,
            access: job.access,
            limits: job.limits,
            streams: Streams::Live { input, output },
            way: Some(Way::Gateway(bridge, &talk)),
        };
        launch::launch(self, request, cancel).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::proxy::PORT;
    use super::GATEWAY;

    #[test]
    fn the_gateway_is_where_the_helper_listens() {
        assert_eq!(GATEWAY, format!("http://127.0.0.1:{PORT}"));
    }
}
