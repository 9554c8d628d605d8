//! The chat completions API of OpenAI, streaming, as many other servers speak it too.
//!
//! Follows platform.openai.com's API reference, "Chat", and where other servers are known to differ says so at the spot.
//! Sends nothing that those refuse: no cache option, no `strict`, no empty list of tools.

mod answer;
mod request;

pub(super) use answer::Draft;
pub(super) use request::body;
