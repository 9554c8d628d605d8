//! A conversation in a file, one line for each thing that was said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::agent::executor::Work;
use crate::agent::{Journal, JournalError, Reservation, Try, Turn, priced};
use crate::ids::Digest;
use crate::model::{Answer, Part, Profile, Usage};
use crate::workflow::plan::Budget;
use crate::workflow::spending::{CallEnd, Full, Limit};

/// A conversation in a file of its own; a line that was cut off by a crash is as if it had not been said.
#[derive(Debug)]
pub(super) struct FileJournal {
    path: PathBuf,
    file: Mutex<std::fs::File>,
    budget: Budget,
    used: Mutex<Used>,
}

/// What calls have used up, failed ones too; those of unknown price cost nothing here.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    tokens: u64,
    micro_dollars: u64,
}

impl Used {
    fn plus(self, usage: &Usage, micro_dollars: Option<u64>) -> Used {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Used {
            tokens: self.tokens.saturating_add(tokens),
            micro_dollars: self.micro_dollars.saturating_add(micro_dollars.unwrap_or(0)),
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Line {
    Answered { seq: u32, request: Digest, answer: Answer },
    Replied { seq: u32, results: Vec<Part> },
    Used { usage: Usage, micro_dollars: Option<u64> },
}

impl FileJournal {
    /// Opens the file, or makes it; what was used in it counts against the budget.
    pub(super) fn open(path: &Path, budget: Budget) -> std::io::Result<FileJournal> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let whole =
            std::fs::read(path).map_or(0, |bytes| bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1));
        let file = std::fs::File::options().create(true).append(true).open(path)?;
        file.set_len(u64::try_from(whole).unwrap_or(0))?;
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let used = text.lines().fold(Used::default(), |used, line| match serde_json::from_str(line) {
            Ok(Line::Used { usage, micro_dollars }) => used.plus(&usage, micro_dollars),
            Ok(Line::Answered { .. } | Line::Replied { .. }) | Err(_) => used,
        });
        Ok(FileJournal { path: path.to_owned(), file: Mutex::new(file), budget, used: Mutex::new(used) })
    }

    /// Removes it, once there is nothing to go on with.
    pub(super) fn forget(self) {
        let _ = std::fs::remove_dir_all(self.texts());
        let _ = std::fs::remove_file(&self.path);
    }

    /// Where the texts are that do not fit into the conversation.
    fn texts(&self) -> PathBuf {
        self.path.with_extension("texts")
    }

    fn write(&self, line: &Line) -> Result<(), JournalError> {
        let failed = |error: &dyn std::fmt::Display| JournalError::Store(format!("{}: {error}", self.path.display()));
        let mut text = serde_json::to_vec(line).map_err(|error| failed(&error))?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(|error| failed(&error))
    }
}

impl Journal for FileJournal {
    async fn turns(&self) -> Result<Vec<Turn>, JournalError> {
        let unreadable = |why: String| JournalError::Unreadable(format!("{}: {why}", self.path.display()));
        let text = std::fs::read_to_string(&self.path).map_err(|error| unreadable(error.to_string()))?;
        let mut turns: Vec<Turn> = Vec::new();
        for (n, line) in text.lines().enumerate() {
            match serde_json::from_str(line) {
                Ok(Line::Answered { seq, request, answer }) if usize::try_from(seq) == Ok(turns.len()) => {
                    turns.push(Turn { request, answer, results: None });
                }
                Ok(Line::Replied { seq, results }) if usize::try_from(seq).map(|seq| seq + 1) == Ok(turns.len()) => {
                    if let Some(turn) = turns.last_mut() {
                        turn.results = Some(results);
                    }
                }
                Ok(Line::Used { .. }) => {}
                Ok(Line::Answered { .. } | Line::Replied { .. }) => {
                    return Err(unreadable(format!("line {} is out of order: remove the file", n + 1)));
                }
                Err(error) => return Err(unreadable(format!("line {}: {error}: remove the file", n + 1))),
            }
        }
        Ok(turns)
    }

    async fn reserve(&self, call: Try<'_>) -> Result<Result<Reservation, Full>, JournalError> {
        let price = priced(&call.worst, call.profile.price.as_ref());
        let then = self.used.lock().unwrap_or_else(PoisonError::into_inner).plus(&call.worst, price);
        if then.tokens > self.budget.tokens {
            return Ok(Err(Full::Budget { limit: Limit::Tokens }));
        }
        if then.micro_dollars > self.budget.micro_dollars {
            return Ok(Err(Full::Budget { limit: Limit::Money }));
        }
        Ok(Ok(Reservation(i64::from(call.seq))))
    }

    async fn settle(
        &self,
        _: Reservation,
        profile: &Profile,
        (usage, _): (Usage, CallEnd),
    ) -> Result<(), JournalError> {
        let micro_dollars = priced(&usage, profile.price.as_ref());
        self.write(&Line::Used { usage, micro_dollars })?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.plus(&usage, micro_dollars);
        Ok(())
    }

    async fn answered(&self, seq: u32, (request, _): (&Digest, &Profile), answer: &Answer) -> Result<(), JournalError> {
        self.write(&Line::Answered { seq, request: request.clone(), answer: answer.clone() })
    }

    async fn replied(&self, seq: u32, results: &[Part]) -> Result<(), JournalError> {
        self.write(&Line::Replied { seq, results: results.to_vec() })
    }

    async fn keeps(&self, name: &str, text: &str) -> Result<(), JournalError> {
        let folder = self.texts();
        let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(name), text));
        kept.map_err(|error| JournalError::Store(format!("{}: {error}", folder.display())))
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, JournalError> {
        match std::fs::read_to_string(self.texts().join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::Store(format!("{}: {error}", self.texts().display()))),
        }
    }

    async fn ticked(&self, step: &str, _: &Work) -> Result<(), JournalError> {
        tracing::info!(step, "ticked");
        Ok(())
    }
}
