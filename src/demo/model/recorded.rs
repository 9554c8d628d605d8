//! Answers that were written down before, played to the conversation they were given in.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::script::{Call, Reply, Said, Script, Seen};

/// Recordings conversations, read from JSON files.
#[derive(Debug, Clone, Default)]
pub struct Recordings {
    conversations: Vec<Recording>,
}

/// One conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    /// A text that stands in what the model is told: by it the conversation is known.
    mentions: String,
    /// A tool that is offered in it, which tells planning from executing.
    offers: String,
    /// The answers, in order.
    answers: Vec<Answer>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    text: String,
    #[serde(default)]
    calls: Vec<Called>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    tool: String,
    arguments: Value,
}

/// Why recordings could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct BadRecording {
    file: String,
    why: String,
}

impl Recordings {
    /// Adds the conversations of a file: a list of objects with `mentions`, `offers` and `answers`.
    ///
    /// # Errors
    /// When the file cannot be read or has another form.
    pub fn and(mut self, file: &Path) -> Result<Recordings, BadRecording> {
        let bad = |why: String| BadRecording { file: file.display().to_string(), why };
        let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
        let more: Vec<Recording> = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        self.conversations.extend(more);
        Ok(self)
    }
}

impl Script for Recordings {
    fn answer(&self, request: &Seen) -> Reply {
        let known = |talk: &&Recording| request.offers(&talk.offers) && request.mentions(&talk.mentions);
        let Some(talk) = self.conversations.iter().find(known) else {
            return Reply::Refuse("No answer was recorded for this conversation.".to_owned());
        };
        let Some(answer) = talk.answers.get(request.turns) else {
            return Reply::Refuse("The recorded answers have come to their end.".to_owned());
        };
        let calls = answer.calls.iter().map(|call| Call::new(&call.tool, &call.arguments)).collect();
        Reply::Say(Said { text: answer.text.clone(), calls, ..Said::default() })
    }
}
