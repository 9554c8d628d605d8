//! Puts the parts together: from a configuration to a [`Core`] that works.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::agent::guest::Guest;
use crate::config::policy::Bounds;
use crate::config::{
    AgentConfig, Config, EffortLevel, HookConfig, ModelConfig, PhaseLimits, PhaseModel, ProviderKind, SandboxSettings,
    WallsKind,
};
use crate::counts::Counts;
use crate::github::{App, GithubConfig};
use crate::hooks::{Hook, Hooks};
use crate::ids::Timestamp;
use crate::model::{Effort, Model, Price, Profile, Provider, Timeouts, shipped_price};
use crate::sandbox::{Sandbox, SandboxConfig, Walls, WallsChoice};
use crate::store::{Store, Worker};
use crate::web::dashboard::{self, Dashboard};
use crate::worker::{Core, ModelChoice, Settings};
use crate::workflow::limit::RunLimits;
use crate::workflow::plan::Budget;

/// Builds what works from a configuration: the database is opened, the walls are tried, nothing is asked of GitHub.
/// `program` is this program's own file, which is also the sandbox's helper.
///
/// # Errors
/// When a part cannot be had; the text says which, and how to mend it.
pub async fn wire(config: &Config, program: &Path, stop: CancellationToken) -> anyhow::Result<Core> {
    let sandbox = Sandbox::probe(&walls(&config.sandbox, data_folder(config)?, program)?).await?;
    if let (Walls::Landlock, Some(agent)) = (sandbox.walls(), config.models.agents().next()) {
        anyhow::bail!(
            "[agents.{}] needs walls that give it a network of its own, and here are only those of landlock: let the server \
             make namespaces (`assentry doctor` says how), or leave out agent",
            agent.name
        );
    }
    assemble(config, sandbox, stop).await
}

/// Builds the same for a process that runs nothing of a stranger's: no walls are tried, and every command is refused.
///
/// # Errors
/// As for [`wire`].
pub async fn wire_without_sandbox(config: &Config, program: &Path, stop: CancellationToken) -> anyhow::Result<Core> {
    let sandbox = Sandbox::none(&walls(&config.sandbox, data_folder(config)?, program)?);
    assemble(config, sandbox, stop).await
}

/// The folder of mirrors and checkouts, made when missing.
fn data_folder(config: &Config) -> anyhow::Result<&Path> {
    let folder = &config.server.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    Ok(folder)
}

async fn assemble(config: &Config, sandbox: Sandbox, stop: CancellationToken) -> anyhow::Result<Core> {
    let data_dir = &config.server.data_dir;
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let app = App::new(&GithubConfig {
        api_url: config.github.api_url.clone(),
        web_url: config.github.web_url.clone(),
        app_id: config.github.app_id,
        key_pem: config.github.private_key.clone(),
    })?;
    let (mut others, mut models) = (vec![], vec![]);
    for (name, allowed) in &config.models.allowed {
        let (other, choice) = model(allowed).with_context(|| format!("[models.allowed.{name}]"))?;
        others.push(Arc::new(other));
        models.push((name.clone(), choice));
    }
    let (planner, plan_model) = phase(&config.models.plan, &config.models.allowed).context("[models.plan]")?;
    let (reviser, revise_model) = phase(&config.models.revise, &config.models.allowed).context("[models.revise]")?;
    let (executor, execute_model) =
        phase(&config.models.execute, &config.models.allowed).context("[models.execute]")?;
    let second = config.models.review.as_ref().map(|wanted| phase(wanted, &config.models.allowed));
    let (reviewer, review_model) = second.transpose().context("[models.review]")?.unzip();
    let web = config.github.web_url.as_str().trim_end_matches('/').to_owned();
    let SandboxSettings { memory_mib, processes, disk_mib, output_kib, command_minutes, .. } = config.sandbox;
    let settings = Settings {
        host: config.github.web_url.host_str().unwrap_or("github.com").to_owned(),
        web,
        label: config.trigger_label.clone(),
        prefix: config.command_prefix.clone(),
        repositories: config.github.repositories.clone(),
        data_dir: data_dir.clone(),
        burst: config.timing.burst,
        rounds: config.plan.rounds,
        runs: RunLimits { in_repository: config.limits.runs_per_day, by_person: config.limits.runs_per_person_per_day },
        ask_again: config.timing.ask_again,
        look_ups: config.timing.look_ups.clone(),
        remind_after: config.timing.remind_after,
        close_after: config.timing.close_after,
        rest_for: config.timing.rest_for,
        raise: config.limits.raise,
        day: config.limits.day,
        planning: budget(config.limits.plan),
        execution: budget(config.limits.execute),
        command: std::time::Duration::from_secs(60 * command_minutes),
        memory_bytes: memory_mib << 20,
        processes,
        disk_bytes: disk_mib << 20,
        output_bytes: usize::try_from(output_kib << 10).unwrap_or(usize::MAX),
        plan_model,
        revise_model,
        execute_model,
        review_model,
        reviewing: budget(config.limits.review),
        models,
        retention: config.retention,
        bounds: bounds(config, &sandbox),
        show: config.show.clone(),
        hooks: hooks(config)?,
    };
    let worker = Worker::new(&unique_name());
    let (app, planner, reviser, executor) = (Arc::new(app), Arc::new(planner), Arc::new(reviser), Arc::new(executor));
    let (reviewer, settings, counts) = (reviewer.map(Arc::new), Arc::new(settings), Counts::default());
    Ok(Core {
        store,
        app,
        sandbox,
        planner,
        reviser,
        executor,
        reviewer,
        others,
        settings,
        counts,
        worker,
        in_a_row: Arc::default(),
        stop,
    })
}

/// What policies are held against here: what they may choose turns on the walls that hold.
fn bounds(config: &Config, sandbox: &Sandbox) -> Bounds {
    let bounds = Bounds::of(config);
    // Who runs nothing has tried no walls.
    if sandbox.has_only_landlock() { bounds.without_namespaces() } else { bounds }
}

fn hooks(config: &Config) -> anyhow::Result<Hooks> {
    let hook = |HookConfig { name, url, secret, phases }: HookConfig| Hook { name, url, secret, phases };
    Hooks::new(config.hooks.iter().cloned().map(hook).collect()).context("[hooks]")
}

/// The dashboard, where the configuration asks for one.
///
/// # Errors
/// When GitHub's address can never be reached from here.
pub fn dashboard(
    config: &Config,
    core: &Core,
    clock: impl Fn() -> Timestamp + Send + Sync + 'static,
) -> anyhow::Result<Option<Dashboard>> {
    let parts = dashboard::Parts {
        store: core.store.clone(),
        app: Arc::clone(&core.app),
        clock: Arc::new(clock),
        random,
        stop: core.stop.clone(),
    };
    Dashboard::of(config, parts).map_err(|error| anyhow::anyhow!("[web]: cannot talk to GitHub: {error}"))
}

fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

pub(super) fn walls(wanted: &SandboxSettings, data_dir: &Path, program: &Path) -> anyhow::Result<SandboxConfig> {
    let mut walls = SandboxConfig::new(data_dir)?;
    walls.helper = program.to_owned();
    if let Some(home) = &wanted.rust_home {
        walls = walls.with_rust_of(home);
    }
    walls.walls = match wanted.walls {
        WallsKind::Auto => WallsChoice::Auto,
        WallsKind::Bubblewrap => WallsChoice::Bubblewrap,
        WallsKind::Helper => WallsChoice::Helper,
        WallsKind::Landlock => WallsChoice::Landlock,
    };
    walls.read_only.extend(wanted.read_only.iter().cloned());
    walls.path.extend(wanted.path.iter().cloned());
    walls.environment.extend(wanted.environment.iter().cloned());
    walls.mirrors.clone_from(&wanted.mirrors);
    walls.images.clone_from(&wanted.images);
    Ok(walls)
}

/// The model of a phase, and the one among the allowed that it falls back on.
pub(super) fn phase(phase: &PhaseModel, allowed: &[(String, ModelConfig)]) -> anyhow::Result<(Model, ModelChoice)> {
    let (first, mut choice) = model(&phase.model)?;
    if let Some((_, other)) = allowed.iter().find(|(name, _)| Some(name) == phase.fallback.as_ref()) {
        let (other, fallback) = model(other)?;
        choice.name = format!("{}, else {}", choice.name, fallback.name);
        choice.fallback = Some(Arc::new(other));
    }
    Ok((first, choice))
}

pub(super) fn model(config: &ModelConfig) -> anyhow::Result<(Model, ModelChoice)> {
    let provider = match config.provider {
        ProviderKind::Anthropic => Provider::Anthropic,
        ProviderKind::OpenAi => Provider::OpenAi,
    };
    let own = config.price.map(|price| Price {
        input: price.input,
        cached: price.cached,
        cache_write: price.cache_write,
        output: price.output,
        long: None,
    });
    let price = own.or_else(|| shipped_price(provider, &config.model));
    let model = Model::new(Profile {
        provider,
        model: config.model.clone(),
        base_url: config.base_url.clone(),
        api_key: config.api_key.clone(),
        effort: config.effort.map(effort),
        max_output_tokens: config.max_output_tokens,
        timeouts: Timeouts::default(),
        price,
    })?;
    let guest = config.agent.as_ref().map(|agent| Arc::new(guest(agent)));
    let name = match &guest {
        Some(guest) => format!("{} with {}", model.profile().name(), guest.name),
        None => model.profile().name(),
    };
    let choice = ModelChoice { name, price, fallback: None, guest };
    Ok((model, choice))
}

pub(super) fn guest(agent: &AgentConfig) -> Guest {
    let AgentConfig { name, command, environment, read_only, mode, sign_in } = agent.clone();
    Guest { name, command, environment, read_only, mode, sign_in }
}

fn effort(level: EffortLevel) -> Effort {
    match level {
        EffortLevel::Minimal => Effort::Minimal,
        EffortLevel::Low => Effort::Low,
        EffortLevel::Medium => Effort::Medium,
        EffortLevel::High => Effort::High,
        EffortLevel::XHigh => Effort::XHigh,
        EffortLevel::Max => Effort::Max,
    }
}

pub(super) fn budget(limits: PhaseLimits) -> Budget {
    let PhaseLimits { turns, tokens, micro_dollars, minutes } = limits;
    Budget { turns, tokens, micro_dollars, minutes }
}

/// A name that no other start of a process has: process number and time, in nanoseconds.
fn unique_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let host =
        nix::unistd::gethostname().map_or_else(|_| "host".to_owned(), |name| name.to_string_lossy().into_owned());
    format!("{host}-{}-{}", std::process::id(), now.as_nanos())
}
