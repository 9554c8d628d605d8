//! An answer of the chat completions API, from the first chunk to `[DONE]`.

use serde::Deserialize;
use serde_json::Value;

use crate::model::conversation::{Answer, Stop, Usage};
use crate::model::draft::{Fault, MAX_PARTS, Progress, RawCall, estimate, other, read_calls, settle};

/// What the chunks so far make up.
#[derive(Debug, Default)]
pub(in crate::model) struct Draft {
    begun: bool,
    whole: bool,
    text: String,
    refusal: String,
    calls: Vec<(u64, RawCall)>,
    stop: Option<String>,
    usage: Option<Reported>,
    request_bytes: usize,
    answer_bytes: usize,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Reported>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    /// What some servers show of a thought. Not kept, but it costs.
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Reported {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

impl Draft {
    pub(in crate::model) fn new(request_bytes: usize) -> Draft {
        Draft { request_bytes, ..Draft::default() }
    }

    pub(in crate::model) fn take(&mut self, data: &str) -> Result<Progress, Fault> {
        if data.trim() == "[DONE]" {
            self.whole = true;
            return Ok(Progress::Whole);
        }
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|_| Fault::Garbled("a chunk is not what the API documents"))?;
        if let Some(error) = chunk.error {
            return Err(failure(&error));
        }
        self.begun = true;
        self.usage = chunk.usage.or(self.usage);
        for choice in chunk.choices {
            // One answer was asked for; a second one would be mixed into it.
            if choice.index != 0 {
                return Err(Fault::Garbled("it is several answers at once"));
            }
            if let Some(delta) = choice.delta {
                self.add(delta)?;
            }
            // Some servers send an empty reason with every chunk.
            let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
            self.stop = reason.or(self.stop.take());
        }
        Ok(Progress::More)
    }

    pub(in crate::model) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(in crate::model) fn spent(&self) -> Usage {
        match self.usage {
            Some(reported) => reported.total(),
            None => Usage {
                input_tokens: estimate(self.request_bytes),
                output_tokens: estimate(self.answer_bytes),
                ..Usage::default()
            },
        }
    }

    pub(in crate::model) fn finish(self) -> Result<Answer, Fault> {
        if !self.whole {
            return Err(Fault::Garbled("the stream ended before its final event"));
        }
        let usage = self.spent();
        let stop = match self.stop.as_deref() {
            None => return Err(Fault::Garbled("it does not say why it ended")),
            Some(_) if !self.refusal.is_empty() => Stop::Refused,
            Some("stop") => Stop::EndTurn,
            Some("tool_calls" | "function_call") => Stop::ToolUse,
            Some("length") => Stop::Length,
            Some("content_filter") => Stop::Refused,
            Some(reason) => other(reason),
        };
        let raw = self.calls.into_iter().map(|(_, call)| call).collect();
        let (stop, calls) = settle(stop, read_calls(raw))?;
        let text = if self.refusal.is_empty() { self.text } else { self.refusal };
        Ok(Answer { text, calls, stop, usage, blocks: Vec::new() })
    }

    fn add(&mut self, delta: Delta) -> Result<(), Fault> {
        for (text, into) in [(delta.content, &mut self.text), (delta.refusal, &mut self.refusal)] {
            let text = text.unwrap_or_default();
            self.answer_bytes += text.len();
            into.push_str(&text);
        }
        self.answer_bytes += delta.reasoning_content.map_or(0, |text| text.len());
        for part in delta.tool_calls.unwrap_or_default() {
            self.add_call(part)?;
        }
        Ok(())
    }

    fn add_call(&mut self, part: CallDelta) -> Result<(), Fault> {
        let id = part.id.unwrap_or_default();
        let index = part.index.or(self.calls.last().map(|(index, _)| *index)).unwrap_or(0);
        let known = self.calls.iter().rposition(|(at, _)| *at == index);
        // Some servers number every call 0 and tell them apart by their ids alone.
        let another = |call: &RawCall| !id.is_empty() && !call.id.is_empty() && call.id != id;
        let at = match known {
            Some(at) if !another(&self.calls[at].1) => at,
            Some(_) | None if self.calls.len() < MAX_PARTS => {
                self.calls.push((index, RawCall::default()));
                self.calls.len() - 1
            }
            Some(_) | None => return Err(Fault::Garbled("it has too many calls")),
        };
        let Some((_, call)) = self.calls.get_mut(at) else { return Ok(()) };
        if call.id.is_empty() {
            call.id = id;
        }
        let function = part.function.unwrap_or(FunctionDelta { name: None, arguments: None });
        let name = function.name.unwrap_or_default();
        if call.name.is_empty() {
            call.name = name;
        } else if !name.is_empty() && name != call.name {
            return Err(Fault::Garbled("a call changes its tool"));
        }
        let json = function.arguments.unwrap_or_default();
        self.answer_bytes += json.len();
        call.json.push_str(&json);
        Ok(())
    }
}

impl Reported {
    fn total(self) -> Usage {
        let details = self.prompt_tokens_details;
        Usage {
            input_tokens: self.prompt_tokens,
            cached_tokens: details.and_then(|details| details.cached_tokens).unwrap_or(0),
            cache_write_tokens: details.and_then(|details| details.cache_write_tokens).unwrap_or(0),
            output_tokens: self.completion_tokens,
        }
    }
}

fn failure(error: &Value) -> Fault {
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = if field("code").is_empty() { field("type") } else { field("code") };
    let words = error.as_str().unwrap_or(field("message"));
    Fault::Vendor { kind: kind.to_owned(), words: words.to_owned() }
}
