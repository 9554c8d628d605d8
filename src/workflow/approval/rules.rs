//! What an approval must fit: how many people, which, and for how long it holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::Level;
use crate::ids::{Digest, Login, TeamName, UserId};
use crate::workflow::terms::Canon;

/// The rules in force for one version, fixed when it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How many different people must approve; at least 1 (rule L).
    pub required: u32,
    /// Whether someone who asked for the version may approve it (rule C).
    pub separation: Separation,
    /// Whether `/approve` must name the digest.
    pub require_digest: bool,
    /// Who may approve, of those who may write; `None` for all of them (E4).
    pub approvers: Option<Approvers>,
    /// People whose word never counts here, by the operator's decision (E6).
    pub denied: Vec<UserId>,
    /// For how long after it was given an approval may start a run (rule J).
    pub expires: Duration,
}

/// Whether someone who asked for a version may also approve it (rule C).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Separation {
    /// Two persons wherever two hold write access, or where that is unknown; otherwise open.
    Auto,
    /// Yes.
    Open,
    /// No: another person must.
    TwoPerson,
    /// No, and every planned path needs an approval by a code owner of it (rule M).
    Owners,
}

/// A list of those who may approve; being in one of its parts is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvers {
    /// People, bound by their numeric id.
    pub users: Vec<Listed>,
    /// Teams, by active membership.
    pub teams: Vec<TeamName>,
    /// The least permission that is enough without being listed.
    pub level: Option<Level>,
}

/// A person on a list. The id decides; the login is for people who read the list (D35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What the person was called when the list was written.
    pub login: Login,
    /// Who it is.
    pub id: UserId,
}

/// How long an approval holds where nothing else is said.
pub const EXPIRES: Duration = Duration::from_secs(7 * 24 * 3600);

impl Rules {
    /// The digest of the rules, for the terms that are approved (T20).
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Rules { required, separation, require_digest, approvers, denied, expires } = self;
        let mut canon = Canon::new("assentry-rules-v1");
        canon.number(u64::from(*required));
        canon.number(*separation as u64);
        canon.number(u64::from(*require_digest));
        canon.list(approvers.as_slice(), |canon, Approvers { users, teams, level }| {
            canon.list(users, |canon, listed| {
                canon.text(listed.login.as_str());
                canon.number(id(listed.id));
            });
            canon.list(teams, |canon, team| canon.text(team.as_str()));
            canon.list(level.as_slice(), |canon, level| canon.number(*level as u64));
        });
        canon.list(denied, |canon, denied| canon.number(id(*denied)));
        canon.number(expires.as_secs());
        canon.finish()
    }
}

fn id(id: UserId) -> u64 {
    u64::try_from(id.0).unwrap_or(0)
}
