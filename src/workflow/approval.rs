//! The gate: whether what people did amounts to an approval of exactly this version.
//!
//! [`judge`] is asked three times with the same rules: when an act arrives, when the run starts, right before the push.
//! It sees frozen facts and answers of GitHub, never a clock or the network, and gives the same verdict whatever order
//! the acts arrived in. Unknown means hold, never yes; taking authority away wins ties.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::act::{Act, ActId, ActKind, Voided};
use crate::ids::{AccountKind, CommitSha, Digest, Person, Timestamp, UserId};

/// The version that is up for approval, as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its number, from 1.
    pub version: u32,
    /// What an approval binds to.
    pub digest: Digest,
    /// The commit on the plan branch that holds it.
    pub commit: CommitSha,
    /// The later of the plan comment's and the plan pull request's creation, by GitHub's clock.
    pub published_at: Timestamp,
    /// Digests of the versions before this one, oldest first.
    pub earlier: Vec<Digest>,
    /// Who asked for this version: the trigger's sender and the authors of `/plan` guidance in it (rule C).
    pub requesters: Vec<UserId>,
}

/// The rules in force when the version was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How many different people must approve; at least 1.
    pub required: u32,
    /// Whether someone who asked for the version may approve it.
    pub separation: Separation,
    /// Whether `/approve` must name the digest.
    pub require_digest: bool,
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
}

/// What GitHub answered at one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What each person may, by numeric id. A missing person counts as unknown.
    pub people: BTreeMap<UserId, Standing>,
    /// Where the plan branch points.
    pub branch: BranchFact,
    /// What became of the base the plan was written against.
    pub base: BaseFact,
    /// Whether more than one person holds write access; read only where rule C turns on it.
    pub several_writers: Option<bool>,
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

/// A permission level as `GET /repos/{owner}/{repo}/collaborators/{user}/permission` reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No access.
    None,
    /// Read, also where the role is triage.
    Read,
    /// Write, also where the role is maintain.
    Write,
    /// Admin.
    Admin,
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

/// When the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// When an act arrives.
    Act,
    /// When the run starts.
    Start,
    /// Right before the push.
    Push,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Approved, by these people.
    Approved {
        /// The approvers, in the order of their acts.
        by: Vec<Person>,
        /// Whether someone who asked for the version is among them.
        by_requester: bool,
    },
    /// Not yet: each reason says what is missing.
    Waiting(Vec<Reason>),
    /// Something is unknown; ask GitHub again.
    Hold(Vec<Reason>),
    /// This version can no longer be approved.
    Void(Reason),
}

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
    /// The base branch changed inside the plan's scope.
    BaseMoved {
        /// Which paths.
        paths: Vec<String>,
    },
}

impl Reason {
    /// The act the reason is about, if it is about one.
    #[must_use]
    pub fn act(&self) -> Option<ActId> {
        match self {
            Reason::EarlierVersion { act }
            | Reason::UnboundReview { act }
            | Reason::BeforePublication { act }
            | Reason::NotADigest { act }
            | Reason::UnknownDigest { act }
            | Reason::DigestRequired { act }
            | Reason::NoWriteAccess { act, .. }
            | Reason::NotAPerson { act }
            | Reason::AskedForIt { act, .. }
            | Reason::TakenBack { act, .. }
            | Reason::Vetoed { act, .. }
            | Reason::PermissionUnknown { act, .. } => Some(*act),
            Reason::NobodyApproved
            | Reason::TooFew { .. }
            | Reason::BranchUnknown
            | Reason::BaseUnknown
            | Reason::BranchMoved
            | Reason::BranchGone
            | Reason::BaseGone
            | Reason::BaseMoved { .. } => None,
        }
    }
}

/// Judges whether `acts` approve `subject` under `rules`, as far as `facts` tell, at `gate`.
#[must_use]
pub fn judge(subject: &Subject, rules: &Rules, acts: &[Act], facts: &Facts, gate: Gate) -> Verdict {
    let mut unknown = Vec::new();
    match &facts.branch {
        BranchFact::At(head) if *head == subject.commit => {}
        BranchFact::At(_) => return Verdict::Void(Reason::BranchMoved),
        BranchFact::Gone => return Verdict::Void(Reason::BranchGone),
        BranchFact::Unknown => unknown.push(Reason::BranchUnknown),
    }
    match (&facts.base, gate) {
        (BaseFact::Contains { overlap }, Gate::Start | Gate::Push) if !overlap.is_empty() => {
            return Verdict::Void(Reason::BaseMoved { paths: overlap.clone() });
        }
        (BaseFact::Contains { .. }, Gate::Act | Gate::Start | Gate::Push) => {}
        (BaseFact::Gone, Gate::Act | Gate::Start | Gate::Push) => return Verdict::Void(Reason::BaseGone),
        (BaseFact::Unknown, Gate::Act | Gate::Start | Gate::Push) => unknown.push(Reason::BaseUnknown),
    }
    let weighed = weigh_all(subject, rules, acts, facts);
    if let Some(veto) = weighed.vetoes.into_iter().next() {
        return Verdict::Waiting(vec![veto]);
    }
    let have = u32::try_from(weighed.approvers.len()).unwrap_or(u32::MAX);
    let need = rules.required.max(1);
    if have >= need && unknown.is_empty() {
        let by_requester = weighed.approvers.iter().any(|p| subject.requesters.contains(&p.id));
        return Verdict::Approved { by: weighed.approvers, by_requester };
    }
    unknown.extend(weighed.unknown);
    if !unknown.is_empty() {
        return Verdict::Hold(unknown);
    }
    let mut missing = weighed.refused;
    missing.push(if have == 0 { Reason::NobodyApproved } else { Reason::TooFew { have, need } });
    Verdict::Waiting(missing)
}

#[derive(Default)]
struct Weighed {
    approvers: Vec<Person>,
    vetoes: Vec<Reason>,
    unknown: Vec<Reason>,
    refused: Vec<Reason>,
}

/// Lets the latest act of each person that bears on this version speak (rules A and B).
fn weigh_all(subject: &Subject, rules: &Rules, acts: &[Act], facts: &Facts) -> Weighed {
    let mut weighed = Weighed::default();
    let mut latest: BTreeMap<UserId, &Act> = BTreeMap::new();
    for act in acts {
        if let Some(reason) = not_bound(subject, rules, act) {
            weighed.refused.push(reason);
        } else if latest.get(&act.by.id).is_none_or(|other| other.order() < act.order()) {
            latest.insert(act.by.id, act);
        }
    }
    let mut latest: Vec<&Act> = latest.into_values().collect();
    latest.sort_by_key(|act| act.order());
    for act in latest {
        match weigh(subject, rules, act, facts) {
            Weight::Approves => weighed.approvers.push(act.by.clone()),
            Weight::Vetoes(reason) => weighed.vetoes.push(reason),
            Weight::Unknown(reason) => weighed.unknown.push(reason),
            Weight::Nothing(reason) => weighed.refused.extend(reason),
        }
    }
    weighed
}

enum Weight {
    Approves,
    Vetoes(Reason),
    Unknown(Reason),
    Nothing(Option<Reason>),
}

fn weigh(subject: &Subject, rules: &Rules, act: &Act, facts: &Facts) -> Weight {
    let (id, by) = (act.id, act.by.clone());
    if let Some(how) = act.voided {
        return Weight::Nothing(Some(Reason::TakenBack { act: id, how }));
    }
    if act.kind == ActKind::Withdraw {
        return Weight::Nothing(None);
    }
    let veto = !act.kind.approves();
    match standing(act, facts) {
        Eligible::Yes if veto => Weight::Vetoes(Reason::Vetoed { act: id, by }),
        // A veto of someone who perhaps may blocks until that is known (D52).
        Eligible::Unknown if veto => Weight::Vetoes(Reason::PermissionUnknown { act: id, by }),
        Eligible::No(reason) => Weight::Nothing(Some(reason)),
        Eligible::Unknown => Weight::Unknown(Reason::PermissionUnknown { act: id, by }),
        Eligible::Yes if subject.requesters.contains(&by.id) && two_persons(rules, facts) => {
            Weight::Nothing(Some(Reason::AskedForIt { act: id, by }))
        }
        Eligible::Yes => Weight::Approves,
    }
}

/// Whether `rules` ask for a second person, given how many hold write access.
fn two_persons(rules: &Rules, facts: &Facts) -> bool {
    match rules.separation {
        Separation::Open => false,
        Separation::TwoPerson => true,
        Separation::Auto => facts.several_writers.unwrap_or(true),
    }
}

enum Eligible {
    Yes,
    No(Reason),
    Unknown,
}

/// E1 to E3: a person, acting for themselves, whom GitHub lets write.
fn standing(act: &Act, facts: &Facts) -> Eligible {
    if act.via_app || act.by.kind != AccountKind::User {
        return Eligible::No(Reason::NotAPerson { act: act.id });
    }
    match facts.people.get(&act.by.id) {
        None | Some(Standing::Unknown) => Eligible::Unknown,
        Some(Standing::Known { kind: AccountKind::User, level: Level::Write | Level::Admin }) => Eligible::Yes,
        Some(Standing::Known { kind: AccountKind::User, level: Level::None | Level::Read }) => {
            Eligible::No(Reason::NoWriteAccess { act: act.id, by: act.by.clone() })
        }
        Some(Standing::Known { .. }) => Eligible::No(Reason::NotAPerson { act: act.id }),
    }
}

/// Why an act does not speak about this version at all; `None` if it does. Vetoes and withdrawals always do.
fn not_bound(subject: &Subject, rules: &Rules, act: &Act) -> Option<Reason> {
    let id = act.id;
    match &act.kind {
        ActKind::Veto { .. } | ActKind::Withdraw => None,
        ActKind::ApproveByReview { commit: None } => Some(Reason::UnboundReview { act: id }),
        ActKind::ApproveByReview { commit: Some(commit) } if *commit != subject.commit => {
            Some(Reason::EarlierVersion { act: id })
        }
        ActKind::ApproveByReview { .. } => too_early(subject, act),
        ActKind::ApproveByDigest { prefix } => digest_reason(subject, id, prefix).or_else(|| too_early(subject, act)),
        ActKind::ApproveBare if rules.require_digest => Some(Reason::DigestRequired { act: id }),
        ActKind::ApproveBare => too_early(subject, act),
    }
}

/// An act of the second of publication, or before it, was made by someone who cannot have read it (§4).
fn too_early(subject: &Subject, act: &Act) -> Option<Reason> {
    (act.at.0.div_euclid(1000) <= subject.published_at.0.div_euclid(1000))
        .then_some(Reason::BeforePublication { act: act.id })
}

fn digest_reason(subject: &Subject, act: ActId, prefix: &str) -> Option<Reason> {
    let hex = prefix.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hex || !(12..=64).contains(&prefix.len()) {
        return Some(Reason::NotADigest { act });
    }
    let current = subject.digest.as_str().starts_with(prefix);
    let earlier = subject.earlier.iter().any(|digest| digest.as_str().starts_with(prefix));
    match (current, earlier) {
        (true, false) => None,
        (true, true) => Some(Reason::NotADigest { act }),
        (false, true) => Some(Reason::EarlierVersion { act }),
        (false, false) => Some(Reason::UnknownDigest { act }),
    }
}
