//! Gathers what happened to a run from its log, for `/history` and the command line.

use serde::Deserialize;

use super::Trouble;
use super::plan::{Answered, answered_name};
use crate::ids::{CommitSha, Login, Person};
use crate::store::Store;
use crate::words::history::{Did, Past, PastAct, PastVersion, Verdict};
use crate::workflow::act::{Act, ActId, ActKind, Voided};
use crate::workflow::approval::Reason;
use crate::workflow::naming::plan_path;
use crate::workflow::run::{Note, Run};

/// The versions of a run, and what people decided about them. What cannot be read of the log is left out: the audit trail
/// has it, and this is only a view.
///
/// # Errors
/// When the store does not answer.
pub async fn past(store: &Store, run: &Run) -> Result<Past, Trouble> {
    let mut versions = Vec::new();
    for row in store.plans(run.id).await? {
        let answered = store.kept(run.id, &answered_name(row.version)).await?;
        let answered: Option<Answered> = answered.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        versions.push(PastVersion {
            version: row.version,
            digest: row.digest,
            at: row.made_at,
            commit: None,
            asked: vec![],
            changes: answered.unwrap_or_default().changes,
        });
    }
    let file = plan_path(run.origin.number).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
    let plan_pull = run.state.plan_pull();
    let work_pull = run.state.work_pull();
    let past = Past { run: run.id, file, plan_pull, work_pull, versions, acts: vec![] };
    let mut told = Told { past, asked: vec![run.origin.requester.login.clone()], early: vec![] };
    for row in store.events(run.id).await? {
        if let Ok(event) = serde_json::from_str(&row.json) {
            told.happened(event);
        }
    }
    Ok(told.past)
}

/// The events that a history tells of, as the log keeps them. They are not read as [`Event`](crate::workflow::event::Event):
/// what a gate was answered is keyed by numbers, which a tagged JSON object does not give back.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Happened {
    PlanAsked {
        by: Person,
    },
    Noted {
        note: Note,
    },
    PlanWritten {
        version: u32,
    },
    PlanCommitted {
        version: u32,
        commit: CommitSha,
    },
    Acted {
        act: Act,
    },
    ActVoided {
        id: ActId,
        how: Voided,
    },
    Judged {
        because: Option<ActId>,
        led: Led,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Led {
    #[serde(default)]
    approved_by: Vec<Person>,
    #[serde(default)]
    self_approved: Vec<Person>,
    #[serde(default)]
    missing: Vec<Reason>,
}

/// What the log has told so far.
struct Told {
    past: Past,
    /// Who asked for the version after the last one written.
    asked: Vec<Login>,
    /// What was taken back before it was told of.
    early: Vec<Act>,
}

impl Told {
    fn happened(&mut self, event: Happened) {
        match event {
            Happened::PlanAsked { by } | Happened::Noted { note: Note { by, .. } } => self.asks(&by),
            Happened::PlanWritten { version } => {
                let asked = std::mem::take(&mut self.asked);
                if let Some(one) = self.version(version) {
                    one.asked = asked;
                }
            }
            Happened::PlanCommitted { version, commit } => {
                if let Some(one) = self.version(version) {
                    one.commit = Some(commit);
                }
            }
            Happened::Acted { act } => self.acted(&act),
            Happened::ActVoided { id, how } => {
                if let Some(act) = self.act(id) {
                    act.verdict = Verdict::Voided { how };
                }
            }
            Happened::Judged { because, led } => self.judged(because, &led),
            Happened::Other => {}
        }
    }

    fn asks(&mut self, by: &Person) {
        if !self.asked.contains(&by.login) {
            self.asked.push(by.login.clone());
        }
    }

    fn acted(&mut self, act: &Act) {
        let did = match &act.kind {
            ActKind::ApproveByReview { .. } | ActKind::ApproveByDigest { .. } | ActKind::ApproveBare => Did::Approved,
            ActKind::Veto { .. } => Did::Objected,
            ActKind::Withdraw => Did::TookBack,
            ActKind::Lift { .. } => Did::Lifted,
            ActKind::Overtaken { lifts } => return self.overtaken(act, *lifts),
        };
        if self.act(act.id).is_none() {
            let (id, place, by, at) = (act.id, act.place, act.by.login.clone(), act.at);
            let early = self.early.iter().filter(|early| early.id == id);
            let voided = early.fold(act.clone(), |act, early| act.told_also(early)).voided;
            let verdict = voided.map_or(Verdict::Open, |how| Verdict::Voided { how });
            self.past.acts.push(PastAct { id, place, by, did, at, verdict });
        }
    }

    /// The end of what is an act, or may yet turn out to be one.
    fn overtaken(&mut self, end: &Act, lifts: bool) {
        self.early.push(end.clone());
        if let (Some(act), Some(how)) = (self.act(end.id), end.voided)
            && (lifts && how != Voided::Edited || act.did == Did::Approved)
        {
            act.verdict = Verdict::Voided { how };
        }
    }

    /// What a gate said of the act that was its occasion, and of those it found to be enough.
    fn judged(&mut self, because: Option<ActId>, led: &Led) {
        let current = self.past.versions.iter().rev().find(|one| one.commit.is_some()).map_or(0, |one| one.version);
        for act in &mut self.past.acts {
            let occasion = Some(act.id) == because;
            let approved = |by: &[Person]| act.did == Did::Approved && by.iter().any(|person| person.login == act.by);
            let (counts, self_approved) = (approved(&led.approved_by), approved(&led.self_approved));
            let against = led.missing.iter().find(|reason| reason.act() == Some(act.id));
            let blocks = matches!(against, Some(Reason::Vetoed { .. }));
            match (&act.verdict, against) {
                (Verdict::Open, Some(reason)) if occasion && !blocks => {
                    act.verdict = Verdict::Refused { reason: reason.clone() };
                }
                (Verdict::Open, _) if counts || occasion => {
                    act.verdict = Verdict::Counted { version: current, self_approved };
                }
                (Verdict::Open | Verdict::Counted { .. } | Verdict::Refused { .. } | Verdict::Voided { .. }, _) => {}
            }
        }
    }

    fn version(&mut self, number: u32) -> Option<&mut PastVersion> {
        self.past.versions.iter_mut().find(|one| one.version == number)
    }

    fn act(&mut self, id: ActId) -> Option<&mut PastAct> {
        self.past.acts.iter_mut().find(|act| act.id == id)
    }
}
