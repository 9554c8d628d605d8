//! Agents that are not the house's own: how each is started inside the sandbox, by the operator's name for it.

use std::path::PathBuf;

use super::sandbox::{is_variable, shown};
use super::strict::Table;

/// An agent that speaks the Agent Client Protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentConfig {
    /// What the operator calls it.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables that it sees besides the sandbox's own.
    pub environment: Vec<(String, String)>,
    /// Paths of the host that it may read: its program.
    pub read_only: Vec<PathBuf>,
    /// The mode it is to work in.
    pub mode: Option<String>,
    /// How it is to sign in at its gateway.
    pub sign_in: Option<String>,
}

/// What must stand in the command or a variable, or the agent could not reach its model.
const NEEDED: [(&str, &str); 2] = [
    ("{gateway}", "where its model is: write {gateway} into the variable or argument that takes the address"),
    ("{token}", "with which key: write {token} into the variable or argument that takes the key"),
];

pub(super) fn read(root: &Table<'_>) -> Vec<AgentConfig> {
    let mut agents = vec![];
    for (name, table) in root.named_tables("agents") {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > 50 || !name.bytes().all(fits) {
            table.wrong_here("must have a name of letters, digits, -, _ and .");
        }
        let word = |text: &str| match text.is_empty() || text.contains('\0') {
            true => Err("holds an empty word, or one with a NUL".to_owned()),
            false => Ok(text.to_owned()),
        };
        let agent = AgentConfig {
            name: name.to_owned(),
            command: table.list("command", word).unwrap_or_default(),
            environment: table.texts("environment"),
            read_only: table.list("read_only", shown).unwrap_or_default(),
            mode: table.parsed("mode", word),
            sign_in: table.parsed("sign_in", word),
        };
        for (name, _) in agent.environment.iter().filter(|(name, _)| !is_variable(name)) {
            table.wrong("environment", format!("{name:?} must be a name of capital letters, digits and _"));
        }
        if agent.command.is_empty() {
            table
                .wrong("command", "is missing: write the program and its arguments, such as [\"/opt/agent\", \"acp\"]");
        } else {
            let says = |what: &str| {
                let values = agent.environment.iter().map(|(_, value)| value);
                agent.command.iter().chain(values).any(|text| text.contains(what))
            };
            for (_, remedy) in NEEDED.iter().filter(|(what, _)| !says(what)) {
                table.wrong_here(format!("does not tell the agent {remedy}"));
            }
        }
        table.finish();
        agents.push(agent);
    }
    agents
}
