//! What a repository decides for itself: `.github/assentry.toml` on its default branch.
//!
//! Everything has a default, which is the operator's word. A repository may ask for more than the operator and never for
//! less: a policy that asks for less is refused as a whole, like one with an unknown key, and nothing goes on until it is
//! mended. So whoever reads the file may believe it.
//!
//! Reading a policy is a function of its text, the operator's [`Bounds`] and whether the repository is public.

mod approval;
mod globs;
mod people;
mod profile;
mod rules;
mod work;

#[cfg(test)]
mod tests;

use super::strict::{Document, Mistake};
use super::{Config, ModelConfig, ModelsConfig, PhaseLimits, SandboxSettings, WallsKind};
use crate::ids::UserId;
use crate::workflow::approval::{Approvers, Listed, Separation};
use crate::workflow::deviation::Responses;
use crate::workflow::plan::Budget;
use crate::workflow::run::ReviewBounds;

pub use approval::{Approval, Tier};
pub(super) use people::account;
pub use profile::Profile;
pub(super) use profile::label;
pub use work::{ExecutePolicy, Outsiders, PlanPolicy, Template};

/// Where the policy stands in a repository.
pub const POLICY_PATH: &str = ".github/assentry.toml";

/// The longest policy, in bytes.
const LONGEST: usize = 64 * 1024;

/// Profiles at most.
const MOST_PROFILES: usize = 20;

/// What a repository decides for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The kinds of runs, at least one; the first whose label was put counts.
    pub profiles: Vec<Profile>,
    /// Who may ask for runs; `None` for everyone with write access.
    pub trigger: Option<Approvers>,
    /// Bots that may ask for runs (R6).
    pub bots: Vec<Listed>,
    /// How plans are written.
    pub plan: PlanPolicy,
    /// How they are executed.
    pub execute: ExecutePolicy,
    /// What follows where the work leaves the plan.
    pub deviations: Responses,
    /// What is done about what people say of the work.
    pub review: ReviewBounds,
}

/// Whether everybody can read a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Only those who were let in.
    Private,
}

/// The operator's word: the defaults of every policy, and what none may loosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The label that starts a run where a policy names none.
    pub label: String,
    /// How many different people must approve.
    pub required: u32,
    /// Whether someone who asked for a version may approve it.
    pub separation: Separation,
    /// Whether `/approve` must name the digest; `None` for only in public repositories.
    pub require_digest: Option<bool>,
    /// People whose word never counts.
    pub denied: Vec<UserId>,
    /// What an approval grants to an execution.
    pub budget: Budget,
    /// The names of the models that a policy may choose among.
    pub models: Vec<String>,
    /// The hosts that set-up commands may be let fetch from.
    pub hosts: Vec<String>,
    /// Whether a policy may name a root file system image.
    pub images: Images,
    /// The agent of others that executes where a policy names no model, by name.
    pub agent: Option<String>,
    /// The models among which a policy may choose and that an agent of others works with: each with the agent's name.
    pub agents: Vec<(String, String)>,
}

/// Whether a policy may name a root file system image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// It may.
    Kept,
    /// The operator keeps none.
    None,
    /// The operator keeps some, and the walls of the host cannot put another system in the place of its own.
    Walls,
}

/// The word of an operator who says nothing else.
impl Default for Bounds {
    fn default() -> Bounds {
        let PhaseLimits { turns, tokens, micro_dollars, minutes } = super::limits::EXECUTE;
        Bounds {
            label: "assentry".to_owned(),
            required: 1,
            separation: Separation::Auto,
            require_digest: None,
            denied: vec![],
            budget: Budget { turns, tokens, micro_dollars, minutes },
            models: vec![],
            hosts: vec![],
            images: Images::None,
            agent: None,
            agents: vec![],
        }
    }
}

impl Bounds {
    /// The word of an operator's configuration.
    #[must_use]
    pub fn of(config: &Config) -> Bounds {
        let PhaseLimits { turns, tokens, micro_dollars, minutes } = config.limits.execute;
        Bounds {
            label: config.trigger_label.clone(),
            required: config.approval.required,
            separation: config.approval.separation,
            require_digest: config.approval.require_digest,
            denied: config.approval.denied.clone(),
            budget: Budget { turns, tokens, micro_dollars, minutes },
            ..Bounds::default().with(&config.models, &config.sandbox)
        }
    }

    /// The same with what a policy may choose by an operator's models and sandbox.
    pub(super) fn with(self, models: &ModelsConfig, sandbox: &SandboxSettings) -> Bounds {
        let agent_of = |model: &ModelConfig| model.agent.as_ref().map(|agent| agent.name.clone());
        let agents = models.allowed.iter().filter_map(|(name, model)| Some((name.clone(), agent_of(model)?)));
        let images = match (&sandbox.images, sandbox.walls) {
            (None, _) => Images::None,
            (Some(_), WallsKind::Landlock) => Images::Walls,
            (Some(_), WallsKind::Auto | WallsKind::Bubblewrap | WallsKind::Helper) => Images::Kept,
        };
        Bounds {
            models: models.allowed.iter().map(|(name, _)| name.clone()).collect(),
            hosts: sandbox.hosts.clone(),
            images,
            agent: agent_of(&models.execute.model),
            agents: agents.collect(),
            ..self
        }
    }

    /// The same where the walls that were found to hold cannot put another system in the place of the host's.
    #[must_use]
    pub fn without_namespaces(self) -> Bounds {
        let images = if self.images == Images::Kept { Images::Walls } else { self.images };
        Bounds { images, ..self }
    }

    /// The agent of others that executes what a profile asks for.
    fn agent_of(&self, profile: &Profile) -> Option<&str> {
        let Some(model) = &profile.execute_model else { return self.agent.as_deref() };
        self.agents.iter().find(|(name, _)| name == model).map(|(_, agent)| agent.as_str())
    }

    fn requires_digest(&self, visibility: Visibility) -> bool {
        self.require_digest.unwrap_or(visibility == Visibility::Public)
    }
}

impl Policy {
    /// Reads the text of a policy.
    ///
    /// # Errors
    /// All mistakes, when there are any.
    pub fn parse(text: &str, bounds: &Bounds, visibility: Visibility) -> Result<Policy, Vec<Mistake>> {
        if text.len() > LONGEST {
            let what = format!("is longer than {LONGEST} bytes: shorten it");
            return Err(vec![Mistake { key: String::new(), line: None, what }]);
        }
        let document = Document::parse(text);
        let root = document.root();
        let common = approval::read(root.table("approval"), bounds, visibility);
        let plan = work::read_plan(root.table("plan"));
        let execute = work::read_execute(root.table("execute"), bounds);
        let deviations = work::read_deviations(root.table("deviations"));
        let review = work::read_review(root.table("review"));
        let templates: Vec<&str> = plan.templates.iter().map(|template| template.name.as_str()).collect();
        let tables = root.tables("profile");
        if tables.len() > MOST_PROFILES {
            root.wrong("profile", format!("there are {} profiles, and may be {MOST_PROFILES}", tables.len()));
        }
        let mut profiles: Vec<Profile> = vec![];
        let around = profile::Around { common: &common, templates: &templates, bounds, visibility };
        for table in tables {
            let profile = profile::read(table, &profiles, &around);
            profiles.extend(profile);
        }
        if profiles.is_empty() {
            profiles.push(Profile::usual(&common, bounds, visibility));
        }
        if execute.image.is_some()
            && let Some((profile, agent)) = profiles.iter().find_map(|one| Some((one, bounds.agent_of(one)?)))
        {
            let what = format!(
                "cannot be used with {agent}, which executes for the label {:?} and is a program of the host: leave image out, \
                 or let the profile name another model (model.execute)",
                profile.label
            );
            root.table("execute").wrong("image", what);
        }
        let trigger = root.table("trigger");
        let bots = trigger.numbers("bots", account).unwrap_or_default();
        let trigger = people::read(trigger);
        root.finish();

        let mistakes = document.into_mistakes();
        let policy = Policy { profiles, trigger, bots, plan, execute, deviations, review };
        if mistakes.is_empty() { Ok(policy) } else { Err(mistakes) }
    }

    /// The policy of a repository that has none: the operator's word alone.
    #[must_use]
    pub fn of_the_server(bounds: &Bounds, visibility: Visibility) -> Policy {
        let empty = Document::parse("");
        let common = approval::read(empty.root(), bounds, visibility);
        Policy {
            profiles: vec![Profile::usual(&common, bounds, visibility)],
            trigger: None,
            bots: vec![],
            plan: work::read_plan(empty.root()),
            execute: ExecutePolicy::default(),
            deviations: Responses::default(),
            review: ReviewBounds::default(),
        }
    }

    /// The labels that a broken policy seems to speak of: enough to know whom to tell that it is broken, and for nothing
    /// else.
    #[must_use]
    pub fn labels_of_broken(text: &str, bounds: &Bounds) -> Vec<String> {
        let document = Document::parse(text.get(..LONGEST).unwrap_or(text));
        let tables = document.root().tables("profile");
        let labels = tables.iter().filter_map(|table| table.parsed("label", label));
        labels.chain([bounds.label.clone()]).collect()
    }

    /// The first profile that one of the labels asks for.
    #[must_use]
    pub fn profile_of(&self, labels: &[&str]) -> Option<&Profile> {
        self.profiles.iter().find(|profile| labels.iter().any(|label| profile.answers_to(label)))
    }

    /// The profile of a run that was begun with this label. A run that no label began, or whose label is gone from the
    /// policy since, has the first one.
    #[must_use]
    pub fn profile_or_first(&self, label: Option<&str>) -> &Profile {
        let named = label.and_then(|label| self.profile_of(&[label]));
        // There is always a first one; see `parse`.
        named.unwrap_or(&self.profiles[0])
    }

    /// Whether a bot may ask for runs (R6).
    #[must_use]
    pub fn lets_bot_ask(&self, id: UserId) -> bool {
        self.bots.iter().any(|bot| bot.id == id)
    }

    /// The template that a profile chose.
    #[must_use]
    pub fn template(&self, profile: &Profile) -> Option<&Template> {
        let name = profile.template.as_deref()?;
        self.plan.templates.iter().find(|template| template.name == name)
    }
}

impl Profile {
    /// Whether a label asks for this profile. GitHub folds the case of labels.
    #[must_use]
    pub fn answers_to(&self, label: &str) -> bool {
        self.label.to_lowercase() == label.to_lowercase()
    }
}
