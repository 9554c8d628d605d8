//! What we ask of GitHub: octocrab behind the few calls we make.
//!
//! [`App`] is the App as a whole and holds its key; [`App::repository`] opens one repository with the permissions of
//! one [`Step`] at one moment, and everything else is a method of the [`Repository`] that it returns.
//!
//! Promises: one request does one thing and is sent once (a refused token is the only reason to send it again); every
//! token is for one repository and one step and lives in memory only; an answer that leaves open whether a write
//! happened says so ([`GithubError::Unknown`]), and what must not appear twice has an `ensure_…` that looks first.
//! Refuses: to sleep, to retry by itself, to exceed GitHub's documented rate of writes, to write to a branch that is
//! not ours, to send a text GitHub would cut.

mod access;
mod answer;
mod app;
mod branches;
mod checks;
mod comments;
mod crypto;
mod deliveries;
mod error;
mod fields;
mod files;
mod finding;
mod graphql;
mod inspect;
mod issues;
mod job_log;
mod key;
mod labels;
mod marker;
mod objects;
mod pace;
mod people;
mod permissions;
mod projects;
mod pulls;
mod quota;
mod reactions;
mod red;
mod registration;
mod removal;
mod repository;
mod reviews;
mod scene;
mod several;
mod siblings;
mod sign_in;
mod sub_issues;
mod teams;
#[cfg(test)]
mod testing;
mod threads;
mod tokens;
mod top;
mod wire;
mod witness;

pub use app::{App, BadApp, GithubConfig, Identity};
pub use branches::OUR_BRANCHES;
pub use checks::{Annotation, CheckReport, CheckRun, CheckRunId, Conclusion};
pub use comments::{Comment, TEXT_LIMIT, Thread};
pub use crypto::install_crypto;
pub use deliveries::{HookDelivery, HookDeliveryId, Stretch};
pub use error::{GithubError, Next};
pub use files::{FileRead, FileWritten, NewFile};
pub use inspect::{Covered, Hook, Installed};
pub use issues::{Issue, OpenState};
pub use key::BadKey;
pub use marker::{Marker, MarkerKey, Trace};
pub use objects::{Authored, CommitObject, Entry, FileMode};
pub use people::{Level, Permission};
pub use permissions::{
    Access, EVENTS, Missing, NEEDED, Need, OPTIONAL, Step, check_granted, check_optional, check_permissions,
};
pub use pulls::{NewPull, Pull, PullState};
pub use reactions::{Reaction, Target};
pub use red::{OthersChecks, RedCheck};
pub use registration::Registration;
pub use repository::{About, RepoRef, Repository};
pub use reviews::{LineRemark, Review, ReviewComment, ReviewState};
pub use scene::{ForcePushes, PullScene};
pub use sign_in::{NotSignedIn, SignIn, Verifier};
pub use sub_issues::MOST_SUB_ISSUES;
pub use teams::TeamState;
pub use top::Top;
pub use wire::{Calls, Listing};
pub use witness::{Write, witnessed};

/// What must be looked at before an effect is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nobody has tried before: do it without a look.
    First,
    /// An earlier try may have done it: look first, and adopt what is ours.
    Again,
}
