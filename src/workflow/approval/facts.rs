//! What GitHub answered at a gate. What it did not answer is unknown, and unknown is never yes (rule P).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules::Rules;
use crate::ids::{AccountKind, CommitSha, Person, TeamName, Timestamp, UserId};

/// What GitHub answered at one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// GitHub's clock; `None` if it did not say.
    pub now: Option<Timestamp>,
    /// What each person may, by numeric id. A missing person counts as unknown.
    pub people: BTreeMap<UserId, Standing>,
    /// Who is in which team, as far as it matters. What is missing counts as unknown.
    pub teams: BTreeMap<TeamName, BTreeMap<UserId, Membership>>,
    /// Where the plan branch points.
    pub branch: BranchFact,
    /// What became of the base the plan was written against.
    pub base: BaseFact,
    /// Whether more than one person holds write access; read only where rule C turns on it.
    pub several_writers: Option<bool>,
    /// The rules that the default branch asks for now (rule H).
    pub policy: PolicyFact,
    /// Whose code the plan would change: by the owners' file at the plan's base and, if it was changed since, by
    /// today's too (rule M, D41). Empty where no code owner is asked for.
    pub owners: Vec<OwnersFact>,
    /// Whether nothing around the version speaks against it, where that has to be asked.
    pub around: AroundFact,
}

/// What a person may, as the permission API answered (E1, E3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// GitHub answered.
    Known {
        /// The kind of the account, by the API and not by its name.
        kind: AccountKind,
        /// The level, by the API.
        level: Level,
    },
    /// GitHub did not answer, or not clearly (F60).
    Unknown,
}

/// A permission level, as `role_name` of `GET /repos/{owner}/{repo}/collaborators/{user}/permission` tells it; a custom
/// role counts as the level it is based on, which is what `permission` of the same answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No access.
    None,
    /// Read.
    Read,
    /// Triage: read, and managing issues and pull requests.
    Triage,
    /// Write.
    Write,
    /// Maintain: write, and managing the repository.
    Maintain,
    /// Admin.
    Admin,
}

/// Whether a person is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Yes.
    Active,
    /// Invited, and not there yet (D36).
    Pending,
    /// No.
    No,
    /// GitHub did not answer.
    Unknown,
}

/// Where the plan branch points at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchFact {
    /// At this commit.
    At(CommitSha),
    /// It is gone.
    Gone,
    /// GitHub did not answer.
    Unknown,
}

/// What is known of the repository and the plan pull request at a gate. What is known and speaks against the version is an
/// event of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AroundFact {
    /// Nothing is against it, or it was not asked.
    Fine,
    /// GitHub did not answer.
    Unknown,
}

/// What became of the base at a gate (rule G).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseFact {
    /// The plan's base is still part of the base branch; these planned paths changed since.
    Contains {
        /// Paths inside the scope that changed on the base branch since the plan's base.
        overlap: Vec<String>,
    },
    /// The plan's base is no longer part of the base branch.
    Gone,
    /// GitHub did not answer.
    Unknown,
}

/// What the repository asks for at a gate, compared with what the version was published under (rule H).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyFact {
    /// The same.
    Same,
    /// Something else: then both must be met (D43, D44).
    Changed(Box<Rules>),
    /// The policy on the default branch has mistakes.
    Broken,
    /// GitHub did not answer.
    Unknown,
}

/// What one owners' file says about the planned paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnersFact {
    /// Read: the planned paths that have owners. A path whose last matching line names nobody needs no owner.
    Known(Vec<OwnedPath>),
    /// GitHub did not answer.
    Unknown,
    /// There is more in it than GitHub heeds, or than can be asked about.
    TooLarge,
}

/// A planned path with owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedPath {
    /// The path, or one that stands for several with the same owners.
    pub path: String,
    /// Who owns it; not empty.
    pub owners: Vec<Owner>,
}

/// An owner of code, as a line of the owners' file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A person who may write.
    Person(Person),
    /// A team.
    Team(TeamName),
    /// An e-mail, or a name that belongs to nobody who may write (D40); as it stands in the file.
    Nobody(String),
    /// GitHub did not say who it is or what it may; as it stands in the file.
    Unsaid(String),
}

impl Owner {
    /// The owner as the file names it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Owner::Person(person) => format!("@{}", person.login),
            Owner::Team(team) => format!("@{team}"),
            Owner::Nobody(text) | Owner::Unsaid(text) => text.clone(),
        }
    }
}
