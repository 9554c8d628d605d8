//! The transcript: what was answered and what was said back, stored before it is used.
//!
//! A restart reads it and goes on where the conversation was, so that no paid answer is bought twice (F14).

use serde::{Deserialize, Serialize};

use super::ending::JournalError;
use super::executor::Work;
use crate::ids::Digest;
use crate::model::{Answer, ModelError, Part, Profile, Usage};
use crate::workflow::spending::{CallEnd, Full};

/// One stored turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The digest of the request that was answered.
    pub request: Digest,
    /// The answer.
    pub answer: Answer,
    /// What was said back, once that is known.
    pub results: Option<Vec<Part>>,
}

/// One try of a call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The turn it is for, counted from 0.
    pub seq: u32,
    /// Which try of that turn it is since the start, from 1.
    pub attempt: u32,
    /// Who is asked.
    pub profile: &'a Profile,
    /// The most it may use up.
    pub worst: Usage,
}

/// A call that was reserved, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation(pub i64);

/// How a call ended, by what came of it.
pub(super) fn end_of(outcome: &Result<Answer, ModelError>) -> CallEnd {
    match outcome {
        Ok(_) => CallEnd::Answered,
        Err(ModelError::Cancelled { .. }) => CallEnd::CalledOff,
        Err(_) => CallEnd::Failed,
    }
}

/// Where a conversation is kept. The store stands behind it; what is stored here survives a crash.
pub trait Journal: Sync {
    /// The turns so far, oldest first.
    fn turns(&self) -> impl Future<Output = Result<Vec<Turn>, JournalError>> + Send;

    /// Reserves what a call may use up, before it is made, or says which limit leaves no room for it.
    fn reserve(&self, call: Try<'_>) -> impl Future<Output = Result<Result<Reservation, Full>, JournalError>> + Send;

    /// Writes down what a reserved call has used, and how it ended.
    fn settle(
        &self,
        call: Reservation,
        profile: &Profile,
        used: (Usage, CallEnd),
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Stores the answer to turn `seq`, counted from 0, before it is used.
    fn answered(
        &self,
        seq: u32,
        request: (&Digest, &Profile),
        answer: &Answer,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Stores what is said back to turn `seq`, before the model sees it.
    fn replied(&self, seq: u32, results: &[Part]) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// What people said to stopped work when they let it go on: behind how many turns, and their words. Empty words let it
    /// go on as it had proposed.
    fn guidance(&self) -> impl Future<Output = Result<Vec<(u32, String)>, JournalError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Takes note that a plan's step is done or not needed, and keeps the work as it is then. Told again after a restart.
    fn ticked(&self, step: &str, work: &Work) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Keeps a text of this conversation under a name, in the place of what was there: the output of a command.
    fn keeps(&self, name: &str, text: &str) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// What was kept under a name.
    fn kept(&self, name: &str) -> impl Future<Output = Result<Option<String>, JournalError>> + Send;
}
