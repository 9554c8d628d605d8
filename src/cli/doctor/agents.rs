//! The agents that are not the house's own: each is started inside the sandbox, introduces itself and opens a session. No
//! model is asked.

use std::os::unix::fs::PermissionsExt as _;

use super::{Report, host};
use crate::agent::guest::{Introduced, tried};
use crate::cli::wiring::guest;
use crate::config::{AgentConfig, Config};
use crate::sandbox::{Checkout, Limits};

pub(super) async fn each(report: &mut Report, config: &Config) {
    let mut agents: Vec<&AgentConfig> = config.models.agents().collect();
    agents.sort_by(|a, b| a.name.cmp(&b.name));
    agents.dedup();
    for agent in agents {
        match one(config, agent).await {
            Ok(Introduced { name, mode }) => {
                let mode = mode.map(|mode| format!(" in its mode {mode}")).unwrap_or_default();
                report.ok("agent", format!("{} opens a session{mode}: {name}", agent.name));
            }
            Err(why) => {
                let remedy = format!(
                    "Look at [agents.{}]: whether command and read_only name the program as the sandbox sees it, and mode \
                     one that it has.",
                    agent.name
                );
                report.fail("agent", why, remedy);
            }
        }
    }
}

async fn one(config: &Config, agent: &AgentConfig) -> Result<Introduced, String> {
    let (sandbox, _elsewhere) = host::probe(config).await.map_err(|error| format!("{error:#}"))?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    // The account inside is another one.
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).map_err(|error| error.to_string())?;
    let checkout = Checkout::empty(&dir.path().join("checkout")).map_err(|error| error.to_string())?;
    let limits = Limits {
        memory_bytes: config.sandbox.memory_mib << 20,
        processes: config.sandbox.processes,
        disk_bytes: config.sandbox.disk_mib << 20,
        ..Limits::default()
    };
    tried(&guest(agent), &sandbox, &checkout, limits).await.map_err(|ending| ending.to_string())
}
