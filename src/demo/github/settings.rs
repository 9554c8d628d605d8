//! How a simulated GitHub starts: its address, its clock, its App and the key of it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Notify;

use super::call::Refusal;
use super::clock::{Clock, Time};
use super::faults::Faults;
use super::roster::add_account;
use super::state::{AccountKind, App, Level, State};
use super::webhooks::{Hooks, Webhook};
use super::{GitHub, Hub, Tasks, webhooks, wire};

/// What a simulated GitHub is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where repositories are kept; a directory of its own that is removed at the end if there is none.
    pub data: Option<PathBuf>,
    /// How time passes.
    pub clock: Clock,
    /// What tokens follow from.
    pub seed: u64,
    /// The App's id.
    pub app_id: i64,
    /// The App's name in addresses; its bot is `<slug>[bot]`.
    pub slug: String,
    /// The App's private key in PEM (PKCS#8); made once a process if there is none.
    pub key_pem: Option<String>,
    /// What the App was granted.
    pub permissions: Vec<(&'static str, Level)>,
    /// Where the App wants its webhooks.
    pub webhook: Option<Webhook>,
}

/// Why the simulated GitHub could not do what its administrator wanted.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address or the directory cannot be used.
    #[error("the simulated GitHub cannot start")]
    Host(#[from] std::io::Error),
    /// The key is none.
    #[error("the App's private key is not an RSA key in PKCS#8 PEM (-----BEGIN PRIVATE KEY-----)")]
    Key,
    /// An account or repository is not there.
    #[error("refused")]
    Refused(#[from] Refusal),
    /// Git did not do it.
    #[error("git failed: {0}")]
    Git(String),
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            clock: Clock::of_the_host(),
            seed: 1,
            app_id: 4711,
            slug: "assentry".to_owned(),
            key_pem: None,
            permissions: vec![
                ("metadata", Level::Read),
                ("contents", Level::Write),
                ("issues", Level::Write),
                ("pull_requests", Level::Write),
                ("checks", Level::Write),
                ("statuses", Level::Read),
                ("actions", Level::Read),
                ("members", Level::Read),
            ],
            webhook: None,
        }
    }
}

/// What an App can subscribe to, here.
const EVENTS: [&str; 13] = [
    "check_run",
    "issue_comment",
    "issues",
    "installation",
    "installation_repositories",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "repository",
    "status",
];

/// Refuses workflow files that no branch holds yet; used for tokens without the permission `workflows`.
const PRE_RECEIVE: &str = "#!/bin/sh
while read -r old new ref; do
    case $new in *[!0]*) ;; *) continue ;; esac
    found=$(git log --format= --name-only \"$new\" --not --all -- .github/workflows | head -n 1)
    if [ -n \"$found\" ]; then
        echo \"refusing to allow a GitHub App to create or update workflow \\`$found\\` without \\`workflows\\` permission\" >&2
        exit 1
    fi
done
";

impl GitHub {
    /// Starts listening.
    ///
    /// # Errors
    /// When the address is taken, the data directory cannot be written, or the key is none.
    pub async fn start(settings: Settings) -> Result<GitHub, StartError> {
        let (pair, key_pem) = key(settings.key_pem.as_deref())?;
        let scratch = if settings.data.is_none() { Some(tempfile::tempdir()?) } else { None };
        let data = settings.data.clone().or_else(|| scratch.as_ref().map(|dir| dir.path().to_owned()));
        let data = data.unwrap_or_default();
        let hooks_dir = data.join(".hooks");
        write_hook(&hooks_dir)?;
        let listener = tokio::net::TcpListener::bind(settings.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut state = state(&settings, (url, std::path::absolute(data)?), pair.public_key().as_ref().to_vec());
        state.take_kept()?;
        let hub = Arc::new(Hub {
            state: Mutex::new(state),
            hooks_dir: std::path::absolute(hooks_dir)?,
            halts: super::halts::Halts::default(),
            asked: tokio::sync::watch::Sender::new(0),
            woken: Notify::new(),
            quiet: Notify::new(),
            _scratch: scratch,
        });
        let served = axum::serve(listener, wire::router(Arc::clone(&hub)));
        let tasks = vec![
            tokio::spawn(async move {
                if let Err(failed) = served.await {
                    tracing::error!(error = %failed, "the simulated GitHub stopped serving");
                }
            })
            .abort_handle(),
            tokio::spawn(webhooks::send_all(Arc::clone(&hub))).abort_handle(),
        ];
        Ok(GitHub { hub, key_pem: key_pem.into(), _tasks: Arc::new(Tasks(tasks)) })
    }
}

fn state(settings: &Settings, place: (String, PathBuf), public_key: Vec<u8>) -> State {
    let (url, data) = place;
    let time = Time::new(settings.clock);
    let mut state = State {
        url,
        data,
        seed: settings.seed,
        counted: 1000,
        app: App {
            id: settings.app_id,
            slug: settings.slug.clone(),
            bot: 0,
            owner: 0,
            public_key,
            permissions: settings.permissions.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect(),
            events: EVENTS.map(str::to_owned).to_vec(),
            created: time.now(),
        },
        time,
        accounts: BTreeMap::new(),
        teams: BTreeMap::new(),
        installations: BTreeMap::new(),
        tokens: BTreeMap::new(),
        codes: BTreeMap::new(),
        repos: BTreeMap::new(),
        projects: Vec::new(),
        old_names: BTreeMap::new(),
        hooks: Hooks { target: settings.webhook.clone(), ..Hooks::default() },
        faults: Faults::none(),
        log: Vec::new(),
        kept: None,
        spent: BTreeMap::new(),
        registered: super::registration::Registered::default(),
    };
    state.app.owner = add_account(&mut state, "operator", AccountKind::User);
    state.app.bot = add_account(&mut state, &format!("{}[bot]", settings.slug), AccountKind::Bot);
    state
}

/// The key of every App that is given none: made once a process, because that takes longer than most tests.
static KEY: LazyLock<Option<String>> = LazyLock::new(fresh_key);

/// A new private key in PEM.
pub(super) fn fresh_key() -> Option<String> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    Some(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

/// The public half of a private key.
pub(super) fn public_half(pem: &str) -> Result<Vec<u8>, StartError> {
    key(Some(pem)).map(|(pair, _)| pair.public_key().as_ref().to_vec())
}

fn key(pem: Option<&str>) -> Result<(KeyPair, String), StartError> {
    let pem = pem.or(KEY.as_deref()).ok_or(StartError::Key)?;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).map_err(|_| StartError::Key)?;
    Ok((KeyPair::from_pkcs8(&der).map_err(|_| StartError::Key)?, pem.to_owned()))
}

fn write_hook(dir: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(dir)?;
    let path = dir.join("pre-receive");
    fs::write(&path, PRE_RECEIVE)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
}
