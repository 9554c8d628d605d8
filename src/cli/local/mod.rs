//! What the agents do without GitHub: in a checkout on this host, with the same models, sandbox, scope and checks.
//!
//! What is kept lies in the repository's own git folder: the mirror that checkouts are made from, and each conversation,
//! so that a command that is started again buys no answer twice. There is no gate here: whoever starts the command has
//! the plan before them.

mod journal;
pub mod report;
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

pub use work::{Executing, Planning, Reading, read_issue, read_plan_file};

use super::wiring;
use crate::agent::{Ground, HouseRules};
use crate::config::policy::{POLICY_PATH, Policy, Profile, Visibility};
use crate::config::{LocalConfig, ModelConfig, PhaseModel};
use crate::ids::{BranchName, CommitSha, RepoId};
use crate::model::Model;
use crate::sandbox::mirror::{FetchFrom, Mirror};
use crate::sandbox::{Limits, LocalRepository, Sandbox};
use crate::worker::{self, ModelChoice};

/// Where the work is done, and by which models.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// The root folder of a git repository; its checked-out branch is worked on as it was committed.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    #[command(flatten)]
    pub means: Means,
}

/// Which configuration counts.
#[derive(Debug, Clone, clap::Args)]
pub struct Means {
    /// A server's configuration; its models, limits and sandbox count. Without it: `assentry.toml` in this folder, or
    /// else Anthropic's models with the key in `ANTHROPIC_API_KEY`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Means {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`crate::config::BadConfig`] when it cannot be used.
    pub fn load(&self) -> anyhow::Result<LocalConfig> {
        let usual = Path::new("assentry.toml");
        let file = self.config.as_deref().or_else(|| usual.is_file().then_some(usual));
        Ok(LocalConfig::load(file)?)
    }
}

/// A repository on this host, ready for agents.
pub struct Bench {
    config: LocalConfig,
    /// Where plans are written, with the system of this host.
    host: Sandbox,
    /// Where they are executed, perhaps in an image.
    sandbox: Sandbox,
    pub(super) repository: LocalRepository,
    mirror: Mirror,
    from: FetchFrom,
    data: PathBuf,
    /// The branch that is checked out.
    pub branch: BranchName,
    /// Its newest commit: what is worked on.
    pub base: CommitSha,
    policy: Policy,
}

impl Bench {
    /// Opens a repository and tries the sandbox.
    ///
    /// # Errors
    /// When there is no repository, its policy has mistakes, or nothing can be run safely here.
    pub async fn open(repo: &Path, config: LocalConfig) -> anyhow::Result<Bench> {
        let repository = LocalRepository::open(repo).await?;
        let (branch, base) = repository.head().await?;
        let data = repository.git_dir().join("assentry");
        std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let sandbox = Sandbox::probe(&wiring::walls(&config.sandbox, &data, &program)?).await?;
        let mirror = Mirror::open(&data, RepoId(1)).await?;
        let from = repository.address()?;
        mirror.fetch(&from, std::slice::from_ref(&branch)).await?;
        let bounds = config.bounds();
        let bounds = if sandbox.has_only_landlock() { bounds.without_namespaces() } else { bounds };
        let policy = match mirror.read(&from, &base, &POLICY_PATH.parse()?).await? {
            Some(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                Policy::parse(&text, &bounds, Visibility::Private)
                    .map_err(|mistakes| crate::config::BadConfig { file: repo.join(POLICY_PATH), mistakes })?
            }
            None => Policy::of_the_server(&bounds, Visibility::Private),
        };
        let host = sandbox.clone();
        let sandbox = sandbox.with_image(policy.execute.image.as_ref()).await.with_context(|| {
            let (policy, images) = (repo.join(POLICY_PATH), config.sandbox.images.clone().unwrap_or_default());
            format!(
                "execute.image of {} cannot be used: mend it in {}, or let the policy name another",
                policy.display(),
                images.display()
            )
        })?;
        Ok(Bench { config, host, sandbox, repository, mirror, from, data, branch, base, policy })
    }

    fn profile(&self) -> &Profile {
        self.policy.profile_or_first(None)
    }

    fn house(&self) -> HouseRules {
        worker::house(&self.policy, self.profile())
    }

    fn ground(&self) -> Ground {
        worker::ground(&self.policy)
    }

    /// The model that plans, by the policy's choice or else the configuration's.
    fn planner(&self) -> anyhow::Result<(Model, ModelChoice)> {
        self.model_of(self.profile().plan_model.as_deref(), &self.config.models.plan)
    }

    /// The model that executes, by the policy's choice or else the configuration's.
    fn executor(&self) -> anyhow::Result<(Model, ModelChoice)> {
        self.model_of(self.profile().execute_model.as_deref(), &self.config.models.execute)
    }

    fn model_of(&self, chosen: Option<&str>, usual: &PhaseModel) -> anyhow::Result<(Model, ModelChoice)> {
        match self.chosen(chosen) {
            Some(model) => wiring::model(model),
            None => wiring::phase(usual, &self.config.models.allowed),
        }
    }

    fn chosen(&self, name: Option<&str>) -> Option<&ModelConfig> {
        let allowed = &self.config.models.allowed;
        allowed.iter().find(|(known, _)| Some(known.as_str()) == name).map(|(_, model)| model)
    }

    fn limits(&self) -> Limits {
        let sandbox = &self.config.sandbox;
        Limits {
            wall: Duration::from_secs(60 * sandbox.command_minutes),
            memory_bytes: sandbox.memory_mib << 20,
            processes: sandbox.processes,
            disk_bytes: sandbox.disk_mib << 20,
            output_bytes: usize::try_from(sandbox.output_kib << 10).unwrap_or(usize::MAX),
            ..Limits::default()
        }
    }
}
