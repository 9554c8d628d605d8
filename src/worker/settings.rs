//! What the operator chose, as far as the work needs it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Core;
use crate::agent::guest::Guest;
use crate::config::policy::Bounds;
use crate::config::{RepoPattern, RetentionConfig, ShowConfig};
use crate::hooks::Hooks;
use crate::ids::RepoName;
use crate::model::{Model, Price};
use crate::workflow::command::Prefix;
use crate::workflow::limit::RunLimits;
use crate::workflow::plan::{Budget, Plan};
use crate::workflow::run::Ask;
use crate::workflow::spending::DayLimits;

/// What the operator chose, as far as the work needs it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The host that plans are for, such as `github.com`; part of every digest.
    pub host: String,
    /// The host's address without a slash at its end, such as `https://github.com`; for links.
    pub web: String,
    /// The label that asks for a plan.
    pub label: String,
    /// What stands before a command's name.
    pub prefix: Prefix,
    /// Repositories that are served; empty for all that installed the App.
    pub repositories: Vec<RepoPattern>,
    /// Where mirrors and checkouts are.
    pub data_dir: PathBuf,
    /// How long after the last note a revision begins.
    pub burst: Duration,
    /// How many revisions in a row are made of remarks, before a person must ask for the next.
    pub rounds: u32,
    /// How many runs may be begun within a day.
    pub runs: RunLimits,
    /// How long after an unknown answer a gate asks again.
    pub ask_again: Duration,
    /// How long after an unclear write GitHub is looked at, each time before it is repeated after the last (reads lag).
    pub look_ups: Vec<Duration>,
    /// How long a version waits for approval before people are reminded, once.
    pub remind_after: Duration,
    /// How long a version waits for approval before it is closed.
    pub close_after: Duration,
    /// How long stopped work rests before the run ends.
    pub rest_for: Duration,
    /// How much people may grant to one execution beyond its budget, in millionths of a dollar.
    pub raise: u64,
    /// What may be used up within a day, by whomever.
    pub day: DayLimits,
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
    /// The same of the model that revises.
    pub revise_model: ModelChoice,
    /// Provider, model id and price of the model that executes.
    pub execute_model: ModelChoice,
    /// The same of the model that reads work a second time, where there is one.
    pub review_model: Option<ModelChoice>,
    /// What one such reading may use up.
    pub reviewing: Budget,
    /// The same of the models that policies may choose, by the names they have there.
    pub models: Vec<(String, ModelChoice)>,
    /// How long is kept what only serves to look into a run.
    pub retention: RetentionConfig,
    /// What no policy of a repository may loosen.
    pub bounds: Bounds,
    /// What is shown on GitHub beside the status comment.
    pub show: ShowConfig,
    /// Whom the server tells of each phase of a run.
    pub hooks: Hooks,
}

/// A model as people and the digest name it, and what it costs.
#[derive(Debug, Clone)]
pub struct ModelChoice {
    /// Provider and model id, such as `anthropic/claude-opus-4-6`, which agent works with it, and which model goes on where
    /// it is not to be had.
    pub name: String,
    /// What it costs, if that is known.
    pub price: Option<Price>,
    /// Who goes on once it is not to be had: part of the name, and so of what is approved (F52).
    pub fallback: Option<Arc<Model>>,
    /// The agent that works with it, if not the house's own: part of the name as well.
    pub guest: Option<Arc<Guest>>,
}

impl Settings {
    /// Whether a repository is served.
    #[must_use]
    pub fn serves(&self, repo: &RepoName) -> bool {
        self.repositories.is_empty() || self.repositories.iter().any(|pattern| pattern.matches(repo))
    }
}

impl ModelChoice {
    /// What a plan's own estimate costs at the model's dearest rate, in millionths of a dollar; `None` where the price is
    /// not known.
    #[must_use]
    pub fn at_most(&self, plan: &Plan) -> Option<u64> {
        let mut dearest = dearest(self.price.as_ref()?);
        if let Some(fallback) = &self.fallback {
            dearest = dearest.max(self::dearest(fallback.profile().price.as_ref()?));
        }
        let cost = u128::from(plan.estimate.tokens) * u128::from(dearest);
        Some(u64::try_from(cost.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// The dearest of a model's rates.
fn dearest(price: &Price) -> u64 {
    let long = price.long.map_or([0; 3], |long| [long.input, long.cache_write, long.output]);
    [price.input, price.cache_write, price.output].into_iter().chain(long).max().unwrap_or(0)
}

impl Core {
    /// The model that plans or revises: the one that a policy chose by name, else the usual one.
    pub(super) fn planner_for(&self, name: Option<&str>, ask: &Ask) -> (&Arc<Model>, &ModelChoice) {
        let usual = match ask {
            Ask::Revise { .. } => (&self.reviser, &self.settings.revise_model),
            Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => {
                (&self.planner, &self.settings.plan_model)
            }
        };
        name.and_then(|name| self.chosen(name)).unwrap_or(usual)
    }

    /// The model that executes, likewise.
    pub(super) fn executor_for(&self, name: Option<&str>) -> (&Arc<Model>, &ModelChoice) {
        name.and_then(|name| self.chosen(name)).unwrap_or((&self.executor, &self.settings.execute_model))
    }

    fn chosen(&self, name: &str) -> Option<(&Arc<Model>, &ModelChoice)> {
        let at = self.settings.models.iter().position(|(own, _)| own == name)?;
        Some((self.others.get(at)?, &self.settings.models.get(at)?.1))
    }

    /// The model that a version was approved for, by provider and model id (F52).
    pub(super) fn executor_named(&self, id: &str) -> Option<(&Arc<Model>, &ModelChoice)> {
        let usual = [(&self.executor, &self.settings.execute_model)];
        let others = self.others.iter().zip(self.settings.models.iter().map(|(_, choice)| choice));
        usual.into_iter().chain(others).find(|(_, choice)| choice.name == id)
    }
}
