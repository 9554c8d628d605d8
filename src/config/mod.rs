//! What an operator decides: `assentry.toml` and the secrets it points at.
//!
//! Four values are enough: the App's number, its key file, the webhook secret and the model's key; everything else has
//! a default. Secrets are never written into the file itself: they come from files or from the environment, and cannot
//! be printed. The whole file is read before anything is said, so that all mistakes are told at once, each with its
//! key, its line and the remedy.
//!
//! Reading a configuration is a function of the text and its [`Surroundings`]: nothing else is looked at.

mod agents;
mod approval;
mod commands;
mod draft;
mod github;
mod hooks;
mod limits;
mod local;
mod models;
mod plan;
pub mod policy;
mod retention;
mod sandbox;
pub mod schema;
mod secrets;
mod server;
mod show;
mod strict;
mod telemetry;
mod timing;
mod web;

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use agents::AgentConfig;
pub use approval::ApprovalConfig;
pub use draft::{Additions, Draft, ModelAdditions, SignInAdditions};
pub use github::{GithubConfig, RepoPattern};
pub use hooks::HookConfig;
pub use limits::{LimitsConfig, PhaseLimits};
pub use local::LocalConfig;
pub use models::{EffortLevel, ModelConfig, ModelsConfig, PhaseModel, PriceConfig, ProviderKind};
pub use plan::PlanConfig;
pub use retention::RetentionConfig;
pub use sandbox::{SandboxSettings, WallsKind};
pub use secrets::Surroundings;
pub(crate) use server::http_url;
pub use server::{DatabaseUrl, LogFormat, ServerConfig};
pub use show::ShowConfig;
pub use strict::Mistake;
pub(crate) use strict::{Document, Table};
pub use telemetry::TelemetryConfig;
pub use timing::TimingConfig;
pub use web::{DashboardConfig, MetricsConfig, WebConfig};

use crate::workflow::command::Prefix;

/// A complete and consistent configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens, what it keeps where, what it logs.
    pub server: ServerConfig,
    /// The App.
    pub github: GithubConfig,
    /// Which model does what.
    pub models: ModelsConfig,
    /// What a run may use.
    pub limits: LimitsConfig,
    /// Where strangers' commands run.
    pub sandbox: SandboxSettings,
    /// The label that starts a run.
    pub trigger_label: String,
    /// What stands before a command's name.
    pub command_prefix: Prefix,
    /// Who must approve.
    pub approval: ApprovalConfig,
    /// How plans are revised.
    pub plan: PlanConfig,
    /// How long is kept what only serves to look into a run.
    pub retention: RetentionConfig,
    /// Where traces go.
    pub telemetry: TelemetryConfig,
    /// How long is waited for people and for GitHub.
    pub timing: TimingConfig,
    /// What is shown to people and collectors.
    pub web: WebConfig,
    /// What is shown on GitHub beside the status comment.
    pub show: ShowConfig,
    /// Whom the server tells of each phase of a run.
    pub hooks: Vec<HookConfig>,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    /// The file.
    pub file: PathBuf,
    /// The mistakes, in the order of their lines.
    pub mistakes: Vec<Mistake>,
}

impl std::error::Error for BadConfig {}

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.mistakes.len();
        let things = if count == 1 { "thing is" } else { "things are" };
        write!(f, "{count} {things} wrong with {}:", self.file.display())?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl Config {
    /// Reads a file and what it points at; paths in it are relative to its folder.
    ///
    /// # Errors
    /// When it cannot be used; all mistakes are told.
    pub fn load(file: &Path) -> Result<Config, BadConfig> {
        let bad = |mistakes| BadConfig { file: file.to_owned(), mistakes };
        let text = std::fs::read_to_string(file).map_err(|error| {
            let what = if error.kind() == ErrorKind::NotFound {
                "is not there: `assentry init` or `assentry serve` makes it, `--config FILE` names another, and \
                 deploy/assentry.example.toml shows every key"
                    .to_owned()
            } else {
                format!("cannot be read ({error})")
            };
            bad(vec![Mistake { key: String::new(), line: None, what }])
        })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Config::parse(&text, &Surroundings::of_this_process(folder)).map_err(bad)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// All mistakes, when there are any.
    pub fn parse(text: &str, around: &Surroundings<'_>) -> Result<Config, Vec<Mistake>> {
        let document = Document::parse(text);
        let root = document.root();
        let server = server::read(&root, around);
        let github = github::read(root.table("github"), around);
        let models = models::read(&root, around);
        let limits = limits::read(root.table("limits"));
        let sandbox = sandbox::read(root.table("sandbox"), around);
        let trigger_label = trigger(root.table("trigger"));
        let command_prefix = commands::prefix(root.table("commands"));
        let approval = approval::read(root.table("approval"));
        let plan = plan::read(root.table("plan"));
        let retention = retention::read(root.table("retention"));
        let telemetry = telemetry::read(root.table("telemetry"));
        let timing = timing::read(root.table("timing"));
        let web = web::read(root.table("web"), &server, around);
        let show = show::read(root.table("show"));
        let hooks = hooks::read(&root, around);
        root.finish();

        let mistakes = document.into_mistakes();
        match (github, models) {
            (Some(github), Some(models)) if mistakes.is_empty() => Ok(Config {
                server,
                github,
                models,
                limits,
                sandbox,
                trigger_label,
                command_prefix,
                approval,
                plan,
                retention,
                telemetry,
                timing,
                web,
                show,
                hooks,
            }),
            _ => Err(mistakes),
        }
    }
}

fn trigger(table: Table<'_>) -> String {
    let label = table.parsed("label", policy::label);
    table.finish();
    label.unwrap_or_else(|| "assentry".to_owned())
}

#[cfg(test)]
mod tests;
