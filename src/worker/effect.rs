//! Performs one claimed effect and writes what came of it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::apply::{Applied, With};
use super::spending::not_raised;
use super::trouble::Then;
use super::{Core, HEARTBEAT, LEASE, Moment, REST, Trouble};
use crate::counts::Tried;
use crate::github::{Attempt, RepoRef, Repository, Step, Write, witnessed};
use crate::ids::{EffectId, Timestamp};
use crate::store::{Claim, ClaimedEffect, Finish, Held, Lease};
use crate::words::NotRaised;
use crate::workflow::approval::Gate;
use crate::workflow::change::Change;
use crate::workflow::effect::{Effect, Lane};
use crate::workflow::event::Event;
use crate::workflow::run::{Finished, Outcome, Run, Trouble as Why};

/// For how long what passes by itself, such as an outage of GitHub, may keep an effect from being done before the run is
/// told: what is finished is kept that long (F31).
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a sandbox, a disk or the store's contents may fail an effect: these do not mend themselves.
const FEW_ATTEMPTS: i64 = 4;

/// When something that this version cannot read is looked at again: a newer version may do it meanwhile, or take the
/// place of this one (F26).
pub(super) const UNREADABLE: Duration = Duration::from_secs(600);

/// One try of one effect.
pub(super) struct Deed<'a> {
    pub(super) core: &'a Core,
    pub(super) run: Run,
    pub(super) claim: Claim,
    pub(super) attempts: i64,
    /// How often it was looked for what an earlier try may have written; `None` where none did.
    looks: Option<u32>,
    /// When it was written down that this is to be done.
    pub(super) made_at: Timestamp,
    pub(super) moment: Moment,
    pub(super) id: EffectId,
    /// Cancelled when the effect is no longer wanted, or not by us.
    pub(super) cancel: CancellationToken,
    at: RepoRef,
}

/// What came of an effect: an event, or nothing that the run needs to know.
pub(super) struct Done {
    event: Option<Event>,
    with: With,
}

impl Done {
    /// It is done, and nobody needs to know.
    pub(super) fn quietly() -> Done {
        Done { event: None, with: With::default() }
    }

    /// It is done, and this has happened by it.
    pub(super) fn with(event: Event) -> Done {
        Done { event: Some(event), with: With::default() }
    }

    /// It is done, this has happened by it, and this is written with it.
    pub(super) fn and(event: Event, with: With) -> Done {
        Done { event: Some(event), with }
    }
}

/// How a write that must appear once is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nobody has tried before: do it.
    First,
    /// An earlier try may have happened and GitHub's reads lag: look, and do nothing yet if it is not there.
    Only,
    /// Looked for often enough: do it if it is not there.
    ThenDo,
}

impl From<Look> for Attempt {
    fn from(look: Look) -> Attempt {
        match look {
            Look::First => Attempt::First,
            Look::Only | Look::ThenDo => Attempt::Again,
        }
    }
}

impl Deed<'_> {
    /// The repository, opened for a step.
    pub(super) fn repo(&self, step: Step) -> Repository<'_> {
        self.core.app.repository(&self.at, step, self.moment.now())
    }

    /// Which repository it is.
    pub(super) fn at(&self) -> &RepoRef {
        &self.at
    }

    /// How this try goes about a write that must appear once (F13, F27). What counts is the last try that may have
    /// written, and how often it was looked since.
    pub(super) fn look(&self) -> Look {
        match self.looks {
            None => Look::First,
            Some(looks) if usize_of(looks) + 1 < self.core.settings.look_ups.len() => Look::Only,
            Some(_) => Look::ThenDo,
        }
    }

    /// Each effect is a future of its own on the heap: together they would not fit a thread's stack.
    async fn perform(&self, effect: &Effect) -> Result<Done, Trouble> {
        match effect {
            Effect::React { to } => Box::pin(self.react(*to)).await,
            Effect::Say { words, place, key } => Box::pin(self.say(words, *place, key)).await,
            Effect::ShowStatus | Effect::ShowStatusSoon => {
                let done = Box::pin(self.show_status()).await?;
                Box::pin(self.show_beside()).await?;
                Ok(done)
            }
            Effect::WritePlan { version } => Box::pin(self.write_plan(*version)).await,
            Effect::CommitPlan { version } => Box::pin(self.commit_plan(*version)).await,
            Effect::OpenPlanPull { version } => Box::pin(self.open_plan_pull(*version)).await,
            Effect::PostPlan { version } => Box::pin(self.post_plan(*version)).await,
            Effect::AnswerNote { version, note } => Box::pin(self.answer_note(*version, note)).await,
            Effect::EndBurst { notes } => Ok(Done::with(Event::BurstEnded { notes: *notes })),
            Effect::Judge { gate, because } => Box::pin(self.judge(*gate, *because)).await,
            Effect::JudgeAgain { gate, asked, .. } => Box::pin(self.judge_again(*gate, *asked)).await,
            Effect::Execute { version } => Box::pin(self.execute(*version)).await,
            Effect::Push { version } => Box::pin(self.push(*version)).await,
            Effect::OpenPull { version, head } => Box::pin(self.open_pull(*version, head)).await,
            Effect::ReportConformance { version, head } => Box::pin(self.report_conformance(*version, head)).await,
            Effect::ClosePlanPull { plan_pull, pull } => Box::pin(self.close_plan_pull(*plan_pull, *pull)).await,
            Effect::FollowUp { number } => Box::pin(self.follow_up(*number)).await,
            Effect::PushMore { number } => Box::pin(self.push_more(*number)).await,
            Effect::AnswerWork { number, commit, reply } => {
                Box::pin(self.answer_work(*number, commit.as_ref(), reply)).await
            }
            Effect::TellWork => Box::pin(self.tell_work()).await,
            Effect::CleanUp { plan, work } => Box::pin(self.clean_up(plan, work)).await,
            Effect::TidyUp => Box::pin(self.tidy_up()).await,
            Effect::AnswerKept { version, reply } => Box::pin(self.answer_kept(*version, reply)).await,
            Effect::MarkFaults { head, by, faults } => Box::pin(self.mark_faults(head, by, faults)).await,
            Effect::LookAtBase => Box::pin(self.look_at_base()).await,
            Effect::Remind { version } => Ok(changed(Change::ReminderDue { version: *version })),
            Effect::TimeOut { version } => Ok(changed(Change::TimeUp { version: *version })),
            Effect::JudgeRaise { raise } => Box::pin(self.judge_raise(raise)).await,
            Effect::EndRest => Box::pin(self.end_rest()).await,
            Effect::SayOnPull { words, pull, key } => Box::pin(self.say_on_pull(words, *pull, key)).await,
            Effect::OpenSubIssue { version, step } => Box::pin(self.open_sub_issue(*version, step)).await,
            Effect::TellSplit { version, place, key } => Box::pin(self.tell_split(*version, *place, key)).await,
            Effect::Announce { hook, news } => Box::pin(self.announce(hook, news)).await,
        }
    }
}

impl Core {
    /// Performs a claimed effect.
    pub(super) async fn perform(&self, claimed: ClaimedEffect, moment: Moment) -> Result<(), Trouble> {
        let ClaimedEffect { id, run: run_id, lane, effect, made_at, attempts, looks, poisoned, claim } = claimed;
        let read = match serde_json::from_str::<Effect>(&effect) {
            Ok(effect) => self.run(run_id).await.map(|(run, _)| (effect, run)),
            Err(error) => Err(error.into()),
        };
        let (effect, run) = match read {
            Ok(read) => read,
            Err(trouble @ Trouble::Corrupt(_)) => {
                tracing::error!(run.id = %run_id, effect.id = %id, %trouble, "an effect of run {run_id} waits");
                let _ = self.store.retry(&claim, moment.now().plus(UNREADABLE), &trouble.to_string()).await?;
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        let name = effect.name();
        let (installation, repo) = (run.origin.installation, run.origin.repo);
        let at = RepoRef { installation, id: repo, name: run.origin.repo_name.clone() };
        // Only the work in a sandbox is stopped by the process stopping; a call to GitHub is over in a moment.
        let cancel = if lane == Lane::Work { self.stop.child_token() } else { CancellationToken::new() };
        let deed = Deed { core: self, run, claim, attempts, looks, made_at, moment, id, cancel, at };
        let mut wrote = false;
        let done = if poisoned && may_end_a_process(&effect) {
            Err(Trouble::Corrupt(format!("{name} ended the process again and again")))
        } else {
            let work = self.alive(&deed.claim, moment, deed.perform(&effect), || deed.cancel.cancel());
            let (done, writes) = witnessed(work).await;
            self.log_writes(Some(run_id), name, &writes, moment.now()).await?;
            wrote = writes.iter().any(may_have_made);
            done
        };
        let elapsed = moment.now().since(deed.moment.start());
        let elapsed_ms = elapsed.as_millis();
        match done {
            Ok(done) => {
                deed.finish(&effect, done).await?;
                self.counts.tried(name, Tried::Done, elapsed);
                tracing::debug!(run.id = %run_id, effect.id = %id, name, attempts, elapsed_ms, "{name} is done");
                Ok(())
            }
            Err(trouble) => {
                tracing::warn!(run.id = %run_id, effect.id = %id, name, attempts, elapsed_ms, %trouble, "{name} was not done");
                if matches!(trouble, Trouble::Sandbox(_)) {
                    self.counts.sandbox_failed();
                }
                self.counts.tried(name, deed.not_done(&effect, &trouble, wrote).await?, elapsed);
                Ok(())
            }
        }
    }
}

impl Core {
    /// Keeps the lease while the work goes on, and says when it is gone.
    pub(super) async fn alive<T>(
        &self,
        claim: &Claim,
        moment: Moment,
        work: impl Future<Output = Result<T, Trouble>>,
        lost: impl Fn(),
    ) -> Result<T, Trouble> {
        // The work goes on while a heartbeat waits: what the heartbeat waits for may be held by the work.
        let beats = async {
            let mut beat = tokio::time::interval(HEARTBEAT);
            beat.tick().await;
            loop {
                beat.tick().await;
                let lease = Lease { now: moment.now(), length: LEASE };
                // A store that does not answer now may answer before the lease ends.
                if let Ok(Held::Lost) = self.store.heartbeat(claim, lease).await {
                    lost();
                }
            }
        };
        tokio::select! {
            done = Box::pin(work) => done,
            never = beats => never,
        }
    }
}

impl Deed<'_> {
    async fn finish(&self, effect: &Effect, done: Done) -> Result<(), Trouble> {
        let finish = Finish::done(self.claim.clone());
        let now = self.moment.now();
        match done.event {
            Some(event) => {
                let record = self.record(effect, &event).await?;
                let with = With { finishes: Some(finish), record, ..done.with };
                if self.core.apply(self.run.id, &event, with, now).await? == Applied::NotOurs {
                    tracing::info!(run.id = %self.run.id, "run {}: an outcome came too late", self.run.id);
                }
            }
            None => {
                let _ = self.core.store.finish(finish, now).await?;
            }
        }
        Ok(())
    }

    async fn not_done(&self, effect: &Effect, trouble: &Trouble, wrote: bool) -> Result<Tried, Trouble> {
        let (now, why) = (self.moment.now(), trouble.to_string());
        let then = trouble.then();
        if matches!(then, Then::At(_) | Then::Rest) {
            self.core.store.fails_no_more(self.id).await?;
        }
        let looks = match (wrote, then) {
            (true, _) => Some(0),
            // Not even looked for.
            (false, Then::At(_) | Then::Rest) => self.looks,
            (false, Then::Drop | Then::Again | Then::GiveUp) => self.looks.map(|looks| looks.saturating_add(1)),
        };
        let again_at = match then {
            Then::Drop => return Ok(Tried::Again),
            Then::At(at) => Ok(at),
            Then::Rest => Ok(now.plus(REST)),
            Then::Again => self.may_pass(trouble, now).await?.map(|()| now.plus(self.wait(looks))),
            Then::GiveUp => Err(None),
        };
        match again_at {
            Ok(at) => {
                self.core.store.looked(self.id, self.attempts, looks).await?;
                let _ = self.core.store.retry(&self.claim, at, &why).await?;
                Ok(Tried::Again)
            }
            Err(since) => {
                self.give_up(effect, (trouble, since), now).await?;
                Ok(Tried::GaveUp)
            }
        }
    }

    /// Whether another try may go better; if not, since when it might have passed by itself.
    async fn may_pass(&self, trouble: &Trouble, now: Timestamp) -> Result<Result<(), Option<Timestamp>>, Trouble> {
        if !passes(trouble) {
            return Ok(if self.attempts < FEW_ATTEMPTS { Ok(()) } else { Err(None) });
        }
        let since = self.core.store.fails(self.id, now).await?;
        Ok(if now.since(since) < PATIENCE { Ok(()) } else { Err(Some(since)) })
    }

    /// How long to wait after a try, however often there was one before: at least as long as GitHub's reads may lag behind
    /// what it has written.
    fn wait(&self, looks: Option<u32>) -> Duration {
        let look_ups = &self.core.settings.look_ups;
        let lag = looks.and_then(|looks| look_ups.get(usize_of(looks))).copied();
        match lag {
            Some(lag) if usize::try_from(self.attempts).is_ok_and(|tries| tries <= look_ups.len()) => lag,
            Some(lag) => lag.max(self.patience()),
            None => self.patience(),
        }
    }

    /// How long to wait after this try: as long as GitHub's reads may lag at first, then twice as long each time.
    pub(super) fn patience(&self) -> Duration {
        let tried = usize::try_from(self.attempts - 1).unwrap_or(0);
        if let Some(wait) = self.core.settings.look_ups.get(tried) {
            return *wait;
        }
        let doubled = 1_u64.checked_shl(u32::try_from(tried).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
        Duration::from_secs(doubled.saturating_mul(5).min(900))
    }

    /// Ends what cannot be done: the run learns of it where it cannot go on without.
    async fn give_up(
        &self,
        effect: &Effect,
        (trouble, since): (&Trouble, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let finish = Finish::gave_up(self.claim.clone(), &trouble.to_string());
        let text = trouble.to_string();
        let why = match (trouble, since) {
            (Trouble::Github(_) | Trouble::Git(_) | Trouble::Absent(_), Some(since)) => {
                Why::GithubAway { since, finished: finished(effect), text }
            }
            (Trouble::Github(_), None) => Why::Github { text },
            (Trouble::Sandbox(_), _) => Why::NoSandbox { text },
            (Trouble::Model { .. }, _) => Why::Model { text },
            (Trouble::Forbidden(_), _) => Why::Forbidden { text },
            (
                Trouble::Store(_)
                | Trouble::Git(_)
                | Trouble::NotByGit(_)
                | Trouble::Journal(_)
                | Trouble::Corrupt(_)
                | Trouble::Busy
                | Trouble::Disk { .. }
                | Trouble::Absent(_)
                | Trouble::Held { .. }
                | Trouble::Interrupted,
                _,
            ) => Why::GaveUp { text },
        };
        let event = match effect {
            Effect::React { .. }
            | Effect::Say { .. }
            | Effect::ShowStatus
            | Effect::ShowStatusSoon
            | Effect::AnswerNote { .. }
            | Effect::EndBurst { .. }
            | Effect::AnswerWork { .. }
            | Effect::TellWork
            | Effect::CleanUp { .. }
            | Effect::TidyUp
            | Effect::AnswerKept { .. }
            | Effect::MarkFaults { .. }
            | Effect::LookAtBase
            | Effect::Remind { .. }
            | Effect::TimeOut { .. }
            | Effect::ReportConformance { .. }
            | Effect::EndRest
            | Effect::SayOnPull { .. }
            | Effect::OpenSubIssue { .. }
            | Effect::TellSplit { .. }
            | Effect::Announce { .. } => None,
            Effect::JudgeRaise { raise } => Some(not_raised(raise, NotRaised::NotJudged)),
            // The work is public; that the plan's pull request stays open does not undo it.
            Effect::ClosePlanPull { .. } => Some(Event::PlanPullClosed),
            Effect::WritePlan { .. }
            | Effect::CommitPlan { .. }
            | Effect::OpenPlanPull { .. }
            | Effect::PostPlan { .. }
            | Effect::Judge { .. }
            | Effect::JudgeAgain { .. }
            | Effect::Execute { .. }
            | Effect::Push { .. }
            | Effect::FollowUp { .. }
            | Effect::PushMore { .. }
            | Effect::OpenPull { .. } => Some(Event::Stopped { outcome: Outcome::Failed { why } }),
        };
        match event {
            Some(event) => {
                let record = self.record(effect, &event).await?;
                let with = With { finishes: Some(finish), record, ..With::default() };
                let _ = self.core.apply(self.run.id, &event, with, now).await?;
            }
            None => {
                let _ = self.core.store.finish(finish, now).await?;
            }
        }
        Ok(())
    }
}

/// Whether there may be one more thing by a write: what GitHub refuses it has not done.
fn may_have_made(write: &Write) -> bool {
    write.creates && !matches!(write.status, Some(400..=499))
}

fn usize_of(looks: u32) -> usize {
    usize::try_from(looks).unwrap_or(usize::MAX - 1)
}

/// What is done and paid for when an effect of this kind is due.
fn finished(effect: &Effect) -> Finished {
    if matches!(effect, Effect::CommitPlan { .. } | Effect::OpenPlanPull { .. } | Effect::PostPlan { .. }) {
        return Finished::Plan;
    }
    let judges = matches!(effect, Effect::Judge { gate: Gate::Push, .. } | Effect::JudgeAgain { gate: Gate::Push, .. });
    let brings = matches!(effect, Effect::Push { .. } | Effect::OpenPull { .. } | Effect::PushMore { .. });
    if judges || brings { Finished::Work } else { Finished::Nothing }
}

/// Whether performing it can be why its process ended. These do nothing of their own but say that their time has come;
/// who takes one and never reports back ended for another reason, and without them the run waits for ever.
fn may_end_a_process(effect: &Effect) -> bool {
    !matches!(effect, Effect::Remind { .. } | Effect::TimeOut { .. } | Effect::EndBurst { .. } | Effect::EndRest)
}

fn changed(change: Change) -> Done {
    Done::with(Event::Changed { change })
}

/// Whether it passes by itself, after however long.
fn passes(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Github(_)
        | Trouble::Git(_)
        | Trouble::Journal(_)
        | Trouble::Store(_)
        | Trouble::Busy
        | Trouble::Absent(_)
        | Trouble::Held { .. }
        | Trouble::Interrupted => true,
        Trouble::Sandbox(_)
        | Trouble::NotByGit(_)
        | Trouble::Disk { .. }
        | Trouble::Corrupt(_)
        | Trouble::Model { .. }
        | Trouble::Forbidden(_) => false,
    }
}
