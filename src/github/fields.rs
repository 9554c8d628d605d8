//! How single fields of GitHub's JSON become ours, leniently where an odd value must not spoil a whole list.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::ids::{AccountKind, CommitSha, Login, Person, RepoPath, Timestamp, UserId};

/// An account; absent when it was deleted (`null`) or is nobody we could name.
pub(super) fn person<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Person>, D::Error> {
    let account = Value::deserialize(from)?;
    let text = |name| account.get(name).and_then(Value::as_str);
    let named = || {
        Some(Person {
            id: UserId(account.get("id")?.as_i64()?),
            login: text("login")?.parse::<Login>().ok()?,
            kind: AccountKind::from(text("type")?.to_owned()),
        })
    };
    Ok(named())
}

/// A moment such as `2026-11-22T14:41:00Z`.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    Timestamp::from_rfc3339(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

/// A moment that may not have come.
pub(super) fn maybe_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.and_then(|text| Timestamp::from_rfc3339(&text).ok()))
}

/// A commit that may be unknown.
pub(super) fn maybe_commit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<CommitSha>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
}

/// A path inside the repository; absent when it is none that we would believe.
pub(super) fn maybe_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RepoPath>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
}

/// A text that GitHub leaves out as `null`.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

/// Whether an object is there at all; what is in it does not matter.
pub(super) fn is_there<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(!Value::deserialize(from)?.is_null())
}
