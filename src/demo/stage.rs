//! The stage of the demo: a simulated GitHub, a scripted model, and a real server between them in a process of its own.
//!
//! The server may be killed at any moment: it is started again with the same data, and the story goes on.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::github::{Clock, GitHub, Role, Settings, StartError, Webhook};
use super::model::ScriptedModel;
use super::story;
use crate::sandbox::server::OwnServer;

const SECRET: &str = "It's a Secret to Everybody";
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// How many starts in a row may fail: one may have been killed.
const MOST_FAILED: u32 = 3;

/// Everything the story needs, running.
pub struct Stage {
    /// The simulated GitHub.
    pub github: GitHub,
    /// The scripted model.
    pub model: ScriptedModel,
    /// Where everything is kept.
    pub dir: PathBuf,
    /// Where the dashboard is, if it was asked for.
    pub dashboard: Option<String>,
    starts: watch::Receiver<u32>,
    stop: CancellationToken,
    server: JoinHandle<io::Result<()>>,
}

/// Whether the server has a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dashboard {
    /// No.
    Off,
    /// Yes, and ann administers it.
    On,
}

/// Why there is no stage.
#[derive(Debug, thiserror::Error)]
pub enum NoStage {
    /// The simulated GitHub did not start.
    #[error(transparent)]
    GitHub(#[from] StartError),
    /// An act of setting up was refused.
    #[error("the simulated GitHub refused: {0:?}")]
    Refused(super::github::Refusal),
    /// The disk or the network did not do its part.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server ended before it was ready; its log says why.
    #[error("the server did not start; its log is {log}")]
    Server {
        /// Where the log is.
        log: PathBuf,
    },
}

impl Stage {
    /// Sets the stage below `dir`; `program` is this program, which is also the server.
    ///
    /// # Errors
    /// When a part of it cannot be started.
    pub async fn set(dir: &Path, program: &Path, dashboard: Dashboard) -> Result<Stage, NoStage> {
        std::fs::create_dir_all(dir)?;
        // The sandbox's other account must be able to pass through, and nobody to look around.
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o711))?;
        let dir = std::path::absolute(dir)?;
        let data = Some(dir.join("github"));
        let github = GitHub::start(Settings { data, clock: Clock::of_the_host(), ..Settings::default() }).await?;
        github.adds_repository(story::repository()).await?;
        let people = [("ann", Role::Admin), ("bob", Role::Write), ("cara", Role::Write), ("eve", Role::Read)];
        for (login, role) in people {
            github.adds_person(login);
            github.grants(login, story::REPO, role).map_err(NoStage::Refused)?;
        }
        let model = ScriptedModel::start(ANY_PORT, story::script()).await?;
        let address = match dashboard {
            Dashboard::Off => None,
            // The port is free at this moment, and people have to be told it before the server takes it.
            Dashboard::On => Some(tokio::net::TcpListener::bind(ANY_PORT).await?.local_addr()?),
        };
        let config = configuration(&dir, &github, &model, address)?;
        let (started, starts) = watch::channel(0);
        let stop = CancellationToken::new();
        let keeper =
            Keeper { program: program.to_owned(), config, log: dir.join("server.log"), github: github.clone() };
        let log = keeper.log.clone();
        let server = tokio::spawn(keeper.keep(started, stop.clone()));
        let dashboard = address.map(|address| format!("http://{address}"));
        let mut stage = Stage { github, model, dir, dashboard, starts, stop, server };
        let ready = stage.starts.wait_for(|starts| *starts > 0).await.is_ok();
        if !ready {
            return Err(NoStage::Server { log });
        }
        Ok(stage)
    }

    /// How often the server has been started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        *self.starts.borrow()
    }

    /// Whether the server is gone for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.server.is_finished()
    }

    /// The server's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join("server/data/assentry.db")
    }

    /// Stops the server in good order.
    ///
    /// # Errors
    /// When it did not stop.
    pub async fn stop_server(&mut self) -> io::Result<()> {
        self.stop.cancel();
        (&mut self.server).await.map_err(io::Error::other)?
    }
}

struct Keeper {
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
    github: GitHub,
}

impl Keeper {
    /// Keeps a server running until told to stop; gives up when several in a row end before they are ready.
    async fn keep(self, started: watch::Sender<u32>, stop: CancellationToken) -> io::Result<()> {
        let config = self.config.display().to_string();
        let mut failed = 0;
        loop {
            let mut server = OwnServer::start(&self.program, &["serve", "--config", &config], &self.log).await?;
            let mut ready = false;
            loop {
                let line = tokio::select! {
                    line = server.line() => line?,
                    () = stop.cancelled() => return server.stop().await.map(|_| ()),
                };
                let Some(line) = line else { break };
                if let Some((_, url)) = line.split_once("listening on ") {
                    let url = url.split_whitespace().next().unwrap_or_default();
                    let target = Webhook { url: format!("{url}/webhook"), secret: SECRET.to_owned() };
                    self.github.sends_webhooks_to(target);
                    started.send_modify(|starts| *starts += 1);
                    ready = true;
                }
            }
            failed = if ready { 0 } else { failed + 1 };
            if failed == MOST_FAILED {
                return Err(io::Error::other("the server ended before it was ready"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What an operator would write: four values, and here where the simulated ones are.
fn configuration(
    dir: &Path,
    github: &GitHub,
    model: &ScriptedModel,
    dashboard: Option<SocketAddr>,
) -> io::Result<PathBuf> {
    let server = dir.join("server");
    std::fs::create_dir_all(&server)?;
    std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o711))?;
    let secret = |name: &str, text: &str| -> io::Result<()> {
        let path = server.join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
    };
    secret("private-key.pem", github.private_key_pem())?;
    secret("webhook-secret", SECRET)?;
    secret("model-key", "any")?;
    secret("client-secret", &github.client_secret())?;
    let (client_id, ann) = (github.client_id(), github.account_id("ann").unwrap_or_default());
    let listen = dashboard.unwrap_or(ANY_PORT);
    let web = dashboard.map_or_else(String::new, |address| {
        format!(
            "public_url = \"http://{address}\"\n\n[web]\ndashboard = true\nclient_id = \"{client_id}\"\n\
             client_secret_file = \"client-secret\"\nadministrators = {{ ann = {ann} }}\n"
        )
    });
    let (app_id, github, model) = (github.app_id(), github.url(), model.url());
    let text = format!(
        "[github]\napp_id = {app_id}\nprivate_key_file = \"private-key.pem\"\nwebhook_secret_file = \"webhook-secret\"\n\
         api_url = \"{github}\"\nweb_url = \"{github}\"\n\n\
         [model]\napi_key_file = \"model-key\"\nbase_url = \"{model}\"\n\n\
         [server]\nlisten = \"{listen}\"\n{web}\n\
         # Nobody waits for slow people and a lagging GitHub here.\n\
         [timing]\nburst = \"300ms\"\nlook_ups = [\"100ms\"]\n"
    );
    let path = server.join("assentry.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}
