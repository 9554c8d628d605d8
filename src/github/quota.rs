//! How much GitHub still grants: what it said last, for whoever watches. Nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderMap;

use crate::ids::InstallationId;

/// What is left for each installation; GitHub counts by the hour ("REST: Rate limits").
#[derive(Debug, Default)]
pub(super) struct Quotas(Mutex<BTreeMap<InstallationId, u64>>);

impl Quotas {
    /// Takes note of what an answer says is left.
    pub(super) fn note(&self, installation: InstallationId, headers: &HeaderMap) {
        let left = headers.get("x-ratelimit-remaining").and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(left) = left {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(installation, left);
        }
    }

    pub(super) fn all(&self) -> Vec<(InstallationId, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(id, left)| (*id, *left)).collect()
    }
}
