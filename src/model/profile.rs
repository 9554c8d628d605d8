//! Which model is asked, where, and how long it may take: the operator's choice, never a repository's (T40).

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::price::Price;

/// A model as it is asked in one phase of a run.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Whose wire format the address speaks.
    pub provider: Provider,
    /// The model's id, sent as it is.
    pub model: String,
    /// The address below which the vendor's paths begin, with or without the `/v1` at the end.
    pub base_url: Url,
    /// The key. Empty for a local server that wants none.
    pub api_key: SecretString,
    /// How hard to think; the vendor's default if absent, and then nothing about it is sent.
    pub effort: Option<Effort>,
    /// The most tokens one answer may have, thoughts included.
    pub max_output_tokens: u32,
    /// How long each part of a call may take.
    pub timeouts: Timeouts,
    /// What a token costs; unknown if absent, and then only tokens are counted.
    pub price: Option<Price>,
}

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Anthropic's Messages API, version 2023-06-01.
    Anthropic,
    /// OpenAI's chat completions API, also spoken by Ollama, vLLM, llama.cpp and most gateways.
    OpenAi,
}

/// How hard a model should think. Not every model takes every level; the vendor answers 400 then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As little as it can; only OpenAI's wire has it, Anthropic's is sent `low`.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// As much as it can.
    Max,
}

/// How long each part of a call may take (F47).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To a TCP and TLS connection.
    pub connect: Duration,
    /// From sending the request to the first event of the answer.
    pub first_byte: Duration,
    /// Between two whole events. Lone bytes and comments that only keep the line open do not count.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 10 seconds, 2 minutes, 1 minute and 15 minutes.
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(15 * 60),
        }
    }
}

/// Why a profile cannot be used. Each is the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProfile {
    /// The address is not one to send a key to.
    #[error("the model's address must be http:// or https:// with a host and without a user, a query or a fragment")]
    Address,
    /// The key has characters that no header can carry.
    #[error("the model's key must be one line of printable ASCII")]
    Key,
    /// The HTTP client could not be set up, for instance because the system has no certificates.
    #[error("no HTTP client for the model: {why}")]
    Client {
        /// What the client's library says.
        why: String,
    },
}

impl Profile {
    /// Provider and model as people and digests name them, such as `anthropic/claude-opus-5-5`.
    #[must_use]
    pub fn name(&self) -> String {
        let provider = match self.provider {
            Provider::Anthropic => "anthropic",
            Provider::OpenAi => "openai",
        };
        format!("{provider}/{}", self.model)
    }

    /// The address that a question is posted to.
    ///
    /// # Errors
    /// When the base address is not an http(s) address that a key may be sent to.
    pub(super) fn endpoint(&self) -> Result<Url, BadProfile> {
        let mut url = self.base_url.clone();
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(BadProfile::Address);
        }
        let base = url.path().trim_end_matches('/').to_owned();
        let path = match self.provider {
            Provider::Anthropic if base.ends_with("/v1") => format!("{base}/messages"),
            Provider::Anthropic => format!("{base}/v1/messages"),
            Provider::OpenAi if base.is_empty() => "/v1/chat/completions".to_owned(),
            Provider::OpenAi => format!("{base}/chat/completions"),
        };
        url.set_path(&path);
        Ok(url)
    }

    /// Whether the address is this machine, where no proxy helps.
    pub(super) fn is_loopback(&self) -> bool {
        match self.base_url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether the address is OpenAI's own and not another server that speaks its format.
    pub(super) fn is_openai_itself(&self) -> bool {
        self.base_url.host_str().is_some_and(|host| host == "api.openai.com" || host.ends_with(".openai.azure.com"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;

    /// A profile for an address; the key is one that must never be seen again.
    pub(in crate::model) fn profile(provider: Provider, base_url: &str) -> Profile {
        Profile {
            provider,
            model: "some-model-1".into(),
            base_url: base_url.parse().unwrap(),
            api_key: SecretString::from("sk-canary-0123456789"),
            effort: None,
            max_output_tokens: 4_096,
            timeouts: Timeouts::default(),
            price: None,
        }
    }

    #[test]
    fn t41_the_key_is_not_in_a_printed_profile() {
        let shown = format!("{:?}", profile(Provider::Anthropic, "https://api.anthropic.com"));
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn an_address_works_with_and_without_its_version() {
        let to = |provider, base| profile(provider, base).endpoint().map(String::from);
        for (provider, base, whole) in [
            (Provider::Anthropic, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
            (Provider::Anthropic, "https://gate.example/claude/v1/", "https://gate.example/claude/v1/messages"),
            (Provider::OpenAi, "https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
            (Provider::OpenAi, "http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
            (Provider::OpenAi, "https://x.example/v1beta/openai/", "https://x.example/v1beta/openai/chat/completions"),
        ] {
            assert_eq!(to(provider, base), Ok(whole.to_owned()));
        }
    }

    #[test]
    fn t40_a_key_is_sent_to_nothing_but_a_plain_web_address() {
        for base in ["file:///etc", "https://user@host", "https://:pw@host", "https://host/?a=b", "data:text,x"] {
            assert_eq!(profile(Provider::OpenAi, base).endpoint(), Err(BadProfile::Address), "{base}");
        }
    }
}
