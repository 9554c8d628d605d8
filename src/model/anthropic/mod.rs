//! Anthropic's Messages API, version 2023-06-01, streaming.
//!
//! Follows platform.claude.com: "Messages", "Streaming messages", "Prompt caching", "Effort", "Adaptive thinking".

mod answer;
mod request;

pub(super) use answer::Draft;
pub(super) use request::{body, level};
