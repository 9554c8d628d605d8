//! An answer while it arrives, and the one place where it becomes whole (F48).
//!
//! Promise: no [`Answer`] is made before the stream's own final event, and none has a call unless its end says that the
//! model waits for that call's result.

use std::collections::HashSet;

use super::conversation::{Answer, Arguments, Stop, ToolCall, Usage};
use super::lent::responses;
use super::profile::Provider;
use super::{anthropic, openai};

/// The most calls, and the most blocks, that one answer may have.
pub(super) const MAX_PARTS: usize = 256;

/// What the bytes so far make up.
pub(super) enum Draft {
    Anthropic(anthropic::Draft),
    OpenAi(openai::Draft),
    Responses(responses::Draft),
}

/// Whether the final event has been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Whole,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The vendor says that something went wrong on its side.
    Vendor { kind: String, words: String },
    /// The events do not make up an answer.
    Garbled(&'static str),
}

impl Draft {
    /// Begins the answer to a request of so many bytes.
    pub(super) fn new(provider: Provider, request_bytes: usize) -> Draft {
        match provider {
            Provider::Anthropic => Draft::Anthropic(anthropic::Draft::new(request_bytes)),
            Provider::OpenAi => Draft::OpenAi(openai::Draft::new(request_bytes)),
        }
    }

    /// Takes the data of one event.
    pub(super) fn take(&mut self, data: &str) -> Result<Progress, Fault> {
        match self {
            Draft::Anthropic(draft) => draft.take(data),
            Draft::OpenAi(draft) => draft.take(data),
            Draft::Responses(draft) => draft.take(data),
        }
    }

    /// Whether anything of the answer has come.
    pub(super) fn has_begun(&self) -> bool {
        match self {
            Draft::Anthropic(draft) => draft.has_begun(),
            Draft::OpenAi(draft) => draft.has_begun(),
            Draft::Responses(draft) => draft.has_begun(),
        }
    }

    /// What the answer has cost so far, if its request has reached the vendor: what it reports, else an estimate.
    pub(super) fn spent(&self) -> Usage {
        match self {
            Draft::Anthropic(draft) => draft.spent(),
            Draft::OpenAi(draft) => draft.spent(),
            Draft::Responses(draft) => draft.spent(),
        }
    }

    /// Makes the answer, if it is whole.
    pub(super) fn finish(self) -> Result<Answer, Fault> {
        match self {
            Draft::Anthropic(draft) => draft.finish(),
            Draft::OpenAi(draft) => draft.finish(),
            Draft::Responses(draft) => draft.finish(),
        }
    }
}

/// A call as it was written, before anything is believed about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) json: String,
}

/// Reads the calls of a whole answer. An id that is missing or repeated is replaced, since results are paired by it, and
/// the repeated call is broken: which of the two was meant cannot be known (F49).
pub(super) fn read_calls(raw: Vec<RawCall>) -> Vec<ToolCall> {
    let mut seen = HashSet::new();
    let mut calls = Vec::new();
    for (at, RawCall { id, name, json }) in raw.into_iter().enumerate() {
        let fresh = || format!("call_{at}");
        let call = if id.is_empty() {
            ToolCall { id: fresh(), name, arguments: Arguments::parse(json) }
        } else if seen.contains(&id) {
            let why = format!("its id {id:?} is that of an earlier call");
            ToolCall { id: fresh(), name, arguments: Arguments::Broken { text: json, why } }
        } else {
            ToolCall { id, name, arguments: Arguments::parse(json) }
        };
        seen.insert(call.id.clone());
        calls.push(call);
    }
    calls
}

/// Puts end and calls together: calls stay only where the end is an honest one for them.
pub(super) fn settle(stop: Stop, calls: Vec<ToolCall>) -> Result<(Stop, Vec<ToolCall>), Fault> {
    match (stop, calls.is_empty()) {
        (Stop::ToolUse, true) => Err(Fault::Garbled("it waits for calls that are not there")),
        // Some servers say "stop" at the end of calls; the answer is whole all the same.
        (Stop::ToolUse | Stop::EndTurn, false) => Ok((Stop::ToolUse, calls)),
        (stop @ (Stop::EndTurn | Stop::Length | Stop::Refused | Stop::Other(_)), _) => Ok((stop, Vec::new())),
    }
}

/// A guess at tokens from bytes, never zero for something: an endpoint that reports nothing must still use up a budget.
pub(super) fn estimate(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

/// A vendor's reason for the end, cut so that a hostile one stays small.
pub(super) fn other(reason: &str) -> Stop {
    Stop::Other(reason.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(id: &str) -> RawCall {
        RawCall { id: id.into(), name: "read".into(), json: "{}".into() }
    }

    #[test]
    fn f49_a_repeated_id_is_not_executed_twice() {
        let calls = read_calls(vec![raw("a"), raw("a"), raw("")]);
        let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["a", "call_1", "call_2"]);
        assert_eq!(calls[0].arguments, Arguments::Json(json!({})));
        assert!(matches!(calls[1].arguments, Arguments::Broken { .. }));
    }

    #[test]
    fn f48_calls_of_an_answer_that_ended_by_length_are_dropped() {
        let calls = || read_calls(vec![raw("a")]);
        assert_eq!(settle(Stop::Length, calls()), Ok((Stop::Length, vec![])));
        assert_eq!(settle(Stop::Refused, calls()), Ok((Stop::Refused, vec![])));
        assert_eq!(settle(Stop::EndTurn, calls()), Ok((Stop::ToolUse, calls())));
        assert!(settle(Stop::ToolUse, vec![]).is_err());
    }
}
