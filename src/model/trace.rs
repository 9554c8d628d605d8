//! A call as a span, named as OpenTelemetry's conventions for generative AI name it. What was said is not in it.

use tracing::{Span, field};

use super::conversation::{Answer, Usage};
use super::error::ModelError;
use super::profile::{Profile, Provider};

/// A span for one call to the model of a profile.
pub(super) fn span(profile: &Profile) -> Span {
    let provider = match profile.provider {
        Provider::Anthropic => "anthropic",
        Provider::OpenAi => "openai",
    };
    tracing::info_span!(
        "chat",
        otel.name = format!("chat {}", profile.model),
        otel.kind = "client",
        otel.status_code = field::Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = provider,
        gen_ai.request.model = profile.model,
        gen_ai.request.max_tokens = profile.max_output_tokens,
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        server.address = profile.base_url.host_str(),
        "error.type" = field::Empty,
    )
}

/// Writes into it what the call took and how it ended.
pub(super) fn record(span: &Span, outcome: &Result<Answer, ModelError>) {
    let Usage { input_tokens, output_tokens, .. } = match outcome {
        Ok(answer) => answer.usage,
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", kind(error));
            error.spent()
        }
    };
    span.record("gen_ai.usage.input_tokens", input_tokens);
    span.record("gen_ai.usage.output_tokens", output_tokens);
}

fn kind(error: &ModelError) -> &'static str {
    match error {
        ModelError::Busy { .. } => "busy",
        ModelError::CutOff { .. } => "cut_off",
        ModelError::Silent { .. } => "silent",
        ModelError::Cancelled { .. } => "cancelled",
        ModelError::Spent { .. } => "spent",
        ModelError::Gone { .. } => "gone",
        ModelError::Refused { .. } => "refused",
        ModelError::TooLong { .. } => "too_long",
        ModelError::BadRequest { .. } => "bad_request",
    }
}
