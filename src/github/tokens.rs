//! Installation tokens: one repository, one step, minted when first needed, kept in memory until they grow old.
//!
//! A token lives an hour; it is replaced after 45 minutes. Callers who wait for the same token wait for one minting.
//! Nothing here is ever written down or printed: a crash leaves tokens that GitHub ends within the hour (T43).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Mutex as Waiting, MutexGuard};

use super::Step;
use crate::ids::{InstallationId, RepoId, Timestamp};

/// A token is used no longer than this, so that an hour's life never ends in the middle of a step (F32).
const FRESH: Duration = Duration::from_secs(45 * 60);
/// How far ahead the moment of minting may lie of the moment in which a token is used.
const AHEAD: Duration = Duration::from_secs(60);

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reach {
    pub(super) installation: InstallationId,
    pub(super) repository: RepoId,
    pub(super) step: Step,
}

/// A token and the moment it was minted.
#[derive(Debug, Clone)]
pub(super) struct Minted {
    pub(super) token: SecretString,
    pub(super) at: Timestamp,
}

impl Minted {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // A clock set back leaves the moment of minting far ahead; then nothing is known about its age. Whoever began
        // earlier may ask later, so it may lie a little ahead.
        self.at.since(now) < AHEAD && now.since(self.at) < FRESH
    }
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    slots: Mutex<HashMap<Reach, Arc<Slot>>>,
}

/// The place of one token. Who holds it while it is empty mints; the others wait.
#[derive(Debug, Default)]
pub(super) struct Slot(Waiting<Option<Minted>>);

impl Tokens {
    /// The place for a token of this reach. Old tokens nobody is using are dropped on the way.
    pub(super) fn slot(&self, reach: Reach, now: Timestamp) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| {
            let idle = Arc::strong_count(slot) == 1;
            !idle || slot.0.try_lock().is_ok_and(|held| held.as_ref().is_some_and(|minted| minted.is_fresh(now)))
        });
        Arc::clone(slots.entry(reach).or_default())
    }
}

impl Slot {
    /// Waits until nobody else is minting; what is returned is either a fresh token or the right to mint.
    pub(super) async fn hold(&self, now: Timestamp) -> Held<'_> {
        let mut held = self.0.lock().await;
        if !held.as_ref().is_some_and(|minted| minted.is_fresh(now)) {
            *held = None;
        }
        Held(held)
    }

    /// Forgets a token that GitHub did not take, unless somebody has already replaced it.
    pub(super) async fn drop_refused(&self, refused: &Minted) {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|minted| minted.at == refused.at && same(&minted.token, &refused.token)) {
            *held = None;
        }
    }

    /// Takes the token out, fresh or not.
    pub(super) async fn take(&self) -> Option<Minted> {
        self.0.lock().await.take()
    }
}

/// The only one at a [`Slot`].
pub(super) struct Held<'a>(MutexGuard<'a, Option<Minted>>);

impl Held<'_> {
    pub(super) fn token(&self) -> Option<Minted> {
        self.0.clone()
    }

    pub(super) fn put(mut self, minted: &Minted) {
        *self.0 = Some(minted.clone());
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    use secrecy::ExposeSecret;
    one.expose_secret() == other.expose_secret()
}
