//! Looks for deliveries that GitHub could not bring, and asks for them again (F05).
//!
//! The newest are looked at each time. Where GitHub lists more than one look goes through, another stretch of the older
//! ones is looked at as well, from a place that is kept between sweeps, until all of the last three days have been.

use std::collections::{HashMap, HashSet};

use super::{Core, Trouble};
use crate::github::{GithubError, HookDelivery, HookDeliveryId, Stretch};
use crate::ids::{DeliveryId, Timestamp};

/// A delivery that did not arrive in so many tries is refused for a reason that more tries do not mend.
const MOST_TRIES: usize = 10;
/// GitHub keeps deliveries for so long.
const KEPT_MS: i64 = 3 * 24 * 3600 * 1000;
/// The place where the look at older deliveries goes on.
const CURSOR: &str = "deliveries";
/// So many requests in a row without an answer are one outage, and not something wrong with these deliveries.
const MOST_UNANSWERED: usize = 10;

impl Core {
    /// Asks GitHub for another try at deliveries that failed lately. A delivery that does arrive twice counts once. One
    /// that GitHub does not send again holds up no other.
    ///
    /// # Errors
    /// When GitHub or the store does not answer, or GitHub asks for patience; the next sweep goes on.
    pub async fn sweep(&self, now: Timestamp) -> Result<u32, Trouble> {
        let since = Timestamp(now.0 - KEPT_MS);
        let Stretch { items: mut tries, rest } = self.app.hook_deliveries_from(None, since, now).await?;
        let rest = match (rest, self.store.cursor(CURSOR).await?) {
            (Some(rest), Some(place)) => self.look_further(&mut tries, (rest, place), now).await?,
            (rest, _) => rest,
        };
        let asked = self.ask_for(&tries, now).await?;
        self.store.set_cursor(CURSOR, rest.as_deref()).await?;
        if asked > 0 {
            tracing::info!(asked, "asked GitHub for {asked} deliveries that did not arrive");
        }
        Ok(asked)
    }

    /// Adds a stretch of older tries. Says where the next one begins.
    async fn look_further(
        &self,
        tries: &mut Vec<HookDelivery>,
        (rest, place): (String, String),
        now: Timestamp,
    ) -> Result<Option<String>, Trouble> {
        match self.app.hook_deliveries_from(Some(&place), Timestamp(now.0 - KEPT_MS), now).await {
            Ok(older) => {
                tries.extend(older.items);
                Ok(older.rest)
            }
            Err(error @ GithubError::Limited { .. }) => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "older deliveries were not looked at");
                // What GitHub does not know any more it will not know again.
                let is_lost = matches!(error, GithubError::Gone { .. } | GithubError::Invalid { .. });
                Ok(Some(if is_lost { rest } else { place }))
            }
        }
    }

    async fn ask_for(&self, tries: &[HookDelivery], now: Timestamp) -> Result<u32, Trouble> {
        let (mut asked, mut unanswered) = (0, 0);
        for (id, guid) in not_arrived(tries) {
            // An answer that came too late for GitHub, or a try in a stretch that is not looked at now.
            if self.store.was_received(guid).await? {
                continue;
            }
            match self.app.redeliver(id, now).await {
                Ok(()) => (asked, unanswered) = (asked + 1, 0),
                Err(error @ GithubError::Limited { .. }) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(delivery.id = %guid, %error, "delivery {guid} is not sent again");
                    let is_silent = matches!(error, GithubError::Flaky { .. } | GithubError::Unknown { .. });
                    unanswered = if is_silent { unanswered + 1 } else { 0 };
                    if unanswered == MOST_UNANSWERED {
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(asked)
    }
}

/// The newest try of each delivery that did not arrive. One whose first try is not among these is looked at with that
/// one: each try is younger than the one before, and would be asked for on and on.
fn not_arrived(tries: &[HookDelivery]) -> Vec<(HookDeliveryId, &DeliveryId)> {
    let mut seen = HashSet::new();
    // What came in meanwhile moves the stretches a little over each other.
    let tries: Vec<&HookDelivery> = tries.iter().filter(|delivery| seen.insert(delivery.id)).collect();
    let mut of: HashMap<&str, Vec<&HookDelivery>> = HashMap::new();
    for delivery in &tries {
        of.entry(delivery.guid.as_str()).or_default().push(delivery);
    }
    let is_wanted = |delivery: &&HookDelivery| {
        let Some(same) = of.get(delivery.guid.as_str()) else { return false };
        let is_newest = same.iter().all(|other| other.id <= delivery.id);
        let arrived = same.iter().any(|other| other.succeeded());
        is_newest && !arrived && same.len() < MOST_TRIES && same.iter().any(|other| !other.redelivery)
    };
    tries.into_iter().filter(is_wanted).map(|delivery| (delivery.id, &delivery.guid)).collect()
}
