//! Who must approve a plan, where a repository has no rules of its own.

use super::policy;
use super::strict::Table;
use crate::ids::UserId;
use crate::workflow::approval::Separation;

/// The approval rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalConfig {
    /// How many different people must approve.
    pub required: u32,
    /// Whether someone who asked for a version may approve it.
    pub separation: Separation,
    /// Whether `/approve` must name the digest; `None` for only in public repositories.
    pub require_digest: Option<bool>,
    /// People whose word never counts (E6).
    pub denied: Vec<UserId>,
}

pub(super) fn read(table: Table<'_>) -> ApprovalConfig {
    let required = table.integer("required", 1..=20).and_then(|n| u32::try_from(n).ok());
    let config = ApprovalConfig {
        required: required.unwrap_or(1),
        separation: table.parsed("separation", separation).unwrap_or(Separation::Auto),
        require_digest: table.parsed("require_digest", require_digest).unwrap_or(None),
        denied: table.numbers("denied", policy::account).into_iter().flatten().map(|denied| denied.id).collect(),
    };
    table.finish();
    config
}

pub(super) fn separation(text: &str) -> Result<Separation, String> {
    match text {
        "auto" => Ok(Separation::Auto),
        "open" => Ok(Separation::Open),
        "two-person" => Ok(Separation::TwoPerson),
        "owners" => Ok(Separation::Owners),
        _ => Err("must be auto, open, two-person or owners".to_owned()),
    }
}

fn require_digest(text: &str) -> Result<Option<bool>, String> {
    match text {
        "public" => Ok(None),
        "always" => Ok(Some(true)),
        "never" => Ok(Some(false)),
        _ => Err("must be public, always or never".to_owned()),
    }
}
