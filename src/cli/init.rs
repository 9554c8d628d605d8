//! `assentry init`: sets up from a terminal; and the part that `serve` and `init` have in common.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::now;
use super::serve::told_to_stop;
use crate::config::{Additions, Draft, http_url};
use crate::setup::{self, After, Done, Secrets, Setup, Typed};

/// Sets up: a page in the browser creates the App, or the App's values are given here.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration to write.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
    /// Where the page is; port 0 takes a free one. GitHub's answer comes back to it through the browser.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// GitHub's address.
    #[arg(long, value_name = "URL", default_value = "https://github.com")]
    github: String,
    /// The organization that owns the App; without it, your own account does.
    #[arg(long, value_name = "LOGIN", default_value = "")]
    organization: String,
    /// The App's name.
    #[arg(long, value_name = "NAME", default_value = "assentry")]
    name: String,
    /// The address under which GitHub reaches the server.
    #[arg(long, value_name = "URL", default_value = "")]
    public_url: String,
    /// The number of an App that is there already: nothing is asked, and no page is served.
    #[arg(long, value_name = "NUMBER", requires = "private_key_file")]
    app_id: Option<u64>,
    /// That App's private key, a file beside the configuration or with its whole path.
    #[arg(long, value_name = "FILE", requires = "webhook_secret_file")]
    private_key_file: Option<PathBuf>,
    /// That App's webhook secret, likewise.
    #[arg(long, value_name = "FILE", requires = "app_id")]
    webhook_secret_file: Option<PathBuf>,
}

/// Sets up.
///
/// # Errors
/// When there is an App in the configuration already, or it cannot be written.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    let shown = args.config.display();
    let Some(draft) = Draft::load(&args.config)? else {
        anyhow::bail!("{shown} names an App already: `assentry doctor --config {shown}` looks whether it works");
    };
    if let (Some(app_id), Some(key), Some(secret)) = (args.app_id, &args.private_key_file, &args.webhook_secret_file) {
        let additions = given(args, app_id, (key, secret))?;
        setup::add(&args.config, &additions)?;
        writeln!(out, "{shown} is written. Start the server: assentry serve --config {shown}")?;
        return Ok(());
    }
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", args.listen))?;
    let typed = Typed {
        github: args.github.clone(),
        organization: args.organization.clone(),
        name: args.name.clone(),
        public_url: args.public_url.clone(),
        ..Typed::default()
    };
    let place = Place { config: &args.config, draft, typed, after: After::PersonStarts };
    let Some(done) = in_browser(listener, place, told_to_stop()?).await? else {
        anyhow::bail!("stopped before the App was there; nothing is written");
    };
    writeln!(out, "The App {} is there, and {shown} is written.", done.slug)?;
    writeln!(out, "Install it: {}", done.install)?;
    writeln!(out, "Start the server: assentry serve --config {shown}")?;
    Ok(())
}

fn given(args: &Args, app_id: u64, (key, secret): (&Path, &Path)) -> anyhow::Result<Additions> {
    let web = http_url(&args.github).map_err(|why| anyhow::anyhow!("--github: {why}"))?;
    let public = Some(args.public_url.as_str()).filter(|text| !text.is_empty());
    let public_url = public.map(http_url).transpose().map_err(|why| anyhow::anyhow!("--public-url: {why}"))?;
    Ok(Additions {
        app_id,
        private_key_file: key.to_owned(),
        webhook_secret_file: secret.to_owned(),
        github: setup::api_of(&web).filter(|_| web.host_str() != Some("github.com")).map(|api| (api, web)),
        public_url,
        sign_in: None,
        model: None,
    })
}

/// What is set up, and where.
pub(super) struct Place<'a> {
    pub(super) config: &'a Path,
    pub(super) draft: Draft,
    pub(super) typed: Typed,
    pub(super) after: After,
}

/// Prints the link and serves the pages behind it. `None` when `end` came first.
pub(super) async fn in_browser(
    listener: TcpListener,
    place: Place<'_>,
    end: impl Future<Output = ()>,
) -> anyhow::Result<Option<Done>> {
    let mut address = listener.local_addr()?;
    let everywhere = address.ip().is_unspecified();
    if everywhere {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let secrets = Secrets { token: random()?, session: random()?, state: random()? };
    let mut out = anstream::stdout();
    writeln!(out, "Assentry is not set up yet. Open this link, once:\n")?;
    writeln!(out, "  http://{address}/setup?token={}\n", secrets.token.expose_secret())?;
    if address.ip().is_loopback() {
        let port = address.port();
        let or = if everywhere { ", or put this host's name in the link" } else { "" };
        writeln!(out, "From another machine: `ssh -L {port}:127.0.0.1:{port} HOST` first{or}.")?;
    }
    out.flush()?;
    let Place { config, draft, typed, after } = place;
    let setup = Setup { config: std::path::absolute(config)?, draft, typed, after, secrets, clock: now };
    let stop = CancellationToken::new();
    let mut served = std::pin::pin!(setup::serve(listener, setup, stop.clone()));
    tokio::select! {
        done = &mut served => Ok(done),
        () = end => {
            stop.cancel();
            Ok(served.await)
        }
    }
}

/// A text of 256 random bits.
fn random() -> anyhow::Result<SecretString> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(SecretString::from(hex::encode(bytes)))
}
