//! What the operator chose, as far as the work needs it.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::RepoPattern;
use crate::ids::RepoName;
use crate::model::Price;
use crate::workflow::approval::{EXPIRES, Rules, Separation};
use crate::workflow::plan::Budget;

/// What the operator chose, as far as the work needs it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The host that plans are for, such as `github.com`; part of every digest.
    pub host: String,
    /// The host's address without a slash at its end, such as `https://github.com`; for links.
    pub web: String,
    /// The label that asks for a plan.
    pub label: String,
    /// Repositories that are served; empty for all that installed the App.
    pub repositories: Vec<RepoPattern>,
    /// Where mirrors and checkouts are.
    pub data_dir: PathBuf,
    /// How long after the last note a revision begins.
    pub burst: Duration,
    /// How many revisions in a row are made of remarks, before a person must ask for the next.
    pub rounds: u32,
    /// How long after an unknown answer a gate asks again.
    pub ask_again: Duration,
    /// How long after an unclear write GitHub is looked at, each time before it is repeated after the last (reads lag).
    pub look_ups: Vec<Duration>,
    /// How many different people must approve.
    pub required_approvals: u32,
    /// Whether someone who asked for a version may approve it.
    pub separation: Separation,
    /// Whether `/approve` must name the digest; `None` for only in public repositories.
    pub require_digest: Option<bool>,
    /// What writing one version may use up.
    pub planning: Budget,
    /// What an approval grants to the execution.
    pub execution: Budget,
    /// The longest a single command of an agent may take.
    pub command: Duration,
    /// How many bytes of memory one command may use.
    pub memory_bytes: u64,
    /// How many processes one command may start.
    pub processes: u64,
    /// How many bytes a checkout may have.
    pub disk_bytes: u64,
    /// How many bytes of a command's output are kept.
    pub output_bytes: usize,
    /// Provider, model id and price of the model that plans.
    pub plan_model: ModelChoice,
    /// Provider, model id and price of the model that executes.
    pub execute_model: ModelChoice,
}

/// A model as people and the digest name it, and what it costs.
#[derive(Debug, Clone)]
pub struct ModelChoice {
    /// Provider and model id, such as `anthropic/claude-opus-4-6`.
    pub name: String,
    /// What it costs, if that is known.
    pub price: Option<Price>,
}

impl Settings {
    /// Whether a repository is served.
    #[must_use]
    pub fn serves(&self, repo: &RepoName) -> bool {
        self.repositories.is_empty() || self.repositories.iter().any(|pattern| pattern.matches(repo))
    }

    /// The approval rules, where the repository has none of its own. Public repositories ask for the digest unless the
    /// operator chose otherwise.
    #[must_use]
    pub fn rules(&self, private: bool) -> Rules {
        Rules {
            required: self.required_approvals,
            separation: self.separation,
            require_digest: self.require_digest.unwrap_or(!private),
            approvers: None,
            denied: vec![],
            expires: EXPIRES,
        }
    }
}
