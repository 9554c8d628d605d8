//! The rules that one plan is judged by: what its profile asks for, and every tier that fits it.

use super::approval::{Tier, strictness};
use super::{Profile, globs};
use crate::workflow::approval::{Rules, Separation};
use crate::workflow::plan::Plan;

impl Profile {
    /// The rules for a plan: the strictest of the profile's and of all tiers that fit it. `micro_dollars` is what the
    /// execution will probably cost; `None` where nobody knows, which counts as more than anything.
    #[must_use]
    pub fn rules(&self, plan: &Plan, micro_dollars: Option<u64>) -> Rules {
        let approval = &self.approval;
        let fitting = || approval.tiers.iter().filter(|tier| tier.fits(plan, micro_dollars));
        Rules {
            required: fitting().filter_map(|tier| tier.required).fold(approval.required, u32::max),
            separation: fitting().filter_map(|tier| tier.separation).fold(approval.separation, stricter),
            require_digest: approval.require_digest,
            approvers: approval.by.clone(),
            denied: approval.denied.clone(),
            expires: approval.expires,
        }
    }
}

impl Tier {
    /// Whether one of the conditions fits. What the plan may do counts, not what it says it will.
    fn fits(&self, plan: &Plan, micro_dollars: Option<u64>) -> bool {
        let scope = &plan.scope;
        let meets = |glob: &String| scope.paths.iter().any(|path| globs::may_meet(glob, path));
        self.paths.iter().any(meets)
            || self.over_files.is_some_and(|limit| scope.max_files > limit)
            || self.over_bytes.is_some_and(|limit| scope.max_bytes > limit)
            || self.over_micro_dollars.is_some_and(|limit| micro_dollars.is_none_or(|cost| cost > limit))
    }
}

fn stricter(one: Separation, other: Separation) -> Separation {
    if strictness(one) >= strictness(other) { one } else { other }
}
