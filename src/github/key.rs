//! The App's private key, and the short-lived tokens it signs.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::ids::Timestamp;

/// Why a text is not the App's private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an App's private key: expected the RSA key that GitHub generates, \
     a PEM file that begins with `-----BEGIN RSA PRIVATE KEY-----` ({why})"
)]
pub struct BadKey {
    /// What is wrong with it; never a part of it.
    pub why: String,
}

/// How far our clock may be from GitHub's before we believe GitHub's more.
const TOLERANCE: Duration = Duration::from_secs(20);

/// Signs as the App. Has no `Debug`, so that the key cannot be printed.
pub(super) struct AppKey {
    app_id: u64,
    key: EncodingKey,
    /// Milliseconds by which GitHub's clock is ahead of ours; zero until GitHub says otherwise (F25).
    ahead: AtomicI64,
}

#[derive(Serialize)]
struct Claims {
    iss: u64,
    iat: i64,
    exp: i64,
}

impl AppKey {
    /// Reads the key and tries it, so that a broken one is found at start-up and not at the first issue.
    pub(super) fn new(app_id: u64, pem: &SecretString) -> Result<AppKey, BadKey> {
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().trim().as_bytes())
            .map_err(|error| BadKey { why: error.to_string() })?;
        let key = AppKey { app_id, key, ahead: AtomicI64::new(0) };
        key.sign(Timestamp(0))?;
        Ok(key)
    }

    /// Makes the token that proves that we are the App. GitHub wants it at most ten minutes long and issued a minute
    /// in the past against clock drift.
    pub(super) fn sign(&self, now: Timestamp) -> Result<SecretString, BadKey> {
        let seconds = now.0.saturating_add(self.ahead.load(Ordering::Relaxed)).div_euclid(1000);
        let claims = Claims { iss: self.app_id, iat: seconds - 60, exp: seconds + 9 * 60 };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(SecretString::from)
            .map_err(|error| BadKey { why: error.to_string() })
    }

    /// Corrects our clock by GitHub's `Date`; true when that changes what [`AppKey::sign`] would make.
    pub(super) fn learn(&self, now: Timestamp, date: Timestamp) -> bool {
        let ahead = date.0.saturating_sub(now.0);
        let before = self.ahead.swap(ahead, Ordering::Relaxed);
        u128::from(ahead.abs_diff(before)) > TOLERANCE.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::key_pem;

    #[test]
    fn a_file_that_is_not_a_key_is_refused_with_what_was_expected() {
        for text in ["", "ghs_canary", "-----BEGIN RSA PRIVATE KEY-----\nQUJD\n-----END RSA PRIVATE KEY-----\n"] {
            let said = AppKey::new(7, &SecretString::from(text)).err().map(|bad| bad.to_string());

            assert!(said.as_ref().is_some_and(|said| said.contains("BEGIN RSA PRIVATE KEY")), "{said:?}");
            assert!(said.is_some_and(|said| !said.contains("canary")));
        }
    }

    #[test]
    fn f25_a_token_is_signed_with_githubs_time_once_it_is_known() -> Result<(), Box<dyn std::error::Error>> {
        let key = AppKey::new(7, &key_pem()?)?;
        let (ours, theirs) = (Timestamp(1_000_000_000), Timestamp(1_086_400_000));

        assert!(key.learn(ours, theirs));
        assert!(!key.learn(ours, theirs));
        let signed = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(key.sign(ours)?.expose_secret())?;
        assert_eq!(signed.claims, serde_json::json!({"iss": 7, "iat": 1_086_340, "exp": 1_086_940}));
        Ok(())
    }
}
