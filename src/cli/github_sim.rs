//! `assentry github-sim`: the simulated GitHub as a program of its own, for any HTTP client and for git.
//!
//! Promises: what it prints is all that a client needs; repositories and the App's key stay in the data directory, so that a
//! second start with the same arguments gives the same App, repositories and tokens. Issues, comments and pull requests live
//! in memory only. It listens on loopback unless told otherwise: its tokens guard nothing.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::demo::github::{GitHub, NewRepository, Role, Settings, Webhook};
use crate::ids::{Login, RepoName};

/// Serves a simulated GitHub until it is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where repositories and the App's private key are kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A repository and the folder whose files are its first commit (what .gitignore names is left out).
    #[arg(long = "repo", value_name = "OWNER/NAME=FOLDER")]
    repos: Vec<RepoArg>,
    /// A person and what they may do in the repositories: none, read, triage, write, maintain or admin.
    #[arg(long = "user", value_name = "LOGIN:ROLE")]
    users: Vec<UserArg>,
    /// Where the App wants its webhooks.
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What webhooks are signed with.
    #[arg(long, value_name = "SECRET", env = "ASSENTRY_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// Prints one line of JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone)]
struct RepoArg {
    name: String,
    folder: PathBuf,
}

#[derive(Debug, Clone)]
struct UserArg {
    login: String,
    role: Role,
}

/// Starts it, prints what a client needs, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// When the address is taken, a folder cannot be read, or the data directory cannot be written.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let (github, key_file) = start(&args).await?;
    let told = describe(&args, &github, &key_file)?;
    let text = if args.json { told.to_string() } else { readable(&told) };
    let mut out = anstream::stdout();
    writeln!(out, "{text}")?;
    out.flush()?;
    tokio::select! {
        stopped = &mut interrupted => stopped?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

async fn start(args: &Args) -> anyhow::Result<(GitHub, PathBuf)> {
    fs::create_dir_all(&args.data).with_context(|| format!("cannot make {}", args.data.display()))?;
    let key_file = std::path::absolute(args.data.join("app.private-key.pem"))?;
    let webhook = args.webhook_url.clone().zip(args.webhook_secret.clone());
    let settings = Settings {
        listen: args.listen,
        data: Some(args.data.join("repositories")),
        key_pem: fs::read_to_string(&key_file).ok(),
        webhook: webhook.map(|(url, secret)| Webhook { url, secret }),
        ..Settings::default()
    };
    let github = GitHub::start(settings).await.with_context(|| format!("cannot serve on {}", args.listen))?;
    write_private(&key_file, github.private_key_pem())
        .with_context(|| format!("cannot write {}", key_file.display()))?;
    // People first: the owner of a repository may be one of them.
    for user in &args.users {
        github.adds_person(&user.login);
    }
    for repo in &args.repos {
        let files = read_folder(&repo.folder).with_context(|| format!("cannot read {}", repo.folder.display()))?;
        github.adds_repository(NewRepository { name: repo.name.clone(), files, private: false }).await?;
        for user in &args.users {
            github.grants(&user.login, &repo.name, user.role)?;
        }
    }
    Ok((github, key_file))
}

/// The files below a folder, as `git add` would take them; links and special files are left out.
fn read_folder(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>, bool)>> {
    let mut files = Vec::new();
    let walk = ignore::WalkBuilder::new(folder)
        .hidden(false)
        .git_global(false)
        .require_git(false)
        .parents(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_name(Ord::cmp)
        .build();
    for entry in walk {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = entry.path().strip_prefix(folder)?.to_str().context("a file name is not UTF-8")?.to_owned();
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            files.push((path, fs::read(entry.path())?, executable));
        }
    }
    Ok(files)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn describe(args: &Args, github: &GitHub, key_file: &Path) -> anyhow::Result<Value> {
    let url = github.url();
    let users = args
        .users
        .iter()
        .map(|user| {
            let token = github.token_of(&user.login)?;
            Ok(json!({ "login": user.login, "role": user.role.to_string(), "token": token }))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let repos: Vec<Value> = args
        .repos
        .iter()
        .map(|repo| json!({ "name": repo.name, "clone_url": format!("{url}/{}.git", repo.name) }))
        .collect();
    Ok(json!({
        "api_url": url,
        "app_id": github.app_id(),
        "bot": github.bot_login(),
        "private_key_file": key_file,
        "webhook_url": args.webhook_url,
        "webhook_secret": args.webhook_secret,
        "repositories": repos,
        "users": users,
    }))
}

fn readable(told: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let webhook = match told["webhook_url"].as_str() {
        Some(url) => format!("{url}, signed with {}", text(&told["webhook_secret"])),
        None => "not sent (--webhook-url, --webhook-secret)".to_owned(),
    };
    let mut lines = vec![
        format!("api url    {}", text(&told["api_url"])),
        format!("app id     {}", told["app_id"]),
        format!("bot        {}", text(&told["bot"])),
        format!("key file   {}", text(&told["private_key_file"])),
        format!("webhooks   {webhook}"),
    ];
    for repo in told["repositories"].as_array().into_iter().flatten() {
        lines.push(format!("repository {}", text(&repo["clone_url"])));
    }
    for user in told["users"].as_array().into_iter().flatten() {
        lines.push(format!("user       {} ({}) {}", text(&user["login"]), text(&user["role"]), text(&user["token"])));
    }
    lines.join("\n")
}

impl FromStr for RepoArg {
    type Err = String;

    fn from_str(text: &str) -> Result<RepoArg, String> {
        let (name, folder) = text.split_once('=').ok_or("expected OWNER/NAME=FOLDER, such as acme/widget=./widget")?;
        let name: RepoName = name.parse().map_err(|bad: crate::ids::BadName| bad.to_string())?;
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            return Err(format!("{} is not a folder", folder.display()));
        }
        Ok(RepoArg { name: name.into(), folder })
    }
}

impl FromStr for UserArg {
    type Err = String;

    fn from_str(text: &str) -> Result<UserArg, String> {
        let (login, role) = text.split_once(':').ok_or("expected LOGIN:ROLE, such as ann:admin")?;
        let login: Login = login.parse().map_err(|bad: crate::ids::BadName| bad.to_string())?;
        Ok(UserArg { login: login.into(), role: role.parse()? })
    }
}
