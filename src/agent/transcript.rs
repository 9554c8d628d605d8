//! The transcript: what was answered and what was said back, stored before it is used.
//!
//! A restart reads it and goes on where the conversation was, so that no paid answer is bought twice (F14).

use serde::{Deserialize, Serialize};

use super::ending::JournalError;
use crate::ids::Digest;
use crate::model::{Answer, Part};

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

/// Where a conversation is kept. The store stands behind it; what is stored here survives a crash.
pub trait Journal: Sync {
    /// The turns so far, oldest first.
    fn turns(&self) -> impl Future<Output = Result<Vec<Turn>, JournalError>> + Send;

    /// Stores the answer to turn `seq`, counted from 0, before it is used.
    fn answered(
        &self,
        seq: u32,
        request: &Digest,
        answer: &Answer,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Stores what is said back to turn `seq`, before the model sees it.
    fn replied(&self, seq: u32, results: &[Part]) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Takes note that a plan's step is done or not needed. Told again after a restart.
    fn ticked(&self, step: &str) -> impl Future<Output = Result<(), JournalError>> + Send;
}
