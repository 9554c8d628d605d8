//! Checks that a body comes from who knows the secret.
//!
//! GitHub signs the raw body with HMAC-SHA256 and sends `X-Hub-Signature-256: sha256=` and 64 hex digits
//! (docs: "Validating webhook deliveries"). The older SHA-1 header is never looked at. During a rotation two secrets
//! are valid; which one matched cannot be told from the time it took.

use aws_lc_rs::{constant_time, hmac};
use bytes::{Bytes, BytesMut};
use secrecy::{ExposeSecret as _, SecretString};

/// The secrets that are valid now: one, or two while one replaces the other. Empty ones do not exist.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<hmac::Key>);

/// Why these are no secrets to check signatures with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSecrets {
    /// None was given, or one is empty: then anyone who reaches the port could speak as GitHub.
    #[error("a webhook secret is empty")]
    Empty,
    /// A rotation needs two.
    #[error("there are more than two webhook secrets")]
    TooMany,
}

/// A body that does not carry the signature of any valid secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is missing or wrong")]
pub struct BadSignature;

/// A request body whose signature has been checked. Only this module makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified(Bytes);

impl Verified {
    /// The body, byte for byte.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl WebhookSecrets {
    /// Takes one or two secrets.
    ///
    /// # Errors
    /// When one is empty, or there are none or more than two.
    pub fn new(secrets: &[SecretString]) -> Result<WebhookSecrets, BadSecrets> {
        if secrets.is_empty() || secrets.iter().any(|s| s.expose_secret().trim().is_empty()) {
            return Err(BadSecrets::Empty);
        }
        if secrets.len() > 2 {
            return Err(BadSecrets::TooMany);
        }
        let key = |s: &SecretString| hmac::Key::new(hmac::HMAC_SHA256, s.expose_secret().as_bytes());
        Ok(WebhookSecrets(secrets.iter().map(key).collect()))
    }
}

impl std::fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSecrets({} redacted)", self.0.len())
    }
}

/// Checks a whole body against the value of the header `X-Hub-Signature-256`.
///
/// # Errors
/// When the header has another form or the signature of no valid secret.
pub fn verify(secrets: &WebhookSecrets, body: Bytes, header: &str) -> Result<Verified, BadSignature> {
    let mut unverified = Unverified::new(secrets, Signature::parse(header)?);
    unverified.push(body);
    unverified.verify()
}

/// The form of a signature, before it is known to be right.
pub(super) struct Signature([u8; 32]);

impl Signature {
    pub(super) fn parse(header: &str) -> Result<Signature, BadSignature> {
        let digits = header.strip_prefix("sha256=").ok_or(BadSignature)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| BadSignature)?;
        Ok(Signature(bytes))
    }
}

/// A body on its way in. It is signed piece by piece and put together only once the signature is right, so that a
/// stranger's body is never copied.
pub(super) struct Unverified {
    signature: Signature,
    sums: Vec<hmac::Context>,
    pieces: Vec<Bytes>,
}

impl Unverified {
    pub(super) fn new(secrets: &WebhookSecrets, signature: Signature) -> Unverified {
        let sums = secrets.0.iter().map(hmac::Context::with_key).collect();
        Unverified { signature, sums, pieces: vec![] }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        for sum in &mut self.sums {
            sum.update(&piece);
        }
        self.pieces.push(piece);
    }

    pub(super) fn verify(mut self) -> Result<Verified, BadSignature> {
        let mut matches = false;
        for sum in self.sums {
            matches |= constant_time::verify_slices_are_equal(sum.sign().as_ref(), &self.signature.0).is_ok();
        }
        if !matches {
            return Err(BadSignature);
        }
        if let [_] = self.pieces.as_slice() {
            return Ok(Verified(self.pieces.swap_remove(0)));
        }
        let mut body = BytesMut::with_capacity(self.pieces.iter().map(Bytes::len).sum());
        self.pieces.iter().for_each(|piece| body.extend_from_slice(piece));
        Ok(Verified(body.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of GitHub's documentation, "Testing the webhook payload validation".
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn check(secrets: &[&str], body: &'static [u8], header: &str) -> Result<(), BadSignature> {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| SecretString::from(*s)).collect();
        let secrets = WebhookSecrets::new(&secrets).map_err(|_| BadSignature)?;
        verify(&secrets, Bytes::from_static(body), header).map(|verified| assert_eq!(verified.into_bytes(), body))
    }

    #[test]
    fn t01_githubs_published_example_is_accepted() {
        assert_eq!(check(&[SECRET], BODY, SIGNATURE), Ok(()));
    }

    #[test]
    fn t01_during_a_rotation_either_secret_is_valid_and_no_third() {
        assert_eq!(check(&["new", SECRET], BODY, SIGNATURE), Ok(()));
        assert_eq!(check(&[SECRET, "new"], BODY, SIGNATURE), Ok(()));
        assert_eq!(check(&["new", "newer"], BODY, SIGNATURE), Err(BadSignature));
    }

    #[test]
    fn t01_anything_else_than_the_right_signature_is_refused() {
        let sha1 = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";
        let upper_name = SIGNATURE.replace("sha256", "SHA256");
        let longer = format!("{SIGNATURE}00");
        for header in ["", "sha256=", sha1, &SIGNATURE[7..], &SIGNATURE[..69], &upper_name, &longer] {
            assert_eq!(check(&[SECRET], BODY, header), Err(BadSignature), "{header}");
        }
        assert_eq!(check(&[SECRET], b"Hello, World?", SIGNATURE), Err(BadSignature));
    }

    #[test]
    fn t01_there_is_no_empty_secret() {
        let new = |secrets: &[&str]| {
            let secrets: Vec<SecretString> = secrets.iter().map(|s| SecretString::from(*s)).collect();
            WebhookSecrets::new(&secrets).map(drop)
        };
        assert_eq!(new(&[]), Err(BadSecrets::Empty));
        assert_eq!(new(&["x", " "]), Err(BadSecrets::Empty));
        assert_eq!(new(&["x", "y", "z"]), Err(BadSecrets::TooMany));
    }
}
