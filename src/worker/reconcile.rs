//! Compares open runs with GitHub, for what no webhook has told (F06).
//!
//! What is found becomes the same event as the lost delivery would have, and means the same thing, so that it counts once.
//! Refuses to believe more than it can see: an approval found late counts only if it is a comment that nobody has
//! edited; who approved by a review is asked to do so again (`commit_id` is believed in its delivery alone).

use std::time::Duration;

use super::apply::{With, read};
use super::around::plan_pull_left;
use super::ci::{checks_red, waits_for_checks};
use super::command::approval;
use super::review::fate;
use super::{Core, Trouble};
use crate::github::{Comment, GithubError, OpenState, RepoRef, Repository, Review, ReviewState, Step, Thread};
use crate::ids::{AccountKind, Person, PullNumber, RunId, Timestamp};
use crate::store::RunRow;
use crate::webhook::meaning;
use crate::words::Words;
use crate::workflow::act::{Act, ActId, ActKind, Place};
use crate::workflow::command::{Command, Spelling};
use crate::workflow::event::Event;
use crate::workflow::outcome::CancelledBy;
use crate::workflow::run::{DeliverStage, Delivering, InReview, Run, Shown, State};

/// How often runs are compared, by one replica for all: each costs a few calls.
const EVERY: Duration = Duration::from_secs(29 * 60);
/// How often failed deliveries are asked for again.
const DELIVERIES_EVERY: Duration = Duration::from_secs(4 * 60);
/// How often it is forgotten who was told of a limit, and how long after the limit ended: the clocks may differ.
const FORGET_EVERY: Duration = Duration::from_secs(23 * 3600);
const FORGET_AFTER_MS: i64 = 7 * 24 * 3600 * 1000;
/// A run that was moved a moment ago may be ahead of GitHub's reads, and its webhooks may be on their way.
const SETTLED: Duration = Duration::from_secs(120);
/// What people did longer ago than this is no longer on its way.
const LATE: Duration = Duration::from_secs(600);
/// How many runs are read at a time.
const PAGE: u32 = 50;

/// One run, as it is compared.
struct Look<'a> {
    core: &'a Core,
    run: &'a Run,
    at: &'a RepoRef,
    /// How commands are spelt, as the webhooks' are.
    spelling: &'a Spelling,
    now: Timestamp,
}

impl Core {
    /// Looks for what no webhook told, unless another replica does. What fails keeps nothing else from being done.
    ///
    /// # Errors
    /// When GitHub or the store does not answer; the next round goes on.
    pub async fn make_rounds(&self, now: Timestamp) -> Result<(), Trouble> {
        let swept = async {
            if self.store.take_chore("deliveries", now, DELIVERIES_EVERY).await? {
                self.sweep(now).await?;
            }
            Ok(())
        };
        let compared = async {
            if self.store.take_chore("runs", now, EVERY).await? {
                self.reconcile(now).await?;
            }
            Ok(())
        };
        let forgot = async {
            if self.store.take_chore("notices", now, FORGET_EVERY).await? {
                let ended = Timestamp(now.0 - FORGET_AFTER_MS);
                self.store.forget_notices(ended).await?;
                self.forget_what_is_old(now).await?;
            }
            Ok(())
        };
        let lined_up = async { Ok(self.store.line_up().await.map(drop)?) };
        let done: [Result<(), Trouble>; 4] =
            [Box::pin(swept).await, Box::pin(compared).await, Box::pin(forgot).await, Box::pin(lined_up).await];
        let mut first = Ok(());
        for (chore, done) in ["deliveries", "runs", "notices", "line"].into_iter().zip(done) {
            match (&first, done) {
                (_, Ok(())) => {}
                (Ok(()), failed) => first = failed,
                (Err(_), Err(trouble)) => tracing::warn!(chore, %trouble, "the round of {chore} failed as well"),
            }
        }
        first
    }

    /// Compares all open runs with GitHub. Returns in how many something had been missed.
    ///
    /// # Errors
    /// When the store does not answer. A run about which GitHub does not answer is looked at the next time.
    pub async fn reconcile(&self, now: Timestamp) -> Result<u32, Trouble> {
        let (mut found, mut after) = (0, RunId(0));
        let spelling = self.spelling(now).await;
        loop {
            let page = self.store.open_runs(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.id;
            for row in page {
                let id = row.id;
                match self.compare(row, &spelling, now).await {
                    Ok(true) => found += 1,
                    Ok(false) => {}
                    Err(trouble @ Trouble::Store(_)) => return Err(trouble),
                    Err(trouble) => tracing::warn!(run.id = %id, %trouble, "run {id} was not compared with GitHub"),
                }
            }
        }
    }

    async fn compare(&self, row: RunRow, spelling: &Spelling, now: Timestamp) -> Result<bool, Trouble> {
        if now.since(row.updated_at) < SETTLED {
            return Ok(false);
        }
        let run = read(row)?;
        let origin = &run.origin;
        let at = RepoRef { installation: origin.installation, id: origin.repo, name: origin.repo_name.clone() };
        let look = Look { core: self, run: &run, at: &at, spelling, now };
        let Some((event, meaning)) = look.missed().await? else { return Ok(false) };
        tracing::info!(run.id = %run.id, event = super::apply::name(&event), "run {} missed something", run.id);
        let _ = self.apply(run.id, &event, With { meaning, ..With::default() }, now).await?;
        Ok(true)
    }
}

type Missed = Option<(Event, Option<String>)>;

impl Look<'_> {
    fn repo(&self) -> Repository<'_> {
        self.core.app.repository(self.at, Step::Read, self.now)
    }

    /// The first thing that was missed; what comes behind it is found the next time, if it still matters.
    async fn missed(&self) -> Result<Missed, Trouble> {
        if let State::InReview(review) = &self.run.state {
            return self.reviewed_work(review).await;
        }
        if let Some(review) = self.run.state.reviewed()
            && let Some(fate) = fate(&self.repo().pull(review.pull).await?, None)
        {
            return Ok(Some((Event::WorkEnded { fate }, None)));
        }
        if let Some(event) = self.ended().await? {
            return Ok(Some((event, None)));
        }
        let Some(shown) = self.waits_for_people() else { return Ok(None) };
        if let Some(moved) = self.branch_moved(shown).await? {
            return Ok(Some(moved));
        }
        self.acted(shown).await
    }

    /// What a person did that ends the run, or holds it.
    async fn ended(&self) -> Result<Option<Event>, Trouble> {
        let origin = &self.run.origin;
        let issue = match self.repo().issue(origin.number).await {
            // Deleted or moved elsewhere: nobody has closed it, and nothing can be said there.
            Err(GithubError::Gone { .. }) => return Ok(None),
            issue => issue?,
        };
        if self.now.since(issue.updated_at) < SETTLED {
            return Ok(None);
        }
        if issue.state == OpenState::Closed {
            return Ok(Some(Event::Cancelled { by: None, why: CancelledBy::IssueClosed }));
        }
        if origin.label.as_ref().is_some_and(|label| !issue.has_label(label)) {
            return Ok(Some(Event::Cancelled { by: None, why: CancelledBy::Unlabelled }));
        }
        let closing = matches!(
            &self.run.state,
            State::Delivering(Delivering { stage: DeliverStage::Opening { .. } | DeliverStage::Closing { .. }, .. })
        );
        // Where a version is made for work that is up for review, its pull request is opened again only to be read.
        let making = matches!(&self.run.state, State::Planning(_) | State::AwaitingAnswer(_) | State::Publishing(_));
        let closing = closing || making && self.run.state.reviewed().is_some();
        let Some(pull) = self.run.state.plan_pull().filter(|_| !closing) else { return Ok(None) };
        let (repo, state) = (self.repo(), self.repo().pull(pull).await?.state);
        Ok(plan_pull_left(self.run, &repo, state).await?)
    }

    /// The version that people see, where nothing of ours is on its way to its branch.
    fn waits_for_people(&self) -> Option<&Shown> {
        match &self.run.state {
            State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_) => self.run.state.shown(),
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::InReview(_)
            | State::Ended(_) => None,
        }
    }

    /// What became of the pull request with the work, or else whether checks are red on it.
    async fn reviewed_work(&self, review: &InReview) -> Result<Missed, Trouble> {
        if let Some(fate) = fate(&self.repo().pull(review.pull).await?, None) {
            return Ok(Some((Event::WorkEnded { fate }, None)));
        }
        if !waits_for_checks(review, &review.head) {
            return Ok(None);
        }
        let event = checks_red(&self.core.app.repository(self.at, Step::Write, self.now), &review.head).await?;
        Ok(event.map(|event| (event, None)))
    }

    async fn branch_moved(&self, shown: &Shown) -> Result<Missed, Trouble> {
        let branch = &self.run.origin.plan_branch;
        let head = self.repo().branch_head(branch).await?;
        let before = &shown.subject.commit;
        if head.as_ref() == Some(before) {
            return Ok(None);
        }
        let meaning = meaning::branch_moved(self.at.id, branch.as_str(), before, head.as_ref());
        self.unless_meant(Event::PlanBranchMoved { head }, meaning).await
    }

    /// What people did that bears on approval. Objections and withdrawals found late count; approvals as far as they
    /// can be believed.
    async fn acted(&self, shown: &Shown) -> Result<Missed, Trouble> {
        let since = shown.subject.published_at;
        for (on, place) in
            [(Thread::Issue(self.run.origin.number), Place::Issue), (Thread::Pull(shown.pull), Place::PlanPull)]
        {
            for comment in self.repo().issue_comments(on, Some(since)).await?.items {
                if let Some(missed) = self.comment(&comment, place, since).await? {
                    return Ok(Some(missed));
                }
            }
        }
        self.reviewed(shown.pull, since).await
    }

    async fn comment(&self, comment: &Comment, place: Place, since: Timestamp) -> Result<Missed, Trouble> {
        let Some(by) = self.person(comment.author.as_ref(), comment.via_app) else { return Ok(None) };
        let kind = match self.spelling.parse(&comment.body) {
            Some(Command::Approve { digest }) => approval(digest),
            Some(Command::Reject { why }) => ActKind::Veto { why },
            Some(Command::Unapprove) => ActKind::Withdraw,
            Some(_) | None => return Ok(None),
        };
        let is_late = comment.created_at > since && self.now.since(comment.updated_at) >= LATE;
        if !is_late {
            return Ok(None);
        }
        let id = ActId::Comment(comment.id.0);
        // Its edit was told of, and so its creation may have been nothing (D26).
        if self.run.state.acts().iter().any(|act| act.id == id) {
            return Ok(None);
        }
        let meaning = meaning::comment_created(self.at.id, comment.id);
        if comment.updated_at == comment.created_at {
            let act = Act { id, kind, by: by.clone(), at: comment.created_at, place, via_app: false, voided: None };
            return self.unless_meant(Event::Acted { act }, meaning).await;
        }
        // What it said when it was written, nobody can see (D29).
        self.ask_again(by, place, (id, meaning)).await
    }

    async fn reviewed(&self, pull: PullNumber, since: Timestamp) -> Result<Missed, Trouble> {
        for review in self.repo().reviews(pull).await?.items {
            if let Some(missed) = self.review(&review, since).await? {
                return Ok(Some(missed));
            }
        }
        Ok(None)
    }

    async fn review(&self, review: &Review, since: Timestamp) -> Result<Missed, Trouble> {
        let Some(by) = self.person(review.author.as_ref(), review.via_app) else { return Ok(None) };
        let Some(at) = review.submitted_at.filter(|at| *at > since && self.now.since(*at) >= LATE) else {
            return Ok(None);
        };
        let (id, place) = (ActId::Review(review.id.0), Place::PlanPull);
        let meaning = meaning::review_submitted(self.at.id, review.id);
        let rejects = matches!(self.spelling.parse(&review.body), Some(Command::Reject { .. }));
        match review.state {
            ReviewState::Approved if !rejects => self.ask_again(by, place, (id, meaning)).await,
            ReviewState::Approved | ReviewState::ChangesRequested => {
                let kind = ActKind::Veto { why: review.body.clone() };
                let act = Act { id, kind, by: by.clone(), at, place, via_app: false, voided: None };
                self.unless_meant(Event::Acted { act }, meaning).await
            }
            ReviewState::Commented | ReviewState::Dismissed | ReviewState::Pending | ReviewState::Other => Ok(None),
        }
    }

    /// Only people act, and only for themselves (E1, E2).
    fn person<'p>(&self, author: Option<&'p Person>, via_app: bool) -> Option<&'p Person> {
        author.filter(|by| by.kind == AccountKind::User && !via_app)
    }

    async fn unless_meant(&self, event: Event, meaning: String) -> Result<Missed, Trouble> {
        let meant = self.core.store.was_meant(&meaning).await?;
        Ok((!meant).then_some((event, Some(meaning))))
    }

    /// Asks, once, for an approval that can be believed. The one that was found keeps its meaning for its delivery.
    async fn ask_again(&self, who: &Person, place: Place, what: (ActId, String)) -> Result<Missed, Trouble> {
        let (id, meaning) = what;
        let key = match id {
            ActId::Comment(id) => format!("learnt-late-comment-{id}"),
            ActId::Review(id) => format!("learnt-late-review-{id}"),
        };
        let said = format!("{meaning} learnt late");
        if self.core.store.was_meant(&meaning).await? {
            return Ok(None);
        }
        self.unless_meant(Event::Answered { words: Words::LearntLate { who: who.clone() }, place, key }, said).await
    }
}
