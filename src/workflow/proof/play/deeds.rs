//! What people and GitHub do, deed by deed.

use super::super::entry::{Cause, Entry, Kind};
use super::super::history::{Answer, Deed, Does, Head, Next};
use super::super::setting::{owners, person, sha, team};
use super::verdict::Difference;
use super::{Play, due};
use crate::ids::*;
use crate::workflow::act::{Act, ActId, ActKind, Place, Voided};
use crate::workflow::approval::*;
use crate::workflow::deviation::{Deviation, DeviationKind, Response};
use crate::workflow::effect::ReactTo;
use crate::workflow::event::Event;
use crate::workflow::run::*;
use crate::workflow::step::begin_again;
use crate::workflow::step::deviated::note_id;

impl Play {
    pub(super) fn does(&mut self, next: Next) -> Result<(), Box<Difference>> {
        match next.deed {
            Deed::Act { who, does, app } => self.acts(next.late, who, does, app),
            Deed::Take { ago, how } => self.takes(next.late, ago, how),
            Deed::Tell => self.tell(),
            Deed::Push(to) => self.pushes(next.late, to),
            Deed::Plan { who, guidance } if self.may_write(who) => {
                let event = Event::PlanAsked {
                    unasked: false,
                    by: person(who),
                    guidance: guidance.then(|| "mind this".to_owned()),
                    place: Place::Issue,
                };
                self.told(next.late, event, vec![Entry::Asked { by: who, guidance }])
            }
            Deed::Note { who } if self.may_write(who) => {
                let note = self.note(who);
                self.told(next.late, Event::Noted { note }, vec![])
            }
            Deed::Plan { .. } | Deed::Note { .. } => Ok(()),
            Deed::Edit { by } => {
                self.edits(by);
                Ok(())
            }
            Deed::Stand { who, level } => {
                self.stands(who, level);
                Ok(())
            }
            Deed::Join { who, membership } => {
                self.joins(who, membership);
                Ok(())
            }
            Deed::Answer(answer) => {
                self.answers(answer);
                Ok(())
            }
            Deed::Work => self.work(),
            Deed::Settle => self.settle(),
            Deed::Again => {
                self.again();
                Ok(())
            }
            Deed::Wait => {
                self.now += 10;
                Ok(())
            }
            Deed::Start => self.starts(),
            Deed::Fail => self.fails(),
            Deed::Retry { who } => self.retries(who),
            Deed::Deviate { asks } => self.deviates(asks),
            Deed::Stop => self.stops(),
            Deed::Continue { who } if self.may_write(who) => {
                self.happens(&Event::ResumeAsked { by: person(who), guidance: Some("mind this".to_owned()) })
            }
            Deed::Continue { .. } => Ok(()),
        }
    }

    fn may_write(&self, who: i64) -> bool {
        matches!(self.facts.people[&UserId(who)], Standing::Known { level, .. } if level >= Level::Write)
    }

    fn acts(&mut self, late: bool, who: i64, does: Does, app: bool) -> Result<(), Box<Difference>> {
        let version = |ago: u32| self.versions.iter().rev().nth(usize::try_from(ago).unwrap_or(0));
        let digits = |ago| version(ago).map_or("f00d5eedf00d", |(digest, _)| digest.short()).to_owned();
        let (kind, told) = match does {
            Does::Review(ago) => {
                let commit = version(ago).map(|(_, commit)| commit.clone());
                (ActKind::ApproveByReview { commit: commit.clone() }, Kind::Review(commit))
            }
            Does::Unbound => (ActKind::ApproveByReview { commit: None }, Kind::Review(None)),
            Does::Digest(ago) => (ActKind::ApproveByDigest { prefix: digits(ago) }, Kind::Digest(digits(ago))),
            Does::Wrong => (ActKind::ApproveByDigest { prefix: "0".to_owned() }, Kind::Digest("0".to_owned())),
            Does::Bare => (ActKind::ApproveBare, Kind::Bare),
            Does::Veto => (ActKind::Veto { why: String::new() }, Kind::Veto),
            Does::Withdraw => (ActKind::Withdraw, Kind::Withdraw),
            Does::Lift(whose) => (ActKind::Lift { login: person(whose).login.to_string() }, Kind::Lift(whose)),
        };
        let act = self.act(who, kind, app);
        let entry = Entry::Acted { id: serial(act.id), by: who, kind: told, app, at: self.now };
        self.told(late, Event::Acted { act }, vec![entry])
    }

    fn act(&mut self, who: i64, kind: ActKind, via_app: bool) -> Act {
        self.serial += 1;
        // Of one second and one kind the review is the later one.
        let review = match kind {
            ActKind::ApproveByReview { .. } => true,
            ActKind::Veto { .. } => self.serial % 2 == 0,
            _ => false,
        };
        let id = if review { ActId::Review(1000 + self.serial) } else { ActId::Comment(self.serial) };
        self.acts.push(id);
        let at = Timestamp(self.now * 1000);
        Act { id, kind, by: person(who), at, place: Place::Issue, via_app, voided: None }
    }

    fn takes(&mut self, late: bool, ago: usize, how: Voided) -> Result<(), Box<Difference>> {
        let Some(id) = self.acts.iter().rev().nth(ago).copied() else { return Ok(()) };
        let waits = |(event, _): &(Event, Vec<Entry>)| match event {
            Event::Acted { act } if act.id == id => Some(act.clone()),
            _ => None,
        };
        // Where the act is yet to be told of, its end comes first.
        let event = match self.late.iter().find_map(waits) {
            Some(act) => {
                Event::Acted { act: Act { kind: ActKind::Overtaken { lifts: true }, voided: Some(how), ..act } }
            }
            None => Event::ActVoided { id, how },
        };
        self.told(late, event, vec![Entry::Taken { id: serial(id), edited: how == Voided::Edited }])
    }

    fn pushes(&mut self, late: bool, to: Head) -> Result<(), Box<Difference>> {
        self.head = match to {
            Head::Elsewhere => Some(sha(999)),
            Head::Gone => None,
            Head::Back => self.versions.last().map(|(_, commit)| commit.clone()),
        };
        self.looks();
        let event = Event::PlanBranchMoved { head: self.head.clone() };
        self.told(late, event, vec![Entry::Pushed])
    }

    fn note(&mut self, who: i64) -> Note {
        self.serial += 1;
        Note {
            id: format!("comment-{}", self.serial),
            by: person(who),
            at: Timestamp(self.now * 1000),
            text: "say why".to_owned(),
            on: None,
            review: None,
            thread: Thread::Summary(Place::Issue),
        }
    }

    /// Rule E, for the version that is shown while it waits or is executed.
    fn edits(&mut self, by: Option<i64>) {
        let shown = match &mut self.run.state {
            State::AwaitingApproval(waiting) => &mut waiting.shown,
            State::Starting(approved) => &mut approved.shown,
            State::Executing(executing) => &mut executing.approved.shown,
            State::Resting(resting) => &mut resting.approved.shown,
            State::Delivering(delivering) => &mut delivering.approved.shown,
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::InReview(_)
            | State::Ended(_) => return,
        };
        shown.edited = Some(Edit { by: by.map(person), at: Timestamp(self.now * 1000) });
        self.history.push(Entry::Edited { at: self.now });
    }

    pub(super) fn stands(&mut self, who: i64, level: Option<Level>) {
        let known = |level| Standing::Known { kind: AccountKind::User, level };
        self.facts.people.insert(UserId(who), level.map_or(Standing::Unknown, known));
        self.history.push(Entry::Level(who, level));
    }

    pub(super) fn joins(&mut self, who: i64, membership: Membership) {
        self.facts.teams.entry(team()).or_default().insert(UserId(who), membership);
        self.history.push(Entry::Member(who, membership));
    }

    pub(super) fn answers(&mut self, answer: Answer) {
        let contains = |overlap| BaseFact::Contains { overlap };
        let facts = &mut self.facts;
        match answer {
            Answer::BranchUnknown => self.branch_known = false,
            Answer::BranchKnown => self.branch_known = true,
            Answer::BaseUnknown => facts.base = BaseFact::Unknown,
            Answer::BaseSame => facts.base = contains(vec![]),
            Answer::BaseTouched => facts.base = contains(vec!["src/lib.rs".to_owned()]),
            Answer::BaseGone => facts.base = BaseFact::Gone,
            Answer::ClockUnknown => self.clock_known = false,
            Answer::ClockKnown => self.clock_known = true,
            Answer::PolicySame => facts.policy = PolicyFact::Same,
            Answer::PolicyOther(which) => facts.policy = PolicyFact::Changed(Box::new(self.setting.other(which))),
            Answer::PolicyBroken => facts.policy = PolicyFact::Broken,
            Answer::PolicyUnknown => facts.policy = PolicyFact::Unknown,
            Answer::Owners(which) => facts.owners = owners(which),
            Answer::OneWriter => facts.several_writers = Some(false),
            Answer::SeveralWriters => facts.several_writers = Some(true),
        }
        let facts = &self.facts;
        self.history.push(match answer {
            Answer::BaseUnknown | Answer::BaseSame | Answer::BaseTouched | Answer::BaseGone => {
                Entry::Base(facts.base.clone())
            }
            Answer::Owners(_) => Entry::Owners(facts.owners.clone()),
            Answer::OneWriter | Answer::SeveralWriters => Entry::SeveralWriters(facts.several_writers),
            _ => Entry::Policy(facts.policy.clone()),
        });
        self.looks();
    }

    /// What GitHub answers about the plan branch.
    pub(super) fn looks(&mut self) {
        self.history.push(Entry::Branch(self.branch_known.then(|| self.head.clone())));
    }

    fn told(&mut self, late: bool, event: Event, entries: Vec<Entry>) -> Result<(), Box<Difference>> {
        if late {
            self.late.push((event, entries));
            return Ok(());
        }
        self.history.extend(entries);
        self.happens(&event)
    }

    pub(super) fn tell(&mut self) -> Result<(), Box<Difference>> {
        let Some((event, entries)) = self.late.pop() else { return Ok(()) };
        self.told(false, event, entries)
    }

    /// Comes as far as the execution if nothing is in the way, and no further.
    fn starts(&mut self) -> Result<(), Box<Difference>> {
        for _ in 0..3 {
            if !matches!(self.run.state, State::Executing(_)) {
                self.work()?;
            }
        }
        Ok(())
    }

    fn fails(&mut self) -> Result<(), Box<Difference>> {
        self.starts()?;
        if !matches!(self.run.state, State::Executing(_)) {
            return Ok(());
        }
        let why = Trouble::ChecksFailed { commands: vec![] };
        self.happens(&Event::Stopped { outcome: Outcome::Failed { why } })
    }

    fn deviates(&mut self, asks: bool) -> Result<(), Box<Difference>> {
        self.starts()?;
        if !matches!(self.run.state, State::Executing(_)) {
            return Ok(());
        }
        let (what, why) = ("other".to_owned(), "it is so".to_owned());
        let deviation = Deviation { step: "s1".to_owned(), kind: DeviationKind::NotPossible, what, why };
        let response = if asks { Response::Ask } else { Response::Stop };
        let version = self.run.state.shown().map_or(0, |shown| shown.subject.version);
        let note = Note { id: note_id(version), ..self.note(1) };
        self.happens(&Event::Deviated { deviation: Box::new(deviation), response, note: Box::new(note) })
    }

    fn stops(&mut self) -> Result<(), Box<Difference>> {
        self.starts()?;
        if !matches!(self.run.state, State::Executing(_)) {
            return Ok(());
        }
        let stop = Stop { by: person(2), place: Place::Issue, comment: CommentId(1), after: None };
        self.happens(&Event::StopAsked { stop: Box::new(stop) })?;
        self.happens(&Event::Rested)
    }

    fn retries(&mut self, who: i64) -> Result<(), Box<Difference>> {
        let State::Ended(ended) = &self.run.state else { return Ok(()) };
        let Ended { outcome: Outcome::Failed { .. }, shown: Some(shown), .. } = ended else { return Ok(()) };
        if !self.may_write(who) {
            return Ok(());
        }
        let (ended, shown, digits) = (ended.clone(), shown.clone(), shown.subject.digest.short().to_owned());
        let act = self.act(who, ActKind::ApproveByDigest { prefix: digits.clone() }, false);
        self.history.push(Entry::Retried { id: serial(act.id), at: self.now });
        let kind = Kind::Digest(digits);
        self.history.push(Entry::Acted { id: serial(act.id), by: who, kind, app: false, at: self.now });
        let (state, then) = begin_again(&ended, &shown, act, ReactTo::Issue);
        if matches!(state, State::Planning(_)) {
            self.history.push(Entry::Began(Cause::Again));
        }
        self.run.state = state;
        self.pending = due(then);
        Ok(())
    }
}

fn serial(id: ActId) -> i64 {
    let (ActId::Comment(serial) | ActId::Review(serial)) = id;
    serial
}
