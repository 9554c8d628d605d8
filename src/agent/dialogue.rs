//! One conversation with the model: asks, stores, and goes on where a restart left it.
//!
//! Promises: a call is reserved before it is made (T56); an answer is stored before it is looked at, a reply before it is
//! sent (F14); the conversation only grows; an answer that was cut off is never acted on (F48); rejections and repetitions
//! are bounded (F49, F51).

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::budget::{Leash, Spent};
use super::ending::Ending;
use super::prompt::{self, told};
use super::text;
use super::tools::is_refusal;
use super::transcript::{Journal, Try, Turn, end_of};
use crate::model::{
    Answer, Arguments, Conversation, Message, Model, ModelError, Part, Stop, ToolCall, Usage, request_hash, retry_after,
};
use crate::workflow::spending::Limit;

/// Rejections in a row that are told to the model; the next one ends its work (F49).
const MAX_REJECTIONS: u32 = 3;

/// How often the same call may come in a row (F51).
const MAX_SAME: u32 = 3;

/// Longer waits are the worker's, which can do something else meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

const CUT_OFF: &str = "Your answer was cut off at its longest length; nothing of it was done. Take smaller steps.";
const NO_CALL: &str = "Your answer has no call, so nothing happened. Go on by calling a tool.";

/// A conversation under way.
pub(super) struct Dialogue<'a, J> {
    model: &'a Model,
    fallback: Option<&'a Model>,
    journal: &'a J,
    leash: &'a Leash,
    conversation: Conversation,
    stored: std::vec::IntoIter<Turn>,
    guidance: Vec<(u32, String)>,
    pub(super) spent: Spent,
    rejections: u32,
    same: (Option<ToolCall>, u32),
}

/// An answer with calls in it.
pub(super) struct Heard {
    pub(super) calls: Vec<ToolCall>,
    /// Whether people have let the work go on behind this answer.
    pub(super) guided: bool,
    /// What was said back before a restart.
    stored: Option<Vec<Part>>,
}

/// What is said back to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It was done.
    Done(String),
    /// It could not be done.
    Failed(String),
    /// A rule forbids it.
    Refused(String),
    /// It made no sense: an unknown tool, unreadable arguments, a plan with faults.
    Rejected(String),
}

impl<'a, J: Journal> Dialogue<'a, J> {
    /// Begins a conversation, or takes up the one that is stored.
    pub(super) async fn open(
        (model, fallback): (&'a Model, Option<&'a Model>),
        journal: &'a J,
        leash: &'a Leash,
        mut conversation: Conversation,
    ) -> Result<Self, Ending> {
        let stored = journal.turns().await.map_err(Ending::Journal)?.into_iter();
        let guidance = journal.guidance().await.map_err(Ending::Journal)?;
        let (same, spent) = ((None, 0), Spent::default());
        if let Some(Message::User { parts }) = conversation.messages.last_mut() {
            parts.extend(guided(&guidance, 0));
        }
        Ok(Dialogue { model, fallback, journal, leash, conversation, stored, guidance, spent, rejections: 0, same })
    }

    /// The next answer that calls a tool.
    pub(super) async fn next(&mut self) -> Result<Heard, Ending> {
        loop {
            let (answer, stored) = match self.stored.next() {
                Some(turn) => self.again(turn)?,
                None => (self.ask().await?, None),
            };
            self.spent.turns += 1;
            self.spent.add(&answer.usage, self.model.profile().price.as_ref());
            self.conversation.messages.push(Message::Assistant { answer: answer.clone() });
            let nudge = match answer.stop {
                Stop::ToolUse if !answer.calls.is_empty() => {
                    self.mind_repetition(&answer.calls)?;
                    let guided = self.guidance.iter().any(|(behind, _)| *behind == self.spent.turns);
                    return Ok(Heard { calls: answer.calls, guided, stored });
                }
                Stop::ToolUse | Stop::EndTurn => NO_CALL,
                Stop::Length => CUT_OFF,
                Stop::Refused => return Err(Ending::Refused { text: text::visible(&answer.text).text }),
                Stop::Other(reason) => {
                    return Err(Ending::Lost { text: format!("its answer ended for a reason unknown here: {reason}") });
                }
            };
            self.count(true, || nudge.to_owned())?;
            self.say_back(stored, vec![told(nudge)]).await?;
        }
    }

    /// Says back what came of the calls, unless that is stored already.
    pub(super) async fn reply(&mut self, heard: Heard, said: Vec<Said>) -> Result<(), Ending> {
        let rejected = said.iter().find_map(Said::rejection).map(str::to_owned);
        let all_rejected = said.iter().all(|said| said.rejection().is_some());
        let parts = heard.calls.into_iter().zip(said).map(|(call, said)| said.part(call.id)).collect();
        self.say_back(heard.stored, parts).await?;
        self.count(all_rejected, || rejected.unwrap_or_default())
    }

    async fn say_back(&mut self, stored: Option<Vec<Part>>, parts: Vec<Part>) -> Result<(), Ending> {
        let mut parts = match stored {
            Some(parts) => parts,
            None => {
                self.journal.replied(self.spent.turns - 1, &parts).await.map_err(Ending::Journal)?;
                parts
            }
        };
        // Not stored with what was said back: it is kept by itself, and stands behind the same turn each time.
        parts.extend(guided(&self.guidance, self.spent.turns));
        self.conversation.messages.push(Message::User { parts });
        Ok(())
    }

    fn again(&mut self, turn: Turn) -> Result<(Answer, Option<Vec<Part>>), Ending> {
        let fits = |dialogue: &Self| turn.request == request_hash(&dialogue.conversation, dialogue.model.profile());
        let known = fits(self) || (self.falls_back() && fits(self));
        if !known {
            let text = format!("turn {} was stored for another conversation, model or version", self.spent.turns);
            return Err(Ending::Interrupted { text });
        }
        Ok((turn.answer, turn.results))
    }

    /// Hands the conversation to the other model, if there is one; it stays with that.
    fn falls_back(&mut self) -> bool {
        let Some(fallback) = self.fallback.take() else { return false };
        self.model = fallback;
        // What only the model that wrote it can read is left out.
        for message in &mut self.conversation.messages {
            if let Message::Assistant { answer } = message {
                answer.blocks.clear();
            }
        }
        true
    }

    async fn ask(&mut self) -> Result<Answer, Ending> {
        let asked = self.ask_this_one().await;
        match asked {
            Err(Ending::Model(error)) if is_not_to_be_had(&error) && self.falls_back() => {
                tracing::warn!("another model goes on: {error}");
                self.ask_this_one().await
            }
            asked => asked,
        }
    }

    /// Asks until there is an answer, a few times at most. Each try is reserved before and settled after.
    async fn ask_this_one(&mut self) -> Result<Answer, Ending> {
        if self.spent.turns >= self.leash.budget.turns {
            return Err(Ending::OverBudget(Limit::Turns));
        }
        let model = self.model;
        let profile = model.profile();
        let request = request_hash(&self.conversation, profile);
        let worst = model.foresee(&self.conversation);
        let mut attempt = 1;
        let answer = loop {
            if self.leash.cancel.is_cancelled() {
                return Err(Ending::Cancelled);
            }
            let call = Try { seq: self.spent.turns, attempt, profile, worst };
            let call = self.journal.reserve(call).await.map_err(Ending::Journal)??;
            let stop = self.leash.stop();
            let (asked, held) = self.leash.watch(&stop, model.ask(&self.conversation, &stop)).await;
            // No vendor bills more words than were asked for, however long a broken stream was.
            let spent = |error: &ModelError| {
                let spent = error.spent();
                Usage { output_tokens: spent.output_tokens.min(worst.output_tokens), ..spent }
            };
            let used = match &asked {
                Ok(answer) => answer.usage,
                Err(error) => spent(error),
            };
            self.journal.settle(call, profile, (used, end_of(&asked))).await.map_err(Ending::Journal)?;
            // An answer that was paid for is stored, whatever else happened meanwhile.
            match (asked, held) {
                (Ok(answer), _) => break answer,
                (Err(_), Err(ending)) => return Err(ending),
                (Err(error), Ok(())) => {
                    self.spent.add(&spent(&error), profile.price.as_ref());
                    self.wait(attempt, error).await?;
                }
            }
            attempt += 1;
        };
        self.journal.answered(self.spent.turns, (&request, profile), &answer).await.map_err(Ending::Journal)?;
        Ok(answer)
    }

    async fn wait(&self, attempt: u32, error: ModelError) -> Result<(), Ending> {
        match retry_after(attempt, &error).filter(|wait| *wait <= LONGEST_WAIT && attempt <= 2) {
            Some(wait) => {
                tracing::info!(attempt, "the model is asked again: {error}");
                let stop = self.leash.stop();
                let waiting = async {
                    tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(wait) => {} }
                };
                self.leash.hold(&stop, waiting).await
            }
            None => Err(Ending::Model(error)),
        }
    }

    fn count(&mut self, rejected: bool, why: impl FnOnce() -> String) -> Result<(), Ending> {
        self.rejections = if rejected { self.rejections + 1 } else { 0 };
        if self.rejections > MAX_REJECTIONS {
            return Err(Ending::Lost {
                text: format!("{} answers in a row were rejected; {}", self.rejections, why()),
            });
        }
        Ok(())
    }

    fn mind_repetition(&mut self, calls: &[ToolCall]) -> Result<(), Ending> {
        for call in calls {
            let last = self.same.0.as_ref();
            let same = last.is_some_and(|last| last.name == call.name && last.arguments == call.arguments);
            self.same = (Some(call.clone()), if same { self.same.1 + 1 } else { 1 });
            if self.same.1 >= MAX_SAME {
                return Err(Ending::Lost { text: format!("it called {} {MAX_SAME} times in the same way", call.name) });
            }
        }
        Ok(())
    }
}

/// What people said behind so many turns, as the model is told it: their words are data, inside the approved plan.
pub(super) fn guided(guidance: &[(u32, String)], turns: u32) -> Vec<Part> {
    let said: Vec<String> =
        guidance.iter().filter(|(behind, _)| *behind == turns).map(|(_, said)| text::clean(said).text).collect();
    let words: Vec<&str> = said.iter().map(|said| said.trim()).filter(|said| !said.is_empty()).collect();
    match (said.is_empty(), words.is_empty()) {
        (true, _) => vec![],
        (false, true) => vec![told("People have looked at this and let you go on as you proposed.")],
        (false, false) => vec![
            prompt::data(&json!({ "people_say": words })),
            told("People have looked at this; do as they say, inside the plan and its scope."),
        ],
    }
}

/// Whether another model may do what this one does not, by no fault of the conversation's.
fn is_not_to_be_had(error: &ModelError) -> bool {
    match error {
        ModelError::Busy { .. }
        | ModelError::Spent { .. }
        | ModelError::Gone { .. }
        | ModelError::CutOff { .. }
        | ModelError::Silent { .. } => true,
        ModelError::Refused { .. }
        | ModelError::TooLong { .. }
        | ModelError::BadRequest { .. }
        | ModelError::Cancelled { .. } => false,
    }
}

impl Heard {
    /// That a tool refused a call before a restart: it is noted again.
    pub(super) fn refused(&self, call: &ToolCall) -> Option<Said> {
        let refused = self.stored.iter().flatten().find_map(|part| match part {
            Part::ToolResult { call: id, failed: true, text } if *id == call.id && is_refusal(text) => Some(text),
            Part::ToolResult { .. } | Part::Text { .. } => None,
        });
        refused.map(|text| Said::Refused(text.clone()))
    }

    /// What was said back to a call before a restart, and whether that was a failure.
    pub(super) fn stored(&self, call: &ToolCall) -> Option<Outcome> {
        self.stored.iter().flatten().find_map(|part| match part {
            Part::ToolResult { call: id, failed, .. } if *id == call.id => {
                Some(if *failed { Outcome::Failed } else { Outcome::Done })
            }
            Part::ToolResult { .. } | Part::Text { .. } => None,
        })
    }
}

/// How a call went before a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
}

impl Said {
    fn rejection(&self) -> Option<&str> {
        match self {
            Said::Rejected(text) => Some(text),
            Said::Done(_) | Said::Failed(_) | Said::Refused(_) => None,
        }
    }

    /// What a guest is told, and whether it is a failure.
    pub(super) fn spoken(self) -> (String, bool) {
        match self {
            Said::Done(text) => (text, false),
            Said::Failed(text) | Said::Refused(text) | Said::Rejected(text) => (text, true),
        }
    }

    fn part(self, call: String) -> Part {
        match self {
            Said::Done(text) => Part::ToolResult { call, text, failed: false },
            Said::Failed(text) | Said::Refused(text) | Said::Rejected(text) => {
                Part::ToolResult { call, text, failed: true }
            }
        }
    }
}

/// Reads a call's arguments, or says what is wrong with them and where. Nothing is guessed (F49).
pub(super) fn arguments<T: DeserializeOwned>(call: &ToolCall) -> Result<T, Said> {
    match &call.arguments {
        Arguments::Json(value) => serde_path_to_error::deserialize(value).map_err(|error| {
            let at = error.path().to_string();
            let at = if at == "." { String::new() } else { format!(" at {at}") };
            Said::Rejected(format!("the arguments do not fit{at}: {}", error.inner()))
        }),
        Arguments::Broken { why, .. } => Err(Said::Rejected(format!("the arguments are not JSON: {why}"))),
    }
}

/// Says that there is no such tool.
pub(super) fn unknown(call: &ToolCall) -> Said {
    let name: String = text::visible(&call.name).text.chars().take(80).collect();
    Said::Rejected(format!("there is no tool {name:?}"))
}
