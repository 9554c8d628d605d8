//! What GitHub has sent us and how it went: how a lost webhook is noticed (F05).

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::wire::{Ask, Listing};
use super::{App, GithubError, fields};
use crate::ids::{DeliveryId, Timestamp};

/// Pages of a hundred that are looked through at a time.
const PAGES: usize = 20;

/// GitHub's numeric id of one try to deliver a webhook; a second try has another, and the same [`DeliveryId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HookDeliveryId(pub i64);

/// One try to deliver a webhook to us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HookDelivery {
    pub id: HookDeliveryId,
    /// What our door would have stored it as.
    pub guid: DeliveryId,
    #[serde(deserialize_with = "fields::time")]
    pub delivered_at: Timestamp,
    #[serde(default)]
    pub redelivery: bool,
    /// What we answered; 0 when nobody did.
    #[serde(default)]
    pub status_code: u16,
    pub event: String,
    #[serde(default)]
    pub action: Option<String>,
}

impl HookDelivery {
    /// Whether we took it.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

/// Some of what was sent to us, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub items: Vec<HookDelivery>,
    /// Where the next stretch begins; `None` at the end.
    pub rest: Option<String>,
}

impl App {
    /// Lists what was sent to us since a moment, newest first, as far as one stretch goes.
    ///
    /// # Errors
    /// As for any read.
    pub async fn hook_deliveries(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Listing<HookDelivery>, GithubError> {
        let Stretch { items, rest } = self.hook_deliveries_from(None, since, now).await?;
        Ok(Listing { items, complete: rest.is_none() })
    }

    /// Lists what was sent to us since a moment, from where an earlier stretch ended or from the newest on:
    /// `GET /app/hook/deliveries`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn hook_deliveries_from(
        &self,
        place: Option<&str>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Stretch, GithubError> {
        let place = place.unwrap_or("/app/hook/deliveries?per_page=100");
        let mut ask = Ask::get(place.to_owned(), "list webhook deliveries".to_owned());
        let mut items: Vec<HookDelivery> = Vec::new();
        for _ in 0..PAGES {
            let answer = self.ask_as_app(&ask, now).await?;
            let page: Vec<HookDelivery> = answer.read(&ask)?;
            let reached = page.iter().any(|delivery| delivery.delivered_at < since);
            items.extend(page.into_iter().filter(|delivery| delivery.delivered_at >= since));
            match answer.next_page() {
                Some(next) if !reached => ask.path = next,
                Some(_) | None => return Ok(Stretch { items, rest: None }),
            }
        }
        Ok(Stretch { items, rest: Some(ask.path) })
    }

    /// Asks GitHub to send one again: `POST /app/hook/deliveries/{delivery_id}/attempts`. Our door knows a delivery by
    /// its id, so that asking twice does no harm.
    ///
    /// # Errors
    /// As for any write.
    pub async fn redeliver(&self, id: HookDeliveryId, now: Timestamp) -> Result<(), GithubError> {
        let path = format!("/app/hook/deliveries/{}/attempts", id.0);
        let ask = Ask::set(Method::POST, path, json!({}), format!("ask for webhook delivery {} again", id.0));
        self.ask_as_app(&ask, now).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[tokio::test]
    async fn f05_deliveries_are_read_back_to_a_moment_and_no_further() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let delivery = |id: i64, minute: i64, status: i64| {
                json!({
                    "id": id, "guid": format!("guid-{id}"), "delivered_at": format!("2026-11-22T14:{minute}:00.123Z"),
                    "redelivery": false, "status_code": status, "status": "?", "event": "issues", "action": null,
                })
            };
            let page = match seen.line.as_str() {
                "GET /app/hook/deliveries?per_page=100" => json!([delivery(4, 50, 202), delivery(3, 40, 502)]),
                "GET /app/hook/deliveries?per_page=100&cursor=v1_3" => json!([delivery(2, 30, 0), delivery(1, 20, 0)]),
                _ => return None,
            };
            let next = r#"<https://x.test/app/hook/deliveries?per_page=100&cursor=v1_3>; rel="next""#;
            Some(Reply::new(200, &page).with("link", next))
        })
        .await?;
        let app = fake.app()?;
        let listed = app.hook_deliveries(Timestamp::from_rfc3339("2026-11-22T14:25:00Z")?, NOW).await?;

        let lost: Vec<_> = listed.items.iter().filter(|d| !d.succeeded()).map(|d| d.guid.as_str()).collect();
        assert_eq!((lost, listed.complete), (vec!["guid-3", "guid-2"], true));
        Ok(())
    }
}
