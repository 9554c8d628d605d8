//! The models: each is asked one short question.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Report;
use crate::cli::wiring::model;
use crate::config::{Config, ModelConfig};
use crate::model::{Conversation, Message, Model, ModelError, Part, Profile, Timeouts};

/// Enough for a word; thinking models need some before they say one.
const ANSWER_TOKENS: u32 = 64;

pub(super) async fn each(report: &mut Report, config: &Config) {
    let mut asked: Vec<(String, &ModelConfig)> = vec![];
    let phases =
        [("plan", &config.models.plan), ("revise", &config.models.revise), ("execute", &config.models.execute)];
    let phases = phases.into_iter().chain(config.models.review.as_ref().map(|second| ("review", second)));
    let named = phases.map(|(phase, model)| (format!("models.{phase}"), &model.model));
    let allowed = config.models.allowed.iter().map(|(name, allowed)| (format!("models.allowed.{name}"), allowed));
    for (name, wanted) in named.chain(allowed) {
        let same = |(_, other): &&mut (String, &ModelConfig)| {
            (other.provider, &other.model, &other.base_url) == (wanted.provider, &wanted.model, &wanted.base_url)
        };
        match asked.iter_mut().find(same) {
            Some((names, _)) => *names = format!("{names}, {name}"),
            None => asked.push((name, wanted)),
        }
    }
    for (names, wanted) in asked {
        let found = format!("{} at {} ({names})", wanted.model, wanted.base_url);
        match ask(wanted).await {
            Ok(()) => report.ok("model", format!("{found} answers")),
            Err((why, remedy)) => report.fail("model", format!("{found}: {why}"), remedy),
        }
    }
}

async fn ask(wanted: &ModelConfig) -> Result<(), (String, &'static str)> {
    let (model, _) = model(wanted).map_err(|error| (format!("{error:#}"), "Mend its table in the configuration."))?;
    let timeouts =
        Timeouts { first_byte: Duration::from_secs(60), total: Duration::from_secs(90), ..Timeouts::default() };
    let profile = Profile { max_output_tokens: ANSWER_TOKENS, effort: None, timeouts, ..model.profile().clone() };
    let model = Model::new(profile).map_err(|error| (error.to_string(), "Mend its table in the configuration."))?;
    let parts = vec![Part::Text { text: "Say: ok".to_owned() }];
    let conversation = Conversation { messages: vec![Message::User { parts }], ..Conversation::default() };
    match model.ask(&conversation, &CancellationToken::new()).await {
        Ok(_) => Ok(()),
        Err(error) => Err((error.to_string(), remedy(&error))),
    }
}

fn remedy(error: &ModelError) -> &'static str {
    match error {
        ModelError::Refused { .. } => "Look at the key: model.api_key_file, or the variable that api_key_env names.",
        ModelError::Gone { .. } => "Write the id of a model that the provider has, and look at base_url.",
        ModelError::Spent { .. } => "Raise the limit, or pay the bill, at the provider.",
        ModelError::Busy { .. }
        | ModelError::CutOff { .. }
        | ModelError::Silent { .. }
        | ModelError::Cancelled { .. } => "Look whether this machine reaches base_url, and ask again later.",
        ModelError::TooLong { .. } | ModelError::BadRequest { .. } => {
            "Look whether provider names the format that base_url speaks, and whether the model takes tools."
        }
    }
}
