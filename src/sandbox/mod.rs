//! Runs what a stranger wrote, behind walls, and brings back what it printed and changed.
//!
//! Promises: one function starts a stranger's process; it has no network (set-up commands have the `proxy`, an agent of others the `bridge`), no credential, an empty environment filled
//! from a fixed list, a read-only system (the host's, or that of an image), one checkout and a private temporary directory; its whole process tree dies
//! with the job, with a limit, and with the core. Before a run [`Sandbox::self_test`] must fail to get out.
//! Refuses to run anything where neither namespaces nor landlock hold: there is no weaker mode.
//!
//! ```text
//! core ──socket──▶ helper: waits until it is in its cgroup           `assentry sandbox-child …`
//!                    │  new namespaces, or bwrap, or neither
//!                    ▼
//!                  helper again: file system, other uid, limits, landlock, seccomp, no new privileges
//!                    │
//!                    ▼
//!                  the command, or a tool of the agent inside the helper itself
//! ```
//!
//! The socket is the lifeline as well: when its other end is gone, because the core closed it or died, everything
//! behind the walls is killed.

mod below;
mod bridge;
mod bubblewrap;
mod cgroup;
mod changes;
pub mod checkout;
pub mod child;
mod collect;
mod config;
mod copy;
mod host_git;
mod image;
mod job;
mod launch;
mod layer;
mod layout;
mod local;
pub mod mirror;
mod names;
mod output;
pub(crate) mod process;
mod proxy;
mod self_test;
#[cfg(feature = "demo")]
pub(crate) mod server;
mod spec;
mod stock;
mod tree;
mod way;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use bridge::{Bridge, GATEWAY, Talk, WORK};
pub use checkout::{Base, Change, ChangeKind, Checkout, FileMode, Refused};
pub use config::{SandboxConfig, WallsChoice};
pub use host_git::git_version;
pub use image::NoImage;
pub use job::{Access, Ended, Exit, Job, Limits, NoSandbox, Output, Resource, SandboxError, command_line};
pub use layer::{NoLayer, Recipe};
pub use local::{LocalRepository, NewCommit};
pub use spec::Walls;
pub use stock::{Unusable, archive_of, is_image, stock, unusable};

use launch::Streams;
use proxy::Proxy;
use spec::Action;
use way::Way;

/// Walls that were found to hold on this host. Only [`Sandbox::probe`] makes one.
#[derive(Debug, Clone)]
pub struct Sandbox {
    walls: Walls,
    config: Arc<SandboxConfig>,
    /// Nothing was tried, so nothing is run.
    absent: bool,
}

impl Sandbox {
    /// Finds the strongest walls that hold on this host, or the chosen ones, by trying to get out of them. To be
    /// called once, before the first job: it removes what jobs of a killed core have left.
    ///
    /// # Errors
    /// [`NoSandbox`] when none hold; its text says how to fix the host.
    pub async fn probe(config: &SandboxConfig) -> Result<Sandbox, NoSandbox> {
        let config = Arc::new(config.clone());
        layout::prepare(&config).map_err(|e| NoSandbox::data_dir(&config.data_dir, &e))?;
        let mut tried = Vec::new();
        for &walls in config.walls.candidates() {
            let sandbox = Sandbox { walls, config: Arc::clone(&config), absent: false };
            match sandbox.self_test().await {
                Ok(()) => return Ok(sandbox),
                Err(why) => tried.push((walls, why)),
            }
        }
        Err(NoSandbox::walls(&tried))
    }

    /// No sandbox, for a process that runs nothing of a stranger's: every job is refused.
    #[must_use]
    pub fn none(config: &SandboxConfig) -> Sandbox {
        Sandbox { walls: Walls::Landlock, config: Arc::new(config.clone()), absent: true }
    }

    /// Which walls these are.
    #[must_use]
    pub fn walls(&self) -> Walls {
        self.walls
    }

    /// Whether commands are kept in by landlock alone, in no namespaces of their own: then there is only the host's system.
    #[must_use]
    pub fn has_only_landlock(&self) -> bool {
        self.walls == Walls::Landlock && !self.absent
    }

    /// Runs one command to its end, whatever that end is.
    ///
    /// # Errors
    /// [`SandboxError`] when the walls could not be put up; then nothing of the command has run.
    pub async fn run(&self, job: Job<'_>, cancel: &CancellationToken) -> Result<Ended, SandboxError> {
        self.run_beside(None, job, cancel).await
    }

    /// The same with a way out.
    async fn run_beside(
        &self,
        proxy: Option<&Proxy>,
        job: Job<'_>,
        cancel: &CancellationToken,
    ) -> Result<Ended, SandboxError> {
        if job.argv.first().is_none_or(String::is_empty) {
            return Err(SandboxError::BadJob("no command".to_owned()));
        }
        let cwd = job.cwd.map_or_else(PathBuf::new, |path| PathBuf::from(path.as_str()));
        let request = launch::Request {
            action: Action::Command { argv: job.argv },
            cwd,
            checkout: job.checkout,
            access: job.access,
            limits: job.limits,
            streams: Streams::Whole(&job.stdin),
            way: proxy.map(Way::SetUp),
        };
        launch::launch(self, request, cancel).await
    }

    /// Calls the function that [`child::main`] was given, inside the walls and with the checkout as its directory.
    ///
    /// # Errors
    /// [`SandboxError::Stopped`] when it ended before it had answered; otherwise as [`Sandbox::run`].
    pub async fn tool(
        &self,
        checkout: &Checkout,
        access: Access,
        request_json: &[u8],
        limits: Limits,
        cancel: &CancellationToken,
    ) -> Result<Vec<u8>, SandboxError> {
        let request = launch::Request {
            action: Action::Tool,
            cwd: PathBuf::new(),
            checkout,
            access,
            limits,
            streams: Streams::Whole(request_json),
            way: None,
        };
        launch::launch(self, request, cancel).await?.answer()
    }

    /// Tries to get out: to read files outside, to reach a socket of the host, to find more environment than the list.
    ///
    /// # Errors
    /// [`SandboxError::Breached`] when something got out; otherwise as [`Sandbox::run`].
    pub async fn self_test(&self) -> Result<(), SandboxError> {
        self_test::self_test(self).await
    }
}
