//! Takes one delivery: what does it hint at, which run is that, what has happened to it?
//!
//! A delivery is only a hint. Who may do what is asked of GitHub, what a person said is taken from the delivery as it
//! was signed, and each meaning counts once.

use std::time::Duration;

use super::apply::{Applied, With, read};
use super::effect::UNREADABLE;
use super::moment::Moment;
use super::taken::Taken;
use super::trouble::Then;
use super::{Core, REST, Trouble, YOUNG};
use crate::github::{GithubError, RepoRef, Repository, Step, witnessed};
use crate::ids::{AccountKind, CommitSha, IssueNumber, Person, PullNumber, RunId, Timestamp};
use crate::store::{Claim, ClaimedDelivery, Finish, RunRow};
use crate::webhook::{About, Hint, IssueFacts, meaning, translate, translate_installation};
use crate::workflow::approval::Level;
use crate::workflow::change::{Change, Input};
use crate::workflow::event::Event;
use crate::workflow::run::{CancelledBy, Ended, Outcome, Run, State};

/// How long what GitHub does not tell is asked again before the delivery is dropped (rule P).
const HOLD: Duration = Duration::from_secs(24 * 3600);

/// One delivery on its way to what it means.
pub(super) struct Arrival<'a> {
    pub(super) core: &'a Core,
    pub(super) hint: Hint,
    pub(super) claim: Claim,
    /// How often the delivery was taken, with this time.
    pub(super) attempts: i64,
    pub(super) moment: Moment,
    pub(super) at: RepoRef,
    received_at: Timestamp,
}

impl Core {
    /// Takes a claimed delivery.
    pub(super) async fn take_delivery(&self, claimed: ClaimedDelivery, moment: Moment) -> Result<(), Trouble> {
        let ClaimedDelivery { delivery, attempts, claim } = claimed;
        match translate_installation(delivery.event.as_str(), &delivery.body) {
            Ok(Some(hint)) => return self.take_installation(&hint, claim, moment.now()).await,
            Ok(None) => {}
            Err(bad) => return self.ignore(claim, &bad.to_string(), moment.now()).await,
        }
        let hint = match translate(delivery.event.as_str(), &delivery.body) {
            Ok(Some(hint)) => hint,
            Ok(None) => return self.ignore(claim, "none of our business", moment.now()).await,
            Err(bad) => return self.ignore(claim, &bad.to_string(), moment.now()).await,
        };
        if !self.settings.serves(&hint.repo.name) {
            return self.ignore(claim, "a repository that is not served", moment.now()).await;
        }
        let at = RepoRef { installation: hint.installation, id: hint.repo.id, name: hint.repo.name.clone() };
        let received_at = delivery.received_at;
        let arrival = Arrival { core: self, hint, claim: claim.clone(), attempts, moment, at, received_at };
        let lost = || tracing::warn!(delivery.id = %delivery.id, "delivery {} was taken over", delivery.id);
        let (taken, writes) = witnessed(self.alive(&claim, moment, arrival.take(), lost)).await;
        self.log_writes(None, delivery.event.as_str(), &writes, moment.now()).await?;
        match taken {
            Ok(()) => Ok(()),
            Err(trouble) => {
                let now = moment.now();
                let again_at = match trouble.then() {
                    Then::Drop => return Ok(()),
                    Then::At(at) => at,
                    Then::Rest => now.plus(REST),
                    Then::Again => now.plus(patience(attempts)),
                    // A missing permission, a wrong key, a suspended installation: people mend that, in their time.
                    Then::GiveUp if matches!(trouble, Trouble::Github(GithubError::Refused { .. })) => {
                        now.plus(patience(attempts))
                    }
                    // A newer version may be able to read it, beside this one or after it (F26).
                    Then::GiveUp if matches!(trouble, Trouble::Corrupt(_)) => now.plus(UNREADABLE),
                    // Right after an event GitHub may not know yet what it has just told us (F11).
                    Then::GiveUp if now.since(received_at) <= YOUNG => now.plus(Duration::from_secs(10)),
                    Then::GiveUp => {
                        tracing::error!(delivery.id = %delivery.id, %trouble, "delivery {} was given up", delivery.id);
                        return self.ignore(claim, &trouble.to_string(), now).await;
                    }
                };
                if now.since(received_at) > HOLD {
                    tracing::error!(delivery.id = %delivery.id, %trouble, "delivery {} was given up after a day", delivery.id);
                    return self.ignore(claim, &format!("gave up after a day: {trouble}"), now).await;
                }
                tracing::warn!(delivery.id = %delivery.id, %trouble, "delivery {} is put back", delivery.id);
                let _ = self.store.retry(&claim, again_at, &trouble.to_string()).await?;
                Ok(())
            }
        }
    }

    async fn ignore(&self, claim: Claim, why: &str, now: Timestamp) -> Result<(), Trouble> {
        let _ = self.store.finish(Finish::ignored(claim, why), now).await?;
        Ok(())
    }
}

/// How long to wait after this try of a delivery: not long at first, and no burden when GitHub is away for hours.
pub(super) fn patience(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(6);
    Duration::from_secs(10 << doublings)
}

impl Arrival<'_> {
    /// Each way to take one is a future of its own on the heap: together they would not fit a thread's stack.
    async fn take(&self) -> Result<(), Trouble> {
        match &self.hint.about {
            About::IssueOpened { issue } if !issue.labels.is_empty() => {
                let labels: Vec<&str> = issue.labels.iter().map(String::as_str).collect();
                Box::pin(self.trigger(issue, &labels, issue.author.as_ref())).await
            }
            About::IssueLabeled { issue, label } => {
                Box::pin(self.trigger(issue, &[label], self.hint.sender.as_ref())).await
            }
            About::IssueUnlabeled { issue, label } => Box::pin(self.unlabelled(issue, label)).await,
            About::IssueClosed { issue } if !issue.is_pull => Box::pin(self.issue_closed(issue)).await,
            About::IssueEdited { issue, title, body } if !issue.is_pull => {
                let parts = [(Input::Title, *title), (Input::Body, *body)];
                let parts: Vec<Input> = parts.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect();
                Box::pin(self.issue_edited(issue, &parts)).await
            }
            About::CommentCreated { issue, comment } => Box::pin(self.comment(issue, comment)).await,
            About::CommentEdited { issue, comment } => Box::pin(self.edited(issue, comment)).await,
            About::CommentDeleted { issue, comment } => Box::pin(self.comment_changed(issue, comment, None)).await,
            About::ReviewSubmitted { pull, review } => Box::pin(self.review(pull, review)).await,
            About::ReviewDismissed { pull, review } => {
                let run = self.run_of_plan_pull(pull.number).await?;
                Box::pin(self.taken_back(run, Taken::review(review))).await
            }
            About::ReviewCommentCreated { pull, comment } => Box::pin(self.line_comment(pull, comment)).await,
            About::ReviewCommentEdited { pull, comment } => Box::pin(self.line_edited(pull, comment)).await,
            About::ReviewCommentDeleted { pull, comment } => Box::pin(self.line_deleted(pull, comment)).await,
            About::PullClosed { pull, .. } => Box::pin(self.pull_closed(pull)).await,
            About::PullOpened { pull, .. } => {
                Box::pin(self.check_policy(pull)).await?;
                self.done("nothing else to do").await
            }
            About::PullSynchronized { pull, before, after, .. } => {
                let run = self.run_of_plan_pull(pull.number).await?;
                if run.is_none() {
                    Box::pin(self.check_policy(pull)).await?;
                }
                Box::pin(self.branch_moved(run, pull.head_ref.as_str(), before, Some(after))).await
            }
            About::BranchPushed { branch, before, after, deleted, reverts, .. } => {
                match self.run_of_plan_branch(branch.as_str()).await? {
                    Some(run) => {
                        let head = (!deleted).then_some(after);
                        Box::pin(self.branch_moved(Some(run), branch.as_str(), before, head)).await
                    }
                    None => {
                        self.may_mend_policy(branch).await?;
                        Box::pin(self.reverted(branch, reverts)).await?;
                        Box::pin(self.base_moved(branch)).await
                    }
                }
            }
            About::CheckEnded { head, app, .. } => Box::pin(self.check_ended(head, *app)).await,
            About::StatusSet { head, .. } => Box::pin(self.check_ended(head, None)).await,
            About::IssueGone { issue } => Box::pin(self.issue_gone(issue)).await,
            About::PullRetargeted { pull, .. } => Box::pin(self.retargeted(pull)).await,
            About::DefaultBranchChanged { from, .. } => Box::pin(self.base_moved(from)).await,
            About::RepoPublicized { .. } => {
                Box::pin(self.everywhere(&Change::MadePublic, |run| run.origin.private)).await
            }
            About::RepoArchived { .. } => Box::pin(self.everywhere(&Change::Parked, |run| run.state.is_open())).await,
            About::IssueOpened { .. } | About::IssueClosed { .. } | About::IssueEdited { .. } => {
                self.done("nothing to do").await
            }
        }
    }

    /// The repository, opened for a step.
    pub(super) fn repo(&self, step: Step) -> Repository<'_> {
        self.core.app.repository(&self.at, step, self.moment.now())
    }

    /// Ends the delivery; nothing follows from it.
    pub(super) async fn done(&self, why: &str) -> Result<(), Trouble> {
        self.core.ignore(self.claim.clone(), why, self.moment.now()).await
    }

    /// What goes with the last event of this delivery.
    pub(super) fn last(&self) -> With {
        let finishes = Some(Finish::done(self.claim.clone()));
        With { finishes, meaning: Some(self.hint.meaning()), ..With::default() }
    }

    /// Lets the delivery's one event, or its last one, happen.
    pub(super) async fn happens(&self, run: RunId, event: &Event) -> Result<(), Trouble> {
        self.applied(self.core.apply(run, event, self.last(), self.moment.now()).await?)
    }

    /// Lets an event happen that is not the delivery's last; it must bear to happen again.
    pub(super) async fn happens_first(&self, run: RunId, event: &Event) -> Result<(), Trouble> {
        self.applied(self.core.apply(run, event, With::default(), self.moment.now()).await?)
    }

    pub(super) fn applied(&self, applied: Applied) -> Result<(), Trouble> {
        match applied {
            Applied::Yes => Ok(()),
            Applied::NotOurs => Err(Trouble::Interrupted),
        }
    }

    /// The newest run of an issue, or the run whose plan pull request this is.
    pub(super) async fn run_at(&self, number: IssueNumber, is_pull: bool) -> Result<Option<Run>, Trouble> {
        if is_pull {
            return self.run_of_plan_pull(PullNumber(number.0)).await;
        }
        self.read(self.core.store.latest_run(self.at.id, number).await?)
    }

    /// The run whose plan pull request this is.
    pub(super) async fn run_of_plan_pull(&self, number: PullNumber) -> Result<Option<Run>, Trouble> {
        let run = self.read(self.core.store.run_of_pull(self.at.id, number).await?)?;
        Ok(run.filter(|run| run.state.plan_pull() == Some(number)))
    }

    async fn run_of_plan_branch(&self, branch: &str) -> Result<Option<Run>, Trouble> {
        Ok(self.run_of_branch(branch).await?.filter(|run| run.origin.plan_branch.as_str() == branch))
    }

    /// The newest run of the issue in a branch's name, if the branch is its plan's or its work's.
    pub(super) async fn run_of_branch(&self, branch: &str) -> Result<Option<Run>, Trouble> {
        let number = branch.strip_prefix("assentry/").and_then(|rest| rest.split('-').next());
        let Some(number) = number.and_then(|number| number.parse().ok()) else { return Ok(None) };
        let run = self.read(self.core.store.latest_run(self.at.id, number).await?)?;
        let own =
            |run: &Run| [&run.origin.plan_branch, &run.origin.work_branch].iter().any(|own| own.as_str() == branch);
        Ok(run.filter(own))
    }

    /// Reads a run of this installation (T70).
    pub(super) fn read(&self, row: Option<RunRow>) -> Result<Option<Run>, Trouble> {
        let row = row.filter(|row| row.installation == self.at.installation);
        row.map(read).transpose()
    }

    /// What a person may do here. An unclear answer is an error, and so asked again later.
    pub(super) async fn may(&self, person: &Person) -> Result<Level, Trouble> {
        if person.kind != AccountKind::User {
            return Ok(Level::None);
        }
        let answer = match self.repo(Step::Read).permission(&person.login).await {
            // Nobody has that name any more, or nobody sees the repository: neither gives a right.
            Err(GithubError::Gone { .. }) if self.moment.now().since(self.received_at) > YOUNG => {
                return Ok(Level::None);
            }
            answer => answer?,
        };
        if answer.user != person.id || answer.kind != AccountKind::User {
            return Ok(Level::None);
        }
        Ok(super::facts::level(answer.level))
    }

    /// Whether the App itself caused this delivery.
    pub(super) async fn is_ours(&self) -> Result<bool, Trouble> {
        let us = self.core.app.identity(self.moment.now()).await?.bot_id;
        Ok(self.hint.sender.as_ref().is_some_and(|sender| sender.id == us))
    }

    pub(super) async fn cancel(&self, number: IssueNumber, why: CancelledBy) -> Result<(), Trouble> {
        match self.run_at(number, false).await? {
            Some(run) if run.state.is_open() => {
                self.happens(run.id, &Event::Cancelled { by: self.hint.sender.clone(), why }).await
            }
            Some(_) | None => self.done("no open run").await,
        }
    }

    /// The label was removed. It may be back by now, or its removal may be told late: what GitHub shows counts (R9, F03).
    async fn unlabelled(&self, issue: &IssueFacts, label: &str) -> Result<(), Trouble> {
        let run = self.run_at(issue.number, false).await?.filter(|run| run.state.is_open());
        let Some(run) = run else { return self.done("no open run").await };
        let own = run.origin.label.as_deref().unwrap_or(&self.core.settings.label);
        if own.to_lowercase() != label.to_lowercase() {
            return self.done("not the label that began the run").await;
        }
        if self.repo(Step::Read).issue(issue.number).await?.has_label(own) {
            return self.done("the label is there again").await;
        }
        self.cancel(issue.number, CancelledBy::Unlabelled).await
    }

    /// One push is told twice, as a push and as a synchronized pull request; it counts once. The same head pushed again
    /// onto a later version is another push.
    pub(super) async fn branch_moved(
        &self,
        run: Option<Run>,
        branch: &str,
        before: &CommitSha,
        head: Option<&CommitSha>,
    ) -> Result<(), Trouble> {
        let Some(run) = run.filter(|run| run.state.is_open() || failed(&run.state)) else {
            return self.done("no open run").await;
        };
        if self.is_ours().await? {
            return self.done("pushed by us").await;
        }
        let meaning = Some(meaning::branch_moved(self.at.id, branch, before, head));
        let with = With { meaning, ..self.last() };
        let event = self.pushed(&run, head).await?;
        self.applied(self.core.apply(run.id, &event, with, self.moment.now()).await?)
    }
}

/// Whether a run has failed: its version may be tried again (Q13).
pub(super) fn failed(state: &State) -> bool {
    matches!(state, State::Ended(Ended { outcome: Outcome::Failed { .. }, .. }))
}

/// The first of the words that an answer to a person without a run begins with.
pub(super) fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(3_600_000)
}

/// As long as what is said once an hour is remembered.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Names an answer that one person gets at most once an hour.
pub(super) fn once_an_hour(what: &str, who: &Person, at: Timestamp) -> String {
    format!("{what}-{}-{}", who.id, hour(at))
}

impl Arrival<'_> {
    /// Names what is answered to someone who may not do what they asked for: one answer an hour, whatever they ask, and
    /// the same that a refused act gets.
    pub(super) fn refusal_of(&self, who: &Person, at: Timestamp) -> String {
        once_an_hour("refused", who, at)
    }
}
