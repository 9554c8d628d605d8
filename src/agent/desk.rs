//! Where an agent works: its model, its checkout behind the sandbox's walls, and what holds it back.

use std::time::Duration;

use super::budget::Leash;
use super::dialogue::{Said, arguments, unknown};
use super::ending::Ending;
use super::guest::Guest;
use super::tools::{Reply, Request, both_ends, fits, is_refusal};
use crate::model::{Model, ToolCall};
use crate::sandbox::{Access, Checkout, Ended, Exit, Job, Limits, Sandbox, SandboxError, command_line};

/// A look into a file takes milliseconds; a hostile one is not waited for.
const TOOL_WALL: Duration = Duration::from_secs(20);

/// Everything an agent works with.
#[derive(Debug)]
pub struct Desk<'a, J> {
    /// Who answers.
    pub model: &'a Model,
    /// Who goes on once that model is not to be had.
    pub fallback: Option<&'a Model>,
    /// Whose agent it is, if not the house's own.
    pub guest: Option<&'a Guest>,
    /// Where the conversation is kept.
    pub journal: &'a J,
    /// Where commands and tools run.
    pub sandbox: &'a Sandbox,
    /// The files, fresh at the base commit.
    pub checkout: &'a Checkout,
    /// What one command may use.
    pub limits: Limits,
    /// What holds the agent back.
    pub leash: &'a Leash,
}

impl<J: Sync> Desk<'_, J> {
    /// Has a tool carried out inside the sandbox.
    pub(super) async fn tool(&self, request: &Request, access: Access) -> Result<Said, Ending> {
        let json = serde_json::to_vec(request).unwrap_or_default();
        let limits = Limits { wall: TOOL_WALL, ..self.limits };
        let stop = self.leash.stop();
        let answer = Box::pin(self.sandbox.tool(self.checkout, access, &json, limits, &stop));
        let answer = match self.leash.hold(&stop, answer).await? {
            Ok(answer) => answer,
            Err(error @ (SandboxError::Stopped(_) | SandboxError::BadJob(_))) => {
                return Ok(Said::Failed(error.to_string()));
            }
            Err(error @ (SandboxError::Breached(_) | SandboxError::Unavailable(_))) => {
                return Err(Ending::Sandbox(error));
            }
        };
        Ok(match serde_json::from_slice::<Reply>(&answer) {
            Ok(Reply { text, failed: false }) => Said::Done(both_ends(&text)),
            Ok(Reply { text, failed: true }) if is_refusal(&text) => Said::Refused(both_ends(&text)),
            Ok(Reply { text, failed: true }) => Said::Failed(both_ends(&text)),
            Err(_) => Said::Failed("the tool gave no answer".to_owned()),
        })
    }

    /// Runs a command line by `sh` inside the sandbox.
    pub(super) async fn run(&self, command: &str, wall: Duration) -> Result<Ended, Ending> {
        self.run_in(self.checkout, command, wall).await
    }

    /// The same in another checkout than the agent's.
    pub(super) async fn run_in(&self, checkout: &Checkout, command: &str, wall: Duration) -> Result<Ended, Ending> {
        let job = Job {
            argv: command_line(command),
            cwd: None,
            stdin: Vec::new(),
            checkout,
            access: Access::Writable,
            limits: Limits { wall: wall.min(self.limits.wall), ..self.limits },
        };
        let stop = self.leash.stop();
        self.leash.hold(&stop, Box::pin(self.sandbox.run(job, &stop))).await?.map_err(Ending::Sandbox)
    }
}

/// Reads a call of one of the tools that look around or change files.
pub(super) fn request(call: &ToolCall) -> Result<Request, Said> {
    match call.name.as_str() {
        "list" => arguments(call).map(Request::List),
        "read" => arguments(call).map(Request::Read),
        "search" => arguments(call).map(Request::Search),
        "outline" => arguments(call).map(Request::Outline),
        "edit" => arguments(call).map(Request::Edit),
        "create" => arguments(call).map(Request::Create),
        "delete" => arguments(call).map(Request::Delete),
        _ => Err(unknown(call)),
    }
}

/// How a command ended and what it printed, as the model reads it. Without times, which differ from run to run.
pub(super) fn shown(ended: &Ended) -> String {
    told(ended, &both_ends(&ended.output.text()))
}

/// Whether [`shown`] shows all of it.
pub(super) fn shows_all(ended: &Ended) -> bool {
    fits(&ended.output.text())
}

/// How a command ended and the last `most` characters it printed.
#[must_use]
pub fn ending_of(ended: &Ended, most: usize) -> String {
    let printed = ended.output.text();
    let printed = printed.trim_end();
    let skipped = printed.chars().count().saturating_sub(most);
    format!("{}: {}", exit(&ended.exit), printed.chars().skip(skipped).collect::<String>())
}

/// How a command ended and all that is kept of its output.
#[must_use]
pub fn whole(ended: &Ended) -> String {
    told(ended, &ended.output.text())
}

fn told(ended: &Ended, output: &str) -> String {
    let newline = if output.is_empty() { "" } else { "\n" };
    format!("{}{newline}{output}", exit(&ended.exit))
}

pub(super) fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(signal) => format!("ended by signal {signal}"),
        Exit::TimedOut => "stopped: out of time".to_owned(),
        Exit::OutputFlood => "stopped: too much output".to_owned(),
        Exit::ResourceLimit(resource) => format!("stopped: too much of {resource:?}").to_lowercase(),
        Exit::Cancelled => "cancelled".to_owned(),
    }
}
