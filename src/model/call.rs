//! A call under way, how it ends, and what it is taken to have cost where the vendor has not said so.
//!
//! Promise: a request that may have reached the vendor, and was not refused by a status, costs its input at least; one
//! that was thought about in silence until the patience was over costs what was reserved for it (T56). What was refused,
//! or never had a connection, costs nothing.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::conversation::{Answer, Usage};
use super::draft::{Draft, Fault, estimate};
use super::error::{Limit, ModelError};
use super::refusal::{Refusal, sort, sort_fault};

/// A call under way.
pub(super) struct Call {
    pub(super) draft: Draft,
    /// How many requests may have reached the vendor: more than one if a connection broke.
    pub(super) sent: u32,
    request_tokens: u64,
    worst: Usage,
}

/// Why the exchange ended early; becomes a [`ModelError`] once the cost is known.
pub(super) enum Cut {
    Cancelled,
    Silent(Limit),
    Fault(Fault),
    Stream(String),
    NoStream,
    NoConnection(String),
    Refused { status: StatusCode, headers: Box<HeaderMap>, body: Vec<u8> },
}

impl Call {
    /// Begins one with a request of so many bytes, which costs this at worst.
    pub(super) fn new(draft: Draft, request_bytes: usize, worst: Usage) -> Call {
        Call { draft, sent: 0, request_tokens: estimate(request_bytes), worst }
    }

    /// The answer, or why there is none. `show` turns the vendor's words into words that may be shown.
    pub(super) fn end(
        self,
        outcome: Result<(), Cut>,
        model: &str,
        show: impl Fn(&str) -> String,
    ) -> Result<Answer, ModelError> {
        let cut = match outcome {
            Ok(()) => {
                let spent = self.draft.spent();
                return self.draft.finish().map_err(|fault| sort_fault(fault, spent, show));
            }
            Err(cut) => cut,
        };
        let spent = self.spent(&cut);
        Err(match cut {
            Cut::Cancelled => ModelError::Cancelled { spent },
            Cut::Silent(limit) => ModelError::Silent { limit, spent },
            Cut::Fault(fault) => sort_fault(fault, spent, show),
            Cut::Stream(why) => ModelError::CutOff { why, spent },
            Cut::NoStream => ModelError::BadRequest { why: "the address does not answer with a stream".into(), spent },
            Cut::NoConnection(why) => ModelError::Busy { retry_after: None, why, spent },
            Cut::Refused { status, headers, body } => {
                sort(&Refusal { status, headers: &headers, body: &body, model }, show)
            }
        })
    }

    fn spent(&self, cut: &Cut) -> Usage {
        let lost = u64::from(self.sent.saturating_sub(1)).saturating_mul(self.request_tokens);
        let lost = Usage { input_tokens: lost, ..Usage::default() };
        match cut {
            Cut::Refused { .. } => Usage::default(),
            _ if self.sent == 0 => Usage::default(),
            // The vendor may have worked all the while, and nobody has heard on what.
            Cut::Silent(Limit::FirstByte | Limit::Total) if !self.draft.has_begun() => self.worst.plus(lost),
            Cut::Cancelled | Cut::Silent(_) | Cut::Fault(_) | Cut::Stream(_) | Cut::NoStream | Cut::NoConnection(_) => {
                self.draft.spent().plus(lost)
            }
        }
    }
}
