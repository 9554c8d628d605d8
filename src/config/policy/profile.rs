//! Profiles: which label asks for what kind of run.

use super::approval::{self, Approval, Layer};
use super::{Bounds, Visibility};
use crate::config::limits::micro_dollars;
use crate::config::strict::Table;
use crate::workflow::plan::Budget;

/// One kind of run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The label that asks for it.
    pub label: String,
    /// Which of the server's models plans; `None` for its usual one.
    pub plan_model: Option<String>,
    /// Which of the server's models executes; `None` for its usual one.
    pub execute_model: Option<String>,
    /// The plan template.
    pub template: Option<String>,
    /// What an approval grants to the execution.
    pub budget: Budget,
    /// What an approval needs.
    pub approval: Approval,
}

impl Profile {
    /// The one profile of a repository that names none.
    pub(super) fn usual(common: &Layer, bounds: &Bounds, visibility: Visibility) -> Profile {
        Profile {
            label: bounds.label.clone(),
            plan_model: None,
            execute_model: None,
            template: None,
            budget: bounds.budget,
            approval: Layer::default().above(common, bounds, visibility),
        }
    }
}

/// What a profile is read with.
pub(super) struct Around<'a> {
    pub(super) common: &'a Layer,
    pub(super) templates: &'a [&'a str],
    pub(super) bounds: &'a Bounds,
    pub(super) visibility: Visibility,
}

/// Reads the profile behind those `before`; without a label it is none.
pub(super) fn read(table: Table<'_>, before: &[Profile], around: &Around<'_>) -> Option<Profile> {
    let Around { common, templates, bounds, visibility } = *around;
    let label = table.parsed("label", |text| match before.iter().any(|other| other.answers_to(text)) {
        true => Err(format!("another profile has the label {text:?}, so this one would never count")),
        false => label(text),
    });
    if !table.has("label") {
        table.wrong_here("has no label: write label = \"…\", the label that asks for such a run");
    }
    let model = table.table("model");
    let allowed = |text: &str| match bounds.models.iter().any(|name| name == text) {
        true => Ok(text.to_owned()),
        false if bounds.models.is_empty() => {
            Err(format!("{text:?} is not a model of this server: it has none to choose from ([models.allowed])"))
        }
        false => Err(format!("{text:?} is not a model of this server: it has {}", bounds.models.join(", "))),
    };
    let (plan_model, execute_model) = (model.parsed("plan", allowed), model.parsed("execute", allowed));
    model.finish();
    let template = table.parsed("template", |name| match templates.contains(&name) {
        true => Ok(name.to_owned()),
        false => {
            Err(format!("there is no template {name:?}: write [plan.template.{name}] with instructions or sections"))
        }
    });
    let budget = budget(table.table("budget"), bounds.budget);
    let approval = approval::read(table.table("approval"), bounds, visibility).above(common, bounds, visibility);
    table.finish();
    Some(Profile { label: label?, plan_model, execute_model, template, budget, approval })
}

/// GitHub's limit for the name of a label.
pub(in crate::config) fn label(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 50;
    if fits { Ok(text.to_owned()) } else { Err("must be the name of a label, at most 50 characters".to_owned()) }
}

/// A budget may be less than the server's and never more.
fn budget(table: Table<'_>, most: Budget) -> Budget {
    let small = |key: &'static str, most: u32| {
        let number = table.integer(key, 1..=1_000_000).and_then(|n| u32::try_from(n).ok());
        within(&table, key, number, most)
    };
    let read = Budget {
        turns: small("turns", most.turns).unwrap_or(most.turns),
        tokens: within(&table, "tokens", table.integer("tokens", 1_000..=10_000_000_000), most.tokens)
            .unwrap_or(most.tokens),
        micro_dollars: dollars(&table, most.micro_dollars).unwrap_or(most.micro_dollars),
        minutes: small("minutes", most.minutes).unwrap_or(most.minutes),
    };
    table.finish();
    read
}

fn within<T: PartialOrd + Copy + std::fmt::Display>(
    table: &Table<'_>,
    key: &'static str,
    wanted: Option<T>,
    most: T,
) -> Option<T> {
    let wanted = wanted?;
    if wanted > most {
        let what =
            format!("must be at most {most}: the server's own configuration (limits.execute.{key}) grants no more");
        table.wrong(key, what);
    }
    Some(wanted)
}

fn dollars(table: &Table<'_>, most: u64) -> Option<u64> {
    let wanted = table.parsed("dollars", micro_dollars)?;
    if wanted > most {
        let (whole, rest) = (most / 1_000_000, most % 1_000_000);
        let most = format!("{whole}.{rest:06}");
        let what = format!(
            "must be at most \"{}\": the server's own configuration (limits.execute.dollars) grants no more",
            most.strip_suffix("0000").unwrap_or(&most)
        );
        table.wrong("dollars", what);
    }
    Some(wanted)
}
