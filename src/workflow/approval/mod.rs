//! The gate: whether what people did amounts to an approval of exactly this version.
//!
//! [`judge`] is asked three times with the same rules: when an act arrives, when the run starts, right before the push.
//! It sees frozen facts and answers of GitHub, never a clock or the network, and gives the same verdict whatever order
//! the acts arrived in. Unknown means hold, never yes; taking authority away wins ties.

mod eligible;
mod facts;
mod owned;
mod raise;
mod reason;
mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::act::{Act, ActId, ActKind, Voided};
use crate::ids::{CommitSha, Digest, Person, Timestamp, UserId};

pub use facts::{
    AroundFact, BaseFact, BranchFact, Facts, Level, Membership, OwnedPath, Owner, OwnersFact, PolicyFact, Standing,
};
pub use raise::may_raise;
pub use reason::Reason;
pub use rules::{Approvers, EXPIRES, Listed, Rules, Separation};

use eligible::{Eligible, eligible, is_by_a_person, level};
use owned::owned;

/// What is up for approval, under which rules, and what people did.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The version.
    pub subject: &'a Subject,
    /// The rules it was published under.
    pub rules: &'a Rules,
    /// The last change of what the plan was made from by someone who may write, if there was one (rule E).
    pub edited: Option<&'a Edit>,
    /// The request to try it once more, if a run of it has ended before (rule K).
    pub retry: Option<&'a Retry>,
    /// What people did, in any order.
    pub acts: &'a [Act],
}

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

/// A change of what the plan was made from: the title or body, or a comment that the planner read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Who made it; `None` if GitHub did not say.
    pub by: Option<Person>,
    /// When, by GitHub's clock.
    pub at: Timestamp,
}

/// The request to try a version once more whose run has ended. It is an approval itself, and approvals that are not later
/// belong to the run before, also those that are told of late (rule K).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// `/retry` itself.
    pub act: ActId,
    /// When it was made, by GitHub's clock.
    pub at: Timestamp,
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

impl Gate {
    /// The name, as logs and answers know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Gate::Act => "act",
            Gate::Start => "start",
            Gate::Push => "push",
        }
    }
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

/// Judges whether the acts approve the version, as far as `facts` tell, at `gate`.
///
/// The rules that the version was published under and those in force now must both be met (rule H).
#[must_use]
pub fn judge(case: Case<'_>, facts: &Facts, gate: Gate) -> Verdict {
    let mut unknown = match place(case.subject, facts, gate) {
        Ok(unknown) => unknown,
        Err(void) => return Verdict::Void(void),
    };
    let mut counts = vec![count(case, facts, gate)];
    match &facts.policy {
        PolicyFact::Same => {}
        PolicyFact::Changed(now) => counts.push(count(Case { rules: now, ..case }, facts, gate)),
        PolicyFact::Broken => unknown.push(Reason::PolicyBroken),
        PolicyFact::Unknown => unknown.push(Reason::PolicyUnknown),
    }
    let mut vetoes = all(&counts, |count| &count.vetoes);
    if !vetoes.is_empty() {
        // Whoever acts beside an objection is told what is wrong with the act itself, too.
        vetoes.extend(all(&counts, |count| &count.refused));
        return Verdict::Waiting(vetoes);
    }
    let doubts = all(&counts, |count| &count.doubts);
    if !doubts.is_empty() {
        return Verdict::Hold(doubts);
    }
    unknown.extend(all(&counts, |count| &count.unknown));
    if !unknown.is_empty() {
        return Verdict::Hold(unknown);
    }
    let missing = all(&counts, |count| &count.missing);
    if !missing.is_empty() {
        return Verdict::Waiting(missing);
    }
    let mut by: Vec<Person> = vec![];
    for person in counts.into_iter().flat_map(|count| count.approvers) {
        if !by.iter().any(|known| known.id == person.id) {
            by.push(person);
        }
    }
    let by_requester = by.iter().any(|person| case.subject.requesters.contains(&person.id));
    Verdict::Approved { by, by_requester }
}

/// Whether plan branch and base are where the version needs them (rules F and G); what is unknown about it.
fn place(subject: &Subject, facts: &Facts, gate: Gate) -> Result<Vec<Reason>, Reason> {
    let mut unknown = vec![];
    match &facts.branch {
        BranchFact::At(head) if *head == subject.commit => {}
        BranchFact::At(_) => return Err(Reason::BranchMoved),
        BranchFact::Gone => return Err(Reason::BranchGone),
        BranchFact::Unknown => unknown.push(Reason::BranchUnknown),
    }
    match facts.around {
        AroundFact::Fine => {}
        AroundFact::Unknown => unknown.push(Reason::RepositoryUnknown),
    }
    match (&facts.base, gate) {
        (BaseFact::Contains { overlap }, Gate::Start | Gate::Push) if !overlap.is_empty() => {
            return Err(Reason::BaseMoved { paths: overlap.clone() });
        }
        (BaseFact::Contains { .. }, Gate::Act | Gate::Start | Gate::Push) => {}
        (BaseFact::Gone, Gate::Act | Gate::Start | Gate::Push) => return Err(Reason::BaseGone),
        (BaseFact::Unknown, Gate::Act | Gate::Start | Gate::Push) => unknown.push(Reason::BaseUnknown),
    }
    Ok(unknown)
}

/// What the acts come to under one set of rules. Nothing missing and nothing unknown means approved.
#[derive(Default)]
struct Count {
    approvers: Vec<Person>,
    /// Objections that block.
    vetoes: Vec<Reason>,
    /// Objections that block until it is known whether they may (D52).
    doubts: Vec<Reason>,
    /// What is not known, as far as the outcome turns on it.
    unknown: Vec<Reason>,
    /// What is missing, as far as that is known.
    missing: Vec<Reason>,
    /// Why single acts do not count.
    refused: Vec<Reason>,
}

/// Lets the latest act of each person that bears on this version speak (rules A and B).
fn count(case: Case<'_>, facts: &Facts, gate: Gate) -> Count {
    let (mut count, mut refused) = (Count::default(), vec![]);
    for act in latest(case, facts, &mut refused) {
        match weigh(case, act, facts, gate) {
            Weight::Approves => count.approvers.push(act.by.clone()),
            Weight::Vetoes(reason) => count.vetoes.push(reason),
            Weight::Doubts(reason) => count.doubts.push(reason),
            Weight::Unknown(reason) => count.unknown.push(reason),
            Weight::Nothing(reason) => refused.extend(reason),
        }
    }
    let have = u32::try_from(count.approvers.len()).unwrap_or(u32::MAX);
    let need = case.rules.required.max(1);
    let mut lacks = vec![];
    if have == 0 {
        lacks.push(Reason::NobodyApproved);
    } else if have < need {
        lacks.push(Reason::TooFew { have, need });
    }
    if have > 0 && case.rules.separation == Separation::Owners {
        let owned = owned(&count.approvers, facts);
        lacks.extend(owned.missing);
        // A person about whom nothing is known may be the owner who is missing.
        if lacks.is_empty() && owned.unknown.is_empty() {
            count.unknown.clear();
        }
        count.unknown.extend(owned.unknown);
    } else if lacks.is_empty() {
        count.unknown.clear();
    }
    if !lacks.is_empty() {
        count.missing.clone_from(&refused);
        count.missing.extend(lacks);
    }
    count.refused = refused;
    count
}

/// The latest act of each person that speaks about this version, in the order of the acts. The others are `refused`.
///
/// What a bot does, or an App in a person's name, is never a person's latest act: it can neither give nor take (Q6).
fn latest<'a>(case: Case<'a>, facts: &Facts, refused: &mut Vec<Reason>) -> Vec<&'a Act> {
    let mut bound: Vec<&Act> = vec![];
    for act in case.acts.iter().filter(|act| !matches!(act.kind, ActKind::Lift { .. } | ActKind::Overtaken { .. })) {
        if !is_by_a_person(act) {
            refused.push(Reason::NotAPerson { act: act.id });
        } else if let Some(reason) = not_bound(case, act) {
            // Who may not approve is told so, and not to try once more.
            refused.push(match eligible(act, case.rules, facts) {
                Eligible::No(standing) => standing,
                Eligible::Yes | Eligible::Unknown(_) => reason,
            });
        } else {
            bound.push(act);
        }
    }
    bound.sort_by_key(|act| act.order());
    // Of several by one person the last stays.
    let latest: BTreeMap<UserId, &Act> = bound.into_iter().map(|act| (act.by.id, act)).collect();
    let mut latest: Vec<&Act> = latest.into_values().collect();
    latest.sort_by_key(|act| act.order());
    latest
}

enum Weight {
    Approves,
    Vetoes(Reason),
    Doubts(Reason),
    Unknown(Reason),
    Nothing(Option<Reason>),
}

fn weigh(case: Case<'_>, act: &Act, facts: &Facts, gate: Gate) -> Weight {
    let (id, by) = (act.id, act.by.clone());
    if let Some(how) = act.voided {
        return Weight::Nothing(Some(Reason::TakenBack { act: id, how }));
    }
    if act.kind == ActKind::Withdraw {
        return Weight::Nothing(None);
    }
    let veto = !act.kind.approves();
    match eligible(act, case.rules, facts) {
        Eligible::No(reason) => Weight::Nothing(Some(reason)),
        Eligible::Yes | Eligible::Unknown(_) if veto && lifted(case, act, facts) == Lifted::Yes => {
            Weight::Nothing(None)
        }
        // A veto of someone who perhaps may blocks until that is known (D52), and so does one that is perhaps lifted.
        Eligible::Unknown(reason) if veto => Weight::Doubts(reason),
        Eligible::Yes if veto => match lifted(case, act, facts) {
            Lifted::Perhaps(reason) => Weight::Doubts(reason),
            Lifted::Yes | Lifted::No => Weight::Vetoes(Reason::Vetoed { act: id, by }),
        },
        Eligible::Unknown(reason) => Weight::Unknown(reason),
        Eligible::Yes if case.subject.requesters.contains(&by.id) && two_persons(case.rules, facts) => {
            Weight::Nothing(Some(Reason::AskedForIt { act: id, by }))
        }
        Eligible::Yes => in_time(case, act, facts, gate),
    }
}

/// Whether an approval is younger than its limit (rule J) and than the last change of what it approves (rule E).
fn in_time(case: Case<'_>, act: &Act, facts: &Facts, gate: Gate) -> Weight {
    let (id, by) = (act.id, act.by.clone());
    if let Some(edit) = case.edited
        && second(act.at) <= second(edit.at)
    {
        return Weight::Nothing(Some(Reason::InputChanged { act: id, by: edit.by.clone() }));
    }
    match (gate, facts.now) {
        // What has started does not expire.
        (Gate::Push, _) => Weight::Approves,
        (Gate::Act | Gate::Start, None) => Weight::Unknown(Reason::TimeUnknown),
        (Gate::Act | Gate::Start, Some(now)) if now.since(act.at) > case.rules.expires => {
            Weight::Nothing(Some(Reason::Expired { act: id, by }))
        }
        (Gate::Act | Gate::Start, Some(_)) => Weight::Approves,
    }
}

/// Whether an objection was set aside.
#[derive(PartialEq)]
enum Lifted {
    Yes,
    No,
    /// Somebody has, of whom it is not known whether they may.
    Perhaps(Reason),
}

/// Whether an objection was set aside, later than it was made: by its author, as `/unapprove` does, or by an
/// administrator who did not ask for the version (rule D).
fn lifted(case: Case<'_>, veto: &Act, facts: &Facts) -> Lifted {
    let mut lifted = Lifted::No;
    for act in case.acts {
        let ActKind::Lift { login } = &act.kind else { continue };
        let about_it = login.eq_ignore_ascii_case(veto.by.login.as_str()) && second(act.at) > second(veto.at);
        if !about_it || act.voided.is_some() {
            continue;
        }
        if act.by.id == veto.by.id && is_by_a_person(act) {
            return Lifted::Yes;
        }
        if case.rules.denied.contains(&act.by.id) || case.subject.requesters.contains(&act.by.id) {
            continue;
        }
        match level(act, facts) {
            Ok(Level::Admin) => return Lifted::Yes,
            Ok(Level::None | Level::Read | Level::Triage | Level::Write | Level::Maintain) => {}
            Err(Eligible::Unknown(reason)) => lifted = Lifted::Perhaps(reason),
            Err(Eligible::Yes | Eligible::No(_)) => {}
        }
    }
    lifted
}

/// Whether `rules` ask for a second person, given how many hold write access.
fn two_persons(rules: &Rules, facts: &Facts) -> bool {
    match rules.separation {
        Separation::Open => false,
        Separation::TwoPerson | Separation::Owners => true,
        Separation::Auto => facts.several_writers.unwrap_or(true),
    }
}

/// Why an act is no approval of this version, whoever may approve; `None` if it is one.
#[must_use]
pub fn why_not(case: Case<'_>, act: &Act) -> Option<Reason> {
    match act.voided {
        Some(how) => Some(Reason::TakenBack { act: act.id, how }),
        None => not_bound(case, act),
    }
}

/// Why an act does not speak about this version at all; `None` if it does. Vetoes and withdrawals always do.
fn not_bound(case: Case<'_>, act: &Act) -> Option<Reason> {
    let (id, subject) = (act.id, case.subject);
    match &act.kind {
        ActKind::Veto { .. } | ActKind::Withdraw | ActKind::Lift { .. } | ActKind::Overtaken { .. } => None,
        ActKind::ApproveByReview { commit: None } => Some(Reason::UnboundReview { act: id }),
        ActKind::ApproveByReview { commit: Some(commit) } if *commit != subject.commit => {
            Some(Reason::EarlierVersion { act: id, versions: None })
        }
        ActKind::ApproveByReview { .. } => too_early(case, act),
        ActKind::ApproveByDigest { prefix } => digest_reason(subject, id, prefix).or_else(|| too_early(case, act)),
        ActKind::ApproveBare if case.rules.require_digest => Some(Reason::DigestRequired { act: id }),
        ActKind::ApproveBare => too_early(case, act),
    }
}

/// An act of the second of publication, or before it, was made by someone who cannot have read it (§4). Of a version that
/// is tried once more the request for that is the publication, and the first act.
fn too_early(case: Case<'_>, act: &Act) -> Option<Reason> {
    let until = |at: Timestamp| second(act.at) <= second(at);
    match case.retry {
        _ if until(case.subject.published_at) => Some(Reason::BeforePublication { act: act.id }),
        Some(retry) if act.id != retry.act && until(retry.at) => Some(Reason::BeforeRetry { act: act.id }),
        Some(_) if act.voided == Some(Voided::Used) => Some(Reason::TakenBack { act: act.id, how: Voided::Used }),
        Some(_) | None => None,
    }
}

/// GitHub's times have steps of a second.
fn second(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

fn digest_reason(subject: &Subject, act: ActId, prefix: &str) -> Option<Reason> {
    let hex = prefix.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hex || !(12..=64).contains(&prefix.len()) {
        return Some(Reason::NotADigest { act });
    }
    let current = subject.digest.as_str().starts_with(prefix);
    let earlier = subject.earlier.iter().zip(1..).find(|(digest, _)| digest.as_str().starts_with(prefix));
    match (current, earlier) {
        (true, None) => None,
        (true, Some(_)) => Some(Reason::NotADigest { act }),
        (false, Some((_, number))) => {
            // Each version is counted, unless one was never shown.
            let all = u32::try_from(subject.earlier.len()).is_ok_and(|shown| shown + 1 == subject.version);
            Some(Reason::EarlierVersion { act, versions: all.then_some((number, subject.version)) })
        }
        (false, None) => Some(Reason::UnknownDigest { act }),
    }
}

/// What several counts say, each thing once.
fn all(counts: &[Count], of: impl Fn(&Count) -> &Vec<Reason>) -> Vec<Reason> {
    let mut all: Vec<Reason> = vec![];
    for reason in counts.iter().flat_map(of) {
        if !all.contains(reason) {
            all.push(reason.clone());
        }
    }
    all
}
