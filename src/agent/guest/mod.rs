//! An agent of somebody else's at the house's desk: a *guest*, any program that speaks the Agent Client Protocol (ACP).
//!
//! ```text
//!                    ┌── sandbox: no network, no credential ─────────────────────────────┐
//!  core: talk  ◀──stdio, ACP──▶  the guest (Claude Code, Codex, OpenCode …) ──▶ the checkout
//!                    │               │ HTTP on its own loopback, throw-away token         │
//!                    └───────────────┼────────────────────────────────────────────────────┘
//!  core: door  ◀──unix socket────────┘  /v1/…  the model (`lending`)     /mcp  the house's tools (`mcp`)
//! ```
//!
//! The guest looks around and changes files by its own means, behind the same walls as every command. What it wants from
//! the house it asks for by the tools of one MCP server: a planner submits, asks or says that there is nothing to do; an
//! executor ticks steps, declares deviations and finishes. These are the house's own tools, judged by the same code.
//!
//! Decisions. *Its own word counts for nothing*: what it did is what differs in the checkout, held against the scope, and
//! what the checks say. *It is asked for no permission and given none outside*: the client offers it neither files nor
//! terminals, and grants what it asks to do inside, once each, for the walls are what holds it. *The mode is the
//! operator's*: it is set before the first prompt and set again when the guest leaves it. *A turn is not the work*: a guest
//! that ends its turn early is told what is missing, a few times. *Nothing is taken up again*: a guest's memory ends with
//! its process, so after a restart it begins anew in a fresh checkout; what was paid before counts against its budget.
//!
//! Promises: it reaches its model through `lending` alone, so every call is reserved, counted and recorded as one of the
//! house's own; it sees neither the model's key nor any other (T40); its token opens one socket, which ends with it.

mod door;
mod lending;
mod mcp;
mod plan;
mod talk;
mod visit;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use plan::plan;
pub(super) use talk::Turn;
pub(super) use visit::{Host, Next, Visit};

use super::ending::Ending;
use crate::sandbox::{Access, Checkout, GATEWAY, Limits, Sandbox};

/// How the operator wants a guest to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// What the operator calls it; part of the name of the model that is approved.
    pub name: String,
    /// The program and its arguments, as they are inside the sandbox.
    pub command: Vec<String>,
    /// Variables that it sees besides the sandbox's own.
    pub environment: Vec<(String, String)>,
    /// Paths of the host that it may read, at the same place: its program.
    pub read_only: Vec<PathBuf>,
    /// The mode it is to work in, by the guest's own name for it; the one it starts in if absent.
    pub mode: Option<String>,
    /// How it is to sign in at its gateway, by the guest's own name for that, should it ask.
    pub sign_in: Option<String>,
}

/// What stands in a guest's command and variables for what is known only when it is started.
pub const PLACEHOLDERS: [&str; 3] = ["{gateway}", "{token}", "{model}"];

impl Guest {
    /// The command and the variables for one start.
    fn filled(&self, token: &str, model: &str) -> (Vec<String>, Vec<(String, String)>) {
        let values = [GATEWAY, token, model];
        let fill = |text: &str| {
            PLACEHOLDERS.into_iter().zip(values).fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let environment = self.environment.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        (self.command.iter().map(|word| fill(word)).collect(), environment)
    }
}

/// What a guest said of itself when it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduced {
    /// Its name and version, as it says.
    pub name: String,
    /// The mode it works in, if it has modes.
    pub mode: Option<String>,
}

/// Starts a guest inside the sandbox, lets it introduce itself and open a session, and ends it. No model is asked.
///
/// # Errors
/// What it does otherwise than it should, as an [`Ending`].
pub async fn tried(
    guest: &Guest,
    sandbox: &Sandbox,
    checkout: &Checkout,
    limits: Limits,
) -> Result<Introduced, Ending> {
    visit::tried(guest, sandbox, (checkout, Access::ReadOnly), limits).await
}

/// How long a guest may take for one step of its introduction; some read half of npm before they say a word.
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_told_where_its_model_is_when_it_is_started() {
        let guest = Guest {
            name: "g".to_owned(),
            command: vec!["g".to_owned(), "--url={gateway}/v1".to_owned()],
            environment: vec![
                ("KEY".to_owned(), "{token}".to_owned()),
                ("C".to_owned(), "{\"m\":\"{model}\"}".to_owned()),
            ],
            read_only: vec![],
            mode: None,
            sign_in: None,
        };
        let (command, environment) = guest.filled("t0", "m1");
        assert_eq!(command, ["g", "--url=http://127.0.0.1:3128/v1"]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(environment, [pair("KEY", "t0"), pair("C", "{\"m\":\"m1\"}")]);
    }
}
