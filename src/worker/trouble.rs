//! Why a piece of work did not come to its end, sorted by what the loop does next.

use crate::github::{GithubError, Next};
use crate::ids::Timestamp;
use crate::sandbox::SandboxError;
use crate::store::StoreError;

/// Why a piece of work did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The database did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// GitHub did not do its part.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The sandbox did not start; nothing ran.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The model did not answer; it may later.
    #[error("{text}")]
    Model {
        /// The class of error.
        text: String,
        /// When to ask again.
        again_at: Timestamp,
    },
    /// What is about to be pushed breaks a rule.
    #[error("{0}")]
    Forbidden(String),
    /// Git did not bring what was asked for.
    #[error("{0}")]
    Git(String),
    /// Git says that it cannot; asking again helps only if the disk or GitHub was behind.
    #[error("{0}")]
    NotByGit(String),
    /// A conversation could not be stored or read just now.
    #[error("{0}")]
    Journal(String),
    /// What the store holds cannot be read by this version.
    #[error("the store holds something this version cannot read: {0}")]
    Corrupt(String),
    /// Somebody else moved the run again and again.
    #[error("the run was moved by others again and again")]
    Busy,
    /// The disk did not do its part.
    #[error("{what}: {source}")]
    Disk {
        /// What was done.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// An earlier try may have done it, and it cannot be seen yet; look again later.
    #[error("{0} may have been made and cannot be seen yet")]
    Absent(&'static str),
    /// Something must be mended by people first; look again later, however often.
    #[error("{text}")]
    Held {
        /// What.
        text: String,
        /// When to look again.
        again_at: Timestamp,
    },
    /// The lease is gone, or the process stops: whoever comes next goes on.
    #[error("the work was taken over or handed back")]
    Interrupted,
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Trouble {
        Trouble::Corrupt(error.to_string())
    }
}

/// What to do with a piece of work that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: whoever comes next goes on.
    Drop,
    /// Try again at this time, however often.
    At(Timestamp),
    /// Nothing can be done here until a person allows it again; look now and then, however long.
    Rest,
    /// Try again with growing patience, up to a limit.
    Again,
    /// It will not get better by itself.
    GiveUp,
}

impl Trouble {
    /// What to do next.
    pub(super) fn then(&self) -> Then {
        match self {
            Trouble::Interrupted => Then::Drop,
            Trouble::Github(error) => match error.next() {
                Next::GiveUp => Then::GiveUp,
                Next::RetryAt(at) => Then::At(at),
                Next::Rest => Then::Rest,
                Next::Retry | Next::LookUp => Then::Again,
            },
            Trouble::Store(error) if !error.is_passing() => Then::GiveUp,
            Trouble::Store(_)
            | Trouble::Git(_)
            | Trouble::NotByGit(_)
            | Trouble::Journal(_)
            | Trouble::Absent(_)
            | Trouble::Busy
            | Trouble::Disk { .. }
            | Trouble::Sandbox(_) => Then::Again,
            Trouble::Model { again_at, .. } | Trouble::Held { again_at, .. } => Then::At(*again_at),
            Trouble::Corrupt(_) | Trouble::Forbidden(_) => Then::GiveUp,
        }
    }
}
