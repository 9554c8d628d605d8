//! Why GitHub did not do as it was asked, sorted by what the caller does next.

use crate::ids::Timestamp;

/// Why GitHub did not do as it was asked. `what` is the request in words, `why` GitHub's own reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// 404 or 410. Right after an event this may only be GitHub lagging behind itself: a young one is not a fact.
    #[error("{what}: not there")]
    Gone { what: String },
    /// 401 or 403: a permission is missing, the installation is suspended, or we refuse it ourselves.
    #[error("{what}: not allowed: {why}")]
    Refused { what: String, why: String },
    /// 400 or 422: the request can never succeed as it is.
    #[error("{what}: not accepted: {why}")]
    Invalid { what: String, why: String },
    /// 403 because the repository is archived or the installation suspended: nothing was done, and nothing will be
    /// until a person ends that.
    #[error("{what}: at rest: {why}")]
    Parked { what: String, why: String },
    /// 403 because the issue or pull request is locked; nothing can be said there until a person unlocks it.
    #[error("{what}: the conversation is locked")]
    Locked { what: String },
    /// 409, or something of that name is there and is not ours.
    #[error("{what}: in conflict: {why}")]
    Conflict { what: String, why: String },
    /// Asked too often, by GitHub's count or by ours; nothing was done.
    #[error("{what}: asked too often, try again at {}", until.to_rfc3339())]
    Limited { what: String, until: Timestamp },
    /// A write without a clear answer: it may have happened. Look before it is repeated.
    #[error("{what}: may or may not have happened: {why}")]
    Unknown { what: String, why: String },
    /// No clear answer, and asking again does no harm.
    #[error("{what}: no answer: {why}")]
    Flaky { what: String, why: String },
}

/// What a caller does with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same request will get the same answer.
    GiveUp,
    /// Nothing was done; the same request may be sent from this moment on.
    RetryAt(Timestamp),
    /// The same request may be sent again, with the caller's own patience.
    Retry,
    /// Nothing was done; the same request may be sent when a person has ended what keeps it, and now and then before.
    Rest,
    /// Look whether it has happened ([`super::Attempt::Again`]), because GitHub's reads lag more than once.
    LookUp,
}

impl GithubError {
    /// Says what to do next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self {
            GithubError::Gone { .. }
            | GithubError::Refused { .. }
            | GithubError::Invalid { .. }
            | GithubError::Locked { .. }
            | GithubError::Conflict { .. } => Next::GiveUp,
            GithubError::Parked { .. } => Next::Rest,
            GithubError::Limited { until, .. } => Next::RetryAt(*until),
            GithubError::Unknown { .. } => Next::LookUp,
            GithubError::Flaky { .. } => Next::Retry,
        }
    }
}
