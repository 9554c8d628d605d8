//! A guest as executor: it works in the checkout by its own means, and ticks, deviates and finishes by the house's tools.
//!
//! What counts is what is taken out of the checkout, as for the house's own agent. A guest that never ticks a step is
//! reminded; if it has changed files by then all the same, all of it is taken as the work of the first step that is not
//! ticked, and the steps behind it are merely claimed. The report and the verdict say so.

use super::site::Site;
use super::{Deviation, Finish, MAX_RED, Tick, follow_up};
use crate::agent::dialogue::{Said, arguments, guided, unknown};
use crate::agent::ending::Ending;
use crate::agent::guest::{Guest, Host, Next, Turn, Visit};
use crate::agent::planner::one_text;
use crate::agent::prompt::{for_guest, house_tools};
use crate::agent::transcript::Journal;
use crate::model::{Conversation, Message, ToolCall};
use crate::sandbox::Access;

/// Turns in a row that end without a step's being ticked and are followed by another one.
const MAX_REMINDERS: u32 = 2;

/// Has a guest work on the site.
pub(super) async fn work_on<J: Journal>(
    site: &mut Site<'_, J>,
    guest: &Guest,
    mut conversation: Conversation,
) -> Result<(), Ending> {
    site.prepare().await?;
    // It begins anew after a stop, so it is told at once what people have said meanwhile.
    let said = site.desk.journal.guidance().await.map_err(Ending::Journal)?;
    let said: Vec<(u32, String)> = said.into_iter().map(|(_, said)| (0, said)).collect();
    let parts = guided(&said, 0);
    if !parts.is_empty() {
        conversation.messages.push(Message::User { parts });
    }
    let prompt = for_guest(&conversation);
    let tools = house_tools(conversation);
    let visit = Visit { desk: site.desk, guest, access: Access::Writable, tools, prompt };
    let mut works = Works { site, guided: !said.is_empty(), reminders: 0, ticked: 0 };
    let (ended, spent) = Box::pin(visit.run(&mut works)).await;
    site.work.spent = spent;
    ended
}

struct Works<'s, 'a, J> {
    site: &'s mut Site<'a, J>,
    /// Whether people have said how to go on.
    guided: bool,
    reminders: u32,
    /// How many steps were ticked at the end of the last turn.
    ticked: usize,
}

impl<J: Journal> Host for Works<'_, '_, J> {
    async fn call(&mut self, call: &ToolCall) -> Result<(Said, bool), Ending> {
        let said = match call.name.as_str() {
            "finish" if let Some(notes) = self.site.notes => match arguments(call) {
                Ok(finish) => follow_up::finish(self.site, notes, finish, false).await?,
                Err(said) => said,
            },
            "tick" if self.site.notes.is_none() => match arguments(call) {
                Ok(Tick { step }) => self.site.tick(&step).await?,
                Err(said) => said,
            },
            "deviate" => match arguments::<Deviation>(call) {
                Ok(deviation) => self.site.deviate(deviation, self.guided).await?,
                Err(said) => said,
            },
            "finish" => match arguments(call) {
                Ok(Finish { summary }) => self.site.finish(one_text(&summary, 2_000), false).await?,
                Err(said) => said,
            },
            _ => unknown(call),
        };
        self.site.note(call, &said);
        Ok((said, self.site.finished))
    }

    async fn turn_ended(&mut self, turn: &Turn) -> Result<Next, Ending> {
        if turn.reason == "refusal" {
            return Err(Ending::Refused { text: turn.words.clone() });
        }
        let ticked = self.site.work.steps.len();
        self.reminders = if ticked > self.ticked { 1 } else { self.reminders + 1 };
        self.ticked = ticked;
        if self.reminders > MAX_REMINDERS && self.site.notes.is_none() {
            return self.take_all(turn).await;
        }
        if self.reminders > MAX_REMINDERS {
            let turns = self.reminders;
            return Err(Ending::Lost { text: format!("{turns} turns ended, and no note has its answer") });
        }
        let red = self.site.red_checks();
        let red = if red.is_empty() { red } else { format!("\nThe checks are red, run anew at each finish:\n{red}") };
        let missing = match self.site.notes {
            Some(_) => "no note has its answer".to_owned(),
            None => format!("{}; only what is ticked counts as done", self.site.whats_next()),
        };
        Ok(Next::Prompt(format!(
            "Your turn has ended and the work has not: {missing}. Go on. Only finish, a tool of the server `assentry`, ends \
             the work.{red}"
        )))
    }
}

impl<J: Journal> Works<'_, '_, J> {
    /// Takes what is there as the work, for a guest that does not say what it has done.
    async fn take_all(&mut self, turn: &Turn) -> Result<Next, Ending> {
        let (site, turns) = (&mut *self.site, self.reminders);
        let nothing = || Ending::Lost {
            text: format!("{turns} turns in a row ended with nothing done, the last one by {}", turn.reason),
        };
        match site.take().await? {
            Ok(changes) if changes.is_empty() => return Err(nothing()),
            Ok(_) => {}
            Err(Said::Refused(rule)) => return Err(Ending::Forbidden { text: rule }),
            Err(Said::Done(_) | Said::Failed(_) | Said::Rejected(_)) => return Err(nothing()),
        }
        while let Some(step) = site.next_step() {
            match site.tick(&step.id).await? {
                Said::Done(_) => {}
                Said::Refused(why) | Said::Failed(why) | Said::Rejected(why) => return Err(Ending::Lost { text: why }),
            }
        }
        // A guest that has had its turns does not get further ones to mend what is red.
        site.red = MAX_RED;
        match site.finish(String::new(), false).await? {
            _ if site.finished => Ok(Next::Over),
            Said::Done(why) | Said::Refused(why) | Said::Failed(why) | Said::Rejected(why) => {
                Err(Ending::Lost { text: why })
            }
        }
    }
}
