//! Why an approval does not count, or not yet. Each reason is tied to what it is about, and words say who can mend it (Q24).

use serde::{Deserialize, Serialize};

use crate::ids::{BranchName, Person, TeamName};
use crate::workflow::act::{ActId, Voided};

/// Why something does not count, each tied to what it is about (Q24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Reason {
    /// Nobody has approved this version.
    NobodyApproved,
    /// Fewer people than required have approved.
    TooFew {
        /// How many have.
        have: u32,
        /// How many must.
        need: u32,
    },
    /// The act is bound to another commit or an earlier version (D3, D18).
    EarlierVersion {
        /// Which act.
        act: ActId,
        /// The version it is for and the one that is up for approval, where that is known.
        #[serde(default)]
        versions: Option<(u32, u32)>,
    },
    /// The review named no commit, or one that is not ours (D4).
    UnboundReview {
        /// Which act.
        act: ActId,
    },
    /// The act is not later than the publication (D5, D22, D23).
    BeforePublication {
        /// Which act.
        act: ActId,
    },
    /// The act is not later than `/retry`: it belongs to the run before (rule K).
    BeforeRetry {
        /// Which act.
        act: ActId,
    },
    /// What stands behind `/approve` is not a digest of 12 to 64 hex digits (D19).
    NotADigest {
        /// Which act.
        act: ActId,
    },
    /// No version of this run has such a digest (D19).
    UnknownDigest {
        /// Which act.
        act: ActId,
    },
    /// `/approve` must name the digest here (D20).
    DigestRequired {
        /// Which act.
        act: ActId,
    },
    /// The person has no write access (D7).
    NoWriteAccess {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
    },
    /// Not a person, or an App in a person's name (D34).
    NotAPerson {
        /// Which act.
        act: ActId,
    },
    /// The person asked for this version, and another one must approve (D31, D32).
    AskedForIt {
        /// Which act.
        act: ActId,
        /// Who.
        by: Person,
    },
    /// The comment or review was edited, deleted or dismissed (D10, D27).
    TakenBack {
        /// Which act.
        act: ActId,
        /// How.
        how: Voided,
    },
    /// Someone who may has objected (D14).
    Vetoed {
        /// Which act.
        act: ActId,
        /// Who.
        by: Person,
    },
    /// GitHub did not say what the person may (D37, D52).
    PermissionUnknown {
        /// Which act.
        act: ActId,
        /// Who.
        by: Person,
    },
    /// GitHub did not say where the plan branch is.
    BranchUnknown,
    /// GitHub did not say where the base branch is.
    BaseUnknown,
    /// Someone else moved the plan branch (D2, D6).
    BranchMoved,
    /// The plan branch is gone.
    BranchGone,
    /// The base branch no longer contains the plan's base.
    BaseGone,
    /// The base branch changed inside the plan's scope, or in files that steer people and tools (rule G).
    BaseMoved {
        /// Which paths.
        paths: Vec<String>,
    },
    /// The person is not on the list of those who may approve (E4).
    NotListed {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
    },
    /// The list names a person of this login, and that was another account (D35).
    AnotherAccount {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
    },
    /// The person was invited to the team that may approve and has not accepted yet (D36).
    PendingMember {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
        /// The team.
        team: TeamName,
    },
    /// GitHub did not say whether the person is in the team (D37).
    TeamUnknown {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
        /// The team.
        team: TeamName,
    },
    /// The operator of this server does not let the person decide (E6).
    Denied {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
    },
    /// The approval is older than an approval may be when work starts (D45).
    Expired {
        /// Which act.
        act: ActId,
        /// Whose.
        by: Person,
    },
    /// Someone with write access changed what the plan was made from after this approval (rule E).
    InputChanged {
        /// Which act.
        act: ActId,
        /// Who changed it, if that is known.
        by: Option<Person>,
    },
    /// No approver owns this path (D39).
    OwnerMissing {
        /// The path, or one that stands for several with the same owners.
        path: String,
        /// Who owns it, as the owners' file names them.
        owners: Vec<String>,
    },
    /// The owners' file names only owners who cannot approve (D40).
    OwnerUnclear {
        /// The path.
        path: String,
        /// Who is named.
        owners: Vec<String>,
    },
    /// GitHub did not say who owns the planned paths.
    OwnersUnknown,
    /// The repository's policy has mistakes.
    PolicyBroken,
    /// GitHub did not say what the repository's policy is.
    PolicyUnknown,
    /// GitHub did not say what time it is.
    TimeUnknown,
    /// The owners' file holds more than GitHub heeds, or than can be asked about.
    OwnersTooLarge,
    /// The plan pull request was pointed at another branch.
    Retargeted,
    /// The plan pull request was merged (D50).
    PlanMerged,
    /// The issue was deleted or moved to another repository.
    IssueGone,
    /// The repository was made public; what was approved in private is not approved in public.
    MadePublic,
    /// The base branch has another name.
    BaseRenamed {
        /// Which.
        to: BranchName,
    },
    /// The models or prompts the version names are no longer those of this server (F52).
    Outdated,
    /// The server's database came back from a copy, and GitHub shows that more had happened since (F21).
    Restored,
    /// GitHub did not say what became of the repository and of the plan pull request.
    RepositoryUnknown,
}

impl Reason {
    /// Whether the person's own standing is in the way: nothing that they write themselves is an approval.
    #[must_use]
    pub fn is_about_standing(&self) -> bool {
        match self {
            Reason::NoWriteAccess { .. }
            | Reason::NotListed { .. }
            | Reason::AnotherAccount { .. }
            | Reason::Denied { .. }
            | Reason::AskedForIt { .. } => true,
            Reason::NobodyApproved
            | Reason::TooFew { .. }
            | Reason::EarlierVersion { .. }
            | Reason::UnboundReview { .. }
            | Reason::BeforePublication { .. }
            | Reason::BeforeRetry { .. }
            | Reason::NotADigest { .. }
            | Reason::UnknownDigest { .. }
            | Reason::DigestRequired { .. }
            | Reason::NotAPerson { .. }
            | Reason::TakenBack { .. }
            | Reason::Vetoed { .. }
            | Reason::PermissionUnknown { .. }
            | Reason::BranchUnknown
            | Reason::BaseUnknown
            | Reason::BranchMoved
            | Reason::BranchGone
            | Reason::BaseGone
            | Reason::BaseMoved { .. }
            // They can accept the invitation.
            | Reason::PendingMember { .. }
            | Reason::TeamUnknown { .. }
            | Reason::Expired { .. }
            | Reason::InputChanged { .. }
            | Reason::OwnerMissing { .. }
            | Reason::OwnerUnclear { .. }
            | Reason::OwnersUnknown
            | Reason::PolicyBroken
            | Reason::PolicyUnknown
            | Reason::TimeUnknown
            | Reason::OwnersTooLarge
            | Reason::Retargeted
            | Reason::PlanMerged
            | Reason::IssueGone
            | Reason::MadePublic
            | Reason::BaseRenamed { .. }
            | Reason::Outdated
            | Reason::Restored
            | Reason::RepositoryUnknown => false,
        }
    }

    /// The act the reason is about, if it is about one.
    #[must_use]
    pub fn act(&self) -> Option<ActId> {
        match self {
            Reason::EarlierVersion { act, .. }
            | Reason::UnboundReview { act }
            | Reason::BeforePublication { act }
            | Reason::BeforeRetry { act }
            | Reason::NotADigest { act }
            | Reason::UnknownDigest { act }
            | Reason::DigestRequired { act }
            | Reason::NoWriteAccess { act, .. }
            | Reason::NotAPerson { act }
            | Reason::AskedForIt { act, .. }
            | Reason::TakenBack { act, .. }
            | Reason::Vetoed { act, .. }
            | Reason::PermissionUnknown { act, .. }
            | Reason::NotListed { act, .. }
            | Reason::AnotherAccount { act, .. }
            | Reason::PendingMember { act, .. }
            | Reason::TeamUnknown { act, .. }
            | Reason::Denied { act, .. }
            | Reason::Expired { act, .. }
            | Reason::InputChanged { act, .. } => Some(*act),
            Reason::NobodyApproved
            | Reason::TooFew { .. }
            | Reason::BranchUnknown
            | Reason::BaseUnknown
            | Reason::BranchMoved
            | Reason::BranchGone
            | Reason::BaseGone
            | Reason::BaseMoved { .. }
            | Reason::OwnerMissing { .. }
            | Reason::OwnerUnclear { .. }
            | Reason::OwnersUnknown
            | Reason::PolicyBroken
            | Reason::PolicyUnknown
            | Reason::TimeUnknown
            | Reason::OwnersTooLarge
            | Reason::Retargeted
            | Reason::PlanMerged
            | Reason::IssueGone
            | Reason::MadePublic
            | Reason::BaseRenamed { .. }
            | Reason::Outdated
            | Reason::Restored
            | Reason::RepositoryUnknown => None,
        }
    }
}
