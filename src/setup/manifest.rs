//! The manifest: what GitHub is asked to make, from the same table that every token is made by.

use serde_json::{Map, Value, json};
use url::Url;

use crate::github::{EVENTS, NEEDED};

/// The manifest of an App with this name, for a server at this address ("GitHub App Manifest parameters"). `redirect` is
/// where the browser comes back to with the code.
#[must_use]
pub fn manifest(name: &str, public_url: &Url, redirect: &str) -> Value {
    let permissions: Map<_, _> =
        NEEDED.iter().map(|need| (need.permission.to_owned(), json!(need.access.to_string()))).collect();
    json!({
        "name": name,
        "url": "https://github.com/assentry/assentry",
        "description": "Plans an issue with a model, waits for a person's approval, executes exactly what was approved.",
        "public": false,
        "hook_attributes": { "url": below(public_url, "webhook"), "active": true },
        "redirect_url": redirect,
        "callback_urls": [below(public_url, "login/callback")],
        "setup_url": below(public_url, "setup/installed"),
        "request_oauth_on_install": false,
        "setup_on_update": false,
        "default_permissions": permissions,
        "default_events": EVENTS,
    })
}

/// A path below a server's address.
pub(super) fn below(url: &Url, path: &str) -> String {
    format!("{}/{path}", url.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;

    #[test]
    fn the_manifest_in_deploy_is_the_one_that_set_up_sends() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/app-manifest.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let address = "https://assentry.example.com/".parse().unwrap();
        assert_eq!(file, manifest("assentry", &address, "https://assentry.example.com/setup/done"));
    }
}
