//! A guest as planner: it looks around in a checkout that cannot be changed, and submits by the house's tools.

use super::{Guest, Host, Next, Turn, Visit};
use crate::agent::budget::Spent;
use crate::agent::desk::Desk;
use crate::agent::dialogue::{Said, unknown};
use crate::agent::ending::Ending;
use crate::agent::planner::{Call, MAX_FAULTY, PlanTask, Planned};
use crate::agent::prompt::{for_guest, house_tools};
use crate::agent::transcript::Journal;
use crate::model::ToolCall;
use crate::sandbox::Access;

/// Turns without a result that are followed by another one.
const MAX_REMINDERS: u32 = 2;

/// Lets a guest plan, and says what that used up.
pub(in crate::agent) async fn plan<J: Journal>(
    desk: &Desk<'_, J>,
    guest: &Guest,
    task: &PlanTask<'_>,
) -> (Planned, Spent) {
    let conversation = task.conversation();
    let prompt = for_guest(&conversation);
    let visit = Visit { desk, guest, access: Access::ReadOnly, tools: house_tools(conversation), prompt };
    let mut planning = Planning { task, faulty: 0, reminders: 0, result: None };
    let (ended, spent) = visit.run(&mut planning).await;
    let planned = match (planning.result, ended) {
        (Some(planned), Ok(())) => planned,
        (_, Err(ending)) => Planned::Stopped(ending),
        (None, Ok(())) => Planned::Stopped(Ending::Lost { text: "it ended without a result".to_owned() }),
    };
    (planned, spent)
}

struct Planning<'a> {
    task: &'a PlanTask<'a>,
    faulty: u32,
    reminders: u32,
    result: Option<Planned>,
}

impl Host for Planning<'_> {
    async fn call(&mut self, call: &ToolCall) -> Result<(Said, bool), Ending> {
        Ok(match self.task.read(call) {
            Call::Look => (unknown(call), false),
            Call::Result(planned) => {
                self.result = Some(planned);
                (Said::Done("taken".to_owned()), true)
            }
            Call::Rejected(Said::Rejected(why)) if call.name == self.task.submits() => {
                self.faulty += 1;
                if self.faulty > MAX_FAULTY {
                    return Err(Ending::Lost { text: format!("{} plans were rejected; {why}", self.faulty) });
                }
                (Said::Rejected(why), false)
            }
            Call::Rejected(said) => (said, false),
        })
    }

    async fn turn_ended(&mut self, turn: &Turn) -> Result<Next, Ending> {
        if turn.reason == "refusal" {
            return Err(Ending::Refused { text: turn.words.clone() });
        }
        self.reminders += 1;
        if self.reminders > MAX_REMINDERS {
            let turns = self.reminders;
            return Err(Ending::Lost {
                text: format!("{turns} turns ended without a result, the last one by {}", turn.reason),
            });
        }
        Ok(Next::Prompt(format!(
            "Your turn has ended without a result: nothing was submitted. End with one call of a tool of the server \
             `assentry`: {} if you have a plan.",
            self.task.submits()
        )))
    }
}
