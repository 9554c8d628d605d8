//! `assentry serve`: the server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::init::{Place, in_browser};
use super::wiring::{dashboard, wire, wire_without_sandbox};
use super::{recovery, telemetry};
use crate::config::{BadConfig, Config, Draft, MetricsConfig};
use crate::github::{GithubError, Missing, check_permissions};
use crate::setup::{After, Typed, installed};
use crate::store::{Alone, Others};
use crate::web;
use crate::web::dashboard::Dashboard;
use crate::web::metrics::{Metrics, timed};
use crate::webhook::WebhookSecrets;
use crate::worker::{Core, Role};

/// How many loops take deliveries and talk to GitHub. Effects of one run are done in order all the same.
const TALKERS: usize = 4;
/// How long a loop waits before it looks again without having been told: the bell is a hint, looking is the truth.
const POLL: Duration = Duration::from_secs(1);
/// How long a server may wait for the end of the one before it.
const TURNOVER: Duration = Duration::from_secs(3);
/// How long the work under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(20);

/// Serves webhooks and works, until it is told to stop.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; see deploy/assentry.example.toml.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Which parts this process plays.
    #[arg(long, value_delimiter = ',', default_value = "web,worker,runner", value_name = "ROLE,…")]
    pub roles: Vec<Part>,
}

/// A part of the server that can be placed on machines of its own, with one PostgreSQL database between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Takes webhooks in.
    Web,
    /// Reads deliveries and talks to GitHub.
    Worker,
    /// Runs planner and executor.
    Runner,
}

/// Runs the server until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it cannot start: the text names what is wrong and how to mend it.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(draft) = set_up_needed(args)?
        && !set_up(args, draft).await?
    {
        return Ok(());
    }
    let config = Config::load(&args.config)?;
    let telemetry = telemetry::start(&config)?;
    let served = serve(args, &config).await;
    telemetry.stop().await;
    served
}

async fn serve(args: &Args, config: &Config) -> anyhow::Result<()> {
    let mut end = std::pin::pin!(told_to_stop()?);
    let stop = CancellationToken::new();
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    // Commands of strangers are run by the runner alone, and only there must walls hold.
    let core = match args.roles.contains(&Part::Runner) {
        true => wire(config, &program, stop.clone()).await?,
        false => wire_without_sandbox(config, &program, stop.clone()).await?,
    };
    let _alone = take_over(&core).await?;
    tokio::select! {
        introduced = introduce(&core) => introduced?,
        () = &mut end => return Ok(()),
    }
    let mut tasks = JoinSet::new();
    if args.roles.contains(&Part::Web) {
        let listener = TcpListener::bind(config.server.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.server.listen))?;
        let address = listener.local_addr()?;
        let secrets = WebhookSecrets::new(&config.github.webhook_secrets)?;
        let state = web::AppState { store: core.store.clone(), secrets, clock: super::now, stop: stop.clone() };
        let mut router = timed(web::router(state), &core.counts);
        if let MetricsConfig::Token(token) = &config.web.metrics {
            router = router.merge(metrics(&core).router(Some(token.clone())));
        }
        let mut shown = installed::Dashboard::Off;
        if let Some(dashboard) = dashboard(config, &core, super::now)? {
            shown = installed::Dashboard::On;
            router = router.merge(dashboard.router());
            tasks.spawn(count_ended_runs(dashboard, stop.clone()));
        }
        tracing::info!(%address, "listening on http://{address}");
        let routes = router.merge(installed::router(shown));
        tasks.spawn(web::serve(listener, routes, stop.clone()));
    }
    if let MetricsConfig::Address(address) = config.web.metrics {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address} for web.metrics"))?;
        tasks.spawn(web::serve(listener, metrics(&core).router(None), stop.clone()));
    }
    // Set when it is known that the database is the one that was here last, or was made sure of.
    let sure = CancellationToken::new();
    tasks.spawn(recovery::watch(core.clone(), args.roles.contains(&Part::Worker), sure.clone()));
    if args.roles.contains(&Part::Worker) {
        for _ in 0..TALKERS {
            tasks.spawn(after(sure.clone(), core.clone(), work(core.clone(), Role::Worker)));
        }
        tasks.spawn(after(sure.clone(), core.clone(), sweep(core.clone())));
    }
    if args.roles.contains(&Part::Runner) {
        for _ in 0..config.limits.concurrent_runs {
            tasks.spawn(after(sure.clone(), core.clone(), work(core.clone(), Role::Runner)));
        }
        tasks.spawn(clear_leftovers(core.clone()));
    }
    let broken = tokio::select! {
        () = end => None,
        Some(ended) = tasks.join_next() => Some(ended),
    };
    tracing::info!("stopping: work under way is handed back");
    stop.cancel();
    let ended = tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("stopped with work under way; it is taken up again when its lease ends");
    }
    let rows = core.store.hand_back(&core.worker).await?;
    core.store.close().await;
    tracing::info!(rows, "stopped");
    match broken {
        // Without this part the server would look alive and do nothing; whoever started it starts it again.
        Some(ended) => Err(anyhow::anyhow!("a part of the server ended by itself: {ended:?}")),
        None => Ok(()),
    }
}

fn metrics(core: &Core) -> Metrics {
    Metrics { counts: core.counts.clone(), store: core.store.clone(), app: Arc::clone(&core.app) }
}

/// What there is of a configuration, when it names no App and this process has a page to set one up.
fn set_up_needed(args: &Args) -> Result<Option<Draft>, BadConfig> {
    if args.roles.contains(&Part::Web) { Draft::load(&args.config) } else { Ok(None) }
}

/// Sets up in the browser; false when told to stop before the end.
async fn set_up(args: &Args, draft: Draft) -> anyhow::Result<bool> {
    let listen = draft.server.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let place = Place { config: &args.config, draft, typed: Typed::default(), after: After::ServerStarts };
    Ok(in_browser(listener, place, told_to_stop()?).await?.is_some())
}

/// Takes over from a server that is gone. One that is on its way out may still be there for a moment.
async fn take_over(core: &Core) -> anyhow::Result<Option<Alone>> {
    let mut patience = TURNOVER;
    loop {
        match core.store.take_over().await? {
            Others::Possible => return Ok(None),
            Others::None(alone, rows) => {
                if rows > 0 {
                    tracing::info!(rows, "taking up the work of a server that is gone");
                }
                return Ok(Some(alone));
            }
            Others::AtWork => match patience.checked_sub(POLL) {
                Some(left) => patience = left,
                None => anyhow::bail!(
                    "another server works on this database, and SQLite is for one: stop the other, or set database.url \
                     to a PostgreSQL database for several"
                ),
            },
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Asks GitHub who we are and whether that is enough. GitHub being away is no reason not to start.
async fn introduce(core: &Core) -> anyhow::Result<()> {
    match core.app.identity(super::now()).await {
        Ok(us) => {
            let (missing, spared): (Vec<_>, Vec<_>) = check_permissions(us).into_iter().partition(Missing::is_vital);
            for missing in spared {
                tracing::warn!("going on without, `assentry doctor` says how to mend it: {missing}");
            }
            if !missing.is_empty() {
                let missing: Vec<String> = missing.iter().map(|missing| format!("\n  {missing}")).collect();
                let slug = &us.slug;
                anyhow::bail!(
                    "the App {slug} lacks something; change it on its settings page and accept the change:{}",
                    missing.concat()
                );
            }
            tracing::info!(app.slug = us.slug, "we are {}", us.bot_login);
            Ok(())
        }
        Err(error @ (GithubError::Flaky { .. } | GithubError::Limited { .. } | GithubError::Unknown { .. })) => {
            tracing::warn!(%error, "GitHub does not say who we are; going on without");
            Ok(())
        }
        Err(error) => {
            Err(error).context("GitHub does not know this App: check app_id, private_key_file and api_url in [github]")
        }
    }
}

/// Begins when it is known that the database is the one that was here last.
async fn after(sure: CancellationToken, core: Core, work: impl Future<Output = ()>) {
    tokio::select! {
        () = core.stop.cancelled() => {}
        () = sure.cancelled() => work.await,
    }
}

/// Does one due thing after another; waits where there is none.
async fn work(core: Core, role: Role) {
    let mut news = core.store.news();
    while !core.stop.is_cancelled() {
        news.mark_unchanged();
        let done = match core.store.clock().await {
            Ok(now) => core.turn(role, now).await.map(|done| (done, now)),
            Err(error) => Err(error.into()),
        };
        match done {
            Ok((true, _)) => {}
            Ok((false, now)) => {
                let next = core.store.next_due(now).await.ok().flatten();
                let wait = next.map_or(POLL, |next| next.since(now).min(POLL));
                tokio::select! {
                    () = core.stop.cancelled() => {}
                    _ = news.changed() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "a turn failed; trying again soon");
                tokio::select! {
                    () = core.stop.cancelled() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
    }
}

/// Looks from time to time for what no webhook told.
async fn sweep(core: Core) {
    let mut every = tokio::time::interval(Duration::from_secs(300));
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(error) = core.make_rounds(super::now()).await {
            tracing::warn!(%error, "the sweep did not come to its end");
        }
    }
}

/// Counts runs that have ended, for the dashboard's charts.
async fn count_ended_runs(dashboard: Dashboard, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(error) = dashboard.forget_old_sights().await {
            tracing::warn!(%error, "what people could see before was not forgotten");
        }
        // A hundred at a time, so that whoever has other work for the database gets their turn.
        while !stop.is_cancelled() {
            match dashboard.count_ended_runs(100).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "ended runs were not counted");
                    break;
                }
            }
        }
    }
}

/// Clears away what ended runs left on the disk, at the start and from time to time.
async fn clear_leftovers(core: Core) {
    let mut every = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        match core.clear_leftovers().await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "cleared away what {runs} ended runs left on the disk"),
            Err(error) => tracing::warn!(%error, "the disk was not cleared of what ended runs left"),
        }
    }
}

/// Listens for SIGTERM and Ctrl-C from now on; ends at the first of them.
pub(super) fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A configuration that cannot be used ends the program with another code than a failure of the work.
#[must_use]
pub fn is_bad_config(error: &anyhow::Error) -> bool {
    error.downcast_ref::<BadConfig>().is_some() || error.downcast_ref::<super::config::BadFiles>().is_some()
}
