//! The model's wire: one question to one model, one whole answer back.
//!
//! Speaks Anthropic's Messages API and the chat completions API that OpenAI and many local servers share, both
//! streaming. Nothing outside this module knows which of the two is in use, but a program of somebody else's that the model
//! is lent to (`lent`).
//!
//! Promises: an [`Answer`] is whole or it is a [`ModelError`], never the first part of one; arguments that are not
//! what the model wrote are never made up; no call waits longer than its [`Timeouts`]; what is read is bounded, since an
//! endpoint may be hostile; an error never carries the key or the text that was sent.
//!
//! Refuses: to retry for longer than a moment (the worker does, by [`retry_after`]), to follow redirects, to send the key
//! anywhere but to the configured address.

mod anthropic;
mod arguments;
mod call;
mod client;
mod conversation;
mod detail;
mod draft;
#[cfg(test)]
mod draft_tests;
mod error;
mod lent;
mod openai;
mod price;
mod profile;
mod refusal;
mod request;
mod sse;
mod trace;
#[cfg(all(test, feature = "demo"))]
mod wire_tests;

pub use client::Model;
pub use conversation::{Answer, Arguments, Conversation, Message, Part, Stop, ToolCall, ToolSpec, Usage};
pub use error::{Limit, ModelError, retry_after, spread};
pub use lent::{Asked, Dialect, NotTaken, Piece, Wish, betas, shown_keys};
pub use price::{LongPrompt, MicroDollars, Price, cost, price_list_date, shipped_price};
pub use profile::{BadProfile, Effort, Profile, Provider, Timeouts};
pub use request::request_hash;
