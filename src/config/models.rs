//! Which model plans, which one revises and which one executes.
//!
//! `[model]` holds what all have in common, `[models.plan]`, `[models.revise]` and `[models.execute]` what differs; whoever
//! plans also revises, where the second of them is absent. `[models.review]` reads what was built once more, where it is there. Whoever names another provider or address there must name its
//! key too: a key is never sent to where it was not meant for. `[models.allowed.NAME]` are further ones, in the same form,
//! that a repository's policy may choose by that name, and that a phase may fall back on. `agent` in any of them names one of
//! `[agents.NAME]`, which then works with that model in the place of the house's own agent.

use secrecy::SecretString;
use url::Url;

use super::agents::{self, AgentConfig};
use super::limits::micro_dollars;
use super::secrets::{Source, Surroundings};
use super::server::http_url;
use super::strict::Table;

/// The models of the phases.
#[derive(Debug, Clone)]
pub struct ModelsConfig {
    /// Writes plans.
    pub plan: PhaseModel,
    /// Revises them.
    pub revise: PhaseModel,
    /// Executes them.
    pub execute: PhaseModel,
    /// Reads what was built a second time; nobody does where it is absent.
    pub review: Option<PhaseModel>,
    /// What a repository's policy may choose instead, by name.
    pub allowed: Vec<(String, ModelConfig)>,
}

impl ModelsConfig {
    /// The agents that are not the house's own and work with one of the models; one that works with several comes several
    /// times.
    pub fn agents(&self) -> impl Iterator<Item = &AgentConfig> {
        let phases = [&self.plan, &self.revise, &self.execute].map(|phase| &phase.model);
        let models = phases.into_iter().chain(self.allowed.iter().map(|(_, allowed)| allowed));
        models.filter_map(|model| model.agent.as_ref())
    }
}

/// The model of a phase.
#[derive(Debug, Clone)]
pub struct PhaseModel {
    /// The model.
    pub model: ModelConfig,
    /// Which of the allowed ones goes on, by name, once this one is not to be had.
    pub fallback: Option<String>,
}

/// A model and how to reach it.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// Whose wire the address speaks.
    pub provider: ProviderKind,
    /// The model's id.
    pub model: String,
    /// The address below which the vendor's paths begin.
    pub base_url: Url,
    /// The key; empty for a local server that wants none.
    pub api_key: SecretString,
    /// How hard to think; the vendor's default if absent.
    pub effort: Option<EffortLevel>,
    /// The most tokens one answer may have.
    pub max_output_tokens: u32,
    /// What tokens cost; the built-in list's price if absent.
    pub price: Option<PriceConfig>,
    /// The agent that works with it, if not the house's own.
    pub agent: Option<AgentConfig>,
}

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions, also spoken by Ollama, vLLM and most gateways.
    OpenAi,
}

/// How hard a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffortLevel {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// As much as it can.
    Max,
}

/// What a million tokens cost, in millionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceConfig {
    /// Read anew.
    pub input: u64,
    /// Read from the cache.
    pub cached: u64,
    /// Written to the cache.
    pub cache_write: u64,
    /// Written by the model.
    pub output: u64,
}

pub(super) fn read(root: &Table<'_>, around: &Surroundings<'_>) -> Option<ModelsConfig> {
    let (common, models) = (root.table("model"), root.table("models"));
    let (plan, revise, execute) = (models.table("plan"), models.table("revise"), models.table("execute"));
    let agents = &agents::read(root);
    let planner = Layers { own: &plan, common: &common, agents }.read(around, "claude-opus-5-5");
    // Not even asked for its mistakes where it is absent: they are the planner's.
    let revises =
        models.has("revise").then(|| Layers { own: &revise, common: &common, agents }.read(around, "claude-opus-5-5"));
    let executor = Layers { own: &execute, common: &common, agents }.read(around, "claude-sonnet-5-5");
    let review = models.table("review");
    if review.has("agent") {
        review.wrong("agent", "must go: what was built is reviewed by a model and by no agent");
    }
    let reviewer = models
        .has("review")
        .then(|| Layers { own: &review, common: &common, agents }.read(around, "claude-sonnet-5-5"));
    let mut allowed = vec![];
    let mut names = vec![];
    for (name, own) in models.named_tables("allowed") {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > 50 || !name.bytes().all(fits) {
            own.wrong_here("must have a name of letters, digits, -, _ and .");
        }
        if !own.has("model") {
            own.wrong_here("names no model: write model = \"…\", the model's id as the provider spells it");
        }
        let model = Layers { own: &own, common: &common, agents }.read(around, "claude-sonnet-5-5");
        // What goes on where another is not to be had is a model, and no other agent in the middle of the work.
        if !own.has("agent") && !common.has("agent") {
            names.push(name);
        }
        own.finish();
        allowed.extend(model.map(|model| (name.to_owned(), model)));
    }
    let fallback = |own: &Table<'_>| {
        let has_agent = own.has("agent") || common.has("agent");
        own.parsed("fallback", |text| match names.contains(&text) {
            _ if has_agent => Err("an agent keeps to one model: leave out fallback or agent".to_owned()),
            true => Ok(text.to_owned()),
            false => {
                Err(format!("there is no [models.allowed.{text}] without an agent; it takes the name of one of these"))
            }
        })
    };
    let fallbacks = [fallback(&plan), fallback(&revise), fallback(&execute), fallback(&review)];
    [common, models, plan, revise, execute, review].into_iter().for_each(Table::finish);
    let [plan, revise, execute, review] = fallbacks;
    let plan = PhaseModel { model: planner?, fallback: plan };
    let revise = match revises {
        Some(model) => PhaseModel { model: model?, fallback: revise },
        None => plan.clone(),
    };
    let review = match reviewer {
        Some(model) => Some(PhaseModel { model: model?, fallback: review }),
        None => None,
    };
    Some(ModelsConfig { plan, revise, execute: PhaseModel { model: executor?, fallback: execute }, review, allowed })
}

/// A phase's own table, and the one below it.
struct Layers<'l, 'd> {
    own: &'l Table<'d>,
    common: &'l Table<'d>,
    agents: &'l [AgentConfig],
}

impl<'l, 'd> Layers<'l, 'd> {
    fn read(&self, around: &Surroundings<'_>, default_model: &str) -> Option<ModelConfig> {
        // All keys are asked for before anything is given up, so that all mistakes are found.
        let provider = self.first(|table| table.parsed("provider", provider)).unwrap_or(ProviderKind::Anthropic);
        let address = self.placed(|table| table.parsed("base_url", http_url)).or_else(|| provider.home());
        let api_key = self.key(around, provider, address == provider.home());
        let effort = self.first(|table| table.parsed("effort", effort));
        let most = self.first(|table| table.integer("max_output_tokens", 256..=1_000_000));
        let price = self.placed(|table| price(table.table("price")));
        let agent = self.first(|table| table.parsed("agent", |name| self.agent(name)));
        let model = self.placed(|table| table.parsed("model", model_id));
        let model = match provider {
            ProviderKind::Anthropic => model.or_else(|| Some(default_model.to_owned())),
            ProviderKind::OpenAi => model,
        };
        if model.is_none() && !self.place().has("model") {
            self.place().wrong("model", "is missing: write the model's id as the provider spells it");
        }
        Some(ModelConfig {
            provider,
            model: model?,
            base_url: address?,
            api_key: api_key?,
            effort,
            max_output_tokens: most.and_then(|n| u32::try_from(n).ok()).unwrap_or(32_000),
            price,
            agent,
        })
    }

    fn agent(&self, name: &str) -> Result<AgentConfig, String> {
        let agent = self.agents.iter().find(|agent| agent.name == name);
        agent.cloned().ok_or_else(|| format!("there is no [agents.{name}]; it takes the name of one of these"))
    }

    /// The phase's own value, or the common one.
    fn first<T>(&self, read: impl Fn(&Table<'d>) -> Option<T>) -> Option<T> {
        let common = read(self.common);
        read(self.own).or(common)
    }

    /// The same, but not the common one if the phase asks another provider or address.
    fn placed<T>(&self, read: impl Fn(&Table<'d>) -> Option<T>) -> Option<T> {
        let common = read(self.common);
        let own = read(self.own);
        if self.is_elsewhere() { own } else { own.or(common) }
    }

    fn is_elsewhere(&self) -> bool {
        self.own.has("provider") || self.own.has("base_url")
    }

    /// The table that says where the model is.
    fn place(&self) -> &'l Table<'d> {
        if self.is_elsewhere() { self.own } else { self.common }
    }

    /// The usual variable holds the vendor's key: it is read only for the vendor's own address.
    fn key(&self, around: &Surroundings<'_>, provider: ProviderKind, at_home: bool) -> Option<SecretString> {
        let named = self.placed(|table| table.parsed("api_key_env", variable));
        // Known to all of them, also where every phase is elsewhere and none needs it.
        self.common.has("api_key_file");
        let own = self.is_elsewhere() || self.own.has("api_key_file") || self.own.has("api_key_env");
        let table = if own { self.own } else { self.common };
        let variable = match &named {
            Some(variable) => variable,
            None if at_home => provider.key_variable(),
            // A local server may want no key.
            None if !table.has("api_key_file") => return Some(SecretString::from("")),
            None => "",
        };
        Source { file_key: "api_key_file", variable }.require(table, around, "the model's key")
    }
}

impl ProviderKind {
    /// The vendor's own address.
    fn home(self) -> Option<Url> {
        match self {
            ProviderKind::Anthropic => "https://api.anthropic.com/".parse().ok(),
            ProviderKind::OpenAi => "https://api.openai.com/v1".parse().ok(),
        }
    }

    /// The variable that the vendor's own tools read.
    fn key_variable(self) -> &'static str {
        match self {
            ProviderKind::Anthropic => "ANTHROPIC_API_KEY",
            ProviderKind::OpenAi => "OPENAI_API_KEY",
        }
    }
}

fn provider(text: &str) -> Result<ProviderKind, String> {
    match text {
        "anthropic" => Ok(ProviderKind::Anthropic),
        "openai" => Ok(ProviderKind::OpenAi),
        _ => Err("must be anthropic, or openai for everything that speaks OpenAI's format".to_owned()),
    }
}

fn effort(text: &str) -> Result<EffortLevel, String> {
    match text {
        "minimal" => Ok(EffortLevel::Minimal),
        "low" => Ok(EffortLevel::Low),
        "medium" => Ok(EffortLevel::Medium),
        "high" => Ok(EffortLevel::High),
        "xhigh" => Ok(EffortLevel::XHigh),
        "max" => Ok(EffortLevel::Max),
        _ => Err("must be minimal, low, medium, high, xhigh or max".to_owned()),
    }
}

fn model_id(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.len() <= 200 && text.chars().all(|c| c.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err("must be the model's id, without spaces".to_owned()) }
}

fn variable(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits { Ok(text.to_owned()) } else { Err("must be the name of a variable of the environment".to_owned()) }
}

fn price(table: Table<'_>) -> Option<PriceConfig> {
    let keys = ["input", "cached", "cache_write", "output"];
    let mut rates = [None; 4];
    for (key, rate) in keys.into_iter().zip(&mut rates) {
        *rate = table.parsed(key, micro_dollars);
    }
    let any = keys.iter().any(|key| table.has(key));
    for key in keys.iter().filter(|key| any && !table.has(key)) {
        table.wrong(key, "is missing: write what a million tokens cost, in dollars, such as \"3.00\"");
    }
    table.finish();
    let [input, cached, cache_write, output] = rates;
    Some(PriceConfig { input: input?, cached: cached?, cache_write: cache_write?, output: output? })
}
