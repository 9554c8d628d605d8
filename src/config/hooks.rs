//! Whom the server tells of each phase of a run: chats, trackers, whatever takes a signed webhook.

use secrecy::SecretString;
use url::Url;

use super::secrets::{Source, Surroundings};
use super::server::http_url;
use super::strict::Table;

/// The phases that may be asked for, as tables and logs know them.
const PHASES: [&str; 10] = [
    "planning",
    "awaiting_answer",
    "publishing",
    "awaiting_approval",
    "starting",
    "executing",
    "resting",
    "delivering",
    "in_review",
    "ended",
];

/// One receiver.
#[derive(Debug, Clone)]
pub struct HookConfig {
    /// Its name in the configuration.
    pub name: String,
    /// Where it takes webhooks.
    pub url: Url,
    /// What they are signed with.
    pub secret: SecretString,
    /// The phases it is told of; empty for all.
    pub phases: Vec<String>,
}

const SECRET: Source<'_> = Source { file_key: "secret_file", variable: "" };

pub(super) fn read(root: &Table<'_>, around: &Surroundings<'_>) -> Vec<HookConfig> {
    let mut hooks = vec![];
    for (name, table) in root.named_tables("hooks") {
        let fits = !name.is_empty()
            && name.len() <= 50
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !fits {
            table.wrong_here("must have a name of letters, digits, - and _");
        }
        let url = table.parsed("url", http_url);
        if !table.has("url") {
            table.wrong("url", "is missing: write the address that takes the webhooks");
        }
        let secret = SECRET.require_file(&table, around, "the secret that webhooks are signed with");
        let phases = table.list("phases", phase).unwrap_or_default();
        table.finish();
        if let (Some(url), Some(secret)) = (url, secret) {
            hooks.push(HookConfig { name: name.to_owned(), url, secret, phases });
        }
    }
    hooks
}

fn phase(text: &str) -> Result<String, String> {
    if PHASES.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} must be one of {}", PHASES.join(", ")))
    }
}
