//! Follows up on what people say of the work: has the executor at it, pushes what came of it, and answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Trouble;
use super::deliver::{FRESH, entries, within_scope};
use super::effect::{Deed, Done};
use super::second::Part;
use super::update::{Update, Updated, not_updated, only_updates};
use super::workplace::Notebook;
use crate::agent::executor::{FixAnswer, FollowedUp, StepDone, StepEnd, Task, Work, follow_up};
use crate::agent::{Desk, Ending, Ground, Leash};
use crate::github::Step;
use crate::ids::{AccountKind, CommitSha, Login, RepoPath};
use crate::sandbox::Change;
use crate::words::commit::{Provenance, step_commit};
use crate::words::deviation::for_a_review;
use crate::words::pull::DoneLater;
use crate::words::review::{about_check, answer_work, merged_cleanly};
use crate::words::revision::answer_in_public;
use crate::workflow::event::Event;
use crate::workflow::plan::{Budget, Plan, PlanStep};
use crate::workflow::run::{FollowUp, InReview, Note, Outcome, Reply, ReviewStage, State, Thread, Trouble as Why};
use crate::workflow::spending;
use crate::workflow::terms::Terms;

/// How much of what was said of the work the planner is told, in characters.
const MOST_SAID: usize = 8_000;

/// A follow-up, as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What it stands on.
    on: CommitSha,
    /// What was done, as changes to that; its steps are those that the approved version has more than what was built.
    work: Work,
    /// Who had said something.
    by: Vec<Login>,
    /// The merge that it begins with; then the changes are to that commit of the base branch.
    #[serde(default)]
    update: Option<Update>,
}

fn base_name(number: u32) -> String {
    format!("fix-base-{number}")
}

fn fix_name(number: u32) -> String {
    format!("fix-{number}")
}

fn commit_name(number: u32) -> String {
    format!("fix-commit-{number}")
}

impl Deed<'_> {
    fn in_review(&self, number: u32) -> Option<(&InReview, &FollowUp)> {
        let State::InReview(review) = &self.run.state else { return None };
        let follow_up = review.stage.follow_up().filter(|follow_up| follow_up.number == number)?;
        Some((review, follow_up))
    }

    /// Has the executor do what people said, in a checkout of the branch as it is now.
    pub(super) async fn follow_up(&self, number: u32) -> Result<Done, Trouble> {
        let Some((review, task)) = self.in_review(number) else { return Ok(Done::quietly()) };
        match &review.stage {
            ReviewStage::Working { stop: None, .. } => {}
            ReviewStage::Working { stop: Some(_), .. } => return Ok(Done::with(Event::Rested)),
            ReviewStage::Open
            | ReviewStage::Starting { .. }
            | ReviewStage::Judging { .. }
            | ReviewStage::Pushing { .. } => return Ok(Done::quietly()),
        }
        let subject = &review.approved.shown.subject;
        let terms = self.terms(subject.version).await?;
        if terms.digest() != subject.digest {
            return Err(Trouble::Corrupt(format!("version {} is not the one that was approved", subject.version)));
        }
        let Some((model, choice)) = self.core.executor_named(&terms.models.execute) else {
            // The model is part of what was approved; it is not swapped silently (F52).
            let text = format!("{} was approved and is no longer configured", terms.models.execute);
            return Ok(stopped(Why::Model { text }));
        };
        let granted = spending::raised(&terms.budget, review.approved.shown.raised);
        let Some(budget) = self.left(review, number, granted).await? else {
            return Ok(stopped(Why::OverBudget { what: "what the approval granted".to_owned() }));
        };
        let sandbox = match Box::pin(self.sandbox_of(&terms, choice)).await? {
            Ok(sandbox) => sandbox,
            Err(done) => return Ok(done),
        };
        let Some(on) = self.stands_on(number).await? else {
            return Ok(stopped(Why::GaveUp { text: "the branch with the work is gone".to_owned() }));
        };
        let before = self.changes_before(review.built(), number).await?;
        let open = self.open_steps(review, number, &terms.plan).await?;
        let stop = self.cancel.child_token();
        let name = fix_name(number);
        let update = match self.updated(task, &on, &terms).await? {
            Updated::NotAsked => None,
            Updated::Made(update) => Some(*update),
            Updated::Not(why) => match not_updated(&task.notes, &why) {
                Some(replies) => return Ok(Done::with(Event::FollowedUp { replies, changed: false })),
                None => None,
            },
        };
        // Set up as the plan's base was, on what was built on it.
        let at = Terms { base: update.as_ref().map_or(&on, |update| &update.theirs).clone(), ..terms.clone() };
        let checkout = tokio::select! {
            prepared = Box::pin(self.prepared((&sandbox, &name), &at, &stop)) => match prepared? {
                Ok(checkout) => checkout,
                Err(done) => return Ok(done),
            },
            never = self.until_stopped(&stop) => match never {},
        };
        let asked = task.notes.iter().map(|note| &note.by).find(|by| by.kind == AccountKind::User);
        let by = ("follow up", asked.unwrap_or(&self.run.origin.requester));
        let journal = Notebook::new(self, name.clone(), by, budget);
        let leash = Leash { budget, until: journal.deadline().await?, cancel: stop.clone() };
        let (sandbox, limits, fallback) = (&sandbox, self.limits(), choice.fallback.as_deref());
        let desk = Desk {
            model,
            fallback,
            guest: choice.guest.as_deref(),
            journal: &journal,
            sandbox,
            checkout: &checkout,
            limits,
            leash: &leash,
        };
        let ground = Ground::of(&terms);
        let merge = update.as_ref().map(|update| &update.merge);
        if let Some(merge) = merge {
            let disk = |source| Trouble::Disk { what: "putting what people pushed into the checkout", source };
            checkout.restore(&merge.given).map_err(disk)?;
        }
        // What was changed before is in the merge.
        let before = if merge.is_some() { &[][..] } else { &before };
        let alone = only_updates(&task.notes).then(|| merged_cleanly(self.run.base_branch(), terms.plan.checks.len()));
        let (notes, alone) = (&task.notes, alone.as_deref());
        let what = Task { plan: &terms.plan, ground: &ground, notes, before, merge, alone, open: &open };
        let done = tokio::select! {
            done = Box::pin(follow_up(&desk, &what)) => done,
            never = self.until_stopped(&stop) => match never {},
        };
        self.tidy(checkout);
        journal.close().await?;
        let kept = Kept { on, work: Work::default(), by: vec![], update };
        self.followed((review, task), (kept, &open), done, &stop).await
    }

    /// The steps of the approved plan that neither the execution nor an earlier follow-up has done.
    async fn open_steps(&self, review: &InReview, number: u32, plan: &Plan) -> Result<Vec<PlanStep>, Trouble> {
        if review.built() == review.approved.shown.subject.version {
            return Ok(vec![]);
        }
        let before = self.terms(review.built()).await?.plan;
        let mut open: Vec<PlanStep> = plan.steps.iter().filter(|step| !before.steps.contains(step)).cloned().collect();
        for earlier in review.earlier + 1..number {
            if let Some(Kept { work, .. }) = self.pushed(earlier).await? {
                open.retain(|step| !work.steps.iter().any(|done| done.id == step.id));
            }
        }
        Ok(open)
    }

    /// Has a follow-up read a second time, with all that was done before it.
    async fn read_follow_up(&self, review: &InReview, number: u32, kept: &Kept, work: &Work) -> Result<(), Trouble> {
        let plan = self.terms(review.approved.shown.subject.version).await?.plan;
        let (base, mut all) = match &kept.update {
            Some(update) => (update.theirs.clone(), vec![]),
            None => {
                let base = self.terms(review.built()).await?.base;
                (base, self.changes_before(review.built(), number).await?)
            }
        };
        all.extend(changes(work).iter().cloned());
        self.read_by_second(Part::FollowUp(number), &plan, (&base, &all), work).await
    }

    /// Whether a follow-up was pushed.
    pub(super) async fn was_pushed(&self, number: u32) -> Result<bool, Trouble> {
        Ok(self.kept::<CommitSha>(&commit_name(number)).await?.is_some())
    }

    /// A follow-up that was pushed.
    async fn pushed(&self, number: u32) -> Result<Option<Kept>, Trouble> {
        if !self.was_pushed(number).await? {
            return Ok(None);
        }
        self.kept(&fix_name(number)).await
    }

    /// What came of it, kept where it is a result.
    async fn followed(
        &self,
        (review, task): (&InReview, &FollowUp),
        (kept, open): (Kept, &[PlanStep]),
        done: FollowedUp,
        stop: &CancellationToken,
    ) -> Result<Done, Trouble> {
        match done {
            FollowedUp::Finished { mut work, answers } => {
                let changed = !changes(&work).is_empty();
                work.steps.splice(0..0, done_steps(open, &work));
                let mut by: Vec<Login> = task.notes.iter().map(|note| note.by.login.clone()).collect();
                by.dedup();
                if changed {
                    self.read_follow_up(review, task.number, &kept, &work).await?;
                }
                let kept = serde_json::to_vec(&Kept { work, by, ..kept })?;
                self.keep(&fix_name(task.number), kept).await?;
                Ok(Done::with(Event::FollowedUp { replies: replies(&task.notes, &answers), changed }))
            }
            // Whatever ran has been ended and waited for by now.
            FollowedUp::Stopped { ending: Ending::Cancelled, .. }
                if stop.is_cancelled() && !self.cancel.is_cancelled() =>
            {
                Ok(Done::with(Event::Rested))
            }
            FollowedUp::Stopped { ending: Ending::Deviates { deviation, response }, .. } => {
                let version = review.approved.shown.subject.version;
                let said: Vec<(&str, &str)> =
                    task.notes.iter().map(|note| (note.by.login.as_str(), note.text.as_str())).collect();
                let text = for_a_review(version, &deviation, &said).chars().take(MOST_SAID).collect();
                let note = self.learnt(version, text).await?;
                Ok(Done::with(Event::Deviated { deviation, response, note: Box::new(note) }))
            }
            FollowedUp::Stopped { ending, .. } => self.ended(ending).await,
        }
    }

    /// What the execution and earlier follow-ups have left of what the approval granted; `None` if that is nothing.
    async fn left(&self, review: &InReview, number: u32, granted: Budget) -> Result<Option<Budget>, Trouble> {
        let version = review.approved.shown.subject.version;
        let store = &self.core.store;
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        let (mut left, mut worked) = (granted, 0_u64);
        for task in std::iter::once(format!("execute-{version}")).chain((review.earlier + 1..number).map(fix_name)) {
            let used = store.used(self.run.id, &task).await?;
            left.turns = left.turns.saturating_sub(u32::try_from(used.answers).unwrap_or(u32::MAX));
            left.tokens = left.tokens.saturating_sub(unsigned(used.tokens));
            left.micro_dollars = left.micro_dollars.saturating_sub(unsigned(used.micro_dollars));
            worked = worked.saturating_add(unsigned(store.worked(self.run.id, &task).await?));
        }
        left.minutes = left.minutes.saturating_sub(u32::try_from(worked / 60_000).unwrap_or(u32::MAX));
        Ok((left.turns > 0 && left.tokens > 0 && left.minutes > 0).then_some(left))
    }

    /// The commit that a follow-up stands on: where the branch was when it began, with what people pushed there.
    async fn stands_on(&self, number: u32) -> Result<Option<CommitSha>, Trouble> {
        let branch = &self.run.origin.work_branch;
        let head = self.fetch(std::slice::from_ref(branch)).await?.remove(branch);
        let name = base_name(number);
        if let Some(on) = self.kept::<CommitSha>(&name).await? {
            return Ok(Some(on));
        }
        if let Some(head) = &head {
            self.keep(&name, serde_json::to_vec(head)?).await?;
        }
        Ok(head)
    }

    /// How the work differs from the plan's base by what we changed before follow-up `number`, the last change of each
    /// path.
    async fn changes_before(&self, version: u32, number: u32) -> Result<Vec<Change>, Trouble> {
        let mut all = changes(&self.work(version).await?).to_vec();
        for earlier in 1..number {
            let Some(Kept { work, update, .. }) = self.pushed(earlier).await? else { continue };
            if update.is_some() {
                all.clear();
            }
            for change in changes(&work) {
                all.retain(|known| known.path != change.path);
                all.push(change.clone());
            }
        }
        Ok(all)
    }

    /// Makes the commit of a follow-up and moves the branch to it, never by force. A judgement that an earlier try rested
    /// on is too old.
    pub(super) async fn push_more(&self, number: u32) -> Result<Done, Trouble> {
        let Some((review, task)) = self.in_review(number) else { return Ok(Done::quietly()) };
        if !matches!(review.stage, ReviewStage::Pushing { .. }) {
            return Ok(Done::quietly());
        }
        if self.attempts > 1 || self.moment.start().since(self.made_at) > FRESH {
            return Ok(Done::with(Event::JudgementAged));
        }
        let kept: Option<Kept> = self.kept(&fix_name(number)).await?;
        let kept = kept.ok_or_else(|| Trouble::Corrupt(format!("the result of follow-up {number} is not there")))?;
        let commit = match self.kept::<CommitSha>(&commit_name(number)).await? {
            Some(commit) => commit,
            None => self.commit_more(review, task, &kept).await?,
        };
        // Making the commit takes a while; what people did meanwhile comes first.
        let (now, _) = self.core.run(self.run.id).await?;
        let wanted =
            matches!(&now.state, State::InReview(now) if now.stage == review.stage && now.approved == review.approved);
        if !wanted {
            return Ok(Done::quietly());
        }
        self.repo(Step::Write).advance_branch(&self.run.origin.work_branch, &commit).await?;
        Ok(Done::with(Event::Pushed { head: commit.clone(), commits: vec![commit] }))
    }

    async fn commit_more(&self, review: &InReview, task: &FollowUp, kept: &Kept) -> Result<CommitSha, Trouble> {
        let subject = &review.approved.shown.subject;
        let terms = self.terms(subject.version).await?;
        let before = self.changes_before(review.built(), task.number).await?;
        within_scope(&terms, if kept.update.is_some() { &[] } else { &before }, &kept.work)?;
        let repo = self.repo(Step::Write);
        let (under, mut parents, mut files) = (kept.on.clone(), vec![kept.on.clone()], changes(&kept.work).to_vec());
        let mut title = "Follow up on the review".to_owned();
        let under = match &kept.update {
            None => under,
            Some(update) => {
                parents.push(update.theirs.clone());
                files.extend(update.merge.given.iter().cloned());
                title = format!("Merge {} and settle what it changed", self.run.base_branch());
                update.theirs.clone()
            }
        };
        let base_tree = self.mirror().await?.tree(&under).await?;
        let tree = repo.create_tree(&base_tree, &entries(&files)).await?;
        let provenance = Provenance {
            home: &self.home(),
            run: self.run.id,
            digest: &subject.digest,
            approvers: &review.approved.by,
        };
        let message = step_commit(&title, &kept.work.summary, &provenance);
        let commit = repo.create_commit(&message, &tree, &parents).await?;
        self.keep(&commit_name(task.number), serde_json::to_vec(&commit)?).await?;
        Ok(commit)
    }

    /// Answers a note on the work where it was made. A thread in which all is done is resolved.
    pub(super) async fn answer_work(
        &self,
        number: u32,
        commit: Option<&CommitSha>,
        reply: &Reply,
    ) -> Result<Done, Trouble> {
        let text = answer_work(reply.done, commit, &reply.text);
        let name = format!("answer-work:{number}:{}", reply.note.id);
        let pull = self.run.state.work_pull();
        match reply.note.thread {
            Thread::Line(_) => self.reply_on(pull, &reply.note, (&name, &text)).await?,
            Thread::Summary(place) => {
                let said = if reply.note.by.kind == AccountKind::User {
                    answer_in_public(&reply.note.by, &self.link(&reply.note), &text)
                } else {
                    about_check(reply.note.text.lines().next().unwrap_or_default(), &text)
                };
                self.comment_once(self.thread(place), &said, &name).await?;
            }
        }
        if reply.done {
            self.resolve_on(pull, &reply.note).await?;
        }
        Ok(Done::quietly())
    }

    /// Brings the text of the pull request up to date.
    pub(super) async fn tell_work(&self) -> Result<Done, Trouble> {
        let State::InReview(review) = &self.run.state else { return Ok(Done::quietly()) };
        let version = review.approved.shown.subject.version;
        let work = self.work_now(review.built()).await?;
        let text = self.pull_text(&self.terms(version).await?, &work, &review.approved).await?;
        self.repo(Step::Write).edit_pull(review.pull, Some(&text.body), None).await?;
        Ok(Done::quietly())
    }

    /// The work on a version with all follow-ups that were pushed since: their files are in it, and what the checks said
    /// last.
    pub(super) async fn work_now(&self, version: u32) -> Result<Work, Trouble> {
        let mut work = self.work(version).await?;
        let State::InReview(review) = &self.run.state else { return Ok(work) };
        for number in 1..=review.follow_ups {
            match self.pushed(number).await? {
                Some(Kept { work: later, update: None, .. }) => work.join(&later),
                Some(Kept { work: later, update: Some(_), .. }) => work.rebase(&later),
                None => {}
            }
        }
        Ok(work)
    }

    /// The follow-ups that were pushed so far.
    pub(super) async fn followed_up(&self) -> Result<Vec<DoneLater>, Trouble> {
        let State::InReview(review) = &self.run.state else { return Ok(vec![]) };
        let mut all = Vec::new();
        for number in 1..=review.follow_ups {
            let kept: Option<Kept> = self.kept(&fix_name(number)).await?;
            let commit: Option<CommitSha> = self.kept(&commit_name(number)).await?;
            let (Some(kept), Some(commit)) = (kept, commit) else { continue };
            let files = changes(&kept.work).iter().map(|change| change.path.clone()).collect();
            all.push(DoneLater { commit, by: kept.by, files, summary: kept.work.summary });
        }
        Ok(all)
    }
}

fn stopped(why: Why) -> Done {
    Done::with(Event::Stopped { outcome: Outcome::Failed { why } })
}

/// Everything that differs after the last step.
fn changes(work: &Work) -> &[Change] {
    work.steps.last().map_or(&[], |step| &step.changes)
}

/// The open steps as this work has done them: by what it changed of their files, and not because anybody says so.
fn done_steps(open: &[PlanStep], work: &Work) -> Vec<StepDone> {
    let done = |step: &PlanStep| {
        let listed = |path: &RepoPath| step.files.iter().any(|file| file.path == *path);
        let own: BTreeMap<_, _> = work.files.clone().into_iter().filter(|(path, _)| listed(path)).collect();
        let end = if own.is_empty() { StepEnd::Claimed } else { StepEnd::Done };
        StepDone { id: step.id.clone(), end, own, changes: vec![], proofs: vec![] }
    };
    open.iter().map(done).collect()
}

fn replies(notes: &[Note], answers: &[FixAnswer]) -> Vec<Reply> {
    let reply = |note: &Note| {
        let answer = answers.iter().find(|answer| answer.note == note.id);
        answer.map(|answer| Reply { note: note.clone(), text: answer.answer.clone(), done: answer.done })
    };
    notes.iter().filter_map(reply).collect()
}
