//! What a repository asks of an approval, and where more is asked.
//!
//! Invariant: nothing here is less than what the operator asks for; a policy that asks for less is refused as a whole, so
//! that nobody believes in rules that do not hold.

use std::time::Duration;

use super::people;
use super::{Bounds, Visibility, globs};
use crate::config::approval::separation;
use crate::config::limits::micro_dollars;
use crate::config::strict::Table;
use crate::ids::UserId;
use crate::workflow::approval::{Approvers, EXPIRES, Separation};

const DAY: u64 = 24 * 3600;

/// What a profile asks of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// How many different people must approve.
    pub required: u32,
    /// Whether someone who asked for a version may approve it.
    pub separation: Separation,
    /// Whether `/approve` must name the digest.
    pub require_digest: bool,
    /// How long an approval holds before the work starts.
    pub expires: Duration,
    /// Who may approve; `None` for everyone with write access.
    pub by: Option<Approvers>,
    /// People whose word never counts, by the operator's decision (E6).
    pub denied: Vec<UserId>,
    /// Where more is asked.
    pub tiers: Vec<Tier>,
}

impl Approval {
    /// The separation as a policy writes it.
    #[must_use]
    pub fn separation_name(&self) -> &'static str {
        name(self.separation)
    }

    /// Whether code owners must approve, always or in one of the tiers.
    #[must_use]
    pub fn may_ask_owners(&self) -> bool {
        let tiers = self.tiers.iter().filter_map(|tier| tier.separation);
        tiers.chain([self.separation]).any(|separation| separation == Separation::Owners)
    }
}

/// More is asked of plans that one of the conditions fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tier {
    /// The plan may change a path that one of these patterns fits.
    pub paths: Vec<String>,
    /// The plan may change more files than this.
    pub over_files: Option<u32>,
    /// The plan may write more bytes than this.
    pub over_bytes: Option<u64>,
    /// The plan will probably cost more than this, in millionths of a dollar, or nobody knows what it will cost.
    pub over_micro_dollars: Option<u64>,
    /// How many different people must approve then.
    pub required: Option<u32>,
    /// Whether someone who asked for a version may approve it then.
    pub separation: Option<Separation>,
}

/// One table `[approval]`, as far as it says something.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    required: Option<u32>,
    separation: Option<Separation>,
    require_digest: Option<bool>,
    expires: Option<Duration>,
    by: Option<Approvers>,
    tiers: Option<Vec<Tier>>,
}

impl Layer {
    /// What holds with this layer above `below`, and the operator's rules below both.
    pub(super) fn above(self, below: &Layer, bounds: &Bounds, visibility: Visibility) -> Approval {
        Approval {
            required: self.required.or(below.required).unwrap_or(bounds.required),
            separation: self.separation.or(below.separation).unwrap_or(bounds.separation),
            require_digest: self
                .require_digest
                .or(below.require_digest)
                .unwrap_or_else(|| bounds.requires_digest(visibility)),
            expires: self.expires.or(below.expires).unwrap_or(EXPIRES),
            by: self.by.or_else(|| below.by.clone()),
            denied: bounds.denied.clone(),
            tiers: self.tiers.or_else(|| below.tiers.clone()).unwrap_or_default(),
        }
    }
}

pub(super) fn read(table: Table<'_>, bounds: &Bounds, visibility: Visibility) -> Layer {
    let require_digest = table.truth("require_digest");
    if require_digest == Some(false) && bounds.requires_digest(visibility) {
        table.wrong(
            "require_digest",
            "must be true: the server's own configuration (approval.require_digest) asks for the digest here",
        );
    }
    let layer = Layer {
        required: required(&table, bounds),
        separation: separated(&table, bounds),
        require_digest,
        expires: table.parsed("expires", expiry),
        by: people::read(table.table("by")),
        tiers: table
            .has("tier")
            .then(|| table.tables("tier").into_iter().map(|tier| read_tier(tier, bounds)).collect()),
    };
    // Asked for so that it counts as known where there is none.
    table.tables("tier");
    table.finish();
    layer
}

fn required(table: &Table<'_>, bounds: &Bounds) -> Option<u32> {
    let required = table.integer("required", 1..=20).and_then(|n| u32::try_from(n).ok())?;
    if required < bounds.required {
        let what = format!(
            "must be at least {}: the server's own configuration (approval.required) asks for that",
            bounds.required
        );
        table.wrong("required", what);
    }
    Some(required)
}

fn separated(table: &Table<'_>, bounds: &Bounds) -> Option<Separation> {
    let wanted = table.parsed("separation", separation)?;
    if strictness(wanted) < strictness(bounds.separation) {
        let what = format!(
            "must be {} or stricter: the server's own configuration (approval.separation) asks for that",
            name(bounds.separation)
        );
        table.wrong("separation", what);
    }
    Some(wanted)
}

fn read_tier(table: Table<'_>, bounds: &Bounds) -> Tier {
    let tier = Tier {
        paths: table.list("paths", globs::pattern).unwrap_or_default(),
        over_files: table.integer("over_files", 0..=100_000).and_then(|n| u32::try_from(n).ok()),
        over_bytes: table.integer("over_bytes", 0..=10_000_000_000),
        over_micro_dollars: table.parsed("over_dollars", micro_dollars),
        required: required(&table, bounds),
        separation: separated(&table, bounds),
    };
    if !["paths", "over_files", "over_bytes", "over_dollars"].iter().any(|key| table.has(key)) {
        table.wrong_here("fits no plan: say which by paths, over_files, over_bytes or over_dollars");
    }
    if !["required", "separation"].iter().any(|key| table.has(key)) {
        table.wrong_here("asks for nothing more: say what by required or separation");
    }
    table.finish();
    tier
}

fn expiry(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(span) if (3600..=30 * DAY).contains(&span.as_secs()) => Ok(span),
        Ok(_) | Err(_) => Err(format!("{text:?} must be a time such as 12h or 7d, from 1h to 30d")),
    }
}

/// Which of two separations asks for more.
pub(super) fn strictness(separation: Separation) -> u8 {
    match separation {
        Separation::Open => 0,
        Separation::Auto => 1,
        Separation::TwoPerson => 2,
        Separation::Owners => 3,
    }
}

/// How a separation is written.
fn name(separation: Separation) -> &'static str {
    match separation {
        Separation::Open => "open",
        Separation::Auto => "auto",
        Separation::TwoPerson => "two-person",
        Separation::Owners => "owners",
    }
}
