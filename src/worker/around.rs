//! Looks at what goes on around a run: the base branch, the repository, the plan pull request. Webhooks tell of it
//! sooner; this is what counts.

use super::Trouble;
use super::effect::{Deed, Done, Look};
use super::review::fate;
use crate::agent::prompt::prompt_version;
use crate::github::{GithubError, PullScene, PullState, Repository, Step, Thread, Trace};
use crate::ids::PullNumber;
use crate::words::reply::Setting;
use crate::words::{self, Words};
use crate::workflow::act::Voided;
use crate::workflow::approval::BaseFact;
use crate::workflow::change::Change;
use crate::workflow::event::Event;
use crate::workflow::run::{CancelledBy, Run, Shown, State};

/// What a person did with the plan pull request that ends the run or holds it (D50), unless the run knows of it.
///
/// # Errors
/// When GitHub does not say whether the branch is there.
pub(super) async fn plan_pull_left(
    run: &Run,
    repo: &Repository<'_>,
    state: PullState,
) -> Result<Option<Event>, GithubError> {
    let known = run.state.acts().iter().any(|act| act.voided == Some(Voided::PlanMerged));
    // An earlier try's pull request may have been closed with it.
    let before = run.origin.retry_of.is_some() || run.state.around().is_some_and(|around| around.restored);
    match state {
        PullState::Merged if !known => Ok(Some(Event::Changed { change: Change::PlanPullMerged { by: None } })),
        // One whose branch was deleted is closed by GitHub.
        PullState::Closed if !before && repo.branch_head(&run.origin.plan_branch).await?.is_some() => {
            Ok(Some(Event::Cancelled { by: None, why: CancelledBy::PlanPullClosed }))
        }
        PullState::Open | PullState::Merged | PullState::Closed => Ok(None),
    }
}

impl Deed<'_> {
    /// Looks what became of the base that the version was written against.
    pub(super) async fn look_at_base(&self) -> Result<Done, Trouble> {
        let Some(shown) = self.run.state.shown().filter(|_| self.run.state.is_open()) else {
            return Ok(Done::quietly());
        };
        let named = self.run.base_branch();
        let heads = self.fetch(std::slice::from_ref(named)).await?;
        let change = match heads.get(named) {
            Some(head) => {
                let base = self.base(shown, head).await?;
                let in_review = matches!(self.run.state, State::InReview(_));
                Change::BaseSeen { base: if in_review { Box::pin(self.in_the_way(base)).await? } else { base } }
            }
            None => {
                let default = self.repo(Step::Read).about().await?.default_branch;
                if default == *named {
                    Change::BaseSeen { base: BaseFact::Gone }
                } else {
                    Change::BaseRenamed { to: default }
                }
            }
        };
        Ok(Done::with(Event::Changed { change }))
    }

    /// Of a base that has moved below finished work, the files that cannot be merged with it. Tried only where the base has
    /// changed what the plan rests on, and on our own copy: GitHub is asked for nothing but the two branches.
    async fn in_the_way(&self, base: BaseFact) -> Result<BaseFact, Trouble> {
        match base {
            BaseFact::Contains { overlap } if !overlap.is_empty() => {
                let conflicts = self.trial().await?.map_or_else(Vec::new, |trial| trial.conflicts);
                Ok(BaseFact::Contains { overlap: conflicts.iter().map(ToString::to_string).collect() })
            }
            base @ (BaseFact::Contains { .. } | BaseFact::Gone | BaseFact::Unknown) => Ok(base),
        }
    }

    /// What goes on around the version that keeps a gate from being asked; each only until the run knows of it.
    ///
    /// # Errors
    /// When GitHub does not say, or nothing can be written at the moment: the gate is asked later (rule P).
    pub(super) async fn around(&self, shown: &Shown) -> Result<Option<Event>, Trouble> {
        let changed = |change| Ok(Some(Event::Changed { change }));
        let repo = self.repo(Step::Read);
        let PullScene { state, base_branch, forced, archived, private, at: _ } = repo.pull_scene(shown.pull).await?;
        if archived {
            let what = format!("ask the gate of {}", self.run.origin.repo_name);
            return Err(GithubError::Parked { what, why: "the repository is archived".to_owned() }.into());
        }
        if self.run.origin.private && !private {
            return changed(Change::MadePublic);
        }
        if let Some(left) = plan_pull_left(&self.run, &repo, state).await? {
            return Ok(Some(left));
        }
        let base = self.run.base_branch();
        if base_branch != base.as_str() && repo.branch_head(base).await?.is_some() {
            return changed(Change::PlanPullRetargeted);
        }
        // We never force. Whoever did, and back again, may have had another plan approved meanwhile (rule F, D6).
        if forced.touched(&shown.subject.commit) {
            return Ok(Some(Event::PlanBranchMoved { head: Some(shown.subject.commit.clone()) }));
        }
        Ok(None)
    }

    /// What goes on around work that is up for review: whether it still is.
    ///
    /// # Errors
    /// When GitHub does not say, or nothing can be written at the moment: the gate is asked later (rule P).
    pub(super) async fn around_work(&self, shown: &Shown, pull: PullNumber) -> Result<Option<Event>, Trouble> {
        let repo = self.repo(Step::Read);
        let PullScene { archived, forced, .. } = repo.pull_scene(shown.pull).await?;
        if archived {
            let what = format!("ask the gate of {}", self.run.origin.repo_name);
            return Err(GithubError::Parked { what, why: "the repository is archived".to_owned() }.into());
        }
        // The plan is judged without it from then on, and so this is told once (rule F).
        if self.run.state.void().is_none() && forced.touched(&shown.subject.commit) {
            return Ok(Some(Event::PlanBranchMoved { head: Some(shown.subject.commit.clone()) }));
        }
        Ok(fate(&repo.pull(pull).await?, None).map(|fate| Event::WorkEnded { fate }))
    }

    /// Whether the server would execute with another model or other prompts by now than the version names (F52). Who
    /// wrote the plan does not matter any more.
    pub(super) async fn outdated(&self, shown: &Shown) -> Result<bool, Trouble> {
        let terms = self.terms(shown.subject.version).await?;
        Ok(terms.prompts != prompt_version() || self.core.executor_named(&terms.models.execute).is_none())
    }

    /// Whether the work can be taken up: an archived repository keeps it waiting.
    pub(super) async fn goes_on(&self) -> Result<(), Trouble> {
        let State::Executing(executing) = &self.run.state else { return Ok(()) };
        if !executing.parked {
            return Ok(());
        }
        let about = self.repo(Step::Read).about().await?;
        if about.archived {
            let (what, why) = (format!("go on in {}", about.name), "the repository is archived".to_owned());
            return Err(GithubError::Parked { what, why }.into());
        }
        let event = Event::Changed { change: Change::Unparked };
        let _ = self.core.apply(self.run.id, &event, super::apply::With::default(), self.moment.now()).await?;
        Ok(())
    }

    /// Says something on the pull request with the work, as long as it is open.
    pub(super) async fn say_on_pull(&self, words: &Words, pull: PullNumber, key: &str) -> Result<Done, Trouble> {
        let repo = self.repo(Step::Write);
        if repo.pull(pull).await?.state != PullState::Open {
            return Ok(Done::quietly());
        }
        let home = self.home();
        let spelling = self.core.spelling(self.moment.now()).await;
        let setting =
            Setting { home: &home, issue: self.run.origin.number, status: None, plan_pull: None, spelling: &spelling };
        let text = words::reply::say(words, &setting);
        let marker = self.core.app.marker(self.run.id, &format!("say:{key}"));
        let trace = Trace { marker: &marker, since: self.run.origin.asked_at };
        let look = self.look();
        if look == Look::Only {
            repo.find_comment(Thread::Pull(pull), trace).await?.ok_or(Trouble::Absent("a comment"))?;
        } else {
            // The same words once: what was said before the last try is found by its mark.
            repo.ensure_comment(Thread::Pull(pull), &text, trace, crate::github::Attempt::Again).await?;
        }
        Ok(Done::quietly())
    }
}
