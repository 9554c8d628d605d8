//! A conversation in a file, one line for each thing that was said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::agent::{Journal, JournalError, Turn};
use crate::ids::Digest;
use crate::model::{Answer, Part};

/// A conversation in a file of its own; a line that was cut off by a crash is as if it had not been said.
#[derive(Debug)]
pub(super) struct FileJournal {
    path: PathBuf,
    file: Mutex<std::fs::File>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Answered { seq: u32, request: Digest, answer: Answer },
    Replied { seq: u32, results: Vec<Part> },
}

impl FileJournal {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> std::io::Result<FileJournal> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let whole =
            std::fs::read(path).map_or(0, |bytes| bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1));
        let file = std::fs::File::options().create(true).append(true).open(path)?;
        file.set_len(u64::try_from(whole).unwrap_or(0))?;
        Ok(FileJournal { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Removes it, once there is nothing to go on with.
    pub(super) fn forget(self) {
        let _ = std::fs::remove_file(&self.path);
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
                Ok(Line::Answered { .. } | Line::Replied { .. }) => {
                    return Err(unreadable(format!("line {} is out of order: remove the file", n + 1)));
                }
                Err(error) => return Err(unreadable(format!("line {}: {error}: remove the file", n + 1))),
            }
        }
        Ok(turns)
    }

    async fn answered(&self, seq: u32, request: &Digest, answer: &Answer) -> Result<(), JournalError> {
        self.write(&Line::Answered { seq, request: request.clone(), answer: answer.clone() })
    }

    async fn replied(&self, seq: u32, results: &[Part]) -> Result<(), JournalError> {
        self.write(&Line::Replied { seq, results: results.to_vec() })
    }

    async fn ticked(&self, step: &str) -> Result<(), JournalError> {
        tracing::info!(step, "ticked");
        Ok(())
    }
}
