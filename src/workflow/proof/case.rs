//! Random cases for the gate alone: a version, its rules, acts and answers of one moment.

use super::history::{Chance, PEOPLE};
use super::setting::{Setting, digest, owners, person, sha, team};
use crate::ids::{AccountKind, Person, Timestamp, UserId};
use crate::workflow::act::{Act, ActId, ActKind, Place, Voided};
use crate::workflow::approval::*;

/// All that [`judge`] is asked with.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) rules: Rules,
    pub(super) edited: Option<Edit>,
    pub(super) retry: Option<Retry>,
    pub(super) acts: Vec<Act>,
    pub(super) facts: Facts,
    pub(super) gate: Gate,
}

/// The moment of publication, in seconds.
const PUBLISHED: i64 = 100;

impl Asked {
    /// Version 2, which 1 asked for, between friends: nothing is unknown, nobody has acted.
    pub(super) fn plain() -> Asked {
        let known = |level| Standing::Known { kind: AccountKind::User, level };
        let facts = Facts {
            now: Some(at(110)),
            people: PEOPLE.into_iter().map(|id| (UserId(id), known(Level::Write))).collect(),
            teams: [(team(), PEOPLE.into_iter().map(|id| (UserId(id), Membership::Active)).collect())].into(),
            branch: BranchFact::At(sha(2)),
            base: BaseFact::Contains { overlap: vec![] },
            several_writers: Some(true),
            around: AroundFact::Fine,
            policy: PolicyFact::Same,
            owners: owners(0),
        };
        let subject = Subject {
            version: 2,
            digest: digest(2),
            commit: sha(2),
            published_at: at(PUBLISHED),
            earlier: vec![digest(1)],
            requesters: vec![UserId(1)],
        };
        Asked {
            subject,
            rules: Setting::plain().rules,
            edited: None,
            retry: None,
            acts: vec![],
            facts,
            gate: Gate::Act,
        }
    }

    /// Anything; half of them with every answer known.
    pub(super) fn random(chance: &mut Chance) -> Asked {
        let setting = Setting::random(chance);
        let mut asked = Asked { rules: setting.rules.clone(), ..Asked::plain() };
        let sure = chance.below(2) == 0;
        for (id, (level, member)) in PEOPLE.into_iter().zip(setting.levels.into_iter().zip(setting.members)) {
            let level = if sure { level.or(Some(Level::Write)) } else { level };
            let standing = level.map(|level| Standing::Known { kind: AccountKind::User, level });
            asked.facts.people.insert(UserId(id), standing.unwrap_or(Standing::Unknown));
            asked.facts.teams.entry(team()).or_default().insert(UserId(id), member);
        }
        asked.facts.owners = owners(setting.owners);
        asked.gate = chance.of(&[Gate::Act, Gate::Start, Gate::Push]);
        if chance.below(5) == 0 {
            asked.facts.policy = PolicyFact::Changed(Box::new(setting.other(chance.of(&[0, 1, 2, 3]))));
        }
        if chance.below(6) == 0 {
            asked.edited = Some(Edit { by: None, at: at(101) });
        }
        if chance.below(6) == 0 {
            let act = ActId::Comment(i64::try_from(chance.below(5)).unwrap_or(0));
            asked.retry = Some(Retry { act, at: at(101) });
        }
        for _ in 0..1 + chance.below(5) {
            let who = chance.of(&PEOPLE);
            asked.adds(chance, &person(who));
        }
        asked
    }

    /// One more act of a person, of any kind and time.
    pub(super) fn adds(&mut self, chance: &mut Chance, by: &Person) {
        let kind = match chance.below(12) {
            0..=2 => approve(2),
            3 | 4 => ActKind::ApproveByReview { commit: Some(sha(2)) },
            5 => ActKind::ApproveByReview { commit: chance.of(&[None, Some(1)]).map(sha) },
            6 => approve(1),
            7 => ActKind::ApproveBare,
            8 => ActKind::Veto { why: String::new() },
            9 => ActKind::Withdraw,
            _ => ActKind::Lift { login: person(chance.of(&PEOPLE)).login.to_string() },
        };
        let seconds = PUBLISHED + chance.of(&[-1, 0, 1, 1, 2, 2, 3]);
        let act = self.act(by, kind, seconds);
        let voided = (chance.below(8) == 0).then(|| chance.of(&[Voided::Edited, Voided::Dismissed, Voided::Used]));
        self.acts.push(Act { voided, ..act });
    }

    /// An act that comes after the others in the list.
    pub(super) fn act(&self, by: &Person, kind: ActKind, seconds: i64) -> Act {
        let id = ActId::Comment(i64::try_from(self.acts.len()).unwrap_or(0));
        Act { id, kind, by: by.clone(), at: at(seconds), place: Place::Issue, via_app: false, voided: None }
    }

    /// The same with one more act.
    pub(super) fn with(&self, by: i64, kind: ActKind, seconds: i64) -> Asked {
        let mut more = self.clone();
        more.acts.push(self.act(&person(by), kind, seconds));
        more
    }

    pub(super) fn verdict(&self) -> Verdict {
        let Asked { subject, rules, edited, retry, acts, facts, gate } = self;
        judge(Case { subject, rules, edited: edited.as_ref(), retry: retry.as_ref(), acts }, facts, *gate)
    }

    pub(super) fn approved(&self) -> bool {
        matches!(self.verdict(), Verdict::Approved { .. })
    }

    /// Whose approvals count, where it is approved.
    pub(super) fn by(&self) -> Vec<i64> {
        match self.verdict() {
            Verdict::Approved { by, .. } => by.into_iter().map(|person| person.id.0).collect(),
            Verdict::Waiting(_) | Verdict::Hold(_) | Verdict::Void(_) => vec![],
        }
    }

    /// What is missing, or unknown.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        match self.verdict() {
            Verdict::Approved { .. } => vec![],
            Verdict::Waiting(reasons) | Verdict::Hold(reasons) => reasons,
            Verdict::Void(reason) => vec![reason],
        }
    }
}

/// `/approve` with the digest of a version.
pub(super) fn approve(version: u32) -> ActKind {
    ActKind::ApproveByDigest { prefix: digest(version).short().to_owned() }
}

pub(super) fn veto() -> ActKind {
    ActKind::Veto { why: String::new() }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}
