//! What the App must be granted, and how little of it each token gets.
//!
//! One table for the check at start-up, for the App's manifest and for minting. Never in it: `workflows`,
//! `administration`, and more of `actions` than reading (T37, T57).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Identity;

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

/// A permission the App needs, by GitHub's name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// As in the App's settings and in `POST /app/installations/{id}/access_tokens`.
    pub permission: &'static str,
    /// The least that is enough.
    pub access: Access,
    /// What it is for, to be read after "in order to".
    pub why: &'static str,
}

/// Every permission the App needs; no token ever asks for one that is neither here nor in [`OPTIONAL`].
pub const NEEDED: &[Need] = &[
    Need { permission: "actions", access: Access::Read, why: "read the log of a job that is red on the work" },
    Need { permission: "checks", access: Access::Write, why: "report whether a pull request keeps to its plan" },
    Need { permission: "contents", access: Access::Write, why: "read the repository and write below assentry/" },
    Need { permission: "issues", access: Access::Write, why: "read issues and answer in them" },
    Need { permission: "metadata", access: Access::Read, why: "see who may approve" },
    Need { permission: "pull_requests", access: Access::Write, why: "open plans and results and read their reviews" },
    Need { permission: "statuses", access: Access::Read, why: "see commit statuses that are red on the work" },
];

/// What an operator grants only where it is used; without it, what turns on it stays unknown and so never approved, or is
/// not shown.
pub const OPTIONAL: &[Need] = &[
    Need {
        permission: "members",
        access: Access::Read,
        why: "see who is in a team that may approve, or that owns code",
    },
    Need {
        permission: "organization_projects",
        access: Access::Write,
        why: "put pull requests into the projects that their issue is in",
    },
];

/// The webhook events the App must be subscribed to. Installation events come without asking.
pub const EVENTS: &[&str] = &[
    "check_run",
    "issue_comment",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
    "status",
];

/// The permissions and events that Apps registered before they were asked for do without: each has its token for itself.
const SPARED: &[&str] = &["actions", "status", "statuses"];

/// What a token is for; the narrowest one that does is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Reading the repository, and planning and talking on the issue.
    Read,
    /// Writing a branch, a pull request and its checks, and talking there.
    Write,
    /// Looking into teams, where a repository's rules or owners name any ([`OPTIONAL`]).
    Teams,
    /// Showing pull requests in projects, where the operator wants it ([`OPTIONAL`]).
    Projects,
    /// Reading the commit statuses of the work.
    Statuses,
    /// Reading the logs of jobs that ran on the work.
    Logs,
}

impl Step {
    /// The permissions a token of this step has, in GitHub's order of names.
    #[must_use]
    pub fn permissions(self) -> &'static [(&'static str, Access)] {
        match self {
            Step::Read => &[
                ("contents", Access::Read),
                ("issues", Access::Write),
                ("metadata", Access::Read),
                ("pull_requests", Access::Read),
            ],
            Step::Write => &[
                ("checks", Access::Write),
                ("contents", Access::Write),
                ("issues", Access::Write),
                ("metadata", Access::Read),
                ("pull_requests", Access::Write),
            ],
            Step::Teams => &[("members", Access::Read), ("metadata", Access::Read)],
            Step::Projects => &[
                ("issues", Access::Read),
                ("metadata", Access::Read),
                ("organization_projects", Access::Write),
                ("pull_requests", Access::Read),
            ],
            Step::Statuses => &[("metadata", Access::Read), ("statuses", Access::Read)],
            Step::Logs => &[("actions", Access::Read), ("metadata", Access::Read)],
        }
    }
}

/// Something the App's settings on GitHub lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// A permission is not granted, or not far enough.
    Permission { need: Need, granted: Option<String> },
    /// The App is not subscribed to an event.
    Event(&'static str),
}

impl Missing {
    /// Whether nothing works without it. Without the others something is not seen, and everything goes on.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        match self {
            Missing::Permission { need, .. } => !SPARED.contains(&need.permission),
            Missing::Event(event) => !SPARED.contains(event),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Permission { need, granted } => {
                let has = granted.as_deref().unwrap_or("no access");
                let Need { permission, access, why } = need;
                write!(f, "permission `{permission}` must be `{access}`, is `{has}`: needed to {why}")
            }
            Missing::Event(event) => write!(f, "event `{event}` is not subscribed to"),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
        })
    }
}

/// Compares what the App is with what it needs; an empty list means that all is there.
#[must_use]
pub fn check_permissions(identity: &Identity) -> Vec<Missing> {
    let events = EVENTS.iter().filter(|event| !identity.events.iter().any(|has| has == *event));
    check_granted(&identity.permissions).into_iter().chain(events.map(|event| Missing::Event(event))).collect()
}

/// Compares what was granted, to the App or by one installation, with what is needed.
#[must_use]
pub fn check_granted(permissions: &BTreeMap<String, String>) -> Vec<Missing> {
    NEEDED.iter().filter_map(|need| lacks(need, permissions)).collect()
}

/// The same for one that is needed only where it is used.
#[must_use]
pub fn check_optional(permission: &str, permissions: &BTreeMap<String, String>) -> Option<Missing> {
    lacks(OPTIONAL.iter().find(|need| need.permission == permission)?, permissions)
}

fn lacks(need: &Need, permissions: &BTreeMap<String, String>) -> Option<Missing> {
    let granted = permissions.get(need.permission);
    let enough = match (need.access, granted.map(String::as_str)) {
        (_, Some("write" | "admin")) | (Access::Read, Some("read")) => true,
        (Access::Read | Access::Write, _) => false,
    };
    (!enough).then(|| Missing::Permission { need: *need, granted: granted.cloned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn identity(permissions: &[(&str, &str)], events: &[&str]) -> Result<Identity, crate::ids::BadName> {
        Ok(Identity {
            slug: "assentry".into(),
            app_id: 7,
            bot_login: "assentry[bot]".parse()?,
            bot_id: UserId(9),
            permissions: permissions.iter().map(|(name, level)| ((*name).into(), (*level).into())).collect(),
            events: events.iter().map(|event| (*event).into()).collect(),
        })
    }

    #[test]
    fn a_missing_permission_or_event_is_named_with_its_purpose() -> Result<(), crate::ids::BadName> {
        let app = identity(
            &[("contents", "read"), ("issues", "write"), ("metadata", "read"), ("pull_requests", "write")],
            &EVENTS[1..],
        )?;
        let said: Vec<String> = check_permissions(&app).iter().map(Missing::to_string).collect();

        assert_eq!(
            said,
            [
                "permission `actions` must be `read`, is `no access`: needed to read the log of a job that is red on the work",
                "permission `checks` must be `write`, is `no access`: needed to report whether a pull request keeps to its plan",
                "permission `contents` must be `write`, is `read`: needed to read the repository and write below assentry/",
                "permission `statuses` must be `read`, is `no access`: needed to see commit statuses that are red on the work",
                "event `check_run` is not subscribed to",
            ]
        );
        let vital: Vec<bool> = check_permissions(&app).iter().map(Missing::is_vital).collect();
        assert_eq!(vital, [false, true, true, false, true]);
        Ok(())
    }

    #[test]
    fn t37_no_step_asks_for_more_than_the_app_needs_and_never_for_workflows() {
        for step in [Step::Read, Step::Write, Step::Teams, Step::Projects, Step::Statuses, Step::Logs] {
            for (permission, access) in step.permissions() {
                let need = NEEDED.iter().chain(OPTIONAL).find(|need| need.permission == *permission);
                assert!(need.is_some_and(|need| access <= &need.access), "{permission}");
                assert!(!["workflows", "administration"].contains(permission));
                assert!(*permission != "actions" || *access == Access::Read);
            }
        }
    }
}
