//! How plans are revised, where a repository has no rules of its own.

use super::strict::Table;

/// How plans are revised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanConfig {
    /// How many revisions in a row are made of what people remark, before a person must ask for the next.
    pub rounds: u32,
}

pub(super) fn read(table: Table<'_>) -> PlanConfig {
    let rounds = table.integer("rounds", 1..=15).and_then(|n| u32::try_from(n).ok());
    table.finish();
    PlanConfig { rounds: rounds.unwrap_or(10) }
}
