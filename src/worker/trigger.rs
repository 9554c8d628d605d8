//! Begins runs: the label, `/plan` and `/retry`, each by a person who may.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::Trouble;
use super::delivery::{Arrival, HOUR, once_an_hour};
use super::policy::{InForce, Read};
use crate::github::{Attempt, Step, Thread, Trace};
use crate::ids::{AccountKind, IssueNumber, Person, RunId, Timestamp};
use crate::store::{NewEvent, NewPlan, OpenRun, OpenRunOutcome};
use crate::webhook::IssueFacts;
use crate::words::place::Home;
use crate::words::reply::Setting;
use crate::words::{self, Words};
use crate::workflow::act::Act;
use crate::workflow::approval::Level;
use crate::workflow::effect::{Effect, ReactTo};
use crate::workflow::event::Event;
use crate::workflow::limit::Request;
use crate::workflow::naming::{BranchNames, Suffix, branch_names};
use crate::workflow::outcome::{CancelledBy, Outcome};
use crate::workflow::run::{Ended, Offer, Origin, Publishing, Run, Shown, State};
use crate::workflow::step::{begin, begin_adopting, begin_again, begin_publishing};

/// Who asked for a run, when, and how that is shown to have been seen.
pub(super) struct Asked<'a> {
    pub(super) by: &'a Person,
    pub(super) at: Timestamp,
    pub(super) what: Wanted,
    pub(super) label: Option<String>,
    pub(super) seen: ReactTo,
}

/// What somebody asked for.
pub(super) enum Wanted {
    /// That a plan is written.
    Plan { guidance: Option<String>, unasked: bool },
    /// That the plan they wrote is taken.
    Adoption(Box<Offer>),
}

/// What is tried again: a run that ended, its last state, and the version people saw.
pub(super) struct Again<'a> {
    pub(super) run: &'a Run,
    pub(super) ended: &'a Ended,
    pub(super) shown: &'a Shown,
    /// The step that it begins with again.
    pub(super) from: Option<String>,
}

impl Arrival<'_> {
    /// Labels are on an issue, and one of them may ask for a plan: it is made if who put it there may ask (R1 to R4, R6,
    /// R7, R10, R13).
    pub(super) async fn trigger(
        &self,
        issue: &IssueFacts,
        labels: &[&str],
        by: Option<&Person>,
    ) -> Result<(), Trouble> {
        let Some(by) = by else { return self.done("by an account that is gone").await };
        if issue.is_pull || !issue.open || self.hint.repo.archived {
            return self.done("not an open issue of a living repository").await;
        }
        let in_force = match self.policy().await? {
            Read::Sound(in_force) => in_force,
            Read::Broken(broken) if broken.may_mean(labels) && self.may(by).await? >= Level::Write => {
                return self.hold(issue, &broken).await;
            }
            Read::Broken(_) => return self.done("the policy has mistakes, and nobody who may asked").await,
        };
        let Some(profile) = in_force.policy.profile_of(labels) else { return self.done("no trigger label").await };
        let bot = by.kind == AccountKind::Bot && in_force.policy.lets_bot_ask(by.id);
        if by.kind != AccountKind::User && !bot {
            return self.done("not by a person").await;
        }
        if !bot && !self.may_ask(issue, by, "label", &in_force).await? {
            return Ok(());
        }
        let label = Some(profile.label.clone());
        let asked = Asked {
            by,
            at: issue.updated_at,
            what: Wanted::Plan { guidance: None, unasked: false },
            label,
            seen: ReactTo::Issue,
        };
        self.begin(issue, asked, &in_force).await
    }

    /// Whether someone may ask for runs here, who has write access at the least and whom the operator lets decide (E6). Who
    /// may not is told so, once an hour.
    async fn may_ask(
        &self,
        issue: &IssueFacts,
        by: &Person,
        wanted: &str,
        in_force: &InForce,
    ) -> Result<bool, Trouble> {
        let level = self.may(by).await?;
        let words = if level < Level::Write {
            Some(Words::NotAllowed { who: by.clone(), wanted: wanted.to_owned() })
        } else if self.core.settings.bounds.denied.contains(&by.id) {
            Some(Words::NotAllowed { who: by.clone(), wanted: "denied".to_owned() })
        } else {
            self.may_not_ask(by, level, in_force).await?
        };
        let Some(words) = words else { return Ok(true) };
        self.answer_without_run(issue, &words, &once_an_hour(wanted, by, issue.updated_at)).await?;
        Ok(false)
    }

    /// The policy in force, if someone may ask for a run by a command; who may not is told so.
    pub(super) async fn may_ask_by_command(
        &self,
        issue: &IssueFacts,
        by: &Person,
    ) -> Result<Option<Box<InForce>>, Trouble> {
        match self.policy().await? {
            Read::Sound(in_force) => Ok(self.may_ask(issue, by, "plan", &in_force).await?.then_some(in_force)),
            Read::Broken(broken) => self.hold(issue, &broken).await.map(|()| None),
        }
    }

    /// Opens a run for an issue.
    pub(super) async fn begin(&self, issue: &IssueFacts, asked: Asked<'_>, in_force: &InForce) -> Result<(), Trouble> {
        let (state, then) = match asked.what {
            Wanted::Plan { guidance, unasked } => begin(asked.by, guidance, unasked, asked.seen),
            Wanted::Adoption(offer) => begin_adopting(*offer, asked.seen),
        };
        let seen = asked.seen;
        let branches = self.branches(issue.number, &issue.title)?;
        let settings = &self.core.settings;
        let origin = Origin {
            installation: self.at.installation,
            repo: self.at.id,
            repo_name: self.at.name.clone(),
            issue: issue.id,
            number: issue.number,
            title: issue.title.clone(),
            body: issue.body.clone(),
            author: issue.author.clone(),
            comments: issue.comments,
            requester: asked.by.clone(),
            label: asked.label,
            asked_at: asked.at,
            base_branch: self.hint.repo.default_branch.clone(),
            plan_branch: branches.plan,
            work_branch: branches.work,
            private: self.hint.repo.private,
            retry_of: None,
            retry_from: None,
            rounds: in_force.policy.plan.rounds.unwrap_or(settings.rounds),
            review: in_force.policy.review,
        };
        self.open(&origin, (&state, &then), None, seen).await
    }

    /// Opens a run that tries the approved version of an ended one again; the act is judged like any approval.
    pub(super) async fn begin_again(&self, again: Again<'_>, act: Act, seen: ReactTo) -> Result<(), Trouble> {
        let Again { run: ended, ended: state, shown, from } = again;
        let version = shown.subject.version;
        let row = self.core.store.plan(ended.id, version).await?;
        let row = row.ok_or_else(|| Trouble::Corrupt(format!("version {version} of run {} is not there", ended.id)))?;
        let plan = NewPlan { version, digest: row.digest, terms: row.terms, markdown: row.markdown };
        let work_branch = self.branches(ended.origin.number, &ended.origin.title)?.work;
        let origin = Origin {
            requester: act.by.clone(),
            asked_at: act.at,
            work_branch,
            retry_of: Some(ended.id),
            retry_from: from,
            ..ended.origin.clone()
        };
        let (state, then) = begin_again(state, shown, act, seen);
        self.open(&origin, (&state, &then), Some(plan), seen).await
    }

    /// Opens a run that brings people the version which an ended one could not. Nothing is approved by it: the gate comes
    /// after, as for any version.
    pub(super) async fn publish_again(
        &self,
        (run, ended, unpublished): (&Run, &Ended, &Publishing),
        (by, at): (&Person, Timestamp),
        seen: ReactTo,
    ) -> Result<(), Trouble> {
        let version = unpublished.version;
        let row = self.core.store.plan(run.id, version).await?;
        let row = row.ok_or_else(|| Trouble::Corrupt(format!("version {version} of run {} is not there", run.id)))?;
        let plan = NewPlan { version, digest: row.digest, terms: row.terms, markdown: row.markdown };
        let (state, then) = begin_publishing(ended, unpublished, seen);
        let branches = self.branches(run.origin.number, &run.origin.title)?;
        // Where no pull request is known, what the ended run may have made is cleaned away, and not gone on with.
        let plan_branch = if state.plan_pull().is_some() { run.origin.plan_branch.clone() } else { branches.plan };
        let origin = Origin {
            requester: by.clone(),
            asked_at: at,
            plan_branch,
            work_branch: branches.work,
            retry_of: Some(run.id),
            retry_from: None,
            ..run.origin.clone()
        };
        self.open(&origin, (&state, &then), Some(plan), seen).await
    }

    async fn open(
        &self,
        origin: &Origin,
        (state, then): (&State, &[Effect]),
        plan: Option<NewPlan>,
        seen: ReactTo,
    ) -> Result<(), Trouble> {
        let now = self.moment.now();
        let opened = Event::Opened { by: origin.requester.clone() };
        let last = self.last();
        let open = OpenRun {
            installation: origin.installation,
            repo: origin.repo,
            repo_name: origin.repo_name.clone(),
            issue: origin.issue,
            issue_number: origin.number,
            request: Request { by: origin.requester.id, at: origin.asked_at, limits: self.core.settings.runs },
            origin: serde_json::to_string(origin)?,
            state: super::apply::text(state)?,
            plan,
            pulls: state.plan_pull().into_iter().collect(),
            effects: self.core.effects(&[then, &self.core.announcements(None, state)].concat(), now)?,
            events: vec![NewEvent::of(super::apply::name(&opened), &opened)?],
            meaning: last.meaning,
            finishes: last.finishes,
            now,
        };
        let mut outcome = self.core.store.open_run(open.clone()).await?;
        if let OpenRunOutcome::AlreadyOpen(run) = outcome
            && self.ended_orphan(run).await?
        {
            outcome = self.core.store.open_run(open).await?;
        }
        match outcome {
            OpenRunOutcome::Opened(run) => {
                let (repo, number) = (&origin.repo_name, origin.number);
                tracing::info!(run.id = %run, repo = %repo, issue = %number, "run {run} begins for {repo}#{number}");
                Ok(())
            }
            OpenRunOutcome::AlreadyMeant => Ok(()),
            OpenRunOutcome::AlreadyOpen(run) => self.done(&format!("run {run} is at it")).await,
            OpenRunOutcome::LimitReached(reached) => self.over_limit(origin, seen, reached).await,
            OpenRunOutcome::LostLease => Err(Trouble::Interrupted),
        }
    }

    /// Ends an open run of an installation that is no more: the App was removed from the repository and came back. Which
    /// installation is the living one is asked of GitHub, for a delivery may be an old one.
    async fn ended_orphan(&self, run: RunId) -> Result<bool, Trouble> {
        let (orphan, _) = self.core.run(run).await?;
        if orphan.origin.installation == self.at.installation {
            return Ok(false);
        }
        let now = self.moment.now();
        let living = self.core.app.find_repository(&self.at.name, now).await?;
        if (living.installation, living.id) != (self.at.installation, self.at.id) {
            return Ok(false);
        }
        let outcome = Outcome::Cancelled { by: None, why: CancelledBy::Uninstalled };
        self.happens_first(run, &Event::Stopped { outcome }).await?;
        Ok(true)
    }

    /// Names the run's branches, so that no name can be taken in advance.
    fn branches(&self, number: IssueNumber, title: &str) -> Result<BranchNames, Trouble> {
        let mut bytes = [0; 4];
        let random = SystemRandom::new().fill(&mut bytes);
        random.map_err(|_| Trouble::Corrupt("the system gives no random bytes".to_owned()))?;
        let names = branch_names(number, title, &Suffix::from_random(bytes));
        names.map_err(|bad| Trouble::Corrupt(bad.to_string()))
    }

    /// Answers someone on an issue that has no run, at most once for each `key`.
    pub(super) async fn answer_without_run(&self, issue: &IssueFacts, words: &Words, key: &str) -> Result<(), Trouble> {
        let (name, at) = (format!("answer-{}-{key}", issue.id), issue.updated_at);
        // Else the issue's comments would be read each time, however many there are.
        if !self.core.store.is_to_tell(&self.claim, &name, at, at.plus(HOUR)).await? {
            return self.done("answered before").await;
        }
        self.say_without_run(issue, words, key).await?;
        self.done("answered").await
    }

    /// The same, and the delivery goes on.
    pub(super) async fn say_without_run(&self, issue: &IssueFacts, words: &Words, key: &str) -> Result<(), Trouble> {
        let home = Home { web: self.core.settings.web.clone(), repo: self.at.name.clone() };
        let spelling = self.core.spelling(self.moment.now()).await;
        let setting = Setting { home: &home, issue: issue.number, status: None, plan_pull: None, spelling: &spelling };
        let text = words::reply::say(words, &setting);
        let marker = self.core.app.marker(RunId(0), &format!("{}:{key}", issue.id));
        let (repo, on) = (self.repo(Step::Read), Thread::Issue(issue.number));
        let trace = Trace { marker: &marker, since: issue.created_at };
        repo.ensure_comment(on, &text, trace, Attempt::Again).await?;
        Ok(())
    }
}
