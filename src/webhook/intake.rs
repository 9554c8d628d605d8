//! Reads a stranger's body: no more than GitHub ever sends, not for ever, and not into all of our memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::signature::{BadSignature, Signature, Unverified, Verified, WebhookSecrets};
use crate::ids::RepoId;

/// GitHub caps payloads at 25 MB and drops what is larger (docs: "Webhook events and payloads").
pub(super) const MAX_BODY: usize = 25 * 1024 * 1024;

/// No body takes longer; GitHub itself gives up after ten seconds.
const DEADLINE: Duration = Duration::from_secs(10);

/// So much of each body is read without asking; nearly all of GitHub's are smaller.
const SMALL: usize = 64 * 1024;

/// How many bodies are read at one time.
const MAX_BODIES: usize = 256;

/// How much memory the large ones share.
const LARGE_POOL: usize = 32 * 1024 * 1024;

// 256 * 64 KiB + 32 MiB = 48 MiB is all that strangers can make us hold.

/// Why a body was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is larger than GitHub sends.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    BrokenOff,
    /// There are too many at this time.
    Busy,
    /// It is not GitHub's.
    Forged,
}

impl From<BadSignature> for NotTaken {
    fn from(_: BadSignature) -> NotTaken {
        NotTaken::Forged
    }
}

/// The memory that bodies share.
#[derive(Clone)]
pub(super) struct Intake {
    bodies: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body's part of the memory, given back when dropped.
pub(super) struct Share {
    _body: OwnedSemaphorePermit,
    _large: Vec<OwnedSemaphorePermit>,
}

impl Intake {
    pub(super) fn new() -> Intake {
        Intake { bodies: Arc::new(Semaphore::new(MAX_BODIES)), large: Arc::new(Semaphore::new(LARGE_POOL)) }
    }

    /// Reads a body and checks its signature on the way.
    pub(super) async fn read(
        &self,
        secrets: &WebhookSecrets,
        signature: Signature,
        body: Body,
    ) -> Result<(Verified, Share), NotTaken> {
        let reading = self.read_all(Unverified::new(secrets, signature), body.into_data_stream());
        tokio::time::timeout(DEADLINE, reading).await.map_err(|_| NotTaken::TooSlow)?
    }

    async fn read_all(
        &self,
        mut unverified: Unverified,
        mut pieces: BodyDataStream,
    ) -> Result<(Verified, Share), NotTaken> {
        let place = Arc::clone(&self.bodies).try_acquire_owned().map_err(|_| NotTaken::Busy)?;
        let mut share = Share { _body: place, _large: vec![] };
        let mut length = 0;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| NotTaken::BrokenOff)?;
            length += piece.len();
            if length > MAX_BODY {
                return Err(NotTaken::TooLarge);
            }
            if length > SMALL {
                let need = u32::try_from(piece.len()).map_err(|_| NotTaken::TooLarge)?;
                // Who holds some of the pool waits for more until the deadline at the latest.
                let more = Arc::clone(&self.large).acquire_many_owned(need).await.map_err(|_| NotTaken::Busy)?;
                share._large.push(more);
            }
            unverified.push(piece);
        }
        Ok((unverified.verify()?, share))
    }
}

/// Whether a body is JSON that is nested no deeper than anything GitHub sends, found without recursion.
pub(super) fn is_shallow_json(body: &[u8]) -> bool {
    const DEEPEST: u32 = 64;
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for &byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// The repository that a body is about. It decides whose turn it is and nothing else.
pub(super) fn repository_of(body: &[u8]) -> Option<RepoId> {
    #[derive(Deserialize)]
    struct About {
        repository: Option<Repository>,
    }
    #[derive(Deserialize)]
    struct Repository {
        id: RepoId,
    }
    serde_json::from_slice::<About>(body).ok()?.repository.map(|repository| repository.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_a_body_says_which_repository_it_is_about() {
        let about = |body: &str| repository_of(body.as_bytes());
        let pull = r#"{"pull_request": {"base": {"repository": {"id": 8}}}, "repository": {"name": "a", "id": 7}}"#;
        assert_eq!(about(pull), Some(RepoId(7)));
        for other in ["{}", "[]", r#"{"repository": null}"#, r#"{"repository": {"id": "7"}}"#] {
            assert_eq!(about(other), None, "{other}");
        }
    }

    #[test]
    fn t03_json_is_refused_when_it_is_deep_or_none() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(is_shallow_json(deep(64).as_bytes()));
        assert!(!is_shallow_json(deep(65).as_bytes()));
        assert!(!is_shallow_json(deep(10_000).as_bytes()));
        assert!(!is_shallow_json("[{\"a\":".repeat(10_000).as_bytes()));
        assert!(is_shallow_json(format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(10_000)).as_bytes()));
        for bad in ["", "{", "{}}", "payload=%7B%7D", "[[[", "\"\\"] {
            assert!(!is_shallow_json(bad.as_bytes()), "{bad:?}");
        }
    }
}
