//! Executes an approved plan in a fresh checkout, step by step, and proves it by the plan's checks.
//!
//! Promises: nothing but the plan and the checkout is read; what leaves the checkout is held against the scope at every
//! tick and once more at the end; checks prove what was taken and nothing else, in a fresh copy of the base with exactly
//! those changes; the work so far is kept however it ends. After a restart the stored answers are carried out again in a
//! fresh checkout, in the same order (F15).
//! Refuses: steps out of order, a finish with open steps or red checks.

mod begun;
mod checks;
mod follow_up;
mod guest;
mod outputs;
mod site;
mod work;

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::desk::{self, Desk};
use super::dialogue::{Dialogue, Heard, Outcome, Said, arguments};
use super::ending::Ending;
use super::house::Ground;
use super::planner::one_text;
use super::prompt::{Phase, told};
use super::tools::Request;
use super::transcript::Journal;
use crate::model::{Conversation, Message, ToolCall};
use crate::sandbox::checkout::may_be_named;
use crate::sandbox::{Access, Exit};
use crate::workflow::plan::Plan;
pub use begun::Begun;
pub use follow_up::{FixAnswer, FollowedUp, Merge, Task, follow_up};
use site::Site;
pub use work::{CheckRun, Deviation, DeviationKind, Proof, Refusals, StepDone, StepEnd, Work, amount};

/// Finishes with red checks that go back to the agent; the next one ends its work.
const MAX_RED: u32 = 3;

/// How long a command of the agent's may take if it does not say.
const COMMAND_WALL: Duration = Duration::from_secs(120);

/// What came of an execution.
#[derive(Debug)]
pub enum Executed {
    /// Every step is done or declared, and every check is green.
    Finished(Work),
    /// It ended before that.
    Stopped {
        /// Why.
        ending: Ending,
        /// What was done until then.
        work: Work,
    },
}

/// Lets the model execute `plan` in the desk's checkout, which must be fresh or prepared by the repository's
/// set-up commands, on the repository's own `ground`.
pub async fn execute<J: Journal>(desk: &Desk<'_, J>, plan: &Plan, ground: &Ground) -> Executed {
    go_on(desk, plan, ground, &Begun::default()).await
}

/// The same from where other work has stopped.
pub async fn go_on<J: Journal>(desk: &Desk<'_, J>, plan: &Plan, ground: &Ground, begun: &Begun) -> Executed {
    let mut site = match Site::new(desk, plan, ground) {
        Ok(site) => site,
        Err(ending) => return Executed::Stopped { ending, work: Work::default() },
    };
    site.begun = begun.behind(&site.wall);
    let conversation = conversation(plan, &site.begun);
    match work_on(&mut site, conversation).await {
        Ok(()) => Executed::Finished(site.work),
        Err(ending) => {
            site.keep_begun(&ending).await;
            Executed::Stopped { ending, work: site.work }
        }
    }
}

/// Has whoever sits at the desk work on the site.
async fn work_on<J: Journal>(site: &mut Site<'_, J>, conversation: Conversation) -> Result<(), Ending> {
    let desk = site.desk;
    if let Some(guest) = desk.guest {
        return Box::pin(guest::work_on(site, guest, conversation)).await;
    }
    let models = (desk.model, desk.fallback);
    let mut dialogue = Dialogue::open(models, desk.journal, desk.leash, conversation).await?;
    let ended = Box::pin(lead(site, &mut dialogue)).await;
    site.work.spent = dialogue.spent;
    ended
}

async fn lead<J: Journal>(site: &mut Site<'_, J>, dialogue: &mut Dialogue<'_, J>) -> Result<(), Ending> {
    site.prepare().await?;
    loop {
        let heard = dialogue.next().await?;
        let mut said = Vec::new();
        for call in &heard.calls {
            let answer = if site.finished {
                Said::Rejected("the work is finished".to_owned())
            } else {
                Box::pin(carry_out(site, &heard, call)).await?
            };
            site.note(call, &answer);
            said.push(answer);
        }
        dialogue.reply(heard, said).await?;
        if site.finished {
            return Ok(());
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    command: String,
    seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    step: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    summary: String,
}

/// Carries out one call, or what has to be done again of it after a restart.
async fn carry_out<J: Journal>(site: &mut Site<'_, J>, heard: &Heard, call: &ToolCall) -> Result<Said, Ending> {
    let before = heard.stored(call);
    let said = match call.name.as_str() {
        "run" => match arguments(call) {
            Ok(run) => run_command(site, &run).await?,
            Err(said) => said,
        },
        "output" => match arguments(call) {
            Ok(read) => site.read_output(&read).await?,
            Err(said) => said,
        },
        "finish" if let Some(notes) = site.notes => match arguments(call) {
            Ok(finish) => follow_up::finish(site, notes, finish, before == Some(Outcome::Failed)).await?,
            Err(said) => said,
        },
        "tick" if site.notes.is_none() => match arguments(call) {
            Ok(Tick { step }) => site.tick(&step).await?,
            Err(said) => said,
        },
        "deviate" => match arguments(call) {
            // What was recorded before a restart was allowed then.
            Ok(deviation) => site.deviate(deviation, heard.guided || before == Some(Outcome::Done)).await?,
            Err(said) => said,
        },
        "finish" => match arguments(call) {
            // Checks that were red before a restart need not be red again to be told so.
            Ok(Finish { summary }) => site.finish(one_text(&summary, 2_000), before == Some(Outcome::Failed)).await?,
            Err(said) => said,
        },
        _ => return tool(site, heard, call).await,
    };
    same_as(before, said, call)
}

async fn tool<J: Journal>(site: &Site<'_, J>, heard: &Heard, call: &ToolCall) -> Result<Said, Ending> {
    let before = heard.stored(call);
    let request = match desk::request(call) {
        Ok(request) => request,
        Err(said) => return Ok(said),
    };
    let Some(path) = request.changes() else {
        return match heard.stored(call) {
            Some(_) => Ok(heard.refused(call).unwrap_or(Said::Done(String::new()))),
            None => site.desk.tool(&request, Access::ReadOnly).await,
        };
    };
    if let Err(forbidden) = site.wall.may_change(path) {
        return Ok(Said::Refused(forbidden.to_string()));
    }
    if let Err(rule) = may_be_named(path) {
        return Ok(Said::Refused(format!("no file may have that name: {rule}")));
    }
    // What could not be done before a restart changed nothing.
    if before == Some(Outcome::Failed) {
        return Ok(heard.refused(call).unwrap_or(Said::Failed(String::new())));
    }
    let said = change(site, &request).await?;
    same_as(before, said, call)
}

async fn change<J: Journal>(site: &Site<'_, J>, request: &Request) -> Result<Said, Ending> {
    site.desk.tool(request, Access::Writable).await
}

async fn run_command<J: Journal>(site: &mut Site<'_, J>, run: &Run) -> Result<Said, Ending> {
    if run.command.trim().is_empty() || run.command.contains('\0') {
        return Ok(Said::Rejected("the command is empty or holds a NUL".to_owned()));
    }
    let wall = run.seconds.map_or(COMMAND_WALL, |seconds| Duration::from_secs(u64::from(seconds.max(1))));
    let ended = site.desk.run(&run.command, wall).await?;
    if matches!(ended.exit, Exit::TimedOut | Exit::OutputFlood | Exit::ResourceLimit(_)) {
        site.refused("run", &run.command, &desk::exit(&ended.exit));
    }
    Ok(Said::Done(site.show(&ended).await?))
}

/// What was done before a restart must be done again, or the conversation would speak of other files than there are.
fn same_as(before: Option<Outcome>, said: Said, call: &ToolCall) -> Result<Said, Ending> {
    match (before, &said) {
        (Some(Outcome::Done), Said::Failed(why) | Said::Refused(why) | Said::Rejected(why)) => {
            Err(Ending::Interrupted { text: format!("{} went well before and not now: {why}", call.name) })
        }
        _ => Ok(said),
    }
}

/// The beginning of the conversation: the plan, without what was only for its readers, and what is there already.
fn conversation(plan: &Plan, begun: &Begun) -> Conversation {
    let Plan { title, goal, findings, approach, steps, checks, scope, out_of_scope, .. } = plan;
    let data = json!({
        "title": title, "goal": goal, "findings": findings, "approach": approach, "steps": steps,
        "checks": checks, "scope": scope, "out_of_scope": out_of_scope,
    });
    let approved = told(format!("The approved plan:\n{data}"));
    Conversation {
        system: Phase::Execute.instructions().to_owned(),
        tools: Phase::Execute.tools(),
        messages: vec![Message::User { parts: std::iter::once(approved).chain(begun.told(plan).map(told)).collect() }],
    }
}
