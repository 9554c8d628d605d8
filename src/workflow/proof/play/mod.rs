//! Plays a history to the product, event by event as a worker does, and asks the naive evaluator at each judgement.

mod deeds;
mod verdict;

use std::collections::{BTreeMap, VecDeque};

use super::entry::{Cause, Entry};
use super::history::{Answer, Next, PEOPLE};
use super::naive::{Decision, decide};
use super::setting::{Setting, base, digest, origin, person, sha, team};
use crate::ids::*;
use crate::workflow::act::ActId;
use crate::workflow::approval::*;
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::event::Event;
use crate::workflow::run::*;
use crate::workflow::step::{Step, begin, step};

use verdict::said;
pub(super) use verdict::{Difference, Tally};

/// A run, and the GitHub around it.
pub(super) struct Play {
    setting: Setting,
    run: Run,
    facts: Facts,
    head: Option<CommitSha>,
    branch_known: bool,
    clock_known: bool,
    /// The moment on GitHub, in seconds.
    now: i64,
    pending: VecDeque<Effect>,
    timers: Vec<Effect>,
    late: Vec<(Event, Vec<Entry>)>,
    /// Digest and commit of each version that stands on the plan branch, in order.
    versions: Vec<(Digest, CommitSha)>,
    /// When the version's comment was posted that the product does not know of yet.
    posted: Option<i64>,
    acts: Vec<ActId>,
    serial: i64,
    history: Vec<Entry>,
    tally: Tally,
}

/// Plays it all, from the label on.
pub(super) fn play(setting: &Setting, deeds: &[Next]) -> Result<Tally, Box<Difference>> {
    let mut play = Play::new(setting.clone());
    // Most begin with a version that waits; some while it is still being posted.
    for _ in 0..setting.head_start {
        play.work()?;
    }
    for next in deeds {
        play.now += next.after;
        play.does(*next)?;
    }
    while !play.late.is_empty() {
        play.tell()?;
    }
    play.settle()?;
    play.again();
    play.settle()?;
    Ok(play.tally)
}

impl Play {
    fn new(setting: Setting) -> Play {
        let (state, then) = begin(&person(1), None, false, ReactTo::Issue);
        let facts = Facts {
            now: None,
            people: BTreeMap::new(),
            teams: [(team(), BTreeMap::new())].into(),
            branch: BranchFact::Unknown,
            base: BaseFact::Contains { overlap: vec![] },
            several_writers: Some(true),
            around: AroundFact::Fine,
            policy: PolicyFact::Same,
            owners: vec![],
        };
        let mut play = Play {
            run: Run { id: RunId(1), origin: origin(), state },
            facts,
            head: None,
            branch_known: true,
            clock_known: true,
            now: 100,
            pending: due(then),
            timers: vec![],
            late: vec![],
            versions: vec![],
            posted: None,
            acts: vec![],
            serial: 0,
            history: vec![Entry::Began(Cause::Trigger(1))],
            tally: Tally::default(),
            setting,
        };
        for (who, level) in PEOPLE.into_iter().zip(play.setting.levels) {
            play.stands(who, level);
        }
        for (who, membership) in PEOPLE.into_iter().zip(play.setting.members) {
            play.joins(who, membership);
        }
        for answer in
            [Answer::BaseSame, Answer::PolicySame, Answer::SeveralWriters, Answer::Owners(play.setting.owners)]
        {
            play.answers(answer);
        }
        play
    }

    /// Lets an event happen, and keeps what is to be done as the store does.
    fn happens(&mut self, event: &Event) -> Result<(), Box<Difference>> {
        let before = self.run.state.clone();
        let (after, then) = match step(&self.run, event) {
            Step::Move { to, then } => (to, then),
            Step::Stay { then } => (before.clone(), then),
            Step::Ignore => (before.clone(), vec![]),
        };
        if before.is_open() && !after.is_open() {
            self.pending.clear();
            self.timers.clear();
        }
        let work = |effect: &Effect| matches!(effect, Effect::WritePlan { .. } | Effect::Execute { .. });
        if matches!(before, State::Planning(_) | State::Executing(_)) && before.phase() != after.phase() {
            self.pending.retain(|effect| !work(effect));
        }
        if then.iter().any(|effect| matches!(effect, Effect::WritePlan { .. })) {
            let cause = match event {
                Event::PlanAsked { by, .. } => Cause::Plan(by.id.0),
                Event::BurstEnded { .. } => Cause::Notes,
                _ => Cause::Again,
            };
            self.history.push(Entry::Began(cause));
        }
        self.run.state = after;
        let again = |effect: &Effect| match effect {
            Effect::JudgeAgain { gate, .. } => Some(Effect::Judge { gate: *gate, because: None }),
            _ => None,
        };
        self.timers.extend(then.iter().filter_map(again));
        self.pending.extend(due(then.iter().filter(|effect| again(effect).is_none()).cloned().collect()));
        if let Event::Judged { gate, .. } = event {
            return self.compare(*gate, &before);
        }
        Ok(())
    }

    fn compare(&mut self, gate: Gate, before: &State) -> Result<(), Box<Difference>> {
        let Some(product) = said(gate, before, &self.run.state) else { return Ok(()) };
        // Where both gates are asked at once, the second is asked of what the first approves and of nothing else (Q21).
        let first = decide(&self.history, Gate::Act);
        let naive = match (gate, before, &first) {
            (Gate::Start, State::AwaitingApproval(_), Some(Decision::Yes(_))) => decide(&self.history, gate),
            (Gate::Start, State::AwaitingApproval(_), _) => first,
            _ => decide(&self.history, gate),
        };
        let same = product.fits(naive.as_ref(), &self.history);
        self.tally.count(&product);
        if same {
            return Ok(());
        }
        let (history, state) = (self.history.clone(), before.clone());
        Err(Box::new(Difference { gate, product, naive, history, state }))
    }

    fn settle(&mut self) -> Result<(), Box<Difference>> {
        while !self.pending.is_empty() {
            self.work()?;
        }
        Ok(())
    }

    fn again(&mut self) {
        self.pending.extend(std::mem::take(&mut self.timers));
    }

    /// Does the next thing that is due.
    fn work(&mut self) -> Result<(), Box<Difference>> {
        let Some(effect) = self.pending.pop_front() else { return Ok(()) };
        let event = match effect {
            Effect::WritePlan { version } => {
                Event::PlanWritten { version, digest: digest(version), base: base(), rules: self.setting.rules.clone() }
            }
            Effect::CommitPlan { version } => {
                let commit = sha(version);
                self.head = Some(commit.clone());
                self.versions.push((digest(version), commit.clone()));
                self.looks();
                self.history.push(Entry::Committed);
                Event::PlanCommitted { version, commit }
            }
            Effect::OpenPlanPull { .. } => {
                Event::PlanPullOpened { pull: PullNumber(9), at: Timestamp(self.now * 1000) }
            }
            // The product learns a moment later that its comment stands there.
            Effect::PostPlan { version } => match self.posted.take() {
                None => {
                    self.posted = Some(self.now);
                    self.pending.push_front(Effect::PostPlan { version });
                    return Ok(());
                }
                Some(at) => {
                    self.publishes(at);
                    Event::PlanPosted { version, at: Timestamp(at * 1000) }
                }
            },
            Effect::EndBurst { notes } => Event::BurstEnded { notes },
            Effect::Judge { gate, because } => {
                let now = self.clock_known.then_some(self.now);
                self.history.push(Entry::Clock(now));
                let branch = match (&self.head, self.branch_known) {
                    (_, false) => BranchFact::Unknown,
                    (Some(head), true) => BranchFact::At(head.clone()),
                    (None, true) => BranchFact::Gone,
                };
                let now = now.map(|now| Timestamp(now * 1000));
                let facts = Facts { now, branch, ..self.facts.clone() };
                let gate = if gate == Gate::Act && self.starts_at_once(&facts) { Gate::Start } else { gate };
                Event::Judged { gate, facts, because }
            }
            Effect::Execute { .. } => Event::Executed,
            Effect::Push { .. } => {
                self.tally.pushed += 1;
                Event::Pushed { head: sha(5), commits: vec![] }
            }
            Effect::OpenPull { .. } => Event::PullOpened { pull: PullNumber(10) },
            Effect::ClosePlanPull { .. } => Event::PlanPullClosed,
            _ => return Ok(()),
        };
        self.happens(&event)
    }

    /// Whether both gates are asked at once: a worker does that where both approve, unless something keeps it.
    fn starts_at_once(&self, facts: &Facts) -> bool {
        let State::AwaitingApproval(waiting) = &self.run.state else { return false };
        let verdict = judge(waiting.shown.case(&waiting.acts), facts, Gate::Start);
        self.now % 2 == 0 && matches!(verdict, Verdict::Approved { .. })
    }

    fn publishes(&mut self, at: i64) {
        let (State::Publishing(publishing), Some((digest, commit))) = (&self.run.state, self.versions.last()) else {
            return;
        };
        let (digest, commit, rules) = (digest.clone(), commit.clone(), publishing.rules.clone());
        self.history.push(Entry::Published { digest, commit, at, rules });
    }
}

/// What is to be done, but for what only shows or says.
fn due(then: Vec<Effect>) -> VecDeque<Effect> {
    let shows = |effect: &Effect| {
        matches!(effect, Effect::React { .. } | Effect::Say { .. } | Effect::ShowStatus | Effect::ShowStatusSoon)
    };
    then.into_iter().filter(|effect| !shows(effect)).collect()
}
