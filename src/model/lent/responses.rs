//! An answer of OpenAI's responses API, from the first event to `response.completed`. Events that are not needed are skipped.

use serde::Deserialize;
use serde_json::Value;

use crate::model::conversation::{Answer, Stop, Usage};
use crate::model::draft::{Fault, MAX_PARTS, Progress, RawCall, estimate, other, read_calls, settle};

/// What the events so far make up.
#[derive(Debug, Default)]
pub(in crate::model) struct Draft {
    begun: bool,
    items: Vec<Value>,
    end: Option<Value>,
    request_bytes: usize,
    answer_bytes: usize,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Reported {
    input_tokens: u64,
    output_tokens: u64,
    input_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Draft {
    pub(in crate::model) fn new(request_bytes: usize) -> Draft {
        Draft { request_bytes, ..Draft::default() }
    }

    pub(in crate::model) fn take(&mut self, data: &str) -> Result<Progress, Fault> {
        let mut event: Value =
            serde_json::from_str(data).map_err(|_| Fault::Garbled("an event is not what the API documents"))?;
        self.begun = true;
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "response.completed" | "response.incomplete" => {
                self.end = Some(event["response"].take());
                return Ok(Progress::Whole);
            }
            "response.failed" => return Err(failure(&event["response"]["error"])),
            "error" => return Err(failure(&event)),
            "response.output_item.done" if self.items.len() < MAX_PARTS => self.items.push(event["item"].take()),
            "response.output_item.done" => return Err(Fault::Garbled("it has too many parts")),
            _ => self.answer_bytes += event["delta"].as_str().map_or(0, str::len),
        }
        Ok(Progress::More)
    }

    pub(in crate::model) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(in crate::model) fn spent(&self) -> Usage {
        let reported = self.end.as_ref().map(|end| Reported::deserialize(&end["usage"]).unwrap_or_default());
        match reported.filter(|reported| reported.input_tokens > 0) {
            Some(reported) => Usage {
                input_tokens: reported.input_tokens,
                cached_tokens: reported.input_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0),
                cache_write_tokens: 0,
                output_tokens: reported.output_tokens,
            },
            None => Usage {
                input_tokens: estimate(self.request_bytes),
                output_tokens: estimate(self.answer_bytes),
                ..Usage::default()
            },
        }
    }

    pub(in crate::model) fn finish(self) -> Result<Answer, Fault> {
        let usage = self.spent();
        let Some(end) = self.end else { return Err(Fault::Garbled("the stream ended before its final event")) };
        let items = match end["output"].as_array() {
            Some(output) if !output.is_empty() => output.clone(),
            Some(_) | None => self.items,
        };
        let field = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let (mut text, mut raw, mut refused) = (String::new(), Vec::new(), false);
        for item in &items {
            match item["type"].as_str() {
                Some("function_call") => raw.push(RawCall {
                    id: field(item, "call_id"),
                    name: field(item, "name"),
                    json: field(item, "arguments"),
                }),
                Some("message") => {
                    for part in item["content"].as_array().into_iter().flatten() {
                        refused |= part["type"] == "refusal";
                        text.push_str(part["text"].as_str().or(part["refusal"].as_str()).unwrap_or_default());
                    }
                }
                Some(_) | None => {}
            }
        }
        let stop = match end["incomplete_details"]["reason"].as_str() {
            _ if refused => Stop::Refused,
            Some("max_output_tokens") => Stop::Length,
            Some("content_filter") => Stop::Refused,
            Some(reason) => other(reason),
            None if raw.is_empty() => Stop::EndTurn,
            None => Stop::ToolUse,
        };
        let (stop, calls) = settle(stop, read_calls(raw))?;
        Ok(Answer { text, calls, stop, usage, blocks: Vec::new() })
    }
}

fn failure(error: &Value) -> Fault {
    let field = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    Fault::Vendor { kind: field("code"), words: field("message") }
}
