//! Reads what a vendor answers instead of an answer: status, headers and body become what the caller does next (F45, F46, F52).
//!
//! The status alone does not tell: one 429 passes in a second, another when somebody pays the bill; one 404 is a model
//! that was retired, another a wrong address.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::conversation::Usage;
use super::draft::Fault;
use super::error::ModelError;

/// No vendor's wait is believed beyond this.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What was answered, with the vendor's words not yet fit to be shown.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) model: &'a str,
}

/// Sorts a refusal. `show` turns the vendor's words into words that may be shown.
pub(super) fn sort(refusal: &Refusal<'_>, show: impl Fn(&str) -> String) -> ModelError {
    let said = Said::read(refusal.body);
    let code = refusal.status.as_u16();
    let kind = said.kind.first().map_or("", String::as_str);
    let parts = [format!("status {code}"), kind.to_owned(), show(&said.words)];
    let why = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let retry_after = wait(refusal.headers);
    if matches!(code, 400 | 402 | 403 | 429) && said.is_spent(retry_after.is_some()) || code == 402 {
        return ModelError::Spent { why };
    }
    if matches!(code, 400 | 403 | 404 | 410) && said.is_gone(code) {
        return ModelError::Gone { model: refusal.model.to_owned(), why };
    }
    if code == 413 || (matches!(code, 400 | 422 | 429 | 500) && said.is_too_long()) {
        return ModelError::TooLong { why };
    }
    match code {
        401 | 403 => ModelError::Refused { why },
        408 | 409 | 425 | 429 | 500..=599 => ModelError::Busy { retry_after, why, spent: Usage::default() },
        _ => ModelError::BadRequest { why, spent: Usage::default() },
    }
}

/// Sorts what went wrong after the answer had begun.
pub(super) fn sort_fault(fault: Fault, spent: Usage, show: impl Fn(&str) -> String) -> ModelError {
    match fault {
        Fault::Garbled(why) => ModelError::CutOff { why: why.to_owned(), spent },
        Fault::Vendor { kind, words } => {
            let said = Said { kind: identifiers([kind]), words };
            let why = format!("{} {}", said.kind.join(" "), show(&said.words)).trim().to_owned();
            if said.is_spent(false) {
                ModelError::Spent { why }
            } else if said.is_too_long() {
                ModelError::TooLong { why }
            } else {
                ModelError::Busy { retry_after: None, why, spent }
            }
        }
    }
}

/// The parts of an error body that all vendors have, in one shape or another.
struct Said {
    /// `code` and `type`, as far as they look like identifiers.
    kind: Vec<String>,
    words: String,
}

impl Said {
    fn read(body: &[u8]) -> Said {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        // OpenAI and Anthropic have `{"error": {..}}`, Ollama `{"error": ".."}`, vLLM the fields at the top.
        let error = json.get("error").unwrap_or(&json);
        let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let words = error.as_str().map_or_else(|| field("message"), str::to_owned);
        Said { kind: identifiers([field("code"), field("type")]), words }
    }

    /// Words alone do not outweigh a `retry-after`: some gateways speak of quotas when they mean a minute's rate.
    fn is_spent(&self, may_retry: bool) -> bool {
        let named = self.kind.iter().any(|kind| {
            matches!(kind.as_str(), "insufficient_quota" | "billing_error" | "billing_hard_limit_reached")
                || matches!(kind.as_str(), "billing_not_active" | "credit_balance_exhausted" | "credit_balance_too_low")
                || kind.ends_with("_spend_limit_exceeded")
                || kind.ends_with("_usage_limit_exceeded")
        });
        let phrases = [
            "credit balance is too low",
            "specified api usage limits",
            "exceeded your current quota",
            "insufficient balance",
            "insufficient credits",
            "spend limit",
            "spending limit",
        ];
        named || (!may_retry && self.says_any(&phrases))
    }

    fn is_gone(&self, code: u16) -> bool {
        let named = self.kind.iter().any(|kind| matches!(kind.as_str(), "model_not_found" | "model_not_available"));
        named || (matches!(code, 404 | 410) && self.says_any(&["model"]))
    }

    fn is_too_long(&self) -> bool {
        let named = self.kind.iter().any(|kind| {
            matches!(kind.as_str(), "context_length_exceeded" | "request_too_large" | "exceed_context_size_error")
        });
        let phrases = [
            "prompt is too long",
            "maximum context length",
            "exceed context limit",
            "exceeds the available context size",
            "context window",
            // OpenAI's 429 for a request that no minute's allowance can ever hold.
            "request too large",
        ];
        named || self.says_any(&phrases)
    }

    fn says_any(&self, phrases: &[&str]) -> bool {
        let words = self.words.to_lowercase();
        phrases.iter().any(|phrase| words.contains(phrase))
    }
}

/// Keeps what is short and made of lower-case letters, digits and `_`: such a word repeats nobody's text.
fn identifiers(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let known = |word: &String| (1..=48).contains(&word.len()) && word.chars().all(plain);
    words.into_iter().filter(known).collect()
}

/// How long the vendor asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date held against the
/// response's own `date`, so that no clock is needed here.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number =
        |name: &str| text(name).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite() && *n >= 0.0);
    let date = |name: &str| text(name).and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
    let seconds = number("retry-after-ms").map(|ms| ms / 1_000.0).or_else(|| number("retry-after"));
    let wait = match seconds {
        Some(seconds) => Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())),
        None => (date("retry-after")? - date("date")?).to_std().ok()?,
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Headers = &'static [(&'static str, &'static str)];

    fn sorted(status: u16, headers: Headers, body: &str) -> ModelError {
        let headers = headers.iter().filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
        let headers: HeaderMap = headers.collect();
        let status = StatusCode::from_u16(status).unwrap_or_default();
        sort(&Refusal { status, headers: &headers, body: body.as_bytes(), model: "m-1" }, |_| String::new())
    }

    fn name(error: &ModelError) -> &'static str {
        match error {
            ModelError::Busy { .. } => "busy",
            ModelError::Spent { .. } => "spent",
            ModelError::Gone { .. } => "gone",
            ModelError::Refused { .. } => "refused",
            ModelError::TooLong { .. } => "too long",
            ModelError::BadRequest { .. } => "bad request",
            ModelError::CutOff { .. } => "cut off",
            ModelError::Silent { .. } => "silent",
            ModelError::Cancelled { .. } => "cancelled",
        }
    }

    fn anthropic(kind: &str, message: &str) -> String {
        json!({"type": "error", "error": {"type": kind, "message": message}}).to_string()
    }

    fn openai(kind: &str, code: Option<&str>, message: &str) -> String {
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
    }

    /// Bodies as the vendors document them or as their users report them, each with and without a wait.
    #[test]
    fn f45_f46_f52_each_body_has_its_class_with_each_header() {
        let quota = "You exceeded your current quota, please check your plan and billing details.";
        let low = "Your credit balance is too low to access the Anthropic API.";
        let limit = "You have reached your specified API usage limits. You will regain access on 2026-12-01.";
        let rate = "This request would exceed your organization's rate limit of 50 requests per minute.";
        let cases = [
            (429, anthropic("rate_limit_error", rate), "busy"),
            (429, openai("requests", Some("rate_limit_exceeded"), "Rate limit reached for m-1"), "busy"),
            (429, String::new(), "busy"),
            (429, "<html>Too many</html>".into(), "busy"),
            (429, openai("insufficient_quota", Some("insufficient_quota"), quota), "spent"),
            (429, openai("insufficient_quota", Some("project_spend_limit_exceeded"), quota), "spent"),
            (400, anthropic("billing_error", "x"), "spent"),
            (402, String::new(), "spent"),
            (400, openai("invalid_request_error", Some("billing_hard_limit_reached"), "x"), "spent"),
            (529, anthropic("overloaded_error", "Overloaded"), "busy"),
            (500, anthropic("api_error", "Internal server error"), "busy"),
            (503, openai("server_error", None, "The engine is currently overloaded"), "busy"),
            (502, "bad gateway".into(), "busy"),
            (408, String::new(), "busy"),
            (401, anthropic("authentication_error", "invalid x-api-key"), "refused"),
            (403, anthropic("permission_error", "no"), "refused"),
            (404, anthropic("not_found_error", "model: m-1"), "gone"),
            (404, openai("invalid_request_error", Some("model_not_found"), "The model does not exist"), "gone"),
            (403, openai("invalid_request_error", Some("model_not_found"), "no access"), "gone"),
            (404, json!({"error": "model 'm-1' not found"}).to_string(), "gone"),
            (404, "<html>nginx</html>".into(), "bad request"),
            (413, anthropic("request_too_large", "x"), "too long"),
            (400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "too long"),
            (400, openai("invalid_request_error", Some("context_length_exceeded"), "x"), "too long"),
            (429, openai("tokens", Some("rate_limit_exceeded"), "Request too large for m-1"), "too long"),
            (400, anthropic("invalid_request_error", "max_tokens: too many"), "bad request"),
            (422, "[]".into(), "bad request"),
            (307, String::new(), "bad request"),
        ];
        for (status, body, class) in &cases {
            for headers in [&[][..], &[("retry-after", "3")], &[("x-should-retry", "true")]] {
                assert_eq!(name(&sorted(*status, headers, body)), *class, "{status} {headers:?} {body}");
            }
        }
        // Words alone are a limit of money only if the vendor does not say when to come back.
        for words in [quota, low, limit] {
            for status in [400, 429] {
                let body = anthropic("invalid_request_error", words);
                assert_eq!(name(&sorted(status, &[], &body)), "spent", "{status} {words}");
            }
            assert_eq!(name(&sorted(429, &[("retry-after", "20")], &anthropic("rate_limit_error", words))), "busy");
        }
    }

    #[test]
    fn f45_a_wait_is_read_in_each_form_and_never_believed_beyond_an_hour() {
        const DATE: (&str, &str) = ("date", "Sun, 22 Nov 2026 14:00:00 GMT");
        let cases: [(Headers, Option<u64>); 9] = [
            (&[("retry-after", "7")], Some(7_000)),
            (&[("retry-after", "0.5")], Some(500)),
            (&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1_500)),
            (&[("retry-after", "Sun, 22 Nov 2026 14:00:30 GMT"), DATE], Some(30_000)),
            (&[("retry-after", "Sun, 22 Nov 2026 13:00:00 GMT"), DATE], None),
            (&[("retry-after", "Sun, 22 Nov 2026 14:00:30 GMT")], None),
            (&[("retry-after", "1e300")], Some(3_600_000)),
            (&[("retry-after", "-5")], None),
            (&[("retry-after", "soon")], None),
        ];
        for (headers, milliseconds) in cases {
            let expected = ModelError::Busy {
                retry_after: milliseconds.map(Duration::from_millis),
                why: "status 429".into(),
                spent: Usage::default(),
            };
            assert_eq!(sorted(429, headers, ""), expected, "{headers:?}");
        }
    }

    #[test]
    fn t41_a_kind_that_is_no_identifier_is_not_shown() {
        let body = openai("Some Text Of Yours", Some("sk-ABC"), "x");
        let refused = ModelError::BadRequest { why: "status 418".into(), spent: Usage::default() };
        assert_eq!(sorted(418, &[], &body), refused);
    }
}
